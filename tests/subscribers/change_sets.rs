//! `em.change_sets()`.

use musher::{AnyChangeSet, ChangeKind};

use super::{Account, Events, Group, account, on_both_stores};

#[test]
fn they_say_what_a_flush_would_do_and_change_nothing() -> musher::Result<()> {
    let events = Events::default();
    on_both_stores(
        |builder| builder,
        |orm| {
            let mut em = orm.em();
            assert!(em.change_sets()?.is_empty());
            let ann = account(&mut em, &events, "ann");
            let bob = account(&mut em, &events, "bob");
            let group = em.create(Group::build().name("group").secret("x"));
            em.flush()?;
            events.take();
            let cid = account(&mut em, &events, "cid");
            em[ann].balance = 5;
            em[bob].balance = 0; // as it was
            em.edit(ann).groups().add(group);
            em.remove(bob);
            em[group].secret = "y".into();

            let changes = em.change_sets()?;
            let told: Vec<_> = changes
                .iter()
                .map(|change| (change.entity(), change.kind(), change.key()))
                .collect();
            assert_eq!(
                told,
                [
                    ("Account", ChangeKind::Create, "3".to_owned()),
                    ("Account", ChangeKind::Update, "1".to_owned()),
                    ("Account", ChangeKind::Delete, "2".to_owned()),
                    ("Group", ChangeKind::Update, "1".to_owned()),
                ]
            );
            let typed: Vec<_> = changes.of::<Account>().map(|change| change.id()).collect();
            assert_eq!(typed, [cid, ann, bob]);
            let of_ann = changes.of::<Account>().nth(1).expect("it has changed");
            assert_eq!(
                (of_ann.original().balance(), of_ann.payload().balance()),
                (Some(&0), Some(&5))
            );
            let of_group: AnyChangeSet<'_> = changes.iter().last().expect("it has changed");
            assert_eq!(of_group.payload("secret").as_deref(), Some("<hidden>"));
            assert_eq!(of_group.id::<Account>(), None);
            let links: Vec<_> = changes
                .links()
                .map(|link| {
                    (
                        link.relation(),
                        link.owner(),
                        link.target(),
                        link.is_added(),
                    )
                })
                .collect();
            assert_eq!(
                links,
                [(("Account", "groups"), Some(ann), Some(group), true)]
            );

            assert_eq!(events.take(), [""; 0], "no hook has run");
            assert_eq!(em[cid].hooked, 0);
            assert_eq!(em.statistics().commits, 1);
            let again = em.change_sets()?;
            assert_eq!(format!("{again:?}"), format!("{changes:?}"));
            em.flush()?;
            assert!(em.change_sets()?.is_empty());
            events.take();
            Ok(())
        },
    )
}
