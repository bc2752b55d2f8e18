//! What stands in the parentheses of `index(..)` and `unique(..)`: the parts of an index, and its
//! name.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Token, Type, parenthesized, token};

use crate::ctxt::Ctxt;

/// One item in the parentheses, as it is written.
pub(crate) enum IndexItem {
    /// `name = ".."`
    Name(Ident, LitStr),
    Part(Box<Part>),
}

/// A part of an index.
pub(crate) struct Part {
    /// The property, or what is derived.
    pub(crate) ident: Ident,
    /// `each(..)`: there is a key for each element.
    pub(crate) each: bool,
    pub(crate) derived: Option<Derived>,
}

/// `lower_email: String = email.to_lowercase()`
pub(crate) struct Derived {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) expr: Expr,
}

/// `index`, or `index(..)`.
pub(crate) struct IndexAttr {
    pub(crate) span: Span,
    pub(crate) unique: bool,
    pub(crate) name: Option<LitStr>,
    pub(crate) parts: Vec<Part>,
}

impl Parse for IndexItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let is_name = input.peek2(Token![=]) && !input.peek2(Token![==]);
        if is_name {
            let ident = input.call(Ident::parse_any)?;
            if ident != "name" {
                let message =
                    format!("write what is derived with its type: `{ident}: String = ..`");
                return Err(syn::Error::new(ident.span(), message));
            }
            input.parse::<Token![=]>()?;
            return Ok(Self::Name(ident, input.parse()?));
        }
        Ok(Self::Part(Box::new(input.parse()?)))
    }
}

impl Parse for Part {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ident = input.call(Ident::parse_any)?;
        if ident == "each" && input.peek(token::Paren) {
            let content;
            parenthesized!(content in input);
            let part: Self = content.parse()?;
            content.parse::<Option<Token![,]>>()?;
            if !content.is_empty() {
                return Err(content.error("`each` takes one property"));
            }
            return Ok(Self { each: true, ..part });
        }
        let mut derived = None;
        if input.parse::<Option<Token![:]>>()?.is_some() {
            let ty = input.parse()?;
            input.parse::<Token![=]>()?;
            derived = Some(Derived {
                ident: ident.clone(),
                ty,
                expr: input.parse()?,
            });
        }
        Ok(Self {
            ident,
            each: false,
            derived,
        })
    }
}

impl Part {
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

impl Derived {
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

/// The items in the parentheses.
pub(crate) fn index_items(input: ParseStream<'_>) -> syn::Result<Vec<IndexItem>> {
    let items = Punctuated::<IndexItem, Token![,]>::parse_terminated(input)?;
    Ok(items.into_iter().collect())
}

impl IndexAttr {
    /// Reads what was written. What is doubled, or no name, is reported.
    pub(crate) fn of(cx: &Ctxt, attribute: &Ident, items: Vec<IndexItem>) -> Self {
        let mut attr = Self {
            span: attribute.span(),
            unique: attribute == "unique",
            name: None,
            parts: Vec::new(),
        };
        for item in items {
            match item {
                IndexItem::Name(ident, _) if attr.name.is_some() => {
                    cx.error(ident.span(), "`name` is given twice");
                }
                IndexItem::Name(_, name) => attr.name = named(cx, name),
                IndexItem::Part(part) => attr.parts.push(*part),
            }
        }
        attr
    }

    /// The attribute's name.
    pub(crate) const fn attribute(&self) -> &'static str {
        if self.unique { "unique" } else { "index" }
    }

    /// The parts, as messages name them.
    pub(crate) fn label(&self) -> String {
        let parts: Vec<_> = self.parts.iter().map(Part::name).collect();
        parts.join(", ")
    }

    /// On a property: whether it is `index(each)`.
    pub(crate) fn is_each(&self) -> bool {
        matches!(self.parts.as_slice(), [part] if part.is_word_each())
    }
}

impl Part {
    /// The bare word `each`.
    pub(crate) fn is_word_each(&self) -> bool {
        self.ident == "each" && !self.each && self.derived.is_none()
    }
}

/// The name, if it can be one.
fn named(cx: &Ctxt, name: LitStr) -> Option<LitStr> {
    let text = name.value();
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    if !text.is_empty() && text.chars().all(is_name) {
        return Some(name);
    }
    cx.error(
        name.span(),
        "the name of an index is made of letters, digits and `_`: `name = \"one_email_a_tenant\"`",
    );
    None
}
