//! A small set of field positions.

/// A set of properties of one entity, by position. An entity has at most 128 properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u128);

impl FieldSet {
    /// The most properties that an entity can have.
    pub const CAPACITY: usize = 128;

    /// The set of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// What a builder was not given: those before `first_own`, if `base` is, and those that say so.
    #[must_use]
    pub fn unset(first_own: usize, base: bool, own: &[(usize, bool)]) -> Self {
        let base = (0..first_own).filter(|_| base);
        let own = own.iter().filter(|(_, unset)| *unset);
        base.chain(own.map(|(field, _)| *field)).collect()
    }

    /// Adds a position.
    pub fn insert(&mut self, field: usize) {
        debug_assert!(field < Self::CAPACITY);
        self.0 |= 1 << field;
    }

    /// Takes a position out.
    pub fn remove(&mut self, field: usize) {
        self.0 &= !(1 << field);
    }

    /// Whether the position is in the set.
    #[must_use]
    pub fn contains(&self, field: usize) -> bool {
        self.0 >> field & 1 == 1
    }

    /// Whether a position is in both sets.
    #[must_use]
    pub const fn intersects(&self, other: &Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// The positions, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(self.0), |rest| Some(rest & rest.wrapping_sub(1)))
            .take_while(|rest| *rest != 0)
            .map(|rest| rest.trailing_zeros() as usize)
    }
}

impl FromIterator<usize> for FieldSet {
    fn from_iter<I: IntoIterator<Item = usize>>(fields: I) -> Self {
        let mut set = Self::new();
        fields.into_iter().for_each(|field| set.insert(field));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_inserted_in_ascending_order() {
        let mut set: FieldSet = [127, 3, 0, 3].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 3, 127]);
        assert!(set.intersects(&[3, 5].into_iter().collect()));
        set.remove(3);
        assert!(!set.intersects(&[3, 5].into_iter().collect()));
        assert!(!set.contains(3) && set.contains(127) && !set.is_empty());
        set.remove(0);
        set.remove(127);
        assert!(set.is_empty());
    }
}
