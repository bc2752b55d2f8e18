//! Walking two overlays and the engine's rows as one, in either direction.
//!
//! Invariant: keys come in strict order. Where several sources have a key the newest one wins, and
//! where that deleted it, it does not come at all.

use std::cmp::Ordering;
use std::collections::btree_map;
use std::iter::Peekable;

use ::sled::IVec;

use super::overlay::Layer;
use crate::storage::{Bytes, Direction, KeyRange, StorageError};

/// A key that is there, and where its value is.
pub(super) enum Found<'a> {
    /// In an overlay.
    Overlaid(&'a [u8], &'a Bytes),
    /// In the engine, encoded.
    Stored(IVec, IVec),
}

/// The walk over the overlays, and the row of the engine that waits for its turn.
pub(super) struct Merged<'a> {
    /// The newest first.
    overlays: [Peekable<Walk<'a>>; 2],
    direction: Direction,
    waiting: Waiting,
}

enum Waiting {
    NotAsked,
    Row(IVec, IVec),
    End,
}

/// A range of one overlay, in the direction of the scan.
struct Walk<'a> {
    entries: Option<btree_map::Range<'a, Vec<u8>, Option<Bytes>>>,
    direction: Direction,
}

impl<'a> Iterator for Walk<'a> {
    type Item = (&'a [u8], Option<&'a Bytes>);

    fn next(&mut self) -> Option<Self::Item> {
        let entries = self.entries.as_mut()?;
        let (key, value) = match self.direction {
            Direction::Forward => entries.next(),
            Direction::Backward => entries.next_back(),
        }?;
        Some((key, value.as_ref()))
    }
}

impl<'a> Merged<'a> {
    /// A walk over `range`, which is not void.
    pub(super) fn new(
        layers: [Option<&'a Layer>; 2],
        range: &KeyRange,
        direction: Direction,
    ) -> Merged<'a> {
        let overlays = layers.map(|layer| {
            let bounds = (range.start(), range.end());
            let entries = layer.map(|layer| layer.range::<[u8], _>(bounds));
            Walk { entries, direction }.peekable()
        });
        Merged {
            overlays,
            direction,
            waiting: Waiting::NotAsked,
        }
    }

    /// Whether only the engine has keys in the range.
    pub(super) fn overlays_are_empty(&mut self) -> bool {
        self.overlays
            .iter_mut()
            .all(|overlay| overlay.peek().is_none())
    }

    /// The next key that is there. `next_row` gives the engine's rows one by one.
    pub(super) fn next(
        &mut self,
        next_row: &mut impl FnMut() -> Result<Option<(IVec, IVec)>, StorageError>,
    ) -> Result<Option<Found<'a>>, StorageError> {
        loop {
            if let Waiting::NotAsked = self.waiting {
                self.waiting = match next_row()? {
                    Some((key, stored)) => Waiting::Row(key, stored),
                    None => Waiting::End,
                };
            }
            let Some(key) = self.next_overlaid() else {
                return Ok(self
                    .take_row()
                    .map(|(key, stored)| Found::Stored(key, stored)));
            };
            if let Waiting::Row(row_key, _) = &self.waiting {
                match in_direction(self.direction, row_key, key) {
                    Ordering::Less => {
                        let row = self.take_row();
                        return Ok(row.map(|(key, stored)| Found::Stored(key, stored)));
                    }
                    Ordering::Equal => self.waiting = Waiting::NotAsked,
                    Ordering::Greater => {}
                }
            }
            if let Some(value) = self.take_overlaid(key) {
                return Ok(Some(Found::Overlaid(key, value)));
            }
        }
    }

    /// The nearest key of the overlays.
    fn next_overlaid(&mut self) -> Option<&'a [u8]> {
        let direction = self.direction;
        let [newer, older] = &mut self.overlays;
        let newer = newer.peek().map(|&(key, _)| key);
        let older = older.peek().map(|&(key, _)| key);
        match (newer, older) {
            (Some(newer), Some(older)) => match in_direction(direction, newer, older) {
                Ordering::Less | Ordering::Equal => Some(newer),
                Ordering::Greater => Some(older),
            },
            (key, None) | (None, key) => key,
        }
    }

    /// Steps over `key` in every overlay; the newest value, if it is not deleted.
    fn take_overlaid(&mut self, key: &[u8]) -> Option<&'a Bytes> {
        let [newer, older] = &mut self.overlays;
        let newer = newer.next_if(|&(other, _)| other == key);
        let older = older.next_if(|&(other, _)| other == key);
        let (_, value) = newer.or(older)?;
        value
    }

    fn take_row(&mut self) -> Option<(IVec, IVec)> {
        match std::mem::replace(&mut self.waiting, Waiting::NotAsked) {
            Waiting::Row(key, stored) => Some((key, stored)),
            Waiting::NotAsked => None,
            Waiting::End => {
                self.waiting = Waiting::End;
                None
            }
        }
    }
}

fn in_direction(direction: Direction, left: &[u8], right: &[u8]) -> Ordering {
    match direction {
        Direction::Forward => left.cmp(right),
        Direction::Backward => right.cmp(left),
    }
}
