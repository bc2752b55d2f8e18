//! Finds what a misspelt name was meant to be.

/// The known name nearest to `name`, if one is near.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let wanted = plain(name);
    let (distance, found) = known
        .iter()
        .map(|known| (distance(&wanted, &plain(known)), *known))
        .min()?;
    (distance <= wanted.len().div_ceil(3)).then_some(found)
}

/// `manyToOne` and `many_to_one` are the same to who writes them.
fn plain(name: &str) -> Vec<char> {
    name.chars()
        .filter(|character| *character != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

/// The number of characters to put in, take out or replace: Levenshtein's distance, by rows.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (done, from) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (at, to) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let known = [
            "unique",
            "index",
            "many_to_one",
            "many_to_many",
            "on_update",
        ];
        let suggests = |name: &str, expected: Option<&str>| {
            assert_eq!(nearest(name, &known), expected, "{name}");
        };
        suggests("uniqe", Some("unique"));
        suggests("manyToOne", Some("many_to_one"));
        suggests("ManyToMany", Some("many_to_many"));
        suggests("onUpdate", Some("on_update"));
        suggests("indexed", Some("index"));
        suggests("uinque", Some("unique"));
        suggests("version", None);
        suggests("x", None);
    }
}
