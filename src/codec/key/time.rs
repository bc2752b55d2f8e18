//! Dates and times as keys.
//!
//! Owns their decomposition into integers: a date is its number of days since 1970-01-01 (signed
//! form), a time of day its second of the day and its nanosecond (unsigned form), a date and time
//! one after the other. That covers the whole range of chrono, leap seconds included, which it
//! keeps as nanoseconds beyond the thousand millionth. A moment is stored in UTC, and without a
//! time zone of its own. A duration is its whole seconds, rounded down, and the nanoseconds beyond
//! them.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};

use super::{KeyError, OrderedKey};

impl OrderedKey for NaiveDate {
    fn encode_key(&self, out: &mut Vec<u8>) {
        self.to_epoch_days().encode_key(out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        let days = i32::decode_key(input)?;
        Self::from_epoch_days(days).ok_or_else(|| {
            KeyError::invalid("NaiveDate", format!("day {days} is beyond the calendar"))
        })
    }
}

impl OrderedKey for NaiveTime {
    fn encode_key(&self, out: &mut Vec<u8>) {
        self.num_seconds_from_midnight().encode_key(out);
        self.nanosecond().encode_key(out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        let second = u32::decode_key(input)?;
        let nanosecond = u32::decode_key(input)?;
        // The nanosecond is set apart, because the constructor takes a leap second only at the end
        // of a minute, while a time can have one anywhere.
        Self::from_num_seconds_from_midnight_opt(second, 0)
            .and_then(|time| time.with_nanosecond(nanosecond))
            .ok_or_else(|| {
                let reason = format!("second {second} and nanosecond {nanosecond} are in no day");
                KeyError::invalid("NaiveTime", reason)
            })
    }
}

impl OrderedKey for NaiveDateTime {
    fn encode_key(&self, out: &mut Vec<u8>) {
        self.date().encode_key(out);
        self.time().encode_key(out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        let date = NaiveDate::decode_key(input)?;
        Ok(date.and_time(NaiveTime::decode_key(input)?))
    }
}

impl OrderedKey for DateTime<Utc> {
    fn encode_key(&self, out: &mut Vec<u8>) {
        self.naive_utc().encode_key(out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        NaiveDateTime::decode_key(input).map(|moment| moment.and_utc())
    }
}

const NANOSECONDS: u32 = 1_000_000_000;

impl OrderedKey for Duration {
    fn encode_key(&self, out: &mut Vec<u8>) {
        self.as_secs().encode_key(out);
        self.subsec_nanos().encode_key(out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        let seconds = u64::decode_key(input)?;
        Ok(Self::new(seconds, nanosecond(input, "Duration")?))
    }
}

impl OrderedKey for TimeDelta {
    fn encode_key(&self, out: &mut Vec<u8>) {
        // Both parts have the sign of the whole: -1.5 s is -1 s and -500,000,000 ns.
        let (seconds, nanoseconds) = (self.num_seconds(), i64::from(self.subsec_nanos()));
        let borrowed = i64::from(nanoseconds < 0);
        (seconds - borrowed).encode_key(out);
        (nanoseconds + borrowed * i64::from(NANOSECONDS))
            .cast_unsigned()
            .encode_key(out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        let seconds = i64::decode_key(input)?;
        let nanoseconds = nanosecond(input, "TimeDelta")?;
        Self::new(seconds, nanoseconds).ok_or_else(|| {
            KeyError::invalid(
                "TimeDelta",
                format!("{seconds} seconds are beyond its range"),
            )
        })
    }
}

/// The part of a duration that is less than a second.
fn nanosecond(input: &mut &[u8], kind: &'static str) -> Result<u32, KeyError> {
    let nanosecond = u32::decode_key(input)?;
    if nanosecond < NANOSECONDS {
        Ok(nanosecond)
    } else {
        Err(KeyError::NotCanonical { kind })
    }
}
