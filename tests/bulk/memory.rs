//! What memory knows of rows that a bulk operation has written is never stale.

use musher::prelude::*;
use musher::{Error, Filter};

use crate::support::*;

#[test]
fn managed_instances_take_over_what_an_update_wrote_and_keep_what_is_pending() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        em.flush()?;
        em.find_one(author).populate(|u| u.articles()).or_fail()?;
        em.set_flush_mode(FlushMode::Commit);
        em[author].bio = "pending".into();
        em.update_where::<User>(|_| Filter::all([]))
            .set(|u| (u.bio().set("stored"), u.age().set(40)))
            .execute()?;
        assert_eq!(
            (em[author].bio.as_str(), em[author].age),
            ("pending", Some(40))
        );
        em.flush()?;
        em.clear();
        em.find_one(author).or_fail()?;
        assert_eq!(em[author].bio, "pending");
        Ok(())
    });
}

#[test]
fn collections_that_should_show_new_rows_are_not_initialized_any_more() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        let tag = tag(&mut em, "tag");
        em.flush()?;
        assert!(em[author].articles.is_initialized());
        let articles = em
            .insert_many([Article::build().slug("new").author(author).tags([tag])])
            .execute()?;
        assert!(em[author].articles.try_iter().is_err());
        assert!(em[tag].articles.try_iter().is_err());
        em.populate(author, |u| u.articles())?;
        em.populate(tag, |t| t.articles())?;
        assert_eq!(em[author].articles.ids(), articles);
        assert_eq!(em[tag].articles.ids(), articles);
        Ok(())
    });
}

#[test]
fn a_reference_that_an_update_changes_moves_a_managed_item_between_collections() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (one, other) = (user(&mut em, "one"), user(&mut em, "other"));
        let article = article(&mut em, "article", one);
        em.flush()?;
        em.update_where::<Article>(|_| Filter::all([]))
            .set(|a| a.author().id().set(*other.key()))
            .execute()?;
        assert_eq!(em[article].author, other);
        assert!(em[one].articles.is_empty());
        assert_eq!(em[other].articles.ids(), [article]);
        Ok(())
    });
}

#[test]
fn instances_of_removed_rows_are_given_up_and_collections_do_not_show_them() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        let tag = tag(&mut em, "tag");
        let gone = article(&mut em, "gone", author);
        em.edit(gone).tags().add(tag);
        let comment = comment_on(&mut em, gone);
        em.flush()?;
        em.delete_where::<Article>(|_| Filter::all([])).execute()?;
        assert!(!em.is_managed(gone) && !em.is_managed(comment));
        assert!(em[author].articles.is_empty());
        assert!(em[tag].articles.is_empty());
        em.flush()
    });
}

#[test]
fn a_removed_row_that_is_not_managed_leaves_the_collection_that_shows_it() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        let gone = article(&mut em, "gone", author);
        em.flush()?;
        em.detach(gone);
        assert_eq!(em[author].articles.ids(), [gone]);
        em.delete_where::<Article>(|_| Filter::all([])).execute()?;
        assert!(em[author].articles.is_empty());
        Ok(())
    });
}

#[test]
fn changes_that_are_not_flushed_of_a_removed_row_are_not_lost_without_a_word() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let name = tag(&mut em, "name");
        em.flush()?;
        em.set_flush_mode(FlushMode::Commit);
        em[name].name = "changed".into();
        em.delete_where::<Tag>(|_| Filter::all([])).execute()?;
        assert!(em.is_managed(name));
        assert!(matches!(refused(em.flush()), Error::RowGone { .. }));
        em.detach(name);
        em.flush()
    });
}

#[test]
fn loaded_lazy_values_are_read_anew() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let page = page(&mut em, "/");
        em.flush()?;
        em.update_where::<Page>(|_| Filter::all([]))
            .set_lazy(|p| p.text(), "set")
            .execute()?;
        assert_eq!(em[&page].text.get().map(String::as_str), Some("set"));
        em.upsert(Page::build().path("/").title("Page /").text("new"))
            .execute()?;
        assert_eq!(em[&page].text.get().map(String::as_str), Some("new"));
        Ok(())
    });
}

#[test]
fn loaded_lazy_values_follow_within_a_transaction_too_and_go_back_with_it() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let kept = page(&mut em, "/");
        em.flush()?;
        let before = em[&kept].text.get().cloned();
        em.begin();
        let new = page(&mut em, "/new");
        em.flush()?;
        for text in ["first", "second"] {
            em.update_where::<Page>(|_| Filter::all([]))
                .set_lazy(|p| p.text(), text)
                .execute()?;
            for page in [&kept, &new] {
                assert_eq!(em[page].text.get().map(String::as_str), Some(text));
            }
        }
        em[&kept].text = "pending".into();
        em.upsert(Page::build().path("/").title("Page /").text("third"))
            .execute()?;
        em.rollback();
        assert_eq!(em[&kept].text.get().cloned(), before);
        Ok(())
    });
}

#[test]
fn an_orphan_that_is_removed_is_none_any_more_and_leaves_nothing_to_who_takes_its_place() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        let gone = article(&mut em, "gone", author);
        em.flush()?;
        let mut rival = orm.em();
        let other = article(&mut rival, "other", author);
        rival.flush()?;
        em.set_flush_mode(FlushMode::Commit);
        em.edit(author).articles().remove(gone);
        em.delete_where::<Article>(|a| a.slug().eq("gone"))
            .execute()?;
        assert!(!em.is_managed(gone));
        em.find_one(other).or_fail()?;
        em[other].title = "changed".into();
        em.flush()
    });
}
