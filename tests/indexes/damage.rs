//! What `verify` says of entries that are wrong, and what `repair` makes of them.

use musher::prelude::*;

use super::{Club, Team, Tenant, member, team, tenant};
use crate::support::{Engine, open};

fn fill(orm: &Orm) -> musher::Result<()> {
    let mut em = orm.em();
    let one: Id<Tenant> = tenant(&mut em, "one");
    let red: Id<Team> = team(&mut em, "red");
    for email in ["ann", "bob"] {
        let id = member(&mut em, one, email);
        em[id].nick = Some(email.to_owned());
        em.edit(id).set_team(Some(red.clone()));
    }
    em.flush()
}

/// Damages a tree, and gives what is found; afterwards `repair` has mended all of it.
fn found_and_mended(tree: &str, damage: impl Fn(&crate::support::Tree)) -> Vec<String> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path();
    let orm = open::<Club>(path);
    fill(&orm).expect("it can be stored");
    orm.close().expect("nobody else holds it");
    let engine = Engine::open(path);
    let before = engine.tree(tree).entries();
    damage(&engine.tree(tree));
    engine.0.flush().expect("it can be written");
    drop(engine);

    let orm = open::<Club>(path);
    let report = orm.verify().expect("damage is a finding");
    orm.close().expect("nobody else holds it");
    let repair = Orm::builder().entities::<Club>().repair(path);
    let repair = repair.expect("it can be mended");
    assert_eq!(repair.mended.len(), report.findings.len());
    assert!(repair.left.is_empty(), "{repair}");
    assert_eq!(Engine::open(path).tree(tree).entries(), before);
    report.findings.iter().map(ToString::to_string).collect()
}

#[test]
fn an_entry_that_is_missing_is_found_and_written() {
    for tree in ["one_email_a_tenant", "nick+team", "team+rank"] {
        let found = found_and_mended(&format!("index:Member.{tree}"), |tree| {
            tree.remove(&tree.at(0).0);
        });
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("of a row is missing"), "{found:?}");
    }
}

#[test]
fn an_entry_of_no_row_is_found_and_removed() {
    let found = found_and_mended("index:Member.team+rank", |tree| {
        let (mut key, held) = tree.at(1);
        *key.last_mut().expect("it has a row") = 77;
        tree.put(&key, &held);
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("Member.team, rank: ") && found[0].contains("belongs to no row"),
        "{found:?}"
    );
}

#[test]
fn an_entry_that_names_another_row_is_found_and_put_right() {
    let found = found_and_mended("index:Member.one_email_a_tenant", |tree| {
        let (key, _) = tree.at(0);
        tree.put(&key, &tree.at(1).1);
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("Member.tenant, email: ") && found[0].contains("names another row"),
        "{found:?}"
    );
}
