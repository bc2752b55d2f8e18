//! `index(..)` and `unique(..)`.

use super::{expand, property, refuses};
use crate::ast::Derived;

/// An entity with this attribute on the struct.
fn declared(attribute: &str, expected: &[&str]) {
    let input = format!(
        "#[orm({attribute})]
         struct Article {{
             #[orm(primary_key)] id: Pk,
             title: String,
             text: Lazy<String>,
             #[orm(skip)] cache: u8,
             #[orm(many_to_one)] author: Id<User>,
             #[orm(many_to_many)] tags: Collection<Tag>,
         }}"
    );
    refuses(Derived::Entity, &input, expected);
}

#[test]
fn an_index_is_over_properties_in_the_row() {
    declared(
        "index(author, title), unique(title, author, name = \"one\")",
        &[],
    );
    declared(
        "index(title, titel)",
        &["`Article` has no property `titel`: did you mean `title`?"],
    );
    declared(
        "unique(text, tags, id, cache)",
        &[
            "an index needs values in the row, and `text` is stored apart",
            "an index needs values in the row, and `tags` is stored at the other end",
            "a primary key is unique and indexed as it is",
            "`cache` is skipped, and is no property",
        ],
    );
    declared("index(title, title)", &["`title` is named twice"]);
    declared(
        "index(author)",
        &["a to-one relation is indexed as it is: remove `index(author)`"],
    );
    declared(
        "unique(author)",
        &["a unique reference is a `one_to_one` relation: write that at `author`"],
    );
    declared("index", &["`index` on the struct names properties"]);
    declared(
        "index = title",
        &["`index` takes no value", "`index` on the struct names"],
    );
}

#[test]
fn an_index_may_have_a_name() {
    declared("index(author, title, name = \"by_author\")", &[]);
    declared(
        "index(author, title, name = \"a\", name = \"b\")",
        &["`name` is given twice"],
    );
    declared(
        "index(author, title, name = \"by author\")",
        &["the name of an index is made of letters, digits and `_`"],
    );
    property("#[orm(index(name = \"by_size\"))] size: u8", &[]);
    property(
        "#[orm(index(other))] size: u8",
        &["an index over several properties goes on the struct"],
    );
}

#[test]
fn a_base_has_no_index_over_several_properties() {
    refuses(
        Derived::Base,
        "#[orm(index(rank, size))] struct Base { #[orm(default)] rank: u8, #[orm(default)] size: u8 }",
        &["a base entity has no `index` over several properties"],
    );
}

#[test]
fn a_property_of_the_base_may_be_a_part() {
    let expanded = expand(
        Derived::Entity,
        "#[orm(index(created_at, title))] struct Article { #[orm(base)] base: Base, title: String }",
    )
    .expect("the compiler judges it");
    assert!(expanded.contains("path . created_at ()"), "{expanded}");
}
