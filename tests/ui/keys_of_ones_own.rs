//! What a type of one's own needs to be compared by less and greater, and to be a primary key.

use musher::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Unordered {
    Low,
    High,
}

#[derive(OrderedKey, Clone, Debug, Serialize, Deserialize)]
enum NoKey {
    Low,
    High,
}

#[derive(OrderedKey)]
enum Discriminants {
    High = 9,
    Low = 1,
}

#[derive(OrderedKey)]
struct Holds {
    level: Unordered,
}

#[derive(Entity, Debug)]
struct Keyed {
    #[orm(primary_key)]
    id: NoKey,
}

#[derive(Entity, Debug)]
struct Task {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    level: Unordered,
    status: Unordered,
}

fn main() {}

fn sorted(em: &mut EntityManager) {
    let _ = em.find::<Task>().order_by(|t| t.status().asc()).all();
}
