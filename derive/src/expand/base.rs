//! What `#[derive(BaseEntity)]` emits: the properties, `Default`, and the parts that entities with
//! this base dereference to.

use proc_macro2::TokenStream;

use super::{Names, checks, defaults, fields, load_path, path, payload};
use crate::ast::{Container, Kind};

/// The types, and what is implemented for them and for the base.
pub(super) fn expand(container: &Container<'_>, names: &Names) -> (TokenStream, TokenStream) {
    let types = [
        payload::definition(container, names),
        path::base_definition(container, names),
        load_path::base_definition(container, names),
    ];
    let impls = [
        fields::expand(container),
        checks::readable(container),
        base(container, names),
        keyed(container),
        default(container),
        payload::implementation(container, names),
        path::base_implementation(container, names),
        load_path::base_implementation(container, names),
    ];
    (types.into_iter().collect(), impls.into_iter().collect())
}

fn base(container: &Container<'_>, names: &Names) -> TokenStream {
    let (ident, payload) = (container.ident, &names.payload);
    let (path, load_path) = (&names.path, &names.load_path);
    let has_key = container.key().is_some();
    let bindings = defaulted(container);
    let idents = container.fields.iter().map(|field| field.ident);
    generated! {
        #[automatically_derived]
        impl ::musher::__private::BaseEntity for #ident {
            type Payload<'a> = #payload<'a>;
            type Path<R: ::musher::__private::Entity> = #path<R>;
            type LoadPath<P, T> = #load_path<P, T>;

            const HAS_KEY: bool = #has_key;

            fn made_at(now: ::std::time::SystemTime) -> Self {
                #bindings
                Self { #(#idents),* }
            }
        }
    }
}

fn keyed(container: &Container<'_>) -> TokenStream {
    let Some(key) = container.key() else {
        return TokenStream::new();
    };
    let (ident, field) = (container.ident, key.ident);
    let key_field = key.ty;
    let key_field = generated!(<#key_field as ::musher::__private::KeyField>);
    generated! {
        #[automatically_derived]
        impl ::musher::__private::KeyedBase for #ident {
            type Key = #key_field::Key;

            fn key(&self) -> ::std::option::Option<&Self::Key> {
                #key_field::key(&self.#field)
            }

            fn set_key(&mut self, key: Self::Key) {
                #key_field::set_key(&mut self.#field, key);
            }

            fn generate_key(next_number: &mut dyn ::std::ops::FnMut() -> u64) -> ::std::option::Option<Self::Key> {
                #key_field::generate(next_number)
            }

            fn key_number(key: &Self::Key) -> ::std::option::Option<u64> {
                #key_field::number(key)
            }
        }
    }
}

fn default(container: &Container<'_>) -> TokenStream {
    let ident = container.ident;
    generated! {
        #[automatically_derived]
        impl ::std::default::Default for #ident {
            fn default() -> Self {
                <Self as ::musher::__private::BaseEntity>::made_at(::std::time::SystemTime::now())
            }
        }
    }
}

/// A variable for each field, with its default.
fn defaulted(container: &Container<'_>) -> TokenStream {
    defaults::bindings(container, |field| {
        let ty = field.ty;
        Some(match field.kind() {
            Kind::Scalar | Kind::Embedded { .. } | Kind::EmbeddedList | Kind::Key { .. }
                if field.has_default() =>
            {
                defaults::default_value(container, field, |read| {
                    let ident = read.ident;
                    generated!(&#ident)
                })
            }
            _ => generated!(<#ty as ::std::default::Default>::default()),
        })
    })
}
