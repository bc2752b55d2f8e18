//! Filters that lead through relations.

mod support;

use musher::prelude::*;
use musher::{Filter, Orm, Result};
use support::on_both_stores;

#[derive(Entity, Debug)]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = author))]
    books: Collection<Book>,
}

#[derive(Entity, Debug)]
struct Book {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(many_to_one)]
    author: Id<Author>,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

/// Two authors; the first has two books, one of them with two tags.
fn shelf(orm: &Orm) -> Result<[Id<Author>; 2]> {
    let mut em = orm.em();
    let first = em.create(Author::build().name("Anna"));
    let second = em.create(Author::build().name("Bert"));
    let tags = [Tag::build().name("red"), Tag::build().name("old")];
    em.create(Book::build().title("One").author(first).tags(tags));
    em.create(Book::build().title("Two").author(first));
    em.create(Book::build().title("Three").author(second));
    em.flush()?;
    Ok([first, second])
}

/// The names of the authors that meet the condition.
fn authors(
    em: &mut EntityManager,
    condition: impl FnOnce(AuthorPath<Author>) -> Filter<Author>,
) -> Result<Vec<String>> {
    let ids = em.find::<Author>().filter(condition).all()?;
    Ok(ids.iter().map(|id| em[*id].name.clone()).collect())
}

#[test]
fn items_are_asked_whether_any_all_or_none_meet_a_condition_of_their_own() {
    on_both_stores::<(Author, Book, Tag)>(|orm| {
        shelf(orm)?;
        let mut em = orm.em();
        em.create(Author::build().name("Cora"));
        let with_t = |b: BookPath<Book>| b.title().starts_with("T");
        assert_eq!(
            authors(&mut em, |a| a.books().any(with_t))?,
            ["Anna", "Bert"]
        );
        assert_eq!(
            authors(&mut em, |a| a.books().all(with_t))?,
            ["Bert", "Cora"]
        );
        assert_eq!(authors(&mut em, |a| a.books().none(with_t))?, ["Cora"]);
        assert_eq!(authors(&mut em, |a| a.books().any(with_t).not())?, ["Cora"]);
        assert_eq!(authors(&mut em, |a| a.books().is_empty())?, ["Cora"]);
        // One and the same item, unlike two conditions beside each other.
        let both = |a: AuthorPath<Author>| {
            a.books()
                .any(|b| b.title().eq("One").and(b.title().eq("Two")))
        };
        assert!(authors(&mut em, both)?.is_empty());
        Ok(())
    });
}

#[test]
fn the_number_of_items_compares_like_a_property() {
    on_both_stores::<(Author, Book, Tag)>(|orm| {
        shelf(orm)?;
        let mut em = orm.em();
        em.create(Author::build().name("Cora"));
        assert_eq!(
            authors(&mut em, |a| a.books().count().ge(1))?,
            ["Anna", "Bert"]
        );
        assert_eq!(authors(&mut em, |a| a.books().count().gt(1))?, ["Anna"]);
        assert_eq!(
            authors(&mut em, |a| a.books().count().lt(2))?,
            ["Bert", "Cora"]
        );
        assert_eq!(
            authors(&mut em, |a| a.books().count().ne(1))?,
            ["Anna", "Cora"]
        );
        assert_eq!(
            authors(&mut em, |a| a.books().count().between(1, 1))?,
            ["Bert"]
        );
        assert_eq!(
            authors(&mut em, |a| a.books().count().is_in([0, 2]))?,
            ["Anna", "Cora"]
        );
        assert!(authors(&mut em, |a| a.books().count().lt(0))?.is_empty());
        assert!(authors(&mut em, |a| a.books().count().between(2, 1))?.is_empty());
        let old = |b: BookPath<Book>| b.tags().any(|t| t.name().eq("old"));
        assert_eq!(
            authors(&mut em, |a| a.books().count_of(old).eq(1))?,
            ["Anna"]
        );
        Ok(())
    });
}

#[test]
fn a_collection_behind_a_relation_and_items_of_items_are_asked() {
    on_both_stores::<(Author, Book, Tag)>(|orm| {
        shelf(orm)?;
        let mut em = orm.em();
        let with_red_sibling = em.find::<Book>().filter(|b| {
            b.author()
                .books()
                .any(|other| other.tags().any(|t| t.name().eq("red")))
        });
        let titles: Vec<_> = with_red_sibling.all()?;
        let titles: Vec<_> = titles.iter().map(|id| em[*id].title.as_str()).collect();
        assert_eq!(titles, ["One", "Two"]);
        Ok(())
    });
}

#[test]
fn pending_work_on_the_items_that_are_asked_is_flushed_first() {
    on_both_stores::<(Author, Book, Tag)>(|orm| {
        shelf(orm)?;
        let mut em = orm.em();
        let red = em.find::<Tag>().filter(|t| t.name().eq("red")).or_fail()?;
        em[red].name = "pink".into();
        let pink = |a: AuthorPath<Author>| a.books().any(|b| b.tags().any(|t| t.name().eq("pink")));
        assert_eq!(authors(&mut em, pink)?, ["Anna"]);
        Ok(())
    });
}

#[test]
fn behind_a_partner_that_is_not_there_every_property_is_none() {
    #[derive(Entity, Debug)]
    struct User {
        #[orm(primary_key)]
        id: Pk,
        #[orm(one_to_one(mapped_by = user))]
        profile: Inverse<Profile>,
    }
    #[derive(Entity, Debug)]
    struct Profile {
        #[orm(primary_key)]
        id: Pk,
        motto: Option<String>,
        #[orm(one_to_one(inversed_by = profile))]
        user: Id<User>,
    }
    on_both_stores::<(User, Profile)>(|orm| {
        let mut em = orm.em();
        let [without, silent, loud] = [(); 3].map(|()| em.create(User::build()));
        em.create(Profile::build().user(silent));
        em.create(Profile::build().user(loud).motto(Some("Yes!".to_owned())));
        let mottos = em.find::<User>().filter(|u| u.profile().motto().is_none());
        assert_eq!(mottos.all()?, [without, silent]);
        let others = em.find::<User>().filter(|u| u.profile().motto().ne("Yes!"));
        assert_eq!(others.all()?, [without, silent]);
        Ok(())
    });
}

#[test]
fn the_key_of_a_reference_is_found_by_its_index_and_reads_no_target() {
    on_both_stores::<(Author, Book, Tag)>(|orm| {
        let [first, second] = shelf(orm)?;
        let mut em = orm.em();
        let books = em
            .find::<Book>()
            .filter(|b| b.author().id().eq(*first.key()))
            .all()?;
        assert_eq!(books.len(), 2);
        let statistics = em.statistics();
        assert_eq!((statistics.lookups, statistics.rows_read), (1, 2));
        let neither = em.find::<Book>().filter(|b| {
            b.author()
                .id()
                .ne(*first.key())
                .and(b.author().id().lt(*second.key()))
        });
        assert_eq!(neither.count()?, 0);
        Ok(())
    });
}

#[test]
fn a_relation_is_asked_whether_it_refers_to_something() {
    #[derive(Entity, Debug)]
    struct Employee {
        #[orm(primary_key)]
        id: u8,
        #[orm(many_to_one)]
        boss: Option<Id<Employee>>,
        #[orm(one_to_one)]
        desk: Option<Id<Desk>>,
    }
    #[derive(Entity, Debug)]
    struct Desk {
        #[orm(primary_key)]
        id: u8,
        #[orm(one_to_one(mapped_by = desk))]
        user: Inverse<Employee>,
    }
    on_both_stores::<(Employee, Desk)>(|orm| {
        let mut em = orm.em();
        let desk = em.create(Desk::build().id(0));
        let empty = em.create(Desk::build().id(1));
        // Keys of zero are keys.
        let top = em.create(Employee::build().id(0));
        let middle = em.create(Employee::build().id(1).boss(top).desk(desk));
        let low = em.create(Employee::build().id(2).boss(middle));
        em.flush()?;
        let mut em = orm.em();
        let mut of = |condition: fn(EmployeePath<Employee>) -> Filter<Employee>| {
            em.find::<Employee>().filter(condition).all()
        };
        assert_eq!(of(|e| e.boss().is_none())?, [top]);
        assert_eq!(of(|e| e.boss().is_some())?, [middle, low]);
        assert_eq!(of(|e| e.boss().is_none().not())?, [middle, low]);
        assert_eq!(of(|e| e.boss().boss().is_none())?, [top, middle]);
        assert_eq!(of(|e| e.boss().desk().is_some())?, [low]);
        assert_eq!(of(|e| e.boss().desk().user().is_some())?, [low]);
        assert_eq!(of(|e| e.is_none())?, []);
        assert_eq!(of(|e| e.is_some())?, [top, middle, low]);
        let free = em.find::<Desk>().filter(|d| d.user().is_none());
        assert_eq!(free.all()?, [empty]);
        // Pending work on the other side counts.
        em.edit(low).set_desk(empty);
        assert_eq!(em.find::<Desk>().filter(|d| d.user().is_none()).count()?, 0);
        let told = em.find::<Employee>().filter(|e| e.boss().is_none());
        assert!(told.explain()?.to_string().contains("boss is none"));
        Ok(())
    });
}
