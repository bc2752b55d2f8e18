//! Changing what a collection holds.

use std::marker::PhantomData;

use rustc_hash::FxHashSet;

use super::{EntityManager, Managed};
use crate::codec::RowKey;
use crate::context::{Instance, LinkChange};
use crate::entity::{Collection, Id, IntoIds, Membership};
use crate::error::Result;
use crate::schema::RelationKind;

/// A collection of a managed entity, to be changed. Links are sets: adding what is there changes
/// nothing. Both ends of the relation follow at once; the next flush writes the links.
pub struct CollectionEdit<'em, T: Managed, U: Managed> {
    em: &'em mut EntityManager,
    owner: Id<T>,
    instance: Instance,
    field: usize,
    item: PhantomData<fn() -> U>,
}

impl<'em, T: Managed, U: Managed> CollectionEdit<'em, T, U> {
    pub(super) const fn new(
        em: &'em mut EntityManager,
        owner: Id<T>,
        instance: Instance,
        field: usize,
    ) -> Self {
        Self {
            em,
            owner,
            instance,
            field,
            item: PhantomData,
        }
    }

    /// The owner of the collection.
    #[must_use]
    pub fn owner(&self) -> Id<T> {
        self.owner.clone()
    }

    /// Adds items. The collection need not be initialized, nor the items be loaded.
    pub fn add(&mut self, items: impl IntoIds<U>) -> &mut Self {
        self.change(items, LinkChange::Add)
    }

    /// Takes items out. The links go; the entities stay, unless the relation has `orphan_removal`.
    /// The collection need not be initialized.
    ///
    /// Taking an item out of a `one_to_many` whose reference is required, and giving it no other
    /// owner, fails at the next flush.
    pub fn remove(&mut self, items: impl IntoIds<U>) -> &mut Self {
        self.change(items, LinkChange::Remove)
    }

    fn change(&mut self, items: impl IntoIds<U>, change: LinkChange) -> &mut Self {
        for item in items.into_ids() {
            self.em
                .context
                .change_link(self.instance, self.field, &item.row_key(), change);
        }
        self
    }

    /// Takes out the items for which the condition holds.
    ///
    /// # Errors
    /// [`NotLoaded`](crate::Error::NotLoaded) if the collection is not initialized.
    pub fn remove_if(&mut self, condition: impl Fn(U::View<'_>) -> bool) -> Result<&mut Self> {
        let em = &*self.em;
        let ids: Vec<Id<U>> = self.collection().try_iter()?.cloned().collect();
        let mut doomed = Vec::new();
        for id in ids {
            if condition(em.try_view(id.clone())?) {
                doomed.push(id);
            }
        }
        Ok(self.remove(doomed))
    }

    /// Makes the items all that the collection holds.
    ///
    /// # Errors
    /// What loading the collection says, which a `one_to_many` that is not initialized needs.
    pub fn set(&mut self, items: impl IntoIds<U>) -> Result<&mut Self> {
        let items = EntityManager::row_keys(items.into_ids());
        let (instance, field) = (self.instance, self.field);
        self.em
            .attempt(|em| em.set_collection(instance, field, &items))?;
        Ok(self)
    }

    /// Takes all items out.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn remove_all(&mut self) -> Result<&mut Self> {
        self.set([])
    }

    /// Reads the collection and its items from the database, whether it is initialized or not.
    /// Pending changes stay pending.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage), [`Error::Corruption`](crate::Error::Corruption).
    pub fn init(&mut self) -> Result<&mut Self> {
        self.load(true)
    }

    /// Reads the collection and its items, unless it is initialized.
    ///
    /// # Errors
    /// As [`init`](Self::init).
    pub fn load_items(&mut self) -> Result<&mut Self> {
        self.load(false)
    }

    fn load(&mut self, anyway: bool) -> Result<&mut Self> {
        let (instance, field) = (self.instance, self.field);
        self.em.attempt(|em| {
            em.reconcile()?;
            em.load_collection(instance, field, anyway)
        })?;
        Ok(self)
    }

    /// The number of items, asked of the database if the collection is not initialized. Pending
    /// changes count; no item is loaded.
    ///
    /// # Errors
    /// As [`init`](Self::init).
    pub fn load_count(&mut self) -> Result<usize> {
        let (instance, field) = (self.instance, self.field);
        self.em.attempt(|em| {
            em.reconcile()?;
            let collection = em.context.body(instance).to_many(field);
            if collection.membership() == Membership::Initialized {
                return Ok(collection.count());
            }
            em.count_collection(instance, field)
        })
    }

    /// Whether all items are in memory.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.collection().is_initialized()
    }

    /// Whether links were added or removed that are not flushed yet.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.collection().is_dirty()
    }

    /// Whether the entity is among the items.
    ///
    /// # Panics
    /// If the collection is not initialized.
    #[must_use]
    #[track_caller]
    pub fn contains(&self, id: &Id<U>) -> bool {
        self.collection().contains(id)
    }

    /// The number of items.
    ///
    /// # Panics
    /// If the collection is not initialized.
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.collection().len()
    }

    /// Whether there are no items.
    ///
    /// # Panics
    /// If the collection is not initialized.
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.collection().is_empty()
    }

    /// The items.
    ///
    /// # Panics
    /// If the collection is not initialized.
    #[must_use]
    #[track_caller]
    pub fn ids(&self) -> Vec<Id<U>> {
        self.collection().ids()
    }

    fn collection(&self) -> &Collection<U> {
        self.em
            .context
            .body(self.instance)
            .to_many(self.field)
            .as_any()
            .downcast_ref()
            .expect("the property is a collection of this type")
    }
}

impl EntityManager {
    /// Makes the items all that a collection holds.
    pub(super) fn set_collection(
        &mut self,
        owner: Instance,
        field: usize,
        items: &[RowKey],
    ) -> Result<()> {
        let relation = self.database.schema.entity(owner.entity).relation(field);
        let initialized =
            self.context.body(owner).to_many(field).membership() == Membership::Initialized;
        let is_join = matches!(relation.kind, RelationKind::ManyToMany { .. });
        if !initialized && is_join {
            self.context.clear_links(owner, field);
        } else {
            if !initialized {
                self.load_collection(owner, field, false)?;
            }
            let wanted: FxHashSet<&RowKey> = items.iter().collect();
            for before in self.context.body(owner).to_many(field).keys() {
                if !wanted.contains(&before) {
                    self.context
                        .change_link(owner, field, &before, LinkChange::Remove);
                }
            }
        }
        for item in items {
            self.context
                .change_link(owner, field, item, LinkChange::Add);
        }
        Ok(())
    }
}
