//! Whether what is said of serialization goes together: each name is given once, and hidden
//! properties have none.

use std::collections::BTreeMap;

use proc_macro2::Span;

use crate::ast::Container;
use crate::ctxt::Ctxt;

pub(super) fn check(cx: &Ctxt, container: &Container<'_>) {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let mut take = |name: String, by: &str, span: Span| {
        if let Some(other) = taken.get(&name) {
            return cx.error(
                span,
                format_args!(
                    "`{name}` is the serialized name of `{other}` already: give this one another"
                ),
            );
        }
        taken.insert(name, by.to_owned());
    };
    for field in container.properties() {
        let attrs = &field.attrs.serialization;
        if field.attrs.hidden.is_none() {
            let span = attrs
                .name
                .as_ref()
                .map_or(field.ident.span(), |given| given.span);
            take(field.serialized_name(), &field.name, span);
            continue;
        }
        let given = [
            attrs
                .name
                .as_ref()
                .map(|given| ("serialized_name", given.span)),
            attrs
                .serializer
                .as_ref()
                .map(|given| ("serializer", given.span)),
            attrs.groups.as_ref().map(|given| ("groups", given.span)),
        ];
        for (attribute, span) in given.into_iter().flatten() {
            cx.error(
                span,
                format_args!(
                    "a hidden property is in no serialization: remove `{attribute}` or `hidden`"
                ),
            );
        }
    }
    for computed in &container.attrs.computed {
        let name = computed.name();
        take(name.clone(), &name, computed.ident.span());
    }
}
