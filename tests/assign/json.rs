//! `assign`.

use musher::Error;
use musher::prelude::*;
use serde_json::json;

use crate::support::*;

#[test]
fn values_are_assigned_and_what_is_not_mentioned_stays() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let id = article(&mut em, "article", ann);
        em.flush()?;
        let request = json!({ "id": 1, "title": "New", "summary": null, "text": "lazy" });
        em.assign(id, &request).apply()?;
        assert_eq!(
            (em[id].title.as_str(), em[id].slug.as_str()),
            ("New", "article")
        );
        assert_eq!(em[id].text.get().map(String::as_str), Some("lazy"));
        em.flush()?;
        let mut other = orm.em();
        other.find_one(id).populate(|a| a.text()).or_fail()?;
        assert_eq!(other[id].title, "New");
        assert_eq!(other[id].text.get().map(String::as_str), Some("lazy"));
        Ok(())
    });
}

#[test]
fn a_reference_takes_a_key_an_object_with_a_key_a_new_object_and_null() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let id = article(&mut em, "article", ann);
        em.flush()?;
        em.clear();
        em.find_one(id).or_fail()?;
        em.assign(id, &json!({ "author": 2, "editor": 1 }))
            .apply()?;
        assert_eq!((em[id].author, em[id].editor), (bob, Some(ann)));
        em.assign(
            id,
            &json!({ "author": { "id": 1, "bio": "updated" }, "editor": null }),
        )
        .apply()?;
        assert_eq!((em[id].author, em[id].editor), (ann, None));
        assert_eq!(em[ann].bio, "updated");
        let new = json!({ "editor": { "email": "new@house.org", "password": "x" } });
        em.assign(id, &new).allow_hidden().apply()?;
        let editor = em[id].editor.expect("it was assigned");
        assert_eq!(em[editor].email, "new@house.org");
        em.flush()?;
        assert_eq!(orm.em().find::<User>().count()?, 3);
        Ok(())
    });
}

#[test]
fn an_array_is_what_a_collection_holds_from_now_on() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let [a, b, c] = ["a", "b", "c"].map(|name| tag(&mut em, name));
        let id = article(&mut em, "article", ann);
        em.edit(id).tags().add([a, b]);
        em.flush()?;
        em.clear();
        em.find_one(id).or_fail()?;
        let request = json!({
            "tags": [2, { "id": 3, "name": "C" }, { "name": "new" }],
            "comments": [{ "text": "first", "reply_to": null }, { "text": "second" }],
        });
        em.assign(id, &request).apply()?;
        em.flush()?;
        em.clear();
        em.find_one(id)
            .populate(|a| (a.tags(), a.comments()))
            .or_fail()?;
        assert_eq!(em[id].tags.ids(), [b, c, Id::new(4)]);
        assert_eq!(em[c].name, "C");
        assert_eq!(em[Id::<Tag>::new(4)].name, "new");
        let texts: Vec<_> = em
            .view(id)
            .comments()
            .into_iter()
            .map(|comment| comment.text.clone())
            .collect();
        assert_eq!(texts, ["first", "second"]);
        em.assign(id, &json!({ "tags": [] })).apply()?;
        em.flush()?;
        assert_eq!(em.edit(id).tags().load_count()?, 0);
        Ok(())
    });
}

#[test]
fn the_inverse_side_of_a_one_to_one_relation_takes_one_too() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let old = em.create(Profile::build().text("old").user(ann));
        em.flush()?;
        em.clear();
        em.find_one(ann).or_fail()?;
        em.assign(ann, &json!({ "profile": { "text": "new" } }))
            .apply()?;
        em.flush()?;
        em.clear();
        em.find_one(ann).populate(|u| u.profile()).or_fail()?;
        let profile = em[ann].profile.get().expect("it has one");
        assert_eq!(em[profile].text, "new");
        em.find_one(old).or_fail()?;
        assert_eq!(em[old].user, None);
        em.assign(ann, &json!({ "profile": null })).apply()?;
        assert_eq!(em[ann].profile.get(), None);
        em.flush()
    });
}

#[test]
fn everything_that_does_not_fit_is_told_at_once_and_nothing_is_changed() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let id = article(&mut em, "article", ann);
        em.flush()?;
        let request = json!({
            "title": "fits",
            "titel": "unknown",
            "slug": 7,
            "id": 5,
            "author": null,
            "editor": { "id": 99 },
            "tags": [{ "name": 1 }, "x", { "nmae": "y" }],
            "comments": "none",
        });
        let Error::Assign(problems) = refused(em.assign(id, &request).apply()) else {
            panic!("it does not fit");
        };
        let mut told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        told.sort();
        assert_eq!(
            told,
            [
                "Article 1: `author` is null, expected a key of User, or an object: the reference is required",
                "Article 1: `comments` is \"none\", expected an array of keys of Comment, and of objects",
                "Article 1: `id` is 5, expected 1, for keys never change",
                "Article 1: `slug` is 7, expected String (invalid type: integer `7`, expected a string)",
                "Article 1: `titel` is \"unknown\", expected a property of Article, and it has none of this name",
                "User 99: `editor` is 99, expected the key of a User that is there; leave it out for a new one, or permit it with `.allow_keys()`",
                "new Tag: `tags[0].name` is 1, expected String (invalid type: integer `1`, expected a string)",
                "new Tag: `tags[1]` is \"x\", expected a key of Tag, or an object",
                "new Tag: `tags[2].name` is null, expected a value: `name` is required",
            ]
        );
        assert_eq!(em[id].title, "ARTICLE");
        em.flush()?;
        assert_eq!(em.statistics().commits, 1, "nothing is pending");
        Ok(())
    });
}

#[test]
fn hidden_properties_and_keys_need_a_permission() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let request = json!({ "password": "secret", "bio": "x" });
        let error = refused(em.assign(ann, &request).apply());
        assert!(
            error
                .to_string()
                .contains("`password` is \"<hidden>\", expected nothing: it is hidden"),
            "{error}"
        );
        em.assign(ann, &request).allow_hidden().apply()?;
        assert_eq!(em[ann].password.get().map(String::as_str), Some("secret"));

        let badge = badge(&mut em, "badge");
        let request = json!({ "pages": [{ "path": "/new", "title": "New", "text": "" }] });
        let error = refused(em.assign(badge, &request).apply());
        assert!(
            error.to_string().contains("permit it with `.allow_keys()`"),
            "{error}"
        );
        em.assign(badge, &request).allow_keys().apply()?;
        em.flush()?;
        let page = Id::<Page>::new("/new".to_owned());
        assert_eq!(em[&page].owner, Some(badge));
        Ok(())
    });
}

#[test]
fn only_some_properties_and_unknown_ones_are_ignored_where_that_is_said() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let request = json!({ "bio": "new", "age": 7, "unknown": true });
        let error = refused(em.assign(ann, &request).only(|u| u.bio()).apply());
        assert!(
            error
                .to_string()
                .contains("not among the properties that may be assigned"),
            "{error}"
        );
        em.assign(ann, &request)
            .only(|u| u.bio())
            .ignore_unknown()
            .apply()?;
        assert_eq!((em[ann].bio.as_str(), em[ann].age), ("new", None));
        let error = refused(em.assign(ann, &json!([1])).apply());
        assert!(error.to_string().contains("expected an object"), "{error}");
        em.clear();
        assert!(matches!(
            refused(em.assign(ann, &request).apply()),
            Error::NotLoaded { .. }
        ));
        Ok(())
    });
}
