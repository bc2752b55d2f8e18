//! The grammar of `#[orm(..)]`: names, each alone, with a value or with more names in parentheses.
//!
//! Knows nothing of what the names mean, but for what stands in the parentheses of which.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Path, Token, Type, parenthesized, token};

use crate::attr::{Given, RelationKind, Slot};
use crate::ctxt::Ctxt;
use crate::indexes::{IndexItem, index_items};

/// One attribute as it is written.
pub(crate) struct Item {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// What stands after an attribute's name.
pub(crate) enum Value {
    Word,
    Expr(Expr),
    List(Vec<Item>),
    /// The types in the parentheses of `groups`.
    Types(Vec<Type>),
    Index(Vec<IndexItem>),
    Order(Vec<OrderItem>),
}

/// A property in the parentheses of `order_by`, and its direction.
pub(crate) struct OrderItem {
    pub(crate) property: Ident,
    direction: Option<Ident>,
}

impl Parse for OrderItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            property: input.call(Ident::parse_any)?,
            direction: input.parse()?,
        })
    }
}

impl OrderItem {
    pub(crate) fn is_descending(&self) -> bool {
        self.direction
            .as_ref()
            .is_some_and(|direction| direction == "desc")
    }

    fn check(&self, cx: &Ctxt) {
        if let Some(direction) = &self.direction
            && direction != "asc"
            && direction != "desc"
        {
            cx.error(
                direction.span(),
                format_args!("a direction is `asc` or `desc`, not `{direction}`"),
            );
        }
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let value = if input.parse::<Option<Token![=]>>()?.is_some() {
            Value::Expr(input.parse()?)
        } else if input.peek(token::Paren) {
            let content;
            parenthesized!(content in input);
            let is_relation = RelationKind::ALL.iter().any(|kind| name == kind.name());
            if is_relation || name == "computed" || name == "cascade" {
                Value::List(items_of(&content)?)
            } else if name == "groups" {
                Value::Types(types_of(&content)?)
            } else if name == "index" || name == "unique" {
                Value::Index(index_items(&content)?)
            } else if name == "order_by" {
                let items = Punctuated::<OrderItem, Token![,]>::parse_terminated(&content)?;
                Value::Order(items.into_iter().collect())
            } else {
                Value::List(skipped(&content)?)
            }
        } else {
            Value::Word
        };
        Ok(Self { name, value })
    }
}

fn items_of(input: ParseStream<'_>) -> syn::Result<Vec<Item>> {
    Ok(Punctuated::<Item, Token![,]>::parse_terminated(input)?
        .into_iter()
        .collect())
}

fn types_of(input: ParseStream<'_>) -> syn::Result<Vec<Type>> {
    Ok(Punctuated::<Type, Token![,]>::parse_terminated(input)?
        .into_iter()
        .collect())
}

/// What is in the parentheses of an attribute that takes none.
fn skipped(input: ParseStream<'_>) -> syn::Result<Vec<Item>> {
    input.parse::<TokenStream>()?;
    Ok(Vec::new())
}

pub(crate) fn items(cx: &Ctxt, attributes: &[Attribute]) -> Vec<Item> {
    let mut items = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("orm"))
    {
        match attribute.parse_args_with(items_of) {
            Ok(parsed) => items.extend(parsed),
            Err(error) => cx.push(error),
        }
    }
    items
}

pub(crate) fn set<T>(cx: &Ctxt, slot: &mut Slot<T>, name: &Ident, value: Option<T>) {
    if slot.is_some() {
        cx.error(name.span(), format_args!("`{name}` is given twice"));
    } else if let Some(value) = value {
        *slot = Some(Given {
            span: name.span(),
            value,
        });
    }
}

pub(crate) fn set_flag(cx: &Ctxt, slot: &mut Slot<()>, name: &Ident, value: &Value) {
    if !matches!(value, Value::Word) {
        cx.error(
            name.span(),
            format_args!("`{name}` takes no value: write `#[orm({name})]`"),
        );
    }
    set(cx, slot, name, Some(()));
}

pub(crate) fn expression(cx: &Ctxt, name: &Ident, value: Value, example: &str) -> Option<Expr> {
    if let Value::Expr(expr) = value {
        return Some(expr);
    }
    cx.error(
        name.span(),
        format_args!("`{name}` needs a value: `#[orm({name} = {example})]`"),
    );
    None
}

/// The properties of `order_by`.
pub(crate) fn order(cx: &Ctxt, name: &Ident, value: Value) -> Option<Vec<OrderItem>> {
    match value {
        Value::Order(items) if !items.is_empty() => {
            for item in &items {
                item.check(cx);
            }
            Some(items)
        }
        _ => {
            cx.error(
                name.span(),
                "`order_by` needs properties, each with a direction if it is `desc`: `order_by(created_at desc, id)`",
            );
            None
        }
    }
}

pub(crate) fn string(cx: &Ctxt, name: &Ident, value: Value) -> Option<LitStr> {
    if let Value::Expr(Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    })) = value
        && !text.value().is_empty()
    {
        return Some(text);
    }
    cx.error(
        name.span(),
        format_args!("`{name}` needs a string: `#[orm({name} = \"..\")]`"),
    );
    None
}

pub(crate) fn paths(cx: &Ctxt, name: &Ident, value: Value) -> Option<Vec<Path>> {
    let expressions = match value {
        Value::Expr(Expr::Array(array)) => array.elems.into_iter().collect(),
        Value::Expr(expr) => vec![expr],
        Value::Word | Value::List(_) | Value::Types(_) | Value::Index(_) | Value::Order(_) => {
            Vec::new()
        }
    };
    let paths: Option<Vec<Path>> = expressions
        .into_iter()
        .map(|expr| match expr {
            Expr::Path(path) if path.qself.is_none() => Some(path.path),
            _ => None,
        })
        .collect();
    let paths = paths.filter(|paths| !paths.is_empty());
    if paths.is_none() {
        cx.error(
            name.span(),
            format_args!("`{name}` needs a function: `#[orm({name} = User::check)]`, or a list of them, `[..]`"),
        );
    }
    paths
}

pub(crate) fn property(cx: &Ctxt, name: &Ident, value: Value) -> Option<Ident> {
    match value {
        Value::Expr(Expr::Path(path)) if path.path.get_ident().is_some() => {
            return path.path.get_ident().cloned();
        }
        Value::Expr(Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        })) => {
            let text = text.value();
            cx.error(
                name.span(),
                format_args!("write the property's name without quotes: `{name} = {text}`"),
            );
        }
        _ => cx.error(
            name.span(),
            format_args!("`{name}` needs the name of a property: `{name} = author`"),
        ),
    }
    None
}
