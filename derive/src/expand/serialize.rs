//! `impl SerializeEntity`: which relation is at which position, for the serializer of graphs.

use proc_macro2::TokenStream;

use super::dispatch;
use crate::ast::{Container, Kind};

pub(super) fn expand(container: &Container<'_>) -> TokenStream {
    let entity = container.ident;
    let body = dispatch(container, None, |field| {
        let ident = field.ident;
        Some(match field.kind() {
            Kind::ToOne {
                target,
                optional: false,
            } => generated! {
                node.to_one::<#target, M>(field, ::std::option::Option::Some(&node.entity().#ident), name, map)
            },
            Kind::ToOne {
                target,
                optional: true,
            } => generated! {
                node.to_one::<#target, M>(field, node.entity().#ident.as_ref(), name, map)
            },
            Kind::Collection(target) => {
                generated!(node.to_many::<#target, M>(field, &node.entity().#ident, name, map))
            }
            Kind::Inverse(target) => {
                generated!(node.inverse::<#target, M>(field, &node.entity().#ident, name, map))
            }
            _ => return None,
        })
    });
    generated! {
        #[automatically_derived]
        impl ::musher::__private::SerializeEntity for #entity {
            fn serialize_relation<M: ::musher::__private::serde::ser::SerializeMap>(
                node: &::musher::__private::Node<'_, '_, Self>,
                field: usize,
                name: &'static str,
                map: &mut M,
            ) -> ::std::result::Result<(), M::Error> {
                #body
            }
        }
    }
}
