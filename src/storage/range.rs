//! Ranges of keys, in the order of their bytes.
//!
//! A range may be empty or inverted; it then contains nothing. Engines disagree about such ranges
//! (`BTreeMap` panics), so a store asks [`KeyRange::is_void`] before it asks the engine.

use std::ops::{Bound, RangeBounds};

/// A range of keys that owns its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRange {
    start: Bound<Vec<u8>>,
    end: Bound<Vec<u8>>,
}

impl KeyRange {
    /// Every key.
    pub(crate) fn all() -> KeyRange {
        KeyRange::new(Bound::Unbounded, Bound::Unbounded)
    }

    /// The keys between two bounds.
    pub(crate) fn new(start: Bound<Vec<u8>>, end: Bound<Vec<u8>>) -> KeyRange {
        KeyRange { start, end }
    }

    /// The keys in a range expression: `KeyRange::from_bounds(&b"a"[..]..&b"c"[..])`.
    #[cfg(test)]
    pub(crate) fn from_bounds<'a>(range: impl RangeBounds<&'a [u8]>) -> KeyRange {
        let owned = |bound: Bound<&&[u8]>| bound.map(|key| key.to_vec());
        KeyRange::new(owned(range.start_bound()), owned(range.end_bound()))
    }

    /// The keys that begin with `prefix`; with an empty one, every key.
    pub(crate) fn prefix(prefix: &[u8]) -> KeyRange {
        KeyRange::new(Bound::Included(prefix.to_vec()), after_prefix(prefix))
    }

    /// The first bound, in key order.
    pub(crate) fn start(&self) -> Bound<&[u8]> {
        self.start.as_ref().map(Vec::as_slice)
    }

    /// The last bound, in key order.
    pub(crate) fn end(&self) -> Bound<&[u8]> {
        self.end.as_ref().map(Vec::as_slice)
    }

    /// The keys in both ranges.
    pub(crate) fn intersection(&self, other: &KeyRange) -> KeyRange {
        use Bound::{Excluded, Included, Unbounded};
        let later = |a: Bound<&[u8]>, b: Bound<&[u8]>| match (a, b) {
            (Unbounded, bound) | (bound, Unbounded) => bound.map(<[u8]>::to_vec),
            (Included(x) | Excluded(x), Included(y) | Excluded(y)) if x != y => {
                if x > y { a } else { b }.map(<[u8]>::to_vec)
            }
            (Excluded(x), _) | (_, Excluded(x)) => Excluded(x.to_vec()),
            (Included(x), Included(_)) => Included(x.to_vec()),
        };
        let earlier = |a: Bound<&[u8]>, b: Bound<&[u8]>| match (a, b) {
            (Included(x) | Excluded(x), Included(y) | Excluded(y)) if x != y => {
                if x < y { a } else { b }.map(<[u8]>::to_vec)
            }
            _ => later(a, b),
        };
        KeyRange::new(
            later(self.start(), other.start()),
            earlier(self.end(), other.end()),
        )
    }

    /// Whether `key` lies in this range.
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        RangeBounds::<[u8]>::contains(&(self.start(), self.end()), key)
    }

    /// Whether the bounds leave no room for any key.
    pub(crate) fn is_void(&self) -> bool {
        use Bound::{Excluded, Included, Unbounded};
        match (self.start(), self.end()) {
            (_, Excluded([])) => true,
            (Unbounded, _) | (_, Unbounded) => false,
            (Included(start), Included(end)) => start > end,
            (Included(start) | Excluded(start), Excluded(end))
            | (Excluded(start), Included(end)) => start >= end,
        }
    }
}

/// The least key above all that begin with `prefix`: the last byte that is not 0xFF, plus one.
/// Where there is no such byte, nothing sorts above.
fn after_prefix(prefix: &[u8]) -> Bound<Vec<u8>> {
    let Some(last) = prefix.iter().rposition(|&byte| byte != 0xFF) else {
        return Bound::Unbounded;
    };
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Bound::Excluded(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_contains_exactly_the_keys_that_begin_with_it() {
        let keys: [&[u8]; 9] = [
            b"",
            b"a",
            b"a\x00",
            b"a\xFF",
            b"a\xFF\xFF\x01",
            b"b",
            b"\xFE\xFF",
            b"\xFF",
            b"\xFF\xFF\xFF",
        ];
        for prefix in keys {
            let range = KeyRange::prefix(prefix);
            for key in keys {
                assert_eq!(
                    range.contains(key),
                    key.starts_with(prefix),
                    "{prefix:?} {key:?}"
                );
            }
        }
    }

    #[test]
    fn inverted_and_empty_ranges_are_void() {
        let (a, b) = (&b"a"[..], &b"b"[..]);
        assert!(KeyRange::from_bounds(b..a).is_void());
        assert!(KeyRange::from_bounds(a..a).is_void());
        assert!(KeyRange::from_bounds(..&b""[..]).is_void());
        assert!(KeyRange::from_bounds((Bound::Excluded(a), Bound::Included(a))).is_void());
        assert!(!KeyRange::from_bounds(a..=a).is_void());
        assert!(!KeyRange::from_bounds(a..b).is_void());
        assert!(!KeyRange::all().is_void());
        assert!(!KeyRange::prefix(b"").is_void());
    }
}
