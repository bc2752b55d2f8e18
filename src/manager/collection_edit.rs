//! Changing what a collection holds.

use std::marker::PhantomData;

use super::{EntityManager, Managed, Matching};
use crate::codec::RowKey;
use crate::context::{Instance, LinkChange};
use crate::entity::{Collection, Id, IntoIds, Membership, Unchecked};
use crate::error::Result;
use crate::load::ItemsOf;
use crate::query::{Condition, Filter};
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
        let items = EntityManager::row_keys(items.into_ids());
        let context = &mut self.em.context;
        context.change_links(self.instance, self.field, &items, change);
        self
    }

    /// Takes out the items for which the condition holds.
    ///
    /// # Errors
    /// [`NotLoaded`](crate::Error::NotLoaded) if the collection is not initialized, or
    /// [partial](Collection::is_partial).
    pub fn remove_if(
        &mut self,
        condition: impl Fn(U::View<'_, Unchecked>) -> bool,
    ) -> Result<&mut Self> {
        let em = &*self.em;
        let ids: Vec<Id<U>> = self.collection().try_iter_whole()?.cloned().collect();
        let mut doomed = Vec::new();
        for id in ids {
            if condition(em.try_view(id.clone())?) {
                doomed.push(id);
            }
        }
        Ok(self.remove(doomed))
    }

    /// Makes the items all that the collection holds; [`remove_all`](Self::remove_all) is the way to none.
    ///
    /// # Errors
    /// What loading the collection says, which a `one_to_many` that is not initialized needs.
    /// [`NotLoaded`](crate::Error::NotLoaded) if the collection is [partial](Collection::is_partial):
    /// what it does not show would be removed.
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
        self.set(Vec::<Id<U>>::new())
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
        self.em.init_collection(instance, field, anyway)?;
        Ok(self)
    }

    /// The number of items, asked of the database if the collection is not initialized. Pending
    /// changes count; no item is loaded. [`matching`](Self::matching) counts those that meet a condition.
    ///
    /// # Errors
    /// As [`init`](Self::init).
    pub fn load_count(&mut self) -> Result<usize> {
        self.em.count_collection(self.instance, self.field)
    }

    /// The items that meet a condition, asked of the database, in whatever order and up to whatever
    /// limit is said: see [`Matching`]. What the collection shows stays as it is.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # #[derive(Entity, Debug)]
    /// # struct Article { #[orm(primary_key)] id: Pk, #[orm(many_to_many)] tags: Collection<Tag> }
    /// # let orm = Orm::builder().entities::<(Article, Tag)>().in_memory()?;
    /// # let mut em = orm.em();
    /// # let tags = ["rust", "sled", "rusty"].map(|name| em.create(Tag::build().name(name)));
    /// # let article = em.create(Article::build().tags(tags));
    /// let mut edit = em.edit(article);
    /// let found = edit
    ///     .tags()
    ///     .matching(|t| t.name().starts_with("rust"))
    ///     .order_by(|t| t.name().desc())
    ///     .limit(1)
    ///     .all()?;
    /// assert_eq!(found, [tags[2]]);
    /// assert_eq!(edit.tags().matching(|t| t.name().starts_with("rust")).count()?, 2);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    pub fn matching(self, filter: impl FnOnce(U::Path<U>) -> Filter<U>) -> Matching<'em, U> {
        self.find().filter(filter)
    }

    /// As [`matching`](Self::matching), without a condition yet.
    pub fn find(self) -> Matching<'em, U> {
        let schema = &self.em.database.schema;
        let owner = schema.entity(self.instance.entity);
        let relation = owner.relation(self.field);
        let is_owned = matches!(relation.kind, RelationKind::OneToMany { .. });
        let refers = is_owned.then(|| {
            let key = self.owner.key();
            Condition::refers_to(relation.mapped_by(), owner.key_field, key)
        });
        let items = ItemsOf {
            owner: self.instance,
            field: self.field,
            refers,
        };
        Matching::new(self.em, items)
    }

    /// Whether the items are in memory: see [`Collection::is_initialized`].
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.collection().is_initialized()
    }

    /// Whether a populate hint has chosen among the items: see [`Collection::is_partial`].
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.collection().is_partial()
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
        let membership = self.context.body(owner).to_many(field).membership();
        let is_known = match membership {
            Membership::Partial => {
                return Err(self.context.origin(owner.entity, field).partial());
            }
            Membership::NotInitialized => false,
            Membership::Detached | Membership::Filtered | Membership::Initialized => true,
        };
        let is_join = matches!(relation.kind, RelationKind::ManyToMany { .. });
        if !is_known && is_join && !self.is_filtered(relation.target)? {
            self.context.clear_links(owner, field);
        } else if !is_known {
            self.load_collection(owner, field, false)?;
        }
        self.context.set_links(owner, field, items);
        self.context.order_items(owner, field, items);
        Ok(())
    }
}
