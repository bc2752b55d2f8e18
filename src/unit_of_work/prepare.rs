//! The first step of a flush: orphans, change sets, `on_update`, hooks, validation.

use std::sync::Arc;
use std::time::SystemTime;

use super::change::{Encoded, reset};
use super::hook_relations::Relations;
use super::{Change, Prepared, validate};
use crate::context::{Context, Instance, Life, LinkChange};
use crate::database::Database;
use crate::entity::{ChangeKind, ChangeSetData, ChangeSets, Event, LinkData};
use crate::error::{Error, Result, Violation};
use crate::schema::FieldSet;
use crate::storage::Bytes;

/// Who is told of change sets, beside the plan.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Those who have hooks, and subscribe to entities.
    Hooks,
    /// They, and whoever asks for all change sets afterwards.
    Everybody,
    /// Nobody before, and whoever asks afterwards: it is a look at what would be.
    Onlookers,
}

/// What a flush would do, in no detail that only hooks know. Rules may be broken. What it has changed
/// in memory is the caller's to take back.
///
/// # Errors
/// A value that can't be stored.
pub(crate) fn look_ahead(database: &Database, context: &mut Context) -> Result<ChangeSets> {
    let mut preparation = Preparation::new(database, context, Told::Onlookers);
    preparation.run()?;
    let prepared = preparation.prepared;
    Ok(change_sets(context, &prepared))
}

/// The change sets of a flush, for those who ask for all of them.
pub(crate) fn change_sets(context: &Context, prepared: &Prepared) -> ChangeSets {
    let links = context.ledger.links();
    let links = links.map(|(join, owner, target, change)| LinkData {
        join,
        owner: owner.clone(),
        target: target.clone(),
        added: change == LinkChange::Add,
    });
    let changes = prepared.changes.iter();
    let rows = changes.filter_map(|change| change.after.clone());
    ChangeSets::new(Arc::clone(&context.schema), rows, links)
}

/// Makes the change sets of all touched instances. Relations are reconciled.
///
/// # Errors
/// A hook's error; every violation of a rule. What hooks have changed in memory by then is the caller's
/// to take back.
pub(crate) fn prepare(database: &Database, context: &mut Context, told: Told) -> Result<Prepared> {
    if let Some(refused) = context.tell_refused() {
        // Told once: the second instances were dropped, so the next flush can succeed.
        return Err(refused);
    }
    let mut preparation = Preparation::new(database, context, told);
    let outcome = preparation.run();
    let Preparation {
        prepared,
        violations,
        ..
    } = preparation;
    outcome?;
    if violations.is_empty() {
        Ok(prepared)
    } else {
        Err(Error::Validation(violations))
    }
}

struct Preparation<'a> {
    database: &'a Database,
    context: &'a mut Context,
    prepared: Prepared,
    violations: Vec<Violation>,
    /// One moment for all that the flush updates.
    now: Option<SystemTime>,
    told: Told,
}

impl<'a> Preparation<'a> {
    fn new(database: &'a Database, context: &'a mut Context, told: Told) -> Self {
        Self {
            database,
            context,
            prepared: Prepared::default(),
            violations: Vec::new(),
            now: None,
            told,
        }
    }

    fn run(&mut self) -> Result<()> {
        // Hooks can touch their own instance only, so the list does not grow while it is walked.
        for at in 0..self.context.touched().len() {
            let instance = self.context.touched()[at];
            self.check_key(instance);
            let life = self.context.slot(instance).life;
            match life {
                Life::Removed => self.delete(instance)?,
                Life::New { replaces: false } if self.is_removed_orphan(instance) => {
                    self.prepared.dropped.push(instance);
                }
                Life::New { replaces: true } if self.is_removed_orphan(instance) => {
                    // The row whose place it took was to be removed, and still is.
                    let key = self.context.slot(instance).key.clone();
                    let after = self.after_removal(instance);
                    let removal = Change::removal(instance, key, None, after);
                    self.prepared.changes.push(removal);
                }
                Life::New { replaces } => self.create(instance, replaces)?,
                Life::Managed if self.is_removed_orphan(instance) => self.delete(instance)?,
                Life::Managed => self.update(instance)?,
            }
        }
        Ok(())
    }

    /// Whether the instance lost its owner and goes with it. An orphan that must not go, and has no
    /// owner, is a violation.
    fn is_removed_orphan(&mut self, instance: Instance) -> bool {
        let Some(orphan) = self.context.ledger.orphans.get(&instance) else {
            return false;
        };
        if orphan.removal {
            return true;
        }
        let entity = self.context.entity(instance.entity);
        let relation = entity.relation(orphan.field);
        let owner = self.context.entity(relation.target);
        let collection = relation
            .inverse
            .map_or("", |field| owner.fields[field].name);
        let problem = format!(
            "is required, and {owner} {} has let it go from `{collection}`; give it another `{}`, remove it with `em.remove`, \
             declare `orphan_removal` on {owner}.{collection}, or make the reference an `Option`",
            owner.print_key(&orphan.owner),
            entity.fields[orphan.field].name,
        );
        let violation = self.violation(instance, orphan.field, problem);
        self.violations.push(violation);
        false
    }

    /// A key is assigned once. One that was overwritten is put back, so that the flush can be
    /// tried again.
    fn check_key(&mut self, instance: Instance) {
        let slot = self.context.slot(instance);
        let Some(body) = &slot.body else { return };
        if body.row_key().as_ref() == Some(&slot.key) {
            return;
        }
        let field = self.context.entity(instance.entity).key_field;
        let key = slot.key.clone();
        self.context.body_mut(instance).set_row_key(&key);
        let problem = "was assigned another value, and keys never change; \
                       create another entity, and remove this one"
            .to_owned();
        let violation = self.violation(instance, field, problem);
        self.violations.push(violation);
    }

    fn violation(&self, instance: Instance, field: usize, problem: String) -> Violation {
        let entity = self.context.entity(instance.entity);
        let key = entity.print_key(&self.context.slot(instance).key);
        Violation {
            entity: entity.name,
            key,
            property: entity.fields[field].name.into(),
            problem,
        }
    }

    fn create(&mut self, instance: Instance, replaces: bool) -> Result<()> {
        let mut encoded = self.encode(instance)?;
        let schema = Arc::clone(&self.context.schema);
        let entity = schema.entity(instance.entity);
        if self.has_hook(instance, Event::BeforeCreate) {
            encoded = self.run_hook(
                instance,
                &encoded,
                ChangeKind::Create,
                Event::BeforeCreate,
                encoded.all(entity),
            )?;
        }
        let changed = encoded.all(entity);
        for field in &entity.lazies {
            if encoded.value(entity, *field).is_none() {
                let problem = "has no value; a new entity needs one, be it empty".to_owned();
                let violation = self.violation(instance, *field, problem);
                self.violations.push(violation);
            }
        }
        self.push(instance, encoded, ChangeKind::Create, replaces, changed)
    }

    fn update(&mut self, instance: Instance) -> Result<()> {
        let mut encoded = self.encode(instance)?;
        let schema = Arc::clone(&self.context.schema);
        let entity = schema.entity(instance.entity);
        let explicit = encoded.changed(entity, self.context.slot(instance));
        if explicit.is_empty() {
            return Ok(());
        }
        // It was just encoded: the savepoint need not do it once more.
        self.context
            .save_encoded(instance, encoded.body, encoded.lazies);
        let now = *self.now.get_or_insert_with(|| self.database.clock.now());
        self.context
            .body_mut(instance)
            .apply_on_update(&explicit, now);
        encoded = self.encode(instance)?;
        let mut changed = encoded.changed(entity, self.context.slot(instance));
        let by_on_update: FieldSet = changed
            .iter()
            .filter(|field| !explicit.contains(*field))
            .collect();
        if self.has_hook(instance, Event::BeforeUpdate) {
            encoded = self.run_hook(
                instance,
                &encoded,
                ChangeKind::Update,
                Event::BeforeUpdate,
                changed,
            )?;
            changed = encoded.changed(entity, self.context.slot(instance));
        }
        if changed.iter().all(|field| by_on_update.contains(field)) {
            // The hook has taken the change back, so there is no update to be noted either (R4).
            reset(self.context, instance, changed);
            return Ok(());
        }
        self.push(instance, encoded, ChangeKind::Update, false, changed)
    }

    fn delete(&mut self, instance: Instance) -> Result<()> {
        let slot = self.context.slot(instance);
        let after;
        if slot.body.is_some() {
            let mut encoded = self.encode(instance)?;
            if self.has_hook(instance, Event::BeforeDelete) {
                encoded = self.run_hook(
                    instance,
                    &encoded,
                    ChangeKind::Delete,
                    Event::BeforeDelete,
                    FieldSet::new(),
                )?;
            }
            after = self.after_event(instance, &encoded, ChangeKind::Delete, FieldSet::new());
        } else {
            after = self.after_removal(instance);
        }
        let key = self.context.slot(instance).key.clone();
        let removal = Change::removal(instance, key, self.read_row(instance), after);
        self.prepared.changes.push(removal);
        Ok(())
    }

    /// The row that the instance was made of, where that is of interest to the lock.
    fn read_row(&self, instance: Instance) -> Option<Bytes> {
        let entity = self.context.entity(instance.entity);
        let row = self.context.slot(instance).row.as_ref();
        row.filter(|_| !entity.locks.is_empty()).cloned()
    }

    fn encode(&self, instance: Instance) -> Result<Encoded> {
        Encoded::of(
            self.context.entity(instance.entity),
            self.context.body(instance),
        )
    }

    fn has_hook(&self, instance: Instance, event: Event) -> bool {
        let entity_type = self.database.entity_type(instance.entity);
        self.told != Told::Onlookers && entity_type.stages(event) > 0
    }

    /// Runs the hooks of an event, and says what the instance is like afterwards.
    fn run_hook(
        &mut self,
        instance: Instance,
        encoded: &Encoded,
        kind: ChangeKind,
        event: Event,
        changed: FieldSet,
    ) -> Result<Encoded> {
        let mut encoded = encoded.clone();
        for stage in 0..self.database.entity_type(instance.entity).stages(event) {
            let entity = self.context.entity(instance.entity);
            let changed = match kind {
                ChangeKind::Create => encoded.all(entity),
                ChangeKind::Update if stage > 0 => {
                    encoded.changed(entity, self.context.slot(instance))
                }
                ChangeKind::Update | ChangeKind::Delete => changed,
            };
            let change_set = encoded.change_set(self.context, instance, kind, changed);
            encoded = self.run_stage(instance, stage, event, &change_set)?;
        }
        Ok(encoded)
    }

    /// Tells the hooks, or one subscriber, and says what the instance is like afterwards.
    fn run_stage(
        &mut self,
        instance: Instance,
        stage: usize,
        event: Event,
        change_set: &ChangeSetData,
    ) -> Result<Encoded> {
        let relations = Relations::of(self.context, instance);
        let entity_type = self.database.entity_type(instance.entity);
        let body = self.context.body_mut(instance);
        let outcome = entity_type.before(stage, event, body, change_set);
        let outcome = outcome.and(relations.check(self.context, instance));
        outcome.map_err(|source| {
            let entity = self.context.entity(instance.entity);
            let key = entity.print_key(&change_set.key);
            Error::Hook {
                entity: entity.name,
                key,
                event: event.name(),
                source: Box::new(source),
            }
        })?;
        self.check_key(instance);
        // A hook may have written a relation as a plain property.
        self.context.follow_all(instance);
        self.encode(instance)
    }

    /// What the `after_*` hooks will be told, where there are any.
    fn after_event(
        &self,
        instance: Instance,
        encoded: &Encoded,
        kind: ChangeKind,
        changed: FieldSet,
    ) -> Option<ChangeSetData> {
        (self.told != Told::Hooks || self.has_hook(instance, kind.after()))
            .then(|| encoded.change_set(self.context, instance, kind, changed))
    }

    /// As [`Self::after_event`], of a removed row of which only the key is known.
    fn after_removal(&self, instance: Instance) -> Option<ChangeSetData> {
        (self.told != Told::Hooks).then(|| ChangeSetData {
            schema: Arc::clone(&self.context.schema),
            entity: instance.entity,
            kind: ChangeKind::Delete,
            key: self.context.slot(instance).key.clone(),
            changed: FieldSet::new(),
            new_values: Vec::new(),
            old_values: Vec::new(),
        })
    }

    fn push(
        &mut self,
        instance: Instance,
        encoded: Encoded,
        kind: ChangeKind,
        replaces: bool,
        changed: FieldSet,
    ) -> Result<()> {
        let after = self.after_event(instance, &encoded, kind, changed);
        let Encoded { body, lazies } = encoded;
        let lazies = lazies
            .into_iter()
            .filter(|(field, _)| changed.contains(*field))
            .collect();
        let key = self.context.slot(instance).key.clone();
        let change = Change {
            entity: instance.entity,
            instance: Some(instance),
            key,
            kind,
            replaces,
            body,
            lazies,
            changed,
            read: self.read_row(instance),
            after,
        };
        let entity = self.context.entity(instance.entity);
        validate::validate(entity, &change, &mut self.violations)?;
        self.prepared.changes.push(change);
        Ok(())
    }
}
