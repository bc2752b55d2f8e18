//! JSON values into managed entities: what a request sends becomes changes of a graph.
//!
//! A value is walked property by property. What does not fit is gathered, with its path, its value and
//! what was expected, and if there is anything of that kind all that was done is taken back.

mod create;
mod embedded;
mod problems;
mod walk;

use serde_json::Value;

use super::{EntityManager, Managed, not_loaded};
use crate::entity::Id;
use crate::error::{Error, Result};
use crate::load::{Hints, LoadPath, Root, Selection};
use walk::Walk;

impl EntityManager {
    /// Changes a loaded entity, and what it is related to, as a JSON object says. Ends with
    /// [`apply`](Assign::apply).
    ///
    /// | the property is | the value is | |
    /// |---|---|---|
    /// | a value | what serde makes the type of | is assigned |
    /// | a reference | a key | refers to that row |
    /// | | an object with a key | refers to that row, and the other properties are assigned to it |
    /// | | an object without a key | a new entity, which it refers to |
    /// | | `null` | refers to nothing, where it is an `Option` |
    /// | a collection | an array of keys and objects, each as above | holds just these from now on |
    ///
    /// Properties that are not mentioned stay as they are; new entities need what has no default. Names are
    /// those of serialization. The key of the entity itself may be given, if it is its own. Nothing is
    /// written before the flush, which judges references and constraints as ever.
    ///
    /// ```
    /// # #[cfg(all(feature = "derive", feature = "serde-json"))] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # use serde_json::json;
    /// # #[derive(Entity, Debug)]
    /// # struct User { #[orm(primary_key)] id: Pk, name: String }
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # #[derive(Entity, Debug)]
    /// # struct Article {
    /// #     #[orm(primary_key)] id: Pk,
    /// #     title: String,
    /// #     rating: Option<u32>,
    /// #     #[orm(many_to_one)] author: Id<User>,
    /// #     #[orm(many_to_many)] tags: Collection<Tag>,
    /// # }
    /// # let orm = Orm::builder().entities::<(User, Tag, Article)>().in_memory()?;
    /// # let mut em = orm.em();
    /// # let article = em.create(Article::build().title("Old").author(User::build().name("Jane")));
    /// # em.create(Tag::build().name("old"));
    /// # em.flush()?;
    /// let request = json!({
    ///     "title": "New",
    ///     "author": { "id": 1, "name": "Jane Doe" },
    ///     "tags": [1, { "name": "new" }],
    /// });
    /// em.assign(article, &request).apply()?;
    /// assert_eq!(em.view(article).author().name, "Jane Doe");
    /// assert_eq!(em[article].tags.len(), 2);
    ///
    /// let wrong = json!({ "titel": "New", "rating": "good" });
    /// let error = em.assign(article, &wrong).apply().unwrap_err();
    /// assert!(error.to_string().contains("`titel`") && error.to_string().contains("Option<u32>"));
    /// # Ok(()) }
    /// # #[cfg(not(all(feature = "derive", feature = "serde-json")))] fn main() {}
    /// ```
    pub fn assign<'v, T: Managed>(&mut self, id: Id<T>, value: &'v Value) -> Assign<'_, 'v, T> {
        Assign {
            em: self,
            id,
            value,
            rules: Rules::default(),
        }
    }
}

/// A JSON value to be assigned, made by [`EntityManager::assign`].
#[must_use = "nothing is assigned before `.apply()`"]
pub struct Assign<'em, 'v, T: Managed> {
    em: &'em mut EntityManager,
    id: Id<T>,
    value: &'v Value,
    rules: Rules,
}

/// What a value may say.
#[derive(Default)]
struct Rules {
    /// The own properties that may be assigned; all, if nothing is said.
    only: Option<Hints>,
    ignores_unknown: bool,
    allows_hidden: bool,
    allows_keys: bool,
}

impl<T: Managed> Assign<'_, '_, T> {
    /// Only these properties of the entity itself may be assigned: `.only(|a| (a.title(), a.text()))`.
    /// Others are wrong, as unknown ones are.
    pub fn only<S: Selection<T>>(
        mut self,
        properties: impl FnOnce(T::LoadPath<Root<T>>) -> S,
    ) -> Self {
        let only = self.rules.only.get_or_insert_default();
        properties(LoadPath::root().into()).into_selection(only);
        self
    }

    /// What is no property, or not among those that [`only`](Self::only) names, is left alone, instead of
    /// being wrong.
    pub const fn ignore_unknown(mut self) -> Self {
        self.rules.ignores_unknown = true;
        self
    }

    /// Hidden properties may be assigned too: a password, say.
    pub const fn allow_hidden(mut self) -> Self {
        self.rules.allows_hidden = true;
        self
    }

    /// A related object with a key that no row has is a new entity with this key, instead of being wrong.
    pub const fn allow_keys(mut self) -> Self {
        self.rules.allows_keys = true;
        self
    }

    /// Assigns.
    ///
    /// # Errors
    /// [`Error::Assign`] with everything that does not fit; [`Error::NotLoaded`] if the entity is not
    /// loaded; what reading related rows says. Nothing has changed then.
    pub fn apply(self) -> Result<()> {
        let Self {
            em,
            id,
            value,
            rules,
        } = self;
        let Some(instance) = em.loaded(&id) else {
            return Err(not_loaded(&id));
        };
        em.attempt(|em| {
            em.reconcile()?;
            let mut walk = Walk::new(em, &rules);
            walk.root(instance, value)?;
            let problems = walk.into_problems();
            if problems.is_empty() {
                Ok(())
            } else {
                Err(Error::Assign(problems))
            }
        })
    }
}
