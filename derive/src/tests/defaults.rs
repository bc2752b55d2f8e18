//! What the user's expressions read, and where they are evaluated.

use super::expand;
use crate::ast::Derived;

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
