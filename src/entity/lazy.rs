//! A property that is read only when asked for.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::{Error, Result};

/// Where a value belongs, so that a message can name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The entity's name.
    pub entity: &'static str,
    /// The property's name.
    pub property: &'static str,
}

impl Origin {
    /// All of a collection is asked for of which a part is there.
    pub(crate) fn partial(self) -> Error {
        let Self { entity, property } = self;
        Error::NotLoaded {
            what: format!("{entity}.{property} holds a part of its items, and the rest"),
            remedy: format!(
                "what is not shown would be judged unseen; load all of it first, with `em.edit(id).{property}().init()` or a \
                 populate hint without filter, offset and limit"
            ),
        }
    }

    pub(crate) fn not_loaded(self, key: Option<&dyn fmt::Display>) -> Error {
        let Self { entity, property } = self;
        Error::NotLoaded {
            what: match key {
                Some(key) => format!("{entity}.{property} of {entity} {key}"),
                None => format!("{entity}.{property}"),
            },
            remedy: format!(
                "add `{property}` to the populate hint, `.populate(|it| it.{property}())`, or call `em.populate(id, |it| it.{property}())`"
            ),
        }
    }
}

/// A property stored apart from its row: finding the entity does not read it, a populate hint does.
///
/// ```
/// # use musher::Lazy;
/// let text: Lazy<String> = "Lorem ipsum".into();
/// assert_eq!(text.get().map(String::as_str), Some("Lorem ipsum"));
/// assert!(Lazy::<String>::default().try_get().is_err());
/// ```
#[derive(Clone)]
pub struct Lazy<T>(State<T>);

#[derive(Clone)]
enum State<T> {
    NotLoaded(Option<Origin>),
    Loaded(T),
}

impl<T> Lazy<T> {
    #[doc(hidden)]
    #[must_use]
    pub const fn not_loaded(origin: Origin) -> Self {
        Self(State::NotLoaded(Some(origin)))
    }

    /// A value that is there.
    pub const fn new(value: T) -> Self {
        Self(State::Loaded(value))
    }

    /// The value, if it is loaded.
    pub const fn get(&self) -> Option<&T> {
        match &self.0 {
            State::Loaded(value) => Some(value),
            State::NotLoaded(_) => None,
        }
    }

    /// The value, to be changed in place, if it is loaded.
    pub const fn get_mut(&mut self) -> Option<&mut T> {
        match &mut self.0 {
            State::Loaded(value) => Some(value),
            State::NotLoaded(_) => None,
        }
    }

    /// The value.
    ///
    /// # Errors
    /// [`Error::NotLoaded`], which names the populate hint that loads it.
    pub fn try_get(&self) -> Result<&T> {
        match &self.0 {
            State::Loaded(value) => Ok(value),
            State::NotLoaded(Some(origin)) => Err(origin.not_loaded(None)),
            State::NotLoaded(None) => Err(Error::NotLoaded {
                what: "a lazy property without a value".to_owned(),
                remedy: "assign it a value".to_owned(),
            }),
        }
    }

    /// Whether the value is there.
    pub const fn is_loaded(&self) -> bool {
        self.get().is_some()
    }

    /// The value, by value, if it is loaded.
    pub fn into_inner(self) -> Option<T> {
        match self.0 {
            State::Loaded(value) => Some(value),
            State::NotLoaded(_) => None,
        }
    }
}

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Self(State::NotLoaded(None))
    }
}

impl<T> From<T> for Lazy<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Lazy<String> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

impl<T: PartialEq> PartialEq for Lazy<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for Lazy<T> {}

impl<T: fmt::Debug> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(value) => value.fmt(f),
            None => f.write_str("<not loaded>"),
        }
    }
}

/// A value that is not loaded serializes as nothing at all inside a view, and as `null` elsewhere.
impl<T: Serialize> Serialize for Lazy<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}
