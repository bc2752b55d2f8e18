//! Indexes over several properties, over what is computed of them, and over their elements: what they
//! forbid, what they find, and that their entries are those of the rows, whatever was done. On both
//! stores.

mod support;

#[path = "indexes/constraints.rs"]
mod constraints;
#[path = "indexes/damage.rs"]
mod damage;
#[path = "indexes/derived.rs"]
mod derived;
#[path = "indexes/elements.rs"]
mod elements;
#[path = "indexes/entries.rs"]
mod entries;
#[path = "indexes/reopening.rs"]
mod reopening;

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Tenant {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(default)]
    rank: u8,
}

#[derive(Entity, Debug)]
#[orm(
    unique(tenant, email, name = "one_email_a_tenant"),
    unique(nick, team),
    index(team, rank)
)]
struct Member {
    #[orm(base)]
    base: Base,
    #[orm(many_to_one(on_delete = cascade))]
    tenant: Id<Tenant>,
    email: String,
    nick: Option<String>,
    #[orm(many_to_one(on_delete = set_null))]
    team: Option<Id<Team>>,
    #[orm(hidden, index(name = "by_secret"))]
    secret: Option<String>,
}

#[derive(Entity, Debug)]
struct Team {
    #[orm(primary_key)]
    code: String,
}

type Club = (Tenant, Member, Team);

fn tenant(em: &mut EntityManager, name: &str) -> Id<Tenant> {
    em.create(Tenant::build().name(name))
}

fn member(em: &mut EntityManager, tenant: Id<Tenant>, email: &str) -> Id<Member> {
    em.create(Member::build().tenant(tenant).email(email))
}

fn team(em: &mut EntityManager, code: &str) -> Id<Team> {
    em.create(Team::build().code(code))
}
