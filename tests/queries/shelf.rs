//! The same library with different indexes: a module of entities for each, and a trait over them, so
//! that one test asks them all.

use musher::prelude::*;
use musher::{Cursor, Result};

use super::aggregates::{Group, Summary};
use super::plain::{Ask, Plain};

/// A library: its entities, and how it answers.
pub trait Shelf {
    type Entities: musher::EntityList;

    /// Stores the books, and all authors and tags.
    fn store(orm: &Orm, books: &[Plain]) -> Result<()>;

    /// The ids of the page that is asked for, and how many books meet the condition.
    fn find(em: &mut EntityManager, ask: &Ask) -> Result<(Vec<u64>, usize)>;

    /// A page from a place in the order, whatever page is asked for.
    fn page(em: &mut EntityManager, ask: &Ask, from: From<'_>, size: usize) -> Result<Page>;

    /// The ids of the books of a stream, of the page that is asked for.
    fn stream(em: &mut EntityManager, ask: &Ask) -> Result<Vec<u64>>;

    /// The books in short, whatever page is asked for, and those of each author and year.
    fn summary(em: &mut EntityManager, ask: &Ask) -> Result<(Summary, Vec<(Group, Summary)>)>;

    /// Whether any book meets the condition.
    fn exists(em: &mut EntityManager, ask: &Ask) -> Result<bool>;

    /// How the query is run.
    fn explain(em: &mut EntityManager, ask: &Ask) -> Result<musher::Explanation>;
}

/// Where a page begins, or ends.
#[derive(Clone, Copy)]
pub enum From<'c> {
    Start,
    After(&'c Cursor),
    Before(&'c Cursor),
}

/// The ids of a page, and the cursors of those beside it.
#[derive(Debug, PartialEq)]
pub struct Page {
    pub ids: Vec<u64>,
    pub previous: Option<Cursor>,
    pub next: Option<Cursor>,
}

/// Defines a library as a module of entities: `$attribute` stands before the property that follows. The
/// title in small letters is indexed in any case, between other properties or alone.
macro_rules! shelf {
    ($(#[$doc:meta])* $name:ident {
        title: $(#[$title:meta])*,
        isbn: $(#[$isbn:meta])*,
        year: $(#[$year:meta])*,
        author_name: $(#[$author_name:meta])*,
        author_rank: $(#[$author_rank:meta])*,
        tag_kind: $(#[$tag_kind:meta])*,
        color: $(#[$color:meta])*,
        labels: $(#[$labels:meta])*,
        room: $(#[$room:meta])*,
        slot: $(#[$slot:meta])*,
        lower: $($before:ident)? / $($behind:ident)?,
        together: $(#[$together:meta])*,
    }) => {
        $(#[$doc])*
        pub mod $name {
            use musher::prelude::*;
            use musher::{Filter, Order, Result};

            use crate::aggregates::{Group, Summary, weight as plain_weight};
            use crate::plain::{self, Ask, By, Condition, Plain, TagCondition, Term};

            #[derive(Entity, Debug)]
            pub struct Author {
                #[orm(primary_key)]
                id: Pk,
                $(#[$author_name])*
                name: String,
                $(#[$author_rank])*
                rank: Option<u8>,
                #[orm(one_to_many(mapped_by = author))]
                books: Collection<Book>,
            }

            #[derive(Entity, Debug)]
            // Here, since a function names properties, which an attribute from outside can't.
            #[orm(index($($before,)? lower: String = title.to_lowercase() $(, $behind)?))]
            $(#[$together])*
            pub struct Book {
                #[orm(primary_key)]
                id: Pk,
                $(#[$title])*
                title: String,
                $(#[$isbn])*
                isbn: Option<u32>,
                $(#[$year])*
                year: Option<i16>,
                pages: u16,
                #[orm(many_to_one(inversed_by = books))]
                author: Option<Id<Author>>,
                #[orm(many_to_many)]
                tags: Collection<Tag>,
                #[orm(one_to_one(mapped_by = book))]
                cover: Inverse<Cover>,
                $(#[$labels])*
                labels: Option<Vec<u16>>,
                #[orm(embedded)]
                place: Option<Place>,
            }

            #[derive(Embedded, Debug, Clone, PartialEq)]
            pub struct Place {
                $(#[$room])*
                room: u8,
                $(#[$slot])*
                slot: Option<i8>,
            }

            #[derive(Entity, Debug)]
            pub struct Tag {
                #[orm(primary_key)]
                name: String,
                $(#[$tag_kind])*
                kind: u8,
                #[orm(many_to_many(mapped_by = tags))]
                books: Collection<Book>,
            }

            #[derive(Entity, Debug)]
            pub struct Cover {
                #[orm(primary_key)]
                id: Pk,
                $(#[$color])*
                color: String,
                #[orm(one_to_one(inversed_by = cover))]
                book: Id<Book>,
            }

            pub struct Library;

            impl Condition {
                fn $name<R: musher::Entity>(&self, book: &BookPath<R>) -> Filter<R> {
                    match self {
                        Self::Id(compare, value) => compare.filter(book.id(), *value),
                        Self::Title(compare, value) => compare.filter(book.title(), value.clone()),
                        Self::Isbn(compare, value) => compare.filter(book.isbn(), *value),
                        Self::Year(compare, value) => compare.filter(book.year(), *value),
                        Self::Pages(compare, value) => compare.filter(book.pages(), *value),
                        Self::AuthorRank(compare, value) => {
                            compare.filter(book.author().rank(), *value)
                        }
                        Self::Text(text, value) => text.filter(book.title(), value),
                        Self::AuthorName(text, value) => text.filter(book.author().name(), value),
                        Self::CoverColor(compare, value) => {
                            compare.filter(book.cover().color(), value.clone())
                        }
                        Self::CoverText(text, value) => text.filter(book.cover().color(), value),
                        Self::Lower(compare, value) => compare.filter(book.lower(), value.clone()),
                        Self::LowerText(text, value) => text.filter(book.lower(), value),
                        Self::Labels(has, labels) => has.filter(book.labels(), labels),
                        Self::Room(compare, value) => compare.filter(book.place().room(), *value),
                        Self::Slot(compare, value) => compare.filter(book.place().slot(), *value),
                        Self::HasPlace(true) => book.place().is_some(),
                        Self::HasPlace(false) => book.place().is_none(),
                        Self::Tags(quantifier, condition) => {
                            quantifier.filter(&book.tags(), |tag| condition.$name(&tag))
                        }
                        Self::AuthorBooks(quantifier, condition) => quantifier
                            .filter(&book.author().books(), |other| condition.$name(&other)),
                        Self::Both(a, b) => a.$name(book).and(b.$name(book)),
                        Self::Either(a, b) => a.$name(book).or(b.$name(book)),
                        Self::Not(condition) => condition.$name(book).not(),
                    }
                }
            }

            impl TagCondition {
                fn $name<R: musher::Entity>(&self, tag: &TagPath<R>) -> Filter<R> {
                    match self {
                        Self::Name(compare, value) => compare.filter(tag.name(), value.clone()),
                        Self::Text(text, value) => text.filter(tag.name(), value),
                        Self::Kind(compare, value) => compare.filter(tag.kind(), *value),
                        Self::Books(quantifier, condition) => {
                            quantifier.filter(&tag.books(), |book| condition.$name(&book))
                        }
                    }
                }
            }

            fn order(term: Term, book: &BookPath<Book>) -> Order<Book> {
                match term.by {
                    By::Id => term.of(book.id()),
                    By::Title => term.of(book.title()),
                    By::Isbn => term.of(book.isbn()),
                    By::Year => term.of(book.year()),
                    By::Pages => term.of(book.pages()),
                    By::AuthorName => term.of(book.author().name()),
                    By::AuthorRank => term.of(book.author().rank()),
                    By::CoverColor => term.of(book.cover().color()),
                    By::Lower => term.of(book.lower()),
                    By::Room => term.of(book.place().room()),
                    By::Slot => term.of(book.place().slot()),
                }
            }

            /// The query with its condition and order, of all rows.
            fn asked<'em>(em: &'em mut EntityManager, ask: &Ask) -> musher::Find<'em, Book> {
                let query = em.find::<Book>().order_by(|book| {
                    let orders = ask.terms.iter().map(|term| order(*term, &book));
                    orders.collect::<Vec<_>>()
                });
                match &ask.condition {
                    Some(condition) => query.filter(|book| condition.$name(&book)),
                    None => query,
                }
            }

            /// The query, with its page.
            fn paged<'em>(em: &'em mut EntityManager, ask: &Ask) -> musher::Find<'em, Book> {
                let query = asked(em, ask).offset(ask.skip);
                match ask.take {
                    Some(take) => query.limit(take),
                    None => query,
                }
            }

            impl crate::shelf::Shelf for Library {
                type Entities = (Author, Book, Tag, Cover);

                fn store(orm: &Orm, books: &[Plain]) -> Result<()> {
                    let mut em = orm.em();
                    let authors = plain::AUTHORS
                        .map(|(name, rank)| em.create(Author::build().name(name).rank(rank)));
                    let tags = plain::TAGS
                        .map(|(name, kind)| em.create(Tag::build().name(name).kind(kind)));
                    for book in books {
                        let id = em.persist(Book {
                            id: Pk::from(book.id),
                            title: book.title.clone(),
                            isbn: book.isbn,
                            year: book.year,
                            pages: book.pages,
                            author: book.author.map(|at| authors[at]),
                            tags: book.tags.iter().map(|at| tags[*at].clone()).collect(),
                            cover: Inverse::default(),
                            labels: book.labels.clone(),
                            place: book.place.map(|(room, slot)| Place { room, slot }),
                        });
                        if let Some(color) = book.cover {
                            em.create(Cover::build().color(plain::COLORS[color]).book(id));
                        }
                    }
                    em.flush()
                }

                // However it ends, a query has the same rows: entities, single properties, and rows
                // without some of theirs.

                fn find(em: &mut EntityManager, ask: &Ask) -> Result<(Vec<u64>, usize)> {
                    let (ids, count) = paged(em, ask).all_and_count()?;
                    let ids: Vec<u64> = ids.iter().map(|id| *id.key()).collect();
                    let fields = paged(em, ask).fields(|book| book.id()).all_and_count()?;
                    assert_eq!(fields, (ids.clone(), count));
                    let partial = paged(em, ask).exclude(|book| book.title()).all()?;
                    assert!(partial.iter().map(|book| book.key()).eq(&ids));

                    let fields = |book: BookPath<Book>| (book.year(), book.author().name().optional());
                    let all = asked(em, ask).fields(fields).all()?;
                    let all: std::collections::BTreeSet<_> = all.into_iter().collect();
                    let page = all.into_iter().skip(ask.skip);
                    let page = page.take(ask.take.unwrap_or(usize::MAX));
                    let distinct = paged(em, ask).fields(fields).distinct()?;
                    assert!(page.eq(distinct), "each value once");
                    Ok((ids, count))
                }

                fn page(
                    em: &mut EntityManager,
                    ask: &Ask,
                    from: crate::shelf::From<'_>,
                    size: usize,
                ) -> Result<crate::shelf::Page> {
                    use crate::shelf::{From, Page};

                    fn begun<'em>(
                        em: &'em mut EntityManager,
                        ask: &Ask,
                        from: From<'_>,
                    ) -> musher::Find<'em, Book> {
                        let query = asked(em, ask);
                        match from {
                            From::Start => query,
                            From::After(cursor) => query.after(cursor),
                            From::Before(cursor) => query.before(cursor),
                        }
                    }

                    let page = begun(em, ask, from).page(size)?;
                    let page = Page {
                        ids: page.ids.iter().map(|id| *id.key()).collect(),
                        previous: page.previous,
                        next: page.next,
                    };
                    let fields = begun(em, ask, from).fields(|book| book.id()).page(size)?;
                    assert_eq!(fields.rows, page.ids);
                    assert_eq!((&fields.previous, &fields.next), (&page.previous, &page.next));
                    let partial = begun(em, ask, from).exclude(|book| book.title()).page(size)?;
                    assert!(partial.rows.iter().map(|book| book.key()).eq(&page.ids));
                    assert_eq!((&partial.previous, &partial.next), (&page.previous, &page.next));
                    Ok(page)
                }

                fn stream(em: &mut EntityManager, ask: &Ask) -> Result<Vec<u64>> {
                    let books = paged(em, ask).stream()?;
                    let ids: Vec<u64> = books.map(|book| Ok(*book?.id)).collect::<Result<_>>()?;
                    let fields = |book: BookPath<Book>| (book.title(), book.author().name().optional());
                    let rows = paged(em, ask).fields(fields).stream()?;
                    let rows: Vec<_> = rows.collect::<Result<_>>()?;
                    assert_eq!(rows, paged(em, ask).fields(fields).all()?);
                    assert_eq!(rows.len(), ids.len());
                    Ok(ids)
                }

                fn summary(
                    em: &mut EntityManager,
                    ask: &Ask,
                ) -> Result<(Summary, Vec<(Group, Summary)>)> {
                    macro_rules! aggregates {
                        () => {
                            |b| {
                                let weight = (b.pages(), b.author().rank().optional());
                                (
                                    b.pages().sum(),
                                    (b.year().sum(), b.year().avg(), b.year().min()),
                                    b.title().max(),
                                    (b.id().count(), b.author().rank().count(), b.isbn().count()),
                                    b.author().name().count_distinct(),
                                    b.cover().color().min(),
                                    weight.map(|(pages, rank)| plain_weight(pages, rank.flatten())).sum(),
                                )
                            }
                        };
                    }

                    let whole = paged(em, ask).aggregate(aggregates!())?;
                    let groups = paged(em, ask)
                        .group_by(|b| (b.author().name().optional(), b.year()))
                        .aggregate(aggregates!())?;
                    Ok((whole, groups))
                }

                fn exists(em: &mut EntityManager, ask: &Ask) -> Result<bool> {
                    asked(em, ask).exists()
                }

                fn explain(em: &mut EntityManager, ask: &Ask) -> Result<musher::Explanation> {
                    paged(em, ask).explain()
                }
            }
        }
    };
}

shelf! {
    /// Every property has an index where there may be one.
    indexed {
        title: #[orm(index)],
        isbn: #[orm(unique)],
        year: #[orm(index)],
        author_name: #[orm(index)],
        author_rank: #[orm(index)],
        tag_kind: #[orm(index)],
        color: #[orm(index)],
        labels: #[orm(index(each))],
        room: #[orm(index)],
        slot: #[orm(index)],
        lower: /,
        together: ,
    }
}

shelf! {
    /// No property has an index of its own.
    bare {
        title: ,
        isbn: ,
        year: ,
        author_name: ,
        author_rank: ,
        tag_kind: ,
        color: ,
        labels: ,
        room: ,
        slot: ,
        lower: author /,
        together: ,
    }
}

shelf! {
    /// Some have one.
    mixed {
        title: ,
        isbn: #[orm(index)],
        year: #[orm(index)],
        author_name: #[orm(unique)],
        author_rank: ,
        tag_kind: #[orm(index)],
        color: ,
        labels: #[orm(index(each))],
        room: ,
        slot: #[orm(index)],
        lower: / pages,
        together: ,
    }
}

shelf! {
    /// Properties have indexes together.
    composite {
        title: ,
        isbn: ,
        year: ,
        author_name: ,
        author_rank: #[orm(index)],
        tag_kind: ,
        color: #[orm(index)],
        labels: ,
        room: ,
        slot: ,
        lower: pages / year,
        together: #[orm(
            index(author, year),
            index(year, title, pages),
            index(pages, title),
            index(pages, each(labels)),
            unique(isbn, year),
            unique(pages, isbn),
        )],
    }
}
