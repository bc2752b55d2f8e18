//! Reading collections: as a whole, by choice, and counted.

use super::EntityManager;
use super::attempt::Attempt;
use super::find::Options;
use crate::codec::RowKey;
use crate::context::Instance;
use crate::database::LoadStrategy;
use crate::entity::Membership;
use crate::error::Result;
use crate::load::{Hints, ItemsOf, Loader};
use crate::query::Query;

impl EntityManager {
    /// Loads a collection, if it is not initialized, or anyway. What is pending and decides which of the
    /// items are shown is flushed before.
    pub(super) fn init_collection(
        &mut self,
        owner: Instance,
        field: usize,
        anyway: bool,
    ) -> Result<()> {
        let mut options = Options::default();
        options.hints.fields.insert(field, Hints::default());
        let asked = self.asked_by_hints(owner.entity, &options)?;
        let mut attempt = Attempt::begin(self);
        // A list that was assigned in the place of a part, and is refused, is given up.
        let prepare = |em: &mut Self| {
            if anyway {
                em.context.drop_partial(owner, field);
            }
        };
        prepare(attempt.em);
        attempt.em.reconcile()?;
        if !asked.is_nothing() && attempt.em.wants_flush(&asked) {
            attempt.begin_anew_after(|em| {
                prepare(em);
                em.flush()
            })?;
        }
        attempt.em.load_collection(owner, field, anyway)?;
        attempt.succeed();
        Ok(())
    }

    /// As [`Self::init_collection`], without a flush.
    pub(super) fn load_collection(
        &mut self,
        owner: Instance,
        field: usize,
        anyway: bool,
    ) -> Result<()> {
        let mut options = Options::default();
        options.hints.fields.insert(field, Hints::default());
        self.read(
            |loader, _| {
                if anyway {
                    loader.context.unload_collection(owner, field);
                }
                loader.populate(&[owner], &options.hints, LoadStrategy::SelectIn)
            },
            &options,
        )
    }

    /// The number of items of a collection, corrected by what is pending, and asked of the store unless
    /// it is known.
    pub(super) fn count_collection(&mut self, owner: Instance, field: usize) -> Result<usize> {
        let target = self.schema_of(owner).relation(field).target;
        if self.is_filtered(target)? {
            let items = ItemsOf {
                owner,
                field,
                refers: None,
            };
            return self.count_items(&items, Query::default(), &Options::default());
        }
        self.attempt(|em| {
            em.reconcile()?;
            let collection = em.context.body(owner).to_many(field);
            if collection.membership() == Membership::Initialized {
                return Ok(collection.count());
            }
            em.read(
                |loader, _| {
                    let count = loader.items_of(owner, field)?.len();
                    tell_count(loader, owner, field);
                    Ok(count)
                },
                &Options::default(),
            )
        })
    }

    /// The items of a collection that meet the condition of a query, whatever its page, counted.
    pub(super) fn count_items(
        &mut self,
        items: &ItemsOf,
        query: Query,
        options: &Options,
    ) -> Result<usize> {
        let target = self.schema_of(items.owner).relation(items.field).target;
        let mut query = query.of_all();
        self.apply_filters(target, &mut query, &options.filters)?;
        self.query(
            self.asked_by(target, &query, &Options::default())?,
            |loader, _| {
                let count = loader.count_items(items, &query)?;
                tell_count(loader, items.owner, items.field);
                Ok(count)
            },
            &Options::default(),
        )
    }

    /// The items of a collection that a query asks for. They are loaded and populated, unless there are
    /// no options; what the collection shows stays as it is.
    pub(super) fn find_items(
        &mut self,
        items: &ItemsOf,
        mut query: Query,
        options: &Options,
        loads: Loads,
    ) -> Result<Vec<RowKey>> {
        let target = self.schema_of(items.owner).relation(items.field).target;
        self.apply_filters(target, &mut query, &options.filters)?;
        self.query(
            self.asked_by(target, &query, options)?,
            |loader, strategy| {
                let keys = loader.find_items(items, &query, loads == Loads::Rows)?;
                if loads == Loads::Rows {
                    let loaded = |key| loader.context.find_loaded(target, key);
                    let instances: Vec<_> = keys.iter().filter_map(loaded).collect();
                    loader.populate(&instances, &options.hints, strategy)?;
                }
                Ok(keys)
            },
            options,
        )
    }
}

/// What a read of items brings to memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loads {
    Rows,
    Nothing,
}

fn tell_count(loader: &mut Loader<'_>, owner: Instance, field: usize) {
    let started = loader.database.log.start();
    let entity = loader.database.schema.entity(owner.entity);
    let key = loader.context.slot(owner).key.clone();
    loader.tell_count(started, || {
        let property = entity.fields[field].name;
        format!("{}.{property} of {}", entity.label, entity.print_key(&key))
    });
}
