//! A many-to-many relation whose links have properties of their own: an entity between both, with two
//! references and a composite index over them. This is the example of the guide.

use musher::prelude::*;

use crate::support::{on_both_stores, refused};

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(one_to_many(mapped_by = article, orphan_removal))]
    taggings: Collection<Tagging>,
}

#[derive(Entity, Debug)]
struct Label {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = label))]
    taggings: Collection<Tagging>,
}

/// The link, with its place among those of the article.
#[derive(Entity, Debug)]
#[orm(unique(article, label))]
struct Tagging {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one(inversed_by = taggings, on_delete = cascade))]
    article: Id<Article>,
    #[orm(many_to_one(inversed_by = taggings, on_delete = cascade))]
    label: Id<Label>,
    #[orm(default)]
    place: u32,
}

type Blog = (Article, Label, Tagging);

fn fill(em: &mut EntityManager) -> musher::Result<(Id<Article>, [Id<Label>; 3])> {
    let article = em.create(Article::build().title("Foo"));
    let labels = ["a", "b", "c"].map(|name| em.create(Label::build().name(name)));
    for (label, place) in labels.into_iter().zip([2, 0, 1]) {
        em.create(Tagging::build().article(article).label(label).place(place));
    }
    em.flush()?;
    em.clear();
    Ok((article, labels))
}

#[test]
fn the_links_are_populated_in_the_order_of_their_own_property() {
    on_both_stores::<Blog>(|orm| {
        let mut em = orm.em();
        let (article, _) = fill(&mut em)?;
        em.find_one(article)
            .populate(|a| {
                a.taggings()
                    .order_by(|t| t.place().asc())
                    .populate(|t| t.label())
            })
            .or_fail()?;
        let view = em.view(article);
        let names: Vec<_> = view
            .taggings()
            .iter()
            .map(|it| it.label().name.clone())
            .collect();
        assert_eq!(names, ["b", "c", "a"]);
        let of_a = em.find::<Article>().filter(|a| {
            a.taggings()
                .any(|t| t.label().name().eq("a").and(t.place().ge(2)))
        });
        assert_eq!(of_a.ids()?, [article]);
        Ok(())
    });
}

#[test]
fn a_link_is_there_once_and_goes_with_either_end() {
    on_both_stores::<Blog>(|orm| {
        let mut em = orm.em();
        let (article, [a, b, _]) = fill(&mut em)?;
        em.create(Tagging::build().article(article).label(a));
        assert!(matches!(refused(em.flush()), Error::UniqueViolation { .. }));
        em.clear();

        em.find_one(article)
            .populate(|it| it.taggings())
            .or_fail()?;
        let first = em[article].taggings[0];
        em.edit(article).taggings().remove(first);
        em.flush()?;
        assert_eq!(em.find::<Tagging>().count()?, 2);
        em.remove(b);
        em.flush()?;
        assert_eq!(em.find::<Tagging>().count()?, 1);
        em.remove(article);
        em.flush()?;
        assert_eq!(em.find::<Tagging>().count()?, 0);
        Ok(())
    });
}
