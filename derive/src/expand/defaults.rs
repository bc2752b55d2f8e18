//! The user's expressions, `default`, `on_update` and what indexes derive: a function each, whose parameters are the
//! properties that the expression reads.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident};
use syn::{Expr, Ident, Type};

use super::derived;

use crate::ast::{Container, Field, Kind};
use crate::mention::mentions;
use crate::shape::Shape;

/// The functions, as hidden methods of the struct.
pub(super) fn functions(container: &Container<'_>) -> TokenStream {
    let ident = container.ident;
    let functions: Vec<_> = container
        .properties()
        .flat_map(|field| {
            [
                default_function(container, field),
                on_update_function(container, field),
            ]
        })
        .flatten()
        .chain(derived::functions(container))
        .collect();
    if functions.is_empty() {
        return TokenStream::new();
    }
    generated! {
        #[allow(dead_code, unused_variables, clippy::all, clippy::pedantic)]
        impl #ident {
            #(#functions)*
        }
    }
}

fn default_function(container: &Container<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let expr = field.default_expr()?;
    let value = converted(field, expr.to_token_stream());
    Some(function(
        &default_name(field),
        field.ty,
        &default_reads(container, field),
        &value,
    ))
}

fn on_update_function(container: &Container<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let expr = &field.attrs.on_update.as_ref()?.value;
    let value = converted(field, expr.to_token_stream());
    Some(function(
        &on_update_name(field),
        field.ty,
        &on_update_reads(container, field),
        &value,
    ))
}

/// A function of properties, as a hidden method.
pub(super) fn function(
    name: &Ident,
    ty: &Type,
    reads: &[&Field<'_>],
    value: &TokenStream,
) -> TokenStream {
    let parameters = reads.iter().map(|read| {
        let ident = read.ident;
        let ty = match read.kind() {
            Kind::Lazy(value) => value,
            _ => read.ty,
        };
        generated!(#ident: &#ty)
    });
    generated! {
        #[doc(hidden)]
        fn #name(#(#parameters),*) -> #ty {
            #value
        }
    }
}

/// Texts and lazy values are converted into the property's type; all others have to be of it.
fn converted(field: &Field<'_>, value: TokenStream) -> TokenStream {
    let ty = field.ty;
    match field.shape {
        Shape::Text | Shape::Lazy(_) => generated!(::std::convert::Into::<#ty>::into(#value)),
        _ => value,
    }
}

fn default_name(field: &Field<'_>) -> Ident {
    format_ident!("__default_{}", field.name)
}

fn on_update_name(field: &Field<'_>) -> Ident {
    format_ident!("__on_update_{}", field.name)
}

/// The properties that `default` reads, of those that it may read: the ones without a default of
/// their own, and the ones declared before.
fn default_reads<'c, 'a>(container: &'c Container<'a>, field: &Field<'a>) -> Vec<&'c Field<'a>> {
    let Some(expr) = field.default_expr() else {
        return Vec::new();
    };
    reads(container, expr, |other| {
        other.position != field.position
            && (!other.has_default() || other.position < field.position)
    })
}

/// The properties that `on_update` reads: any that is sure to be loaded.
fn on_update_reads<'c, 'a>(container: &'c Container<'a>, field: &Field<'a>) -> Vec<&'c Field<'a>> {
    let Some(given) = &field.attrs.on_update else {
        return Vec::new();
    };
    reads(container, &given.value, |other| !other.is_lazy())
}

fn reads<'c, 'a>(
    container: &'c Container<'a>,
    expr: &Expr,
    may_read: impl Fn(&Field<'a>) -> bool,
) -> Vec<&'c Field<'a>> {
    let is_value = |field: &Field<'_>| {
        matches!(
            field.kind(),
            Kind::Scalar
                | Kind::Embedded { .. }
                | Kind::EmbeddedList
                | Kind::Lazy(_)
                | Kind::ToOne { .. }
                | Kind::Key { generated: false }
        )
    };
    let tokens = expr.to_token_stream();
    container
        .properties()
        .filter(|field| is_value(field) && may_read(field) && mentions(tokens.clone(), &field.name))
        .collect()
}

/// Whether the default can be had of a stored row, which lazy properties are not part of.
pub(super) fn is_restorable(container: &Container<'_>, field: &Field<'_>) -> bool {
    let is_absent = field.is_stamp() && matches!(field.shape, Shape::Optional(_));
    field.has_default()
        && !is_absent
        && !default_reads(container, field)
            .iter()
            .any(|read| read.is_lazy())
}

/// The default's value. `access` is a reference to a property's value; a stamp is the variable `now`.
pub(super) fn default_value(
    container: &Container<'_>,
    field: &Field<'_>,
    access: impl Fn(&Field<'_>) -> TokenStream,
) -> TokenStream {
    if field.default_expr().is_none() {
        return own_default(field);
    }
    let (ident, name) = (container.ident, default_name(field));
    let arguments = default_reads(container, field).into_iter().map(access);
    generated!(#ident::#name(#(#arguments),*))
}

/// The default of the type, which for a lazy property is that of the value inside.
fn own_default(field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    if field.is_stamp() {
        return stamp(field);
    }
    if let Kind::Lazy(value) = field.kind() {
        return generated!(<#ty>::new(<#value as ::std::default::Default>::default()));
    }
    generated!(<#ty as ::std::default::Default>::default())
}

/// A stamp of the variable `now`.
fn stamp(field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    generated!(<#ty as ::musher::__private::Timestamp>::at(now))
}

/// The value that an update sets.
pub(super) fn on_update_value(container: &Container<'_>, field: &Field<'_>) -> TokenStream {
    if field.is_stamp() {
        return stamp(field);
    }
    let (ident, name) = (container.ident, on_update_name(field));
    let arguments = on_update_reads(container, field).into_iter().map(|read| {
        let ident = read.ident;
        generated!(&self.#ident)
    });
    generated!(#ident::#name(#(#arguments),*))
}

/// A variable for each field that `value` has something for. Those with a default come last, in the
/// order of declaration, so that a default finds what it reads.
pub(super) fn bindings<'a>(
    container: &Container<'a>,
    value: impl Fn(&Field<'a>) -> Option<TokenStream>,
) -> TokenStream {
    let (late, early): (Vec<_>, Vec<_>) = container
        .fields
        .iter()
        .partition(|field| field.has_default());
    early
        .into_iter()
        .chain(late)
        .filter_map(|field| {
            let (ident, ty) = (field.ident, field.ty);
            let value = value(field)?;
            Some(generated!(let #ident: #ty = #value;))
        })
        .collect()
}
