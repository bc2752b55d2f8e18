//! Findings that only the codecs of this crate can make: the row is whole, and says something else.

use super::super::Orm;
use crate::codec::EntityKey;
use crate::codec::record::patch;
use crate::error::Error;
use crate::keyspace::parse_row;
use crate::prelude::*;
use crate::storage::{Batch, StoreExt};

#[derive(Entity, Debug)]
struct Seat {
    #[orm(primary_key)]
    row: u32,
    #[orm(primary_key)]
    number: u32,
}

#[test]
fn a_row_whose_properties_make_another_key_is_found() {
    let builder = Orm::builder().entities::<Seat>();
    let orm = builder.in_memory().expect("the schema is valid");
    let mut em = orm.em();
    em.create(Seat::build().row(1).number(2));
    em.flush().expect("it can be stored");
    assert!(orm.verify().expect("it can be read").is_clean());

    let database = &orm.database;
    let entity = database.schema.entity(database.entity_index::<Seat>());
    let tree = database.keyspace.rows(entity.index);
    let (key, elsewhere) = ((1_u32, 2_u32).to_row_key(), (1_u32, 3_u32).to_row_key());
    let moved = database
        .store
        .write_with(Durability::Immediate, |reader, sequence| {
            let mut batch = Batch::default();
            let row = reader.get(tree, &key.to_vec())?.expect("it was stored");
            batch.delete(tree, key.to_vec());
            let body = patch(&parse_row(entity, &key, &row)?, []);
            batch.put(
                tree,
                elsewhere.to_vec(),
                body.seal(&elsewhere, sequence.0, entity.version),
            );
            Ok::<_, Error>((batch, ()))
        });
    moved.expect("it can be stored");

    let report = orm.verify().expect("damage is a finding and no error");
    let found: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["Seat: (1, 3): the properties that its key is made of are those of (1, 2)"]
    );
}
