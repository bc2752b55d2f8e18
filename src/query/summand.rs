//! What can be added up, and what has a mean.

use std::time::Duration;

use chrono::TimeDelta;

/// What can be added up: numbers, `Duration`, `TimeDelta`, and with the feature `rust_decimal` `Decimal`.
/// Integers of up to 64 bits are added up as 64 bits, floats as `f64`.
///
/// A type of the program's own can be added up when it says how:
///
/// ```
/// use musher::Summand;
///
/// #[derive(Clone, Copy, Default)]
/// struct Money { cents: i64 }
///
/// impl Summand for Money {
///     type Sum = Self;
///
///     fn add_to(self, sum: Self) -> Option<Self> {
///         let cents = sum.cents.checked_add(self.cents)?;
///         Some(Self { cents })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` can't be added up",
    label = "expected numbers",
    note = "a type of your own can be when it implements `musher::Summand`; or make numbers of it: `it.property().map(|value| ..).sum()`"
)]
pub trait Summand: Sized {
    /// What a sum is; that of nothing is the default.
    type Sum: Default;

    /// The sum with this value, or `None` if it is out of range.
    fn add_to(self, sum: Self::Sum) -> Option<Self::Sum>;
}

/// What has a mean: that of `Decimal`s is a `Decimal`, of other numbers an `f64`.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` have no mean",
    label = "expected numbers",
    note = "make numbers of them: `it.property().map(|value| ..).avg()`"
)]
pub trait Averaged: Sized {
    /// What values are added up as.
    type Total: Default;
    /// What a mean is.
    type Mean;

    /// The total with this value, or `None` if it is out of range.
    fn add_to_total(self, total: Self::Total) -> Option<Self::Total>;

    /// The mean of so many values, of which there is one at least.
    fn mean(total: Self::Total, count: usize) -> Self::Mean;
}

macro_rules! integers {
    ($($value:ty)* => $sum:ty) => {$(
        impl Summand for $value {
            type Sum = $sum;

            fn add_to(self, sum: $sum) -> Option<$sum> {
                sum.checked_add(<$sum>::from(self))
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 => u64);
integers!(i8 i16 i32 i64 => i64);
integers!(u128 => u128);
integers!(i128 => i128);
integers!(usize => usize);

/// Lengths, which no row holds and `map` makes.
impl Averaged for usize {
    type Total = i128;
    type Mean = f64;

    fn add_to_total(self, total: i128) -> Option<i128> {
        total.checked_add(i128::try_from(self).ok()?)
    }

    fn mean(total: i128, count: Self) -> f64 {
        i64::mean(total, count)
    }
}

/// Exact: no number of values that memory could count is out of range.
macro_rules! exact_means {
    ($($value:ty)*) => {$(
        impl Averaged for $value {
            type Total = i128;
            type Mean = f64;

            fn add_to_total(self, total: i128) -> Option<i128> {
                total.checked_add(i128::from(self))
            }

            #[expect(clippy::cast_precision_loss, reason = "a mean is as exact as an `f64`")]
            fn mean(total: i128, count: usize) -> f64 {
                total as f64 / count as f64
            }
        }
    )*};
}

exact_means!(u8 u16 u32 u64 i8 i16 i32 i64);

macro_rules! floating_means {
    ($($value:ty)*) => {$(
        impl Averaged for $value {
            type Total = f64;
            type Mean = f64;

            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_lossless,
                reason = "a mean is as exact as an `f64`"
            )]
            fn add_to_total(self, total: f64) -> Option<f64> {
                Some(total + self as f64)
            }

            #[expect(clippy::cast_precision_loss, reason = "a mean is as exact as an `f64`")]
            fn mean(total: f64, count: usize) -> f64 {
                total / count as f64
            }
        }
    )*};
}

floating_means!(u128 i128 f32 f64);

impl Summand for f32 {
    type Sum = f64;

    fn add_to(self, sum: f64) -> Option<f64> {
        Some(sum + f64::from(self))
    }
}

impl Summand for f64 {
    type Sum = Self;

    fn add_to(self, sum: Self) -> Option<Self> {
        Some(sum + self)
    }
}

impl Summand for Duration {
    type Sum = Self;

    fn add_to(self, sum: Self) -> Option<Self> {
        sum.checked_add(self)
    }
}

impl Summand for TimeDelta {
    type Sum = Self;

    fn add_to(self, sum: Self) -> Option<Self> {
        sum.checked_add(&self)
    }
}

#[cfg(feature = "rust_decimal")]
impl Summand for rust_decimal::Decimal {
    type Sum = Self;

    fn add_to(self, sum: Self) -> Option<Self> {
        sum.checked_add(self)
    }
}

#[cfg(feature = "rust_decimal")]
impl Averaged for rust_decimal::Decimal {
    type Total = Self;
    type Mean = Self;

    fn add_to_total(self, total: Self) -> Option<Self> {
        total.checked_add(self)
    }

    fn mean(total: Self, count: usize) -> Self {
        total / Self::from(count)
    }
}
