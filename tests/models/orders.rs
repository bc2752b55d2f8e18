//! Default orders: of an entity, and of a collection. A query's own comes before the relation's, and that
//! before the entity's.

use musher::prelude::*;

use crate::support::on_both_stores;

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(default)]
    rank: u32,
}

#[derive(Entity, Debug)]
#[orm(order_by(rank desc, title))]
struct Book {
    #[orm(base)]
    base: Base,
    title: String,
    #[orm(many_to_one(inversed_by = books))]
    author: Option<Id<Author>>,
    #[orm(many_to_one)]
    editor: Option<Id<Author>>,
}

#[derive(Entity, Debug)]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = author, order_by(title asc)))]
    books: Collection<Book>,
    #[orm(many_to_many)]
    reads: Collection<Book>,
    #[orm(many_to_many(order_by(title desc)))]
    owns: Collection<Book>,
    #[orm(many_to_many(fixed_order))]
    shelf: Collection<Book>,
}

type Library = (Book, Author);

/// Books in the order of their keys: b of rank 1, c of 2, a of 2, d of 0.
fn sample(orm: &Orm) -> musher::Result<(Id<Author>, Vec<Id<Book>>)> {
    let mut em = orm.em();
    let ann = em.create(Author::build().name("Ann"));
    let book = |(title, rank)| {
        let id = em.create(Book::build().title(title).author(ann));
        em[id].base.rank = rank;
        id
    };
    let books: Vec<_> = [("b", 1), ("c", 2), ("a", 2), ("d", 0)].map(book).into();
    em.edit(ann).reads().add(books.clone());
    em.edit(ann).owns().add(books.clone());
    em.edit(ann).shelf().add([books[3], books[0]]);
    em.flush()?;
    Ok((ann, books))
}

fn titles(em: &EntityManager, ids: impl IntoIterator<Item = Id<Book>>) -> String {
    ids.into_iter().map(|id| em[id].title.as_str()).collect()
}

#[test]
fn a_query_without_an_order_has_the_entitys() {
    on_both_stores::<Library>(|orm| {
        sample(orm)?;
        let mut em = orm.em();
        let all = em.find::<Book>().all()?;
        assert_eq!(titles(&em, all.clone()), "acbd");
        assert_eq!(em.find::<Book>().ids()?, all);
        assert_eq!(em.find::<Book>().first()?, Some(all[0]));
        let page = em.find::<Book>().page(3)?;
        assert_eq!(page.ids, all[..3]);
        let next = page.next.expect("there is more");
        assert_eq!(em.find::<Book>().after(&next).page(3)?.ids, all[3..]);
        assert_eq!(em.find::<Book>().limit(2).offset(1).all()?, all[1..3]);
        let own = em.find::<Book>().order_by(|b| b.title().desc()).all()?;
        assert_eq!(titles(&em, own), "dcba", "the query's own comes first");
        assert_eq!(em.find::<Book>().count()?, 4);
        assert!(em.find::<Book>().exists()?);
        Ok(())
    });
}

#[test]
fn a_collection_has_its_own_order_or_that_of_its_items() {
    on_both_stores::<Library>(|orm| {
        let (ann, _) = sample(orm)?;
        for strategy in [LoadStrategy::SelectIn, LoadStrategy::Joined] {
            let mut em = orm.em();
            em.find_one(ann)
                .strategy(strategy)
                .populate(|a| (a.books(), a.reads(), a.owns(), a.shelf()))
                .or_fail()?;
            assert_eq!(titles(&em, em[ann].books.ids()), "abcd");
            assert_eq!(titles(&em, em[ann].reads.ids()), "acbd");
            assert_eq!(titles(&em, em[ann].owns.ids()), "dcba");
            assert_eq!(
                titles(&em, em[ann].shelf.ids()),
                "db",
                "a fixed order is the program's"
            );
            assert!(!em[ann].books.is_dirty());
        }
        Ok(())
    });
}

#[test]
fn what_is_added_comes_last_until_the_collection_is_read_anew() {
    on_both_stores::<Library>(|orm| {
        let (ann, books) = sample(orm)?;
        let mut em = orm.em();
        let early = em.create(Book::build().title("A").author(ann));
        em.find_one(ann).populate(|a| a.books()).or_fail()?;
        assert_eq!(
            titles(&em, em[ann].books.ids()),
            "abcdA",
            "pending when it was read"
        );
        em.edit(ann).books().remove(books[0]);
        em.flush()?;
        assert_eq!(titles(&em, em[ann].books.ids()), "acdA");
        em.edit(ann).books().init()?;
        assert_eq!(titles(&em, em[ann].books.ids()), "Aacd");
        assert_eq!(em[early].author, Some(ann));
        Ok(())
    });
}
