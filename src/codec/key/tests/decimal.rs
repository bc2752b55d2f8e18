//! Decimal numbers as keys: the laws, and the documented bytes.

use rust_decimal::Decimal;

use super::*;

/// Numbers of every magnitude and scale, with and without zeros at the end.
fn decimal() -> impl Strategy<Value = Decimal> {
    (any::<i128>(), 32u32..128, 0u32..=28, 0u32..6).prop_map(|(bits, shift, scale, zeros)| {
        let zeros = 10i128.pow(zeros);
        let mantissa = (bits >> shift) / zeros * zeros;
        Decimal::from_i128_with_scale(mantissa, scale)
    })
}

proptest! {
    #[test]
    fn decimals(a in decimal(), b in decimal()) {
        check(&a, &b);
        check(&a, &-a);
        check(&a, &a.trunc());
        prop_assert_eq!(encoded(&a), encoded(&a.normalize()));
    }

    #[test]
    fn arbitrary_bytes_are_no_decimals_or_are_theirs(bytes in bytes(), sign in 1u8..3) {
        check_arbitrary::<Decimal>(&bytes);
        check_arbitrary::<Decimal>(&[&[sign][..], &bytes].concat());
    }
}

#[test]
fn a_price_has_the_documented_bytes() {
    assert_eq!(encoded(&Decimal::new(1990, 2)), [2, 1, 19, 91, 0]);
    assert_eq!(encoded(&Decimal::new(-1990, 2)), [1, !1, !19, !91, !0]);
    assert_eq!(encoded(&-Decimal::ZERO), encoded(&Decimal::ZERO));
    check(&Decimal::MIN, &Decimal::MAX);
}
