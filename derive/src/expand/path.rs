//! Query paths: what filters and orders are written with.

use proc_macro2::TokenStream;

use super::entity::composed_key_type;
use super::{Names, composed_key_position, derived, embedded, position};
use crate::ast::{Container, Field, Kind};

pub(super) fn entity_definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, ident, path) = (container.vis, container.ident, &names.path);
    let base = container.base().map(|base| {
        let ty = base.ty;
        generated!(base: <#ty as ::musher::__private::BaseEntity>::Path<R>,)
    });
    let doc = format!("A path from `R` to `{ident}`: its methods go on to a property or relation.");
    generated! {
        #[doc = #doc]
        #vis struct #path<R: ::musher::__private::Entity> {
            path: ::musher::__private::Path<R, #ident>,
            #base
        }
    }
}

pub(super) fn entity_implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    let (ident, path) = (container.ident, &names.path);
    let methods = container
        .properties()
        .filter_map(|field| method(container, field, &generated!(self.path)))
        .chain(composed_key(container))
        .chain(derived::path_methods(container));
    let (make_base, clone_base, deref) = match container.base() {
        Some(base) => {
            let ty = base.ty;
            let ty = generated!(<#ty as ::musher::__private::BaseEntity>::Path<R>);
            (
                generated!(base: ::std::convert::From::from(path.untyped()),),
                generated!(base: ::std::clone::Clone::clone(&self.base),),
                deref(names, &ty),
            )
        }
        None => Default::default(),
    };
    let presence = presence(container);
    generated! {
        impl<R: ::musher::__private::Entity> #path<R> {
            #(#methods)*
            #presence
        }

        #[automatically_derived]
        impl<R: ::musher::__private::Entity> ::std::convert::From<::musher::__private::Path<R, #ident>> for #path<R> {
            fn from(path: ::musher::__private::Path<R, #ident>) -> Self {
                Self { #make_base path }
            }
        }

        #[automatically_derived]
        impl<R: ::musher::__private::Entity> ::std::clone::Clone for #path<R> {
            fn clone(&self) -> Self {
                Self { #clone_base path: ::std::clone::Clone::clone(&self.path) }
            }
        }

        #[automatically_derived]
        impl<R: ::musher::__private::Entity> ::musher::__private::QueryPath<R> for #path<R> {
            type Target = #ident;

            fn into_path(self) -> ::musher::__private::Path<R, #ident> {
                self.path
            }
        }

        #deref
    }
}

/// Whether a relation refers to something, unless properties of these names are in the way.
fn presence(container: &Container<'_>) -> TokenStream {
    let is_taken = |field: &Field<'_>| matches!(field.name.as_str(), "is_none" | "is_some");
    if container.properties().any(is_taken) {
        return TokenStream::new();
    }
    let vis = container.vis;
    generated! {
        /// The relation that leads here refers to nothing, or one before it does.
        #vis fn is_none(&self) -> ::musher::Filter<R> {
            self.path.is_none()
        }

        /// The relation that leads here refers to a row.
        #vis fn is_some(&self) -> ::musher::Filter<R> {
            self.path.is_none().not()
        }
    }
}

fn deref(names: &Names, target: &TokenStream) -> TokenStream {
    let path = &names.path;
    generated! {
        #[automatically_derived]
        impl<R: ::musher::__private::Entity> ::std::ops::Deref for #path<R> {
            type Target = #target;

            fn deref(&self) -> &Self::Target {
                &self.base
            }
        }
    }
}

pub(super) fn base_definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let doc = format!(
        "A path from `R` to an entity with the base `{}`.",
        container.ident
    );
    around_definition(container, names, &doc, &inner_of_base())
}

pub(super) fn base_implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    around_implementation(container, names, &inner_of_base())
}

fn inner_of_base() -> TokenStream {
    generated!(::musher::__private::PropertyPath<R>)
}

pub(super) fn embedded_definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let doc = format!("A path from `R` to an embedded `{}`.", container.ident);
    around_definition(container, names, &doc, &inner_of_embedded())
}

pub(super) fn embedded_implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    around_implementation(container, names, &inner_of_embedded())
}

fn inner_of_embedded() -> TokenStream {
    generated!(::musher::__private::EmbeddedPath<R>)
}

/// A path that has nothing but another one inside.
fn around_definition(
    container: &Container<'_>,
    names: &Names,
    doc: &str,
    inner: &TokenStream,
) -> TokenStream {
    let (vis, path) = (container.vis, &names.path);
    generated! {
        #[doc = #doc]
        #vis struct #path<R>(#inner);
    }
}

fn around_implementation(
    container: &Container<'_>,
    names: &Names,
    inner: &TokenStream,
) -> TokenStream {
    let path = &names.path;
    let methods = container
        .properties()
        .filter_map(|field| method(container, field, &generated!(self.0)));
    generated! {
        impl<R> #path<R> {
            #(#methods)*
        }

        #[automatically_derived]
        impl<R> ::std::convert::From<#inner> for #path<R> {
            fn from(path: #inner) -> Self {
                Self(path)
            }
        }

        #[automatically_derived]
        impl<R> ::std::clone::Clone for #path<R> {
            fn clone(&self) -> Self {
                Self(::std::clone::Clone::clone(&self.0))
            }
        }
    }
}

/// The method for a key that is made of properties, unless one of them has its name.
fn composed_key(container: &Container<'_>) -> Option<TokenStream> {
    let position = composed_key_position(container)?;
    if container.properties().any(|field| field.name == "key") {
        return None;
    }
    let (vis, key) = (container.vis, composed_key_type(container));
    Some(generated! {
        /// The path to the whole primary key.
        #[must_use]
        #vis fn key(&self) -> ::musher::__private::Property<R, #key> {
            self.path.property::<#key>(#position)
        }
    })
}

/// The way to a property or relation. A lazy property is not in the row, so no condition is about it.
fn method(container: &Container<'_>, field: &Field<'_>, path: &TokenStream) -> Option<TokenStream> {
    let (vis, ident, ty, position) = (container.vis, field.ident, field.ty, position(field));
    let (output, body) = match field.kind() {
        Kind::Collection(target) => (
            generated!(::musher::__private::CollectionPath<R, #target>),
            generated!(::std::convert::From::from(#path.relation::<#target>(#position))),
        ),
        Kind::ToOne { target, .. } | Kind::Inverse(target) => (
            generated!(<#target as ::musher::__private::Managed>::Path<R>),
            generated!(::std::convert::From::from(#path.relation::<#target>(#position))),
        ),
        Kind::Embedded { ty, optional } => {
            let parts = embedded::first_of(field);
            let value = generated!(<#ty as ::musher::__private::Embedded>::Path<R>);
            let body = generated!(::std::convert::From::from(#path.embedded(#parts)));
            if optional {
                let presence = generated!(#path.property::<::std::option::Option<()>>(#position));
                (
                    generated!(::musher::__private::OptionalPath<R, #value>),
                    generated!(::musher::__private::OptionalPath::new(#presence, #body)),
                )
            } else {
                (value, body)
            }
        }
        Kind::EmbeddedList => (
            generated!(::musher::__private::EmbeddedListPath<R, #ty>),
            generated!(::std::convert::From::from(#path.property::<::musher::__private::Packed<#ty>>(#position))),
        ),
        Kind::Lazy(_) => return None,
        Kind::Key { .. } => {
            let key = generated!(<#ty as ::musher::__private::KeyField>::Key);
            (
                generated!(::musher::__private::Property<R, #key>),
                generated!(#path.property::<#key>(#position)),
            )
        }
        _ if field.attrs.hidden.is_some() => (
            generated!(::musher::__private::HiddenProperty<R, #ty>),
            generated!(::std::convert::From::from(#path.property::<#ty>(#position))),
        ),
        _ => (
            generated!(::musher::__private::Property<R, #ty>),
            generated!(#path.property::<#ty>(#position)),
        ),
    };
    let doc = format!("The path to `{}`.", field.name);
    Some(generated! {
        #[doc = #doc]
        #[must_use]
        #vis fn #ident(&self) -> #output {
            #body
        }
    })
}
