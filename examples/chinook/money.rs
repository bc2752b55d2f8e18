//! Sums of money: a type of the program's own, stored, compared and indexed like any other.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul};

use musher::Summand;
use musher::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, de};

/// Dollars, exact to the cent.
///
/// With the order of a key, conditions such as `lt` and `between` are for it, and indexes.
#[derive(
    Serialize, Deserialize, OrderedKey, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default,
)]
pub struct Money {
    cents: i64,
}

impl Money {
    pub const fn cents(cents: i64) -> Self {
        Self { cents }
    }

    /// A sum as it stands in the CSV files, `0.99`.
    pub fn from_dollars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let cents = match text.split_once('.') {
            Some((dollars, cents)) if cents.len() == 2 => format!("{dollars}{cents}").parse(),
            _ => return Err(de::Error::custom(format!("`{text}` has no two decimals"))),
        };
        cents.map(Self::cents).map_err(de::Error::custom)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.cents / 100, self.cents % 100)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::cents(self.cents + other.cents)
    }
}

impl Mul<u32> for Money {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        Self::cents(self.cents * i64::from(times))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), Add::add)
    }
}

/// What queries add up.
impl Summand for Money {
    type Sum = Self;

    fn add_to(self, sum: Self) -> Option<Self> {
        sum.cents.checked_add(self.cents).map(Self::cents)
    }
}
