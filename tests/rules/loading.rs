//! R10: what is not loaded is an error that names the populate hint to add, never an empty result.

use musher::prelude::*;

use crate::support::*;

/// An article with its author, both reduced to what a query by key loads.
fn bare(em: &mut EntityManager) -> musher::Result<(Id<User>, Id<Article>)> {
    let ann = user(em, "ann");
    let written = article(em, "one", ann);
    let label = tag(em, "rust");
    em.edit(written).tags().add(label);
    em.flush()?;
    em.clear();
    em.find_one(written).or_fail()?;
    Ok((ann, written))
}

const TAGS: &str = "Article.tags of Article 1 is not loaded; add `tags` to the populate hint, \
     `.populate(|it| it.tags())`, or call `em.populate(id, |it| it.tags())`";
const TAGS_WITHOUT_KEY: &str = "Article.tags is not loaded; add `tags` to the populate hint, \
     `.populate(|it| it.tags())`, or call `em.populate(id, |it| it.tags())`";
const TEXT: &str = "Article.text of Article 1 is not loaded; add `text` to the populate hint, \
     `.populate(|it| it.text())`, or call `em.populate(id, |it| it.text())`";
const AUTHOR: &str = "User 1 is not loaded; find it with `em.find_one(id)`, or populate the \
     relation that refers to this User";

#[test]
fn r10_a_collection_that_is_not_initialized_names_entity_key_property_and_hint() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (_, written) = bare(&mut em)?;
        let tags = || em.view(written).tags();
        assert_eq!(refused(tags().get_items().map(drop)).to_string(), TAGS);
        assert_eq!(refused(tags().to_vec()).to_string(), TAGS);
        assert_eq!(panic_of(|| tags().iter()), TAGS);
        assert_eq!(panic_of(|| tags().into_iter()), TAGS);
        assert_eq!(panic_of(|| tags().len()), TAGS);
        assert_eq!(panic_of(|| tags().is_empty()), TAGS);
        assert_eq!(panic_of(|| tags().contains(&Id::new(1))), TAGS);
        assert!(!tags().is_initialized());
        assert!(tags().get(0).is_none());
        assert_eq!(tags().get_items_unchecked().len(), 0);
        Ok(())
    });
}

#[test]
fn r10_the_collection_itself_names_entity_property_and_hint() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (_, written) = bare(&mut em)?;
        let tags = &em[written].tags;
        assert_eq!(refused(tags.try_iter()).to_string(), TAGS_WITHOUT_KEY);
        assert_eq!(panic_of(|| tags.iter()), TAGS_WITHOUT_KEY);
        assert_eq!(panic_of(|| tags.ids()), TAGS_WITHOUT_KEY);
        assert_eq!(panic_of(|| tags.len()), TAGS_WITHOUT_KEY);
        assert_eq!(panic_of(|| tags.is_empty()), TAGS_WITHOUT_KEY);
        assert_eq!(panic_of(|| tags.contains(&Id::new(1))), TAGS_WITHOUT_KEY);
        assert_eq!(panic_of(|| tags.into_iter()), TAGS_WITHOUT_KEY);
        assert_eq!(tags.ids_unchecked(), []);
        assert_eq!(
            panic_of(|| tags[0]),
            "Collection<Tag> holds 0 items in memory, there is none at 0"
        );
        Ok(())
    });
}

#[test]
fn r10_so_does_an_edit_of_it() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (_, written) = bare(&mut em)?;
        let refusal = refused(em.edit(written).tags().remove_if(|_| true).map(drop));
        assert!(matches!(refusal, Error::NotLoaded { .. }));
        assert_eq!(refusal.to_string(), TAGS_WITHOUT_KEY);
        for panicked in [
            panic_of(|| em.edit(written).tags().ids()),
            panic_of(|| em.edit(written).tags().len()),
            panic_of(|| em.edit(written).tags().is_empty()),
            panic_of(|| em.edit(written).tags().contains(&Id::new(1))),
        ] {
            assert_eq!(panicked, TAGS_WITHOUT_KEY);
        }
        Ok(())
    });
}

#[test]
fn r10_a_lazy_property_names_entity_property_and_hint() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (_, written) = bare(&mut em)?;
        assert_eq!(panic_of(|| em.view(written).text()), TEXT);
        assert_eq!(
            refused(em[written].text.try_get()).to_string(),
            TEXT.replace(" of Article 1", "")
        );
        assert!(em[written].text.get().is_none());
        Ok(())
    });
}

#[test]
fn r10_a_reference_that_is_not_loaded_names_entity_key_and_remedy() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, written) = bare(&mut em)?;
        let author = em.view(written).author();
        assert_eq!(author.id(), ann);
        assert!(!author.is_initialized());
        assert_eq!(refused(author.try_get()).to_string(), AUTHOR);
        assert_eq!(panic_of(|| author.bio.clone()), AUTHOR);
        assert_eq!(panic_of(|| author.articles()), AUTHOR);
        assert_eq!(panic_of(|| em[ann].bio.clone()), AUTHOR);
        assert_eq!(panic_of(|| em.view(ann)), AUTHOR);
        assert_eq!(refused(em.try_get(ann)).to_string(), AUTHOR);
        assert_eq!(refused(em.try_view(ann)).to_string(), AUTHOR);
        assert!(em.get(ann).is_none());
        Ok(())
    });
}

#[test]
fn r10_what_changes_an_entity_that_is_not_loaded_is_refused_likewise() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, _) = bare(&mut em)?;
        assert_eq!(panic_of(|| em[ann].bio.clear()), AUTHOR);
        assert_eq!(panic_of(|| em.edit(ann)), AUTHOR);
        assert_eq!(panic_of(|| em.with(ann, |ann, _| ann.bio.clear())), AUTHOR);
        assert_eq!(refused(em.try_get_mut(ann)).to_string(), AUTHOR);
        assert!(em.get_mut(ann).is_none());
        assert_eq!(
            refused(em.populate(ann, |u| u.articles())).to_string(),
            AUTHOR
        );
        Ok(())
    });
}

#[test]
fn r10_an_inverse_that_is_not_initialized_names_entity_key_property_and_hint() {
    const PROFILE: &str = "User.profile of User 1 is not loaded; add `profile` to the populate hint, \
         `.populate(|it| it.profile())`, or call `em.populate(id, |it| it.profile())`";
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, _) = bare(&mut em)?;
        em.find_one(ann).or_fail()?;
        assert_eq!(panic_of(|| em.view(ann).profile()), PROFILE);
        let bare_message = PROFILE.replace(" of User 1", "");
        assert_eq!(refused(em[ann].profile.try_get()).to_string(), bare_message);
        assert_eq!(panic_of(|| em[ann].profile.get()), bare_message);
        assert!(!em[ann].profile.is_initialized());
        em.populate(ann, |u| u.profile())?;
        assert!(em.view(ann).profile().is_none());
        Ok(())
    });
}

#[test]
fn r10_keys_print_as_the_program_writes_them() {
    on_both_stores::<House>(|orm| {
        let em = orm.em();
        let missing: Id<Page> = Id::new("/a".to_owned());
        assert_eq!(
            refused(em.try_get(missing)).to_string(),
            "Page /a is not loaded; find it with `em.find_one(id)`, or populate the relation \
             that refers to this Page"
        );
        Ok(())
    });
}
