//! What `#[derive(Embedded)]` emits, and what an entity emits for the properties that hold such
//! values.
//!
//! The properties of an embedded value are properties of the entity. They come after the entity's own,
//! those of one value together; in a value within a value likewise. So each container knows the place
//! of the first, and hands the positions behind it on.

use proc_macro2::{Literal, TokenStream};
use quote::format_ident;
use syn::{Ident, Type};

use super::{Names, checks, derived, fields, path, payload};
use crate::ast::{Container, Field, Kind};

/// The types, and what is implemented for them and for the value.
pub(super) fn expand(container: &Container<'_>, names: &Names) -> (TokenStream, TokenStream) {
    let path = path::embedded_definition(container, names);
    let payload = payload::definition(container, names);
    let impls = [
        fields::expand(container),
        checks::readable(container),
        embedded(container, names),
        path::embedded_implementation(container, names),
        payload::of_embedded(container, names),
    ];
    (generated!(#path #payload), impls.into_iter().collect())
}

fn embedded(container: &Container<'_>, names: &Names) -> TokenStream {
    let (ident, path, payload) = (container.ident, &names.path, &names.payload);
    let name = ident.to_string();
    let own = container.properties().map(|field| &field.name);
    let nested = container.embedded().map(|(field, ..)| names_of(field));
    generated! {
        #[automatically_derived]
        impl ::musher::__private::Embedded for #ident {
            type Path<R> = #path<R>;
            type Payload<'a> = #payload<'a>;

            const NAME: &'static str = #name;

            const PROPERTIES: &'static [&'static str] = &::musher::__private::concatenated::<
                { <Self as ::musher::__private::Fields>::COUNT },
            >(&[&[#(#own),*] #(, &#nested)*]);
        }
    }
}

/// For each embedded value, the position of its first property and the names of all.
pub(super) fn constants(container: &Container<'_>) -> TokenStream {
    let own = own_count(container);
    let mut first = generated!(FIRST_OWN + #own);
    let mut constants = TokenStream::new();
    for (field, ty, _) in container.embedded() {
        let (parts, names) = (first_of(field), names_of(field));
        let text = format_ident!("TEXT_OF_{}", field.name.to_uppercase());
        let prefix = &field.name;
        let value = generated!(<#ty as ::musher::__private::Embedded>);
        let count = generated!(<#ty as ::musher::__private::Fields>::COUNT);
        constants.extend(generated! {
            const #parts: usize = #first;
            const #text: &[u8] = &::musher::__private::prefixed::<
                { ::musher::__private::prefixed_length(#prefix, #value::PROPERTIES) },
            >(#prefix, #value::PROPERTIES);
            const #names: [&str; #count] =
                ::musher::__private::split::<{ #count }>(#text, #prefix, #value::PROPERTIES);
        });
        first = generated!(#parts + #count);
    }
    constants
}

/// How many positions there are before those of embedded values, the base's not counted.
fn own_count(container: &Container<'_>) -> Literal {
    Literal::usize_unsuffixed(derived::first_offset(container) + container.derived().count())
}

/// How many positions there are in all.
pub(super) fn count(container: &Container<'_>) -> TokenStream {
    if let Some((last, ty, _)) = container.embedded().next_back() {
        let first = first_of(last);
        generated!(#first + <#ty as ::musher::__private::Fields>::COUNT)
    } else {
        let own = own_count(container);
        generated!(FIRST_OWN + #own)
    }
}

/// The constant with the position of a value's first property.
pub(super) fn first_of(field: &Field<'_>) -> Ident {
    format_ident!("FIRST_OF_{}", field.name.to_uppercase())
}

/// The positions of a value's properties, as a range.
pub(super) fn places(field: &Field<'_>) -> Option<TokenStream> {
    let Kind::Embedded { ty, .. } = field.kind() else {
        return None;
    };
    let first = first_of(field);
    Some(generated!(#first..#first + <#ty as ::musher::__private::Fields>::COUNT))
}

fn names_of(field: &Field<'_>) -> Ident {
    format_ident!("NAMES_OF_{}", field.name.to_uppercase())
}

/// The value of a row, in which the container's properties begin at `first`.
pub(super) fn hydrated(field: &Field<'_>, first: &TokenStream) -> TokenStream {
    let Kind::Embedded { ty, optional } = field.kind() else {
        return TokenStream::new();
    };
    let (position, parts) = (super::position(field), first_of(field));
    let value = generated!(<#ty as ::musher::__private::Fields>::hydrate(row, #first + #parts)?);
    if !optional {
        return value;
    }
    generated! {
        if row.presence(#first + #position) == ::std::option::Option::Some(true) {
            ::std::option::Option::Some(#value)
        } else {
            ::std::option::Option::None
        }
    }
}

/// Adds the descriptions of the values' properties to `fields`.
pub(super) fn descriptions(container: &Container<'_>) -> TokenStream {
    let values = container.embedded().map(|(field, ty, _)| {
        let (names, position) = (names_of(field), super::position(field));
        generated! {
            ::musher::__private::FieldDescription::embed(
                &mut fields,
                #position,
                <#ty as ::musher::__private::Fields>::describe(),
                &#names,
            );
        }
    });
    values.collect()
}

/// Statements that hand the positions of a value's properties on to it. `arguments` name the position
/// `field`; `absent` is what is done where there is no value.
pub(super) fn delegates(
    container: &Container<'_>,
    method: &TokenStream,
    reference: &TokenStream,
    arguments: &TokenStream,
    absent: &TokenStream,
) -> TokenStream {
    behind(container, |field, _, optional| {
        let ident = field.ident;
        let call = |value: &TokenStream| generated!(::musher::__private::Fields::#method(#value, #arguments));
        if !optional {
            return call(&generated!(#reference self.#ident));
        }
        let call = call(&generated!(value));
        generated! {
            match #reference self.#ident {
                ::std::option::Option::Some(value) => #call,
                ::std::option::Option::None => #absent,
            }
        }
    })
}

/// Statements that return what is done for the property `field` of each value, counted from the value's
/// first.
pub(super) fn behind(
    container: &Container<'_>,
    done: impl Fn(&Field<'_>, &Type, bool) -> TokenStream,
) -> TokenStream {
    // The last ones first, since the places ascend.
    let statements = container.embedded().rev().map(|(field, ty, optional)| {
        let (first, done) = (first_of(field), done(field, ty, optional));
        generated! {
            if field >= #first {
                let field = field - #first;
                return #done;
            }
        }
    });
    statements.collect()
}

/// The method that lets optional values come and go; where there are none, the trait's own does.
pub(super) fn embed(container: &Container<'_>) -> TokenStream {
    let base = container.base().map(|base| {
        let ident = base.ident;
        generated!(::musher::__private::Fields::embed(&mut self.#ident, row, first)?;)
    });
    let values: Vec<_> = container.embedded().map(|(field, ty, optional)| {
        let (ident, parts, position) = (field.ident, first_of(field), super::position(field));
        if !optional {
            return generated!(::musher::__private::Fields::embed(&mut self.#ident, row, first + #parts)?;);
        }
        generated! {
            match (row.presence(first + #position), &mut self.#ident) {
                (::std::option::Option::None, _) => {}
                (::std::option::Option::Some(false), value) => *value = ::std::option::Option::None,
                (::std::option::Option::Some(true), ::std::option::Option::Some(value)) => {
                    ::musher::__private::Fields::embed(value, row, first + #parts)?;
                }
                (::std::option::Option::Some(true), value) => {
                    *value = ::std::option::Option::Some(
                        <#ty as ::musher::__private::Fields>::hydrate(row, first + #parts)?,
                    );
                }
            }
        }
    }).collect();
    if base.is_none() && values.is_empty() {
        return TokenStream::new();
    }
    let of = |ty: &Type| generated!(<#ty as ::musher::__private::Fields>::HAS_OPTIONAL_VALUES);
    let of_base = container.base().map(|base| of(base.ty));
    let of_values = container
        .embedded()
        .map(|(_, ty, optional)| if optional { generated!(true) } else { of(ty) });
    let optional: Vec<_> = of_base.into_iter().chain(of_values).collect();
    generated! {
        const HAS_OPTIONAL_VALUES: bool = #(#optional)||*;

        fn embed(
            &mut self,
            row: &::musher::__private::HydrateRow<'_>,
            first: usize,
        ) -> ::musher::__private::Result<()> {
            #base
            #(#values)*
            ::std::result::Result::Ok(())
        }
    }
}
