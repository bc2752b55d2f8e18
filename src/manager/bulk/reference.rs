//! References that are set in bulk.

use crate::entity::{Entity, IntoId};
use crate::query::{Assignment, QueryPath};

/// What a bulk update makes of a to-one relation. The prelude has it.
pub trait SetReference<R: Entity>: QueryPath<R> + Sized {
    /// The relation shall refer to this row: `a.author().set(user)`.
    fn set(self, id: impl IntoId<Self::Target>) -> Assignment<R> {
        let key = id.into_id().row_key();
        Assignment::of_reference(self.into_path().into_steps(), Some(&key))
    }

    /// The relation shall refer to nothing: `a.editor().set_none()`. It must be an `Option`.
    fn set_none(self) -> Assignment<R> {
        Assignment::of_reference(self.into_path().into_steps(), None)
    }
}

impl<R: Entity, P: QueryPath<R>> SetReference<R> for P {}
