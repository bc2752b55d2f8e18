//! What `#[derive(OrderedKey)]` refuses.

use crate::ordered_key::ordered_key;

fn refuses(input: &str, expected: &[&str]) {
    let input = syn::parse_str(input).expect("a type");
    let found: Vec<_> = match ordered_key(&input) {
        Ok(_) => Vec::new(),
        Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
    };
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, start) in found.iter().zip(expected) {
        assert!(found.starts_with(start), "{found}");
    }
}

#[test]
fn a_union_and_an_enum_without_variants_have_no_order() {
    refuses("union Both { a: u8, b: i8 }", &["a union has no order"]);
    refuses("enum Never {}", &["an enum without variants has no values"]);
}

#[test]
fn discriminants_ascend_as_the_order_of_values_does() {
    refuses("enum Level { Low = -5, Middle, High = 9 }", &[]);
    refuses("enum Level { Low = 1_000, High = 0xFFFF }", &[]);
    refuses(
        "enum Level { High = 9, Low = 1, Lower = 1 }",
        &[
            "keys sort by discriminants, and `Low` has a lesser one than the variant before it",
            "keys sort by discriminants, and `Lower` has a lesser one",
        ],
    );
    refuses(
        "enum Level { Low = FIRST, High }",
        &["keys sort by discriminants, and this one can't be read here: write a number"],
    );
}
