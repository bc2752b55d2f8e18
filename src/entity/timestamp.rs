//! What the unit of work can write the time into: `#[orm(created_at)]` and `#[orm(updated_at)]`.

use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

use crate::schema::FieldDescription;

/// A moment in time, as an entity keeps it. Implement it for a type of your own to use that as a
/// stamp:
///
/// ```
/// # use musher::prelude::*;
/// use std::time::{SystemTime, UNIX_EPOCH};
///
/// #[derive(serde::Serialize, serde::Deserialize, Debug)]
/// struct Seconds(u64);
///
/// impl musher::Timestamp for Seconds {
///     fn at(moment: SystemTime) -> Self {
///         Self(moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
///     }
/// }
///
/// #[derive(Entity, Debug)]
/// struct Event {
///     #[orm(primary_key)]
///     id: Pk,
///     #[orm(created_at)]
///     at: Seconds,
/// }
/// # let orm = Orm::builder().entities::<Event>().in_memory()?;
/// # let mut em = orm.em();
/// # let event = em.create(Event::build());
/// # assert!(em[event].at.0 > 0);
/// # Ok::<(), musher::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no time stamp",
    label = "not a time",
    note = "`created_at` and `updated_at` go on `chrono::DateTime<Utc>`, `NaiveDateTime`, `SystemTime`, an `Option` of one, \
            or a type of your own that implements `musher::Timestamp`"
)]
pub trait Timestamp {
    /// The value for a moment.
    fn at(moment: SystemTime) -> Self;
}

/// The description of a stamp. Only the type has to fit.
#[doc(hidden)]
#[must_use]
pub const fn stamped<V: Timestamp>(description: FieldDescription) -> FieldDescription {
    description
}

impl Timestamp for SystemTime {
    fn at(moment: SystemTime) -> Self {
        moment
    }
}

impl Timestamp for DateTime<Utc> {
    fn at(moment: SystemTime) -> Self {
        moment.into()
    }
}

/// In UTC.
impl Timestamp for DateTime<FixedOffset> {
    fn at(moment: SystemTime) -> Self {
        DateTime::<Utc>::at(moment).into()
    }
}

/// In UTC.
impl Timestamp for NaiveDateTime {
    fn at(moment: SystemTime) -> Self {
        DateTime::<Utc>::at(moment).naive_utc()
    }
}

impl<T: Timestamp> Timestamp for Option<T> {
    fn at(moment: SystemTime) -> Self {
        Some(T::at(moment))
    }
}
