//! Every method of `Collection`, `CollectionView`, `CollectionEdit` and `Inverse`. What they do
//! where something is not loaded is in `rules/loading.rs`.

mod support;

use musher::Collection;
use musher::prelude::*;
use support::*;

/// An article with the tags `a`, `b` and `c`, loaded.
fn tagged(em: &mut EntityManager) -> musher::Result<(Id<Article>, [Id<Tag>; 3])> {
    let ann = user(em, "ann");
    let written = article(em, "one", ann);
    let tags = [tag(em, "a"), tag(em, "b"), tag(em, "c")];
    em.edit(written).tags().add(tags);
    em.flush()?;
    em.clear();
    em.find_one(written).populate(|a| a.tags()).or_fail()?;
    Ok((written, tags))
}

#[test]
fn a_collection_of_the_programs_own_is_a_set_in_order() {
    let (a, b) = (Id::<Tag>::new(1), Id::<Tag>::new(2));
    let empty = Collection::<Tag>::new();
    assert!(empty.is_empty() && empty.is_initialized() && !empty.is_dirty());
    assert_eq!(Collection::<Tag>::default().len(), 0);
    let items: Collection<Tag> = [b, a, b].into_iter().collect();
    assert_eq!(items.ids(), [b, a]);
    assert_eq!(items.ids_unchecked(), [b, a]);
    assert_eq!(items.len(), 2);
    assert!(items.contains(&a) && !items.contains(&Id::new(3)));
    assert_eq!((items[0], items[1]), (b, a));
    assert_eq!(items.iter().copied().collect::<Vec<_>>(), [b, a]);
    assert_eq!(items.try_iter().map_or(0, Iterator::count), 2);
    let mut walked = Vec::new();
    for id in &items {
        walked.push(*id);
    }
    assert_eq!(walked, [b, a]);
    assert_eq!(items.clone().ids(), [b, a]);
    assert_eq!(
        format!("{items:?}"),
        "Collection<Tag> {0: Tag(2), 1: Tag(1), initialized: true, dirty: false}"
    );
}

#[test]
fn a_long_collection_is_a_set_too() {
    let ids: Vec<_> = (1..=100).map(Id::<Tag>::new).collect();
    let items: Collection<Tag> = ids.iter().chain(&ids).copied().collect();
    assert_eq!(items.ids(), ids);
    assert!(ids.iter().all(|id| items.contains(id)));
    assert!(!items.contains(&Id::new(101)));
    let message = panic_of(|| items[100]);
    assert_eq!(
        message,
        "Collection<Tag> holds 100 items in memory, there is none at 100"
    );
}

#[test]
fn a_collection_of_a_managed_entity_says_what_it_holds() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (written, tags) = tagged(&mut em)?;
        let items = &em[written].tags;
        assert!(items.is_initialized() && !items.is_dirty() && !items.is_empty());
        assert_eq!(items.ids(), tags);
        assert_eq!(items[2], tags[2]);
        assert_eq!(
            format!("{items:?}"),
            "Collection<Tag> {0: Tag(1), 1: Tag(2), 2: Tag(3), initialized: true, dirty: false}"
        );
        em.edit(written).tags().remove(tags[0]);
        assert!(em[written].tags.is_dirty());
        for id in em[written].tags.ids() {
            em[id].name.push('!');
        }
        em.flush()?;
        assert!(!em[written].tags.is_dirty());
        Ok(())
    });
}

#[test]
fn a_view_walks_the_items_as_views() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (written, tags) = tagged(&mut em)?;
        let view = em.view(written).tags();
        assert!(view.is_initialized() && !view.is_dirty());
        assert_eq!(view.len(), 3);
        assert!(!view.is_empty());
        assert!(view.contains(&tags[1]) && !view.contains(&Id::new(99)));
        let names: Vec<_> = view.iter().map(|tag| tag.name.clone()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(view.iter().len(), 3);
        let backwards: Vec<_> = view.iter().rev().map(TagView::id).collect();
        assert_eq!(backwards, [tags[2], tags[1], tags[0]]);
        let mut walked = Vec::new();
        for tag in &view {
            walked.push(tag.id());
        }
        assert_eq!(walked, tags);
        assert_eq!(view.get(1).map(TagView::id), Some(tags[1]));
        assert!(view.get(3).is_none());
        assert_eq!(view.get_items()?.len(), 3);
        assert_eq!(view.get_items_unchecked().len(), 3);
        assert_eq!(view.into_iter().count(), 3);
        Ok(())
    });
}

#[test]
fn the_copies_of_a_view_are_copies() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (written, tags) = tagged(&mut em)?;
        let mut copies = em.view(written).tags().to_vec()?;
        copies[0].name = "changed".into();
        em.flush()?;
        assert_eq!(em[tags[0]].name, "a");
        assert_eq!(em.statistics().commits, 1);
        Ok(())
    });
}

#[test]
fn an_item_that_is_not_loaded_is_a_reference_in_a_view() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (written, tags) = tagged(&mut em)?;
        em.detach(tags[0]);
        let view = em.view(written).tags();
        let first = view.get(0).expect("there are three");
        assert_eq!(first.id(), tags[0]);
        assert!(!first.is_initialized());
        assert!(matches!(refused(view.to_vec()), Error::NotLoaded { .. }));
        em.populate(written, |a| a.tags())?;
        assert_eq!(em.view(written).tags().to_vec()?.len(), 3);
        Ok(())
    });
}

#[test]
fn a_view_prints_its_items_and_its_state() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (written, _) = tagged(&mut em)?;
        let printed = format!("{:?}", em.view(written).tags());
        assert!(printed.starts_with("Collection<Tag> {"), "{printed}");
        assert!(printed.contains(r#"Tag { id: 1, name: "a""#), "{printed}");
        assert!(
            printed.ends_with("initialized: true, dirty: false}"),
            "{printed}"
        );
        Ok(())
    });
}

#[test]
fn an_edit_takes_one_id_or_several_in_any_form() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (written, [a, b, c]) = tagged(&mut em)?;
        let mut tags = em.edit(written);
        let mut tags = tags.tags();
        assert_eq!(tags.owner(), written);
        tags.remove(a)
            .remove([b])
            .remove(vec![c])
            .add(&[a, b][..])
            .add([c]);
        assert_eq!(tags.ids(), [a, b, c]);
        assert_eq!(tags.len(), 3);
        assert!(tags.contains(&a) && !tags.is_empty());
        assert!(tags.is_initialized() && tags.is_dirty());
        em.flush()?;
        assert_eq!(em.statistics().commits, 1, "it is as it was");
        Ok(())
    });
}

#[test]
fn set_makes_the_items_all_that_there_is() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (written, [a, b, c]) = tagged(&mut em)?;
        em.edit(written).tags().set([c, a])?;
        assert!(em[written].tags.contains(&a) && em[written].tags.contains(&c));
        assert_eq!(em[written].tags.len(), 2);
        em.flush()?;
        em.clear();
        em.find_one(b).populate(|t| t.articles()).or_fail()?;
        assert_eq!(em[b].articles.ids(), []);
        em.find_one(written).populate(|a| a.tags()).or_fail()?;
        em.edit(written).tags().remove_all()?;
        assert!(em[written].tags.is_empty());
        em.flush()?;
        em.edit(written).tags().init()?;
        assert!(em[written].tags.is_empty());
        Ok(())
    });
}

#[test]
fn set_moves_items_that_hold_the_key() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (gold, silver) = (badge(&mut em, "gold"), badge(&mut em, "silver"));
        let (a, b) = (page(&mut em, "/a"), page(&mut em, "/b"));
        em.edit(gold).pages().set([a.clone()])?;
        em.edit(silver).pages().set([b.clone()])?;
        em.flush()?;
        em.clear();
        em.find_one(silver).or_fail()?;
        em.edit(silver).pages().set([a.clone()])?;
        em.flush()?;
        em.clear();
        em.find_one(a.clone()).or_fail()?;
        em.find_one(b.clone()).or_fail()?;
        assert_eq!((em[a].owner, em[b].owner), (Some(silver), None));
        Ok(())
    });
}

#[test]
fn init_always_reads_and_load_items_only_what_is_not_initialized() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (written, [a, b, c]) = tagged(&mut em)?;
        let mut rival = orm.em();
        rival.find_one(written).or_fail()?;
        rival.edit(written).tags().remove(a);
        rival.flush()?;
        let before = em.statistics().lookups;
        em.edit(written).tags().load_items()?;
        assert_eq!(em.statistics().lookups, before);
        assert_eq!(em[written].tags.ids(), [a, b, c]);
        em.edit(written).tags().init()?;
        assert_eq!(em.statistics().lookups, before + 1);
        assert_eq!(em[written].tags.ids(), [b, c]);
        em.edit(written).tags().remove(b).init()?;
        assert_eq!(em[written].tags.ids(), [c], "what is pending stays so");
        assert!(em[written].tags.is_dirty());
        em.clear();
        em.find_one(written).or_fail()?;
        em.edit(written).tags().load_items()?;
        assert_eq!(em[written].tags.ids(), [b, c]);
        Ok(())
    });
}

#[test]
fn load_count_asks_the_database_and_corrects_by_what_is_pending() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (written, [a, ..]) = tagged(&mut em)?;
        assert_eq!(em.edit(written).tags().load_count()?, 3);
        em.clear();
        em.find_one(written).or_fail()?;
        let new = tag(&mut em, "new");
        em.edit(written).tags().add(new).add(a);
        assert_eq!(em.edit(written).tags().load_count()?, 4);
        em.edit(written).tags().remove([a, new]);
        assert_eq!(em.edit(written).tags().load_count()?, 2);
        assert!(!em[written].tags.is_initialized(), "nothing is loaded");
        let author = em[written].author;
        em.find_one(author).or_fail()?;
        assert_eq!(em.edit(author).articles().load_count()?, 1);
        em.remove(new);
        em.flush()
    });
}

#[test]
fn an_inverse_says_who_refers_here() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        assert!(em[ann].profile.is_initialized());
        assert_eq!(em[ann].profile.get(), None);
        assert_eq!(format!("{:?}", em[ann].profile), "None");
        let about = em.create(Profile::build().text("about").user(ann));
        assert_eq!(em[ann].profile.get(), Some(about));
        assert!(em[ann].profile.is_dirty());
        em.flush()?;
        assert!(!em[ann].profile.is_dirty());
        assert_eq!(em.view(ann).profile().expect("there is one").text, "about");
        em.clear();
        em.find_one(ann).or_fail()?;
        assert_eq!(format!("{:?}", em[ann].profile), "<not loaded>");
        em.populate(ann, |u| u.profile().user())?;
        assert_eq!(em[ann].profile.try_get()?, Some(about));
        assert_eq!(format!("{:?}", em[ann].profile), "Some(Profile(1))");
        assert_eq!(em[ann].profile.clone().get(), Some(about));
        Ok(())
    });
}

#[test]
fn an_inverse_of_the_programs_own_holds_one() {
    let one = Id::<Profile>::new(1);
    assert_eq!(Inverse::<Profile>::new().get(), None);
    assert_eq!(Inverse::<Profile>::default().get(), None);
    assert_eq!(Inverse::from(one).get(), Some(one));
    assert!(Inverse::from(one).is_initialized() && !Inverse::from(one).is_dirty());
}
