//! Conditions on texts: how a text begins or ends, what it contains, and SQL's `LIKE`.

use std::fmt;

use serde::de::DeserializeOwned;

use crate::codec::OrderedKey;
use crate::codec::value::{ValueError, decode_value};

/// A property's type that is a text: `String` and `Option<String>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text",
    label = "not a text",
    note = "texts are `String` and `Option<String>`"
)]
pub trait Text: DeserializeOwned + OrderedKey {
    /// The text, unless it is absent.
    fn into_text(self) -> Option<String>;

    /// The value that is this text.
    fn of_text(text: &str) -> Self;
}

impl Text for String {
    fn into_text(self) -> Option<String> {
        Some(self)
    }

    fn of_text(text: &str) -> Self {
        text.to_owned()
    }
}

impl Text for Option<String> {
    fn into_text(self) -> Option<String> {
        self
    }

    fn of_text(text: &str) -> Self {
        Some(text.to_owned())
    }
}

/// A pattern, and how stored values become texts.
#[derive(Debug, Clone)]
pub(crate) struct TextMatch {
    pub(super) pattern: Pattern,
    /// How the index key of every text begins that matches; empty where nothing is known.
    pub(super) index_prefix: Vec<u8>,
    read: fn(&[u8]) -> Result<Option<String>, ValueError>,
}

#[derive(Debug, Clone)]
pub(super) enum Pattern {
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Like(Vec<Like>),
    /// A regular expression.
    #[cfg(feature = "regex")]
    Regex(regex::Regex),
    /// What is no regular expression, and why.
    #[cfg(feature = "regex")]
    NoRegex {
        pattern: String,
        problem: String,
    },
}

/// A part of a `LIKE` pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Like {
    Character(char),
    /// `_`: any one character.
    One,
    /// `%`: any characters, or none.
    Many,
}

impl TextMatch {
    pub(super) fn new<V: Text>(pattern: Pattern) -> Self {
        let index_prefix = index_prefix::<V>(&pattern.beginning());
        Self {
            pattern,
            index_prefix,
            read: |stored| decode_value::<V>(stored).map(V::into_text),
        }
    }

    /// Whether a key that is a text matches.
    pub(super) fn is_met_by_key(&self, key: &[u8]) -> bool {
        let text = String::decode_key(&mut &*key);
        text.is_ok_and(|text| self.pattern.matches(&text))
    }

    /// Whether a stored value matches. `None` never does.
    pub(super) fn is_met(&self, stored: &[u8]) -> Result<bool, ValueError> {
        let text = (self.read)(stored)?;
        Ok(text.is_some_and(|text| self.pattern.matches(&text)))
    }
}

/// What the index keys of all texts have in common that begin so: the key of the text without its
/// end, which is what it shares with the key of a longer one.
fn index_prefix<V: Text>(beginning: &str) -> Vec<u8> {
    if beginning.is_empty() {
        return Vec::new();
    }
    let key_of = |text: &str| {
        let mut key = Vec::new();
        V::of_text(text).encode_key(&mut key);
        key
    };
    let (short, long) = (key_of(beginning), key_of(&format!("{beginning}\u{1}")));
    let shared = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    short[..shared].to_vec()
}

impl Pattern {
    pub(super) fn like(pattern: &str) -> Self {
        let mut parts = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            let part = match character {
                '%' => Like::Many,
                '_' => Like::One,
                // The last character has nothing to escape, and is itself.
                '\\' => Like::Character(characters.next().unwrap_or('\\')),
                other => Like::Character(other),
            };
            if part != Like::Many || parts.last() != Some(&Like::Many) {
                parts.push(part);
            }
        }
        Self::Like(parts)
    }

    #[cfg(feature = "regex")]
    pub(super) fn regex(pattern: &str) -> Self {
        match regex::Regex::new(pattern) {
            Ok(regex) => Self::Regex(regex),
            Err(error) => Self::NoRegex {
                pattern: pattern.to_owned(),
                problem: error.to_string(),
            },
        }
    }

    /// What is wrong with the pattern.
    pub(super) fn problem(&self) -> Option<String> {
        match self {
            #[cfg(feature = "regex")]
            Self::NoRegex { pattern, problem } => {
                Some(format!("{pattern:?} is no regular expression: {problem}"))
            }
            _ => None,
        }
    }

    /// What every text begins with that matches.
    fn beginning(&self) -> String {
        match self {
            Self::StartsWith(text) => text.clone(),
            Self::EndsWith(_) | Self::Contains(_) => String::new(),
            #[cfg(feature = "regex")]
            Self::Regex(regex) => super::regex::beginning(regex.as_str()),
            #[cfg(feature = "regex")]
            Self::NoRegex { .. } => String::new(),
            Self::Like(parts) => {
                let fixed = parts.iter().map_while(|part| match part {
                    Like::Character(character) => Some(*character),
                    Like::One | Like::Many => None,
                });
                fixed.collect()
            }
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::StartsWith(part) => text.starts_with(part.as_str()),
            Self::EndsWith(part) => text.ends_with(part.as_str()),
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Like(parts) => is_like(parts, text),
            #[cfg(feature = "regex")]
            Self::Regex(regex) => regex.is_match(text),
            #[cfg(feature = "regex")]
            Self::NoRegex { .. } => unreachable!("the query was checked"),
        }
    }
}

/// Whether the text is like the pattern. On a mismatch the last `%` takes one character more, so the
/// time is at most the product of both lengths.
fn is_like(parts: &[Like], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut part) = (0, 0);
    let mut last_many = None;
    while at < text.len() {
        match parts.get(part) {
            Some(Like::Many) => {
                last_many = Some((at, part));
                part += 1;
            }
            Some(Like::One) => (at, part) = (at + 1, part + 1),
            Some(Like::Character(character)) if *character == text[at] => {
                (at, part) = (at + 1, part + 1);
            }
            Some(Like::Character(_)) | None => {
                let Some((from, many)) = last_many else {
                    return false;
                };
                last_many = Some((from + 1, many));
                (at, part) = (from + 1, many + 1);
            }
        }
    }
    parts[part..].iter().all(|part| *part == Like::Many)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartsWith(text) => write!(f, "starts with {text:?}"),
            Self::EndsWith(text) => write!(f, "ends with {text:?}"),
            Self::Contains(text) => write!(f, "contains {text:?}"),
            Self::Like(parts) => {
                let pattern: String = parts.iter().map(ToString::to_string).collect();
                write!(f, "like {pattern:?}")
            }
            #[cfg(feature = "regex")]
            Self::Regex(regex) => write!(f, "matches {:?}", regex.as_str()),
            #[cfg(feature = "regex")]
            Self::NoRegex { pattern, .. } => write!(f, "matches {pattern:?}"),
        }
    }
}

impl fmt::Display for Like {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(special @ ('%' | '_' | '\\')) => write!(f, "\\{special}"),
            Self::Character(character) => write!(f, "{character}"),
            Self::One => f.write_str("_"),
            Self::Many => f.write_str("%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn like(pattern: &str, text: &str) -> bool {
        Pattern::like(pattern).matches(text)
    }

    #[test]
    fn like_is_as_in_sql() {
        assert!(like("", "") && !like("", "a") && !like("a", ""));
        assert!(like("%", "") && like("%%", "abc") && like("%c", "abc") && like("a%", "abc"));
        assert!(like("a_c", "abc") && like("a_c", "aüc") && !like("a_c", "ac"));
        assert!(like("%a%b%", "xaxbx") && !like("%a%b%", "xbxax"));
        assert!(like("%ab", "aab") && like("%aab", "aaab") && like("a%a%ab", "aaaab"));
        assert!(like(r"50\%", "50%") && !like(r"50\%", "500") && like(r"\_\\", r"_\"));
        assert!(!like("ABC", "abc"), "case counts");
    }

    /// By the definition, one part at a time.
    fn is_like_by_definition(parts: &[Like], text: &[char]) -> bool {
        match (parts.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((Like::Many, parts_after)), rest) => {
                is_like_by_definition(parts_after, text)
                    || rest.is_some_and(|(_, after)| is_like_by_definition(parts, after))
            }
            (Some(_), None) => false,
            (Some((part, parts_after)), Some((first, after))) => {
                let fits = *part == Like::One || *part == Like::Character(*first);
                fits && is_like_by_definition(parts_after, after)
            }
        }
    }

    proptest! {
        #[test]
        fn like_follows_its_definition(pattern in "[ab%_]{0,8}", text in "[ab]{0,10}") {
            let Pattern::Like(parts) = Pattern::like(&pattern) else { unreachable!() };
            let characters: Vec<char> = text.chars().collect();
            prop_assert_eq!(is_like(&parts, &text), is_like_by_definition(&parts, &characters));
        }

        #[test]
        fn the_index_keys_of_matching_texts_begin_with_the_prefix(
            beginning in "[a\\x00\\x01\u{ff}ü]{0,4}",
            rest in "[a\\x00\\x01\u{ff}ü]{0,4}",
        ) {
            let text = format!("{beginning}{rest}");
            for (prefix, key) in [
                (index_prefix::<String>(&beginning), key_of(&text)),
                (index_prefix::<Option<String>>(&beginning), key_of(&Some(text.clone()))),
            ] {
                prop_assert!(key.starts_with(&prefix), "{:?} {:?}", prefix, key);
            }
        }
    }

    fn key_of(value: &impl OrderedKey) -> Vec<u8> {
        let mut key = Vec::new();
        value.encode_key(&mut key);
        key
    }
}
