//! What the derives emit.
//!
//! Types that programs name stand beside the struct; everything else is in one `const _` block, so
//! that no helper's name is seen outside. The user's expressions are in functions of their own
//! (`defaults`), where they see the properties that they read and nothing that was generated.
//! Invariant: all generated identifiers resolve as written in the user's module, except for local
//! variables, which the user's tokens can't see.

use proc_macro2::{Literal, TokenStream};
use quote::format_ident;
use syn::Ident;
use syn::ext::IdentExt;

use crate::ast::{Container, Derived, Field};

mod base;
mod builder;
pub(crate) mod checks;
mod defaults;
mod derived;
mod description;
mod edit;
mod embedded;
mod entity;
mod fields;
mod indexes;
mod load_path;
mod path;
mod payload;
mod relations;
mod serialize;
mod stub;
mod view;

pub(crate) use stub::stub;

/// The expansion of a struct that was checked.
pub(crate) fn expand(container: &Container<'_>) -> TokenStream {
    let names = Names::of(container.ident);
    let (types, impls) = match container.derived {
        Derived::Entity => entity::expand(container, &names),
        Derived::Base => base::expand(container, &names),
        Derived::Embedded => embedded::expand(container, &names),
    };
    let defaults = defaults::functions(container);
    let embedded = embedded::constants(container);
    let first_own = container.base().map_or_else(
        || generated!(0),
        |base| {
            let ty = base.ty;
            generated!(<#ty as ::musher::__private::Fields>::COUNT)
        },
    );
    generated! {
        #types
        #defaults

        #[allow(dead_code, unreachable_pub, unused_variables, private_interfaces)]
        const _: () = {
            /// The position of the first property that is not the base's.
            const FIRST_OWN: usize = #first_own;

            #embedded

            #impls
        };
    }
}

/// The generated types.
struct Names {
    payload: Ident,
    view: Ident,
    edit: Ident,
    path: Ident,
    load_path: Ident,
    builder: Ident,
}

impl Names {
    fn of(ident: &Ident) -> Self {
        let ident = ident.unraw();
        Self {
            payload: format_ident!("{ident}Payload"),
            view: format_ident!("{ident}View"),
            edit: format_ident!("{ident}Edit"),
            path: format_ident!("{ident}Path"),
            load_path: format_ident!("{ident}LoadPath"),
            builder: format_ident!("{ident}Builder"),
        }
    }
}

/// The property's position, inside the `const _` block.
fn position(field: &Field<'_>) -> TokenStream {
    let offset = Literal::usize_unsuffixed(field.position);
    generated!(FIRST_OWN + #offset)
}

/// The position of a key that is made of properties, inside the `const _` block.
fn composed_key_position(container: &Container<'_>) -> Option<TokenStream> {
    let offset = Literal::usize_unsuffixed(container.properties().count());
    container
        .has_composed_key()
        .then(|| generated!(FIRST_OWN + #offset))
}

/// One arm for each property that `arm` has something for, by its offset; the base's positions go
/// to `base`.
fn dispatch<'a>(
    container: &Container<'a>,
    base: Option<TokenStream>,
    arm: impl Fn(&Field<'a>) -> Option<TokenStream>,
) -> TokenStream {
    let arms: Vec<_> = container
        .properties()
        .filter_map(|field| {
            let offset = Literal::usize_unsuffixed(field.position);
            let body = arm(field)?;
            Some(generated!(#offset => #body,))
        })
        .collect();
    let name = container.ident.to_string();
    let misplaced = generated!(::musher::__private::misplaced(#name, field));
    let own = if arms.is_empty() {
        misplaced
    } else {
        generated! {
            match field - FIRST_OWN {
                #(#arms)*
                _ => #misplaced,
            }
        }
    };
    match base {
        Some(base) => generated! {
            if field < FIRST_OWN {
                #base
            } else {
                #own
            }
        },
        None => own,
    }
}
