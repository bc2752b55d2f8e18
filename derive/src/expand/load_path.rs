//! Load paths, which hints of what to load, to leave out or to write are made of, and a type for each
//! step that they can take.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::{Ident, Visibility};

use super::{Names, position};
use crate::ast::{Container, Field, Kind};
use crate::attr::RelationKind;

pub(super) fn entity_definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, ident, path) = (container.vis, container.ident, &names.load_path);
    let inner = inner(container);
    let doc =
        format!("A path to `{ident}`: its methods go on to what shall be loaded, or left out.");
    generated! {
        #[doc = #doc]
        #vis struct #path<P>(#inner);
    }
}

/// What the path of an entity wraps, and dereferences to: the library's, or the base's.
fn inner(container: &Container<'_>) -> TokenStream {
    let entity = container.ident;
    let Some(base) = container.base() else {
        return generated!(::musher::__private::LoadPath<P, #entity>);
    };
    let ty = base.ty;
    generated!(<#ty as ::musher::__private::BaseEntity>::LoadPath<P, #entity>)
}

pub(super) fn entity_implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    let (entity, path) = (container.ident, &names.load_path);
    let inner = inner(container);
    let deref = deref(path, &generated!(<P>), &inner);
    let steps = steps(container);
    let library = generated!(::musher::__private::LoadPath::<P, #entity>);
    let methods = container
        .properties()
        .map(|field| method(container, field, &library));
    generated! {
        #steps

        impl<P> #path<P> {
            #(#methods)*
        }

        #[automatically_derived]
        impl<P> ::std::convert::From<::musher::__private::LoadPath<P, #entity>> for #path<P> {
            fn from(path: ::musher::__private::LoadPath<P, #entity>) -> Self {
                Self(::std::convert::From::from(path))
            }
        }

        #[automatically_derived]
        impl<P: ::musher::__private::Route> ::musher::__private::Loads for #path<P> {
            type Route = P;
            type Target = #entity;

            fn steps(&self) -> &[usize] {
                #library::steps(self)
            }
        }

        #deref
    }
}

pub(super) fn base_definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, path) = (container.vis, &names.load_path);
    let doc = format!("A path to an entity with the base `{}`.", container.ident);
    generated! {
        #[doc = #doc]
        #vis struct #path<P, T>(::musher::__private::LoadPath<P, T>);
    }
}

pub(super) fn base_implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    let path = &names.load_path;
    let library = generated!(::musher::__private::LoadPath::<P, T>);
    let deref = deref(
        path,
        &generated!(<P, T>),
        &generated!(::musher::__private::LoadPath<P, T>),
    );
    let methods = container
        .properties()
        .map(|field| method(container, field, &library));
    generated! {
        impl<P, T> #path<P, T> {
            #(#methods)*
        }

        #[automatically_derived]
        impl<P, T> ::std::convert::From<::musher::__private::LoadPath<P, T>> for #path<P, T> {
            fn from(path: ::musher::__private::LoadPath<P, T>) -> Self {
                Self(path)
            }
        }

        #deref
    }
}

fn deref(path: &Ident, parameters: &TokenStream, target: &TokenStream) -> TokenStream {
    generated! {
        #[automatically_derived]
        impl #parameters ::std::ops::Deref for #path #parameters {
            type Target = #target;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    }
}

fn method(container: &Container<'_>, field: &Field<'_>, path: &TokenStream) -> TokenStream {
    let (vis, ident, position) = (container.vis, field.ident, position(field));
    let route = generated!(::musher::__private::Then<P, __steps::#ident>);
    let (output, body) = match field.kind() {
        Kind::ToOne { target, .. } | Kind::Collection(target) | Kind::Inverse(target) => {
            let route = match back_reference(field) {
                Some(other) => {
                    let name = other.unraw().to_string();
                    generated! {
                        ::musher::__private::Then<
                            P,
                            __steps::#ident,
                            ::musher::__private::BackTo<#target, { ::musher::__private::name_number(#name) }>,
                        >
                    }
                }
                None => route,
            };
            (
                generated!(<#target as ::musher::__private::Managed>::LoadPath<#route>),
                generated!(::std::convert::From::from(#path::then(self, #position))),
            )
        }
        Kind::Lazy(value) => (
            generated!(::musher::__private::LoadPath<#route, #value>),
            generated!(#path::then(self, #position)),
        ),
        Kind::Key { .. } => (
            generated!(::musher::__private::KeyProperty<P>),
            generated!(#path::key(self, #position)),
        ),
        _ => (
            generated!(::musher::__private::PlainProperty<P>),
            generated!(#path::plain(self, #position)),
        ),
    };
    let doc = format!("The path to `{}`.", field.name);
    generated! {
        #[doc = #doc]
        #[must_use]
        #vis fn #ident(&self) -> #output {
            #body
        }
    }
}

/// A type for each relation and lazy property, in a module of their own: they have the properties'
/// names, so that the compiler's messages do, and must not be in the way of other things so named.
fn steps(container: &Container<'_>) -> TokenStream {
    let mut place = generated!(::musher::__private::First);
    let (mut idents, mut impls) = (Vec::new(), Vec::new());
    for field in container.properties() {
        if field.is_relation() || field.is_lazy() {
            idents.push(field.ident);
            impls.push(step(container.ident, field, &place));
            place = generated!(::musher::__private::Next<#place>);
        }
    }
    if idents.is_empty() {
        return TokenStream::new();
    }
    let vis = one_module_in(container.vis);
    generated! {
        #[allow(non_camel_case_types)]
        mod __steps {
            #(#vis enum #idents {})*
        }

        #(#impls)*
    }
}

/// The same visibility, as it is written in a module of the module.
fn one_module_in(vis: &Visibility) -> TokenStream {
    match vis {
        Visibility::Inherited => generated!(pub(super)),
        Visibility::Restricted(restricted) => {
            let path = &restricted.path;
            match path.segments.first() {
                Some(first) if first.ident == "self" => {
                    let rest = path.segments.iter().skip(1);
                    generated!(pub(in super #(::#rest)*))
                }
                Some(first) if first.ident == "super" => generated!(pub(in super::#path)),
                _ => generated!(#vis),
            }
        }
        Visibility::Public(_) => generated!(#vis),
    }
}

fn step(entity: &Ident, field: &Field<'_>, place: &TokenStream) -> TokenStream {
    let (ident, name) = (field.ident, &field.name);
    let is_eager = field.relation().is_some_and(|attr| attr.eager.is_some());
    let eager = is_eager.then(|| {
        generated! {
            #[diagnostic::do_not_recommend]
            impl ::musher::__private::Populated<__steps::#ident> for ::musher::__private::Without {}
        }
    });
    let to_many = matches!(field.kind(), Kind::Collection(_))
        .then(|| generated!(impl ::musher::__private::ToMany for __steps::#ident {}));
    generated! {
        #eager
        #to_many

        #[diagnostic::do_not_recommend]
        impl ::musher::__private::Named<{ ::musher::__private::name_number(#name) }> for #entity {
            type Step = __steps::#ident;
        }

        impl ::musher::__private::Step for __steps::#ident {
            type Place = #place;
        }
    }
}

/// The property at the other end, if every row that the relation leads to refers by it to the one row
/// that the relation begins at.
fn back_reference<'f>(field: &'f Field<'_>) -> Option<&'f Ident> {
    let relation = field.relation()?;
    let one = matches!(
        relation.kind,
        RelationKind::OneToMany | RelationKind::OneToOne
    );
    let given = relation.mapped_by.as_ref().filter(|_| one)?;
    Some(&given.value)
}
