//! Which properties an expression reads, by its tokens.
//!
//! A derive can't resolve names, so this errs on the side of a mention: a property that is passed to
//! an expression without need does no harm.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Whether the expression reads a variable of this name: as an identifier that is no call, method,
/// field, path or macro, or inside a format string.
pub(crate) fn mentions(tokens: TokenStream, name: &str) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Literal(literal) => interpolates(&literal.to_string(), name),
        TokenTree::Ident(ident) => {
            ident.to_string().trim_start_matches("r#") == name
                && !follows_path(&tokens[..at])
                && !names_item(&tokens[at + 1..])
        }
        TokenTree::Punct(_) => false,
    })
}

/// After `.` or `::`, but not after the `..` of a range.
fn follows_path(before: &[TokenTree]) -> bool {
    match before {
        [.., first, last] if is_punct(first, '.') => is_punct(last, ':'),
        [.., first, last] => is_punct(last, '.') || (is_punct(first, ':') && is_punct(last, ':')),
        [last] => is_punct(last, '.'),
        [] => false,
    }
}

/// Before `(..)`, `::` or the `!` of a macro.
fn names_item(after: &[TokenTree]) -> bool {
    match after {
        [TokenTree::Group(group), ..] => group.delimiter() == Delimiter::Parenthesis,
        [TokenTree::Punct(first), second, ..] if first.as_char() == ':' => {
            first.spacing() == Spacing::Joint && is_punct(second, ':')
        }
        [first, TokenTree::Group(_), ..] => is_punct(first, '!'),
        _ => false,
    }
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// Whether a format string has `{name}` or `{name:..}`.
fn interpolates(literal: &str, name: &str) -> bool {
    literal.contains('"')
        && literal.match_indices('{').any(|(at, _)| {
            let rest = literal[at + 1..].strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['}', ':']))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_mentions_what_it_reads() {
        let reads = |tokens: &str, expected: bool| {
            let parsed = tokens.parse().expect("tokens");
            assert_eq!(mentions(parsed, "title"), expected, "{tokens}");
        };
        reads("slug(title)", true);
        reads("title.len()", true);
        reads("&title[..2]", true);
        reads("0..title", true);
        reads("if title != other { 1 } else { 2 }", true);
        reads("format!(\"{title}-{}\", 1)", true);
        reads("format!(\"{title:?}\")", true);
        reads("format!(\"{subtitle}\")", false);
        reads("title()", false);
        reads("other.title", false);
        reads("module::title", false);
        reads("title::of(x)", false);
        reads("title![x]", false);
        reads("'t'", false);
    }
}
