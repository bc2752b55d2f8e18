//! Rows that were put into a collection, or taken out of it, without being loaded: what shall become
//! of their references.
//!
//! Invariant: `of_row` names each adoption once, those of a row in the order in which they came.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::LinkChange;
use crate::codec::RowKey;
use crate::schema::{EntityIndex, FieldIndex};

/// A row that was not loaded when it was put into a collection, or taken out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adoption {
    pub(crate) entity: EntityIndex,
    pub(crate) key: RowKey,
    /// The to-one relation that holds the owner.
    pub(crate) field: FieldIndex,
    pub(crate) owner: RowKey,
    pub(crate) change: LinkChange,
}

impl Adoption {
    fn row(&self) -> (EntityIndex, RowKey) {
        (self.entity, self.key.clone())
    }
}

/// Adoptions in the order in which they came, found by row.
#[derive(Clone, Default)]
pub(crate) struct Adoptions {
    all: BTreeMap<u64, Adoption>,
    of_row: FxHashMap<(EntityIndex, RowKey), Vec<u64>>,
    came: u64,
}

impl Adoptions {
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them, in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Adoption> {
        self.all.values()
    }

    /// Those of one row, in the order in which they came.
    pub(crate) fn of(&self, entity: EntityIndex, key: &RowKey) -> impl Iterator<Item = &Adoption> {
        let numbers = self.of_row.get(&(entity, key.clone()));
        numbers
            .into_iter()
            .flatten()
            .map(|number| &self.all[number])
    }

    /// Notes what shall become of the reference of a row. An owner given to it is what counts from
    /// then on; taking it out of a collection matters only if it turns out to be in it, so that
    /// removals add up.
    pub(crate) fn add(&mut self, adoption: Adoption) {
        let of_row = self.of_row.entry(adoption.row()).or_default();
        if adoption.change == LinkChange::Add {
            of_row.retain(|number| {
                let stays = self.all[number].field != adoption.field;
                if !stays {
                    self.all.remove(number);
                }
                stays
            });
        }
        self.came += 1;
        of_row.push(self.came);
        self.all.insert(self.came, adoption);
    }

    /// Takes those of one row out, in the order in which they came.
    pub(crate) fn take(&mut self, entity: EntityIndex, key: &RowKey) -> Vec<Adoption> {
        let numbers = self.of_row.remove(&(entity, key.clone()));
        let taken = numbers.into_iter().flatten();
        taken
            .filter_map(|number| self.all.remove(&number))
            .collect()
    }

    /// Forgets those that do not meet a condition.
    pub(crate) fn retain(&mut self, stays: impl Fn(&Adoption) -> bool) {
        if self.all.values().all(&stays) {
            return;
        }
        for (_, adoption) in std::mem::take(&mut self.all) {
            if stays(&adoption) {
                self.came += 1;
                self.all.insert(self.came, adoption);
            }
        }
        self.of_row.clear();
        for (number, adoption) in &self.all {
            self.of_row.entry(adoption.row()).or_default().push(*number);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
