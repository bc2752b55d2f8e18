//! Reads the rows of many keys: each by a look-up, or along the rows, where the keys lie close together.
//!
//! To step to the next row costs about two thirds of a look-up (`benches/plans.rs`), so along the rows is
//! the better way where more than two of three are asked for. Nobody knows how many rows lie between two
//! keys, so it is tried, in a stretch that ends where it does not pay, and tried less often where it did
//! not. What is read in vain stays a small part of what is read.

use std::ops::{Bound, ControlFlow};

use super::judge::Judge;
use super::plan::or_break;
use crate::codec::RowKey;
use crate::error::Result;
use crate::schema::EntitySchema;
use crate::storage::{Bytes, Direction, KeyRange, Lent};

/// So many look-ups come before it is tried to read along the rows, at first and where that pays.
const FEWEST_LOOKUPS: usize = 32;

/// So many, where it never does.
const MOST_LOOKUPS: usize = 4096;

/// A stretch may pass over half as many rows as this before those that it reads make up for it.
const MOST_CREDIT: usize = 16;

/// What passing over a row costs of it, and what reading one that is asked for adds is 1.
const COST_OF_PASSING: usize = 2;

/// Receives a key with its row, if there is one.
pub(super) type VisitRow<'v> = &'v mut dyn FnMut(RowKey, Option<Bytes>) -> Result<ControlFlow<()>>;

/// Visits the rows of the keys, which are ascending.
///
/// # Errors
/// When what is stored can't be read, and what the visitor says.
pub(super) fn rows_of(
    judge: Judge<'_>,
    entity: &EntitySchema,
    keys: &[RowKey],
    visit: VisitRow<'_>,
) -> Result<()> {
    debug_assert!(keys.is_sorted(), "the keys are ascending");
    let (mut rest, mut lookups) = (keys, FEWEST_LOOKUPS);
    while !rest.is_empty() {
        let (next, behind) = rest.split_at(lookups.min(rest.len()));
        for key in next {
            let row = judge.row_if_there(entity, key)?;
            if visit(key.clone(), row)?.is_break() {
                return Ok(());
            }
        }
        let Some(read) = stretch(judge, entity, behind, visit)? else {
            return Ok(());
        };
        rest = &behind[read..];
        lookups = if read > MOST_CREDIT {
            FEWEST_LOOKUPS
        } else {
            MOST_LOOKUPS.min(lookups * 2)
        };
    }
    Ok(())
}

/// Visits the first of the keys along the rows, and gives their number; `None`: the visitor has enough.
fn stretch(
    judge: Judge<'_>,
    entity: &EntitySchema,
    keys: &[RowKey],
    visit: VisitRow<'_>,
) -> Result<Option<usize>> {
    let [first, .., last] = keys else {
        return Ok(Some(0));
    };
    let range = KeyRange::new(
        Bound::Included(first.to_vec()),
        Bound::Included(last.to_vec()),
    );
    let rows = judge.database.keyspace.rows(entity.index);
    let (mut read, mut credit) = (0, MOST_CREDIT);
    let (mut outcome, mut has_enough, mut is_at_end) = (Ok(()), false, true);
    let mut pass = |key: &[u8], row: Lent<'_>| -> Result<ControlFlow<()>> {
        let key = RowKey::from_encoded(entity.key_kind, key)?;
        let mut is_asked = false;
        while let Some(asked) = keys.get(read).filter(|asked| **asked <= key) {
            is_asked = *asked == key;
            let row = is_asked.then(|| Bytes::from(row));
            read += 1;
            if visit(asked.clone(), row)?.is_break() {
                has_enough = true;
                return Ok(ControlFlow::Break(()));
            }
        }
        credit = if is_asked {
            MOST_CREDIT.min(credit + 1)
        } else {
            credit.saturating_sub(COST_OF_PASSING)
        };
        is_at_end = credit > 0;
        Ok(if is_at_end {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    };
    judge
        .reader
        .scan(rows, &range, Direction::Forward, &mut |key, row| {
            or_break(pass(key, row), &mut outcome)
        })?;
    outcome?;
    if has_enough {
        return Ok(None);
    }
    if is_at_end {
        // Of the others there are no rows.
        for key in &keys[read..] {
            if visit(key.clone(), None)?.is_break() {
                return Ok(None);
            }
        }
        read = keys.len();
    }
    Ok(Some(read))
}
