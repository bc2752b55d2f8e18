//! What stands in the parentheses of `index(..)` and `unique(..)`: the parts of an index, and its
//! name.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Token};

use crate::ctxt::Ctxt;

/// One item in the parentheses, as it is written.
pub(crate) enum IndexItem {
    /// `name = ".."`
    Name(Ident, LitStr),
    /// A property.
    Property(Ident),
}

/// `index`, or `index(..)`.
pub(crate) struct IndexAttr {
    pub(crate) span: Span,
    pub(crate) unique: bool,
    pub(crate) name: Option<LitStr>,
    pub(crate) parts: Vec<Ident>,
}

impl Parse for IndexItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ident = input.call(Ident::parse_any)?;
        if ident == "name" && input.parse::<Option<Token![=]>>()?.is_some() {
            return Ok(Self::Name(ident, input.parse()?));
        }
        Ok(Self::Property(ident))
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
                IndexItem::Property(ident) => attr.parts.push(ident),
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
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|part| part.unraw().to_string())
            .collect();
        parts.join(", ")
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
