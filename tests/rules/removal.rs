//! R9: removal obeys `on_delete` on the stored rows, loaded or not.

use musher::prelude::*;

use crate::support::*;

#[test]
fn r9_a_required_reference_restricts_whether_it_is_loaded_or_not() {
    on_both_stores::<House>(|orm| {
        for loaded in [true, false] {
            let mut em = orm.em();
            let ann = user(&mut em, &format!("ann{loaded}"));
            let written = article(&mut em, &format!("one{loaded}"), ann);
            em.flush()?;
            if !loaded {
                em.clear();
            }
            em.remove(ann);
            let error = refused(em.flush());
            assert_eq!(
                error.to_string(),
                format!(
                    "Article {written}: `author` refers to User {ann}, which this flush removes; \
                     remove or change the referring row first, or declare `on_delete = cascade` or, \
                     with an `Option`, `on_delete = set_null`"
                )
            );
        }
        Ok(())
    });
}

#[test]
fn r9_a_referrer_that_moves_or_goes_in_the_same_flush_does_not_restrict() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        em.flush()?;
        em.clear();
        em.find_one(one).or_fail()?;
        em.edit(one).set_author(bob);
        em.remove(two);
        em.remove(ann);
        em.flush()?;
        assert_eq!(em.find::<Article>().all()?, [one]);
        Ok(())
    });
}

#[test]
fn r9_an_optional_reference_is_set_to_none_whether_it_is_loaded_or_not() {
    on_both_stores::<House>(|orm| {
        for loaded in [true, false] {
            let mut em = orm.em();
            let ann = user(&mut em, &format!("ann{loaded}"));
            let bob = user(&mut em, &format!("bob{loaded}"));
            let edited = article(&mut em, &format!("one{loaded}"), ann);
            em[edited].editor = Some(bob);
            let about = em.create(Profile::build().text("about").user(bob));
            em.flush()?;
            if !loaded {
                em.clear();
            }
            em.remove(bob);
            em.flush()?;
            if loaded {
                assert_eq!(em[edited].editor, None);
                assert_eq!(em[about].user, None);
            }
            em.clear();
            em.find_one(edited).or_fail()?;
            em.find_one(about).or_fail()?;
            assert_eq!(em[edited].editor, None);
            assert_eq!(em[about].user, None);
        }
        Ok(())
    });
}

#[test]
fn r9_a_row_changed_in_the_same_flush_is_set_to_none_and_keeps_its_change() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let edited = article(&mut em, "one", ann);
        em[edited].editor = Some(bob);
        em.flush()?;
        em[edited].title = "changed".into();
        em.remove(bob);
        em.flush()?;
        assert_eq!(em[edited].editor, None);
        em.clear();
        em.find_one(edited).or_fail()?;
        assert_eq!(em[edited].title, "changed");
        assert_eq!(em[edited].editor, None);
        Ok(())
    });
}

#[test]
fn r9_cascades_cascade_loaded_or_not_and_join_rows_go() {
    on_both_stores::<House>(|orm| {
        for loaded in [true, false] {
            let mut em = orm.em();
            let ann = user(&mut em, &format!("ann{loaded}"));
            let written = article(&mut em, &format!("one{loaded}"), ann);
            let label = tag(&mut em, "rust");
            em.edit(written).tags().add(label);
            let first = em.create(Comment::build().text("first").article(written));
            let reply = em.create(
                Comment::build()
                    .text("reply")
                    .article(written)
                    .reply_to(first),
            );
            let elsewhere = article(&mut em, &format!("two{loaded}"), ann);
            let far = em.create(
                Comment::build()
                    .text("reply elsewhere")
                    .article(elsewhere)
                    .reply_to(reply),
            );
            em.flush()?;
            if !loaded {
                em.clear();
            }
            em.remove(written);
            em.flush()?;
            for gone in [first, reply, far] {
                assert!(!em.is_managed(gone));
            }
            if loaded {
                assert_eq!(em[label].articles.ids(), []);
                assert_eq!(em[elsewhere].comments.ids(), []);
                assert_eq!(em[ann].articles.ids(), [elsewhere]);
            }
            em.clear();
            assert_eq!(em.find::<Comment>().count()?, 0);
            em.find_one(label).populate(|t| t.articles()).or_fail()?;
            assert_eq!(em[label].articles.ids(), []);
            assert_eq!(em.find_one(written).one()?, None);
        }
        Ok(())
    });
}

// It went by the cascade of what the old row had referred to, without a word.
#[test]
fn r9_a_row_created_in_the_place_of_a_removed_one_is_judged_like_any_new_row() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        let new =
            |id: Id<Comment>, article| Comment::build().id(*id.key()).text("anew").article(article);
        let comment = em.create(Comment::build().text("first").article(one));
        em.flush()?;

        em.remove(comment);
        em.create(new(comment, one));
        em.remove(one);
        assert_eq!(
            refused(em.flush()).to_string(),
            format!(
                "Comment {comment}: `article` refers to Article {one}, which the same flush removes; \
                 refer to another row, or keep that one"
            )
        );
        em.edit(comment).set_article(two);
        em.flush()?;
        assert_eq!(em.find::<Article>().all()?, [two]);
        assert_eq!(em.find::<Comment>().all()?, [comment]);
        Ok(())
    });
}

#[test]
fn r9_a_removed_row_whose_replacement_is_given_up_is_removed_and_shown_nowhere() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let one = article(&mut em, "one", ann);
        let comment = em.create(Comment::build().text("first").article(one));
        em.flush()?;
        for loaded in [true, false] {
            em.transactional(|em| {
                em.clear();
                em.find_one(one).populate(|a| a.comments()).or_fail()?;
                if !loaded {
                    em.detach(comment);
                }
                em.remove(comment);
                em.create(
                    Comment::build()
                        .id(*comment.key())
                        .text("anew")
                        .article(one),
                );
                em.remove(comment);
                assert_eq!(em[one].comments.ids(), []);
                em.flush()?;
                assert_eq!(em.find::<Comment>().all()?, []);
                Err::<(), _>(Error::other("back"))
            })
            .unwrap_err();
        }
        Ok(())
    });
}

#[test]
fn r9_a_changed_row_that_goes_by_cascade_is_gone_and_its_after_update_hook_does_not_run() {
    // Its change set was made before the cascade was known, and accepting it once panicked.
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let parent = task(&mut em, "");
        let child = task(&mut em, "");
        em.edit(child).set_parent(Some(parent));
        em.flush()?;
        em[child].order = "changed".into();
        em.remove(parent);
        events();
        em.flush()?;
        assert!(!em.is_managed(child));
        assert!(
            !events()
                .iter()
                .any(|event| event.starts_with("after_update"))
        );
        assert_eq!(em.find::<Task>().count()?, 0);
        Ok(())
    });
}

#[test]
fn r9_a_new_row_that_refers_to_what_is_removed_is_refused() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let written = article(&mut em, "one", ann);
        em.remove(ann);
        let error = refused(em.flush());
        assert!(
            error
                .to_string()
                .contains("which the same flush removes; refer to another row, or keep that one"),
            "{error}"
        );
        em.remove(written);
        em.flush()
    });
}

#[test]
fn r9_removing_a_tag_takes_it_out_of_loaded_collections_at_both_ends() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        let (old, kept) = (tag(&mut em, "old"), tag(&mut em, "kept"));
        em.edit(written).tags().add([old, kept]);
        em.flush()?;
        em.remove(old);
        em.flush()?;
        assert_eq!(em[written].tags.ids(), [kept]);
        assert!(!em[written].tags.is_dirty());
        em.clear();
        em.find_one(written).populate(|a| a.tags()).or_fail()?;
        assert_eq!(em[written].tags.ids(), [kept]);
        Ok(())
    });
}

#[test]
fn r9_a_row_removed_unseen_leaves_the_collections_that_show_it() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        em.flush()?;
        em.detach(one);
        em.remove(one);
        em.flush()?;
        assert_eq!(em[ann].articles.ids(), [two]);
        Ok(())
    });
}

#[test]
fn r9_what_is_taken_out_of_a_collection_with_orphan_removal_is_removed() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shelf = em.create(Folder::build().name("shelf"));
        let notes: Vec<_> = ["a", "b", "c"]
            .map(|text| em.create(Note::build().text(text).folder(shelf)))
            .into();
        em.flush()?;
        em.edit(shelf).notes().remove(notes[0]);
        assert_eq!(em[shelf].notes.ids(), [notes[1], notes[2]]);
        em.flush()?;
        assert!(!em.is_managed(notes[0]));
        em.clear();
        em.find_one(shelf).or_fail()?;
        em.edit(shelf).notes().remove(notes[1]);
        em.flush()?;
        em.clear();
        assert_eq!(em.find::<Note>().all()?, [notes[2]]);
        Ok(())
    });
}

#[test]
fn r9_an_orphan_that_finds_an_owner_before_the_flush_is_kept() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (shelf, drawer) = (
            em.create(Folder::build().name("shelf")),
            em.create(Folder::build().name("drawer")),
        );
        let notes: Vec<_> = ["a", "b", "c", "d"]
            .map(|text| em.create(Note::build().text(text).folder(shelf)))
            .into();
        em.flush()?;
        em.edit(shelf).notes().remove(notes.clone());
        em.edit(shelf).notes().add(notes[0]);
        em.edit(drawer).notes().add(notes[1]);
        em.edit(notes[2]).set_folder(drawer);
        em.edit(notes[3]).set_folder(shelf);
        assert_eq!(em[shelf].notes.ids(), [notes[0], notes[3]]);
        em.flush()?;
        em.clear();
        em.find_one(shelf).populate(|f| f.notes()).or_fail()?;
        em.find_one(drawer).populate(|f| f.notes()).or_fail()?;
        assert_eq!(em[shelf].notes.ids(), [notes[0], notes[3]]);
        assert_eq!(em[drawer].notes.ids(), [notes[1], notes[2]]);
        Ok(())
    });
}

#[test]
fn r9_a_new_orphan_is_never_stored() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shelf = em.create(Folder::build().name("shelf"));
        let note = em.create(Note::build().text("a").folder(shelf));
        em.edit(shelf).notes().remove(note);
        em.flush()?;
        assert!(!em.is_managed(note));
        assert_eq!(em.find::<Note>().count()?, 0);
        Ok(())
    });
}

#[test]
fn r9_a_one_to_one_partner_with_orphan_removal_is_removed_when_it_is_replaced() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let bound = page(&mut em, "/a");
        let old = em.create(Cover::build().color("red").page(bound.clone()));
        em.flush()?;
        let new = em.create(Cover::build().color("blue").page(bound.clone()));
        assert_eq!(em[bound.clone()].cover.get(), Some(new));
        em.flush()?;
        assert!(!em.is_managed(old));
        em.edit(bound.clone()).set_cover(None);
        em.flush()?;
        em.clear();
        assert_eq!(em.find::<Cover>().count()?, 0);
        Ok(())
    });
}

#[test]
fn r9_a_required_item_taken_out_without_a_new_owner_is_refused_with_all_remedies() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em.edit(ann).articles().remove(written);
        let error = refused(em.flush());
        assert!(matches!(error, Error::Validation(_)));
        let message = error.to_string();
        for word in [
            "Article 1: `author` is required",
            "User 1 has let it go from `articles`",
            "`em.remove`",
            "`orphan_removal` on User.articles",
            "`Option`",
        ] {
            assert!(message.contains(word), "{word} in: {message}");
        }
        em.edit(written).set_author(bob);
        em.flush()?;
        assert_eq!(em[bob].articles.ids(), [written]);
        Ok(())
    });
}

#[test]
fn r9_a_new_entity_that_is_removed_is_never_stored_and_leaves_its_collections() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        let label = tag(&mut em, "rust");
        em.edit(written).tags().add(label);
        em.remove(written);
        assert_eq!(em[ann].articles.ids(), []);
        assert_eq!(em[label].articles.ids(), []);
        em.flush()?;
        assert_eq!(em.find::<Article>().count()?, 0);
        Ok(())
    });
}

#[test]
fn r9_removing_twice_is_removing_once_and_a_row_that_is_not_there_is_gone() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "rust");
        em.flush()?;
        em.remove(label);
        em.remove(label);
        assert_eq!(em[label].name, "rust", "it stays readable until the flush");
        em.flush()?;
        assert!(em.get(label).is_none());
        em.remove(label);
        assert!(matches!(refused(em.flush()), Error::RowGone { .. }));
        em.detach(label);
        em.flush()
    });
}

#[test]
fn r9_a_removed_row_put_into_a_collection_unseen_goes_all_the_same() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em.clear();
        em.find_one(bob).or_fail()?;
        em.edit(bob).articles().add(written);
        em.remove(written);
        em.flush()?;
        em.clear();
        assert_eq!(em.find::<Article>().count()?, 0);
        Ok(())
    });
}

#[test]
fn r9_an_owner_given_up_gives_up_the_rows_it_was_promised() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em.clear();
        let bob = user(&mut em, "bob");
        em.edit(bob).articles().add(written);
        em.remove(bob);
        em.flush()?;
        em.find_one(written).or_fail()?;
        assert_eq!(em[written].author, ann);
        Ok(())
    });
}

// The new note is an orphan when it is flushed, so it was dropped; but it had taken the place of a row
// that was to be removed, and with it that removal was forgotten.
#[test]
fn r9_an_orphan_that_took_the_place_of_a_removed_row_leaves_no_row() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let folder = em.create(Folder::build().name("in"));
        let note = em.create(Note::build().text("old").folder(folder));
        em.flush()?;
        em.remove(note);
        let new = Note::build()
            .id(Pk::from(*note.key()))
            .text("new")
            .folder(folder);
        em.create(new);
        em.edit(folder).notes().remove(note);
        em.flush()?;
        assert!(!em.is_managed(note));
        assert_eq!(orm.em().find::<Note>().count()?, 0);
        Ok(())
    });
}
