//! What goes with what. Every rule that needs no other type to be judged is here; what needs one is
//! left to the compiler, through the bounds and checks in the expansion.

mod combination;
mod embedded;
mod indexes;
mod relations;
mod serialization;

use quote::ToTokens;
use syn::spanned::Spanned;

use crate::ast::{Container, Derived, Field, Kind};
use crate::ctxt::Ctxt;
use crate::expand::checks::not_readable;
use crate::shape::Shape;

/// The most properties that an entity can have.
const MOST_PROPERTIES: usize = 128;

/// The most properties that a primary key can be made of.
const MOST_KEY_PARTS: usize = 8;

/// The methods that every generated view has.
const VIEW_METHODS: [&str; 4] = ["id", "is_initialized", "get", "try_get"];

/// Reports every rule that the struct breaks.
pub(crate) fn check(cx: &Ctxt, container: &Container<'_>) {
    keys(cx, container);
    bases(cx, container);
    count(cx, container);
    one_version(cx, container);
    serialization::check(cx, container);
    indexes::check(cx, container);
    for field in &container.fields {
        combination::check(cx, field);
        shape(cx, field);
        relations::check(cx, field);
        match container.derived {
            Derived::Entity => accessors(cx, container, field),
            Derived::Base => base_property(cx, field),
            Derived::Embedded => embedded::property(cx, field),
        }
    }
    match container.derived {
        Derived::Entity => {}
        Derived::Base => base_attributes(cx, container),
        Derived::Embedded => embedded::attributes(cx, container),
    }
}

fn keys(cx: &Ctxt, container: &Container<'_>) {
    if container.derived == Derived::Base {
        only_key(cx, container);
    } else if container.derived == Derived::Entity
        && container.key().is_none()
        && !container.has_composed_key()
        && container.base().is_none()
    {
        cx.error(
            container.ident.span(),
            format_args!(
                "`{}` has no primary key: add a property `#[orm(primary_key)] id: Pk`, \
                 or a base that has one, `#[orm(base)] base: Base`",
                container.ident
            ),
        );
    }
    for part in container.key_parts() {
        own_key(cx, container, part);
    }
    if let Some(part) = container.key_parts().nth(MOST_KEY_PARTS) {
        cx.error(
            part.ident.span(),
            format_args!("a primary key has at most {MOST_KEY_PARTS} parts: give the entity a `Pk`, and make these unique"),
        );
    }
}

/// A key that has itself within has no end.
fn own_key(cx: &Ctxt, container: &Container<'_>, part: &Field<'_>) {
    let name = container.ident.to_string();
    if let Shape::Id(target) = part.shape
        && [name.as_str(), "Self"].contains(&target.to_token_stream().to_string().as_str())
    {
        cx.error(
            part.ty.span(),
            format_args!(
                "the primary key of `{name}` can't be made of that of another `{name}`, for it would have no end: \
                 take `primary_key` from `{}`",
                part.name
            ),
        );
    }
}

/// A base has one key, which is a property.
fn only_key(cx: &Ctxt, container: &Container<'_>) {
    let mut keys = container
        .fields
        .iter()
        .filter_map(|field| Some((field, field.attrs.primary_key.as_ref()?)));
    let first = keys.next();
    for (field, given) in keys {
        let (first, _) = first.expect("it comes before the second");
        cx.error(
            given.span,
            format_args!(
                "`{}` is the primary key already: a base has one property that is, `{}` may be `unique`; \
                 a key of several properties goes in the entities",
                first.name, field.name
            ),
        );
    }
}

fn bases(cx: &Ctxt, container: &Container<'_>) {
    let bases = container
        .fields
        .iter()
        .filter_map(|field| field.attrs.base.as_ref());
    if container.derived == Derived::Entity {
        bases
            .skip(1)
            .for_each(|given| cx.error(given.span, "an entity has one base: merge the two"));
    } else {
        bases.for_each(|given| {
            cx.error(
                given.span,
                format_args!(
                    "{} has no base of its own: move the properties here",
                    container.derived.a_name()
                ),
            );
        });
    }
}

fn count(cx: &Ctxt, container: &Container<'_>) {
    let count = container.properties().count();
    if count > MOST_PROPERTIES {
        let name = container.ident;
        cx.error(
            name.span(),
            format_args!("`{name}` has {count} properties, and {MOST_PROPERTIES} are the most: move some to an entity of their own"),
        );
    }
}

/// One row has one version.
fn one_version(cx: &Ctxt, container: &Container<'_>) {
    let mut versions = container.fields.iter().filter(|field| field.is_version());
    let Some(first) = versions.next() else { return };
    for second in versions {
        cx.error(
            second.ident.span(),
            format_args!(
                "`{}` is a version already: an entity has one, remove the other",
                first.name
            ),
        );
    }
}

/// Types that need an attribute, and types that can't stand where they do.
fn shape(cx: &Ctxt, field: &Field<'_>) {
    let attrs = &field.attrs;
    if attrs.base.is_some() || attrs.skip.is_some() {
        return;
    }
    if attrs.embedded.is_some() {
        return embedded::shape(cx, field);
    }
    let span = field.ty.span();
    let written = field.ty.to_token_stream().to_string().replace(' ', "");
    if field.is_key_part && !matches!(field.shape, Shape::Id(_)) {
        return key_part(cx, field, &written);
    }
    if attrs.primary_key.is_some() && !field.is_key_part {
        if !matches!(
            field.shape,
            Shape::GeneratedKey | Shape::Text | Shape::Plain
        ) {
            cx.error(span, format_args!("`{written}` can't be a primary key: write `Pk`, or a key type such as `u64` or `String`"));
        }
        return;
    }
    match field.shape {
        Shape::GeneratedKey => {
            cx.error(
                span,
                format_args!(
                    "`Pk` is the type of a primary key: add `#[orm(primary_key)]` to `{}`",
                    field.name
                ),
            );
        }
        Shape::Wrapped("Lazy") => cx.error(
            span,
            "write `Lazy<Option<..>>`: the value may be absent, its place in the store is not",
        ),
        Shape::Wrapped("Pk") => cx.error(
            span,
            "a primary key is never absent: write `Pk`, with `#[orm(primary_key)]`",
        ),
        Shape::Wrapped(name) => cx.error(
            span,
            format_args!(
                "a relation of this kind may be empty as it is: write `{name}<..>` without `Option`"
            ),
        ),
        _ if attrs.relation.is_some() => {}
        Shape::Id(_) | Shape::OptionalId(_) => {
            cx.error(
                span,
                format_args!(
                    "`{written}` is a relation: add `#[orm(many_to_one)]` or `#[orm(one_to_one)]`"
                ),
            );
        }
        Shape::Collection(_) => {
            cx.error(span, format_args!("`{written}` is a relation: add `#[orm(one_to_many(mapped_by = ..))]` or `#[orm(many_to_many)]`"));
        }
        Shape::Inverse(_) => cx.error(
            span,
            format_args!("`{written}` is a relation: add `#[orm(one_to_one(mapped_by = ..))]`"),
        ),
        // Where the name is imported, the expansion finds it out.
        _ if written.contains("serde_json::Value") && !written.contains("Json<") => {
            cx.error(span, not_readable(&field.name));
        }
        Shape::Lazy(_) | Shape::Optional(_) | Shape::Text | Shape::Plain => {}
    }
}

/// What a primary key can't be made of.
fn key_part(cx: &Ctxt, field: &Field<'_>, written: &str) {
    let span = field.ty.span();
    match field.shape {
        Shape::GeneratedKey => cx.error(
            span,
            format_args!(
                "`{written}` is generated, and a primary key by itself: write the key's type without `Pk`, or take \
                 `primary_key` from the other properties"
            ),
        ),
        Shape::OptionalId(_) | Shape::Optional(_) => cx.error(
            span,
            "no part of a primary key may be absent: write the type without `Option`",
        ),
        Shape::Collection(_) | Shape::Inverse(_) | Shape::Lazy(_) | Shape::Wrapped(_) => cx.error(
            span,
            format_args!("`{written}` can't be a part of a primary key: write a key type such as `u64`, `String` or `Id<..>`"),
        ),
        Shape::Id(_) | Shape::Text | Shape::Plain => {}
    }
}

/// Names that generated methods have.
fn accessors(cx: &Ctxt, container: &Container<'_>, field: &Field<'_>) {
    let name = &field.name;
    let has_accessor = field.is_relation() || field.is_lazy();
    if has_accessor && VIEW_METHODS.contains(&name.as_str()) {
        cx.error(
            field.ident.span(),
            format_args!(
                "`{}View` has a method `{name}` of its own: give this property another name",
                container.ident
            ),
        );
    }
    let set = name
        .strip_prefix("set_")
        .filter(|_| matches!(field.kind(), Kind::Collection(_)));
    let clash = container.fields.iter().find(|other| {
        Some(other.name.as_str()) == set
            && matches!(other.kind(), Kind::ToOne { .. } | Kind::Inverse(_))
    });
    if let Some(other) = clash {
        cx.error(
            field.ident.span(),
            format_args!(
                "`{}Edit` has a method `{name}`, which sets `{}`: give this property another name",
                container.ident, other.name
            ),
        );
    }
}

/// What a base can hold.
fn base_property(cx: &Ctxt, field: &Field<'_>) {
    let span = field.ty.span();
    match field.kind() {
        Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_) => {
            cx.error(span, "a base entity has no relations: move the property to the entities");
        }
        Kind::Lazy(_) => cx.error(span, "a base entity has no lazy properties: move the property to the entities, or write the type without `Lazy`"),
        _ if field.is_required() => cx.error(
            field.ident.span(),
            format_args!(
                "`{}` needs a default, because programs create entities without naming the base's properties: \
                 add `#[orm(default)]` or `#[orm(default = ..)]`, or write the type as `Option<..>`",
                field.name
            ),
        ),
        _ => {}
    }
}

fn base_attributes(cx: &Ctxt, container: &Container<'_>) {
    if let Some(given) = &container.attrs.name {
        cx.error(
            given.span,
            "a base entity has no name in the store: `name` goes on the entities",
        );
    }
    for (event, given) in &container.attrs.hooks {
        cx.error(
            given.span,
            format_args!(
                "a base entity has no hooks: `{}` goes on the entities",
                event.name()
            ),
        );
    }
}
