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
        &["an index on more than the property goes on the struct"],
    );
}

#[test]
fn a_part_may_be_derived_or_each_element() {
    declared(
        "index(lower: String = title.to_lowercase()), unique(author, lower), index(each(words: Vec<String> = split(title)))",
        &[],
    );
    declared("index(title: u8 = 1)", &["`title` is a property"]);
    declared(
        "index(size: u8 = 1), index(author, size: u8 = 2)",
        &["`size` is derived already: name it without type and value"],
    );
    declared(
        "index(length: u64 = text.len() + tags.len())",
        &[
            "`length` is computed of what is in the row, and `text` is stored apart",
            "`length` is computed of what is in the row, and `tags` is stored apart",
        ],
    );
    declared(
        "index(size = 1)",
        &["write what is derived with its type: `size: String = ..`"],
    );
    declared(
        "index(each(title), each(size: Vec<u8> = vec![]))",
        &["an index has the elements of one property, and `title` is one already"],
    );
    declared(
        "index(title, each(author))",
        &["`each` goes with a list or set"],
    );
    declared("index(each(title, author))", &["`each` takes one property"]);
    property("#[orm(index(each))] sizes: Vec<u8>", &[]);
    property(
        "#[orm(unique(each, name = \"by_size\"))] sizes: Vec<u8>",
        &[],
    );
    property(
        "#[orm(index(each(sizes)))] sizes: Vec<u8>",
        &["an index on more than the property goes on the struct"],
    );
}

#[test]
fn what_is_derived_reads_the_properties_that_it_names() {
    let expanded = expand(
        Derived::Entity,
        "#[orm(index(score: u32 = size + base.rank + other.text))]
         struct Article { #[orm(base)] base: Base, title: String, text: Lazy<String>, size: u32 }",
    )
    .expect("the compiler judges it");
    assert!(
        expanded.contains("fn __derived_score (base : & Base , size : & u32) -> u32"),
        "{expanded}"
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
