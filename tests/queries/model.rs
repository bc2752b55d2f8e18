//! Random queries against plain values.

use std::cmp::Ordering;

use musher::prelude::*;
use musher::{Filter, Order, Property};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Author, Book, Library};
use crate::support::on_both_stores;

/// What the model knows of a book.
#[derive(Debug, Clone)]
pub struct Plain {
    id: u64,
    title: String,
    isbn: Option<u32>,
    year: Option<i16>,
    pages: u16,
    author: Option<usize>,
}

const AUTHORS: [(&str, Option<u8>); 4] = [
    ("Ann", None),
    ("Bob", Some(1)),
    ("Cid", Some(0)),
    ("", Some(1)),
];

impl Plain {
    fn author(&self) -> Option<(&'static str, Option<u8>)> {
        self.author.map(|at| AUTHORS[at])
    }
}

fn titles() -> impl Strategy<Value = String> {
    prop_oneof!["[ab%]{0,3}", Just("a\0".to_owned()), Just("ä".to_owned())]
}

pub fn books() -> impl Strategy<Value = Vec<Plain>> {
    let book = (
        titles(),
        any::<bool>(),
        prop::option::of(-2_i16..3),
        0_u16..4,
        prop::option::of(0..AUTHORS.len()),
    );
    vec(book, 0..25).prop_map(|books| {
        let books = books.into_iter().zip(1..);
        let plain =
            |((title, has_isbn, year, pages, author), id): ((_, bool, _, _, _), u64)| Plain {
                id,
                title,
                // Distinct, and in another order than the keys.
                isbn: has_isbn.then(|| u32::try_from(id * 7 % 29).expect("it is small")),
                year,
                pages,
                author,
            };
        books.map(plain).collect()
    })
}

/// A condition, as a filter and as the model says it.
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
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
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

impl Compare {
    fn filter<V>(self, property: Property<Book, V>, value: V) -> Filter<Book>
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

    fn holds(self, order: Ordering) -> bool {
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
    fn filter(self, property: Property<Book, String>, text: &str) -> Filter<Book> {
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

impl Condition {
    pub fn filter(&self, book: &<Book as musher::Managed>::Path<Book>) -> Filter<Book> {
        match self {
            Self::Id(compare, value) => compare.filter(book.id(), *value),
            Self::Title(compare, value) => compare.filter(book.title(), value.clone()),
            Self::Isbn(compare, value) => compare.filter(book.isbn(), *value),
            Self::Year(compare, value) => compare.filter(book.year(), *value),
            Self::Pages(compare, value) => compare.filter(book.pages(), *value),
            Self::AuthorRank(compare, value) => compare.filter(book.author().rank(), *value),
            Self::Text(text, value) => text.filter(book.title(), value),
            Self::AuthorName(text, value) => text.filter(book.author().name(), value),
            Self::Both(a, b) => a.filter(book).and(b.filter(book)),
            Self::Either(a, b) => a.filter(book).or(b.filter(book)),
            Self::Not(condition) => condition.filter(book).not(),
        }
    }

    fn holds(&self, book: &Plain) -> bool {
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
            Self::Both(a, b) => a.holds(book) && b.holds(book),
            Self::Either(a, b) => a.holds(book) || b.holds(book),
            Self::Not(condition) => !condition.holds(book),
        }
    }
}

fn conditions() -> impl Strategy<Value = Condition> {
    use Compare::{Eq, Ge, Gt, Le, Lt, Ne};
    let compare = || prop::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge]);
    let text = || prop::sample::select(vec![Text::Starts, Text::Ends, Text::Contains]);
    let leaf = prop_oneof![
        (compare(), 0_u64..30).prop_map(|(c, v)| Condition::Id(c, v)),
        (compare(), titles()).prop_map(|(c, v)| Condition::Title(c, v)),
        (compare(), prop::option::of(0_u32..30)).prop_map(|(c, v)| Condition::Isbn(c, v)),
        (compare(), prop::option::of(-2_i16..3)).prop_map(|(c, v)| Condition::Year(c, v)),
        (compare(), 0_u16..4).prop_map(|(c, v)| Condition::Pages(c, v)),
        (compare(), prop::option::of(0_u8..3)).prop_map(|(c, v)| Condition::AuthorRank(c, v)),
        (text(), titles()).prop_map(|(t, v)| Condition::Text(t, v)),
        (text(), "[AnBob]{0,2}").prop_map(|(t, v)| Condition::AuthorName(t, v)),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            3 => pair.clone().prop_map(|(a, b)| Condition::Both(a.into(), b.into())),
            1 => pair.prop_map(|(a, b)| Condition::Either(a.into(), b.into())),
            1 => inner.prop_map(|condition| Condition::Not(condition.into())),
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
}

#[derive(Debug, Clone, Copy)]
pub struct Term {
    by: By,
    descending: bool,
    nulls_last: Option<bool>,
}

impl Term {
    pub fn order(self, book: &<Book as musher::Managed>::Path<Book>) -> Order<Book> {
        fn by<V>(property: Property<Book, V>, descending: bool) -> Order<Book>
        where
            V: musher::OrderedKey + serde::de::DeserializeOwned + std::fmt::Debug,
        {
            if descending {
                property.desc()
            } else {
                property.asc()
            }
        }
        let order = match self.by {
            By::Id => by(book.id(), self.descending),
            By::Title => by(book.title(), self.descending),
            By::Isbn => by(book.isbn(), self.descending),
            By::Year => by(book.year(), self.descending),
            By::Pages => by(book.pages(), self.descending),
            By::AuthorName => by(book.author().name(), self.descending),
            By::AuthorRank => by(book.author().rank(), self.descending),
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
        }
    }
}

fn terms() -> impl Strategy<Value = Vec<Term>> {
    use By::{AuthorName, AuthorRank, Id, Isbn, Pages, Title, Year};
    let by = prop::sample::select(vec![Id, Title, Isbn, Year, Pages, AuthorName, AuthorRank]);
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

/// A query, and what it finds.
pub type Ask = (Option<Condition>, Vec<Term>, usize, Option<usize>);

pub fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let ask = (
        prop::option::of(conditions()),
        terms(),
        prop_oneof![3 => Just(0_usize), 1 => 0_usize..6],
        prop::option::of(0_usize..6),
    );
    vec(ask, 1..12)
}

pub fn store(orm: &Orm, books: &[Plain]) -> musher::Result<()> {
    let mut em = orm.em();
    let authors = AUTHORS.map(|(name, rank)| {
        let author = Author::build().name(name);
        em.create(match rank {
            Some(rank) => author.rank(Some(rank)),
            None => author,
        })
    });
    for book in books {
        em.persist(Book {
            id: Pk::from(book.id),
            title: book.title.clone(),
            isbn: book.isbn,
            year: book.year,
            pages: book.pages,
            author: book.author.map(|at| authors[at]),
            tags: Collection::new(),
        });
    }
    em.flush()
}

/// The query with its condition and order, of all rows.
pub fn asked<'em>(
    em: &'em mut EntityManager,
    (condition, terms, ..): &Ask,
) -> musher::Find<'em, Book> {
    let query = em.find::<Book>().order_by(|book| {
        let orders = terms.iter().map(|term| term.order(&book));
        orders.collect::<Vec<_>>()
    });
    match condition {
        Some(condition) => query.filter(|book| condition.filter(&book)),
        None => query,
    }
}

fn verify(orm: &Orm, books: &[Plain], ask: &Ask) -> musher::Result<()> {
    let (condition, terms, skip, take) = ask;
    let mut wanted: Vec<&Plain> = books
        .iter()
        .filter(|book| condition.as_ref().is_none_or(|it| it.holds(book)))
        .collect();
    let count = wanted.len();
    wanted.sort_by(|a, b| {
        let order = terms.iter().map(|term| term.compare(a, b));
        let descending = terms.last().is_some_and(|term| term.descending);
        let by_key = if descending {
            b.id.cmp(&a.id)
        } else {
            a.id.cmp(&b.id)
        };
        order.fold(Ordering::Equal, Ordering::then).then(by_key)
    });
    let wanted: Vec<u64> = wanted
        .into_iter()
        .skip(*skip)
        .take(take.unwrap_or(usize::MAX))
        .map(|book| book.id)
        .collect();
    let mut em = orm.em();
    let query = asked(&mut em, ask).offset(*skip);
    let query = match take {
        Some(take) => query.limit(*take),
        None => query,
    };
    let (found, counted) = query.all_and_count()?;
    let found: Vec<u64> = found.iter().map(|id| *id.key()).collect();
    assert_eq!(found, wanted);
    assert_eq!(counted, count);
    assert_eq!(asked(&mut em, ask).exists()?, count > 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn queries_find_what_a_walk_over_plain_values_finds(books in books(), asks in asks()) {
        on_both_stores::<Library>(|orm| {
            store(orm, &books)?;
            asks.iter().try_for_each(|ask| verify(orm, &books, ask))
        });
    }
}
