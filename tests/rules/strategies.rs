//! R18: both strategies give the same graph, and `SelectIn` one look-up a level and relation.

use musher::prelude::*;

use crate::support::*;

/// A small generator of numbers that look random: the same seed gives the same graph.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("it has 31 bits") % limit
    }
}

/// Users, articles, tags and comments, linked at random.
fn random_graph(em: &mut EntityManager, numbers: &mut Numbers) -> musher::Result<()> {
    let users: Vec<_> = (0..=numbers.below(4))
        .map(|at| user(em, &at.to_string()))
        .collect();
    let tags: Vec<_> = (0..=numbers.below(5))
        .map(|at| tag(em, &at.to_string()))
        .collect();
    let mut comments: Vec<Id<Comment>> = Vec::new();
    for at in 0..numbers.below(8) {
        let author = users[numbers.below(users.len())];
        let written = article(em, &at.to_string(), author);
        if numbers.below(2) == 0 {
            em[written].editor = Some(users[numbers.below(users.len())]);
        }
        for _ in 0..numbers.below(4) {
            let label = tags[numbers.below(tags.len())];
            em.edit(written).tags().add(label);
        }
        for at in 0..numbers.below(4) {
            let comment = em.create(Comment::build().text(at.to_string()).article(written));
            if numbers.below(2) == 0 && !comments.is_empty() {
                em[comment].reply_to = Some(comments[numbers.below(comments.len())]);
            }
            if numbers.below(2) == 0 {
                em[comment].writer = Some(users[numbers.below(users.len())]);
            }
            comments.push(comment);
        }
    }
    for owner in &users {
        if numbers.below(2) == 0 {
            em.create(Profile::build().text("about").user(*owner));
        }
    }
    em.flush()
}

/// Every property of everything that is managed, as text.
fn dump(em: &EntityManager, most: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for key in 1..=most {
        lines.push(format!("{:?}", em.get(Id::<User>::new(key))));
        lines.push(format!("{:?}", em.get(Id::<Profile>::new(key))));
        lines.push(format!("{:?}", em.get(Id::<Article>::new(key))));
        lines.push(format!("{:?}", em.get(Id::<Tag>::new(key))));
        lines.push(format!("{:?}", em.get(Id::<Comment>::new(key))));
    }
    lines
}

#[test]
fn r18_both_strategies_give_the_same_graph_property_for_property() {
    for seed in 1..=30 {
        println!("seed {seed}");
        let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let orm = Orm::builder()
            .entities::<House>()
            .in_memory()
            .expect("the schema is valid");
        random_graph(&mut orm.em(), &mut numbers).expect("the graph can be stored");
        let load = |strategy: LoadStrategy| {
            let mut em = orm.em();
            let articles = em
                .find::<Article>()
                .populate(|a| {
                    (
                        a.author().profile(),
                        a.author().articles().tags(),
                        a.editor().password(),
                        a.tags().articles().text(),
                        a.comments().reply_to().writer(),
                        a.text(),
                    )
                })
                .strategy(strategy)
                .all()
                .expect("it can be read");
            (articles, dump(&em, 40), em.statistics())
        };
        let (in_articles, in_graph, in_statistics) = load(LoadStrategy::SelectIn);
        let (joined_articles, joined_graph, joined_statistics) = load(LoadStrategy::Joined);
        assert_eq!(in_articles, joined_articles);
        for (a, b) in in_graph.iter().zip(&joined_graph) {
            assert_eq!(a, b, "seed {seed}");
        }
        assert!(joined_statistics.lookups <= in_statistics.lookups);
    }
}

/// Three articles by two authors, tagged with two tags.
fn graph(em: &mut EntityManager) -> musher::Result<Vec<Id<Article>>> {
    let (ann, bob) = (user(em, "ann"), user(em, "bob"));
    let (a, b) = (tag(em, "a"), tag(em, "b"));
    let articles = vec![
        article(em, "one", ann),
        article(em, "two", bob),
        article(em, "three", ann),
    ];
    em.edit(articles[0]).tags().add([a, b]);
    em.edit(articles[1]).tags().add(a);
    em.flush()?;
    em.clear();
    Ok(articles)
}

#[test]
fn r18_select_in_costs_one_look_up_a_level_and_relation() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let articles = graph(&mut em)?;
        let cost = |load: &dyn Fn(&mut EntityManager) -> musher::Result<()>| {
            let mut em = orm.em();
            load(&mut em)?;
            Ok::<_, Error>((em.statistics().lookups, em.statistics().rows_read))
        };
        let one = articles[0];
        assert_eq!(cost(&|em| em.find_one(one).or_fail().map(drop))?, (1, 1));
        assert_eq!(
            cost(&|em| em
                .find_one(one)
                .populate(|a| a.author())
                .or_fail()
                .map(drop))?,
            (2, 2)
        );
        assert_eq!(
            cost(&|em| em
                .find::<Article>()
                .populate(|a| a.author())
                .all()
                .map(drop))?,
            (2, 3 + 2)
        );
        assert_eq!(
            cost(&|em| {
                let found = em
                    .find::<Article>()
                    .populate(|a| (a.author(), a.tags(), a.text()));
                found.all().map(drop)
            })?,
            (4, 3 + 2 + 2 + 3)
        );
        assert_eq!(
            cost(&|em| {
                let found = em
                    .find::<Article>()
                    .populate(|a| (a.author().articles(), a.author().profile()));
                found.all().map(drop)
            })?,
            (4, 3 + 2)
        );
        assert_eq!(
            cost(&|em| {
                let found = em.find::<Article>().populate(|a| a.author());
                found.strategy(LoadStrategy::Joined).all().map(drop)
            })?,
            (1, 3 + 2)
        );
        Ok(())
    });
}

#[test]
fn r18_targets_that_are_loaded_are_skipped_and_no_look_up_is_made_for_none() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let articles = graph(&mut em)?;
        em.find::<Article>()
            .populate(|a| (a.author(), a.text()))
            .all()?;
        let before = em.statistics();
        em.populate(&articles, |a| (a.author(), a.text(), a.editor()))?;
        assert_eq!(em.statistics(), before);
        em.populate(&articles, |a| a.tags())?;
        assert_eq!(em.statistics().lookups, before.lookups + 1);
        em.populate(&articles, |a| a.tags())?;
        assert_eq!(em.statistics().lookups, before.lookups + 1);
        Ok(())
    });
}

#[test]
fn r18_a_target_wanted_by_several_is_read_once() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let articles: Vec<_> = (0..10)
            .map(|at| article(&mut em, &at.to_string(), ann))
            .collect();
        em.flush()?;
        em.clear();
        em.find::<Article>().populate(|a| a.author()).all()?;
        assert_eq!(em.statistics().rows_read, 10 + 1);
        em.clear();
        let again = em.find::<Article>().all()?;
        assert_eq!(again, articles);
        let twice: Vec<_> = articles.iter().chain(&articles).copied().collect();
        em.populate(&twice, |a| (a.author(), a.text(), a.tags()))?;
        assert_eq!(em.statistics().rows_read, 11 + 10 + 1 + 10);
        Ok(())
    });
}

#[test]
fn r18_the_strategy_of_the_database_counts_where_a_query_does_not_say() {
    let orm = Orm::builder()
        .entities::<House>()
        .load_strategy(LoadStrategy::Joined)
        .in_memory()
        .expect("the schema is valid");
    let mut em = orm.em();
    graph(&mut em).expect("it can be stored");
    let mut lookups = |strategy: Option<LoadStrategy>| {
        em.clear();
        let before = em.statistics().lookups;
        let query = em.find::<Article>().populate(|a| a.author());
        match strategy {
            Some(strategy) => query.strategy(strategy).all(),
            None => query.all(),
        }
        .expect("it can be read");
        em.statistics().lookups - before
    };
    assert_eq!(lookups(None), 1);
    assert_eq!(lookups(Some(LoadStrategy::SelectIn)), 2);
}
