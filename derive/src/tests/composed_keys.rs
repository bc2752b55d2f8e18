//! Primary keys that are made of several properties, or are a relation: what they can be made of.

use super::refuses;
use crate::ast::Derived;

fn entity(properties: &str, expected: &[&str]) {
    let input = format!("struct Line {{ {properties} }}");
    refuses(Derived::Entity, &input, expected);
}

#[test]
fn a_key_is_made_of_values_and_required_references() {
    entity(
        "#[orm(primary_key)] order: u64, #[orm(primary_key, index)] number: u32",
        &[],
    );
    entity(
        "#[orm(primary_key, many_to_one)] order: Id<Order>, #[orm(primary_key)] number: u32",
        &[],
    );
    entity("#[orm(primary_key, one_to_one)] order: Id<Order>", &[]);
    entity(
        "#[orm(base)] base: Base, #[orm(primary_key)] a: u8, #[orm(primary_key, default)] b: u8",
        &[],
    );
}

#[test]
fn what_may_be_absent_or_is_elsewhere_is_no_part_of_a_key() {
    entity(
        "#[orm(primary_key)] a: Pk, #[orm(primary_key)] b: Option<u8>, #[orm(primary_key)] c: Lazy<u8>,
         #[orm(primary_key, many_to_one)] d: Option<Id<Order>>, #[orm(primary_key, many_to_many)] e: Collection<Tag>",
        &[
            "`Pk` is generated, and a primary key by itself",
            "no part of a primary key may be absent",
            "`Lazy<u8>` can't be a part of a primary key",
            "no part of a primary key may be absent",
            "`Collection<Tag>` can't be a part of a primary key",
        ],
    );
    entity(
        "#[orm(primary_key)] order: Id<Order>, #[orm(primary_key)] number: u32",
        &["`Id<Order>` is a relation: add `#[orm(many_to_one)]`"],
    );
    entity(
        "#[orm(primary_key, many_to_one)] next: Id<Line>",
        &["the primary key of `Line` can't be made of that of another `Line`"],
    );
}

#[test]
fn a_part_of_a_key_is_shown_and_never_changes() {
    entity(
        "#[orm(primary_key, hidden)] a: u8, #[orm(primary_key, on_update = 1)] b: u8, #[orm(primary_key, version)] c: u64,
         #[orm(primary_key, many_to_one(on_delete = set_null))] d: Id<Order>",
        &[
            "a primary key can't be hidden",
            "a primary key never changes: remove `on_update`",
            "a primary key never changes: remove `version`",
            "`on_delete = set_null` needs a reference that may be absent",
        ],
    );
}

#[test]
fn a_key_has_at_most_eight_parts_and_a_base_one_property() {
    let parts: Vec<_> = ('a'..='i')
        .map(|name| format!("#[orm(primary_key)] {name}: u8"))
        .collect();
    entity(&parts.join(", "), &["a primary key has at most 8 parts"]);
    refuses(
        Derived::Base,
        "struct Base { #[orm(primary_key)] id: Pk, #[orm(primary_key)] other: Pk }",
        &["`id` is the primary key already: a base has one property that is"],
    );
}
