//! R11: links are sets, and pending links stay pending whatever is loaded meanwhile.

use musher::prelude::*;

use crate::support::*;

struct Shop {
    written: Id<Article>,
    kept: Id<Tag>,
    old: Id<Tag>,
    new: Id<Tag>,
}

/// An article tagged `kept` and `old`, of which only the row is loaded.
fn shop(em: &mut EntityManager) -> musher::Result<Shop> {
    let ann = user(em, "ann");
    let written = article(em, "one", ann);
    let (kept, old, new) = (tag(em, "kept"), tag(em, "old"), tag(em, "new"));
    em.edit(written).tags().add([kept, old]);
    em.flush()?;
    em.clear();
    em.find_one(written).or_fail()?;
    Ok(Shop {
        written,
        kept,
        old,
        new,
    })
}

/// The stored tags of an article, and that the other side agrees.
fn stored(orm: &Orm, written: Id<Article>) -> musher::Result<Vec<Id<Tag>>> {
    let mut em = orm.em();
    em.find_one(written)
        .populate(|a| a.tags().articles())
        .or_fail()?;
    let tags = em[written].tags.ids();
    for label in &tags {
        assert!(em[*label].articles.contains(&written));
    }
    Ok(tags)
}

#[test]
fn r11_add_and_remove_work_on_a_collection_that_is_not_initialized() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shop = shop(&mut em)?;
        let lookups = em.statistics().lookups;
        em.edit(shop.written).tags().add(shop.new).remove(shop.old);
        assert!(!em[shop.written].tags.is_initialized());
        assert!(em[shop.written].tags.is_dirty());
        assert_eq!(em[shop.written].tags.ids_unchecked(), [shop.new]);
        em.flush()?;
        assert_eq!(em.statistics().lookups, lookups, "nothing was read for it");
        assert_eq!(stored(orm, shop.written)?, [shop.kept, shop.new]);
        Ok(())
    });
}

#[test]
fn r11_adding_twice_is_adding_once_and_removing_twice_is_removing_once() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shop = shop(&mut em)?;
        em.edit(shop.written)
            .tags()
            .add([shop.new, shop.new])
            .add(shop.new)
            .add(shop.kept);
        em.edit(shop.written)
            .tags()
            .remove(shop.old)
            .remove(shop.old);
        em.flush()?;
        assert_eq!(em.statistics().links_written, 2 + 2);
        assert_eq!(stored(orm, shop.written)?, [shop.kept, shop.new]);
        em.populate(shop.written, |a| a.tags())?;
        em.edit(shop.written).tags().add(shop.new);
        assert_eq!(em[shop.written].tags.ids(), [shop.kept, shop.new]);
        Ok(())
    });
}

#[test]
fn r11_the_last_word_counts() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shop = shop(&mut em)?;
        em.edit(shop.written)
            .tags()
            .add(shop.new)
            .remove(shop.new)
            .remove(shop.old)
            .add(shop.old);
        em.flush()?;
        assert_eq!(stored(orm, shop.written)?, [shop.kept, shop.old]);
        Ok(())
    });
}

#[test]
fn r11_pending_links_survive_a_later_populate() {
    on_both_stores::<House>(|orm| {
        for strategy in [LoadStrategy::SelectIn, LoadStrategy::Joined] {
            let mut em = orm.em();
            let label = format!("{strategy:?}");
            let ann = user(&mut em, &label);
            let written = article(&mut em, &label, ann);
            let (kept, old, new) = (
                tag(&mut em, "kept"),
                tag(&mut em, "old"),
                tag(&mut em, "new"),
            );
            em.edit(written).tags().add([kept, old]);
            em.flush()?;
            em.clear();
            em.find_one(written).or_fail()?;
            em.edit(written).tags().add(new).remove(old);
            em.find_one(written)
                .populate(|a| a.tags().articles())
                .strategy(strategy)
                .or_fail()?;
            assert_eq!(em[written].tags.ids(), [kept, new]);
            assert!(em[written].tags.is_initialized() && em[written].tags.is_dirty());
            assert_eq!(em[new].articles.ids(), [written], "the other side sees it");
            em.populate(old, |t| t.articles()).ok();
            em.edit(written).tags().init()?;
            assert_eq!(em[written].tags.ids(), [kept, new]);
            em.flush()?;
            assert_eq!(stored(orm, written)?, [kept, new]);
        }
        Ok(())
    });
}

#[test]
fn r11_links_pending_from_the_other_side_show_too() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shop = shop(&mut em)?;
        em.find_one(shop.new).or_fail()?;
        em.find_one(shop.old).or_fail()?;
        em.edit(shop.new).articles().add(shop.written);
        em.edit(shop.old).articles().remove(shop.written);
        em.populate(shop.written, |a| a.tags())?;
        assert_eq!(em[shop.written].tags.ids(), [shop.kept, shop.new]);
        em.flush()?;
        assert_eq!(stored(orm, shop.written)?, [shop.kept, shop.new]);
        Ok(())
    });
}

#[test]
fn r11_remove_if_works_on_a_loaded_collection() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shop = shop(&mut em)?;
        em.populate(shop.written, |a| a.tags())?;
        em.edit(shop.written)
            .tags()
            .remove_if(|tag| tag.name == "old")?;
        em.edit(shop.written).tags().remove_if(|_| false)?;
        em.flush()?;
        assert_eq!(stored(orm, shop.written)?, [shop.kept]);
        Ok(())
    });
}

#[test]
fn r11_set_and_remove_all_work_on_a_collection_that_is_not_initialized() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shop = shop(&mut em)?;
        em.edit(shop.written).tags().set([shop.old, shop.new])?;
        em.populate(shop.written, |a| a.tags())?;
        assert_eq!(em[shop.written].tags.ids(), [shop.old, shop.new]);
        em.flush()?;
        assert_eq!(stored(orm, shop.written)?, [shop.old, shop.new]);
        em.clear();
        em.find_one(shop.written).or_fail()?;
        em.edit(shop.written).tags().remove_all()?.add(shop.kept);
        em.flush()?;
        assert_eq!(stored(orm, shop.written)?, [shop.kept]);
        em.edit(shop.written).tags().remove_all()?;
        em.flush()?;
        assert_eq!(stored(orm, shop.written)?, []);
        Ok(())
    });
}

#[test]
fn r11_a_collection_cleared_from_the_inverse_side_is_cleared_from_the_owning_one() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shop = shop(&mut em)?;
        em.find_one(shop.kept).or_fail()?;
        em.edit(shop.kept).articles().remove_all()?;
        em.populate(shop.written, |a| a.tags())?;
        assert_eq!(em[shop.written].tags.ids(), [shop.old]);
        em.flush()?;
        assert_eq!(stored(orm, shop.written)?, [shop.old]);
        Ok(())
    });
}

#[test]
fn r11_a_link_to_a_row_that_is_not_there_is_refused() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shop = shop(&mut em)?;
        em.edit(shop.written).tags().add(Id::new(99));
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "Article 1: `tags` refers to Tag 99, which is not in the database; \
             persist it in the same flush or an earlier one"
        );
        em.edit(shop.written).tags().remove(Id::new(99));
        em.flush()
    });
}

#[test]
fn r11_items_that_hold_the_key_are_added_and_removed_unseen() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (gold, silver) = (badge(&mut em, "gold"), badge(&mut em, "silver"));
        let (a, b) = (page(&mut em, "/a"), page(&mut em, "/b"));
        em.edit(gold).pages().add(a.clone());
        em.flush()?;
        em.clear();
        em.find_one(gold).or_fail()?;
        em.edit(gold)
            .pages()
            .add(b.clone())
            .add(b.clone())
            .remove(a.clone())
            .remove(a.clone());
        em.populate(gold, |b| b.pages())?;
        assert_eq!(em[gold].pages.ids(), std::slice::from_ref(&b));
        em.flush()?;
        em.clear();
        em.find_one(gold).or_fail()?;
        em.find_one(silver).or_fail()?;
        em.edit(silver).pages().add(b.clone());
        em.edit(gold).pages().remove(b.clone());
        em.flush()?;
        em.find_one(b.clone()).or_fail()?;
        assert_eq!(
            em[b].owner,
            Some(silver),
            "taking out what has moved on changes nothing"
        );
        Ok(())
    });
}

#[test]
fn r11_an_item_that_is_not_there_can_be_taken_out() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let gold = badge(&mut em, "gold");
        let shop = shop(&mut em)?;
        em.find_one(gold).or_fail()?;
        em.edit(gold).pages().remove(Id::new("/nowhere".to_owned()));
        em.edit(shop.written).tags().remove(Id::new(99));
        em.flush()
    });
}
