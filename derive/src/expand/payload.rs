//! The typed difference that hooks see: a shell around the library's `Payload`, or around the
//! base's shell.

use proc_macro2::TokenStream;

use super::{Names, position};
use crate::ast::{Container, Field, Kind};

pub(super) fn definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, payload, inner) = (container.vis, &names.payload, inner(container));
    let doc = format!(
        "What a flush changes of `{}`, property by property.",
        container.ident
    );
    generated! {
        #[doc = #doc]
        #vis struct #payload<'a>(#inner);
    }
}

fn inner(container: &Container<'_>) -> TokenStream {
    let Some(base) = container.base() else {
        return generated!(::musher::__private::Payload<'a>);
    };
    let ty = base.ty;
    generated!(<#ty as ::musher::__private::BaseEntity>::Payload<'a>)
}

pub(super) fn implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    let (payload, inner) = (&names.payload, inner(container));
    let methods = container
        .properties()
        .filter_map(|field| method(container, field));
    let has_base = container.base().is_some();
    let raw = if has_base {
        generated!(::std::convert::AsRef::as_ref(&self.0))
    } else {
        generated!(&self.0)
    };
    let deref = has_base.then(|| {
        generated! {
            #[automatically_derived]
            impl<'a> ::std::ops::Deref for #payload<'a> {
                type Target = #inner;

                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }
        }
    });
    generated! {
        #[automatically_derived]
        impl<'a> ::std::convert::From<::musher::__private::Payload<'a>> for #payload<'a> {
            fn from(payload: ::musher::__private::Payload<'a>) -> Self {
                Self(::std::convert::Into::into(payload))
            }
        }

        #[automatically_derived]
        impl<'a> ::std::convert::AsRef<::musher::__private::Payload<'a>> for #payload<'a> {
            fn as_ref(&self) -> &::musher::__private::Payload<'a> {
                #raw
            }
        }

        impl<'a> #payload<'a> {
            #(#methods)*
        }

        #deref
    }
}

fn method(container: &Container<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let (vis, ident, position, ty) = (container.vis, field.ident, position(field), field.ty);
    let (output, value) = match field.kind() {
        Kind::Scalar => (generated!(#ty), generated!(payload.value::<#ty>(#position))),
        Kind::Lazy(value) => (
            generated!(#value),
            generated!(payload.value::<#value>(#position)),
        ),
        Kind::ToOne {
            target,
            optional: false,
        } => (
            generated!(#ty),
            generated!(payload.to_one::<#target>(#position).and_then(::std::option::Option::as_ref)),
        ),
        Kind::ToOne {
            target,
            optional: true,
        } => (
            generated!(#ty),
            generated!(payload.to_one::<#target>(#position)),
        ),
        _ => return None,
    };
    let doc = format!("The value of `{}`, if this flush changes it.", field.name);
    Some(generated! {
        #[doc = #doc]
        #[must_use]
        #vis fn #ident(&self) -> ::std::option::Option<&#output> {
            let payload: &::musher::__private::Payload<'a> = ::std::convert::AsRef::as_ref(self);
            #value
        }
    })
}
