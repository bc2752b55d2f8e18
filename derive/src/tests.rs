//! Both derives on tokens: what they refuse, with every message, and what their expansion holds.

use syn::DeriveInput;

use crate::ast::Derived;
use crate::derive;

fn expand(derived: Derived, input: &str) -> syn::Result<String> {
    let input: DeriveInput = syn::parse_str(input).expect("a struct");
    derive(derived, &input).map(|tokens| tokens.to_string())
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
            "`unique` goes on a property, not on the struct",
            "unknown attribute `manyToOne`: did you mean `many_to_one`?",
            "`length` is given twice",
            "`id` is the primary key already, and there is only one: `other` may be `unique`",
            "a primary key can't be hidden",
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
        "struct Article { #[orm(primary_key, many_to_one)] id: Id<User> }",
        &[
            "a relation can't be the primary key",
            "`Id<User>` can't be a primary key",
        ],
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
        "#[orm(version)] a: u8",
        &["unknown attribute `version`: expected one of `primary_key`"],
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

#[test]
fn a_default_reads_what_stands_before_it_and_what_has_no_default() {
    let reads = |properties: &str, signature: &str| {
        let input = format!("struct Article {{ #[orm(primary_key)] id: Pk, {properties} }}");
        let expansion = expand(Derived::Entity, &input)
            .expect("an expansion")
            .replace(' ', "");
        assert!(
            expansion.contains(signature),
            "{signature} in the expansion of {properties}"
        );
    };
    reads(
        "#[orm(default = slug(title))] slug: String, title: String",
        "fn__default_slug(title:&String)->String",
    );
    reads(
        "#[orm(default = slug(title))] slug: String, #[orm(default)] title: String",
        "fn__default_slug()->String",
    );
    reads(
        "#[orm(default)] title: String, #[orm(default = slug(title))] slug: String",
        "fn__default_slug(title:&String)->String",
    );
    reads(
        "#[orm(default = sum(text))] sum: String, text: Lazy<String>",
        "fn__default_sum(text:&String)->String",
    );
    reads(
        "#[orm(default = format!(\"{a}\"))] b: String, a: u8",
        "fn__default_b(a:&u8)->String",
    );
    reads(
        "#[orm(on_update = count + 1)] count: u8",
        "fn__on_update_count(count:&u8)->u8",
    );
}

#[test]
fn a_row_without_a_property_reads_as_its_default_unless_that_needs_a_lazy_one() {
    let hydrates = |properties: &str, call: &str| {
        let input = format!("struct Article {{ #[orm(primary_key)] id: Pk, {properties} }}");
        let expansion = expand(Derived::Entity, &input)
            .expect("an expansion")
            .replace(' ', "");
        assert!(
            expansion.contains(call),
            "{call} in the expansion of {properties}"
        );
    };
    hydrates("a: u8", "row.scalar::<u8>(first+FIRST_OWN+1)?");
    hydrates(
        "a: Option<u8>",
        "row.scalar_or::<Option<u8>>(first+FIRST_OWN+1,||::std::option::Option::None)?",
    );
    hydrates(
        "#[orm(default = b + 1)] a: u8, b: u8",
        "row.scalar_or::<u8>(first+FIRST_OWN+1,||Article::__default_a(&b))?",
    );
    hydrates(
        "#[orm(default = b.len())] a: usize, b: Lazy<String>",
        "row.scalar::<usize>(first+FIRST_OWN+1)?",
    );
}
