//! R13: hooks change their own entity within the same write, or refuse it, and those that follow the
//! commit follow it.

#![allow(
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "hooks have the signature that they have"
)]

use musher::prelude::*;

use crate::support::*;

/// Without the numbers of the entities.
fn names(events: &[String]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.split(' ').next().expect("an event has a name"))
        .collect()
}

#[test]
fn r13_hooks_run_in_order_and_once() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        events();
        let watched = task(&mut em, "");
        assert_eq!(names(&events()), ["on_init"]);
        em.flush()?;
        assert_eq!(names(&events()), ["before_create", "after_create"]);
        em[watched].order = "something".into();
        em.flush()?;
        assert_eq!(
            events(),
            [
                "before_update 1 [order stamp]",
                "after_update 1 [order hooks stamp]"
            ]
        );
        em.clear();
        em.find_one(watched).or_fail()?;
        em.find_one(watched).or_fail()?;
        assert_eq!(names(&events()), ["on_init", "on_load"]);
        em.remove(watched);
        assert_eq!(events(), [""; 0]);
        em.flush()?;
        assert_eq!(names(&events()), ["before_delete", "after_delete"]);
        Ok(())
    });
}

#[test]
fn r13_what_a_before_hook_changes_is_in_the_same_write_and_in_the_payload_afterwards() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let created = task(&mut em, "code x");
        em.flush()?;
        let updated = task(&mut em, "");
        em.flush()?;
        events();
        em[updated].order = "code y".into();
        em.flush()?;
        assert!(
            events().contains(&"after_update 2 [order code hooks stamp]".to_owned()),
            "the payload is computed anew"
        );
        assert_eq!(em.statistics().commits, 3);
        em.flush()?;
        assert_eq!(em.statistics().commits, 3, "nothing is left to be written");
        em.clear();
        em.find_one(created).or_fail()?;
        em.find_one(updated).or_fail()?;
        assert_eq!(em[created].code.as_deref(), Some("x"));
        assert_eq!(em[updated].code.as_deref(), Some("y"));
        assert_eq!((em[created].hooks, em[updated].hooks), (0, 1));
        Ok(())
    });
}

#[test]
fn r13_what_a_hook_makes_of_its_entity_is_judged() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        task(&mut em, "code x");
        em.flush()?;
        let second = task(&mut em, "code x");
        assert!(matches!(refused(em.flush()), Error::UniqueViolation { .. }));
        em[second].order = "parent 99".into();
        assert!(matches!(
            refused(em.flush()),
            Error::ForeignKeyViolation { .. }
        ));
        em[second].order = "code z".into();
        em.flush()?;
        assert_eq!(
            (em[second].code.as_deref(), em[second].parent),
            (Some("z"), None)
        );
        Ok(())
    });
}

#[test]
fn r13_a_reference_written_by_a_hook_moves_its_entity_between_loaded_collections() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (a, b) = (task(&mut em, ""), task(&mut em, ""));
        let child = task(&mut em, "parent 1");
        em.flush()?;
        assert_eq!(em[a].subtasks.ids(), [child]);
        em[child].order = "parent 2".into();
        em.flush()?;
        assert_eq!(em[a].subtasks.ids(), []);
        assert_eq!(em[b].subtasks.ids(), [child]);
        em[child].order = "orphan".into();
        em.flush()?;
        assert_eq!(em[b].subtasks.ids(), []);
        Ok(())
    });
}

#[test]
fn r13_a_collection_that_a_hook_assigns_is_refused_and_nothing_is_lost() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let gold = badge(&mut em, "gold");
        let silver = badge(&mut em, "silver");
        let one = task(&mut em, "");
        em.flush()?;
        em.edit(one).badges().add(silver);
        em[one].order = "badge 1".into();
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "Task 1: the before_update hook failed: it has changed the relation `badges`, of which another row is a \
             part too; change it before the flush, with `em.edit(id)`"
        );
        assert_eq!(em[one].badges.ids(), [silver]);
        em[one].order = "done".into();
        em.edit(one).badges().add(gold);
        em.flush()?;
        em.clear();
        em.find_one(one).populate(|t| t.badges()).or_fail()?;
        assert_eq!(em[one].badges.ids(), [gold, silver]);
        Ok(())
    });
}

/// Its hook does what it is told to do with the two collections.
#[derive(Entity, Debug)]
#[orm(before_update = Self::rearrange)]
struct Display {
    #[orm(primary_key)]
    id: Pk,
    order: String,
    #[orm(many_to_many)]
    front: Collection<Coin>,
    #[orm(many_to_many)]
    back: Collection<Coin>,
}

#[derive(Entity, Debug)]
struct Coin {
    #[orm(primary_key)]
    id: Pk,
}

impl Display {
    fn rearrange(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
        match self.order.as_str() {
            "swap" => std::mem::swap(&mut self.front, &mut self.back),
            "move" => self.front = std::mem::take(&mut self.back),
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn r13_a_collection_that_a_hook_moves_to_another_property_is_refused_too() {
    on_both_stores::<(Display, Coin)>(|orm| {
        let mut em = orm.em();
        let (old, new) = (em.create(Coin::build()), em.create(Coin::build()));
        let display = em.create(Display::build().order("").front([new]).back([old]));
        em.flush()?;
        for order in ["swap", "move"] {
            em[display].order = order.into();
            let error = refused(em.flush()).to_string();
            assert!(error.contains("it has changed the relation"), "{error}");
            assert_eq!(em[display].front.ids(), [new]);
            assert_eq!(em[display].back.ids(), [old]);
        }
        em[display].order = "done".into();
        em.flush()?;
        em.clear();
        em.find_one(display)
            .populate(|d| (d.front(), d.back()))
            .or_fail()?;
        assert_eq!(em[display].front.ids(), [new]);
        assert_eq!(em[display].back.ids(), [old]);
        Ok(())
    });
}

#[test]
fn r13_an_error_of_a_hook_aborts_and_no_after_hook_runs() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let first = task(&mut em, "");
        let second = task(&mut em, "");
        em.flush()?;
        em[first].order = "fine".into();
        em[second].order = "refuse".into();
        events();
        assert_eq!(
            refused(em.flush()).to_string(),
            "Task 2: the before_update hook failed: the task refuses"
        );
        assert!(!events().iter().any(|event| event.starts_with("after")));
        em[second].order = String::new();
        em.flush()?;
        em.refresh(second)?;
        em[second].order = "refuse".into();
        em.remove(second);
        assert_eq!(
            refused(em.flush()).to_string(),
            "Task 2: the before_delete hook failed: the task refuses"
        );
        assert!(em.get(second).is_some());
        Ok(())
    });
}

#[test]
fn r13_after_hooks_see_the_commit() {
    use std::cell::RefCell;

    thread_local! {
        static DATABASE: RefCell<Option<Orm>> = const { RefCell::new(None) };
        static SEEN: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    }

    #[derive(Entity, Debug)]
    #[orm(
        before_create = Witness::look_before,
        after_create = Witness::look_after,
        after_delete = Witness::look_after
    )]
    struct Witness {
        #[orm(primary_key)]
        id: Pk,
    }

    impl Witness {
        fn look(&self) {
            let orm = DATABASE.with_borrow(Clone::clone).expect("it was set");
            let mut em = orm.em();
            let count = em.find::<Witness>().count().expect("it can be read");
            SEEN.with_borrow_mut(|seen| seen.push(count));
        }

        fn look_before(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
            self.look();
            Ok(())
        }

        fn look_after(&self, _: &EventArgs<Self>) {
            self.look();
        }
    }

    on_both_stores::<Witness>(|orm| {
        DATABASE.set(Some(orm.clone()));
        let mut em = orm.em();
        let first = em.create(Witness::build());
        em.create(Witness::build());
        em.flush()?;
        em.remove(first);
        em.flush()?;
        DATABASE.set(None);
        assert_eq!(SEEN.take(), [0, 0, 2, 2, 1]);
        Ok(())
    });
}

#[test]
fn r13_a_hook_is_told_what_was_and_what_shall_be() {
    use std::cell::RefCell;

    thread_local! {
        static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    #[derive(Entity, Debug)]
    #[orm(before_create = Account::tell, before_update = Account::tell, before_delete = Account::tell)]
    struct Account {
        #[orm(primary_key)]
        id: Pk,
        balance: i64,
        #[orm(default)]
        remark: Lazy<String>,
        #[orm(many_to_one)]
        parent: Option<Id<Account>>,
    }

    impl Account {
        fn tell(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
            let changes = args.change_set();
            let line = format!(
                "{:?} {}: {:?} -> {:?}, {:?} -> {:?}, {:?} -> {:?}",
                changes.kind(),
                args.id(),
                changes.original().balance(),
                changes.payload().balance(),
                changes.original().remark(),
                changes.payload().remark(),
                changes.original().parent(),
                changes.payload().parent(),
            );
            TOLD.with_borrow_mut(|told| told.push(line));
            Ok(())
        }
    }

    on_both_stores::<Account>(|orm| {
        let mut em = orm.em();
        let first = em.create(Account::build().balance(5));
        em.flush()?;
        em[first].balance = 6;
        em[first].remark = "more".into();
        em.flush()?;
        em[first].parent = Some(first);
        em.flush()?;
        em[first].parent = None;
        em.flush()?;
        em.remove(first);
        em.flush()?;
        assert_eq!(
            TOLD.take(),
            [
                r#"Create 1: None -> Some(5), None -> Some(""), None -> Some(None)"#,
                r#"Update 1: Some(5) -> Some(6), Some("") -> Some("more"), None -> None"#,
                "Update 1: None -> None, None -> None, Some(None) -> Some(Some(Account(1)))",
                "Update 1: None -> None, None -> None, Some(Some(Account(1))) -> Some(None)",
                "Delete 1: None -> None, None -> None, None -> None",
            ]
        );
        Ok(())
    });
}
