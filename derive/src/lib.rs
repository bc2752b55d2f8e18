//! The derive macros of Musher: `#[derive(Entity)]` and `#[derive(BaseEntity)]`.

mod ast;
mod attr;
mod check;
mod ctxt;
mod expand;
mod mention;
mod shape;
mod suggest;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::ast::{Container, Derived};
use crate::ctxt::Ctxt;

/// Entity.
#[proc_macro_derive(Entity, attributes(orm))]
pub fn derive_entity(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(Derived::Entity, &input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Base.
#[proc_macro_derive(BaseEntity, attributes(orm))]
pub fn derive_base_entity(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(Derived::Base, &input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Reads, checks and expands; every error is found before any is reported.
fn derive(derived: Derived, input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let cx = Ctxt::new();
    let container = Container::parse(&cx, derived, input);
    if let Some(container) = &container {
        check::check(&cx, container);
    }
    cx.check()?;
    Ok(container.as_ref().map(expand::expand).unwrap_or_default())
}
