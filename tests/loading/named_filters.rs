//! Named filters: on by default, with parameters, by call; for whatever is found, counted and populated.

use musher::prelude::*;
use musher::{EntityFilter, Filter};

use crate::support::{on_both_stores, refused};

#[derive(Entity, Debug)]
struct Forum {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = forum))]
    posts: Collection<Post>,
}

#[derive(Entity, Debug)]
struct Post {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    title: String,
    tenant: u32,
    #[orm(default)]
    deleted: bool,
    #[orm(many_to_one)]
    forum: Id<Forum>,
    #[orm(many_to_one)]
    answers: Option<Id<Post>>,
    #[orm(many_to_many)]
    labels: Collection<Label>,
    #[orm(one_to_one(mapped_by = post))]
    poll: Inverse<Poll>,
}

#[derive(Entity, Debug)]
struct Label {
    #[orm(primary_key)]
    name: String,
    #[orm(default)]
    deleted: bool,
    #[orm(many_to_many(mapped_by = labels))]
    posts: Collection<Post>,
}

#[derive(Entity, Debug)]
struct Poll {
    #[orm(primary_key)]
    id: Pk,
    #[orm(default)]
    deleted: bool,
    #[orm(one_to_one)]
    post: Id<Post>,
}

type Board = (Forum, Post, Label, Poll);

struct NotDeleted;

impl EntityFilter<Post> for NotDeleted {
    fn condition(&self, post: PostPath<Post>) -> Filter<Post> {
        post.deleted().eq(false)
    }
}

impl EntityFilter<Label> for NotDeleted {
    fn condition(&self, label: LabelPath<Label>) -> Filter<Label> {
        label.deleted().eq(false)
    }
}

impl EntityFilter<Poll> for NotDeleted {
    fn condition(&self, poll: PollPath<Poll>) -> Filter<Poll> {
        poll.deleted().eq(false)
    }
}

struct Tenant(u32);

impl EntityFilter<Post> for Tenant {
    fn condition(&self, post: PostPath<Post>) -> Filter<Post> {
        post.tenant().eq(self.0)
    }
}

struct Titled(&'static str);

impl EntityFilter<Post> for Titled {
    fn condition(&self, post: PostPath<Post>) -> Filter<Post> {
        post.title().starts_with(self.0)
    }
}

/// The same store under other filters.
fn on_filtered_stores(test: impl Fn(&Orm) -> musher::Result<()>) {
    let builder = || {
        Orm::builder()
            .entities::<Board>()
            .filter::<(Post, Label, Poll), _>(NotDeleted)
            .durability(musher::Durability::Os)
    };
    let directory = tempfile::tempdir().expect("there is room for a directory");
    for orm in [builder().in_memory(), builder().open(directory.path())] {
        let orm = orm.expect("the schema is valid");
        test(&orm).unwrap_or_else(|error| panic!("{error}"));
        assert!(orm.verify().expect("it can be read").is_clean());
    }
}

type Filled = (Id<Forum>, [Id<Post>; 3], [Id<Label>; 3]);

/// A forum with three posts, b of which is deleted, and the labels x, y and z at a, y of which is deleted.
fn fill(orm: &Orm) -> musher::Result<Filled> {
    let mut em = orm.em();
    let forum = em.create(Forum::build().name("Rust"));
    let posts = [("a", false), ("b", true), ("c", false)].map(|(title, deleted)| {
        let post = Post::build().title(title).tenant(1).forum(forum);
        em.create(post.deleted(deleted))
    });
    let labels = ["x", "y", "z"].map(|name| em.create(Label::build().name(name)));
    let [x, y, z] = labels.clone();
    em[&y].deleted = true;
    em.edit(posts[0]).labels().add([x, y, z]);
    em.edit(posts[1]).labels().add(labels[0].clone());
    em[posts[2]].answers = Some(posts[1]);
    em.flush()?;
    Ok((forum, posts, labels))
}

#[test]
fn a_filtered_row_is_not_found_nor_counted() {
    on_filtered_stores(|orm| {
        let (_, posts, _) = fill(orm)?;
        let mut em = orm.em();
        let [a, b, c] = posts;
        assert_eq!(em.find::<Post>().all()?, [a, c]);
        assert_eq!(em.find::<Post>().ids()?, [a, c]);
        assert_eq!(em.find::<Post>().count()?, 2);
        assert_eq!(em.find::<Post>().all_and_count()?, (vec![a, c], 2));
        assert!(!em.find::<Post>().filter(|p| p.title().eq("b")).exists()?);
        assert_eq!(em.find::<Post>().filter(|p| p.title().eq("b")).one()?, None);
        assert_eq!(
            em.find::<Post>().order_by(|p| p.title().asc()).page(1)?.ids,
            [a]
        );
        let page = em.find::<Post>().order_by(|p| p.title().asc()).page(1)?;
        let next = page.next.expect("there is another post");
        let page = em
            .find::<Post>()
            .order_by(|p| p.title().asc())
            .after(&next)
            .page(1)?;
        assert_eq!((page.ids, page.next), (vec![c], None));
        assert_eq!(em.find_one(b).one()?, None);
        assert!(matches!(
            refused(em.find_one(b).or_fail()),
            Error::NotFound { .. }
        ));
        assert_eq!(
            em.find_one(b).without_filter::<NotDeleted>().one()?,
            Some(b)
        );
        // Though it is in memory now.
        assert_eq!(em.find_one(b).one()?, None);
        assert_eq!(em[b].title, "b");
        let titles = em.find::<Post>().fields(|p| p.title()).all()?;
        assert_eq!(titles, ["a", "c"]);
        let explained = em.find::<Post>().explain()?;
        assert_eq!(explained.rows_found, 2);
        Ok(())
    });
}

#[test]
fn a_filter_sees_what_is_pending() {
    on_filtered_stores(|orm| {
        let (_, [a, b, _], _) = fill(orm)?;
        let mut em = orm.em();
        em.find_one(a).or_fail()?;
        em[a].deleted = true;
        assert_eq!(em.find_one(a).one()?, None);
        em.find_one(b).without_filter::<NotDeleted>().or_fail()?;
        em[b].deleted = false;
        assert_eq!(em.find_one(b).one()?, Some(b));
        Ok(())
    });
}

#[test]
fn filtered_items_are_left_out_and_stay_linked() {
    on_filtered_stores(|orm| {
        let (forum, posts, labels) = fill(orm)?;
        let [a, _, c] = posts;
        let seen = [labels[0].clone(), labels[2].clone()];
        for strategy in [LoadStrategy::SelectIn, LoadStrategy::Joined] {
            let mut em = orm.em();
            em.find_one(forum)
                .populate(|f| f.posts().labels())
                .strategy(strategy)
                .or_fail()?;
            assert_eq!(em[forum].posts.ids(), [a, c]);
            assert_eq!(em[a].labels.ids(), seen);
            assert!(!em[forum].posts.is_partial());
            em[forum].name.push('!');
            em.flush()?;
            assert_eq!(em.statistics().links_written, 0);
        }
        let mut em = orm.em();
        em.find_one(forum)
            .populate(|f| f.posts().labels())
            .without_filter::<NotDeleted>()
            .or_fail()?;
        assert_eq!(em[forum].posts.ids(), posts);
        assert_eq!(em[a].labels.ids(), labels);
        Ok(())
    });
}

#[test]
fn replacing_what_the_filter_shows_leaves_the_rest() {
    on_filtered_stores(|orm| {
        let (_, [a, ..], [x, y, z]) = fill(orm)?;
        let links = |orm: &Orm| {
            let mut em = orm.em();
            let found = em.find_one(a).populate(|p| p.labels());
            found.without_filter::<NotDeleted>().or_fail()?;
            Ok::<_, Error>(em[a].labels.ids())
        };
        // Of a collection that is loaded,
        let mut em = orm.em();
        em.find_one(a).populate(|p| p.labels()).or_fail()?;
        em.edit(a).labels().set(z.clone())?;
        em.flush()?;
        assert_eq!(links(orm)?, [y.clone(), z.clone()]);
        // of one that is not,
        let mut em = orm.em();
        em.find_one(a).or_fail()?;
        em.edit(a).labels().set(x.clone())?;
        em.flush()?;
        assert_eq!(links(orm)?, [x.clone(), y.clone()]);
        // and when it is emptied. What is removed by its id goes, seen or not.
        let mut em = orm.em();
        em.find_one(a).populate(|p| p.labels()).or_fail()?;
        em.edit(a).labels().remove_all()?;
        em.flush()?;
        assert_eq!(links(orm)?, std::slice::from_ref(&y));
        em.edit(a).labels().remove(y);
        em.flush()?;
        assert!(links(orm)?.is_empty());
        Ok(())
    });
}

#[test]
fn a_reference_to_a_filtered_row_stays_one() {
    on_filtered_stores(|orm| {
        let (_, [_, b, c], _) = fill(orm)?;
        let mut em = orm.em();
        em.find_one(c)
            .populate(|p| (p.answers().labels(), p.forum()))
            .or_fail()?;
        assert_eq!(em[c].answers, Some(b));
        assert!(!em.is_initialized(b));
        assert!(em.view(c).forum().is_initialized());
        assert!(em.try_view(b).is_err());
        em[c].title.push('!');
        em.flush()?;
        assert_eq!(em[c].answers, Some(b));

        let found = em.find_one(c).populate(|p| p.answers());
        found.without_filter::<NotDeleted>().or_fail()?;
        assert!(em.is_initialized(b));
        Ok(())
    });
}

#[test]
fn an_inverse_reference_shows_nobody() {
    on_filtered_stores(|orm| {
        let (_, [a, ..], _) = fill(orm)?;
        let mut em = orm.em();
        let poll = em.create(Poll::build().post(a).deleted(true));
        em.flush()?;
        em.clear();
        em.find_one(a).populate(|p| p.poll()).or_fail()?;
        assert_eq!(em[a].poll.get(), None);
        em[a].title.push('!');
        em.flush()?;
        let found = em.find_one(a).populate(|p| p.poll());
        found.without_filter::<NotDeleted>().or_fail()?;
        assert_eq!(em[a].poll.get(), Some(poll));
        Ok(())
    });
}

#[test]
fn collections_are_asked_under_the_filters() {
    on_filtered_stores(|orm| {
        let (forum, [a, b, c], _) = fill(orm)?;
        let mut em = orm.em();
        em.find_one(forum).or_fail()?;
        let mut edit = em.edit(forum);
        assert_eq!(edit.posts().load_count()?, 2);
        assert_eq!(edit.posts().find().count()?, 2);
        assert_eq!(
            edit.posts().find().without_filter::<NotDeleted>().count()?,
            3
        );
        assert_eq!(edit.posts().matching(|p| p.title().ne("a")).all()?, [c]);
        assert_eq!(edit.posts().find().with_filter(Titled("a")).all()?, [a]);
        assert_eq!(edit.posts().init()?.ids(), [a, c]);
        em.disable_filter::<NotDeleted>();
        assert_eq!(em.edit(forum).posts().init()?.ids(), [a, b, c]);
        em.reset_filter::<NotDeleted>();
        em.populate(forum, |f| f.posts())?;
        assert_eq!(em[forum].posts.ids(), [a, c]);
        Ok(())
    });
}

#[test]
fn rules_and_constraints_never_see_filters() {
    on_filtered_stores(|orm| {
        let (forum, [_, b, c], _) = fill(orm)?;
        let mut em = orm.em();
        em.find_one(forum).populate(|f| f.posts()).or_fail()?;
        for post in em[forum].posts.ids() {
            em.remove(post);
        }
        em.remove(forum);
        // The post that is filtered out needs the forum.
        assert!(matches!(
            refused(em.flush()),
            Error::ForeignKeyViolation { .. }
        ));
        em.clear();
        em.find_one(b).without_filter::<NotDeleted>().or_fail()?;
        em.remove(b);
        em.flush()?;
        em.find_one(c).or_fail()?;
        assert_eq!(em[c].answers, None);
        Ok(())
    });
}

#[test]
fn parameters_that_are_needed_are_never_forgotten() {
    let orm = Orm::builder()
        .entities::<Board>()
        .required_filter::<Post, Tenant>();
    let orm = orm
        .optional_filter::<Post, Titled>()
        .in_memory()
        .expect("the schema is valid");
    let (forum, [a, b, c], _) = fill(&orm).expect("it can be filled");
    let mut em = orm.em();
    let message = "Post: the filter `Tenant` has no parameters yet; give them to the unit of work with \
                   `em.set_filter(Tenant ..)`, or to the query with `.with_filter(Tenant ..)`; \
                   `.without_filter::<Tenant>()` does without";
    assert_eq!(refused(em.find::<Post>().all()).to_string(), message);
    assert_eq!(refused(em.find::<Post>().count()).to_string(), message);
    assert_eq!(refused(em.find_one(a).one()).to_string(), message);
    assert_eq!(
        refused(em.find::<Forum>().populate(|f| f.posts()).all()).to_string(),
        message
    );
    em.find_one(forum).or_fail().expect("a forum has no tenant");
    assert_eq!(
        refused(em.edit(forum).posts().init().map(|_| ())).to_string(),
        message
    );
    assert_eq!(
        refused(em.edit(forum).posts().load_count()).to_string(),
        message
    );

    let found = em.find::<Post>().with_filter(Tenant(2)).all();
    assert!(found.expect("it has its parameters").is_empty());
    let found = em.find::<Post>().without_filter::<Tenant>().all();
    assert_eq!(found.expect("it does without"), [a, b, c]);
    em.set_filter(Tenant(1)).expect("it is registered");
    assert_eq!(em.find::<Post>().count().expect("it has its parameters"), 3);
    assert_eq!(
        em.fork()
            .find::<Post>()
            .count()
            .expect("a fork has them too"),
        3
    );
    em.set_filter(Titled("a")).expect("it is registered");
    assert_eq!(em.find::<Post>().all().expect("it has its parameters"), [a]);
    em.clear();
    assert_eq!(em.find::<Post>().all().expect("clear keeps them"), [a]);
    em.find_one(a).or_fail().expect("it is found");
}

#[test]
fn a_filter_by_call_is_one_of_its_entity() {
    on_both_stores::<Board>(|orm| {
        let (forum, [a, ..], _) = fill(orm)?;
        let mut em = orm.em();
        assert_eq!(em.find::<Post>().with_filter(Titled("a")).all()?, [a]);
        assert_eq!(
            em.find::<Post>()
                .with_filter(Titled("a"))
                .without_filter::<Titled>()
                .count()?,
            3
        );
        assert_eq!(em.find_one(a).with_filter(Titled("b")).one()?, None);
        let error = refused(em.set_filter(Titled("a")));
        assert!(
            error
                .to_string()
                .contains("the filter `Titled` is not registered"),
            "{error}"
        );
        em.find_one(forum).or_fail()?;
        Ok(())
    });
}

#[test]
fn a_filter_is_registered_once_and_for_entities_of_the_database() {
    let error = refused(
        Orm::builder()
            .entities::<Forum>()
            .entities::<(Post, Label, Poll)>()
            .filter::<(Post, Label), _>(NotDeleted)
            .filter::<Post, _>(NotDeleted)
            .filter::<super::Book, _>(AnyBook)
            .in_memory(),
    );
    let message = error.to_string();
    assert!(
        message.contains("the filter `NotDeleted` of Post is registered twice"),
        "{message}"
    );
    assert!(
        message.contains("the filter `AnyBook` is one of Book, which is not among the entities"),
        "{message}"
    );
}

struct AnyBook;

impl EntityFilter<super::Book> for AnyBook {
    fn condition(&self, _: super::BookPath<super::Book>) -> Filter<super::Book> {
        Filter::all([])
    }
}
