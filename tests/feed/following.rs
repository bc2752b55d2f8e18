//! Who is told, since when, and until when.

use super::*;

#[test]
fn a_subscription_begins_with_the_next_commit_and_is_for_one_entity() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        tag(&mut em, "before");
        em.flush()?;
        let feed = orm.subscribe::<Tag>();
        badge(&mut em, "no tag");
        em.flush()?;
        assert_eq!(waiting(&feed).len(), 0);
        let mut other = orm.em();
        let label = tag(&mut other, "after");
        other.flush()?;
        assert_eq!(only(&feed).id(), label);
        Ok(())
    });
}

#[test]
fn each_subscriber_is_told_everything() {
    on_both_stores::<House>(|orm| {
        let first = orm.subscribe::<Tag>();
        let mut em = orm.em();
        let a = tag(&mut em, "a");
        em.flush()?;
        let second = orm.clone().subscribe::<Tag>();
        let b = tag(&mut em, "b");
        em.flush()?;
        drop(first.clone());
        let ids = |feed| waiting(feed).iter().map(RowChange::id).collect::<Vec<_>>();
        assert_eq!(ids(&first), [a, b]);
        assert_eq!(ids(&second), [b]);
        Ok(())
    });
}

#[test]
fn a_reader_that_goes_leaves_the_others() {
    on_both_stores::<House>(|orm| {
        let (first, second) = (orm.subscribe::<Tag>(), orm.subscribe::<Tag>());
        let mut em = orm.em();
        tag(&mut em, "a");
        em.flush()?;
        drop(first);
        tag(&mut em, "b");
        em.flush()?;
        tag(&mut em, "c");
        em.flush()?;
        assert_eq!(waiting(&second).len(), 3);
        Ok(())
    });
}

#[test]
fn a_receiver_ends_with_the_database_and_does_not_keep_it_open() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<House>(directory.path());
    let feed = orm.subscribe::<Tag>();
    let mut em = orm.em();
    tag(&mut em, "last");
    em.flush()?;
    drop((orm, em));
    let names: Vec<_> = feed
        .iter()
        .map(|item| in_time(item).payload().name().cloned())
        .collect();
    assert_eq!(names, [Some("last".to_owned())]);
    try_open::<House>(directory.path())?;
    Ok(())
}

#[test]
fn a_change_can_be_read_after_the_database_was_closed() -> musher::Result<()> {
    let orm = Orm::builder().entities::<House>().in_memory()?;
    let feed = orm.subscribe::<Tag>();
    let mut em = orm.em();
    tag(&mut em, "a");
    em.flush()?;
    let change = only(&feed);
    drop((orm, em));
    let read = std::thread::spawn(move || change.clone().payload().name().cloned());
    assert_eq!(read.join().unwrap(), Some("a".to_owned()));
    Ok(())
}

#[test]
fn following_what_is_not_in_the_database_panics() -> musher::Result<()> {
    let orm = Orm::builder().entities::<Tagged>().in_memory()?;
    let message = panic_of(|| orm.subscribe::<Folder>());
    assert!(
        message.contains("Folder is not among the entities"),
        "{message}"
    );
    Ok(())
}

type Tagged = (User, Profile, Article, Tag, Comment);
