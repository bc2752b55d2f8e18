//! What is flushed inside a transaction is seen by its unit of work at once, by others after the
//! commit, and is one commit.

use musher::prelude::*;

use super::stored;
use crate::support::*;

#[test]
fn flushes_of_a_transaction_are_one_commit() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let written = em.transactional(|em| {
            assert!(em.is_in_transaction());
            let ann = user(em, "ann");
            em.flush()?;
            let written = article(em, "one", ann);
            em.flush()?;
            assert_eq!(em.statistics().commits, 0);
            let label = tag(em, "rust");
            em.edit(written).tags().add(label);
            Ok(written)
        })?;
        assert!(!em.is_in_transaction());
        let statistics = em.statistics();
        assert_eq!((statistics.commits, statistics.rows_written), (1, 3));
        assert_eq!(statistics.links_written, 1);
        let mut other = orm.em();
        other
            .find_one(written)
            .populate(|a| (a.author(), a.tags(), a.text()))
            .or_fail()?;
        assert_eq!(other.view(written).author().email, "ann@house.org");
        assert_eq!(other[written].tags.len(), 1);
        assert_eq!(other[written].text.get().unwrap(), "The text of one");
        em.flush()?;
        assert_eq!(em.statistics().commits, 1, "everything is clean");
        Ok(())
    });
}

#[test]
fn others_see_nothing_before_the_commit_and_everything_after() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let old = tag(&mut em, "old");
        em.flush()?;
        let before = stored(orm)?;
        em.transactional(|em| {
            em[ann].bio = "changed".into();
            em[ann].password = "new".into();
            em.remove(old);
            let written = article(em, "one", ann);
            let new = tag(em, "new");
            em.edit(written).tags().add(new);
            em.flush()?;
            assert_eq!(stored(orm)?, before);
            assert_eq!(
                em.fork().find::<Article>().count()?,
                0,
                "a fork is another unit of work"
            );
            Ok(())
        })?;
        let mut other = orm.em();
        other
            .find_one(ann)
            .populate(|u| (u.password(), u.articles().tags()))
            .or_fail()?;
        assert_eq!(other[ann].bio, "changed");
        assert_eq!(other[ann].password.get().unwrap(), "hashed new");
        assert_eq!(other[ann].articles.len(), 1);
        assert_eq!(other[other[ann].articles[0]].tags.len(), 1);
        assert_eq!(other.find_one(old).one()?, None);
        Ok(())
    });
}

#[test]
fn queries_see_staged_rows_and_not_removed_ones() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (first, second) = (
            article(&mut em, "first", ann),
            article(&mut em, "second", ann),
        );
        let label = tag(&mut em, "rust");
        em.edit(first).tags().add(label);
        em.edit(second).tags().add(label);
        em.flush()?;
        em.clear();
        em.transactional(|em| {
            em.remove(first);
            em.find_one(second).or_fail()?;
            em[second].title = "RENAMED".into();
            em[second].text = "changed".into();
            let third = article(em, "third", ann);
            em.edit(third).tags().add(label);
            em.flush()?;
            em.clear();
            assert_eq!(em.find_one(first).one()?, None);
            assert_eq!(em.find::<Article>().all()?, [second, third]);
            assert_eq!(em.find::<Article>().count()?, 2);
            let by_slug = |em: &mut EntityManager, slug: &str| {
                em.find::<Article>().filter(|a| a.slug().eq(slug)).one()
            };
            assert_eq!(by_slug(em, "first")?, None, "by a unique index");
            assert_eq!(by_slug(em, "third")?, Some(third));
            let by_title = |em: &mut EntityManager, title: &str| {
                em.find::<Article>().filter(|a| a.title().eq(title)).all()
            };
            assert_eq!(by_title(em, "RENAMED")?, [second], "by an index");
            assert_eq!(by_title(em, "SECOND")?, []);
            assert_eq!(
                em.find::<Article>()
                    .filter(|a| a.author().email().eq("ann@house.org"))
                    .count()?,
                2
            );
            em.find_one(label)
                .populate(|t| t.articles().text())
                .or_fail()?;
            assert_eq!(em[label].articles.ids(), [second, third]);
            assert_eq!(em[second].text.get().unwrap(), "changed");
            em.find_one(ann).populate(|u| u.articles()).or_fail()?;
            assert_eq!(em[ann].articles.ids(), [second, third]);
            Ok(())
        })?;
        assert_eq!(orm.em().find::<Article>().count()?, 2);
        Ok(())
    });
}

#[test]
fn a_refresh_and_a_count_of_a_collection_read_what_is_staged() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        em.clear();
        em.transactional(|em| {
            em.find_one(ann).or_fail()?;
            em[ann].bio = "staged".into();
            article(em, "one", ann);
            em.flush()?;
            em[ann].bio = "pending".into();
            em.refresh(ann)?;
            assert_eq!(em[ann].bio, "staged");
            em.clear();
            em.find_one(ann).or_fail()?;
            assert_eq!(em.edit(ann).articles().load_count()?, 1);
            Ok(())
        })
    });
}

#[test]
fn rules_of_removal_hold_inside() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em.clear();
        em.transactional(|em| {
            let comment = em.create(Comment::build().text("first").article(written));
            em.flush()?;
            em.create(
                Comment::build()
                    .text("reply")
                    .article(written)
                    .reply_to(comment),
            );
            em.flush()?;
            em.clear();
            em.remove(ann);
            let error = refused(em.flush());
            assert!(matches!(error, Error::ForeignKeyViolation { .. }));
            em.remove(written);
            em.flush()?;
            assert_eq!(
                em.find::<Comment>().count()?,
                0,
                "the staged ones went with the article"
            );
            Ok(())
        })?;
        assert_eq!(stored(orm)?, [""; 0]);
        Ok(())
    });
}

#[test]
fn values_swap_and_rows_come_back_over_several_flushes() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let home = page(&mut em, "/a");
        em.flush()?;
        em.transactional(|em| {
            em[ann].email = "other".into();
            em.flush()?;
            em[bob].email = "ann@house.org".into();
            em.flush()?;
            em[ann].email = "bob@house.org".into();
            em.remove(home.clone());
            em.flush()?;
            page(em, "/a");
            em.flush()
        })?;
        let mut other = orm.em();
        other.find::<User>().all()?;
        assert_eq!(other[ann].email, "bob@house.org");
        assert_eq!(other[bob].email, "ann@house.org");
        assert!(other.find_one(home).one()?.is_some());
        Ok(())
    });
}

#[test]
fn a_transaction_without_changes_makes_no_commit() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "rust");
        em.flush()?;
        em.transactional(|em| {
            em[label].name = "rust".into();
            em.find::<Tag>().all().map(drop)
        })?;
        assert_eq!(em.statistics().commits, 1);
        Ok(())
    });
}

#[test]
fn a_clear_inside_forgets_what_is_pending_and_keeps_what_was_flushed() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.transactional(|em| {
            let kept = tag(em, "kept");
            em.flush()?;
            em[kept].name = "lost".into();
            tag(em, "lost");
            em.clear();
            assert!(!em.is_managed(kept));
            em.find_one(kept).or_fail()?;
            em[kept].name.push('!');
            Ok(())
        })?;
        let mut other = orm.em();
        let tags = other.find::<Tag>().all()?;
        assert_eq!(tags.len(), 1);
        assert_eq!(other[tags[0]].name, "kept!");
        assert_eq!(em[tags[0]].name, "kept!");
        Ok(())
    });
}

#[test]
fn after_hooks_wait_for_the_commit_and_run_in_order() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        events();
        em.transactional(|em| {
            let first = task(em, "");
            em.flush()?;
            em[first].order = "go".into();
            em.flush()?;
            let second = task(em, "");
            em.flush()?;
            em.remove(first);
            em.flush()?;
            em[second].order = "on".into();
            em.flush()?;
            let lines = events();
            assert!(lines.iter().any(|line| line.starts_with("before_")));
            assert!(!lines.iter().any(|line| line.starts_with("after_")));
            Ok(())
        })?;
        assert_eq!(
            events(),
            [
                "after_create 1 [order code hooks stamp parent]",
                "after_update 1 [order hooks stamp]",
                "after_create 2 [order code hooks stamp parent]",
                "after_delete 1 []",
                "after_update 2 [order hooks stamp]",
            ]
        );
        Ok(())
    });
}

#[test]
fn the_log_tells_the_transaction_once() {
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
    let kept = std::sync::Arc::clone(&lines);
    let logger = move |line: &str| {
        let line = line.split(" [took").next().unwrap_or_default();
        kept.lock().expect("nobody panics").push(line.to_owned());
    };
    let orm = Orm::builder()
        .entities::<House>()
        .logger(logger)
        .in_memory()
        .expect("the schema is valid");
    let mut em = orm.em();
    em.transactional(|em| {
        tag(em, "a");
        em.flush()?;
        em.transactional(|em| {
            tag(em, "b");
            Ok(())
        })?;
        refused(em.transactional(|em| {
            tag(em, "c");
            em.flush()?;
            super::give_up::<()>()
        }));
        Ok(())
    })
    .expect("the transaction is committed");
    em.begin();
    em.rollback();
    assert_eq!(
        *lines.lock().expect("nobody panics"),
        [
            "[query] begin",
            "[query] insert tag #1 (name: \"a\")",
            "[query] savepoint",
            "[query] insert tag #2 (name: \"b\")",
            "[query] release savepoint",
            "[query] savepoint",
            "[query] insert tag #3 (name: \"c\")",
            "[query] rollback to savepoint",
            "[query] commit",
            "[query] begin",
            "[query] rollback",
        ]
    );
}

/// Its hook after the commit panics.
#[derive(Entity, Debug)]
#[orm(after_create = Alarm::ring)]
struct Alarm {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

impl Alarm {
    fn ring(&self, _: &EventArgs<Self>) {
        panic!("{} rings", self.name)
    }
}

#[test]
fn a_panic_of_a_hook_that_follows_the_commit_takes_nothing_back() {
    on_both_stores::<Alarm>(|orm| {
        let mut em = orm.em();
        let mut alarm = None;
        let message = panic_of(|| {
            em.transactional(|em| {
                alarm = Some(em.create(Alarm::build().name("the bell")));
                Ok(())
            })
        });
        assert_eq!(message, "the bell rings");
        assert!(!em.is_in_transaction());
        let alarm = alarm.expect("it was created");
        assert_eq!(em[alarm].name, "the bell");
        em[alarm].name.push('!');
        em.flush()?;
        let mut other = orm.em();
        other.find_one(alarm).or_fail()?;
        assert_eq!(other[alarm].name, "the bell!");
        Ok(())
    });
}
