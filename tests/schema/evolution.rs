//! A sled directory that was made by other entities than those it is opened with.

use std::path::Path;

use musher::prelude::*;

use crate::support::{open, refused, try_open};

/// The first shape of the entity, and one row more than one.
mod first {
    use musher::prelude::*;

    #[derive(Entity, Debug)]
    pub struct Item {
        #[orm(primary_key)]
        pub id: Pk,
        pub name: String,
        pub size: u32,
        #[orm(default)]
        pub notes: Lazy<String>,
    }

    pub fn fill(path: &std::path::Path) -> musher::Result<()> {
        let orm = super::open::<Item>(path);
        let mut em = orm.em();
        for (name, size) in [("a", 1), ("b", 2), ("c", 2)] {
            em.create(
                Item::build()
                    .name(name)
                    .size(size)
                    .notes(format!("notes of {name}")),
            );
        }
        em.flush()
    }
}

/// Runs a test on a directory that holds the first shape.
fn on_the_first_shape(test: impl FnOnce(&Path) -> musher::Result<()>) {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let filled = first::fill(directory.path()).and_then(|()| test(directory.path()));
    filled.unwrap_or_else(|error| panic!("{error}"));
}

#[track_caller]
fn problems<L: musher::EntityList>(path: &Path) -> Vec<String> {
    match refused(try_open::<L>(path)) {
        Error::Schema(problems) => problems,
        other => panic!("a schema error was expected, not: {other}"),
    }
}

#[track_caller]
fn assert_clean(orm: &Orm) {
    let report = orm.verify().expect("the database can be read");
    assert!(report.is_clean(), "{report}");
}

mod grown {
    use musher::prelude::*;

    #[derive(Entity, Debug, Clone)]
    pub struct Item {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(default = "red")]
        pub color: String,
        pub name: String,
        pub size: u32,
        #[orm(default)]
        pub notes: Lazy<String>,
        pub weight: Option<u32>,
        #[orm(default = size * 10)]
        pub price: u32,
        #[orm(default = 0, on_update = *updates + 1)]
        pub updates: u32,
        pub remark: Lazy<Option<String>>,
        #[orm(many_to_one)]
        pub parent: Option<Id<Item>>,
        #[orm(many_to_many)]
        pub related: Collection<Item>,
    }
}

#[test]
fn a_new_property_takes_its_default_and_a_new_option_is_none() {
    on_the_first_shape(|path| {
        let orm = open::<grown::Item>(path);
        let mut em = orm.em();
        let all = em
            .find::<grown::Item>()
            .populate(|i| (i.related(), i.notes()))
            .all()?;
        for (at, id) in all.iter().enumerate() {
            let item = &em[*id];
            assert_eq!(item.color, "red");
            assert_eq!(item.weight, None);
            assert_eq!(item.price, item.size * 10, "a default may read the row");
            assert_eq!(item.parent, None);
            assert!(item.related.is_empty());
            let name = ["a", "b", "c"][at];
            assert_eq!(item.name, name);
            assert_eq!(item.notes.get().unwrap(), &format!("notes of {name}"));
        }
        em.flush()?;
        assert_eq!(em.statistics().commits, 0, "reading writes nothing");
        assert_clean(&orm);
        Ok(())
    });
}

#[test]
fn single_properties_of_an_old_row_have_their_defaults_too() {
    on_the_first_shape(|path| {
        let mut em = open::<grown::Item>(path).em();
        let rows = em
            .find::<grown::Item>()
            .fields(|i| {
                (
                    i.color(),
                    i.weight(),
                    i.price(),
                    i.parent().name().optional(),
                )
            })
            .all()?;
        let expected = [10, 20, 20].map(|price| ("red".to_owned(), None, price, None));
        assert_eq!(rows, expected);
        Ok(())
    });
}

#[test]
fn a_new_lazy_option_is_none() {
    on_the_first_shape(|path| {
        let orm = open::<grown::Item>(path);
        let mut em = orm.em();
        let found = em
            .find_one::<grown::Item>(1)
            .populate(|i| i.remark())
            .or_fail()?;
        assert_eq!(em[found].remark.get(), Some(&None));
        Ok(())
    });
}

mod grown_a_little {
    use musher::prelude::*;

    #[derive(Entity, Debug, Clone)]
    pub struct Item {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(default = "red")]
        pub color: String,
        pub name: String,
        pub size: u32,
        #[orm(default)]
        pub notes: Lazy<String>,
        pub weight: Option<u32>,
        #[orm(default = 0, on_update = *updates + 1)]
        pub updates: u32,
        #[orm(many_to_one)]
        pub parent: Option<Id<Item>>,
    }
}

#[test]
fn an_old_row_that_is_updated_gets_the_new_properties() {
    on_the_first_shape(|path| {
        let orm = open::<grown_a_little::Item>(path);
        let mut em = orm.em();
        let found = em.find_one::<grown_a_little::Item>(1).or_fail()?;
        em[found].weight = Some(7);
        em[found].parent = Some(found);
        em.flush()?;
        assert_clean(&orm);
        drop((em, orm));
        let orm = open::<grown_a_little::Item>(path);
        let mut em = orm.em();
        em.find_one(found).or_fail()?;
        let item = &em[found];
        assert_eq!((item.color.as_str(), item.weight), ("red", Some(7)));
        assert_eq!((item.updates, item.parent), (1, Some(found)));
        assert_clean(&orm);
        Ok(())
    });
}

#[test]
fn touching_an_old_row_writes_nothing() {
    on_the_first_shape(|path| {
        let orm = open::<grown_a_little::Item>(path);
        let mut em = orm.em();
        let found = em.find_one::<grown_a_little::Item>(1).or_fail()?;
        let _touched = &mut em[found];
        em.flush()?;
        assert_eq!(em.statistics().commits, 0);
        assert_eq!(em[found].updates, 0);
        Ok(())
    });
}

#[test]
fn an_old_row_is_found_by_a_new_option() {
    on_the_first_shape(|path| {
        let orm = open::<grown_a_little::Item>(path);
        let mut em = orm.em();
        let mut count = |filter: fn(
            grown_a_little::ItemPath<grown_a_little::Item>,
        ) -> musher::Filter<grown_a_little::Item>| {
            em.find::<grown_a_little::Item>().filter(filter).count()
        };
        assert_eq!(count(|i| i.weight().is_none())?, 3);
        assert_eq!(count(|i| i.weight().eq(None))?, 3);
        assert_eq!(count(|i| i.weight().ne(5))?, 3);
        assert_eq!(count(|i| i.weight().lt(5))?, 3);
        assert_eq!(count(|i| i.weight().gt(5))?, 0);
        Ok(())
    });
}

#[test]
fn an_old_row_is_found_by_the_default_of_a_new_property() {
    on_the_first_shape(|path| {
        let orm = open::<grown_a_little::Item>(path);
        let mut em = orm.em();
        let found = em
            .find::<grown_a_little::Item>()
            .filter(|i| i.color().eq("red"))
            .count()?;
        assert_eq!(found, 3);
        Ok(())
    });
}

#[test]
fn a_property_that_is_gone_is_skipped_and_has_its_values_when_it_comes_back() {
    #[derive(Entity, Debug)]
    struct Item {
        #[orm(primary_key)]
        id: Pk,
        size: u32,
        #[orm(default)]
        notes: Lazy<String>,
    }

    mod back {
        use musher::prelude::*;

        #[derive(Entity, Debug)]
        pub struct Item {
            #[orm(primary_key)]
            pub id: Pk,
            #[orm(default = "a new name")]
            pub name: String,
            pub size: u32,
            #[orm(default)]
            pub notes: Lazy<String>,
        }
    }

    on_the_first_shape(|path| {
        let orm = open::<Item>(path);
        let mut em = orm.em();
        let found = em.find_one::<Item>(2).or_fail()?;
        assert_eq!(em[found].size, 2);
        em[found].size = 20;
        em.create(Item::build().size(4));
        em.flush()?;
        assert_clean(&orm);
        drop((em, orm));
        let orm = open::<back::Item>(path);
        let mut em = orm.em();
        let all = em.find::<back::Item>().all()?;
        let sizes: Vec<_> = all.iter().map(|id| em[*id].size).collect();
        assert_eq!(sizes, [1, 20, 2, 4]);
        let names: Vec<_> = all.iter().map(|id| em[*id].name.as_str()).collect();
        assert_eq!(
            names,
            ["a", "b", "c", "a new name"],
            "the last row was made without a name"
        );
        assert_clean(&orm);
        Ok(())
    });
}

#[test]
fn a_lazy_property_that_comes_back_does_not_bring_back_its_values() {
    #[derive(Entity, Debug)]
    struct Item {
        #[orm(primary_key)]
        id: Pk,
        name: String,
        size: u32,
    }

    on_the_first_shape(|path| {
        let orm = open::<Item>(path);
        let mut em = orm.em();
        em.remove(Id::<Item>::new(1));
        em.remove(Id::<Item>::new(2));
        em.remove(Id::<Item>::new(3));
        em.flush()?;
        drop((em, orm));
        let orm = open::<first::Item>(path);
        assert_clean(&orm);
        Ok(())
    });
}

mod indexed {
    use musher::prelude::*;

    #[derive(Entity, Debug)]
    pub struct Item {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(unique)]
        pub name: String,
        #[orm(index)]
        pub size: u32,
        #[orm(default)]
        pub notes: Lazy<String>,
    }
}

#[test]
fn indexes_are_built_dropped_and_built_anew() {
    on_the_first_shape(|path| {
        let by_size = |orm: &Orm, size: u32| {
            let mut em = orm.em();
            let found = em
                .find::<indexed::Item>()
                .filter(|i| i.size().eq(size))
                .all();
            found.map(|found| found.iter().map(|id| *id.key()).collect::<Vec<_>>())
        };
        let orm = open::<indexed::Item>(path);
        assert_clean(&orm);
        assert_eq!(by_size(&orm, 2)?, [2, 3]);
        let clash = orm
            .em()
            .find::<indexed::Item>()
            .filter(|i| i.name().eq("b"))
            .count()?;
        assert_eq!(clash, 1);
        drop(orm);
        let orm = open::<first::Item>(path);
        let mut em = orm.em();
        let moved = em.find_one::<first::Item>(2).or_fail()?;
        em[moved].size = 5;
        em[moved].name = "moved".into();
        em.remove(Id::<first::Item>::new(3));
        em.create(first::Item::build().name("b").size(2));
        em.flush()?;
        drop((em, orm));
        let orm = open::<indexed::Item>(path);
        assert_clean(&orm);
        assert_eq!(by_size(&orm, 2)?, [4]);
        assert_eq!(by_size(&orm, 5)?, [2]);
        Ok(())
    });
}

#[test]
fn a_unique_index_over_duplicates_is_refused_and_nothing_has_changed() {
    #[derive(Entity, Debug)]
    struct Item {
        #[orm(primary_key)]
        id: Pk,
        name: String,
        #[orm(unique)]
        size: u32,
        #[orm(default)]
        notes: Lazy<String>,
    }

    on_the_first_shape(|path| {
        assert_eq!(
            problems::<Item>(path),
            [
                "Item: `size` is now unique, but rows have the same: 2 and 3 have 2; mend the rows before \
                 declaring it"
            ]
        );
        let orm = open::<first::Item>(path);
        assert_clean(&orm);
        let mut em = orm.em();
        let third = em.find_one::<first::Item>(3).or_fail()?;
        em[third].size = 3;
        em.flush()?;
        drop((em, orm));
        assert_clean(&open::<Item>(path));
        Ok(())
    });
}

#[test]
fn everything_that_does_not_fit_is_refused_at_once() {
    #[derive(Entity, Debug)]
    struct Item {
        #[orm(primary_key)]
        id: Pk,
        name: Option<String>,
        size: i32,
        notes: String,
        color: String,
    }

    on_the_first_shape(|path| {
        let remedy = "give the new property another name, and remove";
        assert_eq!(
            problems::<Item>(path),
            [
                format!(
                    "Item.name is stored as String, and the entity declares Option<String>; \
                     {remedy} name once its values are carried over"
                ),
                format!(
                    "Item.size is stored as u32, and the entity declares i32; \
                     {remedy} size once its values are carried over"
                ),
                format!(
                    "Item.notes is stored as Lazy<String>, and the entity declares String; \
                     {remedy} notes once its values are carried over"
                ),
                "Item.color is new, and there are rows without it; give it a default with \
                 `#[orm(default = ..)]`, or make it an `Option`"
                    .to_owned(),
            ]
        );
        assert_clean(&open::<first::Item>(path));
        Ok(())
    });
}

#[test]
fn a_required_property_may_be_new_where_there_are_no_rows() {
    #[derive(Entity, Debug)]
    struct Item {
        #[orm(primary_key)]
        id: Pk,
        name: String,
        size: u32,
        #[orm(default)]
        notes: Lazy<String>,
        color: String,
    }

    on_the_first_shape(|path| {
        assert_eq!(problems::<Item>(path).len(), 1);
        let orm = open::<first::Item>(path);
        let mut em = orm.em();
        for key in 1..=3 {
            em.remove(Id::<first::Item>::new(key));
        }
        em.flush()?;
        drop((em, orm));
        let orm = open::<Item>(path);
        let mut em = orm.em();
        let new = em.create(Item::build().name("n").size(1).color("red"));
        assert_eq!(new.key(), &4, "the sequence goes on");
        em.flush()
    });
}

#[test]
fn a_key_of_another_type_is_refused() {
    #[derive(Entity, Debug)]
    struct Item {
        #[orm(primary_key)]
        id: String,
        name: String,
        size: u32,
        #[orm(default)]
        notes: Lazy<String>,
    }

    on_the_first_shape(|path| {
        assert_eq!(
            problems::<Item>(path),
            [
                "Item is stored with keys of type u64, and the entity declares String; give the new \
                 entity another name with `#[orm(name = \"..\")]`, and remove Item once its rows are \
                 carried over"
            ]
        );
        assert_clean(&open::<first::Item>(path));
        Ok(())
    });
}

mod references {
    use musher::prelude::*;

    #[derive(Entity, Debug)]
    pub struct Target {
        #[orm(primary_key)]
        pub id: Pk,
    }

    pub mod optional {
        use super::Target;
        use musher::prelude::*;

        #[derive(Entity, Debug)]
        pub struct Referrer {
            #[orm(primary_key)]
            pub id: Pk,
            #[orm(many_to_one)]
            pub target: Option<Id<Target>>,
        }
    }

    pub mod required {
        use super::Target;
        use musher::prelude::*;

        #[derive(Entity, Debug)]
        pub struct Referrer {
            #[orm(primary_key)]
            pub id: Pk,
            #[orm(many_to_one)]
            pub target: Id<Target>,
        }
    }

    pub mod elsewhere {
        use musher::prelude::*;

        #[derive(Entity, Debug)]
        pub struct Referrer {
            #[orm(primary_key)]
            pub id: Pk,
            #[orm(many_to_one)]
            pub target: Option<Id<Referrer>>,
        }
    }
}

#[test]
fn a_required_reference_may_become_optional_and_back_while_no_row_lacks_it() {
    use references::{Target, optional, required};

    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path();
    let fill = || {
        let orm = open::<(Target, required::Referrer)>(path);
        let mut em = orm.em();
        let target = em.create(Target::build());
        em.create(required::Referrer::build().target(target));
        em.flush()?;
        drop((em, orm));
        assert_clean(&open::<(Target, optional::Referrer)>(path));
        assert_clean(&open::<(Target, required::Referrer)>(path));
        Ok::<_, Error>(())
    };
    fill().unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_reference_that_rows_lack_does_not_become_required() {
    use references::{Target, optional, required};

    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path();
    let orm = open::<(Target, optional::Referrer)>(path);
    let mut em = orm.em();
    em.create(optional::Referrer::build());
    em.flush().expect("it can be stored");
    drop((em, orm));
    let problems = problems::<(Target, required::Referrer)>(path);
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn a_reference_to_another_entity_is_refused() {
    use references::{Target, elsewhere, optional};

    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path();
    drop(open::<(Target, optional::Referrer)>(path));
    assert_eq!(
        problems::<elsewhere::Referrer>(path),
        [
            "Referrer.target is stored as an optional reference to Target, and the entity declares an \
             optional reference to Referrer; give the new property another name, and remove target once \
             its values are carried over"
        ]
    );
}

#[test]
fn entities_may_come_and_go_and_their_rows_stay() {
    #[derive(Entity, Debug)]
    struct Other {
        #[orm(primary_key)]
        id: Pk,
    }

    on_the_first_shape(|path| {
        let orm = open::<(first::Item, Other)>(path);
        let mut em = orm.em();
        em.create(Other::build());
        em.flush()?;
        drop((em, orm));
        let orm = open::<Other>(path);
        assert_eq!(orm.em().find::<Other>().count()?, 1);
        assert_clean(&orm);
        drop(orm);
        let orm = open::<first::Item>(path);
        assert_eq!(orm.em().find::<first::Item>().count()?, 3);
        assert_clean(&orm);
        Ok(())
    });
}
