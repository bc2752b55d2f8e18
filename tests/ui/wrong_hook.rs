//! A hook has the signature of its event.

use musher::prelude::*;

#[derive(Entity)]
#[orm(before_create = Article::check, after_create = Article::log, on_load = Article::missing)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
}

impl Article {
    fn check(&mut self, _args: &EventArgs<Self>) {}

    fn log(&self) {}
}

fn main() {}
