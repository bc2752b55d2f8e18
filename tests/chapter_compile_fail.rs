//! What the chapter's statements say that must not compile: S5, S13, S21, S22, S33, S36, S48.
//!
//! `TRYBUILD=overwrite cargo test --test chapter_compile_fail` writes the messages anew.

#[test]
fn what_the_chapter_refuses_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/chapter_*.rs");
}
