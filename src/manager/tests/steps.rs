//! The calls that are made to fail: each with what is done before it, which asks the store for nothing
//! that could fail, and all of them together every kind of work that a unit of work knows.

#![expect(
    clippy::unnecessary_wraps,
    reason = "what is done before a call may fail, and often can't"
)]

use musher::prelude::*;

use super::domain::*;

/// One call.
pub(super) struct Step {
    pub(super) name: &'static str,
    /// What the program does before, without faults.
    pub(super) edit: fn(&mut EntityManager) -> musher::Result<()>,
    /// What may fail; the result as text.
    pub(super) call: fn(&mut EntityManager) -> musher::Result<String>,
    /// Whether it is one call of the library: then a failure does not count what was read by then.
    pub(super) is_one_call: bool,
}

const ANN: u64 = 1;
const BOB: u64 = 2;
const CARL: u64 = 3;
const ONE: u64 = 1;
const TWO: u64 = 2;
const THREE: u64 = 3;

fn at<T: crate::Entity<Key = u64>>(number: u64) -> Id<T> {
    Id::new(number)
}

fn at_path(path: &str) -> Id<Page> {
    Id::new(path.to_owned())
}

fn text(result: impl std::fmt::Debug) -> String {
    format!("{result:?}")
}

fn flush(em: &mut EntityManager) -> musher::Result<String> {
    em.flush().map(text)
}

fn clear(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    Ok(())
}

const fn step(
    name: &'static str,
    edit: fn(&mut EntityManager) -> musher::Result<()>,
    call: fn(&mut EntityManager) -> musher::Result<String>,
) -> Step {
    Step {
        name,
        edit,
        call,
        is_one_call: true,
    }
}

/// All of them, in an order in which each finds what it needs.
pub(super) const STEPS: &[Step] = &[
    step(
        "creates with links, hooks and lazy values",
        create_all,
        flush,
    ),
    step("a find with populate", clear, |em| {
        let articles = em.find::<Article>();
        let hinted = articles.populate(|a| {
            (
                a.author().profile(),
                a.tags(),
                a.comments().writer(),
                a.text(),
            )
        });
        hinted.all().map(text)
    }),
    step("the same, joined", clear, |em| {
        let users = em
            .find::<User>()
            .filter(|u| u.articles().any(|a| a.slug().eq("two")));
        let users = users.populate(|u| (u.articles().tags(), u.password(), u.profile()));
        users.strategy(LoadStrategy::Joined).all().map(text)
    }),
    step("a find by key with populate", clear, |em| {
        let found = em.find_one(at::<User>(ANN));
        found
            .populate(|u| u.articles().comments())
            .or_fail()
            .map(text)
    }),
    step("a count by an index", clear, |em| {
        let unique = em.find::<User>().filter(|u| u.email().eq("bob@house.org"));
        unique.count().map(text)
    }),
    step("a page and the count of all", clear, |em| {
        let articles = em.find::<Article>().populate(|a| a.author());
        articles.limit(2).all_and_count().map(text)
    }),
    step("a count of all", clear, |em| {
        em.find::<Comment>().count().map(text)
    }),
    step(
        "updates with hooks, on_update and lazy values",
        update,
        flush,
    ),
    step("links of collections, loaded and not", relink, flush),
    step("a flush that adopts", adopt, flush),
    step(
        "a find that settles what was to be adopted",
        adopt_again,
        |em| {
            em.find::<Article>()
                .populate(|a| (a.author(), a.comments()))
                .all()
                .map(text)
        },
    ),
    step("the flush after it", |_| Ok(()), flush),
    step("a populate after raw writes", write_raw, |em| {
        let users = [at::<User>(ANN), at(BOB)];
        em.populate(users, |u| (u.articles(), u.profile()))
            .map(text)
    }),
    step("the flush after raw writes", |_| Ok(()), flush),
    step("a flush of raw writes", write_raw_again, flush),
    step(
        "a find after another unit of work has written",
        write_elsewhere,
        |em| em.find::<Article>().populate(|a| a.tags()).all().map(text),
    ),
    step("a refresh", write_elsewhere_again, |em| {
        em.refresh(at::<Article>(TWO)).map(text)
    }),
    step(
        "a collection read anew",
        |_| Ok(()),
        |em| {
            em.edit(at::<User>(BOB))
                .articles()
                .init()
                .map(|items| text(items.ids()))
        },
    ),
    step("a collection counted", find_ann, |em| {
        em.edit(at::<User>(ANN)).articles().load_count().map(text)
    }),
    step("a collection set without being loaded", find_folder, |em| {
        em.edit(at::<Folder>(1))
            .notes()
            .set([at::<Note>(2)])
            .map(|_| String::new())
    }),
    step("the flush that removes its orphans", |_| Ok(()), flush),
    step(
        "removals that cascade, restrict and set to null",
        remove,
        flush,
    ),
    step("a row in the place of a removed one", replace, flush),
    Step {
        name: "a transaction with savepoints",
        edit: prepare_transaction,
        call: transaction,
        is_one_call: false,
    },
    Step {
        name: "a serializable transaction",
        edit: clear,
        call: serializable,
        is_one_call: false,
    },
    step("a query in a transaction", begin, |em| {
        em.find::<Task>()
            .populate(|t| (t.badges(), t.subtasks()))
            .all()
            .map(text)
    }),
    step("a flush in a transaction", edit_in_transaction, flush),
    step("a savepoint's end in a transaction", begin, |em| {
        em.commit().map(text)
    }),
];

fn create_all(em: &mut EntityManager) -> musher::Result<()> {
    let (ann, bob, _carl) = (user(em, "ann"), user(em, "bob"), user(em, "carl"));
    em.create(Profile::build().text("of ann").user(ann));
    for (slug, author) in [("one", ann), ("two", ann), ("three", bob)] {
        let written = article(em, slug, author);
        let labels = [tag(em, "shared"), tag(em, slug)];
        em.edit(written).tags().add(labels);
        let comment = em.create(Comment::build().text(slug).article(written).writer(bob));
        em.create(
            Comment::build()
                .text("reply")
                .article(written)
                .reply_to(comment),
        );
    }
    let folder = em.create(Folder::build().name("folder"));
    for name in ["first", "second", "third"] {
        em.create(Note::build().text(name).folder(folder));
    }
    let (front, back) = (page(em, "/front"), page(em, "/back"));
    let gold = badge(em, "gold");
    em.edit(front.clone()).set_next(Some(back));
    em.edit(front.clone()).badges().add(gold);
    em.create(Cover::build().color("red").page(front));
    let parent = task(em, "code parent");
    for _ in 0..2 {
        let child = task(em, "");
        em.edit(child).set_parent(Some(parent));
        em.edit(child).badges().add(gold);
    }
    Ok(())
}

fn update(em: &mut EntityManager) -> musher::Result<()> {
    em.find::<User>()
        .populate(|u| (u.password(), u.articles()))
        .all()?;
    em.find::<Article>().populate(|a| a.text()).all()?;
    em.find::<Task>().all()?;
    em[at::<User>(ANN)].password = "another".into();
    em[at::<User>(BOB)].age = Some(30);
    em[at::<Article>(ONE)].slug = "two".into();
    em[at::<Article>(TWO)].slug = "one".into();
    em[at::<Article>(TWO)].text = "A longer text".into();
    em[at::<Task>(1)].order = "code other".into();
    em[at::<Task>(2)].order = "parent 3".into();
    em[at::<Task>(3)].order = "orphan".into();
    Ok(())
}

fn relink(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    em.find_one(at::<Article>(ONE))
        .populate(|a| a.tags())
        .or_fail()?;
    em.find_one(at::<Article>(TWO)).or_fail()?;
    em.find_one(at::<Tag>(6))
        .populate(|t| t.articles())
        .or_fail()?;
    em.edit(at::<Article>(ONE)).tags().remove(at(1)).add(at(6));
    em.edit(at::<Article>(TWO))
        .tags()
        .remove_all()?
        .add([at(1), at(5)]);
    em.edit(at::<Tag>(6)).articles().remove(at(THREE));
    Ok(())
}

fn adopt(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    em.find_one(at::<User>(BOB)).or_fail()?;
    em.find_one(at::<User>(ANN))
        .populate(|u| u.articles())
        .or_fail()?;
    em.detach(at::<Article>(ONE));
    em.edit(at::<User>(BOB)).articles().add(at(ONE));
    em.find_one(at_path("/back")).or_fail()?;
    em.edit(at_path("/back")).set_cover(Some(at::<Cover>(1)));
    Ok(())
}

fn adopt_again(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    em.find_one(at::<User>(ANN))
        .populate(|u| u.articles())
        .or_fail()?;
    em.edit(at::<User>(ANN))
        .articles()
        .add([at(ONE), at(THREE)]);
    Ok(())
}

fn write_raw(em: &mut EntityManager) -> musher::Result<()> {
    em.find::<User>().all()?;
    em.find_one(at::<Article>(TWO)).or_fail()?;
    em.find_one(at::<Article>(ONE))
        .populate(|a| a.tags())
        .or_fail()?;
    em.find_one(at::<Profile>(1))
        .populate(|p| p.user())
        .or_fail()?;
    em[at::<Article>(TWO)].author = at(BOB);
    em[at::<Article>(ONE)].tags = [at(2), at(4)].into_iter().collect();
    em[at::<Profile>(1)].user = Some(at(BOB));
    Ok(())
}

fn write_raw_again(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    em.find_one(at::<User>(CARL)).or_fail()?;
    em.find_one(at::<Article>(THREE)).or_fail()?;
    // What the collection holds has to be read by the flush.
    em[at::<User>(CARL)].articles = [at(ONE)].into_iter().collect();
    em[at::<Article>(THREE)].tags = [at(3)].into_iter().collect();
    em[at::<Article>(THREE)].editor = Some(at(CARL));
    Ok(())
}

fn write_elsewhere(em: &mut EntityManager) -> musher::Result<()> {
    em.find_one(at::<User>(BOB))
        .populate(|u| u.articles().text())
        .or_fail()?;
    em[at::<Article>(TWO)].title = "Mine".into();
    let mut other = em.fork();
    other.find::<Article>().all()?;
    other[at::<Article>(TWO)].language = "en".into();
    other[at::<Article>(TWO)].text = "Theirs".into();
    other.edit(at::<Article>(TWO)).set_author(at(ANN));
    other.edit(at::<Article>(TWO)).tags().add(at(2));
    other.flush()
}

fn write_elsewhere_again(em: &mut EntityManager) -> musher::Result<()> {
    let mut other = em.fork();
    other.find_one(at::<Article>(TWO)).or_fail()?;
    other[at::<Article>(TWO)].title = "Theirs".into();
    other.edit(at::<Article>(TWO)).set_author(at(BOB));
    other.flush()
}

fn find_ann(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    em.find_one(at::<User>(ANN)).or_fail()?;
    em.edit(at::<User>(ANN)).articles().add(at(THREE));
    Ok(())
}

fn find_folder(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    em.find_one(at::<Folder>(1)).or_fail().map(drop)
}

fn remove(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    em.find_one(at::<Article>(THREE))
        .populate(|a| a.comments())
        .or_fail()?;
    em.find_one(at::<Profile>(1))
        .populate(|p| p.user())
        .or_fail()?;
    em.find_one(at::<Tag>(3))
        .populate(|t| t.articles())
        .or_fail()?;
    em.find_one(at::<Task>(3)).or_fail()?;
    em.remove(at::<Article>(THREE));
    em.remove(at::<Article>(ONE));
    em.remove(at::<User>(CARL));
    em.remove(at::<Tag>(3));
    em.remove(at::<Task>(3));
    em.remove(at::<Badge>(1));
    Ok(())
}

fn replace(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    em.find_one(at_path("/front"))
        .populate(|p| (p.text(), p.badges()))
        .or_fail()?;
    em.remove(at_path("/front"));
    let anew = em.create(Page::build().path("/front").title("Anew").text("New text"));
    em.edit(anew).set_next(Some(at_path("/back")));
    badge(em, "silver");
    Ok(())
}

fn prepare_transaction(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    em.find_one(at::<User>(ANN))
        .populate(|u| u.articles().tags())
        .or_fail()?;
    em.find_one(at::<User>(BOB)).or_fail()?;
    page(em, "/begun");
    em[at::<User>(ANN)].bio = "pending".into();
    Ok(())
}

fn transaction(em: &mut EntityManager) -> musher::Result<String> {
    em.transactional(|em| {
        em.find::<Article>()
            .populate(|a| (a.author(), a.text()))
            .all()?;
        em[at::<User>(BOB)].bio = "staged".into();
        em.edit(at::<User>(ANN)).articles().add(at(TWO));
        em.flush()?;
        em.create(
            Page::build()
                .path("/inside")
                .title("Inside")
                .owner(at::<Badge>(2)),
        );
        let taken_back = em.transactional(|em| {
            em.remove(at_path("/inside"));
            em[at::<User>(BOB)].bio = "taken back".into();
            em.flush()?;
            Err::<(), _>(Error::other("the savepoint is given up"))
        });
        let error = taken_back.expect_err("it is always given up");
        if error.to_string() != "the savepoint is given up" {
            return Err(error);
        }
        em.transactional(|em| {
            em.edit(at::<Article>(TWO)).tags().remove_all()?;
            em[at::<User>(ANN)].password = "in a savepoint".into();
            em.flush()
        })?;
        Ok(text(em.find::<Page>().all()?))
    })
}

fn begin(em: &mut EntityManager) -> musher::Result<()> {
    em.begin();
    Ok(())
}

fn edit_in_transaction(em: &mut EntityManager) -> musher::Result<()> {
    em[at::<Task>(1)].order = "code within".into();
    em.remove(at::<Cover>(1));
    page(em, "/within");
    Ok(())
}

fn serializable(em: &mut EntityManager) -> musher::Result<String> {
    em.transactional_with(Isolation::Serializable, |em| {
        let users = em.find::<User>().populate(|u| u.articles()).all()?;
        em[at::<User>(BOB)].bio = "serializable".into();
        Ok(text(users))
    })
}
