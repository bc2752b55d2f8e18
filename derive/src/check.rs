//! What goes with what. Every rule that needs no other type to be judged is here; what needs one is
//! left to the compiler, through the bounds and checks in the expansion.

mod embedded;
mod indexes;
mod relations;
mod serialization;

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;

use crate::ast::{Container, Derived, Field, Kind};
use crate::attr::{FieldAttrs, Given};
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
        combination(cx, field);
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

/// Attributes that do not go with the kind of the property.
fn combination(cx: &Ctxt, field: &Field<'_>) {
    for (attribute, span) in given(&field.attrs) {
        let with_version = || {
            field
                .is_version()
                .then(|| beside_version(attribute))
                .flatten()
        };
        let with_key = || field.is_key_part.then(|| beside_key(attribute)).flatten();
        let with_stamp = || field.is_stamp().then(|| beside_stamp(attribute)).flatten();
        let problem = refusal(field.kind(), attribute)
            .or_else(with_version)
            .or_else(with_key)
            .or_else(with_stamp);
        if let Some(problem) = problem {
            cx.error(span, problem);
        }
    }
}

fn given(attrs: &FieldAttrs) -> impl Iterator<Item = (&'static str, Span)> {
    fn one<T>(name: &'static str, slot: Option<&Given<T>>) -> Option<(&'static str, Span)> {
        slot.map(|given| (name, given.span))
    }
    let relation = attrs
        .relation
        .as_ref()
        .map(|given| (given.value.kind.name(), given.span));
    [
        one("base", attrs.base.as_ref()),
        one("embedded", attrs.embedded.as_ref()),
        one("skip", attrs.skip.as_ref()),
        one("primary_key", attrs.primary_key.as_ref()),
        one("unique", attrs.unique.as_ref()),
        one("index", attrs.index.as_ref()),
        one("length", attrs.length.as_ref()),
        one("hidden", attrs.hidden.as_ref()),
        one("default", attrs.default.as_ref()),
        one("on_update", attrs.on_update.as_ref()),
        one("serialized_name", attrs.serialization.name.as_ref()),
        one("serializer", attrs.serialization.serializer.as_ref()),
        one("groups", attrs.serialization.groups.as_ref()),
        one("version", attrs.version.as_ref()),
        one("created_at", attrs.created_at.as_ref()),
        one("updated_at", attrs.updated_at.as_ref()),
        one("concurrency_check", attrs.concurrency_check.as_ref()),
        relation,
    ]
    .into_iter()
    .flatten()
}

/// The table of what does not go with what. `None`: it goes, or another rule judges it.
fn refusal(kind: Kind<'_>, attribute: &'static str) -> Option<String> {
    let message = match (kind, attribute) {
        (Kind::Embedded { .. }, attribute) => return embedded::refusal(attribute),
        (Kind::Base, "base") | (Kind::Skip, "skip") => return None,
        (Kind::Base, _) => format!(
            "a base stands alone: remove `{attribute}`, or give it to a property of the base"
        ),
        (Kind::Skip, _) => {
            format!("a skipped field is no property: remove `{attribute}` or `skip`")
        }
        (Kind::Key { generated }, attribute) => return refusal_of_key(generated, attribute),
        (Kind::Lazy(_), "concurrency_check") => "`concurrency_check` compares what is in the row, and a lazy property is stored apart: write the type without `Lazy`".to_owned(),
        (Kind::Collection(_) | Kind::Inverse(_), "concurrency_check") => {
            "`concurrency_check` compares what is in the row, and this relation is stored at the other end: remove it".to_owned()
        }
        (Kind::Lazy(_), "unique" | "index") => format!(
            "`{attribute}` needs the value in the row, and a lazy property is stored apart: write the type without `Lazy`"
        ),
        (
            Kind::Lazy(_) | Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_),
            "version",
        ) => "a version is a number in the row: write `u64`".to_owned(),
        (
            Kind::Lazy(_) | Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_),
            "created_at" | "updated_at",
        ) => format!(
            "`{attribute}` is a time in the row: give it a property such as `{attribute}: DateTime<Utc>`"
        ),
        (Kind::ToOne { .. }, "index") => {
            "a to-one relation is indexed as it is: remove `index`".to_owned()
        }
        (Kind::ToOne { .. }, "unique") => {
            "a unique reference is a `one_to_one` relation: write that instead".to_owned()
        }
        (Kind::Collection(_) | Kind::Inverse(_), "unique" | "index") => {
            format!(
                "`{attribute}` goes on a property in the row, and this one is stored at the other end: remove it"
            )
        }
        (Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_), "serializer") => {
            "a relation is serialized as its key, or as the entities that are populated: remove `serializer`"
                .to_owned()
        }
        (Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_), "length") => {
            "`length` counts the characters of a text, and this is a relation: remove it".to_owned()
        }
        (Kind::ToOne { .. }, "default") => {
            "a relation has no `default`: write `Option<Id<..>>` for one that may be absent"
                .to_owned()
        }
        (Kind::Collection(_) | Kind::Inverse(_), "default") => {
            "a relation has no `default`: it is empty unless it is set".to_owned()
        }
        (Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_), "on_update") => {
            "a relation has no `on_update`: set it in a `before_update` hook".to_owned()
        }
        _ => return None,
    };
    Some(message)
}

/// What a primary key can't be.
fn refusal_of_key(generated: bool, attribute: &str) -> Option<String> {
    let message = match attribute {
        "unique" | "index" => {
            format!("a primary key is unique and indexed as it is: remove `{attribute}`")
        }
        "hidden" => "a primary key can't be hidden: references and messages show it".to_owned(),
        "length" => "`length` does not go with a primary key".to_owned(),
        "on_update" => "a primary key never changes: remove `on_update`".to_owned(),
        "default" if generated => {
            "a `Pk` is generated: remove `default`, or write the key's type without `Pk`".to_owned()
        }
        "concurrency_check" => "a primary key never changes: remove `concurrency_check`".to_owned(),
        "created_at" | "updated_at" => format!(
            "`{attribute}` is no key: rows of one moment would have the same; give the time a property of its own"
        ),
        "version" => {
            "a primary key never changes: give the version a property of its own".to_owned()
        }
        "many_to_one" | "one_to_one" | "one_to_many" | "many_to_many" => {
            format!(
                "`{attribute}` needs the type `Id<..>`, and so does a primary key that is a relation"
            )
        }
        _ => return None,
    };
    Some(message)
}

/// What a version can't be beside.
fn beside_version(attribute: &'static str) -> Option<String> {
    match attribute {
        "unique" | "index" | "length" | "default" | "on_update" => Some(format!(
            "a version is counted by the flush: remove `{attribute}`"
        )),
        "concurrency_check" => {
            Some("a version is compared as it is: remove `concurrency_check`".to_owned())
        }
        _ => None,
    }
}

/// What a part of a primary key can't be beside.
fn beside_key(attribute: &'static str) -> Option<String> {
    match attribute {
        "hidden" => {
            Some("a primary key can't be hidden: references and messages show it".to_owned())
        }
        "on_update" | "version" | "updated_at" => {
            Some(format!("a primary key never changes: remove `{attribute}`"))
        }
        _ => None,
    }
}

/// What a stamp can't be beside: it is set to the time.
fn beside_stamp(attribute: &str) -> Option<String> {
    match attribute {
        "default" | "on_update" | "version" | "length" => Some(format!(
            "a time stamp is set by the unit of work: remove `{attribute}`, or write `default` and `on_update` instead of the stamp"
        )),
        _ => None,
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
