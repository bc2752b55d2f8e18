//! What an entity tells the schema of its properties: the part of `impl Fields` that describes them.

use proc_macro2::TokenStream;

use super::{defaults, derived, embedded, relations, serialize};
use crate::ast::{Container, Field, Kind};
use crate::shape::Shape;

pub(super) fn describe(container: &Container<'_>) -> TokenStream {
    let own: Vec<_> = container
        .properties()
        .map(|field| description(container, field))
        .chain(composed_key(container))
        .chain(derived::descriptions(container))
        .collect();
    let embedded = embedded::descriptions(container);
    let body = if let Some(base) = container.base() {
        let ty = base.ty;
        generated! {
            let mut fields = <#ty as ::musher::__private::Fields>::describe();
            fields.extend([#(#own),*]);
            #embedded
            fields
        }
    } else if embedded.is_empty() {
        generated!(::std::vec![#(#own),*])
    } else {
        generated! {
            let mut fields = ::std::vec![#(#own),*];
            #embedded
            fields
        }
    };
    generated! {
        fn describe() -> ::std::vec::Vec<::musher::__private::FieldDescription> {
            #[allow(unused_imports)]
            use ::musher::__private::{ByDefault as _, OfAnyType as _};

            #body
        }
    }
}

/// The description of a key that is made of properties.
fn composed_key(container: &Container<'_>) -> Option<TokenStream> {
    let parts: Vec<_> = container
        .key_parts()
        .map(|part| part.name.as_str())
        .collect();
    let name = format!("({})", parts.join(", "));
    (!parts.is_empty())
        .then(|| generated!(::musher::__private::FieldDescription::primary_key(#name)))
}

fn description(container: &Container<'_>, field: &Field<'_>) -> TokenStream {
    let (ty, attrs) = (field.ty, &field.attrs);
    let mut description = kind(field);
    if field.is_key_part {
        description = generated!(#description.part_of_key::<#ty>());
    }
    if attrs.hidden.is_some() {
        description = generated!(#description.hidden());
    }
    if field.shape.is_nullable() {
        description = generated!(#description.nullable());
    }
    if is_optional_in_row(container, field) {
        description = generated!(#description.has_default());
    }
    for given in [&attrs.unique, &attrs.index].into_iter().flatten() {
        let index = &given.value;
        let method = match (index.unique, index.is_each()) {
            (true, false) => generated!(unique),
            (false, false) => generated!(index),
            (true, true) => generated!(unique_each),
            (false, true) => generated!(index_each),
        };
        description = generated!(#description.#method::<#ty>());
    }
    let mut indexes = [&attrs.unique, &attrs.index].into_iter().flatten();
    let named = indexes.find_map(|given| given.value.name.as_ref());
    if let Some(name) = named {
        description = generated!(#description.index_name(#name));
    }
    if field.is_stamp() {
        description = generated!(::musher::__private::stamped::<#ty>(#description));
    }
    if field.is_version() {
        description = generated!(#description.version::<#ty>());
    }
    if attrs.serialization.name.is_some() {
        let name = field.serialized_name();
        description = generated!(#description.serialized_name(#name));
    }
    if let Some(groups) = &attrs.serialization.groups {
        let groups = serialize::groups(&groups.value);
        description = generated!(#description.groups(#groups));
    }
    description = relations::options(field, description);
    if attrs.concurrency_check.is_some() {
        description = generated!(#description.concurrency_check());
    }
    if let Some(length) = &attrs.length {
        let (most, text) = (&length.value, inner_type(field));
        description = generated!(#description.length::<#text>(#most));
    }
    description
}

/// The beginning of a description: what the property is.
fn kind(field: &Field<'_>) -> TokenStream {
    let (name, ty) = (&field.name, field.ty);
    match field.kind() {
        Kind::Key { .. } => generated!(::musher::__private::FieldDescription::primary_key(#name)),
        Kind::Scalar => generated! {
            ::musher::__private::FieldDescription::scalar::<#ty>(
                #name,
                ::musher::__private::Equality::<#ty>::EQUAL,
                ::musher::__private::Readable::<#ty>::READABILITY,
            )
        },
        Kind::Embedded { ty, .. } => generated! {
            ::musher::__private::FieldDescription::embedded(
                #name,
                <#ty as ::musher::__private::Embedded>::NAME,
            )
        },
        Kind::EmbeddedList => generated!(::musher::__private::list::<#ty>(#name)),
        Kind::Lazy(value) => generated! {
            ::musher::__private::FieldDescription::lazy::<#value>(
                #name,
                ::musher::__private::Readable::<#value>::READABILITY,
            )
        },
        _ => {
            let relation = relations::description(field);
            generated!(::musher::__private::FieldDescription::relation(#name, #relation))
        }
    }
}

/// Whether a stored row that lacks the property can be read all the same.
fn is_optional_in_row(container: &Container<'_>, field: &Field<'_>) -> bool {
    match field.kind() {
        Kind::Scalar | Kind::EmbeddedList => {
            matches!(field.shape, Shape::Optional(_)) || defaults::is_restorable(container, field)
        }
        Kind::ToOne { optional, .. } => optional,
        // Its properties say whether they have a default.
        Kind::Embedded { .. } => true,
        _ => false,
    }
}

fn inner_type<'a>(field: &Field<'a>) -> &'a syn::Type {
    match field.kind() {
        Kind::Lazy(value) => value,
        _ => field.ty,
    }
}
