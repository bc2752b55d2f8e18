//! What indexes derive: a function for each expression, its description, and its path.
//!
//! Derived values come behind the entity's properties, in the order of declaration. They are in no
//! instance.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, format_ident};
use syn::Ident;

use super::{defaults, embedded, position};
use crate::ast::{Container, Field, Kind};
use crate::indexes::Derived;
use crate::mention::mentions;
use crate::shape::Shape;

/// The offset of the first one's position: behind the properties, and a key that is made of some.
pub(super) fn first_offset(container: &Container<'_>) -> usize {
    container.properties().count() + usize::from(container.has_composed_key())
}

/// The position of a derived value, inside the `const _` block.
fn position_of(container: &Container<'_>, at: usize) -> TokenStream {
    let offset = Literal::usize_unsuffixed(first_offset(container) + at);
    generated!(FIRST_OWN + #offset)
}

fn function_name(derived: &Derived) -> Ident {
    format_ident!("__derived_{}", derived.name())
}

/// The functions, as hidden methods of the struct.
pub(super) fn functions(container: &Container<'_>) -> impl Iterator<Item = TokenStream> {
    container.derived().map(|derived| {
        let ty = &derived.ty;
        let value = derived.expr.to_token_stream();
        let value = if matches!(Shape::of(ty), Shape::Text) {
            generated!(::std::convert::Into::<#ty>::into(#value))
        } else {
            value
        };
        let reads: Vec<_> = reads(container, derived).collect();
        defaults::function(&function_name(derived), ty, &reads, &value)
    })
}

/// The fields that the expression reads: values and references in the row, and the base.
fn reads<'c, 'a>(
    container: &'c Container<'a>,
    derived: &Derived,
) -> impl Iterator<Item = &'c Field<'a>> + use<'c, 'a> {
    let is_in_row = |field: &Field<'_>| {
        matches!(
            field.kind(),
            Kind::Scalar
                | Kind::EmbeddedList
                | Kind::Embedded { .. }
                | Kind::ToOne { .. }
                | Kind::Key { generated: false }
                | Kind::Base
        )
    };
    let tokens = derived.expr.to_token_stream();
    container
        .fields
        .iter()
        .filter(move |field| is_in_row(field) && mentions(tokens.clone(), &field.name))
}

/// What the schema is told of each.
pub(super) fn descriptions(container: &Container<'_>) -> impl Iterator<Item = TokenStream> {
    container.derived().map(|derived| {
        let (entity, name, ty) = (container.ident, derived.name(), &derived.ty);
        let (function, reads) = (
            function_name(derived),
            reads(container, derived).collect::<Vec<_>>(),
        );
        let own = reads
            .iter()
            .filter(|field| field.is_property() && !matches!(field.kind(), Kind::Key { .. }));
        let own = own.map(|field| position(field));
        let base = reads
            .iter()
            .find(|field| matches!(field.kind(), Kind::Base));
        let base = base.map(|_| generated!(.chain(0..FIRST_OWN)));
        let embedded = reads.iter().filter_map(|field| embedded::places(field));
        let values = reads.iter().map(|field| value(field));
        let idents: Vec<_> = reads.iter().map(|field| field.ident).collect();
        let nullable = Shape::of(ty).is_nullable().then(|| generated!(.nullable()));
        generated! {
            ::musher::__private::FieldDescription::derived::<#ty>(
                #name,
                ::musher::__private::Equality::<#ty>::EQUAL,
                ::std::iter::empty().chain([#(#own),*]) #base #(.chain(#embedded))*,
                |row| {
                    #(#values)*
                    row.derived::<#ty>(#name, &#entity::#function(#(&#idents),*))
                },
            )#nullable
        }
    })
}

/// The value of a field, of the row.
fn value(field: &Field<'_>) -> TokenStream {
    let (ident, ty) = (field.ident, field.ty);
    let value = match field.kind() {
        Kind::Base => generated!(<#ty as ::musher::__private::Fields>::hydrate(row, 0)?),
        Kind::Key { .. } => generated!(row.key::<#ty>()?),
        Kind::ToOne {
            target,
            optional: false,
        } => {
            let position = position(field);
            generated!(row.to_one::<#target>(#position)?)
        }
        Kind::ToOne {
            target,
            optional: true,
        } => {
            let position = position(field);
            generated!(row.to_one_optional::<#target>(#position)?)
        }
        Kind::Embedded { .. } => embedded::hydrated(field, &generated!(0)),
        Kind::EmbeddedList => {
            let position = position(field);
            generated!(row.scalar::<::musher::__private::Packed<#ty>>(#position)?.0)
        }
        _ => {
            let position = position(field);
            generated!(row.scalar::<#ty>(#position)?)
        }
    };
    generated!(let #ident: #ty = #value;)
}

/// The methods of the path.
pub(super) fn path_methods(container: &Container<'_>) -> impl Iterator<Item = TokenStream> {
    container.derived().enumerate().map(|(at, derived)| {
        let (vis, ident, ty) = (container.vis, &derived.ident, &derived.ty);
        let position = position_of(container, at);
        let doc = format!("The path to `{}`, which an index derives.", derived.name());
        generated! {
            #[doc = #doc]
            #[must_use]
            #vis fn #ident(&self) -> ::musher::__private::Property<R, #ty> {
                self.path.property::<#ty>(#position)
            }
        }
    })
}
