//! Floats that are no numbers or no plain zero, and dates at the ends of their range.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use musher::prelude::*;

use crate::support::*;

#[derive(Entity, Debug)]
struct Reading {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    value: f64,
    #[orm(unique, default)]
    label: Option<f32>,
}

#[test]
fn a_nan_is_stored_found_by_an_index_and_ordered_after_all_numbers() {
    on_both_stores::<Reading>(|orm| {
        let mut em = orm.em();
        let values = [f64::NAN, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
        let ids = values.map(|value| em.create(Reading::build().value(value)));
        em.flush()?;
        em.clear();
        let found = em
            .find::<Reading>()
            .filter(|r| r.value().eq(f64::NAN))
            .all()?;
        assert_eq!(found, [ids[0]]);
        assert!(em[ids[0]].value.is_nan());
        let above = em
            .find::<Reading>()
            .filter(|r| r.value().gt(f64::MAX))
            .all()?;
        assert_eq!(above, [ids[0], ids[2]]);
        let below = em
            .find::<Reading>()
            .filter(|r| r.value().lt(f64::NAN))
            .count()?;
        assert_eq!(below, 4);
        // It is not another value than it was, though it does not equal itself.
        let commits = em.statistics().commits;
        em[ids[0]].value = f64::NAN;
        em.flush()?;
        assert_eq!(em.statistics().commits, commits);
        Ok(())
    });
}

#[test]
fn every_nan_is_one_value() {
    on_both_stores::<Reading>(|orm| {
        let mut em = orm.em();
        let other = f64::from_bits(f64::NAN.to_bits() | 1 << 63 | 7);
        let id = em.create(Reading::build().value(other));
        em.flush()?;
        let found = em
            .find::<Reading>()
            .filter(|r| r.value().eq(f64::NAN))
            .all()?;
        assert_eq!(found, [id]);
        let others = em
            .find::<Reading>()
            .filter(|r| r.value().ne(f64::NAN))
            .count()?;
        assert_eq!(others, 0);
        Ok(())
    });
}

#[test]
fn negative_zero_equals_zero() {
    on_both_stores::<Reading>(|orm| {
        let mut em = orm.em();
        let (plus, minus) = (
            em.create(Reading::build().value(0.0).label(Some(0.0))),
            em.create(Reading::build().value(-0.0)),
        );
        em.flush()?;
        for zero in [0.0, -0.0] {
            let found = em.find::<Reading>().filter(|r| r.value().eq(zero)).all()?;
            assert_eq!(found, [plus, minus]);
            let found = em
                .find::<Reading>()
                .filter(|r| r.value().is_in([zero, 7.0]))
                .all()?;
            assert_eq!(found, [plus, minus]);
            assert_eq!(
                em.find::<Reading>()
                    .filter(|r| r.value().ne(zero))
                    .count()?,
                0
            );
            assert_eq!(
                em.find::<Reading>()
                    .filter(|r| r.value().lt(zero))
                    .count()?,
                0
            );
            let found = em
                .find::<Reading>()
                .filter(|r| r.label().eq(Some(-0.0)))
                .all()?;
            assert_eq!(found, [plus]);
        }
        em[minus].label = Some(-0.0);
        let error = refused(em.flush());
        assert!(
            matches!(
                error,
                Error::UniqueViolation {
                    property: "label",
                    ..
                }
            ),
            "{error}"
        );
        em[minus].label = None;
        em.flush()
    });
}

#[derive(Entity, Debug)]
struct Appointment {
    #[orm(primary_key)]
    at: DateTime<Utc>,
    #[orm(index)]
    day: NaiveDate,
    #[orm(index)]
    time: NaiveTime,
    #[orm(unique)]
    local: NaiveDateTime,
}

#[test]
fn dates_at_the_ends_of_their_range_are_keys_and_values_like_any_other() {
    on_both_stores::<Appointment>(|orm| {
        let mut em = orm.em();
        let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_999_999_999);
        let times = [NaiveTime::MIN, leap.expect("a leap second")];
        let moments = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC];
        for ((at, time), day) in moments
            .iter()
            .zip(times)
            .zip([NaiveDate::MIN, NaiveDate::MAX])
        {
            let appointment = Appointment::build().at(*at).day(day).time(time);
            em.create(appointment.local(day.and_time(time)));
        }
        em.flush()?;
        em.clear();
        let ids = moments.map(Id::<Appointment>::new);
        assert_eq!(em.find::<Appointment>().all()?, ids);
        for (id, (day, time)) in ids
            .iter()
            .zip([NaiveDate::MIN, NaiveDate::MAX].iter().zip(times))
        {
            let found = em
                .find::<Appointment>()
                .filter(|a| a.day().eq(*day))
                .all()?;
            assert_eq!(found, [*id]);
            let found = em
                .find::<Appointment>()
                .filter(|a| a.time().eq(time))
                .all()?;
            assert_eq!(found, [*id]);
            assert_eq!(em[id].local, day.and_time(time));
        }
        let before = NaiveDate::MAX - Days::new(1);
        assert_eq!(
            em.find::<Appointment>()
                .filter(|a| a.day().gt(before))
                .all()?,
            [ids[1]]
        );
        let after = DateTime::<Utc>::MIN_UTC + TimeDelta::nanoseconds(1);
        assert_eq!(
            em.find::<Appointment>()
                .filter(|a| a.at().lt(after))
                .all()?,
            [ids[0]]
        );
        Ok(())
    });
}
