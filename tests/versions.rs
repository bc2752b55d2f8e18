//! Optimistic locking: an entity with `#[orm(version)]` is written only over the version that was
//! read. On both stores.

mod support;

use musher::prelude::*;
use support::{on_both_stores, refused};

#[derive(Entity, Debug)]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

#[derive(Entity, Debug)]
struct Page {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    notes: Lazy<String>,
    #[orm(version)]
    version: u64,
    #[orm(many_to_one)]
    author: Option<Id<Author>>,
    #[orm(one_to_one)]
    next: Option<Id<Page>>,
    #[orm(many_to_many)]
    related: Collection<Page>,
}

type Site = (Author, Page);

fn page(em: &mut EntityManager, title: &str) -> Id<Page> {
    em.create(Page::build().title(title).notes(""))
}

/// Changes the title in a unit of work of its own.
fn rename(orm: &Orm, id: Id<Page>, title: &str) -> musher::Result<()> {
    let mut em = orm.em();
    em.find_one(id).or_fail()?;
    em[id].title = title.into();
    em.flush()
}

/// The stored title and version.
fn stored(orm: &Orm, id: Id<Page>) -> musher::Result<(String, u64)> {
    let mut em = orm.em();
    em.find_one(id).or_fail()?;
    Ok((em[id].title.clone(), em[id].version))
}

fn is_conflict(error: &Error, expected: u64, found: u64) -> bool {
    let (expected, found) = (expected.to_string(), found.to_string());
    matches!(error, Error::OptimisticLock { property: "version", expected: e, found: f, .. }
        if (e, f) == (&expected, &found))
}

#[test]
fn the_version_counts_the_flushes_that_write_the_row() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let id = em.persist(Page {
            id: Pk::unset(),
            title: "one".into(),
            notes: String::new().into(),
            version: 77,
            author: None,
            next: None,
            related: Collection::new(),
        });
        em.flush()?;
        assert_eq!(em[id].version, 1, "what the program gave does not count");
        em[id].title = "two".into();
        em.flush()?;
        assert_eq!(em[id].version, 2);
        em[id].notes = "lazy values are the row's, too".to_owned().into();
        em.flush()?;
        assert_eq!(em[id].version, 3);
        em[id].title = "two".into();
        em.flush()?;
        em.edit(id).related().add(id);
        em.flush()?;
        assert_eq!(em[id].version, 3, "equal values and links write no row");
        assert_eq!(stored(orm, id)?, ("two".into(), 3));
        Ok(())
    });
}

#[test]
fn a_change_of_an_older_version_is_refused_with_all_that_is_flushed_with_it() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let (one, two) = (page(&mut em, "one"), page(&mut em, "two"));
        em.flush()?;
        rename(orm, one, "theirs")?;
        em[one].title = "mine".into();
        em[two].title = "also mine".into();
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            format!(
                "Page {one} was changed by another unit of work since it was read: version 1 was expected, \
                 and 2 is there; read it anew with `em.refresh(id)`, decide again, and flush"
            )
        );
        assert!(is_conflict(&refused(em.flush()), 1, 2), "it stays so");
        assert_eq!((em[one].title.as_str(), em[one].version), ("mine", 1));
        assert_eq!(stored(orm, one)?, ("theirs".into(), 2));
        assert_eq!(stored(orm, two)?, ("two".into(), 1));

        em.refresh(one)?;
        assert_eq!((em[one].title.as_str(), em[one].version), ("theirs", 2));
        em[one].title.push_str(" and mine");
        em.flush()?;
        assert_eq!(stored(orm, one)?, ("theirs and mine".into(), 3));
        assert_eq!(stored(orm, two)?, ("also mine".into(), 2));
        Ok(())
    });
}

// A query merges what others have stored into what is changed here (R8). With a version, that would
// pass what was decided on the old row off as decided on the new one.
#[test]
fn a_query_in_between_does_not_hide_the_conflict() -> musher::Result<()> {
    for lazy in [false, true] {
        let orm = Orm::builder()
            .entities::<Site>()
            .flush_mode(FlushMode::Commit)
            .in_memory()?;
        let mut em = orm.em();
        let id = page(&mut em, "one");
        em.flush()?;
        rename(&orm, id, "theirs")?;
        if lazy {
            em[id].notes = "mine".to_owned().into();
        } else {
            em[id].title = "mine".into();
        }
        assert_eq!(em.find::<Page>().all()?, [id]);
        assert_eq!(em[id].version, 1);
        assert!(is_conflict(&refused(em.flush()), 1, 2));
    }
    Ok(())
}

#[test]
fn what_is_not_changed_here_follows_a_query_and_has_no_conflict() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let id = page(&mut em, "one");
        em.flush()?;
        rename(orm, id, "theirs")?;
        em.find::<Page>().all()?;
        assert_eq!((em[id].title.as_str(), em[id].version), ("theirs", 2));
        em[id].title = "mine".into();
        em.flush()?;
        assert_eq!(stored(orm, id)?, ("mine".into(), 3));
        Ok(())
    });
}

#[test]
fn a_removal_of_an_older_version_is_refused_and_one_unseen_is_not() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let id = page(&mut em, "one");
        em.flush()?;
        rename(orm, id, "theirs")?;
        em.remove(id);
        assert!(is_conflict(&refused(em.flush()), 1, 2));
        assert_eq!(stored(orm, id)?.0, "theirs");
        em.clear();
        em.remove(id);
        em.flush()?;
        assert_eq!(orm.em().find::<Page>().count()?, 0);
        Ok(())
    });
}

#[test]
fn a_row_in_the_place_of_a_removed_one_counts_on() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let id = page(&mut em, "one");
        em.flush()?;
        let mut reader = orm.em();
        reader.find_one(id).or_fail()?;
        em.remove(id);
        em.create(Page::build().id(*id.key()).title("anew").notes(""));
        em.flush()?;
        assert_eq!(em[id].version, 2);
        reader[id].title = "of the old row".into();
        assert!(is_conflict(&refused(reader.flush()), 1, 2));
        Ok(())
    });
}

// It begins at 1 again, for nothing is left of the old row. A change that was decided on the old one
// must not pass for one of the new.
#[test]
fn a_row_under_the_key_of_one_that_is_gone_is_not_taken_for_it() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let id = page(&mut em, "one");
        em.flush()?;
        let (mut writer, mut remover, mut asker) = (orm.em(), orm.em(), orm.em());
        for em in [&mut writer, &mut remover, &mut asker] {
            em.find_one(id).or_fail()?;
        }
        em.remove(id);
        em.flush()?;
        em.create(Page::build().id(*id.key()).title("anew").notes(""));
        em.flush()?;
        assert_eq!(em[id].version, 1);

        writer[id].title = "of the old row".into();
        let error = refused(writer.flush());
        assert!(
            matches!(&error, Error::OptimisticLock { expected, found, .. }
                if expected.starts_with("1 of commit ") && found.starts_with("1 of commit ") && expected != found),
            "{error}"
        );
        remover.remove(id);
        assert!(matches!(
            refused(remover.flush()),
            Error::OptimisticLock { .. }
        ));
        asker.set_flush_mode(FlushMode::Commit);
        asker[id].title = "of the old row".into();
        asker
            .find::<Page>()
            .filter(|p| p.title().eq("anew"))
            .all()?;
        assert!(matches!(
            refused(asker.flush()),
            Error::OptimisticLock { .. }
        ));
        assert_eq!(stored(orm, id)?, ("anew".into(), 1));

        writer.refresh(id)?;
        writer.transactional(|em| {
            em[id].title = "decided again".into();
            em.flush()?;
            em[id].title = "and again".into();
            em.flush()
        })?;
        assert_eq!(stored(orm, id)?, ("and again".into(), 3));
        Ok(())
    });
}

#[test]
fn a_row_that_follows_from_another_counts_too() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let ann = em.create(Author::build().name("Ann"));
        let last = page(&mut em, "last");
        let written = page(&mut em, "by Ann");
        em[written].author = Some(ann);
        em[written].next = Some(last);
        em.flush()?;
        let mut reader = orm.em();
        reader.find_one(written).or_fail()?;

        em.remove(ann); // sets the author to `None`
        em.flush()?;
        assert_eq!((em[written].author, em[written].version), (None, 2));
        let other = page(&mut em, "other");
        em[other].next = Some(last); // takes the one-to-one partner
        em.flush()?;
        assert_eq!((em[written].next, em[written].version), (None, 3));
        reader[written].title = "of the first".into();
        assert!(is_conflict(&refused(reader.flush()), 1, 3));
        Ok(())
    });
}

#[test]
fn a_version_is_not_to_be_assigned() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let id = page(&mut em, "one");
        em.flush()?;
        em[id].version = 9;
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            format!(
                "validation failed: Page {id}: `version` is counted by the flush and can't be assigned; \
                 give it the value back that was read"
            )
        );
        em[id].version = 1;
        em[id].title = "two".into();
        em.flush()?;
        assert_eq!(em[id].version, 2);
        Ok(())
    });
}

#[test]
fn lock_compares_with_the_version_that_a_program_remembers() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let id = page(&mut em, "one");
        em.lock(id, 0)?; // new: it has been written never
        em.flush()?;
        em.lock(id, 1)?;
        rename(orm, id, "theirs")?;
        em.lock(id, 1)?; // as this unit of work has read it; the flush will see
        em.clear();
        assert!(is_conflict(&refused(em.lock(id, 1)), 1, 2));
        em.lock(id, 2)?;
        assert!(matches!(
            refused(em.lock(Id::<Page>::new(99), 1)),
            Error::NotFound { .. }
        ));
        Ok(())
    });
}

#[test]
fn the_commit_of_a_transaction_compares_versions_once_more() {
    on_both_stores::<Site>(|orm| {
        let mut em = orm.em();
        let id = page(&mut em, "one");
        em.flush()?;
        let error = refused(em.transactional(|em| {
            em[id].title = "staged".into();
            em.flush()?;
            assert_eq!(em[id].version, 2, "staged");
            em[id].title = "staged twice".into();
            em.flush()?;
            assert_eq!(em[id].version, 3);
            rename(orm, id, "theirs")
        }));
        assert!(is_conflict(&error, 1, 2));
        assert_eq!((em[id].title.as_str(), em[id].version), ("one", 1));

        em.refresh(id)?;
        em.transactional(|em| {
            em[id].title = "staged".into();
            em.flush()?;
            em[id].title = "staged twice".into();
            Ok(())
        })?;
        assert_eq!(stored(orm, id)?, ("staged twice".into(), 4));
        assert_eq!(em[id].version, 4);
        Ok(())
    });
}

#[test]
fn a_hook_may_not_assign_the_version_either() {
    #[derive(Entity, Debug)]
    #[orm(before_update = Self::meddle)]
    struct Meddler {
        #[orm(primary_key)]
        id: Pk,
        name: String,
        #[orm(version)]
        version: u32,
    }
    impl Meddler {
        #[expect(clippy::unnecessary_wraps, reason = "hooks return a result")]
        fn meddle(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
            self.version = 9;
            Ok(())
        }
    }
    on_both_stores::<Meddler>(|orm| {
        let mut em = orm.em();
        let id = em.create(Meddler::build().name("one"));
        em.flush()?;
        em[id].name = "two".into();
        assert!(matches!(refused(em.flush()), Error::Validation(_)));
        assert_eq!(em[id].version, 1, "what the hook did is taken back");
        Ok(())
    });
}

/// A version in the base is the version of each entity that has the base.
mod bases {
    use super::*;

    #[derive(BaseEntity, Debug)]
    struct Base {
        #[orm(primary_key)]
        id: Pk,
        #[orm(version)]
        version: i32,
    }

    #[derive(Entity, Debug)]
    struct Draft {
        #[orm(base)]
        base: Base,
        text: String,
    }

    #[derive(Entity, Debug)]
    struct Twice {
        #[orm(base)]
        base: Base,
        #[orm(version)]
        revision: u64,
    }

    #[test]
    fn a_version_in_the_base_counts() {
        on_both_stores::<Draft>(|orm| {
            let mut em = orm.em();
            let id = em.create(Draft::build().text("one"));
            em.flush()?;
            em[id].text = "two".into();
            em.flush()?;
            assert_eq!(em[id].base.version, 2);
            em.lock(id, 2)
        });
    }

    #[test]
    fn two_versions_are_refused() {
        let error = refused(Orm::builder().entities::<Twice>().in_memory());
        assert_eq!(
            error.to_string(),
            "the schema is not valid: Twice has a version, and its base has one too; \
             remove `#[orm(version)]` from Twice.revision"
        );
    }
}

/// Rows that were stored before their entity had a version.
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
        #[orm(version)]
        version: u64,
    }

    #[test]
    fn they_are_at_version_0() -> musher::Result<()> {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let id = {
            let orm = support::open::<before::Note>(directory.path());
            let mut em = orm.em();
            let id = em.create(before::Note::build().text("old"));
            em.flush()?;
            Id::<Note>::new(*id.key())
        };
        let orm = support::open::<Note>(directory.path());
        let (mut em, mut rival) = (orm.em(), orm.em());
        em.lock(id, 0)?;
        rival.lock(id, 0)?;
        em[id].text = "new".into();
        em.flush()?;
        assert_eq!(em[id].version, 1);
        rival[id].text = "mine".into();
        assert!(is_conflict(&refused(rival.flush()), 0, 1));
        Ok(())
    }
}
