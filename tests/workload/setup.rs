//! The ways in which a database is opened, each with a name that fits into an environment variable.

use std::path::Path;

use musher::CommitPath;
use musher::prelude::*;

use super::blog::{Article, Counter, Tag, User};

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    pub commit_path: CommitPath,
    pub durability: Durability,
}

impl Setup {
    pub const ALL: [Self; 4] = [
        Self::new(CommitPath::Direct, Durability::Immediate),
        Self::new(CommitPath::Direct, Durability::Os),
        Self::new(CommitPath::Journal, Durability::Immediate),
        Self::new(CommitPath::Journal, Durability::Os),
    ];

    const fn new(commit_path: CommitPath, durability: Durability) -> Self {
        Self {
            commit_path,
            durability,
        }
    }

    pub fn name(self) -> String {
        format!("{:?}/{:?}", self.commit_path, self.durability)
    }

    /// The setup of this name.
    pub fn named(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|setup| setup.name() == name);
        known.expect("the name is one of those in `ALL`")
    }

    pub fn open(self, path: &Path) -> musher::Result<Orm> {
        Orm::builder()
            .entities::<(Counter, User, Article, Tag)>()
            .commit_path(self.commit_path)
            .durability(self.durability)
            .open(path)
    }
}
