//! Strings and byte strings as keys.
//!
//! Owns the escaped form of `FoundationDB`'s tuple layer
//! (<https://github.com/apple/foundationdb/blob/main/design/tuple.md>) with a terminator of two
//! bytes: a zero byte is written as `00 FF`, and the end as `00 00`. One `00` alone, as there,
//! would make "a" a prefix of "a\0", and an `FF` that follows the terminator would be read as part
//! of the text.
//!
//! UTF-8 sorts by bytes as it sorts by characters, so that a string's form is that of its bytes.

use std::ffi::CStr;

use super::{KeyError, OrderedKey};

const ESCAPED_ZERO: [u8; 2] = [0, 0xff];
const TERMINATOR: [u8; 2] = [0, 0];

impl OrderedKey for String {
    fn encode_key(&self, out: &mut Vec<u8>) {
        write_escaped(self.as_bytes(), out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        let bytes = read_escaped(input, "String")?;
        Self::from_utf8(bytes).map_err(|error| KeyError::NotText(error.utf8_error()))
    }
}

impl OrderedKey for Vec<u8> {
    fn encode_key(&self, out: &mut Vec<u8>) {
        write_escaped(self, out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        read_escaped(input, "Vec<u8>")
    }
}

fn write_escaped(mut bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + TERMINATOR.len());
    while let Some(zero) = find_zero(bytes) {
        out.extend_from_slice(&bytes[..zero]);
        out.extend_from_slice(&ESCAPED_ZERO);
        bytes = &bytes[zero + 1..];
    }
    out.extend_from_slice(bytes);
    out.extend_from_slice(&TERMINATOR);
}

fn read_escaped(input: &mut &[u8], kind: &'static str) -> Result<Vec<u8>, KeyError> {
    let mut text = Vec::new();
    loop {
        let zero = find_zero(input).ok_or(KeyError::Truncated { kind })?;
        text.extend_from_slice(&input[..zero]);
        match input.get(zero + 1) {
            None => return Err(KeyError::Truncated { kind }),
            Some(0) => {
                *input = &input[zero + 2..];
                return Ok(text);
            }
            Some(0xff) => {
                *input = &input[zero + 2..];
                text.push(0);
            }
            Some(_) => return Err(KeyError::NotCanonical { kind }),
        }
    }
}

/// The index of the first zero byte. The standard library's search for the end of a C string is
/// the one in it that reads a word at a time.
fn find_zero(bytes: &[u8]) -> Option<usize> {
    CStr::from_bytes_until_nul(bytes)
        .ok()
        .map(CStr::count_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_documented_bytes() {
        let cases: &[(&str, &[u8])] = &[
            ("", &[0, 0]),
            ("ab", b"ab\0\0"),
            ("a\0", b"a\0\xff\0\0"),
            ("\0\0b", b"\0\xff\0\xffb\0\0"),
        ];
        for (text, bytes) in cases {
            let mut out = Vec::new();
            (*text).to_owned().encode_key(&mut out);
            assert_eq!(out, *bytes, "{text:?}");
        }
    }

    #[test]
    fn bytes_that_are_never_written_are_refused() {
        let cases: &[(&[u8], KeyError)] = &[
            (b"", KeyError::Truncated { kind: "String" }),
            (b"ab", KeyError::Truncated { kind: "String" }),
            (b"ab\0", KeyError::Truncated { kind: "String" }),
            (b"ab\0\x01", KeyError::NotCanonical { kind: "String" }),
        ];
        for (bytes, error) in cases {
            assert_eq!(String::decode_key(&mut &bytes[..]), Err(error.clone()));
        }
        assert!(matches!(
            String::decode_key(&mut &b"\xff\0\0"[..]),
            Err(KeyError::NotText(_))
        ));
    }
}
