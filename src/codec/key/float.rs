//! Floating point numbers as keys.
//!
//! Owns the mapping of IEEE 754 numbers to unsigned integers of the same order: a positive number
//! has its sign bit set, a negative one all its bits flipped, which is the order of `total_cmp`.
//! Before that, `-0.0` becomes `0.0` and every NaN the one canonical NaN, because numbers that are
//! equal to a program must be equal as keys. What decodes to another NaN or to `-0.0` is refused.

use super::{KeyError, OrderedKey, take_array};

macro_rules! float {
    ($float:ty, $bits:ty) => {
        impl OrderedKey for $float {
            const SERIALIZES_UNIQUELY: bool = false;

            fn encode_key(&self, out: &mut Vec<u8>) {
                const SIGN: $bits = 1 << (<$bits>::BITS - 1);
                // Adding zero turns a negative zero into zero and leaves all else as it is.
                let number = if self.is_nan() {
                    <$float>::NAN
                } else {
                    *self + 0.0
                };
                let bits = number.to_bits() & !(SIGN * <$bits>::from(number.is_nan()));
                let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
                out.extend_from_slice(&ordered.to_be_bytes());
            }

            fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
                const SIGN: $bits = 1 << (<$bits>::BITS - 1);
                let kind = stringify!($float);
                let ordered = <$bits>::from_be_bytes(take_array(input, kind)?);
                let bits = if ordered & SIGN == 0 {
                    !ordered
                } else {
                    ordered & !SIGN
                };
                let number = <$float>::from_bits(bits);
                let canonical_nan = <$float>::NAN.to_bits() & !SIGN;
                let not_written = bits == SIGN || number.is_nan() && bits != canonical_nan;
                if not_written {
                    return Err(KeyError::NotCanonical { kind });
                }
                Ok(number)
            }
        }
    };
}

float!(f32, u32);
float!(f64, u64);

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(number: f64) -> Vec<u8> {
        let mut out = Vec::new();
        number.encode_key(&mut out);
        out
    }

    #[test]
    fn zeros_are_one_key_and_so_are_all_nans() {
        assert_eq!(encoded(-0.0), encoded(0.0));
        for bits in [0x7ff0_0000_0000_0001, 0xfff8_0000_0000_0000, u64::MAX] {
            assert_eq!(encoded(f64::from_bits(bits)), encoded(f64::NAN));
        }
        assert!(encoded(f64::NAN) > encoded(f64::INFINITY));
    }

    #[test]
    fn what_is_never_written_is_refused() {
        let negative_zero = (!(-0.0f64).to_bits()).to_be_bytes();
        let last_nan = u64::MAX.to_be_bytes();
        for bytes in [negative_zero, last_nan] {
            assert_eq!(
                f64::decode_key(&mut &bytes[..]),
                Err(KeyError::NotCanonical { kind: "f64" })
            );
        }
    }
}
