//! Finds what a source file imports from its own crate: `crate::x`, and `super::` paths that leave
//! the top-level module. Reads tokens, not syntax trees: it does not expand macros, and does not
//! follow re-exports. Comments, literals and what stands under `#[cfg(test)]` do not count.

use super::tokens::{Token, lex};

/// A path that starts at the crate's root.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) line: usize,
    /// The path's first segment, a module or an item of `lib.rs`; `*` for everything.
    pub(crate) target: String,
}

/// What one file says.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    pub(crate) imports: Vec<Import>,
    /// Paths of the modules that the file declares under `#[cfg(test)]` and keeps elsewhere.
    pub(crate) test_modules: Vec<Vec<String>>,
}

impl Imports {
    /// Reads `source`, the text of the module with the path `module`.
    pub(crate) fn of(module: &[String], source: &str) -> Self {
        let mut scanner = Scanner {
            tokens: lex(source),
            module: module.to_vec(),
            found: Self::default(),
        };
        scanner.scan();
        scanner.found
    }
}

struct Scanner<'source> {
    tokens: Vec<Token<'source>>,
    /// The module around the current token, inline modules included.
    module: Vec<String>,
    found: Imports,
}

impl<'source> Scanner<'source> {
    fn text(&self, at: usize) -> &'source str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn is(&self, at: usize, expected: &[&str]) -> bool {
        (at..)
            .zip(expected)
            .all(|(at, text)| self.text(at) == *text)
    }

    fn scan(&mut self) {
        if self.is(0, &["#", "!", "[", "cfg", "(", "test", ")", "]"]) {
            return;
        }
        let mut depth = 0_usize;
        let mut inline_modules = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if self.is_test_attribute(at) {
                at = self.skip_test_item(at);
                continue;
            }
            match self.text(at) {
                "mod" if self.text(at + 2) == "{" => {
                    self.module.push(self.text(at + 1).to_owned());
                    inline_modules.push(depth);
                    depth += 1;
                    at += 3;
                    continue;
                }
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    if inline_modules
                        .pop_if(|opened_at| *opened_at == depth)
                        .is_some()
                    {
                        self.module.pop();
                    }
                }
                "crate" | "musher" | "super" | "self" if self.text(at + 1) == "::" => {
                    at = self.follow(at, self.module.clone());
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Walks the path or the group that starts at `at`, relative to `base`; gives the token after.
    fn follow(&mut self, mut at: usize, mut base: Vec<String>) -> usize {
        loop {
            match self.text(at) {
                "crate" | "musher" => base.clear(),
                "super" => drop(base.pop()),
                "self" => {}
                "{" => return self.follow_group(at, &base),
                target => {
                    if base.is_empty() {
                        self.found.imports.push(Import {
                            line: self.tokens.get(at).map_or(0, |token| token.line),
                            target: target.to_owned(),
                        });
                    }
                    return self.skip_path(at);
                }
            }
            if self.text(at + 1) != "::" {
                return at + 1;
            }
            at += 2;
        }
    }

    fn follow_group(&mut self, open: usize, base: &[String]) -> usize {
        let close = self.matching(open);
        let mut at = open + 1;
        while at < close {
            at = self.follow(at, base.to_vec());
            while at < close && self.text(at) != "," {
                at += 1;
            }
            at += 1;
        }
        close + 1
    }

    /// The token after the path whose first segment is at `at`, a group at its end included.
    fn skip_path(&self, mut at: usize) -> usize {
        while self.text(at + 1) == "::" {
            at += 2;
            if self.text(at) == "{" {
                return self.matching(at) + 1;
            }
            if self.text(at) == "<" {
                return at;
            }
        }
        at + 1
    }

    fn is_test_attribute(&self, at: usize) -> bool {
        self.is(at, &["#", "[", "cfg", "(", "test", ")"])
            || self.is(at, &["#", "[", "cfg", "(", "all", "(", "test"])
    }

    /// Skips an item with the attributes before it, and notes it if it is a module in a file.
    fn skip_test_item(&mut self, mut at: usize) -> usize {
        while self.text(at) == "#" {
            at = self.matching(at + 1) + 1;
        }
        while at < self.tokens.len() {
            match self.text(at) {
                "mod" if self.text(at + 2) == ";" => {
                    let mut path = self.module.clone();
                    path.push(self.text(at + 1).to_owned());
                    self.found.test_modules.push(path);
                }
                "(" | "[" => at = self.matching(at),
                "{" => return self.matching(at) + 1,
                ";" => return at + 1,
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// The bracket that closes the one at `open`, or the last token where none does.
    fn matching(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                _ => {}
            }
        }
        self.tokens.len()
    }
}
