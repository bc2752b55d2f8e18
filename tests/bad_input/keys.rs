//! Keys that name no row, keys at the ends of their range, and keys that are too long.

use musher::prelude::*;

use crate::support::*;

#[test]
fn a_key_without_a_row_is_told_by_every_call_that_takes_one() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (nobody, nothing) = (Id::<User>::new(u64::MAX), Id::<Tag>::new(0));
        assert_eq!(em.find_one(nobody).one()?, None);
        let not_found = "User 18446744073709551615 was not found in the database";
        assert_eq!(
            refused(em.find_one(nobody).or_fail()).to_string(),
            not_found
        );
        assert_eq!(refused(em.refresh(nobody)).to_string(), not_found);
        assert!(matches!(
            refused(em.try_view(nobody)),
            Error::NotLoaded { .. }
        ));
        assert!(matches!(
            refused(em.populate(nobody, |u| u.articles())),
            Error::NotLoaded { .. }
        ));
        assert!(em.get(nobody).is_none() && em.get_mut(nobody).is_none());
        assert!(!em.is_managed(nobody));
        em.detach(nobody);

        em.remove(nobody);
        let gone = refused(em.flush());
        assert!(
            matches!(gone, Error::RowGone { entity: "User", .. }),
            "{gone}"
        );
        em.detach(nobody);

        let ann = user(&mut em, "ann");
        let one = article(&mut em, "one", nobody);
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "Article 1: `author` refers to User 18446744073709551615, which is not in the database; \
             persist it in the same flush or an earlier one"
        );
        em.edit(one).set_author(ann).tags().add(nothing);
        let error = refused(em.flush()).to_string();
        assert!(
            error.starts_with("Article 1: `tags` refers to Tag 0, which is not"),
            "{error}"
        );
        em.edit(one).tags().remove(nothing);
        em.edit(one).comments().add(Id::new(77));
        let error = refused(em.flush()).to_string();
        assert_eq!(error, "Comment 77 was not found in the database");
        em.edit(one).comments().remove(Id::new(77));
        em.flush()
    });
}

#[test]
fn keys_at_the_ends_of_their_range_leave_the_sequence_alone() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        for key in [0, 1, u64::MAX - 1, u64::MAX] {
            em.persist(Tag {
                id: Pk::from(key),
                name: key.to_string(),
                articles: Collection::new(),
            });
        }
        let next = tag(&mut em, "generated");
        assert_eq!(*next.key(), 2);
        em.flush()?;
        em.clear();
        let keys: Vec<u64> = em
            .find::<Tag>()
            .all()?
            .into_iter()
            .map(Id::into_key)
            .collect();
        assert_eq!(keys, [0, 1, 2, u64::MAX - 1, u64::MAX]);
        Ok(())
    });
}

const LONGEST: usize = 16 * 1024;

/// What a text key takes of the limit beside its characters.
const END: usize = 2;

#[test]
fn a_key_that_is_too_long_is_a_violation_like_any_other() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let long = "k".repeat(LONGEST);
        let id = em.create(Page::build().path(long.clone()).title("t"));
        let error = refused(em.flush());
        let Error::Validation(violations) = &error else {
            panic!("{error}")
        };
        let [violation] = violations.as_slice() else {
            panic!("{error}")
        };
        assert_eq!((violation.entity, &*violation.property), ("Page", "path"));
        assert!(violation.problem.contains("16386 bytes"), "{error}");
        assert!(violation.problem.contains("at most 16384"), "{error}");
        assert!(error.to_string().len() < 1000, "the key is cut");

        em.remove(id);
        let id = em.create(Page::build().path(&long[END..]).title("t"));
        em.flush()?;
        em.clear();
        assert!(em.find_one(id.clone()).one()?.is_some());
        Ok(())
    });
}

#[test]
fn an_indexed_value_that_is_too_long_is_a_violation_of_its_property() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let long = "v".repeat(LONGEST);
        let one = em.create(
            Article::build()
                .slug(long.clone())
                .title(long.clone())
                .text("short")
                .author(ann),
        );
        let error = refused(em.flush());
        let Error::Validation(violations) = &error else {
            panic!("{error}")
        };
        let properties: Vec<_> = violations
            .iter()
            .map(|it| (it.entity, it.key.as_str(), &*it.property))
            .collect();
        assert_eq!(
            properties,
            [("Article", "1", "slug"), ("Article", "1", "title")]
        );
        assert!(violations[0].problem.contains("at most 16384"), "{error}");

        em[one].slug.truncate(LONGEST - END);
        // A plain index has the primary key beside the value: one byte here.
        em[one].title.truncate(LONGEST - END - 1);
        em.flush()?;
        let (slug, title) = (em[one].slug.clone(), em[one].title.clone());
        em.clear();
        assert_eq!(
            em.find::<Article>()
                .filter(|a| a.slug().eq(slug.as_str()))
                .all()?,
            [one]
        );
        assert_eq!(
            em.find::<Article>()
                .filter(|a| a.title().eq(title.as_str()))
                .all()?,
            [one]
        );
        em.find_one(one).or_fail()?;
        em[one].title.push('v');
        assert!(matches!(refused(em.flush()), Error::Validation(_)));
        em[one].title.pop();
        em.flush()
    });
}

#[derive(Entity, Debug)]
struct Node {
    #[orm(primary_key)]
    key: String,
    #[orm(many_to_one)]
    parent: Option<Id<Node>>,
    #[orm(many_to_many)]
    nodes: Collection<Node>,
}

#[test]
fn two_keys_that_are_too_long_together_are_a_violation_of_their_relation() {
    on_both_stores::<Node>(|orm| {
        let mut em = orm.em();
        let [a, b] = ["a", "b"].map(|key| em.create(Node::build().key(key.repeat(LONGEST / 2))));
        em.flush()?;
        em.edit(a.clone()).nodes().add(b.clone());
        let error = refused(em.flush());
        let Error::Validation(violations) = &error else {
            panic!("{error}")
        };
        assert_eq!(
            (violations[0].entity, &*violations[0].property),
            ("Node", "nodes")
        );
        em.edit(a.clone()).nodes().remove(b.clone());
        em.edit(a.clone()).set_parent(Some(b.clone()));
        let error = refused(em.flush());
        let Error::Validation(violations) = &error else {
            panic!("{error}")
        };
        assert_eq!(
            (violations[0].entity, &*violations[0].property),
            ("Node", "parent")
        );
        em.edit(a).set_parent(None);
        em.flush()
    });
}
