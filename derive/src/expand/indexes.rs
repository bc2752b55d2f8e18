//! `Entity::indexes`: the indexes that are declared on the struct.
//!
//! Parts are typed paths, so that a property of the base that does not exist, or has no order, is an
//! error at its name.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

use super::position;
use crate::ast::{Container, Kind};
use crate::indexes::{IndexAttr, Part};

/// The method; the trait's own does where there is none.
pub(super) fn method(container: &Container<'_>) -> Option<TokenStream> {
    let indexes = &container.attrs.indexes;
    let indexes: Vec<_> = indexes
        .iter()
        .map(|index| description(container, index))
        .collect();
    (!indexes.is_empty()).then(|| {
        let ident = container.ident;
        generated! {
            fn indexes() -> ::std::vec::Vec<::musher::__private::IndexDescription> {
                let path: <#ident as ::musher::__private::Managed>::Path<#ident> =
                    ::std::convert::From::from(::musher::__private::Path::root());
                ::std::vec![#(#indexes),*]
            }
        }
    })
}

fn description(container: &Container<'_>, index: &IndexAttr) -> TokenStream {
    let label = index.label();
    let parts = index.parts.iter().map(|part| part_of(container, part));
    let sort = if index.unique {
        generated!(unique)
    } else {
        generated!(plain)
    };
    let name = index.name.as_ref().map(|name| generated!(.named(#name)));
    generated!(::musher::__private::IndexDescription::#sort(#label, [#(#parts),*])#name)
}

fn part_of(container: &Container<'_>, part: &Part) -> TokenStream {
    let (ident, name) = (&part.ident, part.name());
    let field = container.properties().find(|field| field.name == name);
    if let Some(field) = field.filter(|field| matches!(field.kind(), Kind::ToOne { .. })) {
        let position = position(field);
        return generated!(::musher::__private::PartDescription::reference(#position));
    }
    let path = Ident::new("path", ident.span().resolved_at(Span::mixed_site()));
    let property = quote_spanned!(path.span()=> #path.#ident());
    let function = if part.each {
        quote_spanned!(path.span()=> index_part_of_each)
    } else {
        quote_spanned!(path.span()=> index_part)
    };
    quote_spanned!(path.span()=> ::musher::__private::#function(&#property))
}
