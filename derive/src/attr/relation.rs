//! The attributes of a relation, and the options in their parentheses.

use syn::{Expr, Ident};

use super::{FIELD_ATTRIBUTES, Slot, unknown};
use crate::ctxt::Ctxt;
use crate::grammar::{Item, OrderItem, Value, order, property, set, set_flag};

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

pub(super) const RELATION_ATTRIBUTES: &[&str] = &[
    "mapped_by",
    "inversed_by",
    "on_delete",
    "orphan_removal",
    "cascade",
    "fixed_order",
    "eager",
    "order_by",
];

impl RelationAttr {
    pub(super) fn parse(cx: &Ctxt, name: &Ident, kind: RelationKind, value: Value) -> Option<Self> {
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
