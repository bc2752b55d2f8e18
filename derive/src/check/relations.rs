//! Whether a relation attribute fits the property's type, and its options the attribute.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Ident, Type};

use crate::ast::{Field, Kind};
use crate::attr::{Given, OnDelete, RelationAttr, RelationKind};
use crate::ctxt::Ctxt;
use crate::shape::Shape;

pub(super) fn check(cx: &Ctxt, field: &Field<'_>) {
    let Some(Given { span, value: attr }) = &field.attrs.relation else {
        return;
    };
    let kind = attr.kind;
    fixed_order(cx, attr);
    order(cx, attr);
    match (kind, field.kind()) {
        (_, Kind::Base | Kind::Skip | Kind::Key { .. }) => {}
        _ if matches!(field.shape, Shape::Wrapped(_)) => {}
        (RelationKind::ManyToOne | RelationKind::OneToOne, Kind::ToOne { optional, .. }) => {
            owner(cx, attr, optional);
        }
        (RelationKind::OneToOne, Kind::Inverse(_))
        | (RelationKind::OneToMany, Kind::Collection(_)) => inverse(cx, attr, *span),
        (RelationKind::ManyToMany, Kind::Collection(_)) => many_to_many(cx, attr),
        (RelationKind::ManyToOne, _) => wrong_type(
            cx,
            field.ty,
            kind,
            "`Id<..>`, or `Option<Id<..>>` where it may be absent",
        ),
        (RelationKind::OneToOne, _) => {
            wrong_type(
                cx,
                field.ty,
                kind,
                "`Id<..>` or `Option<Id<..>>` on the owning side, `Inverse<..>` on the other",
            );
        }
        (RelationKind::OneToMany | RelationKind::ManyToMany, _) => {
            wrong_type(cx, field.ty, kind, "`Collection<..>`");
        }
    }
}

/// Only a set of links has an order of its own, which belongs to the owning side.
fn fixed_order(cx: &Ctxt, attr: &RelationAttr) {
    let Some(given) = &attr.fixed_order else {
        return;
    };
    if attr.kind != RelationKind::ManyToMany {
        cx.error(
            given.span,
            "`fixed_order` is for `many_to_many`: other relations keep no list, and are ordered by a property of the items",
        );
    } else if attr.mapped_by.is_some() {
        cx.error(
            given.span,
            "the order is that of the owning side: `fixed_order` goes at the other end",
        );
    }
}

fn order(cx: &Ctxt, attr: &RelationAttr) {
    let Some(given) = &attr.order else { return };
    if !matches!(
        attr.kind,
        RelationKind::OneToMany | RelationKind::ManyToMany
    ) {
        cx.error(
            given.span,
            "`order_by` goes on a collection, and this relation leads to one entity: remove it",
        );
    }
    if attr.fixed_order.is_some() {
        cx.error(
            given.span,
            "`fixed_order` keeps the order that the program gives: remove `order_by` or `fixed_order`",
        );
    }
}

fn wrong_type(cx: &Ctxt, ty: &Type, kind: RelationKind, expected: &str) {
    cx.error(
        ty.span(),
        format_args!("`{}` needs the type {expected}", kind.name()),
    );
}

/// The side that holds the key.
fn owner(cx: &Ctxt, attr: &RelationAttr, optional: bool) {
    let kind = attr.kind.name();
    if let Some(given) = &attr.mapped_by {
        cx.error(
            given.span,
            format_args!("the side that holds the key owns the relation: `mapped_by` goes at the other end, and here `{kind}(inversed_by = ..)`"),
        );
    }
    if let Some(given) = &attr.orphan_removal {
        cx.error(
            given.span,
            "`orphan_removal` goes at the other end, beside `mapped_by`",
        );
    }
    if let Some(Given {
        span,
        value: OnDelete::SetNull,
    }) = attr.on_delete
        && !optional
    {
        cx.error(
            span,
            "`on_delete = set_null` needs a reference that may be absent: write `Option<Id<..>>`",
        );
    }
}

/// The side that shows what the owner holds.
fn inverse(cx: &Ctxt, attr: &RelationAttr, span: Span) {
    let kind = attr.kind.name();
    match (&attr.mapped_by, &attr.inversed_by) {
        (Some(_), Some(given)) => both(cx, given),
        (None, Some(given)) => {
            cx.error(
                given.span,
                format_args!(
                    "the other end holds the key: write `{kind}(mapped_by = {})`",
                    given.value
                ),
            );
        }
        (None, None) => {
            cx.error(span, format_args!("`{kind}` needs the property at the other end that holds the key: `{kind}(mapped_by = author)`"));
        }
        (Some(_), None) => {}
    }
    if let Some(given) = &attr.on_delete {
        cx.error(given.span, "`on_delete` goes at the other end, where the key is; `orphan_removal` may be what you mean");
    }
}

fn many_to_many(cx: &Ctxt, attr: &RelationAttr) {
    if let (Some(_), Some(given)) = (&attr.mapped_by, &attr.inversed_by) {
        both(cx, given);
    }
    if let Some(given) = &attr.on_delete {
        cx.error(
            given.span,
            "`many_to_many` has no `on_delete`: links to a removed row always go",
        );
    }
    if let Some(given) = &attr.orphan_removal {
        cx.error(
            given.span,
            "`many_to_many` has no `orphan_removal`: others may hold the same entity",
        );
    }
}

fn both(cx: &Ctxt, inversed_by: &Given<Ident>) {
    cx.error(
        inversed_by.span,
        "one end is `mapped_by` the other, and the other may be `inversed_by` it: remove one of the two",
    );
}
