//! How entities become managed, are removed, and are given up.

use super::{Creation, EntityManager, IntoManaged, Managed};
use crate::codec::RowKey;
use crate::context::{Instance, Life, Slot};
use crate::database::Database;
use crate::entity::{AnyEntity, Entity, Event, Id, IntoId};
use crate::error::{Error, Result};
use crate::schema::{EntityIndex, VersionNumber};
use crate::unit_of_work::read_version;

impl EntityManager {
    /// Manages a new entity. The next flush inserts it; nothing is stored before. Its key is
    /// assigned at once.
    ///
    /// A key that the program has set itself must not be managed here already: that is
    /// [`Error::AlreadyManaged`] at the next flush, and the second instance is dropped.
    ///
    /// # Panics
    /// If `T` is not among the entities of the database.
    pub fn persist<T: Entity>(&mut self, mut entity: T) -> Id<T> {
        let index = self.entity_index::<T>();
        let known = entity.key().is_some();
        let id = give_key(&self.database, index, &mut entity);
        self.manage(index, id.row_key(), Box::new(entity), known);
        id
    }

    /// Creates an entity, and everything new that it refers to, from a builder:
    /// `em.create(Tag::build().name("new"))`.
    pub fn create<N: IntoManaged>(&mut self, new: N) -> Id<N::Entity> {
        new.into_pending().resolve(&mut Creation::managed(self))
    }

    /// Manages a new instance. `known`: the program chose the key. `None`: the key is managed already, which
    /// the next flush tells.
    pub(super) fn manage(
        &mut self,
        entity: EntityIndex,
        key: RowKey,
        mut body: Box<dyn AnyEntity>,
        known: bool,
    ) -> Option<Instance> {
        let hooks = self.database.entity_type(entity).hooks;
        if hooks.contains(Event::OnInit) {
            body.on_instance(Event::OnInit);
        }
        let instance = match self.context.find(entity, &key) {
            None => self.context.insert(entity, Slot::new(key, body)),
            Some(instance) if self.context.slot(instance).is_removed() => {
                // Removed and created anew in one flush.
                self.context.replace_removed(instance);
                let mut slot = Slot::new(key, body);
                slot.life = Life::New { replaces: true };
                self.context.insert(entity, slot)
            }
            Some(_) => {
                let schema = self.database.schema.entity(entity);
                self.context.refused.push(Error::AlreadyManaged {
                    entity: schema.name,
                    key: schema.print_key(&key),
                });
                return None;
            }
        };
        self.context.bind_new(instance, known);
        Some(instance)
    }

    /// Marks an entity to be removed by the next flush, loaded or not. A new one is just given up.
    ///
    /// What refers to it is judged at the flush, by the `on_delete` of each reference, and what its
    /// relations with `cascade(remove)` or `orphan_removal` hold goes with it. Until then it stays
    /// readable.
    pub fn remove<T: Entity>(&mut self, id: impl IntoId<T>) {
        self.context
            .remove(self.entity_index::<T>(), &id.into_id().row_key());
    }

    /// Checks that an entity is at the version that the program decided upon, loading it where it is
    /// not loaded: a form was filled in from version 3, say, and is sent back with that number.
    ///
    /// A flush checks by itself that nobody has written the row since *this unit of work* has read it.
    /// So once this has succeeded, a change is written over the expected version, or refused.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// use musher::prelude::*;
    ///
    /// #[derive(Entity, Debug)]
    /// struct Page {
    ///     #[orm(primary_key)]
    ///     id: Pk,
    ///     text: String,
    ///     #[orm(version)]
    ///     version: u64,
    /// }
    ///
    /// let orm = Orm::builder().entities::<Page>().in_memory()?;
    /// let mut em = orm.em();
    /// let page = em.create(Page::build().text("first"));
    /// em.flush()?;
    /// let shown = em[page].version; // goes out with the form
    ///
    /// let mut other = orm.em();
    /// other.find_one(page).or_fail()?;
    /// other[page].text = "second".into();
    /// other.flush()?;
    ///
    /// let mut em = orm.em(); // the form comes back
    /// let error = em.lock(page, shown).unwrap_err();
    /// assert!(matches!(error, Error::OptimisticLock { expected, found, .. }
    ///     if (expected.as_str(), found.as_str()) == ("1", "2")));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// A number says nothing of a row that was removed since, and of another that was created under its key:
    /// that begins at 1 again. Where keys are used again, let the program remember what makes the two
    /// different, too. An entity without `#[orm(version)]` does not compile here.
    ///
    /// # Errors
    /// [`Error::OptimisticLock`] if it is at another version; [`Error::NotFound`] if there is no row;
    /// what reading says.
    pub fn lock<T>(&mut self, id: impl IntoId<T>, version: T::Version) -> Result<()>
    where
        T: Managed<Version: VersionNumber>,
    {
        let id = self.find_one(id).or_fail()?;
        let index = self.entity_index::<T>();
        let entity = self.database.schema.entity(index);
        let slot = self.loaded(&id).map(|instance| self.context.slot(instance));
        let read = slot.and_then(|slot| read_version(entity, slot));
        // What is not stored yet has been written never.
        let (expected, found) = (version.number(), read.unwrap_or_default());
        if found == expected {
            return Ok(());
        }
        Err(Error::OptimisticLock {
            entity: T::NAME,
            key: id.to_string(),
            property: entity
                .row_version
                .map_or("version", |(field, _)| entity.fields[field].name),
            expected: expected.to_string(),
            found: found.to_string(),
        })
    }

    /// Gives an instance up: pending changes of it are forgotten, and its row stays as it is.
    pub fn detach<T: Entity>(&mut self, id: impl IntoId<T>) {
        let id = id.into_id();
        if let Some(instance) = self.find_slot(&id) {
            self.context.detach(instance);
        }
    }
}

/// Gives a new entity its key, unless the program has.
pub(super) fn give_key<T: Entity>(
    database: &Database,
    index: EntityIndex,
    entity: &mut T,
) -> Id<T> {
    if let Some(key) = entity.key() {
        if let Some(number) = T::key_number(&key) {
            database.reserve_number(index, number);
        }
        return Id::new(key.into_owned());
    }
    let key = T::generate_key(&mut || database.next_number(index))
        .expect("a key that can be unset is generated");
    entity.set_key(key.clone());
    Id::new(key)
}
