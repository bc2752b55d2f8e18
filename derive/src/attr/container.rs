//! The attributes of the struct.

use syn::{Attribute, Ident, LitStr, Path};

use super::serialization::{self, Computed};
use super::{FIELD_ATTRIBUTES, Given, Slot, index_value, unknown};
use crate::ctxt::Ctxt;
use crate::grammar::{Item, OrderItem, Value, items, order, paths, set, string};
use crate::indexes::IndexAttr;

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
