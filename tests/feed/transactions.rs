//! A transaction is told as one commit, with what came of each row in the end.

use super::*;

#[test]
fn nothing_is_told_before_the_commit_and_nothing_of_a_rollback() {
    on_both_stores::<House>(|orm| {
        let feed = orm.subscribe::<Tag>();
        let mut em = orm.em();
        let kept = em.transactional(|em| {
            let kept = tag(em, "kept");
            em.flush()?;
            let inner = em.transactional::<()>(|em| {
                tag(em, "dropped");
                em.flush()?;
                Err(Error::other("the savepoint is given up"))
            });
            refused(inner);
            assert_eq!(waiting(&feed).len(), 0);
            Ok(kept)
        })?;
        assert_eq!(summaries(&feed), [(ChangeKind::Create, kept, vec!["name"])]);

        em.begin();
        em[kept].name = "changed".into();
        em.flush()?;
        em.rollback();
        assert_eq!(waiting(&feed).len(), 0);
        Ok(())
    });
}

#[test]
fn several_flushes_are_one_change_of_a_row() {
    on_both_stores::<House>(|orm| {
        let feed = orm.subscribe::<User>();
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        waiting(&feed);
        let created = em.transactional(|em| {
            em[ann].bio = "first".into();
            em[ann].age = Some(1);
            let bob = user(em, "bob");
            em.flush()?;
            em[ann].bio = "second".into();
            em[ann].age = None;
            em[bob].bio = "also".into();
            em.flush()?;
            Ok(bob)
        })?;
        let changes = waiting(&feed);
        let [updated, added] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        let properties = vec!["bio", "updates"];
        assert_eq!(summary(updated), (ChangeKind::Update, ann, properties));
        assert_eq!(updated.payload().bio().unwrap(), "second");
        assert_eq!(updated.original().bio().unwrap(), "");
        assert_eq!((added.kind(), added.id()), (ChangeKind::Create, created));
        assert_eq!(added.payload().bio().unwrap(), "also");
        assert_eq!(updated.commit(), added.commit());
        Ok(())
    });
}

#[test]
fn what_ends_as_it_was_is_not_told() {
    on_both_stores::<House>(|orm| {
        let (tags, articles) = (orm.subscribe::<Tag>(), orm.subscribe::<Article>());
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (a, b) = (tag(&mut em, "a"), tag(&mut em, "b"));
        let one = article(&mut em, "one", ann);
        em.edit(one).tags().add(a);
        em.flush()?;
        waiting(&tags);
        waiting(&articles);
        em.transactional(|em| {
            em[a].name = "changed".into();
            em.edit(one).tags().add(b).remove(a);
            let passing = tag(em, "passing");
            em.flush()?;
            em[a].name = "a".into();
            em.edit(one).tags().add(a).remove(b);
            em.remove(passing);
            em.flush()
        })?;
        assert_eq!(summaries(&tags), []);
        assert_eq!(summaries(&articles), []);
        Ok(())
    });
}

#[test]
fn a_commit_that_is_refused_is_not_told() {
    on_both_stores::<House>(|orm| {
        let feed = orm.subscribe::<User>();
        let (mut em, mut other) = (orm.em(), orm.em());
        em.begin();
        user(&mut em, "ann");
        em.flush()?;
        let ann = user(&mut other, "ann");
        other.flush()?;
        refused(em.commit());
        assert_eq!(only(&feed).id(), ann);
        Ok(())
    });
}

#[test]
fn what_others_committed_meanwhile_is_not_told_again() {
    on_both_stores::<House>(|orm| {
        let (mut em, mut other) = (orm.em(), orm.em());
        let ann = user(&mut em, "ann");
        em.flush()?;
        let feed = orm.subscribe::<User>();
        other.find_one(ann).or_fail()?;
        em.begin();
        em[ann].bio = "of the transaction".into();
        em.flush()?;
        other[ann].age = Some(30);
        other.flush()?;
        em.commit()?;
        let changes = summaries(&feed);
        let others = (ChangeKind::Update, ann, vec!["age", "updates"]);
        let ours = (ChangeKind::Update, ann, vec!["bio"]);
        assert_eq!(changes, [others, ours]);
        Ok(())
    });
}
