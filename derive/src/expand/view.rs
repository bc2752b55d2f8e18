//! The view: an entity with its unit of work at hand, so that relations can be followed.

use proc_macro2::TokenStream;

use super::{Names, position};
use crate::ast::{Container, Field, Kind};

pub(super) fn definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, ident, view) = (container.vis, container.ident, &names.view);
    let doc = format!(
        "A managed `{ident}` to read: it dereferences to the `{ident}`, and its methods follow relations \
         through the identity map. `L` says which of them the compiler knows to be loaded."
    );
    generated! {
        #[doc = #doc]
        #vis struct #view<'em, L = ::musher::__private::Unchecked>(
            ::musher::__private::View<'em, #ident>,
            ::std::marker::PhantomData<fn() -> L>,
        );
    }
}

pub(super) fn implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, ident, view) = (container.vis, container.ident, &names.view);
    let accessors = container
        .properties()
        .filter_map(|field| accessor(container, field));
    let traits = traits(container, names);
    generated! {
        impl<'em, L: ::musher::__private::List> #view<'em, L> {
            /// The id.
            #[must_use]
            #vis fn id(self) -> ::musher::__private::Id<#ident> {
                self.0.id()
            }

            /// Whether the entity is loaded.
            #[must_use]
            #vis fn is_initialized(self) -> bool {
                self.0.is_initialized()
            }

            /// The entity, for as long as the unit of work is borrowed: a field of the view itself
            /// lives only as long as the view.
            ///
            /// # Panics
            /// If only its key is known.
            #[must_use]
            #[track_caller]
            #vis fn get(self) -> &'em #ident
            where
                L: ::musher::__private::OfRows,
            {
                self.0.entity()
            }

            /// The entity.
            ///
            /// # Errors
            /// `NotLoaded`, if only its key is known.
            #vis fn try_get(self) -> ::musher::__private::Result<&'em #ident> {
                self.0.try_entity()
            }

            /// The handle, with what the compiler knows to be populated.
            #[must_use]
            #vis fn loaded(self) -> ::musher::__private::Loaded<#ident, L>
            where
                L: ::musher::__private::Checked,
            {
                self.0.loaded()
            }

            /// The same view, with all relations: whether they are loaded shows at run time.
            #[must_use]
            #vis fn unchecked(self) -> #view<'em> {
                #view(self.0, ::std::marker::PhantomData)
            }

            #(#accessors)*
        }

        #traits
    }
}

fn traits(container: &Container<'_>, names: &Names) -> TokenStream {
    let (ident, view) = (container.ident, &names.view);
    generated! {
        #[automatically_derived]
        impl<'em, L> ::std::convert::From<::musher::__private::View<'em, #ident>> for #view<'em, L> {
            fn from(view: ::musher::__private::View<'em, #ident>) -> Self {
                Self(view, ::std::marker::PhantomData)
            }
        }

        #[automatically_derived]
        impl<L> ::std::clone::Clone for #view<'_, L> {
            fn clone(&self) -> Self {
                *self
            }
        }

        #[automatically_derived]
        impl<L> ::std::marker::Copy for #view<'_, L> {}

        #[automatically_derived]
        impl<L: ::musher::__private::OfRows> ::std::ops::Deref for #view<'_, L> {
            type Target = #ident;

            #[track_caller]
            fn deref(&self) -> &#ident {
                self.0.entity()
            }
        }

        #[automatically_derived]
        impl<L> ::std::fmt::Debug for #view<'_, L> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt_debug(f)
            }
        }

        #[automatically_derived]
        impl<L> ::musher::__private::serde::Serialize for #view<'_, L> {
            fn serialize<S: ::musher::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                ::musher::__private::serialize_view(&self.0, serializer)
            }
        }
    }
}

/// The method that follows a relation or reads a lazy property.
fn accessor(container: &Container<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let (vis, ident, position) = (container.vis, field.ident, position(field));
    let below = generated!(::musher::__private::Below<L, __steps::#ident>);
    let (output, body, doc) = match field.kind() {
        Kind::ToOne {
            target,
            optional: false,
        } => (
            generated!(<#target as ::musher::__private::Managed>::View<'em, #below>),
            generated!(self.0.to_one::<#target, #below>(&self.0.entity().#ident)),
            "The entity that `{}` refers to.",
        ),
        Kind::ToOne {
            target,
            optional: true,
        } => (
            generated!(::std::option::Option<<#target as ::musher::__private::Managed>::View<'em, #below>>),
            generated!(self.0.entity().#ident.as_ref().map(|id| self.0.to_one::<#target, #below>(id))),
            "The entity that `{}` refers to, if any.",
        ),
        Kind::Collection(target) => (
            generated!(::musher::__private::CollectionView<'em, #target, #below>),
            generated!(self.0.to_many::<#target, #below>(&self.0.entity().#ident, #position)),
            "The entities in `{}`.",
        ),
        Kind::Inverse(target) => (
            generated!(::std::option::Option<<#target as ::musher::__private::Managed>::View<'em, #below>>),
            generated!(self.0.inverse::<#target, #below>(&self.0.entity().#ident, #position)),
            "The entity whose reference points here, if any: `{}`.",
        ),
        Kind::Lazy(value) => (
            generated!(&'em #value),
            generated!(self.0.lazy(&self.0.entity().#ident, #position)),
            "The value of the lazy property `{}`.",
        ),
        _ => return None,
    };
    let doc = doc.replace("{}", &field.name);
    Some(generated! {
        #[doc = #doc]
        ///
        /// # Panics
        /// If this entity or the property is not loaded; the message names the populate hint to add. Where
        /// the compiler knows that it was populated, only if it was changed or forgotten since.
        #[must_use]
        #[track_caller]
        #vis fn #ident(self) -> #output
        where
            ::musher::__private::At<L, __steps::#ident>: ::musher::__private::Populated<__steps::#ident>,
        {
            #body
        }
    })
}
