//! Bugs that were found, each as the shortest program that showed it. Every test's first lines tell
//! what was wrong; most were found by the model test.

use musher::prelude::*;

#[derive(Entity, Debug, Clone)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    secret: Lazy<String>,
    #[orm(one_to_many(mapped_by = author))]
    articles: Collection<Article>,
}

#[derive(Entity, Debug, Clone)]
#[orm(before_update = Article::approve)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one(inversed_by = articles))]
    author: Id<User>,
    #[orm(many_to_one)]
    editor: Option<Id<User>>,
    #[orm(one_to_one(inversed_by = article))]
    cover: Option<Id<Cover>>,
    #[orm(many_to_many(inversed_by = articles))]
    tags: Collection<Tag>,
}

impl Article {
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "hooks have this shape"
    )]
    fn approve(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
        Ok(())
    }
}

#[derive(Entity, Debug, Clone)]
struct Tag {
    #[orm(primary_key)]
    name: String,
    #[orm(many_to_many(mapped_by = tags))]
    articles: Collection<Article>,
}

#[derive(Entity, Debug, Clone)]
struct Cover {
    #[orm(primary_key)]
    id: Pk,
    #[orm(one_to_one(mapped_by = cover))]
    article: Inverse<Article>,
}

type Everything = (User, Article, Tag, Cover);

fn em() -> EntityManager {
    let orm = Orm::builder().entities::<Everything>().in_memory();
    orm.expect("the memory store opens").em()
}

fn user(em: &mut EntityManager, name: &str) -> Id<User> {
    em.create(User::build().name(name).secret("secret"))
}

/// Two users, an article of the first one, and nothing in memory.
fn stored(em: &mut EntityManager) -> (Id<User>, Id<User>, Id<Article>) {
    let (first, second) = (user(em, "first"), user(em, "second"));
    let article = em.create(Article::build().author(first));
    em.flush().unwrap();
    em.clear();
    (first, second, article)
}

// Taking an article out of its author's collection, and setting the same author again, left it an
// orphan: the reference had not changed, so nothing followed, and the flush failed for ever.
#[test]
fn an_orphan_finds_its_owner_again() {
    let mut em = em();
    let (author, _, article) = stored(&mut em);
    em.find_one(author)
        .populate(|u| u.articles())
        .or_fail()
        .unwrap();
    em.edit(author).articles().remove(article);
    assert!(em.flush().is_err());
    em.edit(article).set_author(author);
    assert_eq!(em[author].articles.ids(), [article]);
    em.flush().unwrap();
    assert_eq!(em.statistics().commits, 1);
}

// An orphan by one relation was forgiven when any other reference of it changed, and the flush kept
// an author who had let the article go. So did a second flush: the first one's failure took back
// what hooks had done by setting all references anew.
#[test]
fn an_orphan_is_not_saved_by_another_relation() {
    let mut em = em();
    let (author, second, article) = stored(&mut em);
    em.find_one(author)
        .populate(|u| u.articles())
        .or_fail()
        .unwrap();
    em.edit(author).articles().remove(article);
    em.edit(article).set_editor(Some(second));
    assert!(matches!(em.flush(), Err(Error::Validation(_))));
    assert!(matches!(em.flush(), Err(Error::Validation(_))));
}

// An orphan by one relation vanished from the collections of all its other relations as soon as
// these were read.
#[test]
fn an_orphan_stays_in_the_collections_of_its_other_relations() {
    let mut em = em();
    let (author, _, article) = stored(&mut em);
    let cover = em.create(Cover::build());
    em.find_one(author)
        .populate(|u| u.articles())
        .or_fail()
        .unwrap();
    em.edit(article).set_cover(Some(cover));
    em.edit(author).articles().remove(article);
    em.populate(article, |a| a.cover().article()).unwrap();
    assert_eq!(em[cover].article.get(), Some(article));
}

// Assigning a collection, or setting one that was not loaded, cleared the links and left the article
// in the loaded collections at the other end.
#[test]
fn clearing_links_unseen_shows_at_the_other_end() {
    let mut em = em();
    let (_, _, article) = stored(&mut em);
    let tag = em.create(Tag::build().name("tag").articles([article]));
    em.flush().unwrap();
    em.find_one(article).or_fail().unwrap();
    assert!(!em[article].tags.is_initialized());
    em.edit(article).tags().remove_all().unwrap();
    assert_eq!(em[tag.clone()].articles.ids(), []);
    em.flush().unwrap();
    em.clear();
    em.find_one(&tag)
        .populate(|t| t.articles())
        .or_fail()
        .unwrap();
    assert!(em[tag].articles.is_empty());
}

// Assigning the links that were stored already wrote them again: a commit though nothing changed.
#[test]
fn assigning_the_stored_links_writes_nothing() {
    let mut em = em();
    let (_, _, article) = stored(&mut em);
    let tag = em.create(Tag::build().name("tag").articles([article]));
    em.flush().unwrap();
    em.find_one(article).or_fail().unwrap();
    let before = em.statistics();
    em[article].tags = [tag].into_iter().collect();
    em.flush().unwrap();
    assert_eq!(em.statistics().commits, before.commits);
    assert_eq!(em.statistics().links_written, before.links_written);
}

// A row that was removed without being loaded, and was then taken out of a collection, made the
// flush fail: it could not be loaded, as if it were not there.
#[test]
fn what_is_removed_unseen_can_be_released_too() {
    let mut em = em();
    let (author, _, article) = stored(&mut em);
    em.find_one(author)
        .populate(|u| u.articles())
        .or_fail()
        .unwrap();
    em.detach(article);
    em.remove(article);
    em.edit(author).articles().remove(article);
    em.flush().unwrap();
    assert!(em.find_one(article).one().unwrap().is_none());
}

// An article that was added to a collection unseen kept its stored author when it was loaded
// afterwards, and an author that was set then was overwritten by the flush.
#[test]
fn what_is_pending_for_a_row_applies_when_it_is_loaded() {
    let mut em = em();
    let (author, second, article) = stored(&mut em);
    em.find_one(second).or_fail().unwrap();
    em.edit(second).articles().add(article);
    em.find_one(article).or_fail().unwrap();
    assert_eq!(em[article].author, second);
    em.edit(article).set_author(author);
    em.flush().unwrap();
    em.clear();
    em.find_one(article).or_fail().unwrap();
    assert_eq!(em[article].author, author);
}

// A row added to a collection unseen stayed in the loaded collection of the one who had it.
#[test]
fn a_row_added_unseen_leaves_its_owner() {
    let mut em = em();
    let (author, second, article) = stored(&mut em);
    em.find_one(author)
        .populate(|u| u.articles())
        .or_fail()
        .unwrap();
    em.find_one(second).or_fail().unwrap();
    em.detach(article);
    em.edit(second).articles().add(article);
    assert_eq!(em[author].articles.ids(), []);
}

// Added to one collection unseen, and then taken out of another, a row stayed where it was: of two
// pending changes only the last was kept.
#[test]
fn pending_changes_of_a_row_add_up() {
    let mut em = em();
    let (author, second, article) = stored(&mut em);
    em.find_one(author).or_fail().unwrap();
    em.find_one(second).or_fail().unwrap();
    em.edit(second).articles().add(article);
    em.edit(author).articles().remove(article);
    em.flush().unwrap();
    assert_eq!(em[article].author, second);
}

// A one-to-one target given to one row unseen, and then to another, released what the first one had
// in the store, or nothing, as the order of loading would have it.
#[test]
fn a_one_to_one_target_goes_to_the_last_who_got_it() {
    let mut em = em();
    let (author, _, first) = stored(&mut em);
    let second = em.create(Article::build().author(author));
    let (old, cover) = (em.create(Cover::build()), em.create(Cover::build()));
    em.find_one(first).or_fail().unwrap();
    em.edit(first).set_cover(Some(old));
    em.flush().unwrap();
    em.clear();
    em.find_one(cover)
        .populate(|c| c.article())
        .or_fail()
        .unwrap();
    em.edit(cover).set_article(Some(first));
    em.edit(cover).set_article(Some(second));
    em.flush().unwrap();
    assert_eq!(em[first].cover, None);
    assert_eq!(em[second].cover, Some(cover));
    assert_eq!(em[cover].article.get(), Some(second));
}

// The row that took the place of a removed one was shown where the removed one had been.
#[test]
fn a_replaced_row_is_out_of_the_collections() {
    let mut em = em();
    let (author, second, article) = stored(&mut em);
    let tag = em.create(Tag::build().name("tag").articles([article]));
    em.flush().unwrap();
    em.populate(tag.clone(), |t| t.articles().author().articles())
        .unwrap();
    em.remove(article);
    em.create(Article::build().id(*article.key()).author(second));
    assert_eq!(em[author].articles.ids(), []);
    assert_eq!(em[tag.clone()].articles.ids(), []);
    em.edit(tag.clone()).articles().init().unwrap();
    assert_eq!(em[tag].articles.ids(), []);
    em.flush().unwrap();
}

// A new row that had lost the race for its key took the stored row's links with it when it was given
// up, in the loaded collections.
#[test]
fn a_new_row_that_is_given_up_takes_no_stored_links_along() {
    let mut em = em();
    let (_, _, article) = stored(&mut em);
    let tag = em.create(Tag::build().name("tag").articles([article]));
    em.flush().unwrap();
    em.find_one(article)
        .populate(|a| a.tags())
        .or_fail()
        .unwrap();
    em.detach(tag.clone());
    em.create(Tag::build().name("tag"));
    assert!(matches!(em.flush(), Err(Error::UniqueViolation { .. })));
    em.remove(tag.clone());
    assert_eq!(em[article].tags.ids(), [tag]);
}

// A new row whose author was assigned, and that was given up before any query, stayed in the
// collection of the author that it had been created with.
#[test]
fn a_new_row_that_is_given_up_leaves_the_author_it_had() {
    let mut em = em();
    let (author, second) = (user(&mut em, "first"), user(&mut em, "second"));
    let article = em.create(Article::build().author(author));
    em[article].author = second;
    em.remove(article);
    assert_eq!(em[author].articles.ids(), []);
    assert_eq!(em[second].articles.ids(), []);
}

// `refresh` kept a lazy property as it was: a change that was not flushed, and a value that another
// unit of work had replaced.
#[test]
fn refresh_reads_lazy_properties_anew() {
    let mut em = em();
    let (author, ..) = stored(&mut em);
    em.find_one(author)
        .populate(|u| u.secret())
        .or_fail()
        .unwrap();
    em[author].secret = "changed".into();
    em.refresh(author).unwrap();
    assert_eq!(em[author].secret.get().unwrap(), "secret");

    let mut other = em.fork();
    other.find_one(author).or_fail().unwrap();
    other[author].secret = "replaced".into();
    other.flush().unwrap();
    em.refresh(author).unwrap();
    assert_eq!(em[author].secret.get().unwrap(), "replaced");
    em.flush().unwrap();
    assert_eq!(em.statistics().commits, 1);
}

// A collection that was in memory already, made by `add` or by a builder, was taken for populated
// though its items were not loaded; neither they nor what was to be populated behind them was read.
#[test]
fn populate_loads_the_items_of_a_collection_that_is_there() {
    let mut em = em();
    let (author, _, article) = stored(&mut em);
    let tag = em.create(Tag::build().name("tag").articles([article]));
    em.populate(tag, |t| t.articles().author()).unwrap();
    assert!(em.is_initialized(article));
    assert!(em.is_initialized(author));
}

// Setting a collection unseen notes that all links go, and the wanted ones come. Detaching an item
// forgot the second half only, and the flush removed a link that should have stayed as it was.
#[test]
fn detaching_an_item_of_a_collection_that_was_set_keeps_the_link() {
    let mut em = em();
    let (_, _, article) = stored(&mut em);
    let tag = em.create(Tag::build().name("tag").articles([article]));
    em.flush().unwrap();
    em.clear();
    em.find_one(&tag).or_fail().unwrap();
    em.find_one(article).or_fail().unwrap();
    em.edit(article).tags().set([tag.clone()]).unwrap();
    em.detach(tag.clone());
    em.flush().unwrap();
    em.clear();
    em.find_one(article)
        .populate(|a| a.tags())
        .or_fail()
        .unwrap();
    assert_eq!(em[article].tags.ids(), [tag]);
}

// A row that was given up, removed and created anew was still shown by the collection of whom the old
// row referred to: nobody knew that reference any more, so everybody has to be asked.
#[test]
fn a_row_that_is_removed_unseen_and_created_anew_leaves_the_old_collection() {
    let mut em = em();
    let (author, _, article) = stored(&mut em);
    em.find_one(author)
        .populate(|u| u.articles())
        .or_fail()
        .unwrap();
    assert_eq!(em[author].articles.ids(), [article]);
    let other = em.create(User::build().name("other").secret("x"));
    em.flush().unwrap();
    em.detach(article);
    em.remove(article);
    em.create(Article::build().id(Pk::from(*article.key())).author(other));
    assert_eq!(em[author].articles.ids(), []);
    em.flush().unwrap();
    assert_eq!(em[author].articles.ids(), []);
    assert_eq!(em[other].articles.ids(), [article]);
}

// A row that its author has let go was left out of all collections that were filled later, also of
// those of its other relations.
#[test]
fn an_orphan_of_one_relation_is_shown_by_the_others() {
    let mut em = em();
    let (author, _, article) = stored(&mut em);
    em.find_one(author)
        .populate(|u| u.articles())
        .or_fail()
        .unwrap();
    em[article].cover = Some(Id::new(7));
    em.edit(author).articles().remove(article);
    let cover = em.persist(Cover {
        id: Pk::from(7),
        article: Inverse::new(),
    });
    assert_eq!(em[cover].article.get(), Some(article));
}

// Whoever was given a one-to-one target that is not loaded was looked for among all instances, so that
// creating many rows took time with the square of their number. Now they are noted as they come.
#[test]
fn who_has_a_one_to_one_target_is_found_however_it_came_to_have_it() {
    let mut em = em();
    let (author, ..) = stored(&mut em);
    let [one, two] = [(); 2].map(|()| em.create(Cover::build()));
    em.flush().unwrap();
    em.clear();
    let with =
        |em: &mut EntityManager, cover| em.create(Article::build().author(author).cover(cover));
    let first = with(&mut em, one);
    let second = with(&mut em, one);
    assert_eq!((em[first].cover, em[second].cover), (None, Some(one)));

    em.begin();
    em.edit(second).set_cover(Some(two));
    em.rollback(); // it has the first one again
    let third = with(&mut em, one);
    assert_eq!((em[second].cover, em[third].cover), (None, Some(one)));
    em.flush().unwrap();
    em.clear();

    let fourth = with(&mut em, two);
    em.find_one(third).or_fail().unwrap();
    let fifth = with(&mut em, one);
    assert_eq!((em[third].cover, em[fifth].cover), (None, Some(one)));
    assert_eq!(em[fourth].cover, Some(two));
    em.flush().unwrap();
}

// Adding rows that are not loaded asked all owners in memory for each of them.
#[test]
fn rows_that_are_added_unseen_leave_all_who_showed_them() {
    let mut em = em();
    let (first, second, article) = stored(&mut em);
    let other = em.create(Article::build().author(second));
    em.flush().unwrap();
    em.clear();
    em.find::<User>()
        .populate(|u| u.articles().references())
        .all()
        .unwrap();
    let third = user(&mut em, "third");
    em.edit(third).articles().add([article, other]);
    assert_eq!(em[third].articles.ids(), [article, other]);
    assert!(em[first].articles.is_empty() && em[second].articles.is_empty());
    em.flush().unwrap();
    em.clear();
    em.find_one(third)
        .populate(|u| u.articles())
        .or_fail()
        .unwrap();
    assert_eq!(em[third].articles.ids(), [article, other]);
}
