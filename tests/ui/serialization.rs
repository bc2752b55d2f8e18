//! How a property is serialized: groups are types, serializers and computed properties functions, and
//! each name is given once.

use musher::prelude::*;

struct Admin;

#[derive(Entity, Debug)]
#[orm(computed(title = Self::shout))]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(serialized_name = "title")]
    headline: String,
    #[orm(hidden, groups(Admin))]
    secret: String,
    #[orm(serializer = "shout")]
    text: String,
    #[orm(groups = Admin)]
    remark: String,
    #[orm(serialised_name = "x")]
    other: String,
    #[orm(many_to_one, serializer = shout)]
    next: Option<Id<Article>>,
    #[orm(computed(x = Self::shout))]
    last: String,
}

#[derive(Entity, Debug)]
#[orm(computed, computed(groups(Admin), title))]
struct Page {
    #[orm(primary_key)]
    id: Pk,
}

fn main() {}
