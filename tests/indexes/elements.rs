//! Indexes with a key for each element.

use std::collections::BTreeSet;

use musher::prelude::*;
use proptest::prelude::*;

use crate::support::{Engine, on_both_stores, open, refused};

#[derive(Entity, Debug)]
#[orm(
    index(shelf, each(keywords), name = "by_shelf"),
    index(each(words: BTreeSet<String> = title.split_whitespace().map(str::to_lowercase).collect()))
)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(default)]
    shelf: u8,
    #[orm(default, index(each))]
    keywords: Vec<String>,
    #[orm(unique(each))]
    numbers: Option<Vec<u32>>,
    #[orm(default)]
    flags: BTreeSet<bool>,
}

fn article(em: &mut EntityManager, keywords: &[&str], numbers: Option<&[u32]>) -> Id<Article> {
    let keywords = keywords
        .iter()
        .map(|word| (*word).to_owned())
        .collect::<Vec<_>>();
    let id = em.create(Article::build().title("Of Things").keywords(keywords));
    em[id].numbers = numbers.map(<[u32]>::to_vec);
    id
}

#[test]
fn rows_are_found_by_their_elements() {
    on_both_stores::<Article>(|orm| {
        let mut em = orm.em();
        let one = article(&mut em, &["rust", "db", "rust"], None);
        let two = article(&mut em, &["db"], Some(&[1, 2]));
        let none = article(&mut em, &[], Some(&[]));
        em[none].flags.insert(true);
        em[none].title = "Things, too".into();
        em.flush()?;
        let mut found =
            |filter: fn(<Article as musher::Managed>::Path<Article>) -> musher::Filter<Article>| {
                em.find::<Article>().filter(filter).all()
            };
        assert_eq!(found(|a| a.keywords().has("rust"))?, [one]);
        assert_eq!(found(|a| a.keywords().has("db"))?, [one, two]);
        assert_eq!(found(|a| a.keywords().has("d"))?, []);
        assert_eq!(
            found(|a| a.keywords().has_any(["rust", "db", "x"]))?,
            [one, two]
        );
        assert_eq!(found(|a| a.keywords().has_all(["rust", "db"]))?, [one]);
        assert_eq!(found(|a| a.keywords().has_all(["rust", "x"]))?, []);
        assert_eq!(found(|a| a.keywords().has("db").not())?, [none]);
        assert_eq!(found(|a| a.keywords().has_any(Vec::<String>::new()))?, []);
        assert_eq!(
            found(|a| a.numbers().has_all(Vec::<u32>::new()))?,
            [one, two, none]
        );
        assert_eq!(found(|a| a.numbers().has(2_u32))?, [two]);
        assert_eq!(found(|a| a.flags().has(true))?, [none]);
        assert_eq!(found(|a| a.words().has("things,"))?, [none]);
        assert_eq!(found(|a| a.words().has_all(["of", "things"]))?, [one, two]);
        assert_eq!(
            found(|a| a.shelf().eq(0_u8).and(a.keywords().has("db")))?,
            [one, two]
        );
        Ok(())
    });
}

// An index by elements has no entry for a row without any, whatever its other parts.
#[test]
fn rows_without_elements_are_found_by_the_other_parts() {
    on_both_stores::<Article>(|orm| {
        let mut em = orm.em();
        let with = article(&mut em, &["db", "rust"], Some(&[1]));
        let without = article(&mut em, &[], None);
        em[with].shelf = 1;
        em.flush()?;
        let all = em.find::<Article>().filter(|a| a.shelf().ge(0_u8)).all()?;
        assert_eq!(all, [with, without]);
        let none = em.find::<Article>().filter(|a| a.shelf().eq(0_u8)).all()?;
        assert_eq!(none, [without]);
        let first = em
            .find::<Article>()
            .order_by(|a| a.shelf().desc())
            .limit(2)
            .all()?;
        assert_eq!(first, [with, without]);
        let by_words = em.find::<Article>();
        let by_words =
            by_words.filter(|a| a.shelf().eq(1_u8).and(a.keywords().has_all(["rust", "db"])));
        assert_eq!(by_words.all()?, [with]);
        Ok(())
    });
}

#[test]
fn no_element_of_a_unique_index_is_in_two_rows() {
    on_both_stores::<Article>(|orm| {
        let mut em = orm.em();
        let one = article(&mut em, &[], Some(&[1, 2, 2]));
        let two = article(&mut em, &[], Some(&[3]));
        for numbers in [None, None, Some(&[][..])] {
            article(&mut em, &[], numbers);
        }
        em.flush()?;
        em[two].numbers = Some(vec![4, 2]);
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "Article 2: `numbers` must be unique, but Article 1 already has 2; choose another value or change that row in the \
             same flush"
        );
        // An element may be handed on, swapped, and taken over from a row that goes.
        em[one].numbers = Some(vec![1, 3]);
        em.flush()?;
        em[one].numbers = Some(vec![2]);
        em[two].numbers = Some(vec![1, 3]);
        em.flush()?;
        em.remove(two);
        em[one].numbers = Some(vec![3, 2, 1]);
        em.flush()
    });
}

#[test]
fn two_units_of_work_can_not_take_one_element() {
    on_both_stores::<Article>(|orm| {
        let (mut first, mut second) = (orm.em(), orm.em());
        article(&mut first, &[], Some(&[7]));
        article(&mut second, &[], Some(&[8, 7]));
        first.flush()?;
        assert!(matches!(
            refused(second.flush()),
            Error::UniqueViolation {
                property: "numbers",
                ..
            }
        ));
        second.clear();
        Ok(())
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_entries_are_those_of_the_elements_after_any_flushes(
        steps in prop::collection::vec((0..3_usize, 0..2_u8, prop::collection::vec("[ab]?", 0..4)), 0..12),
    ) {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let orm = open::<Article>(directory.path());
        let mut em = orm.em();
        let ids = [(); 3].map(|()| article(&mut em, &[], None));
        let mut rows = vec![(0_u8, Vec::new()); 3];
        for (at, shelf, keywords) in steps {
            em[ids[at]].shelf = shelf;
            em[ids[at]].keywords.clone_from(&keywords);
            rows[at] = (shelf, keywords);
            em.flush().expect("nothing forbids it");
        }
        em.flush().expect("nothing forbids it");
        drop(em);
        orm.close().expect("nobody else holds it");
        let engine = Engine::open(directory.path());
        let stored = |tree: &str| -> BTreeSet<Vec<u8>> {
            engine.tree(tree).entries().into_iter().map(|(key, _)| key).collect()
        };
        let mut each = BTreeSet::new();
        let mut by_shelf = BTreeSet::new();
        for (id, (shelf, keywords)) in (1_u64..).zip(rows) {
            for keyword in keywords {
                by_shelf.insert(encoded(&(shelf, keyword.clone(), id)));
                each.insert(encoded(&(keyword, id)));
            }
        }
        prop_assert_eq!(stored("index:Article.keywords"), each);
        prop_assert_eq!(stored("index:Article.by_shelf"), by_shelf);
    }
}

fn encoded(key: &impl musher::OrderedKey) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode_key(&mut bytes);
    bytes
}
