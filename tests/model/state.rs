//! The model: rows and links in plain maps, and the rules of the domain as tables.
//!
//! Nothing here calls the database. A row is a map from property names to values; collections are
//! no part of it, they follow from the references and links of other rows.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    User,
    Article,
    Tag,
    Cover,
    Comment,
    Node,
    Vote,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::User,
        Self::Article,
        Self::Tag,
        Self::Cover,
        Self::Comment,
        Self::Node,
        Self::Vote,
    ];
}

/// Which row: a tag by the position of its name, a vote by the number that its keys make, all others by
/// their keys.
pub type Address = (Kind, u64);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Text(String),
    Nothing,
    Number(u64),
    Key(u64),
}

impl Value {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub fn optional_text(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing, Self::text)
    }

    pub fn key(key: Option<u64>) -> Self {
        key.map_or(Self::Nothing, Self::Key)
    }
}

pub type Row = BTreeMap<&'static str, Value>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    Restrict,
    SetNull,
    Cascade,
}

/// What becomes of the items of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    Loosely,
    /// They go with a removed owner, through the unit of work.
    Cascade,
    /// They do, and what is taken out is removed too.
    OrphanRemoval,
}

/// A to-one relation.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    pub from: Kind,
    pub property: &'static str,
    pub to: Kind,
    pub on_delete: OnDelete,
    /// The collection at the other end.
    pub inverse: Option<&'static str>,
    pub required: bool,
    /// One-to-one: no two rows refer to the same one.
    pub unique: bool,
    pub held: Held,
    /// A part of the key, which never changes.
    pub is_key: bool,
}

const fn reference(
    from: Kind,
    property: &'static str,
    to: Kind,
    on_delete: OnDelete,
    inverse: Option<&'static str>,
) -> Reference {
    Reference {
        from,
        property,
        to,
        on_delete,
        inverse,
        required: !matches!(on_delete, OnDelete::SetNull),
        unique: false,
        held: Held::Loosely,
        is_key: false,
    }
}

pub const REFERENCES: [Reference; 7] = [
    reference(
        Kind::Article,
        "author",
        Kind::User,
        OnDelete::Restrict,
        Some("articles"),
    ),
    reference(Kind::Article, "editor", Kind::User, OnDelete::SetNull, None),
    Reference {
        unique: true,
        ..reference(
            Kind::Article,
            "cover",
            Kind::Cover,
            OnDelete::SetNull,
            Some("article"),
        )
    },
    Reference {
        held: Held::OrphanRemoval,
        ..reference(
            Kind::Comment,
            "article",
            Kind::Article,
            OnDelete::Cascade,
            Some("comments"),
        )
    },
    Reference {
        held: Held::Cascade,
        ..reference(
            Kind::Node,
            "parent",
            Kind::Node,
            OnDelete::SetNull,
            Some("children"),
        )
    },
    Reference {
        is_key: true,
        ..reference(Kind::Vote, "voter", Kind::User, OnDelete::Cascade, None)
    },
    Reference {
        is_key: true,
        ..reference(
            Kind::Vote,
            "article",
            Kind::Article,
            OnDelete::Cascade,
            Some("votes"),
        )
    },
];

/// Properties that no two rows share, unless they have nothing there.
pub const UNIQUE: [(Kind, &str); 3] = [
    (Kind::User, "email"),
    (Kind::User, "nickname"),
    (Kind::Article, "cover"),
];

/// The collections, with the kinds of their items.
pub const COLLECTIONS: [(Kind, &str, Kind); 7] = [
    (Kind::User, "articles", Kind::Article),
    (Kind::Article, "tags", Kind::Tag),
    (Kind::Article, "comments", Kind::Comment),
    (Kind::Article, "votes", Kind::Vote),
    (Kind::Tag, "articles", Kind::Article),
    (Kind::Cover, "article", Kind::Article),
    (Kind::Node, "children", Kind::Node),
];

/// The reference behind a collection; none behind a many-to-many.
pub fn reference_behind(owner: Kind, collection: &str) -> Option<Reference> {
    REFERENCES
        .into_iter()
        .find(|reference| reference.to == owner && reference.inverse == Some(collection))
}

pub fn references_of(kind: Kind) -> impl Iterator<Item = Reference> {
    REFERENCES
        .into_iter()
        .filter(move |reference| reference.from == kind)
}

/// All rows, and all links of articles to tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub rows: BTreeMap<Address, Row>,
    pub links: BTreeSet<(u64, u64)>,
}

impl State {
    pub fn keys(&self, kind: Kind) -> Vec<u64> {
        self.rows
            .range((kind, 0)..=(kind, u64::MAX))
            .map(|((_, key), _)| *key)
            .collect()
    }

    pub fn target(&self, from: Address, property: &str) -> Option<u64> {
        match self.rows.get(&from)?.get(property)? {
            Value::Key(key) => Some(*key),
            Value::Nothing => None,
            other => unreachable!("`{property}` is no reference but {other:?}"),
        }
    }

    /// The rows that refer to a row.
    pub fn referrers(&self, reference: Reference, to: u64) -> BTreeSet<u64> {
        self.keys(reference.from)
            .into_iter()
            .filter(|key| self.target((reference.from, *key), reference.property) == Some(to))
            .collect()
    }

    pub fn linked(&self, (kind, key): Address) -> BTreeSet<u64> {
        let other = |(article, tag): &(u64, u64)| match kind {
            Kind::Article => (*article == key).then_some(*tag),
            Kind::Tag => (*tag == key).then_some(*article),
            _ => None,
        };
        self.links.iter().filter_map(other).collect()
    }

    pub fn unlink(&mut self, (kind, key): Address) {
        self.links.retain(|(article, tag)| match kind {
            Kind::Article => *article != key,
            Kind::Tag => *tag != key,
            _ => true,
        });
    }

    /// Whether two rows share what must be unique.
    pub fn has_duplicates(&self) -> bool {
        UNIQUE.iter().any(|(kind, property)| {
            let mut seen = BTreeSet::new();
            self.rows
                .range((*kind, 0)..=(*kind, u64::MAX))
                .map(|(_, row)| &row[property])
                .any(|value| *value != Value::Nothing && !seen.insert(value))
        })
    }
}
