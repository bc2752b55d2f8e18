//! Eager relations: populated with whatever loads their entity.

use musher::prelude::*;

use crate::support::{on_both_stores, refused};

#[derive(Entity, Debug)]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_one(mapped_by = author, eager))]
    profile: Inverse<Profile>,
    #[orm(one_to_many(mapped_by = author))]
    articles: Collection<Article>,
}

#[derive(Entity, Debug)]
struct Profile {
    #[orm(primary_key)]
    id: Pk,
    text: String,
    #[orm(one_to_one(inversed_by = profile))]
    author: Id<Author>,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(many_to_one(inversed_by = articles, eager))]
    author: Id<Author>,
    #[orm(many_to_many(eager))]
    tags: Collection<Tag>,
    #[orm(one_to_many(mapped_by = article))]
    comments: Collection<Comment>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

#[derive(Entity, Debug)]
struct Comment {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one(inversed_by = comments))]
    article: Id<Article>,
}

type Blog = (Author, Profile, Article, Tag, Comment);

fn sample(orm: &Orm) -> musher::Result<(Id<Article>, Id<Comment>)> {
    let mut em = orm.em();
    let author = em.create(Author::build().name("Ann"));
    em.create(Profile::build().text("likes rust").author(author));
    let tags = ["a", "b"].map(|name| em.create(Tag::build().name(name)));
    let article = em.create(Article::build().title("One").author(author).tags(tags));
    let comment = em.create(Comment::build().article(article));
    em.flush()?;
    Ok((article, comment))
}

/// Whether author, profile and tags of the article are loaded.
fn loaded(em: &EntityManager, article: Id<Article>) -> [bool; 3] {
    let author = em[article].author;
    let profile = em
        .get(author)
        .is_some_and(|author| author.profile.is_initialized());
    [
        em.is_initialized(author),
        profile,
        em[article].tags.is_initialized(),
    ]
}

#[test]
fn they_come_with_every_way_to_load_the_entity() {
    on_both_stores::<Blog>(|orm| {
        let (article, comment) = sample(orm)?;
        for strategy in [LoadStrategy::SelectIn, LoadStrategy::Joined] {
            let mut em = orm.em();
            em.find_one(article).strategy(strategy).or_fail()?;
            assert_eq!(loaded(&em, article), [true; 3], "by key");
            assert_eq!(
                em.view(article)
                    .author()
                    .profile()
                    .map(|it| it.text.clone()),
                Some("likes rust".into())
            );
            assert_eq!(em.view(article).tags().iter().count(), 2);

            let mut em = orm.em();
            em.find::<Article>().strategy(strategy).all()?;
            assert_eq!(loaded(&em, article), [true; 3], "by condition");

            let mut em = orm.em();
            em.find::<Article>().strategy(strategy).page(1)?;
            assert_eq!(loaded(&em, article), [true; 3], "by page");

            let mut em = orm.em();
            em.find_one(comment)
                .strategy(strategy)
                .populate(|c| c.article())
                .or_fail()?;
            assert_eq!(loaded(&em, article), [true; 3], "behind a hint");
            assert!(
                !em[article].comments.is_initialized(),
                "what is not eager is not loaded"
            );
        }
        Ok(())
    });
}

/// Needs no hint for what is eager.
fn byline(em: &EntityManager, article: Loaded<Article, loads!(Article { author })>) -> String {
    let article = em.view(article);
    format!("{} by {}", article.title, article.author().name)
}

#[test]
fn the_compiler_knows_them_to_be_populated() {
    on_both_stores::<Blog>(|orm| {
        let (article, comment) = sample(orm)?;
        let mut em = orm.em();
        let found = em.find_one(article).populate(|a| a.comments()).or_fail()?;
        let view = em.view(found);
        let profile = view.author().profile().expect("there is one");
        assert_eq!(profile.text, "likes rust");
        assert_eq!((view.tags().len(), view.comments().len()), (2, 1));
        assert_eq!(byline(&em, found.narrow()), "One by Ann");

        let mut em = orm.em();
        let found = em.find_one(comment).populate(|c| c.article()).or_fail()?;
        let article = em.view(found).article();
        assert_eq!(byline(&em, article.loaded().narrow()), "One by Ann");
        assert_eq!(article.tags().len(), 2);

        // What is asked for as references alone is loaded for being eager.
        let mut em = orm.em();
        let found = em
            .find::<Article>()
            .populate(|a| a.tags().references())
            .all()?;
        let names: Vec<_> = em
            .view(found[0])
            .unchecked()
            .tags()
            .iter()
            .map(|t| t.name.clone())
            .collect();
        assert_eq!(names, ["a", "b"]);
        Ok(())
    });
}

#[test]
fn an_entity_that_is_loaded_with_them_costs_no_look_up() {
    on_both_stores::<Blog>(|orm| {
        let (article, _) = sample(orm)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        let before = em.statistics().lookups;
        em.find_one(article).or_fail()?;
        assert_eq!(em.statistics().lookups, before);
        Ok(())
    });
}

#[test]
fn a_query_can_leave_them_out() {
    on_both_stores::<Blog>(|orm| {
        let (article, comment) = sample(orm)?;
        let mut em = orm.em();
        em.find_one(article)
            .without_eager(|a| a.author())
            .or_fail()?;
        assert_eq!(loaded(&em, article), [false, false, true]);

        let mut em = orm.em();
        em.find::<Article>()
            .without_eager(|a| (a.author().profile(), a.tags()))
            .all()?;
        assert_eq!(loaded(&em, article), [true, false, false]);

        let mut em = orm.em();
        em.find_one(article)
            .without_eager(|a| (a.author(), a.tags()))
            .populate(|a| a.author())
            .or_fail()?;
        assert_eq!(
            loaded(&em, article),
            [true, true, false],
            "a hint asks for it"
        );

        let mut em = orm.em();
        em.find_one(comment)
            .populate(|c| c.article())
            .without_eager(|c| c.article().tags())
            .or_fail()?;
        assert_eq!(loaded(&em, article), [true, true, false], "behind a hint");
        Ok(())
    });
}

#[test]
fn a_circle_of_them_is_refused() {
    #[derive(Entity, Debug)]
    struct Node {
        #[orm(primary_key)]
        id: Pk,
        #[orm(many_to_one(eager))]
        parent: Option<Id<Node>>,
    }

    #[derive(Entity, Debug)]
    struct Left {
        #[orm(primary_key)]
        id: Pk,
        #[orm(many_to_one(eager))]
        tag: Option<Id<Tag>>,
        #[orm(many_to_one(eager))]
        right: Option<Id<Right>>,
    }

    #[derive(Entity, Debug)]
    struct Right {
        #[orm(primary_key)]
        id: Pk,
        #[orm(many_to_many(eager))]
        lefts: Collection<Left>,
    }

    let told = |orm: musher::Result<Orm>| refused(orm).to_string();
    assert_eq!(
        told(Orm::builder().entities::<Node>().in_memory()),
        "the schema is not valid: eager relations lead in a circle, and loading would have no end: Node.parent; \
         remove `eager` from one of them, and populate it where it is needed"
    );
    let message = told(Orm::builder().entities::<(Left, Right, Tag)>().in_memory());
    assert!(
        message.contains("no end: Left.right, Right.lefts; remove"),
        "{message}"
    );
}
