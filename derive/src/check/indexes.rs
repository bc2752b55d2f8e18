//! What may be a part of an index.

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;

use crate::ast::{Container, Derived, Field, Kind};
use crate::ctxt::Ctxt;
use crate::indexes::{self, IndexAttr, Part};
use crate::mention::mentions;
use crate::suggest::nearest;

/// Checks the indexes that are declared on the struct.
pub(super) fn check(cx: &Ctxt, container: &Container<'_>) {
    for index in &container.attrs.indexes {
        if container.derived == Derived::Base {
            let name = index.attribute();
            cx.error(
                index.span,
                format_args!(
                    "a base entity has no `{name}` over several properties: it goes on the entities"
                ),
            );
            continue;
        }
        check_index(cx, container, index);
    }
}

fn check_index(cx: &Ctxt, container: &Container<'_>, index: &IndexAttr) {
    let name = index.attribute();
    if index.parts.is_empty() {
        cx.error(
            index.span,
            format_args!("`{name}` on the struct names properties: `#[orm({name}(author, title))]`; of a single one, it goes on the property"),
        );
    }
    let mut each = index.parts.iter().filter(|part| part.each);
    if let (Some(first), Some(second)) = (each.next(), each.next()) {
        cx.error(
            second.ident.span(),
            format_args!(
                "an index has the elements of one property, and `{}` is one already",
                first.ident
            ),
        );
    }
    for (at, part) in index.parts.iter().enumerate() {
        let (before, ident) = (&index.parts[..at], &part.ident);
        if before.iter().any(|before| before.ident == *ident) {
            cx.error(ident.span(), format_args!("`{ident}` is named twice"));
        } else if let Some(derived) = &part.derived {
            check_derived(cx, container, derived);
        } else {
            check_part(cx, container, index, part);
        }
    }
}

/// What is derived has a name of its own.
fn check_derived(cx: &Ctxt, container: &Container<'_>, derived: &indexes::Derived) {
    let name = derived.name();
    if container.fields.iter().any(|field| field.name == name) {
        cx.error(
            derived.ident.span(),
            format_args!("`{name}` is a property: give what is derived another name"),
        );
    }
    let tokens = derived.expr.to_token_stream();
    let is_elsewhere = |field: &&Field<'_>| {
        let is_apart = matches!(
            field.kind(),
            Kind::Lazy(_) | Kind::Collection(_) | Kind::Inverse(_)
        );
        is_apart && mentions(tokens.clone(), &field.name)
    };
    for field in container.fields.iter().filter(is_elsewhere) {
        cx.error(
            derived.expr.span(),
            format_args!(
                "`{name}` is computed of what is in the row, and `{}` is stored apart",
                field.name
            ),
        );
    }
    let first = container.derived().find(|first| first.name() == name);
    if first.is_some_and(|first| !std::ptr::eq(first, derived)) {
        cx.error(
            derived.ident.span(),
            format_args!("`{name}` is derived already: name it without type and value"),
        );
    }
}

fn check_part(cx: &Ctxt, container: &Container<'_>, index: &IndexAttr, part: &Part) {
    let (span, name) = (part.ident.span(), part.name());
    if container.derived().any(|derived| derived.name() == name) {
        return;
    }
    let Some(field) = container.fields.iter().find(|field| field.name == name) else {
        // A property of the base is for the compiler to find.
        if container.base().is_none() {
            unknown(cx, container, span, &name);
        }
        return;
    };
    if let Some(problem) = refusal(field, index, part) {
        cx.error(span, problem);
    }
}

fn unknown(cx: &Ctxt, container: &Container<'_>, span: Span, name: &str) {
    let names: Vec<&str> = container
        .properties()
        .map(|field| field.name.as_str())
        .collect();
    let meant = nearest(name, &names)
        .map_or_else(String::new, |meant| format!(": did you mean `{meant}`?"));
    cx.error(
        span,
        format_args!("`{}` has no property `{name}`{meant}", container.ident),
    );
}

/// What is wrong with a field as a part of an index.
fn refusal(field: &Field<'_>, index: &IndexAttr, part: &Part) -> Option<String> {
    let (name, attribute, is_single) = (&field.name, index.attribute(), index.parts.len() == 1);
    let message = match field.kind() {
        Kind::Base => format!(
            "`{name}` is the base: name one of its properties, as in `{attribute}(created_at)`"
        ),
        Kind::Skip => format!("`{name}` is skipped, and is no property"),
        Kind::Key { .. } => format!(
            "a primary key is unique and indexed as it is: remove `{name}`; every index ends with it"
        ),
        Kind::Embedded { .. } => format!(
            "`{name}` is stored as its properties: give `{attribute}` to the ones in its struct that it is meant for"
        ),
        Kind::EmbeddedList => format!(
            "the elements of `{name}` have no order: index what is computed of them, as in \
             `{attribute}(each(cities: Vec<String> = {name}.iter().map(|it| it.city.clone()).collect()))`"
        ),
        Kind::Lazy(_) => format!(
            "an index needs values in the row, and `{name}` is stored apart: write its type without `Lazy`"
        ),
        Kind::Collection(_) | Kind::Inverse(_) => format!(
            "an index needs values in the row, and `{name}` is stored at the other end: remove it"
        ),
        Kind::ToOne { .. } if part.each => {
            format!("`each` goes with a list or set, and `{name}` is a reference")
        }
        Kind::ToOne { .. } if is_single && index.unique => {
            format!("a unique reference is a `one_to_one` relation: write that at `{name}` instead")
        }
        Kind::ToOne { .. } if is_single => {
            format!("a to-one relation is indexed as it is: remove `index({name})`")
        }
        Kind::ToOne { .. } | Kind::Scalar => return None,
    };
    Some(message)
}
