//! R6 and R7: constraints are judged on the final state of a flush, and `None` is a value.

use musher::prelude::*;

use crate::support::*;

#[test]
fn r6_two_unique_values_may_swap() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        em.flush()?;
        em[ann].email = "bob@house.org".into();
        em[bob].email = "ann@house.org".into();
        em.flush()?;
        em.clear();
        let found = em
            .find::<User>()
            .filter(|u| u.email().eq("ann@house.org"))
            .all()?;
        assert_eq!(found, [bob]);
        Ok(())
    });
}

#[test]
fn r6_three_unique_values_may_rotate_and_one_may_be_handed_on() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let all: Vec<_> = ["a", "b", "c"].map(|name| page(&mut em, name)).into();
        em.flush()?;
        let titles: Vec<_> = all.iter().map(|id| em[id.clone()].title.clone()).collect();
        for at in 0..3 {
            em[all[at].clone()].title = titles[(at + 1) % 3].clone();
        }
        em.flush()?;
        em[all[0].clone()].title = "fresh".into();
        em[all[1].clone()].title = titles[1].clone();
        em.flush()
    });
}

#[test]
fn r6_two_rows_of_one_flush_that_take_one_value_are_refused() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        user(&mut em, "ann");
        let second = user(&mut em, "ann");
        assert!(matches!(refused(em.flush()), Error::UniqueViolation { .. }));
        em.remove(second);
        em.flush()
    });
}

#[test]
fn r6_a_unique_value_may_be_removed_and_created_anew_in_one_flush() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let old = user(&mut em, "ann");
        em.flush()?;
        em.remove(old);
        let new = user(&mut em, "ann");
        em.flush()?;
        em.clear();
        assert_eq!(em.find::<User>().all()?, [new]);
        Ok(())
    });
}

#[test]
fn r6_a_key_may_be_removed_and_created_anew_in_one_flush() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let first = page(&mut em, "/a");
        let second = page(&mut em, "/b");
        let label = badge(&mut em, "gold");
        em[first.clone()].text = "the old text".into();
        em.edit(first.clone()).badges().add(label);
        em.edit(second.clone()).set_next(Some(first.clone()));
        em.flush()?;
        for seen in [true, false] {
            em.clear();
            if seen {
                em.find_one(first.clone())
                    .populate(|p| p.badges())
                    .or_fail()?;
            }
            em.remove(first.clone());
            em.create(Page::build().path("/a").title("Anew").text("the new text"));
            em.flush()?;
            em.clear();
            em.find_one(first.clone())
                .populate(|p| (p.badges(), p.text()))
                .or_fail()?;
            assert_eq!(em[first.clone()].title, "Anew");
            assert_eq!(em[first.clone()].text.get().unwrap(), "the new text");
            assert_eq!(em[first.clone()].badges.ids(), [], "its links were removed");
            em.edit(first.clone()).badges().add(label);
            em.flush()?;
        }
        em.find_one(second.clone()).or_fail()?;
        assert_eq!(em[second].next, Some(first), "who refers to it still does");
        Ok(())
    });
}

#[test]
fn r6_a_removed_and_recreated_row_leaves_the_loaded_collections_that_showed_the_old_one() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let first = page(&mut em, "/a");
        let (gold, silver) = (badge(&mut em, "gold"), badge(&mut em, "silver"));
        em.edit(first.clone()).badges().add(gold);
        em.edit(first.clone()).set_owner(Some(gold));
        em.flush()?;
        em.remove(first.clone());
        em.create(
            Page::build()
                .path("/a")
                .title("Anew")
                .owner(silver)
                .badges([silver]),
        );
        em.flush()?;
        assert_eq!(em[gold].pages.ids(), []);
        assert_eq!(em[gold].on.ids(), []);
        assert_eq!(em[silver].pages.ids(), std::slice::from_ref(&first));
        assert_eq!(em[silver].on.ids(), [first]);
        Ok(())
    });
}

#[test]
fn r6_a_recreated_row_may_keep_a_link_of_the_old_one() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let first = page(&mut em, "/a");
        let gold = badge(&mut em, "gold");
        em.edit(first.clone()).badges().add(gold);
        em.flush()?;
        em.clear();
        em.remove(first.clone());
        em.create(Page::build().path("/a").title("Anew").badges([gold]));
        em.flush()?;
        em.clear();
        em.find_one(gold).populate(|b| b.on()).or_fail()?;
        assert_eq!(em[gold].on.ids(), [first]);
        Ok(())
    });
}

#[test]
fn r6_two_new_entities_may_refer_to_each_other() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (a, b) = (page(&mut em, "/a"), page(&mut em, "/b"));
        em.edit(a.clone()).set_next(Some(b.clone()));
        em.edit(b.clone()).set_next(Some(a.clone()));
        let own = page(&mut em, "/own");
        em.edit(own.clone()).set_next(Some(own.clone()));
        em.flush()?;
        em.clear();
        em.find_one(a.clone())
            .populate(|p| p.next().next())
            .or_fail()?;
        assert_eq!(em.view(a.clone()).next().unwrap().next().unwrap().id(), a);
        em.remove(a);
        em.remove(b);
        em.remove(own);
        em.flush()?;
        assert_eq!(em.find::<Page>().count()?, 0);
        Ok(())
    });
}

#[test]
fn r6_a_reference_to_a_row_of_the_same_flush_holds_in_any_order() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let written = article(&mut em, "one", Id::new(1));
        let ann = user(&mut em, "ann");
        em.flush()?;
        assert_eq!(em[written].author, ann);
        Ok(())
    });
}

#[test]
fn r6_a_restricted_row_that_goes_by_cascade_in_the_same_flush_does_not_restrict() {
    // The comment must not lose its writer, but it goes with the article that the writer wrote.
    #[derive(Entity, Debug)]
    struct Person {
        #[orm(primary_key)]
        id: Pk,
    }
    #[derive(Entity, Debug)]
    struct Book {
        #[orm(primary_key)]
        id: Pk,
        #[orm(many_to_one(on_delete = cascade))]
        by: Id<Person>,
    }
    #[derive(Entity, Debug)]
    struct Chapter {
        #[orm(primary_key)]
        id: Pk,
        #[orm(many_to_one)]
        by: Id<Person>,
        #[orm(many_to_one(on_delete = cascade))]
        book: Id<Book>,
    }
    on_both_stores::<(Chapter, Book, Person)>(|orm| {
        let mut em = orm.em();
        let by = em.create(Person::build());
        let book = em.create(Book::build().by(by));
        em.create(Chapter::build().by(by).book(book));
        em.flush()?;
        em.clear();
        em.remove(by);
        em.flush()?;
        assert_eq!(em.find::<Chapter>().count()?, 0);
        Ok(())
    });
}

#[test]
fn r7_ne_matches_none_and_not_is_plain_negation() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob, cid) = (
            user(&mut em, "ann"),
            user(&mut em, "bob"),
            user(&mut em, "cid"),
        );
        em[ann].age = Some(5);
        em[bob].age = Some(6);
        em.flush()?;
        let mut find = |filter: fn(UserPath<User>) -> musher::Filter<User>| {
            em.find::<User>().filter(filter).all()
        };
        assert_eq!(find(|u| u.age().eq(5))?, [ann]);
        assert_eq!(find(|u| u.age().ne(5))?, [bob, cid]);
        assert_eq!(find(|u| u.age().eq(5).not())?, [bob, cid]);
        assert_eq!(find(|u| u.age().is_in([5, 6]).not())?, [cid]);
        assert_eq!(find(|u| u.age().is_none())?, [cid]);
        assert_eq!(find(|u| u.age().is_some())?, [ann, bob]);
        assert_eq!(find(|u| u.age().eq(None))?, [cid]);
        assert_eq!(find(|u| u.age().ne(None))?, [ann, bob]);
        assert_eq!(find(|u| u.age().lt(6))?, [ann, cid], "None is the least");
        assert_eq!(find(|u| u.age().le(5))?, [ann, cid]);
        assert_eq!(find(|u| u.age().gt(5))?, [bob]);
        assert_eq!(find(|u| u.age().ge(5))?, [ann, bob]);
        assert_eq!(find(|u| u.age().gt(5).not())?, [ann, cid]);
        assert_eq!(find(|u| u.age().ge(None))?, [ann, bob, cid]);
        assert_eq!(find(|u| u.token().reveal().eq(None))?, [ann, bob, cid]);
        assert_eq!(find(|u| u.age().eq(5).or(u.age().is_none()).not())?, [bob]);
        Ok(())
    });
}

#[test]
fn r7_behind_a_relation_that_is_none_every_property_is_none() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        em[bob].age = Some(6);
        let without = article(&mut em, "without", ann);
        let with = article(&mut em, "with", ann);
        em[with].editor = Some(bob);
        em.flush()?;
        let mut find = |filter: fn(ArticlePath<Article>) -> musher::Filter<Article>| {
            em.find::<Article>().filter(filter).all()
        };
        assert_eq!(find(|a| a.editor().age().is_none())?, [without]);
        assert_eq!(find(|a| a.editor().age().is_some())?, [with]);
        assert_eq!(find(|a| a.editor().age().eq(None))?, [without]);
        assert_eq!(find(|a| a.editor().age().ne(6))?, [without]);
        assert_eq!(find(|a| a.editor().age().gt(5))?, [with]);
        assert_eq!(find(|a| a.editor().age().lt(7))?, [without, with]);
        assert_eq!(find(|a| a.editor().bio().eq(""))?, [with]);
        assert_eq!(bob.key(), &2);
        assert_eq!(find(|a| a.editor().id().eq(2))?, [with]);
        assert_eq!(find(|a| a.editor().id().ne(2))?, [without]);
        Ok(())
    });
}

#[test]
fn r7_a_unique_index_ignores_none() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        em.flush()?;
        em[ann].token = Some(String::new());
        em.flush()?;
        em[bob].token = Some(String::new());
        refused(em.flush());
        em[ann].token = None;
        em.flush()?;
        em[bob].token = None;
        em.flush()
    });
}

#[test]
fn r7_a_one_to_one_reference_ignores_none() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.create(Profile::build().text("first"));
        em.create(Profile::build().text("second"));
        em.flush()?;
        // Of two that claim the same user, the last has it (R12), and the other is `None` again.
        let third = em.create(Profile::build().text("third"));
        let fourth = em.create(Profile::build().text("fourth"));
        em.flush()?;
        em.clear();
        em.find_one(third).or_fail()?;
        em.find_one(fourth).or_fail()?;
        em.edit(third).set_user(Some(ann));
        em.edit(fourth).set_user(Some(ann));
        em.flush()?;
        assert_eq!((em[third].user, em[fourth].user), (None, Some(ann)));
        Ok(())
    });
}
