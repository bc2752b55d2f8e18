//! `impl Fields`: the properties by position, for entities and base entities alike.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Ident;

use super::{
    composed_key_position, defaults, description, dispatch, embedded, position, relations,
    serialize,
};
use crate::ast::{Container, Field, Kind};
use crate::shape::Shape;

pub(super) fn expand(container: &Container<'_>) -> TokenStream {
    let ident = container.ident;
    let count = embedded::count(container);
    let version = version(container);
    let parts = [
        description::describe(container),
        hydrate(container),
        encode(container),
        decode(container),
        debug(container),
        apply_on_update(container),
        serialize::properties(container),
        serialize::stored(container),
        serialize::computed(container),
        relations::access(container),
        embedded::embed(container),
    ];
    generated! {
        #[automatically_derived]
        impl ::musher::__private::Fields for #ident {
            const COUNT: usize = #count;
            type Version = #version;

            #(#parts)*
        }
    }
}

/// The type of the version, where the entity or its base has one.
fn version(container: &Container<'_>) -> TokenStream {
    let own = container.properties().find(|field| field.is_version());
    match (own, container.base()) {
        (Some(field), _) => field.ty.to_token_stream(),
        (None, Some(base)) => {
            let ty = base.ty;
            generated!(<#ty as ::musher::__private::Fields>::Version)
        }
        (None, None) => generated!(::musher::__private::Unversioned),
    }
}

/// What is done at the position of a key that is made of properties, which show it themselves.
pub(super) fn at_composed_key(
    container: &Container<'_>,
    done: &TokenStream,
) -> Option<TokenStream> {
    let key = composed_key_position(container)?;
    Some(generated! {
        if field == #key {
            return #done;
        }
    })
}

fn hydrate(container: &Container<'_>) -> TokenStream {
    let bindings = defaults::bindings(container, |field| Some(hydrated(container, field)));
    let long_ago = long_ago(container);
    let idents = container.fields.iter().map(|field| field.ident);
    generated! {
        fn hydrate(
            row: &::musher::__private::HydrateRow<'_>,
            first: usize,
        ) -> ::musher::__private::Result<Self> {
            #long_ago
            #bindings
            ::std::result::Result::Ok(Self { #(#idents),* })
        }
    }
}

fn hydrated(container: &Container<'_>, field: &Field<'_>) -> TokenStream {
    let (ty, position) = (field.ty, position(field));
    match field.kind() {
        Kind::Base => generated!(<#ty as ::musher::__private::Fields>::hydrate(row, first)?),
        Kind::Skip => generated!(<#ty as ::std::default::Default>::default()),
        Kind::Key { generated: true } => {
            let key = generated!(<#ty as ::musher::__private::KeyField>::Key);
            generated!(<#ty as ::std::convert::From<#key>>::from(row.key::<#key>()?))
        }
        Kind::Key { generated: false } => generated!(row.key::<#ty>()?),
        Kind::Scalar | Kind::EmbeddedList => {
            let default = column_default(container, field, |ident| generated!(&#ident));
            column(field, default.as_ref())
        }
        Kind::Embedded { .. } => embedded::hydrated(field, &generated!(first)),
        Kind::ToOne {
            target,
            optional: false,
        } => generated!(row.to_one::<#target>(first + #position)?),
        Kind::ToOne {
            target,
            optional: true,
        } => generated!(row.to_one_optional::<#target>(first + #position)?),
        Kind::Lazy(_) | Kind::Collection(_) | Kind::Inverse(_) => not_loaded(container, field),
    }
}

/// What reads the value of a column. In the row, a list has a type of its own.
fn column(field: &Field<'_>, default: Option<&TokenStream>) -> TokenStream {
    let (ty, position) = (field.ty, position(field));
    let packed = generated!(::musher::__private::Packed);
    match (field.kind(), default) {
        (Kind::EmbeddedList, Some(value)) => {
            generated!(row.scalar_or::<#packed<#ty>>(first + #position, || #packed(#value))?.0)
        }
        (Kind::EmbeddedList, None) => generated!(row.scalar::<#packed<#ty>>(first + #position)?.0),
        (_, Some(value)) => generated!(row.scalar_or::<#ty>(first + #position, || #value)?),
        (_, None) => generated!(row.scalar::<#ty>(first + #position)?),
    }
}

/// What a property is where the row lacks it. Without that, the row is damaged. `access` is a reference
/// to another property.
fn column_default(
    container: &Container<'_>,
    field: &Field<'_>,
    access: impl Fn(&Ident) -> TokenStream,
) -> Option<TokenStream> {
    if defaults::is_restorable(container, field) {
        let value = defaults::default_value(container, field, |read| access(read.ident));
        return Some(value);
    }
    matches!(field.shape, Shape::Optional(_)).then(|| generated!(::std::option::Option::None))
}

/// The state of a property that is not stored in the row.
fn not_loaded(container: &Container<'_>, field: &Field<'_>) -> TokenStream {
    let (ty, entity, property) = (field.ty, container.name(), &field.name);
    generated!(<#ty>::not_loaded(::musher::__private::Origin { entity: #entity, property: #property }))
}

fn encode(container: &Container<'_>) -> TokenStream {
    let body = dispatch(
        container,
        delegate(
            container,
            &generated!(encode),
            &generated!(&),
            &generated!(field, out),
        ),
        |field| {
            let ident = field.ident;
            match field.kind() {
                Kind::Scalar => Some(
                    generated!(::musher::__private::encode_value(&self.#ident, out).map(|()| true)),
                ),
                Kind::EmbeddedList => Some(generated! {
                    ::musher::__private::encode_list(&self.#ident, out).map(|()| true)
                }),
                Kind::Embedded { optional, .. } => {
                    let present = if optional {
                        generated!(::std::option::Option::is_some(&self.#ident))
                    } else {
                        generated!(true)
                    };
                    Some(
                        generated!(::musher::__private::encode_value(&#present.then_some(()), out).map(|()| true)),
                    )
                }
                Kind::Lazy(_) => Some(generated! {
                    match self.#ident.get() {
                        ::std::option::Option::Some(value) => ::musher::__private::encode_value(value, out).map(|()| true),
                        ::std::option::Option::None => ::std::result::Result::Ok(false),
                    }
                }),
                _ => None,
            }
        },
    );
    let embedded = embedded::delegates(
        container,
        &generated!(encode),
        &generated!(&),
        &generated!(field, out),
        // Nothing is what is stored of what is absent.
        &generated!(::std::result::Result::Ok(true)),
    );
    generated! {
        fn encode(
            &self,
            field: usize,
            out: &mut ::std::vec::Vec<u8>,
        ) -> ::std::result::Result<bool, ::musher::__private::ValueError> {
            #embedded
            #body
        }
    }
}

fn decode(container: &Container<'_>) -> TokenStream {
    let base = delegate(
        container,
        &generated!(decode),
        &generated!(&mut),
        &generated!(field, stored),
    );
    let long_ago = long_ago(container);
    let body = dispatch(container, base, |field| decoded(container, field));
    let embedded = embedded::delegates(
        container,
        &generated!(decode),
        &generated!(&mut),
        &generated!(field, stored),
        &generated!(::std::result::Result::Ok(())),
    );
    generated! {
        fn decode(
            &mut self,
            field: usize,
            stored: ::std::option::Option<&[u8]>,
        ) -> ::std::result::Result<(), ::musher::__private::ValueError> {
            #embedded
            #long_ago
            #body
        }
    }
}

fn decoded(container: &Container<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let (ident, ty) = (field.ident, field.ty);
    let (some, none) = match field.kind() {
        Kind::Lazy(_) => {
            let not_loaded = not_loaded(container, field);
            (
                generated!(<#ty>::new(::musher::__private::decode_value(stored)?)),
                Some(not_loaded),
            )
        }
        Kind::Scalar => (
            generated!(::musher::__private::decode_value(stored)?),
            column_default(container, field, |ident| generated!(&self.#ident)),
        ),
        Kind::EmbeddedList => (
            generated!(::musher::__private::decode_value::<::musher::__private::Packed<#ty>>(stored)?.0),
            column_default(container, field, |ident| generated!(&self.#ident)),
        ),
        // `embed` has done it.
        Kind::Embedded { .. } => return Some(generated!(::std::result::Result::Ok(()))),
        _ => return None,
    };
    let none = none.map(|value| generated!(else { self.#ident = #value; }));
    Some(generated! {{
        if let ::std::option::Option::Some(stored) = stored {
            self.#ident = #some;
        } #none
        ::std::result::Result::Ok(())
    }})
}

/// The time of stamps whose row is older than the property: when it was written is not known.
fn long_ago(container: &Container<'_>) -> Option<TokenStream> {
    let has_stamps = container.fields.iter().any(Field::is_stamp);
    has_stamps.then(|| generated!(let now = ::std::time::SystemTime::UNIX_EPOCH;))
}

fn debug(container: &Container<'_>) -> TokenStream {
    let base = delegate(
        container,
        &generated!(debug),
        &generated!(&),
        &generated!(field),
    );
    let body = dispatch(container, base, |field| {
        let ident = field.ident;
        Some(generated!(&self.#ident))
    });
    let key = at_composed_key(container, &generated!(&()));
    let embedded = embedded::delegates(
        container,
        &generated!(debug),
        &generated!(&),
        &generated!(field),
        &generated!(&()),
    );
    generated! {
        fn debug(&self, field: usize) -> &dyn ::std::fmt::Debug {
            #embedded
            #key
            #body
        }
    }
}

fn apply_on_update(container: &Container<'_>) -> TokenStream {
    let base = delegate(
        container,
        &generated!(apply_on_update),
        &generated!(&mut),
        &generated!(explicit, first, now),
    );
    let own = container
        .properties()
        .filter(|field| field.attrs.on_update.is_some() || field.attrs.updated_at.is_some())
        .map(|field| {
            let (ident, position) = (field.ident, position(field));
            let value = defaults::on_update_value(container, field);
            generated! {
                if !explicit.contains(first + #position) {
                    self.#ident = #value;
                }
            }
        });
    let base = base.map(|base| generated!(#base;));
    generated! {
        fn apply_on_update(
            &mut self,
            explicit: &::musher::__private::FieldSet,
            first: usize,
            now: ::std::time::SystemTime,
        ) {
            #base
            #(#own)*
        }
    }
}

/// The same call on the base.
pub(super) fn delegate(
    container: &Container<'_>,
    method: &TokenStream,
    reference: &TokenStream,
    arguments: &TokenStream,
) -> Option<TokenStream> {
    let ident = container.base()?.ident;
    Some(generated!(::musher::__private::Fields::#method(#reference self.#ident, #arguments)))
}
