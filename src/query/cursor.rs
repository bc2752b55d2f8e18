//! Cursors: places in the order of a query, which programs hand out and get back.
//!
//! A cursor is the position of a row (`Judge::position`) under a message authentication code (`BLAKE2b`,
//! RFC 7693, with a key that belongs to the database), as base64. The code also covers the entity and
//! the order, so a cursor of another query is refused, like one that was changed. It is no secret: it
//! has the values in it that the rows are ordered by.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64UrlUnpadded, Encoding};
use blake2::Blake2bMac;
use blake2::digest::consts::U16;
use blake2::digest::{FixedOutput, KeyInit, Update};

use crate::database::CursorKey;

/// The length of the authentication code, in bytes.
const CODE_LENGTH: usize = 16;

/// A place in the order of a query: before or after the row at one end of a page.
///
/// It stays where it is whatever is inserted or removed around it, the row itself included. As text,
/// which is how `Display` and [`FromStr`] have it, it is safe in a URL. It holds for the entity and
/// the order that it was made with, in the database that it was made in; for any other it is refused
/// when it is used. It can be read by whoever gets it, so properties that are `hidden` are no order for
/// pages.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    pub(super) fn seal(key: &CursorKey, order: &str, position: &[u8]) -> Self {
        let mut sealed = position.to_vec();
        sealed.extend_from_slice(&code(key, order, position));
        Self(sealed)
    }

    /// The position, if this cursor was made with the key, for the order.
    pub(super) fn open(&self, key: &CursorKey, order: &str) -> Option<&[u8]> {
        let (position, found) = self.0.split_last_chunk::<CODE_LENGTH>()?;
        (code(key, order, position) == *found).then_some(position)
    }
}

fn code(key: &CursorKey, order: &str, position: &[u8]) -> [u8; CODE_LENGTH] {
    let mut mac = Blake2bMac::<U16>::new_from_slice(key).expect("a key of 32 bytes is allowed");
    mac.update(&(order.len() as u64).to_le_bytes());
    mac.update(order.as_bytes());
    mac.update(position);
    mac.finalize_fixed().into()
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64UrlUnpadded::encode_string(&self.0))
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({self})")
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        Base64UrlUnpadded::decode_vec(text)
            .map(Self)
            .map_err(|_| NoCursor)
    }
}

/// A text that is no cursor at all. One that was changed, or is of another query, is only refused by
/// the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor; give one back as `Display` has written it")]
pub struct NoCursor;

impl serde::Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_with_its_key_for_its_order_and_unchanged() {
        let key = [7; 32];
        let cursor = Cursor::seal(&key, "Book by title", b"position");
        assert_eq!(cursor.open(&key, "Book by title"), Some(&b"position"[..]));
        assert_eq!(cursor.open(&key, "Book by title desc"), None);
        assert_eq!(cursor.open(&[8; 32], "Book by title"), None);
        for bit in 0..cursor.0.len() * 8 {
            let mut changed = cursor.clone();
            changed.0[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(changed.open(&key, "Book by title"), None, "bit {bit}");
        }
        for length in 0..cursor.0.len() {
            assert_eq!(
                Cursor(cursor.0[..length].to_vec()).open(&key, "Book by title"),
                None
            );
        }
    }

    #[test]
    fn a_cursor_is_text_and_back() {
        let cursor = Cursor::seal(&[7; 32], "", &[0, 255, 62, 63]);
        let text = cursor.to_string();
        assert!(
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        );
        assert_eq!(text.parse(), Ok(cursor.clone()));
        assert_eq!("no cursor!".parse::<Cursor>(), Err(NoCursor));
        let json = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
    }
}
