//! Integers as keys.
//!
//! Owns two forms: unsigned integers up to `u64` are a [`varint`], signed ones up to `i64` a
//! sign-aware relative of it, and both are the same for every width, so that widening a key's type
//! leaves stored keys as they are. The 128-bit ones are sixteen bytes, big-endian, because what is
//! kept in them (hashes, identifiers) is seldom small.
//!
//! The signed form, in the manner of `FoundationDB`'s tuple layer
//! (<https://github.com/apple/foundationdb/blob/main/design/tuple.md>): the first byte holds sign
//! and width, so that comparing it compares magnitudes of different width.
//!
//! | first byte | bytes that follow | value |
//! |---|---|---|
//! | 0..=7 | 8 - first | -121 minus the number whose complement follows |
//! | 8..=247 | 0 | first - 128, that is -120..=119 |
//! | 248..=255 | first - 247 | 120 plus the number that follows |

use super::{KeyError, OrderedKey, take_array};
use crate::codec::varint;

/// The first byte of zero in the signed form.
const ZERO: i64 = 128;
/// The least value that one byte holds.
const ONE_BYTE_MIN: i64 = -120;
/// The greatest value that one byte holds.
const ONE_BYTE_MAX: i64 = 119;

macro_rules! unsigned {
    ($($integer:ty),*) => {$(
        impl OrderedKey for $integer {
            #[inline]
            fn encode_key(&self, out: &mut Vec<u8>) {
                varint::write(u64::from(*self), out);
            }

            #[inline]
            fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
                let kind = stringify!($integer);
                let value = varint::read(input).map_err(|error| KeyError::from_varint(error, kind))?;
                Self::try_from(value).map_err(|_| KeyError::OutOfRange { kind, value: value.to_string() })
            }
        }
    )*};
}

macro_rules! signed {
    ($($integer:ty),*) => {$(
        impl OrderedKey for $integer {
            #[inline]
            fn encode_key(&self, out: &mut Vec<u8>) {
                write_signed(i64::from(*self), out);
            }

            #[inline]
            fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
                let kind = stringify!($integer);
                let value = read_signed(input, kind)?;
                Self::try_from(value).map_err(|_| KeyError::OutOfRange { kind, value: value.to_string() })
            }
        }
    )*};
}

unsigned!(u8, u16, u32, u64);
signed!(i8, i16, i32, i64);

impl OrderedKey for u128 {
    fn encode_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        take_array(input, "u128").map(Self::from_be_bytes)
    }
}

impl OrderedKey for i128 {
    fn encode_key(&self, out: &mut Vec<u8>) {
        // With the sign bit flipped, two's complement sorts as an unsigned number.
        out.extend_from_slice(&(*self ^ Self::MIN).to_be_bytes());
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        take_array(input, "i128").map(|bytes| Self::from_be_bytes(bytes) ^ Self::MIN)
    }
}

fn write_signed(value: i64, out: &mut Vec<u8>) {
    match value {
        ONE_BYTE_MIN..=ONE_BYTE_MAX => out.push((value + ZERO).to_le_bytes()[0]),
        120.. => {
            let (width, bytes) = significant(value.abs_diff(ONE_BYTE_MAX + 1));
            out.push(247 + width);
            out.extend_from_slice(&bytes[8 - usize::from(width)..]);
        }
        _ => {
            let (width, bytes) = significant(value.abs_diff(ONE_BYTE_MIN - 1));
            out.push(8 - width);
            out.extend(bytes[8 - usize::from(width)..].iter().map(|byte| !byte));
        }
    }
}

fn read_signed(input: &mut &[u8], kind: &'static str) -> Result<i64, KeyError> {
    let (&first, rest) = input.split_first().ok_or(KeyError::Truncated { kind })?;
    let (width, flip) = match first {
        0..=7 => (8 - first, 0xff),
        8..=247 => {
            *input = rest;
            return Ok(i64::from(first) - ZERO);
        }
        248.. => (first - 247, 0),
    };
    let (tail, rest) = rest
        .split_at_checked(usize::from(width))
        .ok_or(KeyError::Truncated { kind })?;
    if width > 1 && tail[0] ^ flip == 0 {
        return Err(KeyError::NotCanonical { kind });
    }
    let distance = tail
        .iter()
        .fold(0u64, |number, byte| number << 8 | u64::from(byte ^ flip));
    let value = if flip == 0 {
        (ONE_BYTE_MAX + 1).checked_add_unsigned(distance)
    } else {
        (ONE_BYTE_MIN - 1).checked_sub_unsigned(distance)
    };
    *input = rest;
    // Distances beyond what an i64 reaches have eight bytes too, but nothing writes them.
    value.ok_or(KeyError::NotCanonical { kind })
}

/// The big-endian bytes of `value`, and how many of the last of them matter, at least one.
fn significant(value: u64) -> (u8, [u8; 8]) {
    let bytes = value.to_be_bytes();
    let zeros = bytes.iter().take(7).take_while(|&&byte| byte == 0);
    (zeros.fold(8, |width, _| width - 1), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_boundaries_have_the_documented_bytes() {
        let cases: &[(i64, &[u8])] = &[
            (i64::MIN, &[0, 0x80, 0, 0, 0, 0, 0, 0, 120]),
            (-377, &[6, 0xfe, 0xff]),
            (-376, &[7, 0]),
            (-121, &[7, 0xff]),
            (-120, &[8]),
            (-1, &[127]),
            (0, &[128]),
            (119, &[247]),
            (120, &[248, 0]),
            (375, &[248, 0xff]),
            (376, &[249, 1, 0]),
            (
                i64::MAX,
                &[255, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x87],
            ),
        ];
        for (value, bytes) in cases {
            let mut out = Vec::new();
            value.encode_key(&mut out);
            assert_eq!(out, *bytes, "{value}");
            assert_eq!(i64::decode_key(&mut &bytes[..]), Ok(*value));
        }
    }

    #[test]
    fn no_two_short_signed_forms_are_one_number() {
        let mut next = -376;
        for first in 7..=248u8 {
            let tails = if (8..=247).contains(&first) { 1 } else { 256 };
            for tail in 0..tails {
                let [.., low] = u32::to_be_bytes(tail);
                let bytes = [first, low];
                assert_eq!(i64::decode_key(&mut &bytes[..]), Ok(next), "{bytes:?}");
                next += 1;
            }
        }
        assert_eq!(next, 376);
    }

    #[test]
    fn a_signed_number_beyond_the_range_is_refused() {
        let beyond = [255, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x88];
        assert_eq!(
            i64::decode_key(&mut &beyond[..]),
            Err(KeyError::NotCanonical { kind: "i64" })
        );
        let padded = [249, 0, 7];
        assert_eq!(
            i64::decode_key(&mut &padded[..]),
            Err(KeyError::NotCanonical { kind: "i64" })
        );
    }

    #[test]
    fn a_narrow_type_names_the_wide_value_that_it_cannot_hold() {
        let mut bytes = Vec::new();
        70_000u32.encode_key(&mut bytes);
        let error = u16::decode_key(&mut &bytes[..]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the key is 70000, which is out of range for u16"
        );
    }
}
