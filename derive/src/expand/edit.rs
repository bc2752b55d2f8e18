//! The edit: a managed entity to be changed, with methods that keep both ends of its relations
//! equal.

use proc_macro2::TokenStream;
use quote::format_ident;

use super::{Names, position};
use crate::ast::{Container, Field, Kind};

pub(super) fn definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, ident, edit) = (container.vis, container.ident, &names.edit);
    let doc = format!(
        "A managed `{ident}` to change: it dereferences to the `{ident}`, and its methods change both ends of \
         relations at once."
    );
    generated! {
        #[doc = #doc]
        #vis struct #edit<'em>(::musher::__private::Edit<'em, #ident>);
    }
}

pub(super) fn implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, ident, edit) = (container.vis, container.ident, &names.edit);
    let methods = container
        .properties()
        .filter_map(|field| method(container, field));
    generated! {
        impl<'em> #edit<'em> {
            /// The id.
            #[must_use]
            #vis fn id(&self) -> ::musher::__private::Id<#ident> {
                self.0.id()
            }

            #(#methods)*
        }

        #[automatically_derived]
        impl<'em> ::std::convert::From<::musher::__private::Edit<'em, #ident>> for #edit<'em> {
            fn from(edit: ::musher::__private::Edit<'em, #ident>) -> Self {
                Self(edit)
            }
        }

        #[automatically_derived]
        impl ::std::ops::Deref for #edit<'_> {
            type Target = #ident;

            #[track_caller]
            fn deref(&self) -> &#ident {
                self.0.entity()
            }
        }

        #[automatically_derived]
        impl ::std::ops::DerefMut for #edit<'_> {
            #[track_caller]
            fn deref_mut(&mut self) -> &mut #ident {
                self.0.entity_mut()
            }
        }
    }
}

fn method(container: &Container<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let (vis, ident, position) = (container.vis, field.ident, position(field));
    let entity = container.ident;
    let set = format_ident!("set_{}", field.name);
    let (doc, signature, body) = match field.kind() {
        // A key never changes.
        Kind::ToOne { .. } if field.is_key_part => return None,
        Kind::ToOne { target, optional } => (
            format!(
                "Changes what `{}` refers to, and both collections at the other end.",
                field.name
            ),
            if optional {
                generated!(#set(&mut self, #ident: impl ::musher::__private::IntoReference<#target>) -> &mut Self)
            } else {
                generated!(#set(&mut self, #ident: impl ::musher::__private::IntoId<#target>) -> &mut Self)
            },
            if optional {
                generated! {
                    let #ident = ::musher::__private::IntoReference::into_reference(#ident);
                    self.0.set_to_one::<#target>(#position, #ident);
                    self
                }
            } else {
                generated! {
                    let #ident = ::musher::__private::IntoId::into_id(#ident);
                    self.0.set_to_one::<#target>(#position, ::std::option::Option::Some(#ident));
                    self
                }
            },
        ),
        Kind::Inverse(target) => (
            format!(
                "Changes whose reference points here, `{}`, and releases who did before.",
                field.name
            ),
            generated! {
                #set(&mut self, #ident: impl ::musher::__private::IntoReference<#target>) -> &mut Self
            },
            generated! {
                let #ident = ::musher::__private::IntoReference::into_reference(#ident);
                self.0.set_inverse::<#target>(#position, #ident);
                self
            },
        ),
        Kind::Collection(target) => (
            format!("The collection `{}`, to be loaded or changed.", field.name),
            generated!(#ident(&mut self) -> ::musher::__private::CollectionEdit<'_, #entity, #target>),
            generated!(self.0.to_many::<#target>(#position)),
        ),
        _ => return None,
    };
    Some(generated! {
        #[doc = #doc]
        #[track_caller]
        #vis fn #signature {
            #body
        }
    })
}
