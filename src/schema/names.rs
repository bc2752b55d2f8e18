//! The names of the properties of embedded values, put together while the program is compiled.
//!
//! A name has to live as long as the program, and nothing may be allocated for it. So a derive makes
//! one text of all the names of a value, `home.streethome.city`, and cuts it up again.

/// How long the text is that [`prefixed`] gives.
#[must_use]
pub const fn prefixed_length(prefix: &str, names: &[&str]) -> usize {
    let (mut length, mut at) = (0, 0);
    while at < names.len() {
        length += prefix.len() + 1 + names[at].len();
        at += 1;
    }
    length
}

/// Every name behind the prefix and a dot, one after the other.
#[must_use]
pub const fn prefixed<const LENGTH: usize>(prefix: &str, names: &[&str]) -> [u8; LENGTH] {
    let mut text = [0; LENGTH];
    let (mut end, mut at) = (0, 0);
    while at < names.len() {
        end = write(&mut text, end, prefix);
        end = write(&mut text, end, ".");
        end = write(&mut text, end, names[at]);
        at += 1;
    }
    text
}

const fn write(text: &mut [u8], start: usize, part: &str) -> usize {
    let mut at = 0;
    while at < part.len() {
        text[start + at] = part.as_bytes()[at];
        at += 1;
    }
    start + part.len()
}

/// The names in the text that [`prefixed`] gave for the same prefix and names.
///
/// # Panics
/// If the text is another one.
#[must_use]
pub const fn split<const COUNT: usize>(
    text: &'static [u8],
    prefix: &str,
    names: &[&str],
) -> [&'static str; COUNT] {
    let mut split = [""; COUNT];
    let (mut rest, mut at) = (text, 0);
    while at < COUNT {
        let (name, after) = rest.split_at(prefix.len() + 1 + names[at].len());
        split[at] = match std::str::from_utf8(name) {
            Ok(name) => name,
            Err(_) => panic!("names were joined to names"),
        };
        rest = after;
        at += 1;
    }
    split
}

/// Several lists as one.
#[must_use]
pub const fn concatenated<const COUNT: usize>(lists: &[&[&'static str]]) -> [&'static str; COUNT] {
    let mut all = [""; COUNT];
    let (mut list, mut end) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            all[end] = lists[list][at];
            end += 1;
            at += 1;
        }
        list += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_a_prefix_and_are_cut_apart_again() {
        const NAMES: &[&str] = &["street", "straße", "", "at.x"];
        const TEXT: [u8; prefixed_length("home", NAMES)] = prefixed("home", NAMES);
        const SPLIT: [&str; 4] = split(&TEXT, "home", NAMES);
        assert_eq!(SPLIT, ["home.street", "home.straße", "home.", "home.at.x"]);
    }

    #[test]
    fn lists_of_names_follow_one_another() {
        const ALL: [&str; 3] = concatenated(&[&["a"], &[], &["b", "c"]]);
        assert_eq!(ALL, ["a", "b", "c"]);
    }
}
