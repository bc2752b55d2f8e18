//! Sums by group, and who is first.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// What belongs to each group, added up.
pub struct Sums<G, V>(BTreeMap<G, V>);

impl<G: Ord, V: AddAssign + Default + Ord> Sums<G, V> {
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub fn add(&mut self, group: G, value: V) {
        *self.0.entry(group).or_default() += value;
    }

    /// The groups by their sums, the greatest first, and by themselves where these are equal.
    pub fn ranking(self) -> Vec<(G, V)> {
        let mut groups: Vec<_> = self.0.into_iter().collect();
        groups.sort_by(|a, b| b.1.cmp(&a.1)); // stable
        groups
    }

    /// The first of the ranking.
    pub fn first(self, most: usize) -> Vec<(G, V)> {
        let mut ranking = self.ranking();
        ranking.truncate(most);
        ranking
    }
}

impl<G: Ord, V: AddAssign + Default + Ord> FromIterator<(G, V)> for Sums<G, V> {
    fn from_iter<I: IntoIterator<Item = (G, V)>>(values: I) -> Self {
        let mut sums = Self::new();
        for (group, value) in values {
            sums.add(group, value);
        }
        sums
    }
}
