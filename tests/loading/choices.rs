//! Random populate options against plain lists: what a collection shows is what filtering, ordering and
//! cutting the list of its items gives, whatever the strategy; and nothing of it is ever written.

use std::cmp::Ordering;

use musher::populated::{Part, ToCollection};
use musher::prelude::*;
use musher::{Filter, Order, Selected};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Author, Book, Library, Tag};
use crate::support::on_both_stores;

const AUTHORS: u64 = 3;
const TAGS: u64 = 3;

/// What the model knows of a book.
#[derive(Debug, Clone)]
struct Plain {
    id: u64,
    title: String,
    rating: Option<i16>,
    author: Option<u64>,
    tags: Vec<u64>,
}

fn books() -> impl Strategy<Value = Vec<Plain>> {
    let book = (
        "[ab]{0,2}",
        prop::option::of(0_i16..4),
        prop::option::of(1..=AUTHORS),
        prop::sample::subsequence((1..=TAGS).collect::<Vec<_>>(), 0..=3),
    );
    vec(book, 0..15).prop_map(|books| {
        let books = books.into_iter().zip(1..);
        let plain = |((title, rating, author, tags), id)| Plain {
            id,
            title,
            rating,
            author,
            tags,
        };
        books.map(plain).collect()
    })
}

#[derive(Debug, Clone)]
enum Condition {
    All,
    Starts(String),
    RatingBelow(i16),
    Author(u64),
    Not(Box<Condition>),
}

impl Condition {
    fn filter(&self, book: &<Book as musher::Managed>::Path<Book>) -> Filter<Book> {
        match self {
            Self::All => Filter::all([]),
            Self::Starts(text) => book.title().starts_with(text),
            Self::RatingBelow(most) => book.rating().lt(*most),
            Self::Author(author) => book.author().id().eq(*author),
            Self::Not(condition) => condition.filter(book).not(),
        }
    }

    fn holds(&self, book: &Plain) -> bool {
        match self {
            Self::All => true,
            Self::Starts(text) => book.title.starts_with(text),
            Self::RatingBelow(most) => book.rating < Some(*most),
            Self::Author(author) => book.author == Some(*author),
            Self::Not(condition) => !condition.holds(book),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum By {
    Title,
    RatingDown,
    AuthorName,
}

impl By {
    fn order(self, book: &<Book as musher::Managed>::Path<Book>) -> Order<Book> {
        match self {
            Self::Title => book.title().asc(),
            Self::RatingDown => book.rating().desc(),
            Self::AuthorName => book.author().name().asc(),
        }
    }

    fn compare(self, a: &Plain, b: &Plain) -> Ordering {
        match self {
            Self::Title => a.title.cmp(&b.title).then(a.id.cmp(&b.id)),
            Self::RatingDown => b.rating.cmp(&a.rating).then(b.id.cmp(&a.id)),
            // The names of the authors are their numbers.
            Self::AuthorName => a.author.cmp(&b.author).then(a.id.cmp(&b.id)),
        }
    }
}

/// A populate hint.
#[derive(Debug, Clone)]
struct Choice {
    condition: Condition,
    by: Option<By>,
    skip: usize,
    take: Option<usize>,
    strategy: LoadStrategy,
}

fn choices() -> impl Strategy<Value = Choice> {
    let condition = prop_oneof![
        Just(Condition::All),
        "[ab]{0,2}".prop_map(Condition::Starts),
        (0_i16..5).prop_map(Condition::RatingBelow),
        (1..=AUTHORS).prop_map(Condition::Author),
        (1..=AUTHORS).prop_map(|author| Condition::Not(Condition::Author(author).into())),
    ];
    let by = prop::sample::select(vec![By::Title, By::RatingDown, By::AuthorName]);
    let strategies = vec![LoadStrategy::SelectIn, LoadStrategy::Joined];
    (
        condition,
        prop::option::of(by),
        0_usize..3,
        prop::option::of(0_usize..4),
        prop::sample::select(strategies),
    )
        .prop_map(|(condition, by, skip, take, strategy)| Choice {
            condition,
            by,
            skip,
            take,
            strategy,
        })
}

impl Choice {
    /// What the choice makes of a list.
    fn of<'p>(&self, books: impl Iterator<Item = &'p Plain>) -> Vec<Id<Book>> {
        let mut books: Vec<_> = books.filter(|book| self.condition.holds(book)).collect();
        if let Some(by) = self.by {
            books.sort_by(|a, b| by.compare(a, b));
        }
        let page = books.into_iter().skip(self.skip);
        let page = page.take(self.take.unwrap_or(usize::MAX));
        page.map(|book| Id::new(book.id)).collect()
    }

    /// The hint, behind a path to books.
    fn hint<P>(&self, path: P) -> Selected<P::Route, Book, (), Part>
    where
        P: PopulateOptions<Target = Book, Route: ToCollection>,
    {
        let hint = path.filter(|book| self.condition.filter(&book));
        let hint = match self.by {
            Some(by) => hint.order_by(|book| by.order(&book)),
            None => hint,
        };
        let hint = hint.offset(self.skip);
        match self.take {
            Some(most) => hint.limit(most),
            None => hint,
        }
    }
}

fn store(orm: &Orm, books: &[Plain]) -> musher::Result<()> {
    let mut em = orm.em();
    for author in 1..=AUTHORS {
        em.create(Author::build().name(author.to_string()));
    }
    for tag in 1..=TAGS {
        em.create(Tag::build().name(tag.to_string()));
    }
    for book in books {
        let id = em.create(
            Book::build()
                .title(book.title.as_str())
                .rating(book.rating)
                .tags(
                    book.tags
                        .iter()
                        .map(|tag| Id::new(*tag))
                        .collect::<Vec<Id<Tag>>>(),
                ),
        );
        em[id].author = book.author.map(Id::new);
    }
    em.flush()
}

/// Populates both kinds of collections, in a unit of work that has others of them loaded already.
fn verify(em: &mut EntityManager, books: &[Plain], choice: &Choice) -> musher::Result<()> {
    let authors = em
        .find::<Author>()
        .populate(|author| choice.hint(author.books()))
        .strategy(choice.strategy)
        .all()?;
    for author in authors {
        let own = books
            .iter()
            .filter(|book| book.author == Some(*author.key()));
        assert_eq!(
            em[author].books.ids(),
            choice.of(own),
            "{choice:?} of {author:?}"
        );
        assert!(em[author].books.is_partial());
    }
    let tags = em
        .find::<Tag>()
        .populate(|tag| choice.hint(tag.books()).populate(|book| book.author()))
        .strategy(choice.strategy)
        .all()?;
    for tag in tags {
        let own = books.iter().filter(|book| book.tags.contains(tag.key()));
        let shown = em[tag].books.ids();
        assert_eq!(shown, choice.of(own.clone()), "{choice:?} of {tag:?}");
        for book in shown {
            assert!(
                em[book]
                    .author
                    .is_none_or(|author| em.is_initialized(author))
            );
        }
        // A query among the items finds the same, whatever is loaded.
        let mut edit = em.edit(tag);
        let mut query = edit.books().matching(|book| choice.condition.filter(&book));
        if let Some(by) = choice.by {
            query = query.order_by(|book| by.order(&book));
        }
        query = query.offset(choice.skip);
        if let Some(most) = choice.take {
            query = query.limit(most);
        }
        assert_eq!(query.all()?, choice.of(own), "{choice:?} of {tag:?}");
    }
    Ok(())
}

/// Nothing was judged removed, and everything is there when it is asked for.
fn verify_whole(em: &mut EntityManager, books: &[Plain]) -> musher::Result<()> {
    let commits = em.statistics().commits;
    em.flush()?;
    assert_eq!(em.statistics().commits, commits);
    for author in em
        .find::<Author>()
        .populate(|author| author.books())
        .all()?
    {
        let own = books
            .iter()
            .filter(|book| book.author == Some(*author.key()));
        let own: Vec<Id<Book>> = own.map(|book| Id::new(book.id)).collect();
        assert_eq!(em[author].books.ids(), own);
        assert!(!em[author].books.is_partial());
    }
    for tag in em.find::<Tag>().populate(|tag| tag.books()).all()? {
        let own = books.iter().filter(|book| book.tags.contains(tag.key()));
        let own: Vec<Id<Book>> = own.map(|book| Id::new(book.id)).collect();
        assert_eq!(em[tag].books.ids(), own);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_collection_shows_what_its_hint_makes_of_the_plain_list(
        books in books(),
        choices in vec(choices(), 1..5),
    ) {
        on_both_stores::<Library>(|orm| {
            store(orm, &books)?;
            let mut em = orm.em();
            for choice in &choices {
                verify(&mut em, &books, choice)?;
            }
            verify_whole(&mut em, &books)
        });
    }
}
