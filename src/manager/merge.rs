//! Values and instances that come from elsewhere: references, detached values, other units of work.

use std::borrow::Cow;

use super::find::Options;
use super::{EntityManager, Managed, not_loaded};
use crate::codec::RowKey;
use crate::context::{Context, Instance, Life, Slot};
use crate::entity::{Entity, Event, Fields, Id, IntoId, Membership, Origin, display};
use crate::error::{Error, Result, Violation};
use crate::keyspace::parse_row;
use crate::load::{Hint, Hints, LoadPath, Root};
use crate::schema::{EntityIndex, EntitySchema};
use crate::unit_of_work::{differs_from_row, encode_column};

impl EntityManager {
    /// A reference to the row with this key, without a look at the store: it can be assigned, put into
    /// collections, and compared. Whether there is such a row is judged by the flush.
    ///
    /// Every id is such a reference. This one says of which entity, so that a bare key becomes one:
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let em = orm.em();
    /// let tag = em.reference::<Tag>(7_u64);
    /// assert!(!em.is_initialized(tag));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    pub fn reference<T: Entity>(&self, id: impl IntoId<T>) -> Id<T> {
        id.into_id()
    }

    /// Takes over a detached value: one that was cloned out of a unit of work, say, or came back from a
    /// client as a whole. Its row is read, and the instance becomes managed with the properties of the
    /// value; the next flush writes what differs from the row as it is read here.
    ///
    /// So the value as a whole counts, and what others have changed in the meantime is overwritten. Where
    /// that must not be, give the entity a version: then a value of another version is refused. So it is
    /// for properties with `concurrency_check`. Lazy properties without a value are left alone.
    /// Collections are not taken over, since they may be older than what is stored:
    /// [`edit`](Self::edit) changes links.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug, Clone)]
    /// # struct Page { #[orm(primary_key)] id: Pk, text: String, #[orm(version)] version: u64 }
    /// # let orm = Orm::builder().entities::<Page>().in_memory()?;
    /// # let mut em = orm.em();
    /// # let id = em.create(Page::build().text("first"));
    /// # em.flush()?;
    /// let mut page: Page = em[id].clone(); // leaves this unit of work
    /// page.text = "second".into();
    ///
    /// let mut em = orm.em();
    /// em.merge(page)?;
    /// em.flush()?;
    /// assert_eq!(em[id].version, 2);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such row; [`Error::OptimisticLock`] if it is at another
    /// version; [`Error::AlreadyManaged`] if the instance is managed here with changes of its own;
    /// [`Error::Validation`] if the value has no key. What reading says. Nothing is merged then.
    pub fn merge<T: Managed>(&mut self, entity: T) -> Result<Id<T>> {
        let index = self.entity_index::<T>();
        let key = entity.key().map(Cow::into_owned);
        let Some(id) = key.map(Id::<T>::new) else {
            let schema = self.database.schema.entity(index);
            return Err(Error::Validation(vec![Violation {
                entity: T::NAME,
                key: "unset".to_owned(),
                property: schema.fields[schema.key_field].name.into(),
                problem: "is unset, so there is no row to merge with; a new entity is persisted"
                    .to_owned(),
            }]));
        };
        self.attempt(|em| {
            em.reconcile()?;
            em.check_unchanged(index, &id)?;
            let instance = em.read_anew(index, &id, &entity)?;
            em.check_locks(instance, &entity)?;
            em.take_over(instance, entity);
            Ok(id)
        })
    }

    /// As [`refresh`](Self::refresh), with what a hint leads to: relations, collections and lazy
    /// properties are read anew, whether they are loaded or not, and so are the rows that they lead to.
    /// Changes of all of these that are not flushed are overwritten; pending links stay.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    pub fn refresh_with<T: Managed, H: Hint<T>>(
        &mut self,
        id: Id<T>,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> H,
    ) -> Result<()> {
        let mut options = Options::default();
        hints(LoadPath::root().into()).into_hints(&mut options.hints);
        self.read_anew_with(&id, &options)?;
        if self.loaded(&id).is_none() {
            return Err(not_loaded(&id));
        }
        Ok(())
    }

    /// As [`fork`](Self::fork), with a copy of what is managed here and has no changes: instances with
    /// their lazy values, and, if nothing at all is pending here, their collections. So the fork need not
    /// read them again. From then on the two know nothing of each other.
    ///
    /// Fields with `skip` begin with their defaults. Inside a transaction nothing is copied, for what is
    /// managed may be staged only.
    #[must_use]
    pub fn fork_with_identity_map(&self) -> Self {
        let mut fork = self.fork();
        if self.is_in_transaction() {
            return fork;
        }
        for entity in self.database.schema.indexes() {
            for instance in self.context.instances_of(entity) {
                self.copy_to(&mut fork.context, instance);
            }
        }
        fork
    }

    fn copy_to(&self, context: &mut Context, instance: Instance) {
        let slot = self.context.slot(instance);
        let (Some(body), Some(row), Life::Managed, false) =
            (&slot.body, &slot.row, slot.life, slot.is_touched())
        else {
            return;
        };
        let schema = self.schema_of(instance);
        let Ok(mut copy) = self.database.hydrate(instance.entity, &slot.key, row) else {
            return;
        };
        let entity_type = self.database.entity_type(instance.entity);
        if entity_type.hooks.contains(Event::OnInit) {
            copy.on_instance(Event::OnInit);
        }
        for (field, stored) in &slot.lazies {
            if copy.decode(*field, Some(stored)).is_err() {
                return;
            }
        }
        for field in schema.to_manys.iter().filter(|_| self.context.is_clean()) {
            let collection = body.to_many(*field);
            if collection.membership() == Membership::Initialized {
                let items = &mut collection.keys().into_iter();
                let to = copy.to_many_mut(*field);
                to.bind(
                    &slot.key,
                    origin(schema, *field),
                    Membership::Initialized,
                    items,
                );
            }
        }
        let mut loaded = Slot::loaded(slot.key.clone(), copy, row.clone());
        loaded.lazies.clone_from(&slot.lazies);
        loaded.has_stale_lazies = slot.has_stale_lazies;
        context.insert(instance.entity, loaded);
    }

    /// Refuses to overwrite changes that are pending here.
    fn check_unchanged<T: Managed>(&self, index: EntityIndex, id: &Id<T>) -> Result<()> {
        let Some(instance) = self.context.find(index, &id.row_key()) else {
            return Ok(());
        };
        let slot = self.context.slot(instance);
        let is_changed = slot.is_touched() && differs_from_row(&self.context, instance);
        if slot.life == Life::Managed && !is_changed {
            return Ok(());
        }
        Err(Error::AlreadyManaged {
            entity: T::NAME,
            key: id.to_string(),
        })
    }

    /// Reads the row of a value, whether it is managed or not, and the lazy values that the value has.
    fn read_anew<T: Managed>(
        &mut self,
        index: EntityIndex,
        id: &Id<T>,
        entity: &T,
    ) -> Result<Instance> {
        let key = id.row_key();
        let mut hints = Hints::default();
        for field in &self.database.schema.entity(index).lazies {
            if Fields::encode(entity, *field, &mut Vec::new())? {
                hints.add(&[*field]);
            }
        }
        let instance = self.read(
            |loader, strategy| {
                loader.overwrite = true;
                let found = loader.load_rows(index, std::iter::once(&key))?;
                let instance = loader.context.find_loaded(index, &key);
                let instance = instance.filter(|_| found > 0);
                if let Some(instance) = instance {
                    loader.populate(&[instance], &hints, strategy)?;
                }
                Ok(instance)
            },
            &Options::default(),
        )?;
        instance.ok_or_else(|| Error::NotFound {
            entity: T::NAME,
            key: id.to_string(),
        })
    }

    /// What the lock compares must be in the value as it is in the row.
    fn check_locks<T: Managed>(&self, instance: Instance, entity: &T) -> Result<()> {
        let schema = self.schema_of(instance);
        let slot = self.context.slot(instance);
        let row = slot.row.as_deref().expect("it was just read");
        let record = parse_row(schema, &slot.key, row)?;
        for field in &schema.locks {
            let mut expected = Vec::new();
            encode_column(schema, entity, *field, &mut expected)?;
            let Some(found) = record.get(schema.fields[*field].number) else {
                continue;
            };
            if found != expected {
                let words = |stored: &[u8]| display(&self.database.schema, schema, *field, stored);
                return Err(Error::OptimisticLock {
                    entity: T::NAME,
                    key: schema.print_key(&slot.key),
                    property: schema.fields[*field].name,
                    expected: words(&expected),
                    found: words(found),
                });
            }
        }
        Ok(())
    }

    /// The instance is the value from now on, but for its collections.
    fn take_over<T: Managed>(&mut self, instance: Instance, mut entity: T) {
        let schema = std::sync::Arc::clone(&self.database.schema);
        let schema = schema.entity(instance.entity);
        self.context.touch(instance);
        let key: RowKey = self.context.slot(instance).key.clone();
        let body = self.context.body(instance);
        for field in &schema.to_manys {
            let collection = body.to_many(*field);
            let membership = collection.membership();
            let (items, dirty) = (collection.keys(), collection.dirty());
            let to = Fields::to_many_mut(&mut entity, *field);
            to.bind(
                &key,
                origin(schema, *field),
                membership,
                &mut items.into_iter(),
            );
            to.set_dirty(dirty);
        }
        if T::HOOKS.contains(Event::OnInit) {
            Entity::on_instance(&mut entity, Event::OnInit);
        }
        self.context.slot_mut(instance).body = Some(Box::new(entity));
    }
}

fn origin(schema: &EntitySchema, field: usize) -> Origin {
    Origin {
        entity: schema.name,
        property: schema.fields[field].name,
    }
}
