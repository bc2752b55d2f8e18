//! S60 to S64: hooks, change sets, passwords.

use std::cell::RefCell;

use musher::prelude::*;
use musher::{ChangeKind, password};

use crate::common::blog::{Base, User, on_each_store};
use crate::common::{clock, for_each_store};

thread_local! {
    /// What the hook of [`Account`] was told.
    static TOLD: RefCell<Vec<Told>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug, PartialEq)]
struct Told {
    kind: ChangeKind,
    changed: Vec<&'static str>,
    name: Option<String>,
    old_name: Option<String>,
    secret: Option<String>,
}

#[derive(Entity, Debug)]
#[orm(before_create = Account::note, before_update = Account::note)]
struct Account {
    #[orm(base)]
    base: Base,
    name: String,
    secret: Lazy<String>,
    #[orm(default)]
    remark: String,
}

impl Account {
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "hooks look so"
    )]
    fn note(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
        let change = args.change_set();
        let told = Told {
            kind: change.kind(),
            changed: change.changed().collect(),
            name: change.payload().name().cloned(),
            old_name: change.original().name().cloned(),
            secret: change.payload().secret().cloned(),
        };
        TOLD.with_borrow_mut(|all| all.push(told));
        Ok(())
    }
}

fn told() -> Vec<Told> {
    TOLD.take()
}

fn builder() -> musher::OrmBuilder {
    Orm::builder().entities::<Account>()
}

#[test]
fn s60_one_method_serves_both_events_and_runs_in_the_flush() {
    for_each_store(builder, |orm, _| {
        let mut em = orm.em();
        let account = em.create(Account::build().name("foo").secret("x"));
        assert_eq!(told(), []);
        em.flush()?;
        let kinds = |told: Vec<Told>| told.into_iter().map(|told| told.kind).collect::<Vec<_>>();
        assert_eq!(kinds(told()), [ChangeKind::Create]);

        em[account].name = "bar".into();
        assert_eq!(told(), []);
        em.flush()?;
        assert_eq!(kinds(told()), [ChangeKind::Update]);
        em.flush()?;
        assert_eq!(told(), [], "nothing changed, nothing runs");
        Ok(())
    });
}

#[test]
fn s61_the_payload_of_an_insert_holds_all_properties() {
    for_each_store(builder, |orm, _| {
        let mut em = orm.em();
        em.create(Account::build().name("foo").secret("x"));
        em.flush()?;
        assert_eq!(
            told(),
            [Told {
                kind: ChangeKind::Create,
                changed: vec!["created_at", "updated_at", "name", "secret", "remark"],
                name: Some("foo".into()),
                old_name: None,
                secret: Some("x".into()),
            }]
        );
        Ok(())
    });
}

#[test]
fn s61_the_payload_of_an_update_holds_what_changed_and_on_update() {
    for_each_store(builder, |orm, _| {
        let mut em = orm.em();
        let account = em.create(Account::build().name("foo").secret("x"));
        em.flush()?;
        told();
        clock::advance();
        em.clear();
        em.find_one(account).or_fail()?;
        em[account].name = "bar".into();
        em[account].remark = String::new();
        em.flush()?;
        assert_eq!(
            told(),
            [Told {
                kind: ChangeKind::Update,
                changed: vec!["updated_at", "name"],
                name: Some("bar".into()),
                old_name: Some("foo".into()),
                secret: None,
            }]
        );
        Ok(())
    });
}

/// Its hook takes back what was only white space.
#[derive(Entity, Debug)]
#[orm(before_update = Note::trim)]
struct Note {
    #[orm(base)]
    base: Base,
    text: String,
}

impl Note {
    #[expect(clippy::unnecessary_wraps, reason = "hooks look so")]
    fn trim(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
        self.text = self.text.trim().to_owned();
        Ok(())
    }
}

#[test]
fn s61_a_change_that_the_hook_takes_back_is_none() {
    for_each_store(
        || Orm::builder().entities::<Note>(),
        |orm, log| {
            let mut em = orm.em();
            let note = em.create(Note::build().text("foo"));
            em.flush()?;
            let created = clock::shown();
            clock::advance();
            log.take();
            em[note].text = " foo ".into();
            em.flush()?;
            assert_eq!(log.take(), [""; 0]);
            assert_eq!(em[note].text, "foo");
            assert_eq!(em[note].updated_at, created);
            assert_eq!(em.statistics().commits, 1);
            Ok(())
        },
    );
}

#[test]
fn s62_the_password_is_hashed_only_when_it_changed() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        em.flush()?;
        let first = em.view(user).password().clone();

        em[user].bio = "writes".into();
        em.flush()?;
        assert_eq!(*em.view(user).password(), first);

        em[user].password = "654321".into();
        em.flush()?;
        let second = em.view(user).password().clone();
        assert_ne!(second, first);
        assert!(password::verify(&second, "654321")?);
        Ok(())
    });
}

#[test]
fn s62_a_password_that_is_not_loaded_stays_what_it_is() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        em.flush()?;
        let stored = em.view(user).password().clone();
        em.clear();
        em.find_one(user).or_fail()?;
        em[user].bio = "writes".into();
        em.flush()?;
        assert!(!em[user].password.is_loaded());
        em.populate(user, |u| u.password())?;
        assert_eq!(*em.view(user).password(), stored);
        Ok(())
    });
}

#[test]
fn s63_what_the_hook_made_of_the_password_is_stored_and_hashed_once() {
    on_each_store(|orm, log| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        assert_eq!(em.view(user).password(), "123456", "plain until the flush");
        em.flush()?;
        let hash = em.view(user).password().clone();
        assert!(password::verify(&hash, "123456")?);
        log.take();
        em.flush()?;
        assert_eq!(log.take(), [""; 0]);
        assert_eq!(*em.view(user).password(), hash);

        let mut other = orm.em();
        other.find_one(user).populate(|u| u.password()).or_fail()?;
        assert_eq!(*other.view(user).password(), hash);
        Ok(())
    });
}

#[test]
fn s63_after_a_failed_flush_the_password_is_plain_again_and_hashed_once_by_the_next() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        let second = em.persist(User::new("Bar", "foo@bar.com", "654321"));
        assert!(matches!(
            em.flush(),
            Err(Error::UniqueViolation {
                property: "email",
                ..
            })
        ));
        assert_eq!(em.view(second).password(), "654321");
        em[second].email = "bar@bar.com".into();
        em.flush()?;
        assert!(em[second].verify_password("654321")?);
        Ok(())
    });
}

#[test]
fn s64_verify_password_holds_a_password_against_the_stored_hash() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        em.flush()?;
        em.clear();
        em.find_one(user).or_fail()?;
        assert!(matches!(
            em[user].verify_password("123456"),
            Err(Error::NotLoaded { .. })
        ));
        em.populate(user, |u| u.password())?;
        assert!(em[user].verify_password("123456")?);
        assert!(!em[user].verify_password("654321")?);
        Ok(())
    });
}
