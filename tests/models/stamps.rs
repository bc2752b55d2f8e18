//! `created_at` and `updated_at`, by a clock that a test holds in its hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use musher::OrmBuilder;
use musher::prelude::*;

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(created_at)]
    created_at: DateTime<Utc>,
    #[orm(updated_at)]
    updated_at: DateTime<Utc>,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(base)]
    base: Base,
    title: String,
    #[orm(updated_at)]
    seen: Option<NaiveDateTime>,
    #[orm(created_at)]
    made: SystemTime,
    #[orm(created_at)]
    offset: DateTime<FixedOffset>,
    #[orm(default = made.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())]
    second: u64,
}

fn second(at: u64) -> DateTime<Utc> {
    DateTime::from(UNIX_EPOCH + Duration::from_secs(at))
}

/// Runs a test on both stores, with a clock that goes on by one second each time it is looked at.
fn with_a_ticking_clock(test: impl Fn(&Orm, &AtomicU64) -> musher::Result<()>) {
    let run = |open: &dyn Fn(OrmBuilder) -> musher::Result<Orm>| {
        let time = Arc::new(AtomicU64::new(0));
        let ticks = Arc::clone(&time);
        let tick = move || UNIX_EPOCH + Duration::from_secs(ticks.fetch_add(1, Ordering::Relaxed));
        let orm = open(Orm::builder().entities::<Article>().clock(tick)).expect("it opens");
        test(&orm, &time).unwrap_or_else(|error| panic!("{error}"));
        assert!(orm.verify().expect("it can be read").is_clean());
    };
    run(&OrmBuilder::in_memory);
    let directory = tempfile::tempdir().expect("there is room for a directory");
    run(&|builder| builder.open(directory.path()));
}

#[test]
fn what_is_created_has_one_time_in_all_its_stamps() {
    with_a_ticking_clock(|orm, time| {
        let mut em = orm.em();
        time.store(100, Ordering::Relaxed);
        let id = em.create(Article::build().title("One"));
        let check = |article: &Article| {
            let base = &article.base;
            assert_eq!(
                (base.created_at, base.updated_at),
                (second(100), second(100))
            );
            assert_eq!(article.seen, Some(second(100).naive_utc()));
            assert_eq!(SystemTime::from(second(100)), article.made);
            assert_eq!(
                (article.offset.with_timezone(&Utc), article.second),
                (second(100), 100)
            );
        };
        check(&em[id]);
        em.flush()?;
        check(&em[id]);
        let mut reader = orm.em();
        reader.find_one(id).or_fail()?;
        check(&reader[id]);
        Ok(())
    });
}

#[test]
fn a_flush_gives_one_time_to_all_that_it_updates_and_to_nothing_else() {
    with_a_ticking_clock(|orm, time| {
        let mut em = orm.em();
        let ids = ["One", "Two", "Three"].map(|title| em.create(Article::build().title(title)));
        em.flush()?;
        let created = ids.map(|id| em[id].base.created_at);
        let third = em[ids[2]].base.updated_at;
        time.store(500, Ordering::Relaxed);
        em[ids[0]].title = "Uno".into();
        em[ids[1]].title = "Due".into();
        em[ids[2]].title = "Three".into(); // as it was
        em.flush()?;
        assert_eq!(ids.map(|id| em[id].base.created_at), created);
        assert_eq!(
            ids.map(|id| em[id].base.updated_at),
            [second(500), second(500), third]
        );
        assert_eq!(em[ids[0]].seen, Some(second(500).naive_utc()));
        em.flush()?;
        assert_eq!(em[ids[0]].base.updated_at, second(500));
        Ok(())
    });
}

#[test]
fn what_the_program_sets_itself_stands() {
    with_a_ticking_clock(|orm, time| {
        let mut em = orm.em();
        time.store(100, Ordering::Relaxed);
        let imported = Article::build()
            .title("Old")
            .made(UNIX_EPOCH)
            .offset(second(7).into());
        let id = em.create(imported);
        em.flush()?;
        assert_eq!((em[id].made, em[id].second), (UNIX_EPOCH, 0));
        assert_eq!(em[id].offset, second(7));
        em[id].base.updated_at = second(9);
        em.flush()?;
        assert_eq!(em[id].base.updated_at, second(9));
        assert_eq!(
            em[id].seen,
            Some(second(101).naive_utc()),
            "the other one is set"
        );
        Ok(())
    });
}

#[test]
fn a_refused_flush_takes_the_time_back() {
    with_a_ticking_clock(|orm, time| {
        let mut em = orm.em();
        let id = em.create(Article::build().title("One"));
        em.flush()?;
        let before = em[id].base.updated_at;
        orm.em().transactional(|other| {
            other.remove(id);
            Ok(())
        })?;
        time.store(100, Ordering::Relaxed);
        em[id].title = "Gone".into();
        assert!(matches!(em.flush(), Err(Error::RowGone { .. })));
        assert_eq!(em[id].base.updated_at, before);
        Ok(())
    });
}

#[test]
fn bulk_operations_stamp_rows_too() {
    with_a_ticking_clock(|orm, time| {
        let mut em = orm.em();
        time.store(100, Ordering::Relaxed);
        let ids = em
            .insert_many(["One", "Two"].map(|title| Article::build().title(title)))
            .execute()?;
        time.store(200, Ordering::Relaxed);
        em.update_where::<Article>(|a| a.title().starts_with(""))
            .set(|a| a.title().set("Same"))
            .execute()?;
        em.find::<Article>().all()?;
        assert_eq!(em[ids[0]].base.created_at, second(100));
        assert_eq!(em[ids[1]].base.created_at, second(101));
        assert!(ids.iter().all(|id| em[*id].base.updated_at == second(200)));
        Ok(())
    });
}

/// Rows that were stored before their entity had stamps.
mod added_later {
    use super::*;

    mod before {
        use super::*;

        #[derive(Entity, Debug)]
        #[orm(name = "Note")]
        pub(super) struct Note {
            #[orm(primary_key)]
            pub(super) id: Pk,
            pub(super) text: String,
        }
    }

    #[derive(Entity, Debug)]
    struct Note {
        #[orm(primary_key)]
        id: Pk,
        text: String,
        #[orm(created_at)]
        created_at: DateTime<Utc>,
        #[orm(updated_at)]
        updated_at: Option<DateTime<Utc>>,
    }

    #[test]
    fn they_are_of_no_known_time_until_they_are_updated() -> musher::Result<()> {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let id = {
            let orm = crate::support::open::<before::Note>(directory.path());
            let mut em = orm.em();
            let id = em.create(before::Note::build().text("old"));
            em.flush()?;
            Id::<Note>::new(*id.key())
        };
        let at = UNIX_EPOCH + Duration::from_secs(100);
        let builder = Orm::builder().entities::<Note>().clock(move || at);
        let orm = builder.open(directory.path())?;
        let mut em = orm.em();
        em.find_one(id).or_fail()?;
        assert_eq!(
            (em[id].created_at, em[id].updated_at),
            (UNIX_EPOCH.into(), None)
        );
        em[id].text = "new".into();
        em.flush()?;
        assert_eq!(
            (em[id].created_at, em[id].updated_at),
            (UNIX_EPOCH.into(), Some(at.into()))
        );
        Ok(())
    }
}
