//! S12 to S18: the kinds of relations, their sides, and how they are declared.

use musher::prelude::*;
use musher::{Inverse, OrmBuilder};

use crate::common::blog::{Article, Tag, User, foo_bar, on_each_store};
use crate::common::{clock, for_each_store};

#[derive(Entity, Debug)]
struct Person {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_one(mapped_by = holder))]
    passport: Inverse<Passport>,
    #[orm(one_to_many(mapped_by = author))]
    books: Collection<Book>,
    #[orm(many_to_many(mapped_by = readers))]
    read: Collection<Book>,
}

#[derive(Entity, Debug)]
struct Passport {
    #[orm(primary_key)]
    id: Pk,
    number: String,
    #[orm(one_to_one)]
    holder: Id<Person>,
}

#[derive(Entity, Debug)]
struct Book {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(many_to_one)]
    author: Id<Person>,
    /// Without another side.
    #[orm(many_to_one)]
    translator: Option<Id<Person>>,
    /// The owning side, which `Person.read` names.
    #[orm(many_to_many)]
    readers: Collection<Person>,
    /// The owning side too: nobody names it.
    #[orm(many_to_many)]
    similar: Collection<Book>,
}

fn builder() -> OrmBuilder {
    Orm::builder().entities::<(Person, Passport, Book)>()
}

#[test]
fn s11_an_optional_reference_is_an_option() {
    for_each_store(builder, |orm, _| {
        let mut em = orm.em();
        let person = em.create(Person::build().name("Ann"));
        let book = em.create(Book::build().title("One").author(person));
        em.flush()?;
        assert_eq!(em[book].translator, None);
        assert!(em.view(book).translator().is_none());
        em[book].translator = Some(person);
        em.flush()?;
        em.clear();
        em.find_one(book).populate(|b| b.translator()).or_fail()?;
        let translator = em.view(book).translator().expect("it was set");
        assert_eq!(translator.name, "Ann");
        Ok(())
    });
}

#[test]
fn s12_many_to_one_many_books_refer_to_one_person() {
    for_each_store(builder, |orm, _| {
        let mut em = orm.em();
        let person = em.create(Person::build().name("Ann"));
        let one = em.create(Book::build().title("One").author(person));
        let two = em.create(Book::build().title("Two").author(person));
        em.flush()?;
        em.clear();
        em.find_one(one).or_fail()?;
        em.find_one(two).or_fail()?;
        assert_eq!([em[one].author, em[two].author], [person, person]);
        Ok(())
    });
}

#[test]
fn s12_one_to_many_one_person_refers_to_many_books() {
    for_each_store(builder, |orm, _| {
        let mut em = orm.em();
        let person = em.create(Person::build().name("Ann"));
        let one = em.create(Book::build().title("One").author(person));
        let two = em.create(Book::build().title("Two").author(person));
        em.flush()?;
        em.clear();
        em.find_one(person).populate(|p| p.books()).or_fail()?;
        assert_eq!(em[person].books.ids(), [one, two]);
        Ok(())
    });
}

#[test]
fn s12_one_to_one_one_passport_refers_to_one_person() {
    for_each_store(builder, |orm, _| {
        let mut em = orm.em();
        let ann = em.create(Person::build().name("Ann"));
        let passport = em.create(Passport::build().number("P1").holder(ann));
        em.flush()?;
        em.clear();
        em.find_one(ann).populate(|p| p.passport()).or_fail()?;
        let found = em.view(ann).passport().expect("Ann has a passport");
        assert_eq!(found.id(), passport);
        assert_eq!(found.number, "P1");

        em.clear();
        em.create(Passport::build().number("P2").holder(ann));
        assert_eq!(
            em.flush().unwrap_err().to_string(),
            "Passport 2: `holder` must be unique, but Passport 1 already has Person 1; choose another value or change that row in the same flush"
        );
        Ok(())
    });
}

#[test]
fn s12_one_to_one_a_loaded_passport_is_released_by_the_next_and_has_to_go() {
    for_each_store(builder, |orm, _| {
        let mut em = orm.em();
        let ann = em.create(Person::build().name("Ann"));
        let first = em.create(Passport::build().number("P1").holder(ann));
        em.flush()?;
        let second = em.create(Passport::build().number("P2").holder(ann));
        assert_eq!(em.view(ann).passport().expect("the second").id(), second);
        let error = em.flush().unwrap_err().to_string();
        assert!(
            error.starts_with("validation failed: Passport 1: `holder` is required, and Person 1 has let it go from `passport`;"),
            "{error}"
        );
        em.remove(first);
        em.flush()?;
        em.clear();
        em.find_one(ann).populate(|p| p.passport()).or_fail()?;
        assert_eq!(em.view(ann).passport().expect("the second").number, "P2");
        Ok(())
    });
}

#[test]
fn s12_many_to_many_many_books_refer_to_many_persons() {
    for_each_store(builder, |orm, _| {
        let mut em = orm.em();
        let [ann, bob] = ["Ann", "Bob"].map(|name| em.create(Person::build().name(name)));
        let one = em.create(Book::build().title("One").author(ann).readers([ann, bob]));
        let two = em.create(Book::build().title("Two").author(ann).readers([bob]));
        em.flush()?;
        em.clear();
        em.find::<Book>().populate(|b| b.readers()).all()?;
        em.find::<Person>().populate(|p| p.read()).all()?;
        assert_eq!(em[one].readers.ids(), [ann, bob]);
        assert_eq!(em[two].readers.ids(), [bob]);
        assert_eq!(em[ann].read.ids(), [one]);
        assert_eq!(em[bob].read.ids(), [one, two]);
        Ok(())
    });
}

#[test]
fn s13_a_unidirectional_relation_is_declared_on_the_owning_side_alone() {
    for_each_store(builder, |orm, log| {
        let mut em = orm.em();
        let ann = em.create(Person::build().name("Ann"));
        let one = em.create(Book::build().title("One").author(ann).translator(ann));
        let two = em.create(Book::build().title("Two").author(ann).similar([one]));
        em.flush()?;
        assert_eq!(
            log.take(),
            [
                "[query] begin",
                r#"[query] insert person #1 (name: "Ann")"#,
                r#"[query] insert book #1 (title: "One", author: 1, translator: 1)"#,
                r#"[query] insert book #2 (title: "Two", author: 1, translator: None)"#,
                "[query] link book #2.similar book #1",
                "[query] commit",
            ]
        );
        em.clear();
        em.find_one(two)
            .populate(|b| b.similar().translator())
            .or_fail()?;
        assert_eq!(em[two].similar.ids(), [one]);
        assert_eq!(em.view(one).translator().expect("it was set").name, "Ann");
        em.populate(one, |b| b.similar())?;
        assert_eq!(em[one].similar.ids(), [], "the link has one direction");
        Ok(())
    });
}

#[test]
fn s14_the_owning_side_holds_the_reference() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        let jane = em.persist(User::new("Jane", "jane@bar.com", "secret"));
        em.flush()?;
        em.find_one(article).or_fail()?;
        log.take();
        clock::advance();
        // Changed from the inverse side, written on the owning one.
        em.edit(jane).articles().add(article);
        assert_eq!(em[article].author, jane);
        em.flush()?;
        assert_eq!(
            log.take(),
            [
                "[query] begin",
                "[query] update article #1 (updated_at: 2022-09-11T15:06:45.371Z, author: 2)",
                "[query] commit",
            ]
        );
        Ok(())
    });
}

#[test]
fn s15_mapped_by_alone_wires_both_sides() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        let jane = em.persist(User::new("Jane", "jane@bar.com", "secret"));
        em.flush()?;
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        em.edit(article).set_author(jane);
        assert_eq!(em[user].articles.ids(), []);
        assert_eq!(em[jane].articles.ids(), [article]);
        em.flush()?;
        em.clear();
        em.find::<User>().populate(|u| u.articles()).all()?;
        assert_eq!(em[user].articles.ids(), []);
        assert_eq!(em[jane].articles.ids(), [article]);
        Ok(())
    });
}

#[test]
fn s16_a_many_to_many_without_attributes_is_the_owning_side() {
    for_each_store(builder, |orm, log| {
        let mut em = orm.em();
        let ann = em.create(Person::build().name("Ann"));
        let book = em.create(Book::build().title("One").author(ann));
        em.flush()?;
        log.take();
        em.edit(ann).read().add(book);
        em.flush()?;
        assert_eq!(
            log.take(),
            [
                "[query] begin",
                "[query] link book #1.readers person #1",
                "[query] commit",
            ]
        );
        Ok(())
    });
}

#[test]
fn s17_a_many_to_many_is_changed_from_either_side() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        let [from_owner, from_inverse] =
            ["owner", "inverse"].map(|name| em.create(Tag::build().name(name)));
        em.edit(article).tags().add(from_owner);
        em.edit(from_inverse).articles().add(article);
        log.take();
        em.flush()?;
        let links: Vec<_> = log
            .take()
            .into_iter()
            .filter(|line| line.starts_with("[query] link"))
            .collect();
        assert_eq!(
            links,
            [
                "[query] link article #1.tags tag #1",
                "[query] link article #1.tags tag #2",
            ]
        );
        em.clear();
        em.find_one(article).populate(|a| a.tags()).or_fail()?;
        assert_eq!(em[article].tags.ids(), [from_owner, from_inverse]);
        Ok(())
    });
}

#[derive(Entity, Debug)]
struct Post {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_many(inversed_by = posts))]
    labels: Collection<Label>,
}

#[derive(Entity, Debug)]
struct Label {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_many)]
    posts: Collection<Post>,
}

/// The chapter would let the owner's `inversed_by` do. Two owning sides that name one another by
/// halves are too easily two relations, so here the inverse side has to say `mapped_by`.
#[test]
fn s17_two_owning_sides_are_refused_with_what_to_write() {
    let error = Orm::builder()
        .entities::<(Post, Label)>()
        .in_memory()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the schema is not valid: Post.labels is inversed by Label.posts, which is not mapped by it; write `mapped_by = labels` on Label.posts"
    );
}

#[test]
fn s18_the_inverse_of_many_to_one_is_a_collection() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        let articles: &Collection<Article> = &em[user].articles;
        assert_eq!(articles.ids(), [article]);
        Ok(())
    });
}
