//! Reads `#[orm(..)]` into typed attributes.
//!
//! Reports what is misspelt, misplaced, doubled or has a value of the wrong form. Whether attributes
//! go with each other and with the property's type is for `check` to say.

mod serialization;

use proc_macro2::Span;
use syn::{Attribute, Expr, Ident, LitStr, Path};

use crate::ctxt::Ctxt;
use crate::grammar::{
    Item, OrderItem, Value, expression, items, order, paths, property, set, set_flag, string,
};
use crate::indexes::{IndexAttr, IndexItem};
use crate::suggest::nearest;

pub(crate) use serialization::{Computed, SerializationAttrs};

/// A value, and the attribute that gave it.
pub(crate) struct Given<T> {
    pub(crate) span: Span,
    pub(crate) value: T,
}

/// An attribute that may be given once.
pub(crate) type Slot<T> = Option<Given<T>>;

/// A life-cycle event that hooks can be named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    OnInit,
    OnLoad,
    BeforeCreate,
    AfterCreate,
    BeforeUpdate,
    AfterUpdate,
    BeforeDelete,
    AfterDelete,
}

impl Event {
    pub(crate) const ALL: [Self; 8] = [
        Self::OnInit,
        Self::OnLoad,
        Self::BeforeCreate,
        Self::AfterCreate,
        Self::BeforeUpdate,
        Self::AfterUpdate,
        Self::BeforeDelete,
        Self::AfterDelete,
    ];

    /// The attribute's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OnInit => "on_init",
            Self::OnLoad => "on_load",
            Self::BeforeCreate => "before_create",
            Self::AfterCreate => "after_create",
            Self::BeforeUpdate => "before_update",
            Self::AfterUpdate => "after_update",
            Self::BeforeDelete => "before_delete",
            Self::AfterDelete => "after_delete",
        }
    }
}

/// The attributes of the struct.
#[derive(Default)]
pub(crate) struct ContainerAttrs {
    pub(crate) name: Slot<LitStr>,
    /// In the order in which they are named; several paths for an event run one after the other.
    pub(crate) hooks: Vec<(Event, Given<Vec<Path>>)>,
    pub(crate) computed: Vec<Computed>,
    pub(crate) order: Slot<Vec<OrderItem>>,
    /// In the order in which they are declared.
    pub(crate) indexes: Vec<IndexAttr>,
}

/// Which relation attribute stands on a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelationKind {
    ManyToOne,
    OneToOne,
    OneToMany,
    ManyToMany,
}

impl RelationKind {
    pub(crate) const ALL: [Self; 4] = [
        Self::ManyToOne,
        Self::OneToOne,
        Self::OneToMany,
        Self::ManyToMany,
    ];

    /// The attribute's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ManyToOne => "many_to_one",
            Self::OneToOne => "one_to_one",
            Self::OneToMany => "one_to_many",
            Self::ManyToMany => "many_to_many",
        }
    }
}

/// What happens to a row when the row that it refers to is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDelete {
    Restrict,
    SetNull,
    Cascade,
}

/// `#[orm(many_to_one(..))]` and its like.
pub(crate) struct RelationAttr {
    pub(crate) kind: RelationKind,
    pub(crate) mapped_by: Slot<Ident>,
    pub(crate) inversed_by: Slot<Ident>,
    pub(crate) on_delete: Slot<OnDelete>,
    pub(crate) orphan_removal: Slot<()>,
    pub(crate) fixed_order: Slot<()>,
    pub(crate) cascade_remove: Slot<()>,
    pub(crate) eager: Slot<()>,
    pub(crate) order: Slot<Vec<OrderItem>>,
}

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

const RELATION_ATTRIBUTES: &[&str] = &[
    "mapped_by",
    "inversed_by",
    "on_delete",
    "orphan_removal",
    "cascade",
    "fixed_order",
    "eager",
    "order_by",
];

impl ContainerAttrs {
    pub(crate) fn parse(cx: &Ctxt, attributes: &[Attribute]) -> Self {
        let mut attrs = Self::default();
        for Item { name, value } in items(cx, attributes) {
            let text = name.to_string();
            if let Some(event) = Event::ALL.into_iter().find(|event| event.name() == text) {
                attrs.add_hook(cx, event, &name, value);
            } else if text == "name" {
                set(cx, &mut attrs.name, &name, string(cx, &name, value));
            } else if text == "order_by" {
                set(cx, &mut attrs.order, &name, order(cx, &name, value));
            } else if text == "computed" {
                let computed = serialization::computed(cx, &name, value);
                attrs.computed.extend(computed);
            } else if matches!(text.as_str(), "index" | "unique") {
                let items = index_value(cx, &name, value).unwrap_or_default();
                attrs.indexes.push(IndexAttr::of(cx, &name, items));
            } else if FIELD_ATTRIBUTES.contains(&text.as_str()) {
                cx.error(
                    name.span(),
                    format_args!("`{text}` goes on a property, not on the struct"),
                );
            } else {
                let known = Event::ALL.map(Event::name);
                let others = ["name", "computed", "index", "unique", "order_by"];
                unknown(cx, &name, known.into_iter().chain(others));
            }
        }
        attrs
    }

    fn add_hook(&mut self, cx: &Ctxt, event: Event, name: &Ident, value: Value) {
        if self.hooks.iter().any(|(other, _)| *other == event) {
            cx.error(
                name.span(),
                format_args!("`{name}` is given twice; name several hooks in a list: `{name} = [first, second]`"),
            );
        } else if let Some(paths) = paths(cx, name, value) {
            self.hooks.push((
                event,
                Given {
                    span: name.span(),
                    value: paths,
                },
            ));
        }
    }
}

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

impl RelationAttr {
    fn parse(cx: &Ctxt, name: &Ident, kind: RelationKind, value: Value) -> Option<Self> {
        let items = match value {
            Value::Word => Vec::new(),
            Value::List(items) => items,
            Value::Expr(_) | Value::Types(_) | Value::Index(_) | Value::Order(_) => {
                cx.error(
                    name.span(),
                    format_args!("write `{name}`, or `{name}(..)` with options in parentheses"),
                );
                return None;
            }
        };
        let mut attr = Self {
            kind,
            mapped_by: None,
            inversed_by: None,
            on_delete: None,
            orphan_removal: None,
            fixed_order: None,
            cascade_remove: None,
            eager: None,
            order: None,
        };
        for Item { name, value } in items {
            match name.to_string().as_str() {
                "mapped_by" => set(cx, &mut attr.mapped_by, &name, property(cx, &name, value)),
                "inversed_by" => set(cx, &mut attr.inversed_by, &name, property(cx, &name, value)),
                "on_delete" => set(cx, &mut attr.on_delete, &name, on_delete(cx, &name, &value)),
                "orphan_removal" => set_flag(cx, &mut attr.orphan_removal, &name, &value),
                "fixed_order" => set_flag(cx, &mut attr.fixed_order, &name, &value),
                "cascade" => set(
                    cx,
                    &mut attr.cascade_remove,
                    &name,
                    cascade(cx, &name, value),
                ),
                "eager" => set_flag(cx, &mut attr.eager, &name, &value),
                "order_by" => set(cx, &mut attr.order, &name, order(cx, &name, value)),
                text if FIELD_ATTRIBUTES.contains(&text) => {
                    cx.error(
                        name.span(),
                        format_args!(
                            "`{text}` stands beside the relation: `#[orm({}, {text})]`",
                            kind.name()
                        ),
                    );
                }
                _ => unknown(cx, &name, RELATION_ATTRIBUTES.iter().copied()),
            }
        }
        Some(attr)
    }
}

fn on_delete(cx: &Ctxt, name: &Ident, value: &Value) -> Option<OnDelete> {
    let rule = match value {
        Value::Expr(Expr::Path(path)) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    };
    match rule.as_deref() {
        Some("restrict") => Some(OnDelete::Restrict),
        Some("set_null") => Some(OnDelete::SetNull),
        Some("cascade") => Some(OnDelete::Cascade),
        _ => {
            cx.error(
                name.span(),
                "`on_delete` is one of `restrict`, `set_null` and `cascade`: `on_delete = cascade`",
            );
            None
        }
    }
}

/// `cascade(remove)`.
fn cascade(cx: &Ctxt, name: &Ident, value: Value) -> Option<()> {
    let operations = match value {
        Value::List(items) => items,
        _ => Vec::new(),
    };
    match operations.as_slice() {
        [
            Item {
                name,
                value: Value::Word,
            },
        ] if name == "remove" => Some(()),
        [Item { name, .. }] if name == "persist" => {
            cx.error(
                name.span(),
                "new entities become managed with what refers to them in any case: remove `persist`",
            );
            None
        }
        _ => {
            cx.error(
                name.span(),
                "`cascade` is written `cascade(remove)`: removing the entity removes what the relation holds",
            );
            None
        }
    }
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
