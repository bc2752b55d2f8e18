//! A sled directory that is opened with other indexes than those it was written with.

use std::path::Path;

use musher::prelude::*;

use crate::support::{Engine, open, refused, try_open};

/// The same rows under four declarations.
macro_rules! declared {
    ($module:ident, $(#[$attribute:meta])*) => {
        mod $module {
            use musher::prelude::*;

            #[derive(Entity, Debug)]
            pub struct Owner {
                #[orm(primary_key)]
                pub id: Pk,
            }

            #[derive(Entity, Debug)]
            $(#[$attribute])*
            pub struct Item {
                #[orm(primary_key)]
                pub id: Pk,
                pub name: String,
                pub size: Option<u32>,
                #[orm(many_to_one)]
                pub owner: Option<Id<Owner>>,
            }
        }
    };
}

declared!(bare,);
declared!(plain, #[orm(index(name, size))]);
declared!(turned, #[orm(index(size, name, name = "name_size"))]);
declared!(renamed, #[orm(index(name, size, name = "name_size"))]);
declared!(unique, #[orm(unique(name, size, owner))]);

/// Rows that differ in the owner at most.
fn fill(path: &Path) -> musher::Result<()> {
    use bare::{Item, Owner};
    let orm = open::<(Item, Owner)>(path);
    let mut em = orm.em();
    let owners = [(); 2].map(|()| em.create(Owner::build()));
    for (name, size, owner) in [
        ("a", Some(1), Some(owners[0])),
        ("a", Some(1), Some(owners[1])),
        ("a", Some(1), None),
        ("b", None, Some(owners[0])),
        ("b", None, Some(owners[0])),
    ] {
        let id = em.create(Item::build().name(name).size(size));
        em.edit(id).set_owner(owner);
    }
    em.flush()
}

fn on_filled(test: impl FnOnce(&Path) -> musher::Result<()>) {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let filled = fill(directory.path()).and_then(|()| test(directory.path()));
    filled.unwrap_or_else(|error| panic!("{error}"));
}

/// Opens the directory with these entities, and counts the entries that they have.
#[track_caller]
fn entries<L: musher::EntityList>(path: &Path) -> u64 {
    let orm = open::<L>(path);
    let report = orm.verify().expect("it can be read");
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.unknown_trees, Vec::<String>::new());
    orm.close().expect("nobody else holds it");
    report.index_entries
}

#[track_caller]
fn entries_in(path: &Path, tree: &str) -> usize {
    let engine = Engine::open(path);
    engine.tree(tree).entries().len()
}

/// Four of the five rows have an owner, and an entry for it.
const OF_OWNERS: u64 = 4;

#[test]
fn an_index_is_built_when_it_is_new_and_goes_when_it_is_gone() {
    on_filled(|path| {
        assert_eq!(entries::<(bare::Item, bare::Owner)>(path), OF_OWNERS);
        assert_eq!(entries::<(plain::Item, plain::Owner)>(path), OF_OWNERS + 5);
        assert_eq!(entries_in(path, "index:Item.name+size"), 5);
        assert_eq!(entries::<(bare::Item, bare::Owner)>(path), OF_OWNERS);
        assert_eq!(entries_in(path, "index:Item.name+size"), 0);
        assert_eq!(entries::<(plain::Item, plain::Owner)>(path), OF_OWNERS + 5);
        Ok(())
    });
}

#[test]
fn an_index_that_is_declared_otherwise_is_built_anew() {
    on_filled(|path| {
        entries::<(plain::Item, plain::Owner)>(path);
        entries::<(renamed::Item, renamed::Owner)>(path);
        assert_eq!(entries_in(path, "index:Item.name+size"), 0);
        let before = Engine::open(path).tree("index:Item.name_size").entries();
        entries::<(turned::Item, turned::Owner)>(path);
        let after = Engine::open(path).tree("index:Item.name_size").entries();
        assert_eq!((before.len(), after.len()), (5, 5));
        assert_ne!(before, after, "the parts have another order");
        Ok(())
    });
}

#[test]
fn rows_that_a_new_unique_index_forbids_are_named_and_nothing_is_changed() {
    on_filled(|path| {
        let orm = open::<(plain::Item, plain::Owner)>(path);
        let mut em = orm.em();
        let third = em.find_one::<plain::Item>(3).or_fail()?;
        let owner = em.find_one::<plain::Item>(1).or_fail()?;
        let owner = em[owner].owner;
        em.edit(third).set_owner(owner);
        em.flush()?;
        drop(em);
        orm.close()?;
        let error = refused(try_open::<(unique::Item, unique::Owner)>(path));
        assert_eq!(
            error.to_string(),
            "the schema is not valid: Item: `name, size, owner` is now unique, but rows have the same: 1 and 3 have \
             (\"a\", Some(1), Owner 1); mend the rows before declaring it"
        );
        // With the former entities it opens as it was.
        assert_eq!(entries::<(plain::Item, plain::Owner)>(path), 5 + 5);

        let orm = open::<(plain::Item, plain::Owner)>(path);
        let mut em = orm.em();
        em.find_one(third).or_fail()?;
        em.edit(third).set_owner(None::<Id<plain::Owner>>);
        em.flush()?;
        drop(em);
        orm.close()?;
        // Two of the five rows have a value in each part.
        assert_eq!(
            entries::<(unique::Item, unique::Owner)>(path),
            OF_OWNERS + 2
        );
        Ok(())
    });
}
