//! The stored entries are those that the rows ask for, after any flushes: computed here by hand, from
//! plain values, as `docs/format.md` draws them.

use std::collections::{BTreeMap, BTreeSet};

use musher::OrderedKey;
use musher::prelude::*;
use proptest::prelude::*;

use super::{Club, Member, Team, Tenant};
use crate::support::Engine;

const EMAILS: [&str; 3] = ["ann", "bob", "a\0"];
const TEAMS: [&str; 2] = ["red", "blue"];

/// What a step does to one of a few members.
#[derive(Debug, Clone)]
enum Step {
    Put(usize, Plain),
    Remove(usize),
    RemoveTeam(usize),
    Flush,
}

#[derive(Debug, Clone, PartialEq)]
struct Plain {
    tenant: u64,
    email: usize,
    nick: Option<String>,
    team: Option<usize>,
    rank: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let plain = (
        1..3_u64,
        0..EMAILS.len(),
        prop::option::of("[ab]?"),
        prop::option::of(0..TEAMS.len()),
        0..3_u8,
    );
    let plain = plain.prop_map(|(tenant, email, nick, team, rank)| Plain {
        tenant,
        email,
        nick,
        team,
        rank,
    });
    let step = prop_oneof![
        6 => (0..4_usize, plain).prop_map(|(at, plain)| Step::Put(at, plain)),
        1 => (0..4_usize).prop_map(Step::Remove),
        1 => (0..TEAMS.len()).prop_map(Step::RemoveTeam),
        3 => Just(Step::Flush),
    ];
    prop::collection::vec(step, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_entries_are_those_of_the_rows_after_any_flushes(steps in steps()) {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let orm = opened(directory.path());
        let rows = run(&orm, &steps).expect("the steps can be done");
        orm.close().expect("nobody else holds it");
        let engine = Engine::open(directory.path());
        for (tree, unique, key) in indexes() {
            // The engine's values begin with a tag.
            let stored = engine.tree(tree).entries().into_iter();
            let stored: BTreeSet<_> = stored.map(|(key, held)| (key, held.get(1..).unwrap_or_default().to_vec())).collect();
            let keys = rows.iter().filter_map(|(id, row)| Some((id, key(row)?)));
            let expected: BTreeSet<_> = keys
                .map(|(id, key)| {
                    let id = encoded(id);
                    if unique { (key, id) } else { ([key, id].concat(), Vec::new()) }
                })
                .collect();
            prop_assert_eq!(stored, expected, "{}", tree);
        }
    }
}

/// A database whose queries flush nothing.
fn opened(path: &std::path::Path) -> Orm {
    let builder = Orm::builder().entities::<Club>();
    let builder = builder
        .durability(Durability::Os)
        .flush_mode(FlushMode::Commit);
    builder.open(path).expect("it can be made")
}

/// Does the steps in one unit of work; a flush that is refused is given up. Gives what is stored.
fn run(orm: &Orm, steps: &[Step]) -> musher::Result<BTreeMap<u64, Plain>> {
    let mut em = orm.em();
    for name in ["one", "other"] {
        em.create(Tenant::build().name(name));
    }
    em.flush()?;
    let mut ids: [Option<Id<Member>>; 4] = [None; 4];
    for step in steps {
        match step {
            Step::Put(at, plain) => put(&mut em, &mut ids[*at], plain)?,
            Step::Remove(at) => {
                if let Some(id) = ids[*at].take() {
                    em.remove(id);
                }
            }
            Step::RemoveTeam(at) => {
                if let Some(team) = em.find_one::<Team>(TEAMS[*at].to_owned()).one()? {
                    em.remove(team);
                }
            }
            Step::Flush => {
                if em.flush().is_err() {
                    em.clear();
                    for id in &mut ids {
                        if let Some(known) = *id
                            && em.find_one(known).one()?.is_none()
                        {
                            *id = None;
                        }
                    }
                }
            }
        }
    }
    em.clear();
    stored(&mut em)
}

fn put(em: &mut EntityManager, id: &mut Option<Id<Member>>, plain: &Plain) -> musher::Result<()> {
    let team = match plain.team {
        Some(at) => {
            let code = TEAMS[at].to_owned();
            let is_there = em.find_one::<Team>(code.clone()).one()?;
            Some(match is_there {
                Some(team) => team,
                None => em.create(Team::build().code(code)),
            })
        }
        None => None,
    };
    let tenant = Id::<Tenant>::new(plain.tenant);
    let email = EMAILS[plain.email];
    let id = *id.get_or_insert_with(|| em.create(Member::build().tenant(tenant).email(email)));
    em[id].email = email.into();
    em[id].nick.clone_from(&plain.nick);
    em[id].base.rank = plain.rank;
    em.edit(id).set_tenant(tenant);
    em.edit(id).set_team(team);
    Ok(())
}

fn stored(em: &mut EntityManager) -> musher::Result<BTreeMap<u64, Plain>> {
    let ids = em.find::<Member>().all()?;
    let plain = |id: Id<Member>| {
        let member = &em[id];
        let email = EMAILS.iter().position(|email| *email == member.email);
        let team = |team: &Id<Team>| TEAMS.iter().position(|code| *code == *team.key());
        let plain = Plain {
            tenant: *member.tenant.key(),
            email: email.expect("it is one of them"),
            nick: member.nick.clone(),
            team: member.team.as_ref().and_then(team),
            rank: member.base.rank,
        };
        (*id.key(), plain)
    };
    Ok(ids.into_iter().map(plain).collect())
}

type KeyOf = fn(&Plain) -> Option<Vec<u8>>;

/// The trees, whether they are of unique indexes, and the key of a row in them.
fn indexes() -> [(&'static str, bool, KeyOf); 4] {
    fn team(row: &Plain) -> Option<String> {
        row.team.map(|at| TEAMS[at].to_owned())
    }
    [
        ("index:Member.one_email_a_tenant", true, |row| {
            Some(encoded(&(row.tenant, EMAILS[row.email].to_owned())))
        }),
        ("index:Member.nick+team", true, |row| {
            Some(encoded(&(Some(row.nick.clone()?), Some(team(row)?))))
        }),
        ("index:Member.team+rank", false, |row| {
            Some(encoded(&(team(row), row.rank)))
        }),
        ("index:Member.team", false, |row| Some(encoded(&team(row)?))),
    ]
}

fn encoded(key: &impl OrderedKey) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode_key(&mut bytes);
    bytes
}
