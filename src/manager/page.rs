//! Pages of a query, each from a cursor on.

use std::fmt;
use std::marker::PhantomData;

use super::find::ids;
use super::read::Leaf;
use super::{Find, Managed};
use crate::entity::{Entity, Handle, Id, handles};
use crate::error::Result;
use crate::query::Cursor;

/// What [`Find::page`] finds: one page, and the cursors that lead to the pages beside it.
#[non_exhaustive]
pub struct Page<T: Entity, H = Id<T>> {
    /// The entities, loaded, in the order of the query.
    pub ids: Vec<H>,
    /// For [`Find::before`]: the page before this one. `None` if there is none.
    pub previous: Option<Cursor>,
    /// For [`Find::after`]: the page after this one. `None` if there is none.
    pub next: Option<Cursor>,
    entity: PhantomData<fn() -> T>,
}

/// What [`FindFields::page`](crate::FindFields::page) finds: one page of values, and the cursors that lead
/// to the pages beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowPage<R> {
    /// The values, in the order of the query.
    pub rows: Vec<R>,
    /// For [`Find::before`]: the page before this one. `None` if there is none.
    pub previous: Option<Cursor>,
    /// For [`Find::after`]: the page after this one. `None` if there is none.
    pub next: Option<Cursor>,
}

impl<R> RowPage<R> {
    pub(super) fn new((rows, previous, next): Leaf<R>) -> Self {
        Self {
            rows,
            previous,
            next,
        }
    }
}

// Derived, these would ask the same of the entity.
impl<T: Entity, H: Clone> Clone for Page<T, H> {
    fn clone(&self) -> Self {
        Self {
            ids: self.ids.clone(),
            previous: self.previous.clone(),
            next: self.next.clone(),
            entity: PhantomData,
        }
    }
}

impl<T: Entity, H: PartialEq> PartialEq for Page<T, H> {
    fn eq(&self, other: &Self) -> bool {
        (&self.ids, &self.previous, &self.next) == (&other.ids, &other.previous, &other.next)
    }
}

impl<T: Entity, H: Eq> Eq for Page<T, H> {}

impl<T: Entity, H: fmt::Debug> fmt::Debug for Page<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("ids", &self.ids)
            .field("previous", &self.previous)
            .field("next", &self.next)
            .finish()
    }
}

impl<T: Managed, H: Handle<Entity = T>> Find<'_, T, H> {
    /// Only what comes after a cursor. The order must be the one that the cursor was made with. `None`
    /// changes nothing, so what a request may have is given as it is: `.after(&request.after)`, or
    /// `.after(page.next.as_ref())`.
    pub fn after<'c>(self, cursor: impl Into<Option<&'c Cursor>>) -> Self {
        self.behind(cursor.into(), false)
    }

    /// Only what comes before a cursor, and of that the last, up to the limit. It is found in the order
    /// of the query all the same. `None` changes nothing; of several cursors the one given last counts.
    pub fn before<'c>(self, cursor: impl Into<Option<&'c Cursor>>) -> Self {
        self.behind(cursor.into(), true)
    }

    fn behind(mut self, cursor: Option<&Cursor>, backward: bool) -> Self {
        if let Some(cursor) = cursor {
            self.cursor = Some(cursor.clone());
            self.query.backward = backward;
        }
        self
    }

    /// One page of at most so many, from the beginning, or from where [`after`](Self::after) or
    /// [`before`](Self::before) says, with the cursors of the pages beside it. Unlike an offset, a cursor
    /// skips nothing and repeats nothing when rows come and go before it, and costs the same on every
    /// page: along an index, only the page is read.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use musher::prelude::*;
    /// use musher::Cursor;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, #[orm(index)] name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    ///
    /// /// What a request brings, `/tags?after=..`: serde makes it of the query string.
    /// #[derive(serde::Deserialize)]
    /// struct Request {
    ///     after: Option<Cursor>,
    ///     before: Option<Cursor>,
    /// }
    ///
    /// /// The names on a page, and what the link to the next page has for `after`.
    /// fn tags(orm: &Orm, request: &Request) -> musher::Result<(Vec<String>, Option<Cursor>)> {
    ///     let mut em = orm.em();
    ///     let page = em
    ///         .find::<Tag>()
    ///         .order_by(|t| t.name().asc())
    ///         .after(&request.after)
    ///         .before(&request.before)
    ///         .page(2)?;
    ///     let names = page.ids.iter().map(|tag| em[*tag].name.clone()).collect();
    ///     Ok((names, page.next))
    /// }
    ///
    /// # let mut em = orm.em();
    /// # for name in ["a", "b", "c"] { em.create(Tag::build().name(name)); }
    /// # em.flush()?;
    /// # use serde_json::{from_value, json};
    /// let (names, next) = tags(&orm, &from_value(json!({}))?)?;
    /// assert_eq!(names, ["a", "b"]);
    /// let link = next.expect("there is more").to_string(); // safe in a URL
    /// let (names, next) = tags(&orm, &from_value(json!({ "after": link }))?)?;
    /// assert_eq!((names, next), (vec!["c".to_owned()], None));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Error::Query`](crate::Error::Query) if the cursor is of another entity or order, or was changed, or if the order
    /// is by a hidden property. Else as [`all`](Self::all).
    pub fn page(mut self, most: usize) -> Result<Page<T, H>> {
        self.query.take = Some(most);
        let index = self.em.entity_index::<T>();
        let (keys, previous, next) =
            self.em
                .load_page(index, self.query, self.cursor.as_ref(), &self.options)?;
        Ok(Page {
            ids: handles(ids(&keys)),
            previous,
            next,
            entity: PhantomData,
        })
    }
}
