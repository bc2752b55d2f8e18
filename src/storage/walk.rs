//! A walk over a whole tree that goes on behind what can't be read: behind a value, and, from the
//! other end, behind a part of the tree.

use std::ops::{Bound, ControlFlow};

use super::{Direction, KeyRange, Reader, StorageError, TreeId};

/// What is called with each key, and its value or why that can't be read.
pub(crate) type VisitAny<'a> = &'a mut dyn FnMut(&[u8], Result<&[u8], StorageError>);

/// The part of a tree that could not be walked: all keys between two that were visited.
#[derive(Debug)]
pub(crate) struct Gap {
    /// The key before it, if there is one.
    pub(crate) after: Option<Vec<u8>>,
    /// The key behind it, if one could be visited.
    pub(crate) before: Option<Vec<u8>>,
    pub(crate) damage: StorageError,
}

/// Visits every key of a tree that can be reached, each once; ascending, but for those behind a gap.
///
/// # Errors
///
/// All but damage, which is visited or makes a gap.
pub(crate) fn walk(
    reader: &dyn Reader,
    tree: TreeId,
    visit: VisitAny<'_>,
) -> Result<Option<Gap>, StorageError> {
    let mut start = Bound::Unbounded;
    match walk_forward(reader, tree, &mut start, visit) {
        Ok(()) => Ok(None),
        Err(damage @ StorageError::Corruption { .. }) => {
            walk_backward(reader, tree, start, damage, visit).map(Some)
        }
        Err(error) => Err(error),
    }
}

/// Visits ascending, and leaves in `start` where the rest begins.
fn walk_forward(
    reader: &dyn Reader,
    tree: TreeId,
    start: &mut Bound<Vec<u8>>,
    visit: VisitAny<'_>,
) -> Result<(), StorageError> {
    loop {
        let rest = KeyRange::new(start.clone(), Bound::Unbounded);
        let scanned = reader.scan(tree, &rest, Direction::Forward, &mut |key, value| {
            visit(key, Ok(&value));
            *start = Bound::Excluded(key.to_vec());
            ControlFlow::Continue(())
        });
        let damage = match scanned {
            Err(error @ StorageError::Corruption { .. }) => error,
            other => return other,
        };
        // A scan does not tell which value it was. It is that of the next key.
        let rest = KeyRange::new(start.clone(), Bound::Unbounded);
        let mut next = None;
        reader.scan_keys(tree, &rest, &mut |key| {
            next = Some(key.to_vec());
            ControlFlow::Break(())
        })?;
        let Some(key) = next else { return Err(damage) };
        match reader.get(tree, &key) {
            Ok(Some(value)) => visit(&key, Ok(&value)),
            Ok(None) => return Err(damage),
            Err(error) => visit(&key, Err(error)),
        }
        *start = Bound::Excluded(key);
    }
}

/// Visits what can be reached from the end of the tree.
fn walk_backward(
    reader: &dyn Reader,
    tree: TreeId,
    start: Bound<Vec<u8>>,
    damage: StorageError,
    visit: VisitAny<'_>,
) -> Result<Gap, StorageError> {
    let mut before = None;
    let rest = KeyRange::new(start.clone(), Bound::Unbounded);
    let scanned = reader.scan(tree, &rest, Direction::Backward, &mut |key, value| {
        visit(key, Ok(&value));
        before = Some(key.to_vec());
        ControlFlow::Continue(())
    });
    match scanned {
        Ok(()) | Err(StorageError::Corruption { .. }) => Ok(Gap {
            after: match start {
                Bound::Excluded(key) => Some(key),
                Bound::Included(_) | Bound::Unbounded => None,
            },
            before,
            damage,
        }),
        Err(error) => Err(error),
    }
}
