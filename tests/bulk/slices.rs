//! Long operations in slices.

use musher::Filter;
use musher::prelude::*;

use crate::support::*;

fn tags(count: usize) -> impl Iterator<Item = Tag> {
    (0..count).map(|number| Tag {
        id: Pk::unset(),
        name: format!("{number:03}"),
        articles: Collection::new(),
    })
}

#[test]
fn each_slice_is_a_commit_and_is_told() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let mut told = Vec::new();
        let ids = em
            .insert_many(tags(25))
            .in_slices(10, |done| told.push(done))
            .execute()?;
        assert_eq!((ids.len(), told), (25, vec![10, 20, 25]));
        assert_eq!(em.statistics().commits, 3);

        let mut told = Vec::new();
        let count = em
            .update_where::<Tag>(|t| t.name().lt("020"))
            .set(|t| t.name().update(|name| format!("9{name}")))
            .in_slices(8, |done| told.push(done))
            .execute()?;
        assert_eq!(
            (count, told),
            (20, vec![8, 16, 20]),
            "a row that is changed is changed once"
        );
        assert_eq!(em.statistics().commits, 6);

        let mut told = Vec::new();
        let gone = em
            .delete_where::<Tag>(|_| Filter::all([]))
            .in_slices(20, |done| told.push(done))
            .execute()?;
        assert_eq!((gone, told), (25, vec![20, 25]));
        assert_eq!(em.find::<Tag>().count()?, 0);
        Ok(())
    });
}

#[test]
fn slices_before_one_that_fails_stay() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let page = |path: &str, title: &str| Page::build().path(path).title(title);
        let pages = [page("/a", "A"), page("/b", "B"), page("/c", "A")];
        let failed = em.insert_many(pages).in_slices(2, |_| {}).execute();
        assert!(matches!(
            refused(failed),
            musher::Error::UniqueViolation { .. }
        ));
        assert_eq!(em.find::<Page>().count()?, 2);
        Ok(())
    });
}

#[test]
fn inside_a_transaction_slices_are_one_commit() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.transactional(|em| em.insert_many(tags(25)).in_slices(10, |_| {}).execute())?;
        assert_eq!(em.statistics().commits, 1);
        assert_eq!(orm.em().find::<Tag>().count()?, 25);
        Ok(())
    });
}
