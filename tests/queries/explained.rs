//! What `explain` says, for every kind of step that a query can be made of: these are the choices of the
//! planner, pinned. `INSTA_UPDATE=always cargo test --test queries explained` writes them anew; read the
//! difference.

use std::fmt::Write;

use musher::prelude::*;
use musher::{Find, Result};

use crate::support::on_both_stores;

#[derive(Entity, Debug)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    #[orm(unique)]
    email: String,
    #[orm(index)]
    country: String,
    #[orm(one_to_many(mapped_by = author))]
    articles: Collection<Article>,
    #[orm(one_to_one(mapped_by = user))]
    profile: Inverse<Profile>,
}

#[derive(Entity, Debug)]
struct Profile {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    city: String,
    #[orm(one_to_one(inversed_by = profile))]
    user: Id<User>,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    #[orm(unique)]
    slug: String,
    #[orm(index)]
    status: String,
    #[orm(index)]
    year: Option<i16>,
    title: String,
    #[orm(many_to_one(inversed_by = articles))]
    author: Id<User>,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
    #[orm(one_to_many(mapped_by = article))]
    comments: Collection<Comment>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    name: String,
    #[orm(index)]
    kind: u8,
}

#[derive(Entity, Debug)]
struct Comment {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    word: String,
    #[orm(many_to_one(inversed_by = comments))]
    article: Id<Article>,
}

type Blog = (User, Profile, Article, Tag, Comment);

/// Twenty users in five countries, ten articles of each, with two of ten tags and one comment each.
fn write_articles(orm: &Orm) -> Result<()> {
    let mut em = orm.em();
    let tags: Vec<_> = (0..10_u8)
        .map(|at| em.create(Tag::build().name(format!("t{at}")).kind(at / 4)))
        .collect();
    for user in 0..20_usize {
        let author = User::build()
            .email(format!("u{user:02}@example.com"))
            .country(format!("c{}", user % 5));
        let author = em.create(author);
        em.create(Profile::build().city(format!("p{}", user % 4)).user(author));
        for at in (0..10).map(|at| user * 10 + at) {
            let article = Article::build()
                .slug(format!("s{at:03}"))
                .status(["draft", "public", "public", "public"][at % 4])
                .year((at % 7 > 0).then(|| 2000 + i16::try_from(at % 25).expect("it is small")))
                .title(format!("Title {}", at % 3))
                .author(author)
                .tags([tags[at % 10].clone(), tags[(at + 3) % 10].clone()]);
            let article = em.create(article);
            em.create(
                Comment::build()
                    .word(format!("w{}", at % 50))
                    .article(article),
            );
        }
    }
    em.flush()
}

/// The explanations of queries, one after the other, as both stores give them.
fn explanations(queries: fn(&mut Explained) -> Result<()>) -> String {
    let told = std::cell::RefCell::new(Vec::new());
    on_both_stores::<Blog>(|orm| {
        write_articles(orm)?;
        let mut explained = Explained {
            em: orm.em(),
            text: String::new(),
        };
        queries(&mut explained)?;
        told.borrow_mut().push(explained.text);
        Ok(())
    });
    let mut told = told.into_inner();
    let last = told.pop().expect("there are two stores");
    assert_eq!(told, [last.as_str()], "the store makes no difference");
    last
}

struct Explained {
    em: EntityManager,
    text: String,
}

impl Explained {
    fn add<T: musher::Managed>(
        &mut self,
        query: impl FnOnce(Find<'_, T>) -> Find<'_, T>,
    ) -> Result<()> {
        let explanation = query(self.em.find::<T>()).explain()?;
        writeln!(self.text, "{explanation}\n").expect("a string takes all");
        Ok(())
    }

    fn articles(
        &mut self,
        query: impl FnOnce(Find<'_, Article>) -> Find<'_, Article>,
    ) -> Result<()> {
        self.add(query)
    }
}

#[test]
fn keys_and_indexes_of_the_entity_itself() {
    let text = explanations(|explained| {
        explained.articles(|q| q.filter(|a| a.id().eq(7)))?;
        explained.articles(|q| q.filter(|a| a.id().is_in([7, 8, 999])))?;
        explained.articles(|q| q.filter(|a| a.id().between(10, 19)))?;
        explained.articles(|q| q.filter(|a| a.slug().eq("s007")))?;
        explained.articles(|q| q.filter(|a| a.slug().is_in(["s007", "s008", "none"])))?;
        explained.articles(|q| q.filter(|a| a.status().eq("draft")))?;
        explained.articles(|q| q.filter(|a| a.slug().starts_with("s19")))?;
        explained.articles(|q| q.filter(|a| a.year().ge(2020_i16)))?;
        explained.articles(|q| q.filter(|a| a.year().is_none()))?;
        explained.articles(|q| q.filter(|a| a.title().eq("Title 1")))?;
        explained.articles(|q| q)
    });
    insta::assert_snapshot!(text);
}

#[test]
fn orders() {
    let text = explanations(|explained| {
        explained.articles(|q| q.limit(3))?;
        explained.articles(|q| q.order_by(|a| a.id().desc()).limit(3))?;
        explained.articles(|q| q.order_by(|a| a.slug().asc()).limit(3))?;
        explained.articles(|q| q.order_by(|a| (a.year().desc(), a.id().desc())).limit(3))?;
        explained.articles(|q| {
            let recent = q.filter(|a| a.year().ge(2020_i16));
            recent.order_by(|a| a.year().asc()).limit(3)
        })?;
        explained.articles(|q| {
            let drafts = q.filter(|a| a.status().eq("draft"));
            drafts
                .order_by(|a| (a.title().asc(), a.year().desc()))
                .limit(3)
        })?;
        explained.articles(|q| q.order_by(|a| a.author().email().desc()).limit(3))?;
        explained.articles(|q| {
            let third = q.filter(|a| a.title().eq("Title 1"));
            third.order_by(|a| a.slug().asc()).limit(3)
        })
    });
    insta::assert_snapshot!(text);
}

// A walk in the order of an index begins where the condition leaves many rows, and is left for these
// when it has read half as many.
#[test]
fn the_first_rows_of_an_order_beside_a_condition_that_leaves_many() {
    let text = explanations(|explained| {
        explained.articles(|q| {
            let public = q.filter(|a| a.status().eq("public"));
            public.order_by(|a| a.slug().desc()).limit(3)
        })?;
        explained.articles(|q| q.filter(|a| a.status().eq("public")).limit(3))?;
        // There are three of each word, and four rows of each that are wanted would be too few.
        explained.add::<Comment>(|q| {
            let w7 = q.filter(|c| c.word().eq("w7"));
            w7.order_by(|c| c.id().desc()).limit(3)
        })?;
        explained.articles(|q| {
            let public = q.filter(|a| a.status().eq("public"));
            public.order_by(|a| a.slug().desc()).limit(60)
        })?;
        // The rows stand at the other end of the order.
        explained.articles(|q| {
            let first = q.filter(|a| a.slug().lt("s090"));
            first.order_by(|a| a.id().desc()).limit(3)
        })?;
        explained.articles(|q| {
            let none = q.filter(|a| a.status().eq("public").and(a.title().eq("none")));
            none.order_by(|a| a.slug().asc()).limit(3)
        })
    });
    insta::assert_snapshot!(text);
}

#[derive(Entity, Debug)]
struct Seat {
    #[orm(primary_key)]
    row: u16,
    #[orm(primary_key)]
    number: u16,
    #[orm(index)]
    is_taken: bool,
}

#[test]
fn keys_that_are_made_of_properties() {
    let orm = Orm::builder().entities::<Seat>().in_memory();
    let mut em = orm.expect("the schema is valid").em();
    for at in 0..120_u16 {
        let seat = Seat::build().row(at / 12).number(at % 12);
        em.create(seat.is_taken(at % 5 == 0));
    }
    let mut explained = Explained {
        em,
        text: String::new(),
    };
    let mut add = |query: fn(Find<'_, Seat>) -> Find<'_, Seat>| {
        explained.add(query).expect("the query can be run");
    };
    add(|q| q.filter(|s| s.row().eq(3_u16)));
    add(|q| q.filter(|s| s.row().eq(3_u16).and(s.number().eq(4_u16))));
    add(|q| q.filter(|s| s.row().eq(3_u16).and(s.number().ge(4_u16))));
    add(|q| q.filter(|s| s.row().is_in([3, 8]).and(s.number().lt(2_u16))));
    add(|q| q.filter(|s| s.row().gt(7_u16).and(s.key().lt((9, 3)))));
    add(|q| q.filter(|s| s.row().lt(5_u16).and(s.is_taken().eq(true))));
    add(|q| q.filter(|s| s.number().eq(4_u16)));
    // The rows come in the order of the parts.
    add(|q| {
        q.filter(|s| s.row().eq(3_u16))
            .order_by(|s| s.number().desc())
            .limit(2)
    });
    add(|q| q.order_by(|s| (s.row().asc(), s.number().asc())).limit(2));
    insta::assert_snapshot!(explained.text);
}

#[test]
fn relations_and_collections() {
    let text = explanations(|explained| {
        explained.articles(|q| q.filter(|a| a.author().id().eq(7)))?;
        explained.articles(|q| q.filter(|a| a.author().email().eq("u07@example.com")))?;
        explained.articles(|q| {
            q.filter(|a| {
                a.author()
                    .profile()
                    .city()
                    .eq("p1")
                    .and(a.author().country().eq("c1"))
            })
        })?;
        explained.articles(|q| q.filter(|a| a.tags().any(|t| t.name().eq("t1"))))?;
        explained.articles(|q| q.filter(|a| a.tags().any(|t| t.kind().eq(2))))?;
        explained.articles(|q| q.filter(|a| a.comments().any(|c| c.word().eq("w7"))))?;
        explained.articles(|q| q.filter(|a| a.comments().count_of(|c| c.id().lt(5)).eq(1)))?;
        explained.add::<User>(|q| {
            q.filter(|u| {
                u.articles()
                    .any(|a| a.comments().any(|c| c.word().eq("w7")))
            })
        })?;
        explained.add::<User>(|q| q.filter(|u| u.profile().city().eq("p1")))?;
        explained.articles(|q| q.filter(|a| a.tags().none(|t| t.name().eq("t1"))))?;
        explained.articles(|q| q.filter(|a| a.tags().count().ge(3)))
    });
    insta::assert_snapshot!(text);
}

#[test]
fn sets_of_rows() {
    let text = explanations(|explained| {
        explained.articles(|q| q.filter(|a| a.slug().eq("s007").or(a.year().eq(2003_i16))))?;
        explained.articles(|q| {
            q.filter(|a| {
                a.tags()
                    .any(|t| t.name().eq("t1"))
                    .or(a.author().id().eq(7))
                    .or(a.id().lt(3))
            })
        })?;
        explained.articles(|q| q.filter(|a| a.slug().eq("s007").or(a.title().eq("Title 1"))))?;
        explained.articles(|q| q.filter(|a| a.status().eq("draft").and(a.year().eq(2003_i16))))?;
        explained.articles(|q| {
            q.filter(|a| a.status().eq("draft").and(a.tags().any(|t| t.kind().eq(1))))
        })?;
        explained.articles(|q| q.filter(|a| a.status().eq("draft").and(a.id().gt(100))))?;
        explained
            .articles(|q| q.filter(|a| a.status().ne("draft").and(a.year().gt(2001_i16)).not()))?;
        // The few rows of one are read sooner than the many of the other are counted.
        explained.articles(|q| q.filter(|a| a.status().eq("public").and(a.slug().eq("s007"))))?;
        explained.articles(|q| q.filter(|_| musher::Filter::any([])))
    });
    insta::assert_snapshot!(text);
}

#[derive(Entity, Debug)]
#[orm(index(country, day), index(hour, minute, name = "by_time"))]
struct Visit {
    #[orm(primary_key)]
    id: Pk,
    country: String,
    day: u32,
    hour: u8,
    minute: u8,
}

#[test]
fn indexes_on_several_properties() {
    let orm = Orm::builder().entities::<Visit>().in_memory();
    let mut em = orm.expect("the schema is valid").em();
    for at in 0..120_u32 {
        let visit = Visit::build().country(format!("c{}", at % 3)).day(at % 10);
        let small = |number: u32| u8::try_from(number).expect("it is small");
        em.create(visit.hour(small(at % 24)).minute(small(at % 7)));
    }
    let mut explained = Explained {
        em,
        text: String::new(),
    };
    let mut add = |query: fn(Find<'_, Visit>) -> Find<'_, Visit>| {
        explained.add(query).expect("the query can be run");
    };
    add(|q| q.filter(|v| v.country().eq("c1")));
    add(|q| q.filter(|v| v.country().eq("c1").and(v.day().eq(4_u32))));
    add(|q| q.filter(|v| v.country().is_in(["c1", "c2"]).and(v.day().lt(3_u32))));
    add(|q| q.filter(|v| v.hour().eq(4).and(v.minute().ge(5))));
    // Behind one value of the first part, the entries come in the order of the others.
    add(|q| {
        q.filter(|v| v.country().eq("c1"))
            .order_by(|v| v.day().desc())
    });
    add(|q| q.order_by(|v| (v.hour().asc(), v.minute().asc())).limit(3));
    insta::assert_snapshot!(explained.text);
}
