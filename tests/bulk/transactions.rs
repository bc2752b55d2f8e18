//! Bulk operations inside transactions, and beside those of others.

use musher::ChangeKind::{Create, Delete, Update};
use musher::prelude::*;
use musher::{Error, FeedItem, Filter};

use crate::support::*;

#[test]
fn inside_a_transaction_they_are_staged_and_rolled_back_with_it() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let kept = tag(&mut em, "kept");
        em.flush()?;
        let failed: musher::Result<()> = em.transactional(|em| {
            em.insert_many([Tag::build().name("new")]).execute()?;
            em.update_where::<Tag>(|_| Filter::all([]))
                .set(|t| t.name().set("x"))
                .execute()?;
            assert_eq!(em.find::<Tag>().filter(|t| t.name().eq("x")).count()?, 2);
            assert_eq!(em[kept].name, "x");
            assert_eq!(orm.em().find::<Tag>().count()?, 1, "nobody else sees it");
            em.delete_where::<Tag>(|_| Filter::all([])).execute()?;
            assert!(!em.is_managed(kept));
            Err(Error::other("changed my mind"))
        });
        assert!(failed.is_err());
        assert_eq!(em[kept].name, "kept");
        assert_eq!(orm.em().find::<Tag>().count()?, 1);
        Ok(())
    });
}

#[test]
fn a_computed_value_is_computed_anew_at_the_commit() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        em[author].age = Some(10);
        em.flush()?;
        let older = |em: &mut EntityManager| {
            em.update_where::<User>(|u| u.age().is_some())
                .set(|u| u.age().update(|age| age.map(|age| age + 1)))
                .execute()
        };
        em.transactional(|em| {
            assert_eq!(older(em)?, 1);
            older(&mut orm.em())?;
            older(em)
        })?;
        assert_eq!(em[author].age, Some(13), "nobody's update is lost");
        let mut other = orm.em();
        other.find_one(author).or_fail()?;
        assert_eq!(other[author].age, Some(13));
        Ok(())
    });
}

#[test]
fn a_row_that_no_longer_meets_the_condition_at_the_commit_is_a_conflict() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        em[author].age = Some(10);
        em.flush()?;
        for remove in [false, true] {
            let failed = em.transactional(|em| {
                let old = |u: UserPath<User>| u.age().ge(10);
                if remove {
                    em.delete_where::<User>(old).execute()?;
                } else {
                    em.update_where::<User>(old)
                        .set(|u| u.bio().set("old"))
                        .execute()?;
                }
                let mut other = orm.em();
                other.find_one(author).or_fail()?;
                other[author].age = Some(9);
                other.flush()
            });
            let error = refused(failed);
            assert!(matches!(error, Error::Conflict { .. }), "{error}");
            em.refresh(author)?;
            assert_eq!((em[author].age, em[author].bio.as_str()), (Some(9), ""));
            em[author].age = Some(10);
            em.flush()?;
        }
        Ok(())
    });
}

#[test]
fn a_serializable_transaction_notices_what_others_did_to_what_was_looked_at() {
    on_both_stores::<House>(|orm| {
        user(&mut orm.em(), "unused");
        let failed = orm.em().transactional_with(Isolation::Serializable, |em| {
            em.update_where::<Tag>(|t| t.name().eq("a"))
                .set(|t| t.name().set("b"))
                .execute()?;
            em.insert_many([Tag::build().name("mine")]).execute()?;
            let mut other = orm.em();
            tag(&mut other, "a");
            other.flush()
        });
        assert!(matches!(refused(failed), Error::Conflict { .. }));
        Ok(())
    });
}

#[test]
fn the_change_feed_tells_them() {
    on_both_stores::<House>(|orm| {
        let changes = orm.subscribe::<Tag>();
        let mut em = orm.em();
        em.insert_many([Tag::build().name("a"), Tag::build().name("b")])
            .execute()?;
        em.update_where::<Tag>(|t| t.name().eq("a"))
            .set(|t| t.name().set("c"))
            .execute()?;
        em.delete_where::<Tag>(|_| Filter::all([])).execute()?;
        let kinds: Vec<_> = changes
            .try_iter()
            .map(|item| match item {
                FeedItem::Change(change) => (change.kind(), *change.id().key()),
                FeedItem::Missed(_) => panic!("there is room"),
            })
            .collect();
        assert_eq!(
            kinds,
            [
                (Create, 1),
                (Create, 2),
                (Update, 1),
                (Delete, 1),
                (Delete, 2)
            ]
        );
        Ok(())
    });
}

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Frame {
    #[orm(index)]
    colour: String,
    width: u32,
}

#[derive(Entity, Debug)]
struct Picture {
    #[orm(primary_key)]
    id: Pk,
    #[orm(unique)]
    name: String,
    #[orm(embedded)]
    frame: Option<Frame>,
}

#[test]
fn an_embedded_value_that_an_upsert_changes_is_written_as_a_whole() {
    on_both_stores::<Picture>(|orm| {
        let frame = |colour: &str| {
            let colour = colour.to_owned();
            Some(Frame { colour, width: 3 })
        };
        let mut em = orm.em();
        let blue = Picture::build().name("one").frame(frame("blue"));
        let id = em.create(blue);
        em.flush()?;
        let mut upserting = orm.em();
        upserting.begin();
        let red = Picture::build().name("one").frame(frame("red"));
        upserting.upsert(red).execute()?;
        em[id].frame = None; // committed before the transaction is
        em.flush()?;
        upserting.commit()?;
        assert!(orm.verify()?.is_clean());
        em.clear();
        em.find_one(id).or_fail()?;
        assert_eq!(em[id].frame, frame("red"));
        let reds = em
            .find::<Picture>()
            .filter(|p| p.frame().colour().eq("red"));
        assert_eq!(reds.count()?, 1);
        Ok(())
    });
}
