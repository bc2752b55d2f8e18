//! The chapter "Relationships", statement by statement, on both stores. The names of the tests state
//! what the chapter says; `docs/chapter.md` lists them, and tells where Musher differs on purpose.
//! What the compiler has to refuse is in `tests/chapter_compile_fail.rs`.

mod common;

#[path = "chapter/article.rs"]
mod article;
#[path = "chapter/base_entity.rs"]
mod base_entity;
#[path = "chapter/collections.rs"]
mod collections;
#[path = "chapter/creating.rs"]
mod creating;
#[path = "chapter/hooks.rs"]
mod hooks;
#[path = "chapter/populate.rs"]
mod populate;
#[path = "chapter/relations.rs"]
mod relations;
#[path = "chapter/serialization.rs"]
mod serialization;
