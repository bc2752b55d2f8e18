//! What may be a part of an index.

use proc_macro2::Span;
use syn::Ident;
use syn::ext::IdentExt;

use crate::ast::{Container, Derived, Field, Kind};
use crate::ctxt::Ctxt;
use crate::indexes::IndexAttr;
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
    for (at, part) in index.parts.iter().enumerate() {
        if index.parts[..at].contains(part) {
            cx.error(part.span(), format_args!("`{part}` is named twice"));
        } else {
            check_part(cx, container, index, part);
        }
    }
}

fn check_part(cx: &Ctxt, container: &Container<'_>, index: &IndexAttr, part: &Ident) {
    let name = part.unraw().to_string();
    let Some(field) = container.fields.iter().find(|field| field.name == name) else {
        // A property of the base is for the compiler to find.
        if container.base().is_none() {
            unknown(cx, container, part.span(), &name);
        }
        return;
    };
    if let Some(problem) = refusal(field, index) {
        cx.error(part.span(), problem);
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
fn refusal(field: &Field<'_>, index: &IndexAttr) -> Option<String> {
    let (name, attribute, is_single) = (&field.name, index.attribute(), index.parts.len() == 1);
    let message = match field.kind() {
        Kind::Base => format!(
            "`{name}` is the base: name one of its properties, as in `{attribute}(created_at)`"
        ),
        Kind::Skip => format!("`{name}` is skipped, and is no property"),
        Kind::Key { .. } => format!(
            "a primary key is unique and indexed as it is: remove `{name}`; every index ends with it"
        ),
        Kind::Lazy(_) => format!(
            "an index needs values in the row, and `{name}` is stored apart: write its type without `Lazy`"
        ),
        Kind::Collection(_) | Kind::Inverse(_) => format!(
            "an index needs values in the row, and `{name}` is stored at the other end: remove it"
        ),
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
