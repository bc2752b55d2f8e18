//! Embedded values: what a struct that is one can hold, and where it can stand.

use super::{property, refuses};
use crate::ast::Derived;

fn embedded(properties: &str, expected: &[&str]) {
    let input = format!("struct Address {{ {properties} }}");
    refuses(Derived::Embedded, &input, expected);
}

#[test]
fn a_value_holds_values() {
    embedded(
        "#[orm(length = 9, index)] city: String, #[orm(hidden, unique)] code: Option<u8>,
         #[orm(default = 3)] floor: i8, #[orm(embedded)] at: Option<Position>, #[orm(skip)] seen: bool",
        &[],
    );
    embedded(
        "#[orm(primary_key)] id: u64, #[orm(many_to_one)] owner: Id<User>, text: Lazy<String>,
         #[orm(many_to_many)] tags: Collection<Tag>",
        &[
            "an embedded value has no identity",
            "an embedded value has no relations",
            "an embedded value has no lazy properties",
            "an embedded value has no relations",
        ],
    );
    embedded(
        "#[orm(version)] version: u64, #[orm(on_update = 1)] a: u8, #[orm(concurrency_check)] b: u8, #[orm(base)] c: Base",
        &[
            "an embedded value has no base of its own",
            "`version` is for the properties of entities",
            "`on_update` is for the properties of entities",
            "`concurrency_check` is for the properties of entities",
        ],
    );
    embedded(
        "#[orm(created_at)] at: DateTime<Utc>, #[orm(updated_at)] last: DateTime<Utc>",
        &[
            "`created_at` is for the properties of entities",
            "`updated_at` is for the properties of entities",
        ],
    );
}

#[test]
fn a_value_is_a_struct_without_attributes() {
    refuses(
        Derived::Embedded,
        "#[orm(name = \"a\", before_create = f)] struct Address { city: String }",
        &[
            "an embedded value has no name in the store",
            "an embedded value has no hooks",
        ],
    );
    refuses(
        Derived::Embedded,
        "enum Address { A }",
        &["an embedded value is a struct"],
    );
    refuses(
        Derived::Embedded,
        "struct Address<T> { city: T }",
        &["an embedded value can't be generic"],
    );
}

#[test]
fn a_value_stands_where_its_properties_can_be_stored() {
    property("#[orm(embedded)] home: Address", &[]);
    property("#[orm(embedded)] home: Option<Address>", &[]);
    property("#[orm(embedded, default)] home: Address", &[]);
    property(
        "#[orm(embedded)] homes: Lazy<Address>",
        &[
            "`embedded` goes on a struct with `#[derive(Embedded)]`, or an `Option` or a `Vec` of one",
        ],
    );
    property(
        "#[orm(embedded)] a: Vec<Address>, #[orm(embedded, hidden, default)] b: Option<Vec<Address>>",
        &[],
    );
    property(
        "#[orm(embedded, index)] a: Vec<Address>, #[orm(embedded, length = 3)] b: Vec<Address>, #[orm(embedded, version)] c: Vec<Address>",
        &[
            "a list of embedded values has no order",
            "a list of embedded values is no text",
            "`version` does not go with a list of embedded values",
        ],
    );
    property(
        "#[orm(embedded, index)] a: Address, #[orm(embedded, hidden)] b: Address, #[orm(embedded, on_update = f())] c: Address",
        &[
            "an embedded value is stored as its properties: give `index`",
            "an embedded value is stored as its properties: give `hidden`",
            "`on_update` does not go with an embedded value",
        ],
    );
}
