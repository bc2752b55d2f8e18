//! Changing an entity together with its relations.

use super::{CollectionEdit, EntityManager, Managed};
use crate::context::Instance;
use crate::entity::{Id, IntoId};

impl EntityManager {
    /// Changes an entity and its relations; both ends of a relation follow at once:
    /// `em.edit(article).set_author(user)`, `em.edit(article).tags().add([a, b])`.
    ///
    /// # Panics
    /// If the entity is not loaded.
    #[track_caller]
    pub fn edit<T: Managed>(&mut self, id: impl IntoId<T>) -> T::Edit<'_> {
        let id = id.into_id();
        let instance = self.expect_loaded(&id);
        Edit {
            em: self,
            id,
            instance,
        }
        .into()
    }
}

/// What the generated edits wrap.
pub struct Edit<'em, T: Managed> {
    em: &'em mut EntityManager,
    id: Id<T>,
    instance: Instance,
}

impl<T: Managed> Edit<'_, T> {
    /// The id.
    pub fn id(&self) -> Id<T> {
        self.id.clone()
    }

    /// The entity.
    pub fn entity(&self) -> &T {
        self.em.entity_at(self.instance)
    }

    /// The entity, to be changed.
    pub fn entity_mut(&mut self) -> &mut T {
        self.em.context.touch(self.instance);
        self.em.entity_at_mut(self.instance)
    }

    /// Makes a to-one relation refer to another row, or to none where it is optional.
    pub fn set_to_one<U: Managed>(&mut self, field: usize, target: Option<Id<U>>) {
        let accepted = self.em.context.set_to_one(
            self.instance,
            field,
            target.map(|target| target.row_key()).as_ref(),
        );
        debug_assert!(
            accepted,
            "only optional relations are set to none, their setters see to it"
        );
    }

    /// The collection of a to-many relation.
    pub fn to_many<U: Managed>(&mut self, field: usize) -> CollectionEdit<'_, T, U> {
        CollectionEdit::new(self.em, self.id.clone(), self.instance, field)
    }

    /// Makes another row refer here by its one-to-one relation, or none. Who did so before does so
    /// no longer, as far as it is loaded.
    pub fn set_inverse<U: Managed>(&mut self, field: usize, item: Option<Id<U>>) {
        let items = EntityManager::row_keys(item.into_iter().collect());
        self.em.context.set_links(self.instance, field, &items);
    }
}
