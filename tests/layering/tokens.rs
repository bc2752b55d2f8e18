//! Cuts Rust source into words, `::` and single signs. Comments and literals are left out, so that
//! no path in a text or in a doc example is taken for code.

/// A word, `::` or a single sign.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'source> {
    pub(crate) text: &'source str,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// The tokens of `source` that can be part of a path or of an item's outline.
pub(crate) fn lex(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let skipped = comment_length(rest)
            .or_else(|| literal_length(rest))
            .or_else(|| first.is_whitespace().then_some(first.len_utf8()));
        let length = skipped.unwrap_or_else(|| token_length(rest, first));
        let (text, after) = rest.split_at(length);
        if skipped.is_none() {
            let text = text.strip_prefix("r#").unwrap_or(text);
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

fn token_length(rest: &str, first: char) -> usize {
    let is_word = |character: char| character == '_' || character.is_alphanumeric();
    if rest.starts_with("::") {
        return 2;
    }
    let raw = if rest.starts_with("r#") { 2 } else { 0 };
    match rest[raw..].find(|character| !is_word(character)) {
        Some(0) => first.len_utf8(),
        Some(length) => raw + length,
        None => rest.len(),
    }
}

fn comment_length(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    Some(rest.len())
}

/// The length of the string or character literal that `rest` starts with. A lifetime is none.
fn literal_length(rest: &str) -> Option<usize> {
    if let Some(content) = rest.strip_prefix('\'') {
        let mut characters = content.chars();
        return match (characters.next()?, characters.next()?) {
            ('\\', _) => Some(1 + cooked_length(content, '\'')),
            (character, '\'') => Some(character.len_utf8() + 2),
            _ => None,
        };
    }
    if let Some(content) = rest.trim_start_matches(['b', 'c']).strip_prefix('"') {
        let start = rest.len() - content.len();
        return (start <= 2).then(|| start + cooked_length(content, '"'));
    }
    let raw = ["r", "br", "cr"].iter().find_map(|prefix| {
        rest.strip_prefix(prefix)
            .filter(|after| after.starts_with(['"', '#']))
    })?;
    let content = raw.trim_start_matches('#').strip_prefix('"')?;
    let hashes = raw.len() - content.len() - 1;
    let start = rest.len() - content.len();
    let end = format!("\"{}", "#".repeat(hashes));
    Some(
        content
            .find(&end)
            .map_or(rest.len(), |at| start + at + end.len()),
    )
}

/// The length of a literal's content with escapes, the closing quote included.
fn cooked_length(content: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in content.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    content.len()
}
