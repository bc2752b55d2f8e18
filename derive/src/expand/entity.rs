//! `impl Entity`, and the list of all that an entity's derive emits.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote_spanned};
use syn::spanned::Spanned;

use super::{
    Names, builder, checks, edit, fields, indexes, load_path, path, payload, relations, serialize,
    view,
};
use crate::ast::Container;
use crate::attr::Event;

/// The types, and what is implemented for them and for the entity.
pub(super) fn expand(container: &Container<'_>, names: &Names) -> (TokenStream, TokenStream) {
    let types = [
        payload::definition(container, names),
        view::definition(container, names),
        edit::definition(container, names),
        path::entity_definition(container, names),
        load_path::entity_definition(container, names),
        builder::definition(container, names),
    ];
    let impls = [
        fields::expand(container),
        entity(container, names),
        managed(container, names),
        deref_to_base(container),
        payload::implementation(container, names),
        view::implementation(container, names),
        edit::implementation(container, names),
        path::entity_implementation(container, names),
        load_path::entity_implementation(container, names),
        builder::implementation(container, names),
        serialize::expand(container),
        checks::expand(container),
    ];
    (types.into_iter().collect(), impls.into_iter().collect())
}

fn entity(container: &Container<'_>, names: &Names) -> TokenStream {
    let (ident, payload, name) = (container.ident, &names.payload, container.name());
    let events = container
        .attrs
        .hooks
        .iter()
        .map(|(event, _)| variant(*event));
    let (indexes, key, hooks) = (indexes::method(container), key(container), hooks(container));
    let order = order(container);
    generated! {
        #[automatically_derived]
        impl ::musher::__private::Entity for #ident {
            type Payload<'a> = #payload<'a>;

            const NAME: &'static str = #name;

            const HOOKS: ::musher::__private::EventSet = ::musher::__private::EventSet::new()#(.with(#events))*;

            #indexes

            #order

            #key

            #hooks
        }
    }
}

/// The declared order; where there is none, the trait's own does.
fn order(container: &Container<'_>) -> Option<TokenStream> {
    let given = container.attrs.order.as_ref()?;
    let terms = relations::order_terms(&container.ident.to_token_stream(), &given.value);
    Some(generated! {
        fn order() -> ::std::vec::Vec<::musher::__private::OrderTerm> {
            #terms
        }
    })
}

/// The key's methods: of the property that holds it, of those that it is made of, or of the base.
fn key(container: &Container<'_>) -> TokenStream {
    if container.has_composed_key() {
        return composed_key(container);
    }
    let Some(holder) = container.key().or_else(|| container.base()) else {
        return TokenStream::new();
    };
    let (ident, ty) = (holder.ident, holder.ty);
    let (generate, number) = (format_ident!("generate_key"), format_ident!("key_number"));
    let (path, generate, number) = if holder.is_property() {
        (
            generated!(::musher::__private::KeyField),
            format_ident!("generate"),
            format_ident!("number"),
        )
    } else {
        (generated!(::musher::__private::KeyedBase), generate, number)
    };
    generated! {
        type Key = <#ty as #path>::Key;

        fn key(&self) -> ::std::option::Option<::std::borrow::Cow<'_, Self::Key>> {
            <#ty as #path>::key(&self.#ident).map(::std::borrow::Cow::Borrowed)
        }

        fn set_key(&mut self, key: Self::Key) {
            <#ty as #path>::set_key(&mut self.#ident, key);
        }

        fn generate_key(next_number: &mut dyn ::std::ops::FnMut() -> u64) -> ::std::option::Option<Self::Key> {
            <#ty as #path>::#generate(next_number)
        }

        fn key_number(key: &Self::Key) -> ::std::option::Option<u64> {
            <#ty as #path>::#number(key)
        }
    }
}

/// The key is a tuple of the properties that it is made of, and a single one is the key as it is.
fn composed_key(container: &Container<'_>) -> TokenStream {
    let idents: Vec<_> = container.key_parts().map(|part| part.ident).collect();
    let values = idents
        .iter()
        .map(|ident| generated!(::std::clone::Clone::clone(&self.#ident)));
    let value = tuple(values.collect());
    let pattern = tuple(idents.iter().map(ToTokens::to_token_stream).collect());
    let ty = composed_key_type(container);
    generated! {
        type Key = #ty;

        fn key(&self) -> ::std::option::Option<::std::borrow::Cow<'_, Self::Key>> {
            ::std::option::Option::Some(::std::borrow::Cow::Owned(#value))
        }

        fn set_key(&mut self, key: Self::Key) {
            let #pattern = key;
            #(self.#idents = #idents;)*
        }

        fn generate_key(_: &mut dyn ::std::ops::FnMut() -> u64) -> ::std::option::Option<Self::Key> {
            ::std::option::Option::None
        }

        fn key_number(_: &Self::Key) -> ::std::option::Option<u64> {
            ::std::option::Option::None
        }
    }
}

/// The type of a key that is made of properties.
pub(super) fn composed_key_type(container: &Container<'_>) -> TokenStream {
    let types = container.key_parts().map(|part| part.ty.to_token_stream());
    tuple(types.collect())
}

/// What stands alone, or several in parentheses.
fn tuple(mut parts: Vec<TokenStream>) -> TokenStream {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    generated!((#(#parts),*))
}

fn variant(event: Event) -> TokenStream {
    let variant = format_ident!("{event:?}");
    generated!(::musher::__private::Event::#variant)
}

/// The methods for those groups of events that have hooks; for the others, the trait's own do.
fn hooks(container: &Container<'_>) -> TokenStream {
    let instance = arms(
        container,
        &[Event::OnInit, Event::OnLoad],
        |hook| generated!(#hook(self);),
    );
    let before = arms(
        container,
        &[
            Event::BeforeCreate,
            Event::BeforeUpdate,
            Event::BeforeDelete,
        ],
        refusing_call,
    );
    let after = arms(
        container,
        &[Event::AfterCreate, Event::AfterUpdate, Event::AfterDelete],
        |hook| generated!(#hook(self, args);),
    );
    let args = generated!(args: &::musher::__private::EventArgs<'_, Self>);
    let on_instance = instance.map(|arms| {
        generated! {
            fn on_instance(&mut self, event: ::musher::__private::Event) {
                #arms
            }
        }
    });
    let before = before.map(|arms| {
        generated! {
            fn before(&mut self, event: ::musher::__private::Event, #args) -> ::musher::__private::Result<()> {
                #arms
                ::std::result::Result::Ok(())
            }
        }
    });
    let after = after.map(|arms| {
        generated! {
            fn after(&self, event: ::musher::__private::Event, #args) {
                #arms
            }
        }
    });
    generated!(#on_instance #before #after)
}

fn arms(
    container: &Container<'_>,
    events: &[Event],
    call: impl Fn(&syn::Path) -> TokenStream,
) -> Option<TokenStream> {
    let arms: Vec<_> = container
        .attrs
        .hooks
        .iter()
        .filter(|(event, _)| events.contains(event))
        .map(|(event, hooks)| {
            let (variant, calls) = (variant(*event), hooks.value.iter().map(&call));
            generated!(#variant => { #(#calls)* })
        })
        .collect();
    (!arms.is_empty()).then(|| {
        generated! {
            match event {
                #(#arms)*
                _ => {}
            }
        }
    })
}

/// The call of a hook that may refuse. A hook of another return type is an error at its name.
fn refusing_call(hook: &syn::Path) -> TokenStream {
    let arguments = generated!(self, args);
    let call = quote_spanned!(hook.span()=> #hook(#arguments));
    generated! {
        let done: ::musher::__private::Result<()> = #call;
        done?;
    }
}

fn managed(container: &Container<'_>, names: &Names) -> TokenStream {
    let (ident, view, edit) = (container.ident, &names.view, &names.edit);
    let (path, load_path) = (&names.path, &names.load_path);
    generated! {
        #[automatically_derived]
        impl ::musher::__private::Managed for #ident {
            type View<'em, L: ::musher::__private::List> = #view<'em, L>;
            type Edit<'em> = #edit<'em>;
            type Path<R: ::musher::__private::Entity> = #path<R>;
            type LoadPath<P> = #load_path<P>;
        }

        #[automatically_derived]
        impl ::musher::__private::IntoManaged for #ident {
            type Entity = #ident;

            fn into_pending(self) -> ::musher::__private::Pending<#ident> {
                ::musher::__private::Pending::new(::std::default::Default::default(), move |em| em.persist(self))
            }
        }
    }
}

fn deref_to_base(container: &Container<'_>) -> TokenStream {
    let Some(base) = container.base() else {
        return TokenStream::new();
    };
    let (ident, field, ty) = (container.ident, base.ident, base.ty);
    generated! {
        #[automatically_derived]
        impl ::std::ops::Deref for #ident {
            type Target = #ty;

            fn deref(&self) -> &#ty {
                &self.#field
            }
        }

        #[automatically_derived]
        impl ::std::ops::DerefMut for #ident {
            fn deref_mut(&mut self) -> &mut #ty {
                &mut self.#field
            }
        }
    }
}
