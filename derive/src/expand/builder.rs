//! The builder: one type parameter for each required property, `Missing` until the property is set.
//!
//! Only a builder whose parameters are all `Set` becomes an entity. What the compiler says of one
//! that lacks a property is the message of a trait made for that property alone.

use proc_macro2::TokenStream;
use quote::format_ident;
use syn::Ident;

use super::{Names, defaults, position};
use crate::ast::{Container, Field, Kind};
use crate::shape::Shape;

pub(super) fn definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, ident, builder) = (container.vis, container.ident, &names.builder);
    let parameters = required(container).map(|field| {
        let parameter = parameter(field);
        generated!(#parameter = ::musher::__private::Missing)
    });
    let fields = container.fields.iter().map(|field| {
        let (ident, held) = (field.ident, held(field));
        generated!(#ident: #held,)
    });
    let doc = format!("A new `{ident}` in the making; `em.create` completes it.");
    generated! {
        #[doc = #doc]
        #[must_use = "a builder does nothing until `em.create` takes it"]
        #[allow(dead_code, clippy::option_option)]
        #vis struct #builder<#(#parameters),*> {
            #(#fields)*
        }
    }
}

pub(super) fn implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    let builder = &names.builder;
    let start = start(container, names);
    let setters = container
        .fields
        .iter()
        .map(|field| setter(container, names, field));
    let parameters: Vec<_> = required(container).map(parameter).collect();
    let completion = completion(container, names);
    generated! {
        #start

        impl<#(#parameters),*> #builder<#(#parameters),*> {
            #(#setters)*
        }

        #completion
    }
}

fn required<'c, 'a>(container: &'c Container<'a>) -> impl Iterator<Item = &'c Field<'a>> {
    container.fields.iter().filter(|field| field.is_required())
}

/// The type parameter that tells whether the property is set.
fn parameter(field: &Field<'_>) -> Ident {
    format_ident!("__{}", pascal_case(&field.name))
}

/// The trait that the parameter implements once the property is set.
fn condition(field: &Field<'_>) -> Ident {
    format_ident!("{}IsSet", pascal_case(&field.name))
}

fn pascal_case(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut characters = word.chars();
            characters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .chain(characters)
        })
        .collect()
}

/// What the builder's field holds.
fn held(field: &Field<'_>) -> TokenStream {
    if field.is_required() {
        let parameter = parameter(field);
        return generated!(#parameter);
    }
    let value = set_value(field);
    if matches!(field.kind(), Kind::Collection(_)) {
        value
    } else {
        generated!(::std::option::Option<#value>)
    }
}

/// The type in which the builder keeps a property that was set.
fn set_value(field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    match field.kind() {
        Kind::ToOne { target, .. } | Kind::Inverse(target) => {
            generated!(::musher::__private::Pending<#target>)
        }
        Kind::Collection(target) => {
            generated!(::std::vec::Vec<::musher::__private::Pending<#target>>)
        }
        _ => generated!(#ty),
    }
}

/// `Article::build()`.
fn start(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, entity, builder) = (container.vis, container.ident, &names.builder);
    let fields = container.fields.iter().map(|field| {
        let ident = field.ident;
        match field.kind() {
            _ if field.is_required() => generated!(#ident: ::musher::__private::Missing,),
            Kind::Collection(_) => generated!(#ident: ::std::vec::Vec::new(),),
            _ => generated!(#ident: ::std::option::Option::None,),
        }
    });
    let doc = format!("Begins a new `{entity}`, for `em.create` and for relations.");
    generated! {
        impl #entity {
            #[doc = #doc]
            #vis fn build() -> #builder {
                #builder { #(#fields)* }
            }
        }
    }
}

fn setter(container: &Container<'_>, names: &Names, field: &Field<'_>) -> TokenStream {
    let (vis, ident, builder) = (container.vis, field.ident, &names.builder);
    if field.is_version() {
        // The flush counts it.
        return TokenStream::new();
    }
    let (argument, value) = argument(field);
    let doc = format!("Sets `{}`.", field.name);
    if !field.is_required() {
        let is_list = matches!(field.kind(), Kind::Collection(_));
        let value = if is_list {
            value
        } else {
            generated!(::std::option::Option::Some(#value))
        };
        return generated! {
            #[doc = #doc]
            #vis fn #ident(mut self, #ident: #argument) -> Self {
                self.#ident = #value;
                self
            }
        };
    }
    let set = set_value(field);
    let parameters = required(container).map(|other| {
        let parameter = parameter(other);
        if other.position == field.position {
            generated!(::musher::__private::Set<#set>)
        } else {
            generated!(#parameter)
        }
    });
    let others = container
        .fields
        .iter()
        .map(|field| field.ident)
        .filter(|other| *other != ident);
    generated! {
        #[doc = #doc]
        #vis fn #ident(self, #ident: #argument) -> #builder<#(#parameters),*> {
            #builder {
                #ident: ::musher::__private::Set::new(#value),
                #(#others: self.#others,)*
            }
        }
    }
}

/// The setter's argument, and how it becomes what the builder keeps.
fn argument(field: &Field<'_>) -> (TokenStream, TokenStream) {
    let (ident, ty) = (field.ident, field.ty);
    let pending = generated!(::musher::__private::IntoManaged::into_pending);
    match (field.kind(), &field.shape) {
        (Kind::ToOne { target, .. } | Kind::Inverse(target), _) => (
            generated!(impl ::musher::__private::IntoManaged<Entity = #target>),
            generated!(#pending(#ident)),
        ),
        (Kind::Collection(target), _) => (
            generated!(impl ::std::iter::IntoIterator<Item: ::musher::__private::IntoManaged<Entity = #target>>),
            generated!(::std::iter::Iterator::collect(::std::iter::Iterator::map(
                ::std::iter::IntoIterator::into_iter(#ident),
                #pending,
            ))),
        ),
        (
            Kind::Scalar | Kind::Key { .. } | Kind::Lazy(_),
            Shape::Text | Shape::Lazy(_) | Shape::GeneratedKey,
        ) => (
            generated!(impl ::std::convert::Into<#ty>),
            generated!(::std::convert::Into::into(#ident)),
        ),
        _ => (generated!(#ty), generated!(#ident)),
    }
}

/// The traits that name what is missing, and the step from a complete builder to a managed entity.
fn completion(container: &Container<'_>, names: &Names) -> TokenStream {
    let (entity, builder) = (container.ident, &names.builder);
    let conditions = required(container).map(|field| condition_trait(container, field));
    let parameters: Vec<_> = required(container).map(parameter).collect();
    let bounds = required(container).map(|field| {
        let (condition, value) = (condition(field), set_value(field));
        generated!(#condition<Value = #value>)
    });
    let fields: Vec<_> = container.fields.iter().map(|field| field.ident).collect();
    let taken = required(container).map(|field| {
        let (ident, condition) = (field.ident, condition(field));
        generated!(let #ident = #condition::take(#ident);)
    });
    let relations: Vec<_> = container
        .fields
        .iter()
        .filter(|field| field.is_relation())
        .map(|field| field.ident)
        .collect();
    let steps = if relations.is_empty() {
        generated!(let steps = ::musher::__private::Steps::default();)
    } else {
        generated! {
            let mut steps = ::musher::__private::Steps::default();
            #(
                let mut #relations = #relations;
                ::musher::__private::Defer::defer(&mut #relations, &mut steps);
            )*
        }
    };
    let unset = unset(container);
    let bindings = defaults::bindings(container, |field| completed(container, field));
    let has_stamps = container.base().is_some() || container.fields.iter().any(Field::is_stamp);
    let now = has_stamps.then(|| generated!(let now = em.now();));
    generated! {
        #(#conditions)*

        #[automatically_derived]
        impl<#(#parameters: #bounds),*> ::musher::__private::IntoManaged for #builder<#(#parameters),*> {
            type Entity = #entity;

            fn into_pending(self) -> ::musher::__private::Pending<#entity> {
                let Self { #(#fields),* } = self;
                #(#taken)*
                #unset
                #steps
                ::musher::__private::Pending::new(steps, move |em| {
                    #now
                    #bindings
                    em.persist_built(#entity { #(#fields),* }, unset)
                })
            }
        }
    }
}

/// The properties that the builder has to fill in, as `unset`.
fn unset(container: &Container<'_>) -> TokenStream {
    let optional = container.properties().filter(|field| {
        let is_stored = matches!(
            field.kind(),
            Kind::Scalar
                | Kind::Embedded { .. }
                | Kind::EmbeddedList
                | Kind::Lazy(_)
                | Kind::ToOne { .. }
        );
        is_stored && !field.is_required()
    });
    let own = optional.map(|field| {
        let (ident, position) = (field.ident, position(field));
        generated!((#position, ::std::option::Option::is_none(&#ident)),)
    });
    let base = container.base().map_or_else(
        || generated!(false),
        |base| {
            let ident = base.ident;
            generated!(::std::option::Option::is_none(&#ident))
        },
    );
    generated!(let unset = ::musher::__private::FieldSet::unset(FIRST_OWN, #base, &[#(#own)*]);)
}

fn condition_trait(container: &Container<'_>, field: &Field<'_>) -> TokenStream {
    let (name, property, entity) = (condition(field), &field.name, container.ident);
    let message = format!("required property `{property}` of `{entity}` is missing");
    let label = format!("`.{property}(..)` is not called on this builder");
    let note = format!(
        "`{property}` has no default: call `.{property}(..)`, or give the property `#[orm(default)]`"
    );
    let note = if field.is_relation() {
        format!(
            "the relation `{property}` is required: call `.{property}(..)`, or write its type as `Option<..>`"
        )
    } else {
        note
    };
    generated! {
        #[diagnostic::on_unimplemented(message = #message, label = #label, note = #note)]
        pub trait #name {
            type Value;

            fn take(self) -> Self::Value;
        }

        impl<V> #name for ::musher::__private::Set<V> {
            type Value = V;

            fn take(self) -> V {
                self.into_inner()
            }
        }
    }
}

/// How a field gets its final value. `None`: the variable holds it as it is.
fn completed(container: &Container<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let (ident, ty) = (field.ident, field.ty);
    Some(match field.kind() {
        Kind::ToOne {
            optional: false, ..
        } => generated!(#ident.resolve(em)),
        Kind::ToOne { optional: true, .. } => generated!(#ident.map(|pending| pending.resolve(em))),
        Kind::Collection(_) => {
            generated!(#ident.into_iter().map(|pending| pending.resolve(em)).collect())
        }
        Kind::Inverse(_) => {
            generated!(#ident.map_or_else(<#ty>::new, |pending| <#ty>::from(pending.resolve(em))))
        }
        Kind::Base => generated! {
            #ident.unwrap_or_else(|| <#ty as ::musher::__private::BaseEntity>::made_at(now))
        },
        Kind::Skip | Kind::Key { generated: true } => {
            generated!(#ident.unwrap_or_default())
        }
        _ if field.is_required() => return None,
        _ if field.has_default() => {
            let default = defaults::default_value(container, field, |read| given(field, read));
            generated!(#ident.unwrap_or_else(|| #default))
        }
        Kind::Lazy(_) => {
            generated!(#ident.unwrap_or_else(|| <#ty>::new(::std::option::Option::None)))
        }
        Kind::Key { generated: false }
        | Kind::Scalar
        | Kind::Embedded { .. }
        | Kind::EmbeddedList => {
            generated!(#ident.flatten())
        }
    })
}

/// A reference to a property that the default of `field` reads.
fn given(field: &Field<'_>, read: &Field<'_>) -> TokenStream {
    let ident = read.ident;
    if !read.is_lazy() {
        return generated!(&#ident);
    }
    let message = format!(
        "the default of `{}` reads the lazy property `{}`, which was given without a value",
        field.name, read.name
    );
    generated!(#ident.get().expect(#message))
}
