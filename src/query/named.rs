//! Named filters: conditions that an entity's rows must meet in every query of it, by default or by
//! call, with the types erased.
//!
//! A [`FilterRegistry`] says which filters an entity has, and how each makes its condition; it is
//! immutable once a database is open. [`FilterChoices`] say which filters are on, with which
//! parameters, for a unit of work or for one call of it. Invariant: a filter that needs parameters and
//! has none is an error, never a query without it.

use std::any::{Any, TypeId, type_name};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Query;
use super::filter::Condition;
use crate::error::{Error, Result};
use crate::schema::{EntityIndex, Schema};

/// How the filter `F` makes its condition for one entity.
#[derive(Debug, Clone, Copy)]
pub struct FilterBinding {
    pub(crate) entity: TypeId,
    pub(crate) entity_name: &'static str,
    pub(crate) filter: TypeId,
    pub(crate) filter_name: &'static str,
    pub(crate) condition: fn(&dyn Any) -> Condition,
}

/// The value of a filter, which has its parameters.
pub(crate) type FilterValue = Arc<dyn Any + Send + Sync>;

/// Whether a filter is on where nobody has said anything.
#[derive(Clone)]
pub(crate) enum Standing {
    On(FilterValue),
    Off,
    /// It has no parameters yet, and no query may do without them by mistake.
    Required,
}

/// A filter of an entity.
struct NamedFilter {
    binding: FilterBinding,
    standing: Standing,
}

/// The filters of all entities.
#[derive(Default)]
pub(crate) struct FilterRegistry {
    of: FxHashMap<EntityIndex, Vec<NamedFilter>>,
}

impl FilterRegistry {
    /// Resolves what a builder was given. Gives what is wrong with it, if anything is.
    pub(crate) fn resolve(
        schema: &Schema,
        named: impl IntoIterator<Item = (FilterBinding, Standing)>,
    ) -> Result<Self> {
        let (mut registry, mut problems) = (Self::default(), Vec::new());
        for (binding, standing) in named {
            let (entity, filter) = (binding.entity_name, binding.filter_name);
            let Some(index) = schema.index_of(binding.entity) else {
                problems.push(format!(
                    "the filter `{filter}` is one of {entity}, which is not among the entities; add {entity} to \
                     `.entities::<(..)>()`"
                ));
                continue;
            };
            let filters = registry.of.entry(index).or_default();
            if filters
                .iter()
                .any(|known| known.binding.filter == binding.filter)
            {
                problems.push(format!(
                    "the filter `{filter}` of {entity} is registered twice; an entity has each filter once"
                ));
            } else {
                filters.push(NamedFilter { binding, standing });
            }
        }
        if problems.is_empty() {
            Ok(registry)
        } else {
            Err(Error::Schema(problems))
        }
    }

    fn of(&self, entity: EntityIndex) -> &[NamedFilter] {
        self.of.get(&entity).map_or(&[], Vec::as_slice)
    }

    /// Whether any entity has the filter.
    pub(crate) fn knows(&self, filter: TypeId) -> bool {
        let mut all = self.of.values().flatten();
        all.any(|known| known.binding.filter == filter)
    }
}

/// Which filters are on, as far as somebody has said.
#[derive(Clone, Default)]
pub(crate) struct FilterChoices {
    chosen: FxHashMap<TypeId, Choice>,
}

#[derive(Clone)]
enum Choice {
    Off,
    On {
        value: FilterValue,
        /// The entity that it was given for, in case that this is not registered.
        binding: Option<FilterBinding>,
    },
}

impl FilterChoices {
    pub(crate) fn turn_on<F: Any + Send + Sync>(
        &mut self,
        filter: F,
        binding: Option<FilterBinding>,
    ) {
        let value: FilterValue = Arc::new(filter);
        let choice = Choice::On { value, binding };
        self.chosen.insert(TypeId::of::<F>(), choice);
    }

    pub(crate) fn turn_off<F: Any>(&mut self) {
        self.chosen.insert(TypeId::of::<F>(), Choice::Off);
    }

    /// As before anything was said of the filter.
    pub(crate) fn forget<F: Any>(&mut self) {
        self.chosen.remove(&TypeId::of::<F>());
    }
}

/// The filters of one call.
#[derive(Clone, Copy)]
pub(crate) struct ActiveFilters<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) registry: &'a FilterRegistry,
    /// What the unit of work says.
    pub(crate) chosen: &'a FilterChoices,
    /// What the call says, which counts more.
    pub(crate) called: &'a FilterChoices,
}

impl ActiveFilters<'_> {
    /// What the rows of an entity must meet; `None`: nothing.
    ///
    /// # Errors
    /// [`Error::Query`] if a filter has no parameters yet.
    pub(crate) fn condition(&self, index: EntityIndex) -> Result<Option<Condition>> {
        let registered = self.registry.of(index);
        let mut conditions = Vec::new();
        for NamedFilter { binding, standing } in registered {
            let value = match (self.choice(binding.filter), standing) {
                (Some(Choice::Off), _) | (None, Standing::Off) => continue,
                (Some(Choice::On { value, .. }), _) | (None, Standing::On(value)) => value,
                (None, Standing::Required) => return Err(missing(binding)),
            };
            conditions.push((binding.condition)(&**value));
        }
        let unregistered = self
            .called
            .chosen
            .values()
            .filter_map(|choice| match choice {
                Choice::On {
                    value,
                    binding: Some(binding),
                } => Some((value, binding)),
                _ => None,
            });
        for (value, binding) in unregistered {
            let is_here = self.schema.index_of(binding.entity) == Some(index);
            let is_known = |known: &NamedFilter| known.binding.filter == binding.filter;
            if is_here && !registered.iter().any(is_known) {
                conditions.push((binding.condition)(&**value));
            }
        }
        Ok(match conditions.len() {
            0 => None,
            1 => conditions.pop(),
            _ => Some(Condition::All(conditions)),
        })
    }

    /// Adds what the rows of an entity must meet to a query of it.
    ///
    /// # Errors
    /// As [`Self::condition`].
    pub(crate) fn apply(&self, index: EntityIndex, query: &mut Query) -> Result<()> {
        if let Some(condition) = self.condition(index)? {
            query.must_meet(condition);
        }
        Ok(())
    }

    fn choice(&self, filter: TypeId) -> Option<&Choice> {
        let called = self.called.chosen.get(&filter);
        called.or_else(|| self.chosen.chosen.get(&filter))
    }
}

fn missing(binding: &FilterBinding) -> Error {
    let filter = binding.filter_name;
    Error::Query {
        entity: binding.entity_name,
        problem: format!(
            "the filter `{filter}` has no parameters yet; give them to the unit of work with \
             `em.set_filter({filter} ..)`, or to the query with `.with_filter({filter} ..)`; \
             `.without_filter::<{filter}>()` does without"
        ),
    }
}

/// The name of a filter: that of its type, without the modules.
pub(crate) fn filter_name<F>() -> &'static str {
    let name = type_name::<F>();
    let generics = name.find('<').unwrap_or(name.len());
    let start = name[..generics].rfind("::").map_or(0, |at| at + 2);
    &name[start..]
}
