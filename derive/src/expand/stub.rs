//! What stands in for the expansion of a struct that was refused.
//!
//! Every entity that refers to it would otherwise say once more, and for each generated item, that
//! it is no entity, and bury the one message that helps. The stand-in is never run: the program does
//! not compile.

use proc_macro2::TokenStream;
use syn::{DeriveInput, Ident};

use crate::ast::Derived;

/// Implementations with empty bodies. A generic type is no entity whatever stands in for it.
pub(crate) fn stub(derived: Derived, input: &DeriveInput) -> TokenStream {
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let fields = fields(&input.ident);
    let rest = match derived {
        Derived::Entity => entity(&input.ident),
        Derived::Base => base(&input.ident),
        Derived::Embedded => embedded(&input.ident),
    };
    generated! {
        #[allow(unused_variables, unreachable_pub)]
        const _: () = {
            #fields
            #rest
        };
    }
}

fn fields(ident: &Ident) -> TokenStream {
    generated! {
        #[automatically_derived]
        impl ::musher::__private::Fields for #ident {
            const COUNT: usize = 0;
            type Version = ::musher::__private::Unversioned;

            fn describe() -> ::std::vec::Vec<::musher::__private::FieldDescription> {
                ::std::unreachable!()
            }

            fn hydrate(
                row: &::musher::__private::HydrateRow<'_>,
                first: usize,
            ) -> ::musher::__private::Result<Self> {
                ::std::unreachable!()
            }

            fn encode(
                &self,
                field: usize,
                out: &mut ::std::vec::Vec<u8>,
            ) -> ::std::result::Result<bool, ::musher::__private::ValueError> {
                ::std::unreachable!()
            }

            fn decode(
                &mut self,
                field: usize,
                stored: ::std::option::Option<&[u8]>,
            ) -> ::std::result::Result<(), ::musher::__private::ValueError> {
                ::std::unreachable!()
            }

            fn debug(&self, field: usize) -> &dyn ::std::fmt::Debug {
                ::std::unreachable!()
            }

            fn apply_on_update(
                &mut self,
                explicit: &::musher::__private::FieldSet,
                first: usize,
                now: ::std::time::SystemTime,
            ) {
            }

            fn serialize<M: ::musher::__private::serde::ser::SerializeMap>(
                &self,
                field: usize,
                name: &'static str,
                written: ::musher::__private::Written<'_>,
                map: &mut M,
            ) -> ::std::result::Result<(), M::Error> {
                ::std::unreachable!()
            }

            fn serialize_stored<M: ::musher::__private::serde::ser::SerializeMap>(
                field: usize,
                stored: ::std::option::Option<&[u8]>,
                name: &'static str,
                written: ::musher::__private::Written<'_>,
                map: &mut M,
            ) -> ::std::result::Result<(), M::Error> {
                ::std::unreachable!()
            }
        }
    }
}

/// The functions of a key of type `u64`, but for the one that gives it.
fn key() -> TokenStream {
    generated! {
        fn set_key(&mut self, key: u64) {}

        fn generate_key(next_number: &mut dyn FnMut() -> u64) -> ::std::option::Option<u64> {
            ::std::unreachable!()
        }

        fn key_number(key: &u64) -> ::std::option::Option<u64> {
            ::std::unreachable!()
        }
    }
}

fn entity(ident: &Ident) -> TokenStream {
    let key = key();
    generated! {
        #[automatically_derived]
        impl ::musher::__private::Entity for #ident {
            type Key = u64;
            type Payload<'a> = ::musher::__private::Payload<'a>;

            const NAME: &'static str = "";
            const HOOKS: ::musher::__private::EventSet = ::musher::__private::EventSet::new();

            fn key(&self) -> ::std::option::Option<::std::borrow::Cow<'_, u64>> {
                ::std::unreachable!()
            }

            #key
        }

        #[automatically_derived]
        impl ::musher::__private::Managed for #ident {
            type View<'em, L: ::musher::__private::List> = ::musher::__private::View<'em, Self>;
            type Edit<'em> = ::musher::__private::Edit<'em, Self>;
            type Path<R: ::musher::__private::Entity> = ::musher::__private::Path<R, Self>;
            type LoadPath<P> = ::musher::__private::LoadPath<P, Self>;
        }

        #[automatically_derived]
        impl ::musher::__private::IntoManaged for #ident {
            type Entity = Self;

            fn into_pending(self) -> ::musher::__private::Pending<Self> {
                ::std::unreachable!()
            }
        }

        #[automatically_derived]
        impl ::musher::__private::SerializeEntity for #ident {
            fn serialize_relation<M: ::musher::__private::serde::ser::SerializeMap>(
                node: &::musher::__private::Node<'_, '_, Self>,
                field: usize,
                name: &'static str,
                map: &mut M,
            ) -> ::std::result::Result<(), M::Error> {
                ::std::unreachable!()
            }
        }
    }
}

fn embedded(ident: &Ident) -> TokenStream {
    generated! {
        #[automatically_derived]
        impl ::musher::__private::Embedded for #ident {
            type Path<R> = ::musher::__private::EmbeddedPath<R>;
            type Payload<'a> = ::musher::__private::EmbeddedPayload<'a>;

            const NAME: &'static str = "";
            const PROPERTIES: &'static [&'static str] = &[];
        }
    }
}

fn base(ident: &Ident) -> TokenStream {
    let key = key();
    generated! {
        #[automatically_derived]
        impl ::std::default::Default for #ident {
            fn default() -> Self {
                ::std::unreachable!()
            }
        }

        #[automatically_derived]
        impl ::musher::__private::BaseEntity for #ident {
            type Payload<'a> = ::musher::__private::Payload<'a>;
            type Path<R: ::musher::__private::Entity> = ::musher::__private::PropertyPath<R>;
            type LoadPath<P, T> = ::musher::__private::LoadPath<P, T>;

            const HAS_KEY: bool = true;
        }

        #[automatically_derived]
        impl ::musher::__private::KeyedBase for #ident {
            type Key = u64;

            fn key(&self) -> ::std::option::Option<&u64> {
                ::std::unreachable!()
            }

            #key
        }
    }
}
