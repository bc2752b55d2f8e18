//! Both derives on tokens: what they refuse, with every message, and what their expansion holds.

mod composed_keys;
mod defaults;
mod embedded;
mod indexes;
mod ordered_keys;
mod relations;

use syn::DeriveInput;

use crate::ast::Derived;
use crate::expanded;

fn expand(derived: Derived, input: &str) -> syn::Result<String> {
    let input: DeriveInput = syn::parse_str(input).expect("a struct");
    expanded(derived, &input).map(|tokens| tokens.to_string())
}

/// The messages, in order; each has to begin with the expected text.
fn refuses(derived: Derived, input: &str, expected: &[&str]) {
    let found: Vec<_> = match expand(derived, input) {
        Ok(_) => Vec::new(),
        Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
    };
    let fits = found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(found, start)| found.starts_with(start));
    assert!(fits, "of {input}\nexpected {expected:#?}\nfound {found:#?}");
}

/// An entity that has a key and this property.
fn property(property: &str, expected: &[&str]) {
    refuses(
        Derived::Entity,
        &format!("struct Article {{ #[orm(primary_key)] id: Pk, {property} }}"),
        expected,
    );
}

#[test]
fn every_error_is_reported_at_once() {
    refuses(
        Derived::Entity,
        "#[orm(nmae = \"a\", unique)]
         struct Article {
             #[orm(primary_key, hidden)] id: Pk,
             #[orm(primary_key)] other: u64,
             #[orm(manyToOne)] author: Id<User>,
             #[orm(length = 3)] #[orm(unique, length = 4)] title: String,
             tags: Collection<Tag>,
         }",
        &[
            "unknown attribute `nmae`: did you mean `name`?",
            "unknown attribute `manyToOne`: did you mean `many_to_one`?",
            "`length` is given twice",
            "`unique` on the struct names properties: `#[orm(unique(author, title))]`",
            "a primary key can't be hidden",
            "`Pk` is generated, and a primary key by itself",
            "`Id<User>` is a relation: add `#[orm(many_to_one)]` or `#[orm(one_to_one)]`",
            "`Collection<Tag>` is a relation: add `#[orm(one_to_many(mapped_by = ..))]`",
        ],
    );
}

#[test]
fn an_entity_is_a_struct_with_named_fields() {
    let entity = |input, expected: &[&str]| refuses(Derived::Entity, input, expected);
    entity(
        "enum Article { A }",
        &["an entity is a struct; an enum may be the type of a property"],
    );
    entity("union Article { a: u8 }", &["an entity is a struct;"]);
    entity(
        "struct Article(u8);",
        &["an entity is a struct with named fields: `struct Article { .. }`"],
    );
    entity(
        "struct Article;",
        &["an entity is a struct with named fields"],
    );
    entity(
        "struct Article<T> { #[orm(primary_key)] id: Pk, t: T }",
        &["an entity can't be generic"],
    );
    entity(
        "struct Article<'a> { #[orm(primary_key)] id: Pk, t: &'a str }",
        &["an entity can't be generic"],
    );
}

#[test]
fn an_entity_has_one_primary_key() {
    let entity = |input, expected: &[&str]| refuses(Derived::Entity, input, expected);
    entity(
        "struct Article { title: String }",
        &["`Article` has no primary key: add a property `#[orm(primary_key)] id: Pk`"],
    );
    entity(
        "struct Article { #[orm(base)] base: Base, title: String }",
        &[],
    );
    entity("struct Article { #[orm(primary_key)] id: (u64, u64) }", &[]);
    entity(
        "struct Article { #[orm(primary_key)] id: Option<u64> }",
        &["`Option<u64>` can't be a primary key"],
    );
    entity(
        "struct Article { #[orm(primary_key)] id: Lazy<u64> }",
        &["`Lazy<u64>` can't be a primary key"],
    );
    entity(
        "struct Article { #[orm(primary_key, many_to_one)] id: Pk }",
        &["`many_to_one` needs the type `Id<..>`, and so does a primary key that is a relation"],
    );
    entity(
        "struct Article { #[orm(primary_key, default)] id: Pk }",
        &["a `Pk` is generated: remove `default`"],
    );
    entity(
        "struct Article { #[orm(primary_key, default = next())] id: u64 }",
        &[],
    );
    entity(
        "struct Article { #[orm(primary_key, unique)] id: Pk }",
        &["a primary key is unique and indexed as it is"],
    );
    entity(
        "struct Article { #[orm(primary_key, on_update = 1)] id: u64 }",
        &["a primary key never changes"],
    );
    property(
        "key: Pk",
        &["`Pk` is the type of a primary key: add `#[orm(primary_key)]` to `key`"],
    );
}

#[test]
fn attributes_are_spelt_and_placed_well() {
    property(
        "#[orm(uniqe)] a: u8",
        &["unknown attribute `uniqe`: did you mean `unique`?"],
    );
    property(
        "#[orm(shard)] a: u8",
        &["unknown attribute `shard`: expected one of `primary_key`"],
    );
    property(
        "#[orm(version, index)] a: u64",
        &["a version is counted by the flush: remove `index`"],
    );
    property(
        "#[orm(version, concurrency_check)] a: u64",
        &["a version is compared as it is: remove `concurrency_check`"],
    );
    property(
        "#[orm(concurrency_check)] a: Lazy<String>",
        &["`concurrency_check` compares what is in the row, and a lazy property is stored apart"],
    );
    property(
        "#[orm(one_to_many(mapped_by = a), concurrency_check)] b: Collection<Tag>",
        &[
            "`concurrency_check` compares what is in the row, and this relation is stored at the other end",
        ],
    );
    property("#[orm(many_to_one, concurrency_check)] a: Id<User>", &[]);
    property(
        "#[orm(version)] a: u64, #[orm(version)] b: u64",
        &["`a` is a version already: an entity has one, remove the other"],
    );
    property(
        "#[orm(nullable)] a: u8",
        &["there is no `nullable`: write the type as `Option<..>`"],
    );
    property(
        "#[orm(lazy)] a: u8",
        &["there is no `lazy`: write the type as `Lazy<..>`"],
    );
    property(
        "#[orm(before_create = f)] a: u8",
        &["`before_create` goes on the struct"],
    );
    property(
        "#[orm(mapped_by = f)] a: u8",
        &["`mapped_by` belongs to the relation"],
    );
    property("#[orm(unique = true)] a: u8", &["`unique` takes no value"]);
    property(
        "#[orm(length)] a: String",
        &["`length` needs a value: `#[orm(length = 1000)]`"],
    );
    property("#[orm(on_update)] a: u8", &["`on_update` needs a value"]);
    property("#[orm(default(1))] a: u8", &["`default` needs a value"]);
    property("#[orm(unique, unique)] a: u8", &["`unique` is given twice"]);
    refuses(
        Derived::Entity,
        "#[orm(name = 5, on_load, before_create = f, before_create = g, after_create = [h, 5])]
         struct Article { #[orm(primary_key)] id: Pk }",
        &[
            "`name` needs a string",
            "`on_load` needs a function",
            "`before_create` is given twice; name several hooks in a list",
            "`after_create` needs a function",
        ],
    );
}

#[test]
fn a_stamp_is_a_time_that_nothing_else_sets() {
    property(
        "#[orm(created_at, default = 5)] a: SystemTime",
        &["a time stamp is set by the unit of work: remove `default`"],
    );
    property(
        "#[orm(updated_at)] a: Lazy<SystemTime>",
        &["`updated_at` is a time in the row"],
    );
    property("#[orm(created_at, updated_at, index)] a: SystemTime", &[]);
}

#[test]
fn attributes_go_with_the_kind_of_the_property() {
    property(
        "#[orm(unique)] a: Lazy<String>",
        &["`unique` needs the value in the row"],
    );
    property(
        "#[orm(index)] a: Lazy<String>",
        &["`index` needs the value in the row"],
    );
    property("#[orm(length = 4, hidden, default)] a: Lazy<String>", &[]);
    property(
        "#[orm(many_to_one, index)] a: Id<User>",
        &["a to-one relation is indexed as it is"],
    );
    property(
        "#[orm(many_to_one, unique)] a: Id<User>",
        &["a unique reference is a `one_to_one` relation"],
    );
    property(
        "#[orm(many_to_one, length = 4)] a: Id<User>",
        &["`length` counts the characters of a text"],
    );
    property(
        "#[orm(many_to_one, default = x)] a: Id<User>",
        &["a relation has no `default`: write `Option<Id<..>>`"],
    );
    property(
        "#[orm(many_to_one, on_update = x)] a: Id<User>",
        &["a relation has no `on_update`"],
    );
    property(
        "#[orm(many_to_many, index)] a: Collection<Tag>",
        &["`index` goes on a property in the row"],
    );
    property("#[orm(many_to_many, hidden)] a: Collection<Tag>", &[]);
    property(
        "#[orm(many_to_many, default)] a: Collection<Tag>",
        &["a relation has no `default`: it is empty unless it is set"],
    );
    property(
        "#[orm(skip, unique)] a: u8",
        &["a skipped field is no property: remove `unique` or `skip`"],
    );
    property(
        "#[orm(base, unique)] a: Base",
        &["a base stands alone: remove `unique`"],
    );
    property(
        "#[orm(base)] a: Base, #[orm(base)] b: Base",
        &["an entity has one base: merge the two"],
    );
}

#[test]
fn names_of_generated_methods_are_taken() {
    property(
        "try_get: Lazy<String>",
        &["`ArticleView` has a method `try_get` of its own"],
    );
    property(
        "#[orm(many_to_one)] is_initialized: Id<User>",
        &["`ArticleView` has a method `is_initialized`"],
    );
    property("try_get: String", &[]);
    property(
        "#[orm(many_to_one)] tags: Id<Tag>, #[orm(many_to_many)] set_tags: Collection<Tag>",
        &["`ArticleEdit` has a method `set_tags`, which sets `tags`"],
    );
}

#[test]
fn a_base_can_be_made_without_naming_its_properties() {
    let base = |input, expected: &[&str]| refuses(Derived::Base, input, expected);
    base(
        "struct Base { #[orm(primary_key)] id: Pk, #[orm(default)] a: u8, b: Option<u8>, #[orm(skip)] c: u8 }",
        &[],
    );
    base(
        "struct Base { a: u8 }",
        &["`a` needs a default, because programs create entities without naming"],
    );
    base(
        "struct Base { #[orm(primary_key)] id: u64 }",
        &["`id` needs a default"],
    );
    base(
        "struct Base { #[orm(many_to_one)] a: Id<User> }",
        &["a base entity has no relations"],
    );
    base(
        "struct Base { #[orm(many_to_many)] a: Collection<Tag> }",
        &["a base entity has no relations"],
    );
    base(
        "struct Base { a: Lazy<String> }",
        &["a base entity has no lazy properties"],
    );
    base(
        "struct Base { #[orm(base)] a: Other }",
        &["a base entity has no base of its own"],
    );
    base(
        "#[orm(name = \"b\", on_load = f)] struct Base { #[orm(default)] a: u8 }",
        &[
            "a base entity has no name in the store",
            "a base entity has no hooks: `on_load` goes on the entities",
        ],
    );
}

#[test]
fn an_entity_has_at_most_128_properties() {
    let properties = |count: usize| {
        (0..count)
            .map(|at| format!("p{at}: u8"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    property(&properties(127), &[]);
    property(
        &properties(128),
        &["`Article` has 129 properties, and 128 are the most"],
    );
}
