//! Very many items in one collection. What grew with the square of their number would not end here:
//! 5,000 in every run, a million where somebody waits for it
//! (`cargo test --release --test bad_input -- --ignored million`; `MUSHER_TEST_MANY` is another number).

use musher::prelude::*;
use musher::{CommitPath, Durability, FlushMode};

use crate::support::*;

#[derive(Entity, Debug)]
struct Group {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_many)]
    members: Collection<Member>,
    #[orm(one_to_many(mapped_by = home))]
    residents: Collection<Member>,
}

#[derive(Entity, Debug)]
struct Member {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_many(mapped_by = members))]
    groups: Collection<Group>,
    #[orm(many_to_one(inversed_by = residents))]
    home: Option<Id<Group>>,
}

/// So many members in one group, by links.
fn link(orm: &Orm, count: usize) -> musher::Result<()> {
    let mut em = orm.em();
    em.set_flush_mode(FlushMode::Commit);
    let group = em.create(Group::build());
    let members: Vec<_> = (0..count).map(|_| em.create(Member::build())).collect();
    em.edit(group).members().add(&members);
    em.flush()?;

    em.clear();
    em.find_one(group).or_fail()?;
    assert_eq!(em.edit(group).members().load_count()?, count);
    em.edit(group).members().load_items()?;
    assert!(em[group].members.ids() == members);

    // One by one, from the front; then the rest replaced by its reverse half.
    let (first, rest) = members.split_at(count / 2);
    for member in first {
        em.edit(group).members().remove(*member);
    }
    assert_eq!(em[group].members.len(), rest.len());
    let kept: Vec<_> = rest.iter().rev().take(count / 4).copied().collect();
    em.edit(group).members().set(&kept)?;
    em.flush()?;
    em.clear();
    em.find_one(group).or_fail()?;
    assert_eq!(em.edit(group).members().load_count()?, kept.len());
    em.edit(group).members().remove_all()?;
    em.flush()?;
    assert_eq!(em.edit(group).members().load_count()?, 0);
    Ok(())
}

/// So many members at home in one group, by references.
fn house(orm: &Orm, count: usize) -> musher::Result<()> {
    let mut em = orm.em();
    em.set_flush_mode(FlushMode::Commit);
    let (old, new) = (em.create(Group::build()), em.create(Group::build()));
    let new_member = || Member::build().home(old);
    let members: Vec<_> = (0..count).map(|_| em.create(new_member())).collect();
    em.flush()?;

    // Put into a collection without having been loaded.
    em.clear();
    em.find_one(new).or_fail()?;
    em.edit(new).residents().add(&members);
    em.flush()?;
    em.clear();
    em.find_one(new).populate(|g| g.residents()).or_fail()?;
    assert!(em[new].residents.ids() == members);

    // Changed, and given up again.
    for member in &members {
        em[*member].home = None;
    }
    for member in &members {
        em.detach(*member);
    }
    em.flush()?;
    assert_eq!(em.statistics().commits, 2, "nothing was left to write");

    // New, and removed before they were written.
    let passing: Vec<_> = (0..count)
        .map(|_| em.create(Member::build().home(new)))
        .collect();
    for member in passing {
        em.remove(member);
    }
    em.flush()?;
    em.clear();

    em.find_one(new).populate(|g| g.residents()).or_fail()?;
    em.edit(new).residents().remove_all()?;
    em.flush()?;
    for member in &members {
        em.remove(*member);
    }
    em.flush()?;
    assert_eq!(em.find::<Member>().count()?, 0);
    Ok(())
}

#[test]
fn a_collection_may_have_5_000_links() {
    on_both_stores::<(Group, Member)>(|orm| link(orm, 5_000));
}

#[test]
fn a_collection_may_have_5_000_items() {
    on_both_stores::<(Group, Member)>(|orm| house(orm, 5_000));
}

/// How many: a million, unless the environment says otherwise.
fn how_many() -> usize {
    let said = std::env::var("MUSHER_TEST_MANY").ok();
    said.and_then(|count| count.parse().ok())
        .unwrap_or(1_000_000)
}

#[test]
#[ignore = "it takes minutes in a debug build"]
fn a_collection_may_have_a_million_links_and_items_in_memory() -> musher::Result<()> {
    let new = || Orm::builder().entities::<(Group, Member)>().in_memory();
    link(&new()?, how_many())?;
    house(&new()?, how_many())
}

fn on_disk(commit_path: CommitPath) -> musher::Result<()> {
    let new = |directory: &tempfile::TempDir| {
        let builder = Orm::builder().entities::<(Group, Member)>();
        let builder = builder.durability(Durability::Os).commit_path(commit_path);
        builder.open(directory.path())
    };
    for fill in [link, house] {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        fill(&new(&directory)?, how_many())?;
    }
    Ok(())
}

#[test]
#[ignore = "it takes minutes in a debug build"]
fn a_collection_may_have_a_million_links_and_items_by_way_of_the_journal() -> musher::Result<()> {
    on_disk(CommitPath::Journal)
}

#[test]
#[ignore = "it takes minutes in a debug build"]
fn a_collection_may_have_a_million_links_and_items_directly_in_sled() -> musher::Result<()> {
    on_disk(CommitPath::Direct)
}
