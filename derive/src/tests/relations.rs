//! What a relation's type and options may be.

use super::property;

#[test]
fn an_order_is_of_properties_up_or_down() {
    let collection = |options: &str, expected: &[&str]| {
        property(
            &format!("#[orm(many_to_many({options}))] a: Collection<User>"),
            expected,
        );
    };
    collection("eager, order_by(name, id desc, age asc)", &[]);
    collection("order_by", &["`order_by` needs properties"]);
    collection("order_by = name", &["`order_by` needs properties"]);
    collection("order_by()", &["`order_by` needs properties"]);
    collection(
        "order_by(name down)",
        &["a direction is `asc` or `desc`, not `down`"],
    );
    collection(
        "fixed_order, order_by(name)",
        &["`fixed_order` keeps the order that the program gives"],
    );
    property(
        "#[orm(many_to_one(order_by(name)))] a: Id<User>",
        &["`order_by` goes on a collection"],
    );
    property("#[orm(eager)] a: u8", &["`eager` belongs to the relation"]);
}

#[test]
fn a_cascade_is_one_of_removals() {
    let relation = |options: &str, expected: &[&str]| {
        property(
            &format!("#[orm(many_to_one({options}))] a: Id<User>"),
            expected,
        );
    };
    relation("cascade(remove)", &[]);
    relation("cascade", &["`cascade` is written `cascade(remove)`"]);
    relation(
        "cascade = remove",
        &["`cascade` is written `cascade(remove)`"],
    );
    relation("cascade(all)", &["`cascade` is written `cascade(remove)`"]);
    relation(
        "cascade(persist)",
        &["new entities become managed with what refers to them in any case"],
    );
    relation(
        "cascade(remove), cascade(remove)",
        &["`cascade` is given twice"],
    );
    property(
        "#[orm(cascade(remove))] a: u8",
        &["`cascade` belongs to the relation"],
    );
}

#[test]
fn a_relation_has_the_type_of_its_kind() {
    property(
        "#[orm(many_to_one)] a: User",
        &["`many_to_one` needs the type `Id<..>`"],
    );
    property(
        "#[orm(many_to_one)] a: Collection<User>",
        &["`many_to_one` needs the type `Id<..>`"],
    );
    property(
        "#[orm(one_to_one)] a: Collection<User>",
        &["`one_to_one` needs the type `Id<..>`"],
    );
    property(
        "#[orm(one_to_many(mapped_by = b))] a: Vec<User>",
        &["`one_to_many` needs the type `Collection<..>`"],
    );
    property(
        "#[orm(many_to_many)] a: Id<User>",
        &["`many_to_many` needs the type `Collection<..>`"],
    );
    property(
        "#[orm(many_to_one, one_to_one)] a: Id<User>",
        &["a property is one relation: `many_to_one` or `one_to_one`"],
    );
    property("a: Option<Id<User>>", &["`Option<Id<User>>` is a relation"]);
    property(
        "a: Inverse<User>",
        &["`Inverse<User>` is a relation: add `#[orm(one_to_one(mapped_by = ..))]`"],
    );
    property("a: Option<Lazy<String>>", &["write `Lazy<Option<..>>`"]);
    property(
        "#[orm(many_to_many)] a: Option<Collection<Tag>>",
        &["a relation of this kind may be empty as it is: write `Collection<..>`"],
    );
}

#[test]
fn a_relation_has_the_options_of_its_side() {
    property(
        "#[orm(one_to_many)] a: Collection<User>",
        &["`one_to_many` needs the property at the other end"],
    );
    property(
        "#[orm(one_to_one)] a: Inverse<User>",
        &["`one_to_one` needs the property at the other end"],
    );
    property(
        "#[orm(one_to_many(inversed_by = b))] a: Collection<User>",
        &["the other end holds the key: write `one_to_many(mapped_by = b)`"],
    );
    property(
        "#[orm(many_to_one(mapped_by = b))] a: Id<User>",
        &["the side that holds the key owns the relation"],
    );
    property(
        "#[orm(many_to_many(mapped_by = b, inversed_by = c))] a: Collection<Tag>",
        &["one end is `mapped_by` the other"],
    );
    property(
        "#[orm(many_to_one(on_delete = set_null))] a: Id<User>",
        &["`on_delete = set_null` needs a reference that may be absent"],
    );
    property(
        "#[orm(many_to_one(on_delete = set_null))] a: Option<Id<User>>",
        &[],
    );
    property(
        "#[orm(many_to_one(on_delete = delete))] a: Id<User>",
        &["`on_delete` is one of `restrict`"],
    );
}

#[test]
fn what_stands_at_the_wrong_end_or_in_the_wrong_way_is_refused() {
    property(
        "#[orm(many_to_one(orphan_removal))] a: Id<User>",
        &["`orphan_removal` goes at the other end"],
    );
    property(
        "#[orm(one_to_many(mapped_by = b, orphan_removal))] a: Collection<User>",
        &[],
    );
    property(
        "#[orm(one_to_many(mapped_by = b, on_delete = cascade))] a: Collection<User>",
        &["`on_delete` goes at the other end"],
    );
    property("#[orm(many_to_many(fixed_order))] a: Collection<Tag>", &[]);
    property(
        "#[orm(many_to_many(mapped_by = b, fixed_order))] a: Collection<Tag>",
        &["the order is that of the owning side"],
    );
    property(
        "#[orm(one_to_many(mapped_by = b, fixed_order))] a: Collection<User>",
        &["`fixed_order` is for `many_to_many`"],
    );
    property(
        "#[orm(many_to_one(fixed_order))] a: Id<User>",
        &["`fixed_order` is for `many_to_many`"],
    );
    property(
        "#[orm(many_to_many(on_delete = cascade, orphan_removal))] a: Collection<User>",
        &[
            "`many_to_many` has no `on_delete`",
            "`many_to_many` has no `orphan_removal`",
        ],
    );
    property(
        "#[orm(many_to_one(maped_by = b))] a: Id<User>",
        &["unknown attribute `maped_by`: did you mean `mapped_by`?"],
    );
    property(
        "#[orm(one_to_many(mapped_by = \"b\"))] a: Collection<User>",
        &[
            "write the property's name without quotes: `mapped_by = b`",
            "`one_to_many` needs the property at the other end",
        ],
    );
    property(
        "#[orm(many_to_one(hidden))] a: Id<User>",
        &["`hidden` stands beside the relation: `#[orm(many_to_one, hidden)]`"],
    );
    property(
        "#[orm(many_to_one = b)] a: Id<User>",
        &[
            "write `many_to_one`, or `many_to_one(..)`",
            "`Id<User>` is a relation",
        ],
    );
}
