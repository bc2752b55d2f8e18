//! Unsigned integers of one to nine bytes whose byte order is their numeric order.
//!
//! Owns the one variable-length integer of the whole format: keys need its order, rows only need
//! it to be short. It is the varint of `SQLite4`,
//! <https://sqlite.org/src4/doc/trunk/www/varint.wiki>. Unlike there, a number that is written
//! longer than it has to be is refused, because two byte strings for one key would break equality.
//!
//! | first byte | bytes that follow | value |
//! |---|---|---|
//! | 0..=240 | 0 | the first byte itself |
//! | 241..=248 | 1 | 240 + 256 * (first - 241) + second |
//! | 249 | 2 | 2288 + the big-endian number that follows |
//! | 250..=255 | 3..=8 | the big-endian number that follows |

/// The most that one byte holds.
const ONE_BYTE_MAX: u64 = 240;
/// The most that two bytes hold.
const TWO_BYTES_MAX: u64 = 2287;
/// The most that three bytes hold.
const THREE_BYTES_MAX: u64 = 67823;

/// Why bytes are not a varint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VarintError {
    /// The input ends before the number does.
    Truncated,
    /// The number would fit in fewer bytes.
    NotCanonical,
}

/// Appends `value`.
#[inline]
pub(crate) fn write(value: u64, out: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    match value {
        0..=ONE_BYTE_MAX => out.push(bytes[7]),
        241..=TWO_BYTES_MAX => {
            let [.., high, low] = (value - ONE_BYTE_MAX).to_be_bytes();
            out.extend_from_slice(&[241 + high, low]);
        }
        2288..=THREE_BYTES_MAX => {
            let [.., high, low] = (value - TWO_BYTES_MAX - 1).to_be_bytes();
            out.extend_from_slice(&[249, high, low]);
        }
        _ => {
            let first = first_significant(value);
            // `first` is at most 5 here, so that the leading byte is 250..=255.
            out.push([255, 254, 253, 252, 251, 250][first]);
            out.extend_from_slice(&bytes[first..]);
        }
    }
}

/// How many bytes `write` appends for `value`.
#[inline]
pub(crate) fn length(value: u64) -> usize {
    match value {
        0..=ONE_BYTE_MAX => 1,
        241..=TWO_BYTES_MAX => 2,
        2288..=THREE_BYTES_MAX => 3,
        _ => 1 + 8 - first_significant(value),
    }
}

/// Takes one number off the front of `input`, which is left as it was if there is none.
#[inline]
pub(crate) fn read(input: &mut &[u8]) -> Result<u64, VarintError> {
    let (&first, rest) = input.split_first().ok_or(VarintError::Truncated)?;
    if u64::from(first) <= ONE_BYTE_MAX {
        *input = rest;
        return Ok(u64::from(first));
    }
    read_long(first, rest, input)
}

fn read_long<'a>(first: u8, rest: &'a [u8], input: &mut &'a [u8]) -> Result<u64, VarintError> {
    let width = match first {
        0..=248 => 1,
        _ => usize::from(first) - 247,
    };
    let (tail, rest) = rest.split_at_checked(width).ok_or(VarintError::Truncated)?;
    let number = tail
        .iter()
        .fold(0, |number, &byte| number << 8 | u64::from(byte));
    let value = match first {
        // The two-byte form begins where the one-byte form ends, with 240 in both.
        241 if number == 0 => return Err(VarintError::NotCanonical),
        0..=248 => ONE_BYTE_MAX + 256 * u64::from(first - 241) + number,
        249 => TWO_BYTES_MAX + 1 + number,
        _ if number <= THREE_BYTES_MAX => return Err(VarintError::NotCanonical),
        250 => number,
        _ if tail[0] == 0 => return Err(VarintError::NotCanonical),
        _ => number,
    };
    *input = rest;
    Ok(value)
}

/// The index of the first byte of the big-endian form that is not zero.
fn first_significant(value: u64) -> usize {
    value.leading_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write(value, &mut out);
        out
    }

    /// Numbers of every magnitude, instead of nearly always nine bytes.
    fn any_magnitude() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift)
    }

    #[test]
    fn boundaries_have_the_published_bytes() {
        let cases: &[(u64, &[u8])] = &[
            (0, &[0]),
            (240, &[240]),
            (241, &[241, 1]),
            (2287, &[248, 255]),
            (2288, &[249, 0, 0]),
            (67823, &[249, 255, 255]),
            (67824, &[250, 1, 8, 240]),
            (0xff_ffff, &[250, 255, 255, 255]),
            (0x100_0000, &[251, 1, 0, 0, 0]),
            (u64::MAX, &[255, 255, 255, 255, 255, 255, 255, 255, 255]),
        ];
        for (value, bytes) in cases {
            assert_eq!(encoded(*value), *bytes, "{value}");
            assert_eq!(read(&mut &bytes[..]), Ok(*value));
        }
    }

    #[test]
    fn a_longer_form_than_needed_is_refused() {
        for bytes in [
            &[241u8, 0][..],
            &[250, 0, 0, 1],
            &[250, 1, 8, 239],
            &[251, 0, 255, 255, 255],
            &[255, 0, 1, 1, 1, 1, 1, 1, 1],
        ] {
            let mut input = bytes;
            assert_eq!(read(&mut input), Err(VarintError::NotCanonical));
            assert_eq!(input, bytes, "a refused number is not consumed");
        }
    }

    /// Random bytes once missed that 240 could also be read from two bytes.
    #[test]
    fn no_two_short_forms_are_one_number() {
        let mut next = 0;
        for first in 0..=249 {
            let tails = match first {
                0..=240 => 1u32,
                241..=248 => 1 << 8,
                _ => 1 << 16,
            };
            for tail in 0..tails {
                let [.., high, low] = tail.to_be_bytes();
                let bytes = match first {
                    0..=240 => vec![first],
                    241..=248 => vec![first, low],
                    _ => vec![first, high, low],
                };
                if let Ok(value) = read(&mut &bytes[..]) {
                    assert_eq!(value, next, "{bytes:?}");
                    next += 1;
                }
            }
        }
        assert_eq!(next, THREE_BYTES_MAX + 1);
    }

    proptest! {
        #[test]
        fn a_number_reads_back_and_nothing_more(value in any_magnitude(), tail: Vec<u8>) {
            let mut bytes = encoded(value);
            prop_assert_eq!(bytes.len(), length(value));
            bytes.extend_from_slice(&tail);
            let mut input = &bytes[..];
            prop_assert_eq!(read(&mut input), Ok(value));
            prop_assert_eq!(input, &tail[..]);
        }

        #[test]
        fn byte_order_is_numeric_order(a in any_magnitude(), b in any_magnitude()) {
            prop_assert_eq!(a.cmp(&b), encoded(a).cmp(&encoded(b)));
        }

        #[test]
        fn what_can_be_read_is_what_would_be_written(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut input = &bytes[..];
            if let Ok(value) = read(&mut input) {
                prop_assert_eq!(encoded(value), &bytes[..bytes.len() - input.len()]);
            }
        }
    }
}
