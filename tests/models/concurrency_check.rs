//! A row is written only while its properties with `concurrency_check` are those that were read.

use musher::prelude::*;

use crate::support::{on_both_stores, refused};

#[derive(Entity, Debug)]
struct Clerk {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(concurrency_check, default = "open")]
    status: String,
}

#[derive(Entity, Debug)]
struct Order {
    #[orm(base)]
    base: Base,
    remark: String,
    #[orm(hidden, concurrency_check, default)]
    secret: u32,
    #[orm(many_to_one, concurrency_check)]
    clerk: Option<Id<Clerk>>,
}

type Shop = (Clerk, Order);

/// Changes an order in a unit of work of its own.
fn rival(orm: &Orm, id: Id<Order>, change: impl FnOnce(&mut Order)) -> musher::Result<()> {
    let mut em = orm.em();
    em.find_one(id).or_fail()?;
    change(&mut em[id]);
    em.flush()
}

fn order(orm: &Orm) -> musher::Result<(EntityManager, Id<Order>)> {
    let mut em = orm.em();
    let id = em.create(Order::build().remark("as read"));
    em.flush()?;
    Ok((em, id))
}

/// The property, the value read and the value stored of the error.
fn told(error: Error) -> (&'static str, String, String) {
    match error {
        Error::OptimisticLock {
            property,
            expected,
            found,
            ..
        } => (property, expected, found),
        other => panic!("not the lock: {other}"),
    }
}

#[test]
fn a_change_over_another_value_than_was_read_is_refused_and_names_both() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, id) = order(orm)?;
        rival(orm, id, |order| order.base.status = "sent".into())?;
        em[id].remark = "mine".into();
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            format!(
                "Order {id} was changed by another unit of work since it was read: status \"open\" was expected, \
                 and \"sent\" is there; read it anew with `em.refresh(id)`, decide again, and flush"
            )
        );
        assert_eq!(em[id].remark, "mine", "it stays pending");

        em.refresh(id)?;
        em[id].remark = "mine".into();
        em[id].base.status = "closed".into();
        em.flush()?;
        let mut reader = orm.em();
        reader.find_one(id).or_fail()?;
        assert_eq!(reader[id].base.status, "closed");
        Ok(())
    });
}

#[test]
fn the_checked_property_itself_is_checked_when_it_is_changed() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, id) = order(orm)?;
        rival(orm, id, |order| order.base.status = "sent".into())?;
        em[id].base.status = "closed".into();
        let found = told(refused(em.flush()));
        assert_eq!(found, ("status", "\"open\"".into(), "\"sent\"".into()));
        Ok(())
    });
}

#[test]
fn changes_of_other_properties_are_merged() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, id) = order(orm)?;
        rival(orm, id, |order| order.remark = "theirs".into())?;
        em[id].base.status = "closed".into();
        em.flush()?;
        assert_eq!(em[id].remark, "theirs");
        Ok(())
    });
}

#[test]
fn references_are_checked_and_hidden_values_are_not_told() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, id) = order(orm)?;
        let clerk = em.create(Clerk::build().name("Ann"));
        em.flush()?;
        rival(orm, id, |order| order.clerk = Some(clerk))?;
        em[id].remark = "mine".into();
        let found = told(refused(em.flush()));
        assert_eq!(found, ("clerk", "None".into(), clerk.to_string()));

        em.refresh(id)?;
        rival(orm, id, |order| order.secret = 7)?;
        em[id].remark = "mine".into();
        let found = told(refused(em.flush()));
        assert_eq!(found, ("secret", "<hidden>".into(), "<hidden>".into()));
        Ok(())
    });
}

#[test]
fn a_removal_is_checked_too() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, id) = order(orm)?;
        rival(orm, id, |order| order.base.status = "sent".into())?;
        em.remove(id);
        assert_eq!(told(refused(em.flush())).0, "status");
        em.clear();
        em.remove(id);
        em.flush()
    });
}

#[test]
fn a_query_in_between_does_not_hide_the_conflict() -> musher::Result<()> {
    let orm = Orm::builder()
        .entities::<Shop>()
        .flush_mode(FlushMode::Commit)
        .in_memory()?;
    let (mut em, id) = order(&orm)?;
    em[id].remark = "mine".into();
    rival(&orm, id, |order| order.remark = "theirs".into())?;
    em.find::<Order>().all()?;
    rival(&orm, id, |order| order.base.status = "sent".into())?;
    em.find::<Order>().all()?;
    assert_eq!(em[id].base.status, "open", "as it was decided upon");
    assert_eq!(told(refused(em.flush())).0, "status");
    Ok(())
}

#[test]
fn the_commit_of_a_transaction_checks_once_more() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, id) = order(orm)?;
        let error = refused(em.transactional(|em| {
            em[id].remark = "staged".into();
            em.flush()?;
            em[id].base.status = "staged".into();
            em.flush()?;
            rival(orm, id, |order| order.base.status = "sent".into())
        }));
        assert_eq!(
            told(error),
            ("status", "\"open\"".into(), "\"sent\"".into())
        );
        assert_eq!(em[id].base.status, "open");

        em.refresh(id)?;
        em.transactional(|em| {
            em[id].base.status = "staged".into();
            em.flush()?;
            em[id].base.status = "staged twice".into();
            Ok(())
        })?;
        let mut reader = orm.em();
        reader.find_one(id).or_fail()?;
        assert_eq!(reader[id].base.status, "staged twice");
        Ok(())
    });
}
