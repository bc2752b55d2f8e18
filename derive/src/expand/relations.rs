//! Relations: their descriptions, and the part of `impl Fields` that reads and writes them.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::{Ident, Type};

use super::dispatch;
use crate::ast::{Container, Field, Kind};
use crate::attr::{Given, OnDelete, RelationAttr, RelationKind};
use crate::grammar::OrderItem;

/// The `Relation` of a relation's description.
pub(super) fn description(field: &Field<'_>) -> TokenStream {
    let Some(attr) = field.relation() else {
        return TokenStream::new();
    };
    let (Kind::ToOne { target, .. } | Kind::Collection(target) | Kind::Inverse(target)) =
        field.kind()
    else {
        return TokenStream::new();
    };
    let target = generated!(::musher::__private::Target::of::<#target>());
    let parts = match (attr.kind, field.kind()) {
        (RelationKind::ManyToOne, _) => owner(&generated!(ManyToOne), &target, attr),
        (RelationKind::OneToOne, Kind::ToOne { .. }) => owner(&generated!(OneToOne), &target, attr),
        (RelationKind::OneToOne, _) => inverse(&generated!(OneToOneInverse), &target, attr),
        (RelationKind::OneToMany, _) => inverse(&generated!(OneToMany), &target, attr),
        (RelationKind::ManyToMany, _) => {
            let (mapped_by, inversed_by) = (
                optional_name(attr.mapped_by.as_ref()),
                optional_name(attr.inversed_by.as_ref()),
            );
            let fixed_order = attr.fixed_order.is_some();
            generated! {
                ManyToMany {
                    target: #target,
                    mapped_by: #mapped_by,
                    inversed_by: #inversed_by,
                    fixed_order: #fixed_order
                }
            }
        }
    };
    generated!(::musher::__private::Relation::#parts)
}

/// A relation's description with the options that every kind of relation may have.
pub(super) fn options(field: &Field<'_>, mut description: TokenStream) -> TokenStream {
    let Some(attr) = field.relation() else {
        return description;
    };
    if attr.cascade_remove.is_some() {
        description = generated!(#description.cascade_remove());
    }
    if attr.eager.is_some() {
        description = generated!(#description.eager());
    }
    if let (Some(order), Kind::Collection(target)) = (&attr.order, field.kind()) {
        let terms = order_terms(&target.to_token_stream(), &order.value);
        description = generated!(#description.order_by(|| #terms));
    }
    description
}

/// The terms of a declared order, by the typed paths of the entity: what has no order does not compile.
pub(super) fn order_terms(entity: &TokenStream, items: &[OrderItem]) -> TokenStream {
    let terms = items.iter().map(|item| {
        let (property, descending) = (&item.property, item.is_descending());
        let span = property.span().resolved_at(Span::mixed_site());
        let term = quote_spanned!(span=> path.#property());
        let order = quote_spanned!(span=> ::musher::__private::OrderProperty::order_term);
        generated!(#order(#term, #descending))
    });
    generated! {{
        let path = ::musher::__private::root_path::<#entity>();
        ::std::vec![#(#terms),*]
    }}
}

fn owner(variant: &TokenStream, target: &TokenStream, attr: &RelationAttr) -> TokenStream {
    let inversed_by = optional_name(attr.inversed_by.as_ref());
    let on_delete = match attr.on_delete.as_ref().map(|given| given.value) {
        None => generated!(::std::option::Option::None),
        Some(OnDelete::Restrict) => generated!(::std::option::Option::Some(
            ::musher::__private::OnDelete::Restrict
        )),
        Some(OnDelete::SetNull) => generated!(::std::option::Option::Some(
            ::musher::__private::OnDelete::SetNull
        )),
        Some(OnDelete::Cascade) => generated!(::std::option::Option::Some(
            ::musher::__private::OnDelete::Cascade
        )),
    };
    generated!(#variant { target: #target, inversed_by: #inversed_by, on_delete: #on_delete })
}

fn inverse(variant: &TokenStream, target: &TokenStream, attr: &RelationAttr) -> TokenStream {
    let mapped_by = attr.mapped_by.as_ref().map(|given| name(&given.value));
    let orphan_removal = attr.orphan_removal.is_some();
    generated!(#variant { target: #target, mapped_by: #mapped_by, orphan_removal: #orphan_removal })
}

fn optional_name(given: Option<&Given<Ident>>) -> TokenStream {
    let Some(given) = given else {
        return generated!(::std::option::Option::None);
    };
    let name = name(&given.value);
    generated!(::std::option::Option::Some(#name))
}

fn name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The methods of `Fields` for relations; where there are none, the trait's own do.
pub(super) fn access(container: &Container<'_>) -> TokenStream {
    let has = |is: fn(Kind<'_>) -> bool| container.properties().any(|field| is(field.kind()));
    let to_one = has(|kind| matches!(kind, Kind::ToOne { .. })).then(|| to_one(container));
    let to_many = has(|kind| matches!(kind, Kind::Collection(_) | Kind::Inverse(_)))
        .then(|| to_many(container));
    generated!(#to_one #to_many)
}

fn to_one(container: &Container<'_>) -> TokenStream {
    let get = dispatch(container, None, |field| {
        let ident = field.ident;
        match field.kind() {
            Kind::ToOne {
                optional: false, ..
            } => Some(generated!(::std::option::Option::Some(self.#ident.row_key()))),
            Kind::ToOne { optional: true, .. } => {
                Some(generated!(self.#ident.as_ref().map(::musher::__private::Id::row_key)))
            }
            _ => None,
        }
    });
    let set = dispatch(container, None, |field| {
        let ident = field.ident;
        match field.kind() {
            Kind::ToOne {
                target,
                optional: false,
            } => {
                let id = id_of(target);
                Some(generated! {
                    match target {
                        ::std::option::Option::Some(key) => {
                            self.#ident = #id;
                            true
                        }
                        ::std::option::Option::None => false,
                    }
                })
            }
            Kind::ToOne {
                target,
                optional: true,
            } => {
                let id = id_of(target);
                Some(generated! {{
                    self.#ident = target.map(|key| #id);
                    true
                }})
            }
            _ => None,
        }
    });
    generated! {
        fn to_one(&self, field: usize) -> ::std::option::Option<::musher::__private::RowKey> {
            #get
        }

        fn set_to_one(
            &mut self,
            field: usize,
            target: ::std::option::Option<&::musher::__private::RowKey>,
        ) -> bool {
            #set
        }
    }
}

/// The id of a row key that the core made from an id of the target.
fn id_of(target: &Type) -> TokenStream {
    generated! {
        ::musher::__private::Id::<#target>::from_row_key(key)
            .expect("a reference holds a key of its target")
    }
}

fn to_many(container: &Container<'_>) -> TokenStream {
    let shared = to_many_arms(container, &generated!(&));
    let unique = to_many_arms(container, &generated!(&mut));
    generated! {
        fn to_many(&self, field: usize) -> &dyn ::musher::__private::AnyCollection {
            #shared
        }

        fn to_many_mut(&mut self, field: usize) -> &mut dyn ::musher::__private::AnyCollection {
            #unique
        }
    }
}

fn to_many_arms(container: &Container<'_>, reference: &TokenStream) -> TokenStream {
    dispatch(container, None, |field| {
        let ident = field.ident;
        matches!(field.kind(), Kind::Collection(_) | Kind::Inverse(_))
            .then(|| generated!(#reference self.#ident))
    })
}
