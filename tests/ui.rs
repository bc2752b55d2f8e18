//! What does not compile, and what the compiler says of it: one file in `tests/ui` for each mistake
//! that a program can make with the derives and the typed API.
//!
//! `TRYBUILD=overwrite cargo test --test ui` writes the messages anew; read the difference before it
//! is committed, for a message is a part of the API.

#[test]
fn mistakes_do_not_compile_and_say_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/*.rs");
}
