//! Populate hints by name, for paths that come from outside.

use super::find::Options;
use super::{EntityManager, Find, FindOne, Managed};
use crate::entity::IntoIds;
use crate::error::Result;
use crate::load::Hints;

impl<T: Managed, H> Find<'_, T, H> {
    /// Loads what the paths name, as [`EntityManager::populate_dyn`] does. The type of the result says
    /// nothing of it.
    ///
    /// # Errors
    /// As that says. Nothing has been read then.
    pub fn populate_dyn(mut self, paths: impl IntoIterator<Item: AsRef<str>>) -> Result<Self> {
        self.em.add_named::<T>(&mut self.options.hints, paths)?;
        Ok(self)
    }
}

impl<T: Managed, H> FindOne<'_, T, H> {
    /// Loads what the paths name, as [`EntityManager::populate_dyn`] does. The type of the result says
    /// nothing of it.
    ///
    /// # Errors
    /// As that says. Nothing has been read then.
    pub fn populate_dyn(mut self, paths: impl IntoIterator<Item: AsRef<str>>) -> Result<Self> {
        self.em.add_named::<T>(&mut self.options.hints, paths)?;
        Ok(self)
    }
}

impl EntityManager {
    /// As [`populate`](Self::populate), with paths that are texts: names of relations and lazy
    /// properties with dots between them, as a request may bring them. Each step is checked against the
    /// entities before anything is loaded. Hidden properties are no steps.
    ///
    /// How deep a path may go, and which relations may be seen, is for the program to say: a path is as
    /// long as its sender likes.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct User { #[orm(primary_key)] id: Pk, name: String, #[orm(hidden)] password: Lazy<String> }
    /// # #[derive(Entity, Debug)]
    /// # struct Article { #[orm(primary_key)] id: Pk, text: Lazy<String>, #[orm(many_to_one)] author: Id<User> }
    /// # let orm = Orm::builder().entities::<(User, Article)>().in_memory()?;
    /// # let mut em = orm.em();
    /// # let user = em.create(User::build().name("Ann").password("secret"));
    /// # let article = em.create(Article::build().text("..").author(user));
    /// # em.flush()?; em.clear();
    /// let wanted = "author,text"; // ?populate=author,text
    /// em.find_one(article).populate_dyn(wanted.split(','))?.or_fail()?;
    /// assert_eq!(em.view(article).author().name, "Ann");
    ///
    /// let error = em.populate_dyn(article, ["author.articels"]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "Article: the populate path `author.articels` can't be followed at `articels`: User has no such \
    ///      relation or lazy property; User has nothing to populate"
    /// );
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Error::Query`](crate::Error::Query) that names the path and its wrong step, and says what there
    /// is; else as [`populate`](Self::populate).
    pub fn populate_dyn<T: Managed>(
        &mut self,
        ids: impl IntoIds<T>,
        paths: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<()> {
        let mut options = Options::default();
        self.add_named::<T>(&mut options.hints, paths)?;
        self.populate_with(&ids.into_ids(), &options)
    }

    fn add_named<T: Managed>(
        &self,
        hints: &mut Hints,
        paths: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<()> {
        let (schema, root) = (&self.database.schema, self.entity_index::<T>());
        paths
            .into_iter()
            .try_for_each(|path| hints.add_named(schema, root, path.as_ref()))
    }
}
