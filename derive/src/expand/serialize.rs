//! `impl SerializeEntity`: which relation is at which position, for the serializer of graphs; and
//! the part of `impl Fields` that writes values.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::{dispatch, embedded, fields};
use crate::ast::{Container, Field, Kind};
use crate::attr::Computed;

/// The method that writes keys and values by position.
pub(super) fn properties(container: &Container<'_>) -> TokenStream {
    let base = fields::delegate(
        container,
        &generated!(serialize),
        &generated!(&),
        &generated!(field, name, written, map),
    );
    let entry = generated!(::musher::__private::serde::ser::SerializeMap::serialize_entry);
    let body = dispatch(container, base, |field| {
        let ident = field.ident;
        match field.kind() {
            Kind::Key { .. } | Kind::Scalar => {
                let value = serialized(field, |span| quote_spanned!(span=> &self.#ident));
                Some(generated!(#entry(map, name, #value)))
            }
            Kind::EmbeddedList => Some(generated! {
                #entry(map, name, &::musher::__private::WrittenList::new(&self.#ident, written))
            }),
            Kind::Lazy(_) => {
                let value = serialized(field, |span| quote_spanned!(span=> value));
                Some(generated! {
                    match self.#ident.get() {
                        ::std::option::Option::Some(value) => #entry(map, name, #value),
                        ::std::option::Option::None => ::std::result::Result::Ok(()),
                    }
                })
            }
            _ => None,
        }
    });
    let embedded = embedded::delegates(
        container,
        &generated!(serialize),
        &generated!(&),
        &generated!(field, name, written, map),
        &generated!(::std::result::Result::Ok(())),
    );
    let key = fields::at_composed_key(container, &generated!(::std::result::Result::Ok(())));
    generated! {
        fn serialize<M: ::musher::__private::serde::ser::SerializeMap>(
            &self,
            field: usize,
            name: &'static str,
            written: ::musher::__private::Written<'_>,
            map: &mut M,
        ) -> ::std::result::Result<(), M::Error> {
            #embedded
            #key
            #body
        }
    }
}

/// The function that writes stored values by position, without an instance.
pub(super) fn stored(container: &Container<'_>) -> TokenStream {
    let arguments = generated!(field, stored, name, written, map);
    let call =
        |ty: &Type| generated!(<#ty as ::musher::__private::Fields>::serialize_stored(#arguments));
    let base = container.base().map(|base| call(base.ty));
    let entry = generated!(::musher::__private::serde::ser::SerializeMap::serialize_entry);
    let body = dispatch(container, base, |field| {
        let ty = field.ty;
        let read = match field.kind() {
            Kind::Scalar => generated!(::musher::__private::stored_value::<#ty, M::Error>(stored)?),
            Kind::EmbeddedList => {
                let packed = generated!(::musher::__private::Packed<#ty>);
                return Some(generated!({
                    let list = ::musher::__private::stored_value::<#packed, M::Error>(stored)?;
                    #entry(map, name, &::musher::__private::WrittenList::new(&list.0, written))
                }));
            }
            Kind::Key { .. } => {
                let key = generated!(<#ty as ::musher::__private::KeyField>::Key);
                let read = generated!(::musher::__private::stored_value::<#key, M::Error>(stored)?);
                generated!(<#ty as ::std::convert::From<#key>>::from(#read))
            }
            Kind::ToOne { target, .. } => {
                return Some(
                    generated!(::musher::__private::serialize_reference::<#target, M>(stored, name, map)),
                );
            }
            _ => return None,
        };
        let value = serialized(field, |span| quote_spanned!(span=> value));
        Some(generated!({
            let value = &#read;
            #entry(map, name, #value)
        }))
    });
    let embedded = embedded::behind(container, |_, ty, _| call(ty));
    let key = fields::at_composed_key(container, &generated!(::std::result::Result::Ok(())));
    generated! {
        fn serialize_stored<M: ::musher::__private::serde::ser::SerializeMap>(
            field: usize,
            stored: ::std::option::Option<&[u8]>,
            name: &'static str,
            written: ::musher::__private::Written<'_>,
            map: &mut M,
        ) -> ::std::result::Result<(), M::Error> {
            #embedded
            #key
            #body
        }
    }
}

/// A reference to what is written for a value: itself, or what its serializer makes of it. A
/// serializer of another type is an error at its name.
fn serialized(field: &Field<'_>, value: impl Fn(Span) -> TokenStream) -> TokenStream {
    let Some(serializer) = &field.attrs.serialization.serializer else {
        return value(Span::mixed_site());
    };
    let path = &serializer.value;
    let value = value(path.span().resolved_at(Span::mixed_site()));
    let call = quote_spanned!(path.span()=> #path(#value));
    generated!(&#call)
}

/// The names of computed properties, and the method that writes them; where there are none, the
/// trait's own do.
pub(super) fn computed(container: &Container<'_>) -> TokenStream {
    let own = &container.attrs.computed;
    if own.is_empty() && container.base().is_none() {
        return TokenStream::new();
    }
    let (names_of_base, base) = container.base().map_or_else(Default::default, |base| {
        let (ident, ty) = (base.ident, base.ty);
        (
            generated!(names.extend(<#ty as ::musher::__private::Fields>::computed());),
            generated!(::musher::__private::Fields::serialize_computed(&self.#ident, groups, map)?;),
        )
    });
    let names = own.iter().map(Computed::name);
    let entries = own.iter().map(|computed| {
        let (name, function) = (computed.name(), &computed.function);
        let groups = groups(&computed.groups);
        let span = function.span().resolved_at(Span::mixed_site());
        let this = quote_spanned!(span=> self);
        let call = quote_spanned!(function.span()=> #function(#this));
        generated! {
            if groups.admit(#groups) {
                ::musher::__private::serde::ser::SerializeMap::serialize_entry(map, #name, &#call)?;
            }
        }
    });
    generated! {
        fn computed() -> ::std::vec::Vec<&'static str> {
            let mut names = ::std::vec::Vec::new();
            #names_of_base
            #(names.push(#names);)*
            names
        }

        fn serialize_computed<M: ::musher::__private::serde::ser::SerializeMap>(
            &self,
            groups: &::musher::__private::Groups,
            map: &mut M,
        ) -> ::std::result::Result<(), M::Error> {
            #base
            #(#entries)*
            ::std::result::Result::Ok(())
        }
    }
}

/// The groups as a property's description has them.
pub(super) fn groups(types: &[Type]) -> TokenStream {
    let groups = types.iter().map(|ty| {
        let span = ty.span().resolved_at(Span::mixed_site());
        quote_spanned!(span=> ::std::any::TypeId::of::<#ty>)
    });
    quote!(&[#(#groups),*])
}

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
