//! Reads `#[orm(..)]` into typed attributes.
//!
//! Reports what is misspelt, misplaced, doubled or has a value of the wrong form. Whether attributes
//! go with each other and with the property's type is for `check` to say.

mod container;
mod relation;
mod serialization;

use proc_macro2::Span;
use syn::{Attribute, Expr, Ident};

use crate::ctxt::Ctxt;
use crate::grammar::{Item, Value, expression, items, set, set_flag};
use crate::indexes::{IndexAttr, IndexItem};
use crate::suggest::nearest;

use relation::RELATION_ATTRIBUTES;

pub(crate) use container::{ContainerAttrs, Event};
pub(crate) use relation::{OnDelete, RelationAttr, RelationKind};
pub(crate) use serialization::{Computed, SerializationAttrs};

/// A value, and the attribute that gave it.
pub(crate) struct Given<T> {
    pub(crate) span: Span,
    pub(crate) value: T,
}

/// An attribute that may be given once.
pub(crate) type Slot<T> = Option<Given<T>>;

/// The attributes of a property.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) primary_key: Slot<()>,
    pub(crate) unique: Slot<IndexAttr>,
    pub(crate) index: Slot<IndexAttr>,
    pub(crate) hidden: Slot<()>,
    pub(crate) base: Slot<()>,
    pub(crate) embedded: Slot<()>,
    pub(crate) skip: Slot<()>,
    pub(crate) version: Slot<()>,
    pub(crate) concurrency_check: Slot<()>,
    pub(crate) created_at: Slot<()>,
    pub(crate) updated_at: Slot<()>,
    pub(crate) length: Slot<Expr>,
    /// `None` inside: the type's own default.
    pub(crate) default: Slot<Option<Expr>>,
    pub(crate) on_update: Slot<Expr>,
    pub(crate) relation: Slot<RelationAttr>,
    pub(crate) serialization: SerializationAttrs,
}

const FIELD_ATTRIBUTES: &[&str] = &[
    "primary_key",
    "unique",
    "index",
    "length",
    "hidden",
    "default",
    "on_update",
    "base",
    "embedded",
    "skip",
    "version",
    "concurrency_check",
    "created_at",
    "updated_at",
    "serialized_name",
    "serializer",
    "groups",
    "many_to_one",
    "one_to_one",
    "one_to_many",
    "many_to_many",
];

impl FieldAttrs {
    pub(crate) fn parse(cx: &Ctxt, attributes: &[Attribute]) -> Self {
        let mut attrs = Self::default();
        for Item { name, value } in items(cx, attributes) {
            attrs.add(cx, &name, value);
        }
        attrs
    }

    fn add(&mut self, cx: &Ctxt, name: &Ident, value: Value) {
        match name.to_string().as_str() {
            "primary_key" => set_flag(cx, &mut self.primary_key, name, &value),
            "unique" => set_index(cx, &mut self.unique, name, value),
            "index" => set_index(cx, &mut self.index, name, value),
            "hidden" => set_flag(cx, &mut self.hidden, name, &value),
            "base" => set_flag(cx, &mut self.base, name, &value),
            "embedded" => set_flag(cx, &mut self.embedded, name, &value),
            "skip" => set_flag(cx, &mut self.skip, name, &value),
            "version" => set_flag(cx, &mut self.version, name, &value),
            "concurrency_check" => set_flag(cx, &mut self.concurrency_check, name, &value),
            "created_at" => set_flag(cx, &mut self.created_at, name, &value),
            "updated_at" => set_flag(cx, &mut self.updated_at, name, &value),
            "length" => set(
                cx,
                &mut self.length,
                name,
                expression(cx, name, value, "1000"),
            ),
            "on_update" => set(
                cx,
                &mut self.on_update,
                name,
                expression(cx, name, value, "Utc::now()"),
            ),
            "default" => match value {
                Value::Word => set(cx, &mut self.default, name, Some(None)),
                value => set(
                    cx,
                    &mut self.default,
                    name,
                    expression(cx, name, value, "..").map(Some),
                ),
            },
            text if SerializationAttrs::NAMES.contains(&text) => {
                self.serialization.add(cx, name, text, value);
            }
            text => self.add_relation(cx, name, text, value),
        }
    }

    fn add_relation(&mut self, cx: &Ctxt, name: &Ident, text: &str, value: Value) {
        let Some(kind) = RelationKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
        else {
            return misplaced(cx, name, text);
        };
        if let Some(other) = &self.relation
            && other.value.kind != kind
        {
            let other = other.value.kind.name();
            return cx.error(
                name.span(),
                format_args!("a property is one relation: `{other}` or `{text}`, not both"),
            );
        }
        let relation = RelationAttr::parse(cx, name, kind, value);
        set(cx, &mut self.relation, name, relation);
    }
}

/// What is in the parentheses, if there are any.
fn index_value(cx: &Ctxt, name: &Ident, value: Value) -> Option<Vec<IndexItem>> {
    match value {
        Value::Word => return None,
        Value::Index(items) => return Some(items),
        Value::Expr(_) | Value::List(_) | Value::Types(_) | Value::Order(_) => cx.error(
            name.span(),
            format_args!("`{name}` takes no value: write `#[orm({name})]`, or `{name}(..)` with options in parentheses"),
        ),
    }
    None
}

/// The index on one property, which names no other.
fn set_index(cx: &Ctxt, slot: &mut Slot<IndexAttr>, name: &Ident, value: Value) {
    let items = index_value(cx, name, value).unwrap_or_default();
    let index = IndexAttr::of(cx, name, items);
    if let Some(part) = index.parts.first().filter(|_| !index.is_each()) {
        cx.error(
            part.ident.span(),
            format_args!(
                "an index on more than the property goes on the struct: `#[orm({name}({}, ..))]`",
                part.ident
            ),
        );
    }
    set(cx, slot, name, Some(index));
}

/// A name that is no attribute of a property.
fn misplaced(cx: &Ctxt, name: &Ident, text: &str) {
    if RELATION_ATTRIBUTES.contains(&text) {
        cx.error(
            name.span(),
            format_args!("`{text}` belongs to the relation: `#[orm(one_to_many({text} ..))]`, in its parentheses"),
        );
    } else if matches!(text, "name" | "computed")
        || Event::ALL.iter().any(|event| event.name() == text)
    {
        cx.error(
            name.span(),
            format_args!("`{text}` goes on the struct, not on a property"),
        );
    } else if matches!(text, "nullable" | "optional") {
        cx.error(
            name.span(),
            format_args!("there is no `{text}`: write the type as `Option<..>`"),
        );
    } else if text == "lazy" {
        cx.error(
            name.span(),
            "there is no `lazy`: write the type as `Lazy<..>`",
        );
    } else {
        unknown(cx, name, FIELD_ATTRIBUTES.iter().copied());
    }
}

fn unknown(cx: &Ctxt, name: &Ident, known: impl IntoIterator<Item = &'static str>) {
    let known: Vec<_> = known.into_iter().collect();
    match nearest(&name.to_string(), &known) {
        Some(meant) => cx.error(
            name.span(),
            format_args!("unknown attribute `{name}`: did you mean `{meant}`?"),
        ),
        None => cx.error(
            name.span(),
            format_args!(
                "unknown attribute `{name}`: expected one of `{}`",
                known.join("`, `")
            ),
        ),
    }
}
