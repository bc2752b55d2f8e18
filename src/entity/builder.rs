//! What the type parameters of a generated builder are: [`Missing`] until the property is set.
//!
//! The traits that tell the two apart are generated, one for each required property, so that the
//! compiler's message names it.

/// A required property that is not set yet.
#[derive(Debug, Clone, Copy)]
pub struct Missing;

/// A required property that is set.
#[derive(Debug, Clone)]
pub struct Set<V>(V);

impl<V> Set<V> {
    /// The property has this value.
    pub const fn new(value: V) -> Self {
        Self(value)
    }

    /// The value.
    pub fn into_inner(self) -> V {
        self.0
    }
}
