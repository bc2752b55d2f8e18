//! `#[derive(OrderedKey)]` and `#[derive(EntityKey)]`: values whose bytes sort as they do.
//!
//! A struct is its fields one after the other, an enum the number of its variant and then that
//! variant's fields, which is the order that `#[derive(PartialOrd, Ord)]` gives. That order follows
//! explicit discriminants where there are some, so they have to ascend. Invariant: what is emitted
//! encodes through `OrderedKey` only, so it keeps the trait's laws where the fields' types do.

use proc_macro2::{Literal, TokenStream};
use quote::format_ident;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Expr, ExprLit, ExprUnary, Fields, Ident, Lit, Type, UnOp, Variant};

use crate::ctxt::Ctxt;

/// One struct, or one variant of an enum.
struct Shape<'a> {
    /// `Self`, or `Self::Variant`.
    path: TokenStream,
    fields: &'a Fields,
    /// A variable for each field.
    variables: Vec<Ident>,
}

impl<'a> Shape<'a> {
    fn new(path: TokenStream, fields: &'a Fields) -> Self {
        let variables = (0..fields.len()).map(|at| format_ident!("field_{at}"));
        Self {
            path,
            fields,
            variables: variables.collect(),
        }
    }

    /// Takes a value apart into the variables.
    fn pattern(&self) -> TokenStream {
        let (path, variables) = (&self.path, &self.variables);
        match self.fields {
            Fields::Named(fields) => {
                let names = fields.named.iter().map(|field| &field.ident);
                generated!(#path { #(#names: #variables),* })
            }
            Fields::Unnamed(_) => generated!(#path(#(#variables),*)),
            Fields::Unit => path.clone(),
        }
    }

    /// Named wherever a field is encoded, so that a type that has no order is told at its place.
    fn types(&self) -> Vec<&'a Type> {
        self.fields.iter().map(|field| &field.ty).collect()
    }

    fn encode(&self) -> TokenStream {
        let (variables, types) = (&self.variables, self.types());
        generated!(#(<#types as ::musher::OrderedKey>::encode_key(#variables, out);)*)
    }

    /// Decodes the fields in their order, and puts the value together.
    fn decode(&self) -> TokenStream {
        let (variables, types, value) = (&self.variables, self.types(), self.pattern());
        generated! {{
            #(let #variables = <#types as ::musher::OrderedKey>::decode_key(input)?;)*
            ::std::result::Result::Ok(#value)
        }}
    }
}

/// What `#[derive(OrderedKey)]` emits.
pub(crate) fn ordered_key(input: &DeriveInput) -> syn::Result<TokenStream> {
    let cx = Ctxt::new();
    let bodies = match &input.data {
        Data::Struct(data) => {
            let shape = Shape::new(generated!(Self), &data.fields);
            let (pattern, encode, decode) = (shape.pattern(), shape.encode(), shape.decode());
            Some((generated!(let #pattern = self; #encode), decode))
        }
        Data::Enum(data) => {
            ascending(&cx, data.variants.iter());
            if data.variants.is_empty() {
                let message =
                    "an enum without variants has no values, so there is nothing to store";
                cx.error(input.ident.span(), message);
            }
            Some(enumeration(&input.ident, data.variants.iter()))
        }
        Data::Union(_) => {
            let message = "a union has no order: an `OrderedKey` is a struct or an enum";
            cx.error(input.ident.span(), message);
            None
        }
    };
    cx.check()?;
    let (encode, decode) = bodies.unwrap_or_default();
    Ok(implementation(input, &encode, &decode))
}

/// What stands in for a type that was refused, so that its uses are not refused once more.
pub(crate) fn ordered_key_stub(input: &DeriveInput) -> TokenStream {
    let unreachable = generated!(::std::unreachable!());
    implementation(input, &unreachable, &unreachable)
}

fn implementation(input: &DeriveInput, encode: &TokenStream, decode: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    let parameters: Vec<_> = input
        .generics
        .type_params()
        .map(|it| it.ident.clone())
        .collect();
    let predicates = &mut generics.make_where_clause().predicates;
    predicates.extend(parameters.iter().map(|parameter| -> syn::WherePredicate {
        syn::parse_quote!(#parameter: ::musher::OrderedKey)
    }));
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    // A generic one has no room beside the implementation for `Option<V>` itself.
    let operand = input.generics.params.is_empty().then(|| {
        generated! {
            #[automatically_derived]
            impl ::musher::IntoOperand<::std::option::Option<#ident>> for #ident {
                fn into_operand(self) -> ::std::option::Option<#ident> {
                    ::std::option::Option::Some(self)
                }
            }
        }
    });
    let types = field_types(&input.data);
    generated! {
        #[automatically_derived]
        impl #impl_generics ::musher::OrderedKey for #ident #ty_generics #where_clause {
            const SERIALIZES_UNIQUELY: bool =
                true #(&& <#types as ::musher::OrderedKey>::SERIALIZES_UNIQUELY)*;

            #[allow(unused_variables)]
            fn encode_key(&self, out: &mut ::std::vec::Vec<u8>) {
                #encode
            }

            #[allow(unused_variables)]
            fn decode_key(input: &mut &[u8]) -> ::std::result::Result<Self, ::musher::KeyError> {
                #decode
            }
        }

        #operand
    }
}

/// The types of all fields.
fn field_types(data: &Data) -> Vec<&Type> {
    let shapes = match data {
        Data::Struct(data) => vec![&data.fields],
        Data::Enum(data) => data.variants.iter().map(|it| &it.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    shapes
        .into_iter()
        .flatten()
        .map(|field| &field.ty)
        .collect()
}

fn enumeration<'a>(
    ident: &Ident,
    variants: impl Iterator<Item = &'a Variant>,
) -> (TokenStream, TokenStream) {
    let (mut encode, mut decode) = (Vec::new(), Vec::new());
    for (number, variant) in (0u32..).zip(variants) {
        let name = &variant.ident;
        let shape = Shape::new(generated!(Self::#name), &variant.fields);
        let number = Literal::u32_unsuffixed(number);
        let (pattern, fields) = (shape.pattern(), shape.encode());
        encode.push(generated! {
            #pattern => {
                ::musher::OrderedKey::encode_key(&(#number as u32), out);
                #fields
            }
        });
        let value = shape.decode();
        decode.push(generated!(#number => #value));
    }
    let name = ident.unraw().to_string();
    let decode = generated! {
        match <u32 as ::musher::OrderedKey>::decode_key(input)? {
            #(#decode)*
            number => ::std::result::Result::Err(::musher::KeyError::invalid(
                #name,
                ::std::format!("there is no variant {number}"),
            )),
        }
    };
    (generated!(match self { #(#encode)* }), decode)
}

/// Variants are numbered as they stand, and compare by their discriminants: both have to agree.
fn ascending<'a>(cx: &Ctxt, variants: impl Iterator<Item = &'a Variant>) {
    let mut last: Option<i128> = None;
    for variant in variants {
        let value = match &variant.discriminant {
            None => last.map_or(0, |last| last + 1),
            Some((_, expr)) => {
                let Some(value) = integer(expr) else {
                    return cx.error(
                        syn::spanned::Spanned::span(expr),
                        "keys sort by discriminants, and this one can't be read here: write a number",
                    );
                };
                value
            }
        };
        if last.is_some_and(|last| last >= value) {
            cx.error(
                variant.ident.span(),
                format_args!(
                    "keys sort by discriminants, and `{}` has a lesser one than the variant before it: \
                     let the variants stand in ascending order",
                    variant.ident
                ),
            );
        }
        last = Some(value);
    }
}

fn integer(expr: &Expr) -> Option<i128> {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Int(value),
            ..
        }) => value.base10_parse().ok(),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => integer(expr).map(|value| -value),
        _ => None,
    }
}

/// What `#[derive(EntityKey)]` emits. What a key has to be besides, the compiler says.
pub(crate) fn entity_key(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    let parameters: Vec<_> = input
        .generics
        .type_params()
        .map(|it| it.ident.clone())
        .collect();
    let predicates = &mut generics.make_where_clause().predicates;
    predicates.extend(parameters.iter().map(|parameter| -> syn::WherePredicate {
        syn::parse_quote!(#parameter: ::musher::EntityKey)
    }));
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let into_id = input.generics.params.is_empty().then(|| {
        generated! {
            #[automatically_derived]
            impl<T: ::musher::Entity<Key = #ident>> ::musher::IntoId<T> for #ident {
                fn into_id(self) -> ::musher::Id<T> {
                    ::musher::Id::new(self)
                }
            }
        }
    });
    generated! {
        #[automatically_derived]
        impl #impl_generics ::musher::EntityKey for #ident #ty_generics #where_clause {}

        #into_id
    }
}
