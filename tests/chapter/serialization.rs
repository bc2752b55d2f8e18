//! S43 to S46: what leaves the program, and what of a user may not.

use serde_json::json;

use crate::common::blog::{User, foo_bar, on_each_store};
use crate::common::clock;

const TIME: &str = "2022-09-11T15:06:44.371Z";

#[test]
fn s43_a_hidden_password_is_in_no_json_though_it_is_loaded() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article)
            .populate(|a| (a.author().password(), a.text(), a.tags()))
            .or_fail()?;
        assert!(em[user].password.is_loaded());
        let json = serde_json::to_value(em.view(article)).expect("views serialize");
        assert_eq!(
            json,
            json!({
                "id": 1,
                "created_at": TIME,
                "updated_at": TIME,
                "slug": "foo-is-bar",
                "title": "Foo is Bar",
                "description": "Lorem impsum dolor sit amet…",
                "text": "Lorem impsum dolor sit amet",
                "author": {
                    "id": 1,
                    "created_at": TIME,
                    "updated_at": TIME,
                    "full_name": "Foo Bar",
                    "email": "foo@bar.com",
                    "bio": "",
                },
                "tags": [],
            })
        );

        let chosen = em.serialize(article).populate(|a| a.author().password());
        let json = serde_json::to_value(chosen).expect("serializations serialize");
        assert!(json["author"].is_object());
        assert_eq!(json["author"].get("password"), None);
        Ok(())
    });
}

#[test]
fn s43_what_is_serialized_can_be_chosen() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article)
            .populate(|a| (a.author(), a.text()))
            .or_fail()?;
        let json = |chosen| serde_json::to_value(chosen).expect("serializations serialize");
        let chosen = em
            .serialize(article)
            .populate(|a| a.author())
            .exclude(|a| (a.slug(), a.text(), a.updated_at(), a.author().email()));
        assert_eq!(
            json(chosen),
            json!({
                "id": 1,
                "created_at": TIME,
                "title": "Foo is Bar",
                "description": "Lorem impsum dolor sit amet…",
                "author": {
                    "id": 1,
                    "created_at": TIME,
                    "updated_at": TIME,
                    "full_name": "Foo Bar",
                    "bio": "",
                },
            })
        );
        let as_key = json(em.serialize(article));
        assert_eq!(as_key["author"], json!(1));
        Ok(())
    });
}

#[test]
fn s43_a_hidden_password_is_in_no_log_and_in_no_printed_view() {
    on_each_store(|orm, log| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        em.flush()?;
        em[user].password = "654321".into();
        em.flush()?;
        let hash = em.view(user).password().clone();
        em.find::<User>().filter(|u| u.bio().eq("")).all()?;
        let told = log.take().join("\n") + &format!("{:?}", em.view(user));
        for secret in ["123456", "654321", "argon2", hash.as_str()] {
            assert!(!told.contains(secret), "{secret} is in {told}");
        }
        assert!(told.contains("password: <hidden>"));
        Ok(())
    });
}

#[test]
fn s44_a_lazy_password_is_not_read_with_the_author() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.author()).or_fail()?;
        assert_eq!(em[user].full_name, "Foo Bar");
        assert_eq!(em[user].password.get(), None);
        assert_eq!(em.statistics().rows_read, 2, "the article and the user");
        Ok(())
    });
}

/// The chapter begins with an HMAC without a salt and replaces it by argon2; Musher has argon2id
/// only, so what is stored is that from the start.
#[test]
fn s45_passwords_are_hashed_with_argon2id_and_a_salt() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let foo = em.persist(User::new("Foo", "foo@bar.com", "123456"));
        let bar = em.persist(User::new("Bar", "bar@bar.com", "123456"));
        em.flush()?;
        let [foo, bar] = [foo, bar].map(|user| em.view(user).password().clone());
        assert!(foo.starts_with("$argon2id$v=19$"), "{foo}");
        assert!(bar.starts_with("$argon2id$v=19$"), "{bar}");
        assert_ne!(foo, bar, "each has a salt of its own");
        Ok(())
    });
}

/// The password prints as it was given: this is the user's own struct with the `Debug` that the
/// standard derive makes. From the moment it is managed, views print it as `<hidden>`.
#[test]
fn s46_an_unsaved_user_prints_an_unset_id() {
    clock::reset();
    let user = User::new("Foo Bar", "foo@bar.com", "123456");
    assert_eq!(
        format!("{user:#?}"),
        r#"User {
    base: Base {
        id: unset,
        created_at: 2022-09-11T15:06:44.371Z,
        updated_at: 2022-09-11T15:06:44.371Z,
    },
    full_name: "Foo Bar",
    email: "foo@bar.com",
    password: "123456",
    bio: "",
    articles: Collection<Article> {
        initialized: true,
        dirty: false,
    },
}"#
    );
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let managed = em.persist(user.clone());
        let printed = format!("{:?}", em.view(managed));
        assert!(printed.starts_with("User { id: 1, "), "{printed}");
        assert!(printed.contains("password: <hidden>"), "{printed}");
        em.flush()
    });
}
