//! Queries for rows without some of their properties.

use super::{Find, FindFields, Managed};
use crate::error::Result;
use crate::load::{Exclusion, LoadPath, Root};
use crate::query::{Part, Partial, Path, Remainder};
use crate::schema::FieldSet;

impl<'em, T: Managed> Find<'em, T> {
    /// Leaves properties out of what is read: `.exclude(|a| (a.description(), a.views()))`. The results are
    /// [`Partial`] rows, which hold all other properties of the row and no byte of these. Nobody manages
    /// them, so what was left out can neither be read for a default nor be written back.
    ///
    /// What is left out is told as for [`EntityManager::serialize`](crate::EntityManager::serialize): an
    /// embedded value as a whole, a relation by its name. Collections and lazy properties are left out
    /// anyway. The primary key is always there; to name it does not compile.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct User { #[orm(primary_key)] id: Pk, name: String }
    /// # #[derive(Entity, Debug)]
    /// # struct Article { #[orm(primary_key)] id: Pk, title: String, body: String, #[orm(many_to_one)] author: Id<User> }
    /// # let orm = Orm::builder().entities::<(User, Article)>().in_memory()?;
    /// # let mut em = orm.em();
    /// # let user = em.create(User::build().name("Ann"));
    /// # em.create(Article::build().title("Foo").body("long").author(user));
    /// let articles = em.find::<Article>().exclude(|a| a.body()).all()?;
    /// let (title, author) = articles[0].get(|a| (a.title(), a.author().id()))?;
    /// assert_eq!((title.as_str(), author), ("Foo", user.key()));
    ///
    /// let error = articles[0].get(|a| a.body()).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "`body` of Article 1 is not loaded; the query has excluded it, so take `body` out of its `exclude`"
    /// );
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// A partial row serializes as its entity does, with what is there. Relations are keys in it, so a
    /// query that populates has no `exclude`; ask for what is behind a relation with
    /// [`fields`](Self::fields).
    pub fn exclude<X: Exclusion<T>>(
        self,
        properties: impl FnOnce(T::LoadPath<Root<T>>) -> X,
    ) -> FindFields<'em, T, Remainder<T>> {
        let mut excluded = FieldSet::new();
        properties(LoadPath::root().into()).exclude(&mut excluded);
        let index = self.em.entity_index::<T>();
        let mut remainder = Remainder::new(&self.em.database.schema, index, excluded);
        if !self.options.hints.is_empty() {
            remainder = remainder.with_problem(
                "a partial row belongs to no unit of work, and nothing is populated for it; take out `populate`, or \
                 ask for what is behind relations with `fields`",
            );
        }
        FindFields::new(self, remainder)
    }
}

impl<T: Managed> Partial<T> {
    /// A property of the row, `partial.get(|a| a.title())`, or several, as a tuple. Of a to-one relation,
    /// the key is there: `partial.get(|a| a.author().id())`. What may be `None` on the way is asked for as
    /// [`optional`](crate::Property::optional).
    ///
    /// # Errors
    /// [`Error::NotLoaded`](crate::Error::NotLoaded) if the property was excluded, or is behind a relation.
    /// [`Error::Query`](crate::Error::Query) if a relation or an embedded value that leads there is `None`.
    /// [`Error::Corruption`](crate::Error::Corruption) if the value can't be read.
    pub fn get<P: Part<T>>(&self, property: impl FnOnce(T::Path<T>) -> P) -> Result<P::Value<'_>> {
        property(Path::root().into()).of(self)
    }
}
