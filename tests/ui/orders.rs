//! A declared order is one by properties that have an order.

use musher::prelude::*;

#[derive(Entity, Debug)]
#[orm(order_by(titel desc))]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(many_to_one)]
    author: Option<Id<Author>>,
}

#[derive(Entity, Debug)]
#[orm(order_by(articles))]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_many(order_by(author)))]
    articles: Collection<Article>,
}

fn main() {}
