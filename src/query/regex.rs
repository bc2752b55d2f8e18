//! What a regular expression says of the beginning of the texts that it matches.

use regex_syntax::hir::Look;
use regex_syntax::hir::literal::Extractor;

/// What every text begins with that the expression matches; empty where nothing is known.
pub(super) fn beginning(pattern: &str) -> String {
    let Ok(hir) = regex_syntax::parse(pattern) else {
        return String::new();
    };
    if !hir.properties().look_set_prefix().contains(Look::Start) {
        return String::new();
    }
    let literals = Extractor::new().extract(&hir);
    let common = literals.longest_common_prefix().unwrap_or_default();
    // Several literals may have a part of a character in common.
    let whole = match std::str::from_utf8(common) {
        Ok(whole) => whole,
        Err(error) => {
            let (whole, _) = common.split_at(error.valid_up_to());
            std::str::from_utf8(whole).unwrap_or_default()
        }
    };
    whole.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_follows_the_beginning_of_the_text_is_known_as_far_as_it_is_literal() {
        assert_eq!(beginning("^foo"), "foo");
        assert_eq!(beginning(r"^foo-\d+$"), "foo-");
        assert_eq!(beginning(r"\Afo+"), "fo");
        assert_eq!(beginning("^(foo|fob)"), "fo");
        assert_eq!(beginning("^(ä|ö)"), "");
        for unknown in [
            "foo", "^foo|bar", "(?m)^foo", "x*^foo", "^.foo", "(?i)^foo", "(",
        ] {
            assert_eq!(beginning(unknown), "", "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn every_text_that_matches_begins_so(
            pattern in "\\^?[ab(|)*.?^]{0,8}",
            texts in prop::collection::vec("[ab]{0,6}", 20),
        ) {
            let Ok(regex) = regex::Regex::new(&pattern) else { return Ok(()) };
            let beginning = beginning(&pattern);
            for text in texts.iter().filter(|text| regex.is_match(text)) {
                prop_assert!(text.starts_with(&beginning), "{pattern:?} {text:?} {beginning:?}");
            }
        }
    }
}
