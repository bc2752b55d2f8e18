//! What `#[orm(..)]` says of serialization: names, serializers, groups, computed properties.

use syn::ext::IdentExt;
use syn::{Expr, Ident, LitStr, Path, Type};

use super::Slot;
use crate::ctxt::Ctxt;
use crate::grammar::{Item, Value, expression, set, string};

/// How a property is serialized.
#[derive(Default)]
pub(crate) struct SerializationAttrs {
    pub(crate) name: Slot<LitStr>,
    pub(crate) serializer: Slot<Path>,
    pub(crate) groups: Slot<Vec<Type>>,
}

/// A name under which the result of a function is serialized.
pub(crate) struct Computed {
    pub(crate) ident: Ident,
    pub(crate) function: Path,
    pub(crate) groups: Vec<Type>,
}

impl Computed {
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

impl SerializationAttrs {
    pub(super) const NAMES: [&str; 3] = ["serialized_name", "serializer", "groups"];

    /// Takes an attribute of one of these names.
    pub(super) fn add(&mut self, cx: &Ctxt, name: &Ident, text: &str, value: Value) {
        match text {
            "serialized_name" => set(cx, &mut self.name, name, string(cx, name, value)),
            "serializer" => set(cx, &mut self.serializer, name, function(cx, name, value)),
            _ => set(cx, &mut self.groups, name, groups(cx, name, value)),
        }
    }
}

/// `computed(full_title = Self::full_title, groups(Admin))`.
pub(super) fn computed(cx: &Ctxt, name: &Ident, value: Value) -> Vec<Computed> {
    let mut all = Vec::new();
    let mut shared = Vec::new();
    let items = match value {
        Value::List(items) if !items.is_empty() => items,
        _ => {
            cx.error(
                name.span(),
                "`computed` needs names and functions: `#[orm(computed(full_title = Self::full_title))]`",
            );
            return all;
        }
    };
    for Item { name, value } in items {
        match value {
            value @ Value::Types(_) if name == "groups" => {
                shared.extend(groups(cx, &name, value).unwrap_or_default());
            }
            Value::Word | Value::List(_) | Value::Types(_) | Value::Index(_) | Value::Order(_) => {
                cx.error(
                    name.span(),
                    format_args!("`{name}` needs a function: `computed({name} = Self::{name})`"),
                );
            }
            value @ Value::Expr(_) => {
                if let Some(function) = function(cx, &name, value) {
                    let groups = Vec::new();
                    all.push(Computed {
                        ident: name,
                        function,
                        groups,
                    });
                }
            }
        }
    }
    for computed in &mut all {
        computed.groups.clone_from(&shared);
    }
    all
}

fn function(cx: &Ctxt, name: &Ident, value: Value) -> Option<Path> {
    match expression(cx, name, value, "path::to::function")? {
        Expr::Path(path) if path.qself.is_none() => Some(path.path),
        _ => {
            cx.error(
                name.span(),
                format_args!(
                    "`{name}` needs the path of a function: `{name} = path::to::function`"
                ),
            );
            None
        }
    }
}

fn groups(cx: &Ctxt, name: &Ident, value: Value) -> Option<Vec<Type>> {
    match value {
        Value::Types(types) if !types.is_empty() => Some(types),
        _ => {
            cx.error(
                name.span(),
                "`groups` needs types that stand for groups: `groups(Public, Admin)`, with a `struct Admin;` for each",
            );
            None
        }
    }
}
