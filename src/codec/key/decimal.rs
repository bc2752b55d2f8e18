//! Decimal numbers as keys.
//!
//! Owns a form in which numbers that are equal are equal keys, however many zeros their fractions
//! end with: a byte for the sign, the whole number as its length and its bytes, and the digits of the
//! fraction in pairs, each pair plus one in a byte, up to a byte of zero. `19.90` is `02`, `01 13`,
//! `5B`, `00`. Of a negative number, everything after the sign is inverted.

use rust_decimal::Decimal;

use super::{KeyError, OrderedKey, take_array};

const KIND: &str = "Decimal";
const NEGATIVE: u8 = 1;
/// Zero, too.
const POSITIVE: u8 = 2;
/// How many digits a fraction has at most.
const DIGITS: u32 = Decimal::MAX_SCALE;

impl OrderedKey for Decimal {
    /// `1.5` and `1.50` are equal, and each is kept as it was written.
    const SERIALIZES_UNIQUELY: bool = false;

    fn encode_key(&self, out: &mut Vec<u8>) {
        let negative = self.is_sign_negative() && !self.is_zero();
        out.push(if negative { NEGATIVE } else { POSITIVE });
        let start = out.len();
        let scale = 10u128.pow(self.scale());
        let mantissa = self.mantissa().unsigned_abs();
        write_whole(mantissa / scale, out);
        write_fraction(mantissa % scale * 10u128.pow(DIGITS - self.scale()), out);
        if negative {
            out[start..].iter_mut().for_each(|byte| *byte = !*byte);
        }
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        let mask = match take_array(input, KIND)? {
            [POSITIVE] => 0,
            [NEGATIVE] => 0xff,
            [_] => return Err(KeyError::NotCanonical { kind: KIND }),
        };
        let whole = read_whole(input, mask)?;
        let (fraction, digits) = read_fraction(input, mask)?;
        let mantissa = 10u128
            .checked_pow(digits)
            .and_then(|scale| whole.checked_mul(scale)?.checked_add(fraction))
            .and_then(|mantissa| i128::try_from(mantissa).ok());
        let signed = mantissa.map(|it| if mask == 0 { it } else { -it });
        let value = signed.and_then(|it| Self::try_from_i128_with_scale(it, digits).ok());
        match value {
            Some(value) if mask == 0 || !value.is_zero() => Ok(value),
            Some(_) => Err(KeyError::NotCanonical { kind: KIND }),
            None => Err(KeyError::invalid(KIND, "it has more digits than fit")),
        }
    }
}

fn write_whole(whole: u128, out: &mut Vec<u8>) {
    let bytes = whole.to_be_bytes();
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    let length = u8::try_from(bytes.len() - leading).expect("a u128 has sixteen bytes");
    out.push(length);
    out.extend_from_slice(&bytes[leading..]);
}

fn read_whole(input: &mut &[u8], mask: u8) -> Result<u128, KeyError> {
    let [length] = take_array(input, KIND)?;
    let length = usize::from(length ^ mask);
    if length > size_of::<u128>() {
        return Err(KeyError::NotCanonical { kind: KIND });
    }
    let mut whole = 0;
    for at in 0..length {
        let [byte] = take_array(input, KIND)?;
        let byte = byte ^ mask;
        if at == 0 && byte == 0 {
            return Err(KeyError::NotCanonical { kind: KIND });
        }
        whole = whole << 8 | u128::from(byte);
    }
    Ok(whole)
}

/// `fraction` has [`DIGITS`] digits.
fn write_fraction(mut fraction: u128, out: &mut Vec<u8>) {
    let mut unit = 10u128.pow(DIGITS);
    while fraction > 0 {
        unit /= 100;
        let pair = u8::try_from(fraction / unit).expect("two digits fit a byte");
        out.push(pair + 1);
        fraction %= unit;
    }
    out.push(0);
}

/// The digits as a number, and how many there are, without zeros at their end.
fn read_fraction(input: &mut &[u8], mask: u8) -> Result<(u128, u32), KeyError> {
    let (mut fraction, mut digits) = (0u128, 0);
    let mut last = 1;
    loop {
        let [byte] = take_array(input, KIND)?;
        let byte = byte ^ mask;
        if byte == 0 {
            break;
        }
        if byte > 100 || digits == DIGITS {
            return Err(KeyError::NotCanonical { kind: KIND });
        }
        last = byte - 1;
        fraction = fraction * 100 + u128::from(last);
        digits += 2;
    }
    match last {
        0 => Err(KeyError::NotCanonical { kind: KIND }),
        _ if last % 10 == 0 => Ok((fraction / 10, digits - 1)),
        _ => Ok((fraction, digits)),
    }
}
