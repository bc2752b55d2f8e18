//! Who is first.

/// The groups by their values, the greatest first, and in the order that they have where these are equal.
pub fn ranking<G, V: Ord>(mut groups: Vec<(G, V)>) -> Vec<(G, V)> {
    groups.sort_by(|a, b| b.1.cmp(&a.1)); // stable
    groups
}

/// The first of the ranking.
pub fn first<G, V: Ord>(most: usize, groups: Vec<(G, V)>) -> Vec<(G, V)> {
    let mut ranking = ranking(groups);
    ranking.truncate(most);
    ranking
}
