//! The groups that properties are serialized for. A group is a type, so that a misspelt one does not
//! compile.

use std::any::TypeId;

/// The groups that a serialization asks for.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// `None`: groups do not matter.
    asked: Option<Vec<TypeId>>,
}

impl Groups {
    /// Every property, whatever its groups.
    pub(crate) const ANY: Self = Self { asked: None };

    /// Asks for properties without groups, and for those of the groups that are added.
    pub(crate) fn select(&mut self) -> &mut Vec<TypeId> {
        self.asked.get_or_insert_default()
    }

    /// Whether a property of these groups is asked for.
    #[must_use]
    pub fn admit(&self, groups: &[fn() -> TypeId]) -> bool {
        let Some(asked) = &self.asked else {
            return true;
        };
        groups.is_empty() || groups.iter().any(|group| asked.contains(&group()))
    }
}
