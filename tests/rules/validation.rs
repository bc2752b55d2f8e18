//! R15 and R16: all violations at once, and hidden values nowhere.

#![allow(
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "hooks have the signature that they have"
)]

use std::sync::{Arc, Mutex};

use musher::prelude::*;

use crate::support::*;

#[test]
fn r15_length_counts_characters_and_not_bytes() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        em[written].summary = Some("ééééé日本語🦀…".into());
        em[written].text = "é".repeat(100).into();
        em.flush()?;
        em[written].summary = Some("01234567890".into());
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "validation failed: Article 1: `summary` has 11 characters, and at most 10 are allowed; \
             shorten it, or raise `length`"
        );
        em[written].summary = None;
        em.flush()
    });
}

#[test]
fn r15_every_violation_is_told_at_once() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        em.flush()?;
        em[one].summary = Some("far too long".into());
        em[one].language = "English".into();
        em[two].text = "x".repeat(101).into();
        let three = article(&mut em, "three", ann);
        em[three].language = "German".into();
        let Error::Validation(violations) = refused(em.flush()) else {
            panic!("a validation error was expected")
        };
        let all: Vec<_> = violations.iter().map(ToString::to_string).collect();
        let remedy = "are allowed; shorten it, or raise `length`";
        assert_eq!(
            all,
            [
                format!("Article 1: `summary` has 12 characters, and at most 10 {remedy}"),
                format!("Article 1: `language` has 7 characters, and at most 5 {remedy}"),
                format!("Article 2: `text` has 101 characters, and at most 100 {remedy}"),
                format!("Article 3: `language` has 6 characters, and at most 5 {remedy}"),
            ]
        );
        assert_eq!(violations[2].entity, "Article");
        assert_eq!(violations[2].property, "text");
        Ok(())
    });
}

#[test]
fn r15_a_new_entity_whose_lazy_property_has_no_value_is_refused() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em[ann].password = Lazy::default();
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "validation failed: User 1: `password` has no value; a new entity needs one, be it empty"
        );
        em[ann].password = "".into();
        em.flush()
    });
}

#[test]
fn r15_a_value_that_was_stored_is_not_judged_until_it_changes() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em[written].title = "x".repeat(5000);
        em.flush()
    });
}

/// A user with every hidden value set, loaded.
fn secretive(em: &mut EntityManager) -> musher::Result<Id<User>> {
    let ann = user(em, "ann");
    em[ann].token = Some("the token".into());
    em.flush()?;
    em.clear();
    em.find_one(ann).populate(|u| u.password()).or_fail()?;
    assert_eq!(em[ann].password.get().unwrap(), "hashed secret");
    Ok(ann)
}

#[track_caller]
fn assert_silent(text: &str) {
    for secret in ["secret", "the token"] {
        assert!(!text.contains(secret), "{secret} in: {text}");
    }
}

#[test]
fn r16_hidden_values_are_in_no_serialization() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = secretive(&mut em)?;
        let written = article(&mut em, "one", ann);
        em.populate(ann, |u| u.articles())?;
        for json in [
            serde_json::to_string(&em.view(ann)),
            serde_json::to_string(&em.view(written)),
            serde_json::to_string(&em.serialize(ann)),
            serde_json::to_string(&em.serialize(written).populate(|a| a.author().articles())),
        ] {
            let json = json.expect("it can be serialized");
            assert_silent(&json);
            assert!(!json.contains("password") && !json.contains("token"));
        }
        Ok(())
    });
}

#[test]
fn r16_a_views_debug_prints_hidden_for_them() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = secretive(&mut em)?;
        let written = article(&mut em, "one", ann);
        em.populate(ann, |u| u.articles())?;
        let printed = format!("{:#?}", em.view(ann));
        assert_silent(&printed);
        assert!(printed.contains("password: <hidden>") && printed.contains("token: <hidden>"));
        assert_silent(&format!("{:?}", em.view(written)));
        assert_silent(&format!("{:?}", em.view(ann).articles()));
        Ok(())
    });
}

#[test]
fn r16_hidden_values_are_in_no_line_of_the_query_log() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let orm = Orm::builder()
        .entities::<House>()
        .logger(move |line| kept.lock().expect("no panic").push(line.to_owned()))
        .in_memory()
        .expect("the schema is valid");
    let mut em = orm.em();
    let ann = secretive(&mut em).expect("it can be stored");
    em[ann].token = Some("the token, changed".into());
    em[ann].password = "secret again".into();
    em.flush().expect("it can be stored");
    em.find::<User>()
        .filter(|u| u.token().reveal().eq("the token, changed"))
        .populate(|u| u.password())
        .or_fail()
        .expect("it is found");
    let lines = lines.lock().expect("no panic").join("\n");
    assert_silent(&lines);
    assert!(lines.contains("password: <hidden>") && lines.contains("token: <hidden>"));
}

#[test]
fn r16_a_unique_violation_hides_the_value_of_a_hidden_property() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        secretive(&mut em)?;
        let bob = user(&mut em, "bob");
        em[bob].token = Some("the token".into());
        let error = refused(em.flush());
        assert_silent(&error.to_string());
        assert_silent(&format!("{error:?}"));
        assert!(error.to_string().contains("already has <hidden>"));
        Ok(())
    });
}

#[test]
fn r16_a_validation_message_has_no_values() {
    #[derive(Entity, Debug)]
    struct Safe {
        #[orm(primary_key)]
        id: Pk,
        #[orm(hidden, length = 3)]
        combination: String,
    }
    on_both_stores::<Safe>(|orm| {
        let mut em = orm.em();
        em.create(Safe::build().combination("secret"));
        assert_silent(&refused(em.flush()).to_string());
        Ok(())
    });
}

#[test]
fn r16_a_change_sets_debug_has_no_values() {
    #[derive(Entity, Debug)]
    #[orm(before_create = Safe::look)]
    struct Safe {
        #[orm(primary_key)]
        id: Pk,
        #[orm(hidden)]
        combination: String,
    }
    impl Safe {
        fn look(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
            assert_silent(&format!("{:?}", args.change_set()));
            Ok(())
        }
    }
    on_both_stores::<Safe>(|orm| {
        let mut em = orm.em();
        em.create(Safe::build().combination("secret"));
        em.flush()
    });
}
