//! What is told of the rows of one entity in every flush, beside the entity's own hooks.

use std::any::Any;
use std::marker::PhantomData;

use super::{AnyEntity, ChangeSetData, Entity, Event, EventArgs};
use crate::error::Result;

/// Is told of what flushes do to the rows of the entity `T`: an object with state of its own, where a hook
/// is a function of the entity. `Orm::builder().subscriber(..)` registers it.
///
/// Its methods run after the hooks of the entity, in the order in which subscribers were registered; what
/// one has changed, the next one sees. For `before_*` everything is as for a hook: it may change its own
/// entity, whose change is a part of the same write, and refuse, which aborts the flush.
///
/// ```
/// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
/// use musher::prelude::*;
/// use musher::Subscriber;
///
/// #[derive(Entity, Debug)]
/// struct Article {
///     #[orm(primary_key)]
///     id: Pk,
///     title: String,
/// }
///
/// struct Shouting;
///
/// impl Subscriber<Article> for Shouting {
///     fn before_create(&self, article: &mut Article, _: &EventArgs<'_, Article>) -> musher::Result<()> {
///         article.title = article.title.to_uppercase();
///         Ok(())
///     }
/// }
///
/// let orm = Orm::builder().entities::<Article>().subscriber(Shouting).in_memory()?;
/// let mut em = orm.em();
/// let article = em.create(Article::build().title("Foo"));
/// em.flush()?;
/// assert_eq!(em[article].title, "FOO");
/// # Ok(()) }
/// # #[cfg(not(feature = "derive"))] fn main() {}
/// ```
pub trait Subscriber<T: Entity>: Send + Sync + 'static {
    /// A flush is about to insert the row.
    ///
    /// # Errors
    /// Whatever refuses the flush.
    fn before_create(&self, entity: &mut T, args: &EventArgs<'_, T>) -> Result<()> {
        let _ = (entity, args);
        Ok(())
    }

    /// A flush is about to change the row.
    ///
    /// # Errors
    /// Whatever refuses the flush.
    fn before_update(&self, entity: &mut T, args: &EventArgs<'_, T>) -> Result<()> {
        let _ = (entity, args);
        Ok(())
    }

    /// A flush is about to remove the row.
    ///
    /// # Errors
    /// Whatever refuses the flush.
    fn before_delete(&self, entity: &mut T, args: &EventArgs<'_, T>) -> Result<()> {
        let _ = (entity, args);
        Ok(())
    }

    /// The row was inserted, and the commit has succeeded.
    fn after_create(&self, entity: &T, args: &EventArgs<'_, T>) {
        let _ = (entity, args);
    }

    /// The row was changed, and the commit has succeeded.
    fn after_update(&self, entity: &T, args: &EventArgs<'_, T>) {
        let _ = (entity, args);
    }

    /// The row was removed, and the commit has succeeded.
    fn after_delete(&self, entity: &T, args: &EventArgs<'_, T>) {
        let _ = (entity, args);
    }
}

/// A subscriber with its type erased.
pub trait AnySubscriber: Send + Sync {
    /// Tells it of a `before_*` event.
    ///
    /// # Errors
    /// What the subscriber returns.
    fn before(
        &self,
        event: Event,
        entity: &mut dyn AnyEntity,
        change: &ChangeSetData,
    ) -> Result<()>;

    /// Tells it of an `after_*` event.
    fn after(&self, event: Event, entity: &dyn AnyEntity, change: &ChangeSetData);
}

/// A subscriber of one entity, to be told by whoever does not know the type.
pub(crate) struct Erased<T, S>(pub(crate) S, pub(crate) PhantomData<fn() -> T>);

impl<T: Entity, S: Subscriber<T>> AnySubscriber for Erased<T, S> {
    fn before(
        &self,
        event: Event,
        entity: &mut dyn AnyEntity,
        change: &ChangeSetData,
    ) -> Result<()> {
        let entity: &mut dyn Any = entity;
        let entity = entity.downcast_mut().expect("it subscribed to this entity");
        let args = EventArgs::new(change);
        match event {
            Event::BeforeCreate => self.0.before_create(entity, &args),
            Event::BeforeUpdate => self.0.before_update(entity, &args),
            Event::BeforeDelete => self.0.before_delete(entity, &args),
            other => unreachable!("{} comes before nothing", other.name()),
        }
    }

    fn after(&self, event: Event, entity: &dyn AnyEntity, change: &ChangeSetData) {
        let entity: &dyn Any = entity;
        let entity = entity.downcast_ref().expect("it subscribed to this entity");
        let args = EventArgs::new(change);
        match event {
            Event::AfterCreate => self.0.after_create(entity, &args),
            Event::AfterUpdate => self.0.after_update(entity, &args),
            Event::AfterDelete => self.0.after_delete(entity, &args),
            other => unreachable!("{} comes after nothing", other.name()),
        }
    }
}
