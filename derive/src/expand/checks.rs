//! What only the compiler can judge, said so that its error is at the user's token and names the
//! remedy.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Type};

use crate::ast::{Container, Field, Kind};
use crate::attr::RelationKind;

pub(super) fn expand(container: &Container<'_>) -> TokenStream {
    let other_ends = container
        .properties()
        .filter_map(|field| other_end(container, field));
    let assertions = container.base().map(|base| assertions(container, base));
    let embedded = container
        .embedded()
        .next()
        .map(|(field, ..)| not_too_many(container, field, "its embedded values"));
    let readable = readable(container);
    generated! {
        #(#other_ends)*
        #assertions
        #embedded
        #readable
    }
}

/// A function that compiles exactly if the property named by `mapped_by` or `inversed_by` is a
/// relation to this entity.
fn other_end(container: &Container<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let attr = field.relation()?;
    let (Kind::ToOne { target, .. } | Kind::Collection(target) | Kind::Inverse(target)) =
        field.kind()
    else {
        return None;
    };
    let (option, other) = match (&attr.mapped_by, &attr.inversed_by) {
        (Some(given), _) => ("mapped_by", &given.value),
        (None, Some(given)) => ("inversed_by", &given.value),
        (None, None) => return None,
    };
    Some(refers_back(
        target,
        &format_ident!("{}_{option}", field.name),
        other,
        &path_to(container.ident, target, attr.kind),
    ))
}

/// The type of the path from the target to this entity, the other end of a relation.
fn path_to(entity: &Ident, target: &Type, kind: RelationKind) -> TokenStream {
    match kind {
        RelationKind::ManyToOne | RelationKind::ManyToMany => {
            generated!(::musher::__private::CollectionPath<#target, #entity>)
        }
        RelationKind::OneToOne | RelationKind::OneToMany => {
            generated!(<#entity as ::musher::__private::Managed>::Path<#target>)
        }
    }
}

/// Refuses types whose stored values are known not to be readable.
pub(super) fn readable(container: &Container<'_>) -> TokenStream {
    let values = container.properties().filter_map(|field| {
        let ty = match field.kind() {
            Kind::Scalar => field.ty,
            Kind::Lazy(value) => value,
            _ => return None,
        };
        let span = ty.span().resolved_at(Span::mixed_site());
        let message = not_readable(&field.name);
        Some(quote_spanned! {span=>
            const _: () = ::std::assert!(::musher::__private::Readable::<#ty>::READABILITY.is_possible(), #message);
        })
    });
    generated! {
        const _: () = {
            #[allow(unused_imports)]
            use ::musher::__private::ByDefault as _;

            #(#values)*
        };
    }
}

/// Why a property can't be a plain JSON value.
pub(crate) fn not_readable(property: &str) -> String {
    format!(
        "`{property}` can't be read once it is stored, because the format does not describe itself as JSON does: \
         write `Json<..>` around the type, which is there with the feature `serde-json`"
    )
}

fn refers_back(target: &Type, name: &Ident, other: &Ident, back_type: &TokenStream) -> TokenStream {
    let path = Ident::new("path", other.span().resolved_at(Span::mixed_site()));
    let back = quote_spanned!(path.span()=> #path.#other());
    generated! {
        fn #name(
            #path: &<#target as ::musher::__private::Managed>::Path<#target>,
        ) -> #back_type {
            #back
        }
    }
}

fn assertions(container: &Container<'_>, base: &Field<'_>) -> TokenStream {
    let (ident, ty) = (container.ident, base.ty);
    let span = ty.span().resolved_at(Span::mixed_site());
    let key = container.key().or_else(|| container.key_parts().next());
    let one_key = key.map(|key| {
        let message = format!(
            "`{ident}` has the primary key `{}` of its own, and its base has one too: remove one of the two",
            key.name
        );
        quote_spanned! {span=>
            const _: () = ::std::assert!(!<#ty as ::musher::__private::BaseEntity>::HAS_KEY, #message);
        }
    });
    let not_too_many = not_too_many(container, base, "its base");
    generated! {
        #one_key
        #not_too_many
    }
}

fn not_too_many(container: &Container<'_>, field: &Field<'_>, others: &str) -> TokenStream {
    let ident = container.ident;
    let span = field.ty.span().resolved_at(Span::mixed_site());
    let too_many = format!(
        "`{ident}` and {others} have more properties than an entity can have, which is 128"
    );
    quote_spanned! {span=>
        const _: () = ::std::assert!(
            <#ident as ::musher::__private::Fields>::COUNT <= ::musher::__private::FieldSet::CAPACITY,
            #too_many
        );
    }
}
