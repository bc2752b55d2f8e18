//! Entities that do not fit together, with the messages to the letter.

use musher::prelude::*;
use musher::{EntityList, Result};

use crate::support::refused;

#[track_caller]
fn problems<L: EntityList>() -> Vec<String> {
    match refused(Orm::builder().entities::<L>().in_memory()) {
        Error::Schema(problems) => problems,
        other => panic!("a schema error was expected, not: {other}"),
    }
}

#[derive(Entity, Debug)]
struct Planet {
    #[orm(primary_key)]
    id: Pk,
}

#[derive(Entity, Debug)]
struct Moon {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one)]
    planet: Id<Planet>,
    #[orm(many_to_many)]
    neighbours: Collection<Planet>,
}

#[test]
fn a_database_without_entities_is_refused() {
    assert_eq!(
        refused(Orm::builder().in_memory()).to_string(),
        "the schema is not valid: there are no entities; name them with `.entities::<(..)>()`"
    );
}

#[test]
fn a_target_that_is_not_listed_is_named_for_each_relation() {
    let remedy = "which is not among the entities; add Planet to `.entities::<(..)>()`";
    assert_eq!(
        problems::<Moon>(),
        [
            format!("Moon.planet refers to Planet, {remedy}"),
            format!("Moon.neighbours refers to Planet, {remedy}"),
        ]
    );
}

#[test]
fn an_entity_may_be_listed_twice() -> Result<()> {
    let orm = Orm::builder()
        .entities::<(Moon, (Planet, Moon))>()
        .entities::<Planet>()
        .in_memory()?;
    let mut em = orm.em();
    let planet = em.create(Planet::build());
    em.create(Moon::build().planet(planet));
    em.flush()?;
    assert!(orm.verify()?.is_clean());
    Ok(())
}

#[test]
fn two_entities_of_one_name_are_refused() {
    #[derive(Entity, Debug)]
    #[orm(name = "Planet")]
    struct Asteroid {
        #[orm(primary_key)]
        id: Pk,
    }
    assert_eq!(
        problems::<(Planet, Asteroid)>(),
        [
            "two entities are named Planet; give one of them another name with `#[orm(name = \"..\")]`"
        ]
    );
}

mod sides {
    use super::*;

    #[derive(Entity, Debug)]
    pub(super) struct Owner {
        #[orm(primary_key)]
        id: Pk,
        #[orm(one_to_many(mapped_by = owner))]
        first: Collection<Item>,
        #[orm(one_to_many(mapped_by = owner))]
        second: Collection<Item>,
        #[orm(one_to_many(mapped_by = keeper))]
        kept: Collection<Item>,
        #[orm(one_to_many(mapped_by = holder))]
        held: Collection<Item>,
        #[orm(one_to_one(mapped_by = keeper))]
        single: Inverse<Item>,
        #[orm(many_to_many(mapped_by = links))]
        linked: Collection<Item>,
        #[orm(many_to_many(mapped_by = linked_back))]
        turned: Collection<Item>,
    }

    #[derive(Entity, Debug)]
    pub(super) struct Item {
        #[orm(primary_key)]
        id: Pk,
        #[orm(many_to_one)]
        owner: Id<Owner>,
        #[orm(many_to_one(inversed_by = kept))]
        keeper: Id<Owner>,
        #[orm(one_to_one)]
        holder: Id<Owner>,
        #[orm(many_to_many(inversed_by = turned))]
        links: Collection<Owner>,
        #[orm(many_to_many(mapped_by = linked))]
        linked_back: Collection<Owner>,
    }
}

#[test]
fn everything_that_is_wrong_with_the_sides_of_relations_is_told_at_once() {
    assert_eq!(
        problems::<(sides::Owner, sides::Item)>(),
        [
            "Owner.held is mapped by Item.holder, which is not a `many_to_one`",
            "Owner.single is mapped by Item.keeper, which is not a `one_to_one`",
            "Owner.turned is mapped by Item.linked_back, which is not the owning side of a `many_to_many`",
            "Item.owner has several inverse sides in Owner; a relation has at most one",
            "Item.keeper has several inverse sides in Owner; a relation has at most one",
            "Item.links is inversed by Owner.turned, which is not mapped by it; write `mapped_by = links` on Owner.turned",
            "Item.linked_back is mapped by Owner.linked, which is not the owning side of a `many_to_many`",
        ]
    );
}

#[test]
fn several_problems_are_listed_on_a_line_each() {
    let error = refused(Orm::builder().entities::<Moon>().in_memory()).to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines[0], "the schema is not valid, 2 problems:");
    assert!(lines[1].starts_with("  - Moon.planet refers"));
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_schema_that_is_not_valid_leaves_no_directory_behind() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path().join("database");
    refused(Orm::builder().entities::<Moon>().open(&path));
    assert!(!path.exists());
}
