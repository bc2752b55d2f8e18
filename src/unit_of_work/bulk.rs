//! Change sets of rows that have no instance: what a bulk operation is about to do.
//!
//! They are planned, judged and committed as those of a flush. What is left out is what belongs to
//! instances: hooks, orphans, and the check that a row is still the one that was read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use super::change::{Encoded, decode_reference, encode_column};
use super::{Change, Prepared, validate};
use crate::codec::RowKey;
use crate::codec::record::Properties;
use crate::codec::value::ValueError;
use crate::context::{LinkChange, LinkLedger};
use crate::database::Database;
use crate::entity::{AnyEntity, ChangeKind, embed};
use crate::error::{Error, Result, Violation};
use crate::schema::{
    EntityIndex, EntitySchema, FieldIndex, FieldSet, JoinIndex, RelationKind, ResolvedKind, Side,
};
use crate::storage::Bytes;

/// The stored form of a property, computed from the one that the row has.
pub(crate) type Compute = Arc<dyn Fn(&[u8]) -> Result<Vec<u8>, ValueError> + Send + Sync>;

/// What shall become of one property.
#[derive(Clone)]
pub(crate) struct Assigned {
    pub(crate) field: FieldIndex,
    pub(crate) value: Compute,
}

/// A row that is to be inserted.
#[derive(Clone)]
pub(crate) struct NewRow {
    pub(crate) entity: EntityIndex,
    pub(crate) key: RowKey,
    body: Encoded,
    /// The links of its collections: relation, the side that the row is at, the key at the other.
    pub(crate) links: Vec<(JoinIndex, Side, RowKey)>,
    /// Collections that hold what only another row can say.
    foreign: Option<FieldIndex>,
}

impl NewRow {
    /// The row of an instance that no unit of work manages.
    ///
    /// # Errors
    /// [`Error::Encode`] if a value can't be stored.
    pub(crate) fn of(schema: &EntitySchema, key: RowKey, instance: &dyn AnyEntity) -> Result<Self> {
        let (mut links, mut foreign) = (Vec::new(), None);
        for field in &schema.to_manys {
            let items = instance.to_many(*field).keys();
            match schema.relation(*field).kind {
                RelationKind::ManyToMany { join, side } => {
                    links.extend(items.into_iter().map(|item| (join, side, item)));
                }
                _ if items.is_empty() => {}
                _ => foreign = Some(*field),
            }
        }
        Ok(Self {
            entity: schema.index,
            key,
            body: Encoded::of(schema, instance)?,
            links,
            foreign,
        })
    }

    /// Whether it has items that refer to it, which only their own rows can say.
    pub(crate) const fn has_foreign_items(&self) -> bool {
        self.foreign.is_some()
    }

    /// Its columns.
    pub(crate) fn properties(&self) -> Properties<'_> {
        self.body.body.properties()
    }

    /// The stored form of a property that has a value.
    pub(crate) fn value(&self, schema: &EntitySchema, field: FieldIndex) -> Option<&[u8]> {
        self.body.value(schema, field)
    }
}

/// What a bulk operation does to the rows of one view.
#[derive(Default)]
pub(crate) struct Bulk {
    prepared: Prepared,
    ledger: LinkLedger,
    rows: BTreeSet<(EntityIndex, RowKey)>,
    violations: Vec<Violation>,
    /// One moment for all that is updated.
    now: Option<SystemTime>,
}

impl Bulk {
    /// A row comes.
    ///
    /// # Errors
    /// [`Error::UniqueViolation`] if another one of the same key does.
    pub(crate) fn insert(&mut self, database: &Database, row: NewRow) -> Result<()> {
        let schema = database.schema.entity(row.entity);
        self.claim(schema, &row.key)?;
        if let Some(field) = row.foreign {
            let problem =
                "holds items, and a row that is inserted in bulk can't give them their reference; \
                           set the reference of the items"
                    .to_owned();
            self.violate(schema, &row.key, field, problem);
        }
        for field in &schema.lazies {
            if row.body.value(schema, *field).is_none() {
                let problem = "has no value; a new entity needs one, be it empty".to_owned();
                self.violate(schema, &row.key, *field, problem);
            }
        }
        for (join, side, other) in &row.links {
            self.ledger
                .set(*join, *side, &row.key, other, LinkChange::Add);
            if database.schema.join(*join).fixed_order {
                self.ledger
                    .arrange(*join, *side, (&row.key, other), LinkChange::Add);
            }
        }
        let changed = row.body.all(schema);
        self.push(schema, row.key, ChangeKind::Create, row.body, changed)
    }

    /// Properties of a row change; those with `on_update` follow. `false`: it is like that already.
    ///
    /// # Errors
    /// [`Error::Corruption`] if the row can't be read, [`Error::Encode`] if a value can't be stored.
    pub(crate) fn update(
        &mut self,
        database: &Database,
        (entity, key, row): (EntityIndex, &RowKey, &Bytes),
        assigned: &[Assigned],
    ) -> Result<bool> {
        let schema = database.schema.entity(entity);
        self.claim(schema, key)?;
        let mut instance = database.hydrate(entity, key, row)?;
        embed_assigned(schema, key, instance.as_mut(), assigned)?;
        for assigned in assigned {
            self.assign(database, schema, instance.as_mut(), key, assigned)?;
        }
        let record = crate::keyspace::parse_row(schema, key, row)?;
        let explicit = Encoded::of(schema, instance.as_ref())?.differing(schema, &record);
        if explicit.is_empty() {
            return Ok(false);
        }
        let now = *self.now.get_or_insert_with(|| database.clock.now());
        instance.apply_on_update(&explicit, now);
        let body = Encoded::of(schema, instance.as_ref())?;
        let changed = body.differing(schema, &record);
        self.push(schema, key.clone(), ChangeKind::Update, body, changed)?;
        Ok(true)
    }

    /// A row goes.
    pub(crate) fn remove(&mut self, entity: EntityIndex, key: RowKey) {
        let change = Change::removal_of_row(entity, key);
        self.prepared.changes.push(change);
    }

    /// The change sets, and the links that come with them.
    ///
    /// # Errors
    /// [`Error::Validation`] with every violation.
    pub(crate) fn finish(self) -> Result<(Prepared, LinkLedger)> {
        if self.violations.is_empty() {
            Ok((self.prepared, self.ledger))
        } else {
            Err(Error::Validation(self.violations))
        }
    }

    fn assign(
        &mut self,
        database: &Database,
        schema: &EntitySchema,
        instance: &mut dyn AnyEntity,
        key: &RowKey,
        Assigned { field, value }: &Assigned,
    ) -> Result<()> {
        let refused = |source: ValueError| Error::Encode {
            entity: schema.name,
            property: schema.fields[*field].name,
            source: Box::new(source),
        };
        let mut before = Vec::new();
        if matches!(schema.fields[*field].kind, ResolvedKind::Lazy(_)) {
            // Its value is not read to be replaced.
        } else {
            encode_column(schema, instance, *field, &mut before).map_err(refused)?;
        }
        let property = &schema.fields[*field];
        if property.may_be_absent && before.is_empty() {
            // Where the value was assigned as a whole, it is there by now, or shall not be.
            if !value(&before).is_ok_and(|stored| stored.is_empty()) {
                let value = schema.fields[property.unit.unwrap_or(*field)].name;
                let problem = format!(
                    "is in `{value}`, which is `None` in this row; restrict the update to rows that have it, with `is_some()`"
                );
                self.violate(schema, key, *field, problem);
            }
            return Ok(());
        }
        let stored = value(&before).map_err(refused)?;
        if !matches!(schema.fields[*field].kind, ResolvedKind::Relation(_)) {
            return instance.decode(*field, Some(&stored)).map_err(refused);
        }
        let target = decode_reference(&database.schema, schema, *field, &stored)?;
        if !instance.set_to_one(*field, target.as_ref()) {
            let problem =
                "is required, and was set to none; make the reference an `Option`, or set it to \
                           another row"
                    .to_owned();
            self.violate(schema, key, *field, problem);
        }
        Ok(())
    }

    fn push(
        &mut self,
        schema: &EntitySchema,
        key: RowKey,
        kind: ChangeKind,
        Encoded { body, lazies }: Encoded,
        changed: FieldSet,
    ) -> Result<()> {
        let change = Change {
            entity: schema.index,
            instance: None,
            key,
            kind,
            replaces: false,
            body,
            lazies,
            changed,
            read: None,
            after: None,
        };
        validate::validate(schema, &change, &mut self.violations)?;
        self.prepared.changes.push(change);
        Ok(())
    }

    /// Each row is written once.
    fn claim(&mut self, schema: &EntitySchema, key: &RowKey) -> Result<()> {
        if self.rows.insert((schema.index, key.clone())) {
            return Ok(());
        }
        let text = schema.print_key(key);
        Err(Error::UniqueViolation {
            entity: schema.name,
            key: text.clone(),
            property: schema.fields[schema.key_field].name,
            value: text.clone(),
            existing: text,
        })
    }

    fn violate(&mut self, schema: &EntitySchema, key: &RowKey, field: FieldIndex, problem: String) {
        self.violations.push(Violation {
            entity: schema.name,
            key: schema.print_key(key),
            property: schema.fields[field].name.into(),
            problem,
        });
    }
}

/// Lets embedded values be there, and not, where they are assigned as wholes.
fn embed_assigned(
    schema: &EntitySchema,
    key: &RowKey,
    instance: &mut dyn AnyEntity,
    assigned: &[Assigned],
) -> Result<()> {
    let is_whole = |assigned: &Assigned| schema.fields[assigned.field].embedded.is_some();
    if !assigned.iter().any(is_whole) {
        return Ok(());
    }
    let mut values = vec![None; schema.fields.len()];
    for Assigned { field, value } in assigned {
        if schema.fields[*field].unit.is_some() {
            values[*field] = Some(value(&[])?);
        }
    }
    embed(schema, key, instance, |field| values[field].as_deref())
}
