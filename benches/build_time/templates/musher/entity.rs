use chrono::{DateTime, Utc};
use musher::prelude::*;

use crate::{next}::{Next};
use crate::{previous}::{Previous};

#[derive(Entity, Debug, Clone)]
pub struct {Name} {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique, length = {length})]
    pub name: String,
    #[orm(index)]
    pub title: String,
    pub text: Option<String>,
    pub count: u32,
    pub rating: Option<i64>,
    #[orm(default = true)]
    pub active: bool,
    #[orm(default = Utc::now())]
    pub created_at: DateTime<Utc>,
    #[orm(many_to_one)]
    pub next: Option<Id<{Next}>>,
    #[orm(many_to_one)]
    pub parent: Option<Id<crate::{parent}::{Parent}>>,
    #[orm(one_to_many(mapped_by = next))]
    pub previous: Collection<{Previous}>,
}

pub fn exercise(em: &mut EntityManager) -> musher::Result<()> {
    let made = em.create({Name}::build().name("name").title("title").count(1));
    em.flush()?;
    let found = em
        .find::<{Name}>()
        .filter(|e| e.title().eq("title").and(e.count().gt(0)))
        .order_by(|e| e.name().asc())
        .populate(|e| (e.next(), e.previous()))
        .limit(10)
        .all()?;
    for id in found {
        println!("{:?}", em.view(id));
        em[id].title.push('!');
    }
    em.flush()?;
    em.remove(made);
    em.flush()
}
