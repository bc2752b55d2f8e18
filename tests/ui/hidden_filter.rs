//! What asks about a hidden property says so.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(hidden)]
    password: String,
    #[orm(hidden)]
    token: Option<String>,
}

fn main() {
    let orm = Orm::builder().entities::<User>().in_memory().unwrap();
    let mut em = orm.em();
    // A condition.
    let _ = em.find::<User>().filter(|u| u.password().eq("secret"));
    let _ = em.find::<User>().filter(|u| u.token().is_none());
    // An order.
    let _ = em.find::<User>().order_by(|u| u.password().asc());
    // A projection.
    let _ = em.find::<User>().fields(|u| (u.name(), u.password()));
}
