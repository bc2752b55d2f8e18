//! The typed difference that hooks see: a shell around the library's `Payload`, or around the
//! base's shell.

use proc_macro2::TokenStream;

use super::{Names, embedded, position};
use crate::ast::{Container, Derived, Field, Kind};

pub(super) fn definition(container: &Container<'_>, names: &Names) -> TokenStream {
    let (vis, payload, inner) = (container.vis, &names.payload, inner(container));
    let doc = format!(
        "What a flush changes of `{}`, property by property.",
        container.ident
    );
    // That of a value is as small as a reference.
    let copy = (container.derived == Derived::Embedded)
        .then(|| generated!(#[derive(::std::clone::Clone, ::std::marker::Copy)]));
    generated! {
        #[doc = #doc]
        #copy
        #vis struct #payload<'a>(#inner);
    }
}

fn inner(container: &Container<'_>) -> TokenStream {
    if container.derived == Derived::Embedded {
        return generated!(::musher::__private::EmbeddedPayload<'a>);
    }
    let Some(base) = container.base() else {
        return generated!(::musher::__private::Payload<'a>);
    };
    let ty = base.ty;
    generated!(<#ty as ::musher::__private::BaseEntity>::Payload<'a>)
}

/// The payload of an embedded value, which hands references on that outlive it.
pub(super) fn of_embedded(container: &Container<'_>, names: &Names) -> TokenStream {
    let (payload, inner) = (&names.payload, inner(container));
    let methods = container.properties().filter_map(|field| {
        method(
            container,
            field,
            &generated!(let payload = self.0;),
            &generated!('a),
        )
    });
    generated! {
        #[automatically_derived]
        impl<'a> ::std::convert::From<#inner> for #payload<'a> {
            fn from(payload: #inner) -> Self {
                Self(payload)
            }
        }

        impl<'a> #payload<'a> {
            #(#methods)*
        }
    }
}

pub(super) fn implementation(container: &Container<'_>, names: &Names) -> TokenStream {
    let (payload, inner) = (&names.payload, inner(container));
    let raw = generated! {
        let payload: &::musher::__private::Payload<'a> = ::std::convert::AsRef::as_ref(self);
    };
    let methods = container
        .properties()
        .filter_map(|field| method(container, field, &raw, &generated!('_)));
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

/// The value of a property, if it is among those that change. `raw` is a statement that makes
/// `payload` of `self`, and `lifetime` that of what it gives.
fn method(
    container: &Container<'_>,
    field: &Field<'_>,
    raw: &TokenStream,
    lifetime: &TokenStream,
) -> Option<TokenStream> {
    let (vis, ident, position, ty) = (container.vis, field.ident, position(field), field.ty);
    let (output, value) = match field.kind() {
        Kind::Scalar => (
            generated!(&#lifetime #ty),
            generated!(payload.value::<#ty>(#position)),
        ),
        Kind::EmbeddedList => (
            generated!(&#lifetime #ty),
            generated! {
                payload
                    .value::<::musher::__private::Packed<#ty>>(#position)
                    .map(|list| &list.0)
            },
        ),
        Kind::Lazy(value) => (
            generated!(&#lifetime #value),
            generated!(payload.value::<#value>(#position)),
        ),
        Kind::ToOne {
            target,
            optional: false,
        } => (
            generated!(&#lifetime #ty),
            generated!(payload.to_one::<#target>(#position).and_then(::std::option::Option::as_ref)),
        ),
        Kind::ToOne {
            target,
            optional: true,
        } => (
            generated!(&#lifetime #ty),
            generated!(payload.to_one::<#target>(#position)),
        ),
        Kind::Embedded { ty, optional } => {
            let places = embedded::places(field)?;
            let value = generated!(<#ty as ::musher::__private::Embedded>::Payload<#lifetime>);
            if optional {
                (
                    generated!(::std::option::Option<#value>),
                    generated! {
                        payload
                            .optional_embedded(#position, #places)
                            .map(|value| value.map(::std::convert::From::from))
                    },
                )
            } else {
                (
                    value,
                    generated!(payload.embedded(#position, #places).map(::std::convert::From::from)),
                )
            }
        }
        _ => return None,
    };
    let doc = match field.kind() {
        Kind::Embedded { .. } => {
            format!("What this flush changes of `{}`, if it does.", field.name)
        }
        _ => format!("The value of `{}`, if this flush changes it.", field.name),
    };
    Some(generated! {
        #[doc = #doc]
        #[must_use]
        #vis fn #ident(&self) -> ::std::option::Option<#output> {
            #raw
            #value
        }
    })
}
