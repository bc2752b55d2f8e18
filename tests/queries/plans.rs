//! Which keys and indexes a query uses.

use super::{Book, Library};
use crate::support::on_both_stores;

/// How a query was run: the access, whether it was sorted after, and how many rows were examined.
type Way = (String, bool, usize);

#[test]
fn keys_and_indexes_are_used_where_they_help() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        for at in 0..200_u16 {
            let book = Book::build().title(format!("{at:03}")).pages(at % 10);
            em.create(book.isbn(Some(u32::from(at))));
        }
        em.flush()?;
        let mut way = |ask: fn(musher::Find<'_, Book>) -> musher::Find<'_, Book>| {
            let explanation = ask(em.find::<Book>()).explain()?;
            let full = explanation.rows_examined == 200;
            assert_eq!(explanation.is_full_scan, full);
            musher::Result::<Way>::Ok((
                explanation.access,
                explanation.is_sorted_after,
                explanation.rows_examined,
            ))
        };
        let is = |access: &str, sorted, examined| (access.to_owned(), sorted, examined);

        assert_eq!(way(|q| q.filter(|b| b.id().eq(7)))?, is("keys", false, 1));
        assert_eq!(
            way(|q| q.filter(|b| b.id().gt(195)))?,
            is("range of keys", false, 5)
        );
        assert_eq!(way(|q| q.limit(3))?, is("all rows", false, 3));
        assert_eq!(
            way(|q| q.order_by(|b| b.id().desc()).limit(3))?,
            is("all rows, backward", false, 3)
        );

        let equal = way(|q| q.filter(|b| b.title().eq("007")))?;
        assert_eq!(equal, is("index on title, equal", false, 1));
        let prefix = way(|q| q.filter(|b| b.title().starts_with("19")))?;
        assert_eq!(prefix, is("index on title, range", false, 10));
        let like = way(|q| q.filter(|b| b.title().like("19%9")))?;
        assert_eq!(like, is("index on title, range", false, 10));
        let between =
            way(|q| q.filter(|b| b.title().between("100", "104").and(b.pages().eq(3_u16))))?;
        assert_eq!(between, is("index on title, range", false, 5));
        let last = way(|q| q.order_by(|b| b.title().desc()).limit(2))?;
        assert_eq!(last, is("index on title, in its order, backward", false, 2));
        let among = way(|q| {
            q.filter(|b| b.title().ge("190"))
                .order_by(|b| b.title().asc())
                .limit(2)
        })?;
        assert_eq!(among, is("index on title, range, in its order", false, 2));

        // A unique index has no entries for `None`, which is less than every number.
        let above = way(|q| q.filter(|b| b.isbn().ge(195)))?;
        assert_eq!(above, is("index on isbn, range", false, 5));
        let below = way(|q| q.filter(|b| b.isbn().lt(5)))?;
        assert_eq!(below, is("all rows", false, 200));
        let ordered = way(|q| q.order_by(|b| b.isbn().asc()).limit(2))?;
        assert_eq!(ordered, is("all rows", true, 200));

        assert_eq!(
            way(|q| q.order_by(|b| b.title().asc()))?,
            is("all rows", true, 200)
        );
        assert_eq!(
            way(|q| q.filter(|b| b.pages().eq(3_u16)))?,
            is("all rows", false, 200)
        );
        assert_eq!(
            way(|q| q.filter(|b| b.title().ends_with("9")))?,
            is("all rows", false, 200)
        );
        Ok(())
    });
}
