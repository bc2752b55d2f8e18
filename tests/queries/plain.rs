//! The library as plain values: random books, and what a condition or an order means for them.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

use musher::{CollectionPath, Entity, Filter, ItemCount, Managed, Order, Property};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

/// A book, with the positions of what it refers to.
#[derive(Debug, Clone)]
pub struct Plain {
    pub id: u64,
    pub title: String,
    pub isbn: Option<u32>,
    pub year: Option<i16>,
    pub pages: u16,
    pub author: Option<usize>,
    pub tags: BTreeSet<usize>,
    pub cover: Option<usize>,
    pub labels: Option<Vec<u16>>,
    pub place: Option<(u8, Option<i8>)>,
}

pub const AUTHORS: [(&str, Option<u8>); 4] = [
    ("Ann", None),
    ("Bob", Some(1)),
    ("Cid", Some(0)),
    ("", Some(1)),
];

/// Names, which are the keys, and kinds.
pub const TAGS: [(&str, u8); 4] = [("a", 0), ("ab", 1), ("b", 1), ("", 2)];

pub const COLORS: [&str; 3] = ["red", "", "rose"];

impl Plain {
    fn author(&self) -> Option<(&'static str, Option<u8>)> {
        self.author.map(|at| AUTHORS[at])
    }

    fn lower(&self) -> String {
        self.title.to_lowercase()
    }

    fn room(&self) -> Option<u8> {
        self.place.map(|(room, _)| room)
    }

    fn slot(&self) -> Option<i8> {
        self.place.and_then(|(_, slot)| slot)
    }

    fn color(&self) -> Option<&'static str> {
        self.cover.map(|at| COLORS[at])
    }
}

fn titles() -> impl Strategy<Value = String> {
    prop_oneof!["[abA%]{0,3}", Just("a\0".to_owned()), Just("ä".to_owned())]
}

pub fn books(number: Range<usize>) -> impl Strategy<Value = Vec<Plain>> {
    let book = (
        titles(),
        any::<bool>(),
        prop::option::of(-2_i16..3),
        0_u16..4,
        prop::option::of(0..AUTHORS.len()),
        btree_set(0..TAGS.len(), 0..4),
        prop::option::of(0..COLORS.len()),
        prop::option::of(vec(0_u16..5, 0..4)),
        prop::option::of((0_u8..4, prop::option::of(-1_i8..2))),
    );
    vec(book, number).prop_map(|books| {
        let plain = |(book, id): (_, u64)| {
            let (title, has_isbn, year, pages, author, tags, cover, labels, place) = book;
            let has_isbn: bool = has_isbn;
            Plain {
                id,
                title,
                // Distinct, and in another order than the keys.
                isbn: has_isbn.then(|| u32::try_from(id * 7 % 509).expect("it is small")),
                year,
                pages,
                author,
                tags,
                cover,
                labels,
                place,
            }
        };
        books.into_iter().zip(1..).map(plain).collect()
    })
}

/// A condition on a book.
#[derive(Debug, Clone)]
pub enum Condition {
    Id(Compare, u64),
    Title(Compare, String),
    Isbn(Compare, Option<u32>),
    Year(Compare, Option<i16>),
    Pages(Compare, u16),
    AuthorRank(Compare, Option<u8>),
    Text(Text, String),
    AuthorName(Text, String),
    CoverColor(Compare, String),
    CoverText(Text, String),
    /// The title, in small letters.
    Lower(Compare, String),
    LowerText(Text, String),
    Labels(Has, Vec<u16>),
    Room(Compare, u8),
    Slot(Compare, Option<i8>),
    HasPlace(bool),
    Tags(Quantifier, TagCondition),
    /// Of the author's books, this one among them.
    AuthorBooks(Quantifier, Box<Condition>),
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

/// A condition on a tag.
#[derive(Debug, Clone)]
pub enum TagCondition {
    Name(Compare, String),
    Text(Text, String),
    Kind(Compare, u8),
    Books(Quantifier, Box<Condition>),
}

/// How many items of a collection shall meet a condition.
#[derive(Debug, Clone, Copy)]
pub enum Quantifier {
    Any,
    All,
    None,
    Empty,
    Count(Compare, usize),
    CountOf(Compare, usize),
}

#[derive(Debug, Clone, Copy)]
pub enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Debug, Clone, Copy)]
pub enum Text {
    Starts,
    Ends,
    Contains,
}

#[derive(Debug, Clone, Copy)]
pub enum Has {
    Any,
    All,
}

impl Has {
    pub fn filter<R>(self, property: Property<R, Option<Vec<u16>>>, labels: &[u16]) -> Filter<R> {
        match self {
            Self::Any => property.has_any(labels.iter().copied()),
            Self::All => property.has_all(labels.iter().copied()),
        }
    }

    fn holds(self, of: Option<&Vec<u16>>, labels: &[u16]) -> bool {
        let has = |label: &u16| of.is_some_and(|of| of.contains(label));
        match self {
            Self::Any => labels.iter().any(has),
            Self::All => labels.iter().all(has),
        }
    }
}

impl Compare {
    pub fn filter<R, V>(self, property: Property<R, V>, value: V) -> Filter<R>
    where
        V: musher::OrderedKey + serde::Serialize + serde::de::DeserializeOwned + std::fmt::Debug,
    {
        match self {
            Self::Eq => property.eq(value),
            Self::Ne => property.ne(value),
            Self::Lt => property.lt(value),
            Self::Le => property.le(value),
            Self::Gt => property.gt(value),
            Self::Ge => property.ge(value),
        }
    }

    fn count<R>(self, count: ItemCount<R>, number: usize) -> Filter<R> {
        match self {
            Self::Eq => count.eq(number),
            Self::Ne => count.ne(number),
            Self::Lt => count.lt(number),
            Self::Le => count.le(number),
            Self::Gt => count.gt(number),
            Self::Ge => count.ge(number),
        }
    }

    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }
}

impl Text {
    pub fn filter<R>(self, property: Property<R, String>, text: &str) -> Filter<R> {
        match self {
            Self::Starts => property.starts_with(text),
            Self::Ends => property.ends_with(text),
            Self::Contains => property.contains(text),
        }
    }

    fn holds(self, of: &str, text: &str) -> bool {
        match self {
            Self::Starts => of.starts_with(text),
            Self::Ends => of.ends_with(text),
            Self::Contains => of.contains(text),
        }
    }
}

impl Quantifier {
    /// The condition on the collection that says so.
    pub fn filter<R: Entity, T: Managed>(
        self,
        items: &CollectionPath<R, T>,
        condition: impl FnOnce(T::Path<T>) -> Filter<T>,
    ) -> Filter<R> {
        match self {
            Self::Any => items.any(condition),
            Self::All => items.all(condition),
            Self::None => items.none(condition),
            Self::Empty => items.is_empty(),
            Self::Count(compare, number) => compare.count(items.count(), number),
            Self::CountOf(compare, number) => compare.count(items.count_of(condition), number),
        }
    }

    fn holds<T>(self, mut items: impl Iterator<Item = T>, meets: impl Fn(T) -> bool) -> bool {
        match self {
            Self::Any => items.any(meets),
            Self::All => items.all(meets),
            Self::None => !items.any(meets),
            Self::Empty => items.next().is_none(),
            Self::Count(compare, number) => compare.holds(items.count().cmp(&number)),
            Self::CountOf(compare, number) => {
                let count = items.map(meets).filter(|meets| *meets).count();
                compare.holds(count.cmp(&number))
            }
        }
    }
}

impl Condition {
    pub fn holds(&self, book: &Plain, all: &[Plain]) -> bool {
        match self {
            Self::Id(compare, value) => compare.holds(book.id.cmp(value)),
            Self::Title(compare, value) => compare.holds(book.title.cmp(value)),
            Self::Isbn(compare, value) => compare.holds(book.isbn.cmp(value)),
            Self::Year(compare, value) => compare.holds(book.year.cmp(value)),
            Self::Pages(compare, value) => compare.holds(book.pages.cmp(value)),
            Self::AuthorRank(compare, value) => {
                let rank = book.author().and_then(|(_, rank)| rank);
                compare.holds(rank.cmp(value))
            }
            Self::Text(text, value) => text.holds(&book.title, value),
            Self::AuthorName(text, value) => book
                .author()
                .is_some_and(|(name, _)| text.holds(name, value)),
            Self::CoverColor(compare, value) => {
                compare.holds(book.color().cmp(&Some(value.as_str())))
            }
            Self::CoverText(text, value) => {
                book.color().is_some_and(|color| text.holds(color, value))
            }
            Self::Lower(compare, value) => compare.holds(book.lower().cmp(value)),
            Self::LowerText(text, value) => text.holds(&book.lower(), value),
            Self::Labels(has, labels) => has.holds(book.labels.as_ref(), labels),
            // Behind a value that is absent everything is `None`.
            Self::Room(compare, value) => compare.holds(book.room().cmp(&Some(*value))),
            Self::Slot(compare, value) => compare.holds(book.slot().cmp(value)),
            Self::HasPlace(has) => book.place.is_some() == *has,
            Self::Tags(quantifier, condition) => {
                quantifier.holds(book.tags.iter(), |tag| condition.holds(*tag, all))
            }
            Self::AuthorBooks(quantifier, condition) => {
                let books = all
                    .iter()
                    .filter(|other| book.author.is_some() && other.author == book.author);
                quantifier.holds(books, |other| condition.holds(other, all))
            }
            Self::Both(a, b) => a.holds(book, all) && b.holds(book, all),
            Self::Either(a, b) => a.holds(book, all) || b.holds(book, all),
            Self::Not(condition) => !condition.holds(book, all),
        }
    }
}

impl TagCondition {
    fn holds(&self, tag: usize, all: &[Plain]) -> bool {
        let (name, kind) = TAGS[tag];
        match self {
            Self::Name(compare, value) => compare.holds(name.cmp(value.as_str())),
            Self::Text(text, value) => text.holds(name, value),
            Self::Kind(compare, value) => compare.holds(kind.cmp(value)),
            Self::Books(quantifier, condition) => {
                let books = all.iter().filter(|book| book.tags.contains(&tag));
                quantifier.holds(books, |book| condition.holds(book, all))
            }
        }
    }
}

pub fn compares() -> impl Strategy<Value = Compare> {
    use Compare::{Eq, Ge, Gt, Le, Lt, Ne};
    prop::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge])
}

fn texts() -> impl Strategy<Value = Text> {
    prop::sample::select(vec![Text::Starts, Text::Ends, Text::Contains])
}

fn has() -> impl Strategy<Value = Has> {
    prop::sample::select(vec![Has::Any, Has::All])
}

fn quantifiers() -> impl Strategy<Value = Quantifier> {
    prop_oneof![
        4 => Just(Quantifier::Any),
        1 => Just(Quantifier::All),
        1 => Just(Quantifier::None),
        1 => Just(Quantifier::Empty),
        1 => (compares(), 0_usize..4).prop_map(|(c, n)| Quantifier::Count(c, n)),
        1 => (compares(), 0_usize..4).prop_map(|(c, n)| Quantifier::CountOf(c, n)),
    ]
}

fn tag_leaves() -> impl Strategy<Value = TagCondition> {
    prop_oneof![
        (compares(), "[ab]{0,2}").prop_map(|(c, v)| TagCondition::Name(c, v)),
        (texts(), "[ab]{0,1}").prop_map(|(t, v)| TagCondition::Text(t, v)),
        (compares(), 0_u8..4).prop_map(|(c, v)| TagCondition::Kind(c, v)),
    ]
}

fn leaves() -> impl Strategy<Value = Condition> {
    prop_oneof![
        (compares(), 0_u64..30).prop_map(|(c, v)| Condition::Id(c, v)),
        (compares(), titles()).prop_map(|(c, v)| Condition::Title(c, v)),
        (compares(), prop::option::of(0_u32..30)).prop_map(|(c, v)| Condition::Isbn(c, v)),
        (compares(), prop::option::of(-2_i16..3)).prop_map(|(c, v)| Condition::Year(c, v)),
        (compares(), 0_u16..4).prop_map(|(c, v)| Condition::Pages(c, v)),
        (compares(), prop::option::of(0_u8..3)).prop_map(|(c, v)| Condition::AuthorRank(c, v)),
        (texts(), titles()).prop_map(|(t, v)| Condition::Text(t, v)),
        (texts(), "[AnBob]{0,2}").prop_map(|(t, v)| Condition::AuthorName(t, v)),
        (compares(), "(|r|red)").prop_map(|(c, v)| Condition::CoverColor(c, v)),
        (texts(), "[re]{0,2}").prop_map(|(t, v)| Condition::CoverText(t, v)),
        (compares(), titles()).prop_map(|(c, v)| Condition::Lower(c, v)),
        (texts(), "[ab]{0,2}").prop_map(|(t, v)| Condition::LowerText(t, v)),
        (has(), vec(0_u16..6, 0..3)).prop_map(|(h, v)| Condition::Labels(h, v)),
        (compares(), 0_u8..4).prop_map(|(c, v)| Condition::Room(c, v)),
        (compares(), prop::option::of(-1_i8..2)).prop_map(|(c, v)| Condition::Slot(c, v)),
        any::<bool>().prop_map(Condition::HasPlace),
        (quantifiers(), tag_leaves()).prop_map(|(q, t)| Condition::Tags(q, t)),
    ]
}

fn conditions() -> impl Strategy<Value = Condition> {
    leaves().prop_recursive(4, 8, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        let of_tags = (quantifiers(), quantifiers(), inner.clone());
        prop_oneof![
            3 => pair.clone().prop_map(|(a, b)| Condition::Both(a.into(), b.into())),
            2 => pair.prop_map(|(a, b)| Condition::Either(a.into(), b.into())),
            1 => inner.clone().prop_map(|condition| Condition::Not(condition.into())),
            1 => (quantifiers(), inner)
                .prop_map(|(q, condition)| Condition::AuthorBooks(q, condition.into())),
            1 => of_tags.prop_map(|(q, of_tag, condition)| {
                Condition::Tags(q, TagCondition::Books(of_tag, condition.into()))
            }),
        ]
    })
}

#[derive(Debug, Clone, Copy)]
pub enum By {
    Id,
    Title,
    Isbn,
    Year,
    Pages,
    AuthorName,
    AuthorRank,
    CoverColor,
    Lower,
    Room,
    Slot,
}

#[derive(Debug, Clone, Copy)]
pub struct Term {
    pub by: By,
    descending: bool,
    nulls_last: Option<bool>,
}

impl Term {
    /// The order by a property that the term says.
    pub fn of<R, V>(self, property: Property<R, V>) -> Order<R>
    where
        V: musher::OrderedKey + serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let order = if self.descending {
            property.desc()
        } else {
            property.asc()
        };
        match self.nulls_last {
            None => order,
            Some(true) => order.nulls_last(),
            Some(false) => order.nulls_first(),
        }
    }

    fn compare(self, a: &Plain, b: &Plain) -> Ordering {
        fn compare<V: Ord>(a: Option<&V>, b: Option<&V>, term: Term) -> Ordering {
            let nulls_last = term.nulls_last.unwrap_or(term.descending);
            let values = match (a, b) {
                (Some(a), Some(b)) => a.cmp(b),
                _ if nulls_last => return b.is_some().cmp(&a.is_some()),
                _ => return a.is_some().cmp(&b.is_some()),
            };
            if term.descending {
                values.reverse()
            } else {
                values
            }
        }
        let (to, from) = (a.author(), b.author());
        match self.by {
            By::Id => compare(Some(&a.id), Some(&b.id), self),
            By::Title => compare(Some(&a.title), Some(&b.title), self),
            By::Isbn => compare(a.isbn.as_ref(), b.isbn.as_ref(), self),
            By::Year => compare(a.year.as_ref(), b.year.as_ref(), self),
            By::Pages => compare(Some(&a.pages), Some(&b.pages), self),
            By::AuthorName => {
                let name = |author: Option<(&'static str, _)>| author.map(|(name, _)| name);
                compare(name(to).as_ref(), name(from).as_ref(), self)
            }
            By::AuthorRank => {
                let rank = |author: Option<(_, Option<u8>)>| author.and_then(|(_, rank)| rank);
                compare(rank(to).as_ref(), rank(from).as_ref(), self)
            }
            By::CoverColor => compare(a.color().as_ref(), b.color().as_ref(), self),
            By::Lower => compare(Some(&a.lower()), Some(&b.lower()), self),
            By::Room => compare(a.room().as_ref(), b.room().as_ref(), self),
            By::Slot => compare(a.slot().as_ref(), b.slot().as_ref(), self),
        }
    }
}

fn terms() -> impl Strategy<Value = Vec<Term>> {
    use By::{AuthorName, AuthorRank, CoverColor, Id, Isbn, Lower, Pages, Room, Slot, Title, Year};
    let by = prop::sample::select(vec![
        Id, Title, Isbn, Year, Pages, AuthorName, AuthorRank, CoverColor, Lower, Room, Slot,
    ]);
    let term = (
        by,
        any::<bool>(),
        prop::option::weighted(0.3, any::<bool>()),
    );
    let term = term.prop_map(|(by, descending, nulls_last)| Term {
        by,
        descending,
        nulls_last,
    });
    vec(term, 0..3)
}

/// A query.
#[derive(Debug, Clone)]
pub struct Ask {
    pub condition: Option<Condition>,
    pub terms: Vec<Term>,
    pub skip: usize,
    pub take: Option<usize>,
}

impl Ask {
    /// The books that meet the condition, in the order, page or no page.
    pub fn wanted<'b>(&self, books: &'b [Plain]) -> Vec<&'b Plain> {
        let mut wanted: Vec<&Plain> = books
            .iter()
            .filter(|book| {
                self.condition
                    .as_ref()
                    .is_none_or(|it| it.holds(book, books))
            })
            .collect();
        wanted.sort_by(|a, b| {
            let order = self.terms.iter().map(|term| term.compare(a, b));
            let descending = self.terms.last().is_some_and(|term| term.descending);
            let by_key = if descending {
                b.id.cmp(&a.id)
            } else {
                a.id.cmp(&b.id)
            };
            order.fold(Ordering::Equal, Ordering::then).then(by_key)
        });
        wanted
    }
}

pub fn asks() -> impl Strategy<Value = Vec<Ask>> {
    asks_with(conditions())
}

/// With conditions that are quick to judge, and mostly leave many books.
pub fn asks_of_many() -> impl Strategy<Value = Vec<Ask>> {
    let both = (leaves(), leaves()).prop_map(|(a, b)| Condition::Both(a.into(), b.into()));
    let either = (leaves(), leaves()).prop_map(|(a, b)| Condition::Either(a.into(), b.into()));
    asks_with(prop_oneof![2 => leaves(), 1 => both, 1 => either])
}

fn asks_with(conditions: impl Strategy<Value = Condition>) -> impl Strategy<Value = Vec<Ask>> {
    let ask = (
        prop::option::of(conditions),
        terms(),
        prop_oneof![3 => Just(0_usize), 1 => 0_usize..6],
        prop::option::of(0_usize..6),
    );
    let ask = ask.prop_map(|(condition, terms, skip, take)| Ask {
        condition,
        terms,
        skip,
        take,
    });
    vec(ask, 1..12)
}
