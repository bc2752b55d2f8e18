//! What the derives ask of embedded values, and the names of their properties.
//!
//! A property of an embedded value is a property of the entity, and is called `home.city`. Names are
//! put together while the program is compiled, so that they are `&'static str` like all others.

use super::{EmbeddedPayload, Fields};

/// A struct whose properties are stored in the rows of entities, in a property marked
/// `#[orm(embedded)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an embedded value",
    label = "not an embedded value",
    note = "add `#[derive(Embedded)]` to `{Self}`"
)]
pub trait Embedded: Fields {
    /// The paths to the properties.
    type Path<R>: Clone;

    /// The typed difference that hooks see.
    type Payload<'a>: From<EmbeddedPayload<'a>>;

    /// The struct's name, as views print it.
    const NAME: &'static str;

    /// The names of the properties, by position.
    const PROPERTIES: &'static [&'static str];
}
