//! The derives work without imports, in any module, whatever names the module has.
#![deny(warnings, missing_docs)]
#![allow(dead_code)]

/// Names that an expansion could run into.
pub mod hostile {
    /// Not the standard one.
    pub struct Option;
    /// Not the standard one.
    pub struct Result;
    /// Not the standard one.
    pub struct Vec;
    /// Not the standard one.
    pub trait Into {}
    /// Not the standard one.
    pub trait Default {}
    /// Not the standard one.
    pub fn drop() {}

    /// A base.
    #[derive(::musher::BaseEntity, Debug)]
    pub struct Base {
        /// The key.
        #[orm(primary_key)]
        pub id: ::musher::Pk,
        /// Raised by each update.
        #[orm(default = 1, on_update = revision + 1)]
        pub revision: u32,
    }

    /// An entity.
    #[derive(::musher::Entity, Debug)]
    pub struct Article {
        /// Names of local variables in the expansion.
        #[orm(default)]
        pub row: u8,
        /// Likewise.
        #[orm(default = first.clone())]
        pub em: String,
        /// Likewise.
        pub first: String,
        /// A keyword.
        pub r#type: String,
        /// Stands last, and its properties come first.
        #[orm(base)]
        pub base: Base,
        /// Any type with a default.
        #[orm(skip)]
        pub cache: ::std::sync::OnceLock<u8>,
        /// To itself.
        #[orm(many_to_one)]
        pub parent: ::std::option::Option<::musher::Id<Article>>,
    }
}

mod restricted {
    #[derive(musher::Entity)]
    struct Private {
        #[orm(primary_key)]
        key: String,
    }

    #[derive(musher::Entity)]
    pub(super) struct Shared {
        #[orm(primary_key)]
        key: (u64, String),
        #[orm(many_to_one)]
        private: musher::Id<Private>,
    }
}

fn main() {
    #[derive(musher::Entity)]
    struct Local {
        #[orm(primary_key)]
        id: musher::Pk<u32>,
        note: musher::Lazy<Option<String>>,
    }

    let _builder = Local::build();
    let _builder = hostile::Article::build().first("a").r#type("b");
}
