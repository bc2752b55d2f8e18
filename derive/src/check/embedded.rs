//! What an embedded value can hold, and what goes with a property that holds one.

use syn::spanned::Spanned;

use crate::ast::{Container, Field, Kind};
use crate::attr::Slot;
use crate::ctxt::Ctxt;
use crate::shape::Shape;

/// What does not go with a property that holds an embedded value. `None`: it goes.
pub(super) fn refusal(attribute: &str) -> Option<String> {
    match attribute {
        "embedded" | "default" | "serialized_name" | "groups" => None,
        "primary_key" => Some(
            "an embedded value can't be a primary key: mark properties of the entity".to_owned(),
        ),
        "hidden" | "unique" | "index" | "length" | "concurrency_check" => Some(format!(
            "an embedded value is stored as its properties: give `{attribute}` to those of them that it is meant for"
        )),
        _ => Some(format!(
            "`{attribute}` does not go with an embedded value: remove one of the two"
        )),
    }
}

/// What does not go with a property that holds a list of embedded values. `None`: it goes.
pub(super) fn refusal_of_list(attribute: &str) -> Option<String> {
    match attribute {
        "embedded" | "default" | "serialized_name" | "groups" | "hidden" | "concurrency_check"
        | "on_update" => None,
        "unique" | "index" => Some(format!(
            "a list of embedded values has no order: index what is computed of it, with `{attribute}(each(..))` on the struct"
        )),
        "length" => Some(
            "a list of embedded values is no text: give `length` to properties in its struct"
                .to_owned(),
        ),
        _ => Some(format!(
            "`{attribute}` does not go with a list of embedded values: remove one of the two"
        )),
    }
}

/// A property in a struct that is embedded.
pub(super) fn property(cx: &Ctxt, field: &Field<'_>) {
    let attrs = &field.attrs;
    let span = field.ty.span();
    match field.kind() {
        Kind::Key { .. } => cx.error(
            span,
            "an embedded value has no identity: remove `primary_key`, or make it an entity",
        ),
        Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_) => cx.error(
            span,
            "an embedded value has no relations: move the property to the entities, or make this an entity",
        ),
        Kind::Lazy(_) => cx.error(
            span,
            "an embedded value has no lazy properties: write the type without `Lazy`",
        ),
        _ => {}
    }
    let span = |slot: &Slot<()>| slot.as_ref().map(|given| given.span);
    let misplaced = [
        (
            "on_update",
            attrs.on_update.as_ref().map(|given| given.span),
        ),
        ("version", span(&attrs.version)),
        ("concurrency_check", span(&attrs.concurrency_check)),
        ("created_at", span(&attrs.created_at)),
        ("updated_at", span(&attrs.updated_at)),
    ];
    for (attribute, span) in misplaced {
        if let Some(span) = span {
            cx.error(
                span,
                format_args!("`{attribute}` is for the properties of entities: remove it"),
            );
        }
    }
}

/// An embedded value is written as a part of its entity, and has no life of its own.
pub(super) fn attributes(cx: &Ctxt, container: &Container<'_>) {
    if let Some(given) = &container.attrs.name {
        cx.error(
            given.span,
            "an embedded value has no name in the store: its properties are named after the one that holds it",
        );
    }
    for (event, given) in &container.attrs.hooks {
        cx.error(
            given.span,
            format_args!(
                "an embedded value has no hooks: `{}` goes on the entities",
                event.name()
            ),
        );
    }
    for computed in &container.attrs.computed {
        cx.error(
            computed.function.span(),
            "an embedded value has no computed properties: `computed` goes on the entities",
        );
    }
}

/// The struct within a property that is marked `embedded`, where its type can hold one.
pub(super) fn shape(cx: &Ctxt, field: &Field<'_>) {
    let ok = matches!(field.shape, Shape::Plain | Shape::Optional(_));
    if !ok {
        cx.error(
            field.ty.span(),
            "`embedded` goes on a struct with `#[derive(Embedded)]`, or an `Option` or a `Vec` of one",
        );
    }
}
