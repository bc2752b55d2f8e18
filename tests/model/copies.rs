//! Copies: of an instance that was changed elsewhere, and of a unit of work with all that it manages.

use musher::prelude::*;

use super::act::title_of;
use super::adapter::Modelled;
use super::domain::{Article, Cover, Node};
use super::environment::{Environment, with_kind};
use super::operation::Operation;
use super::state::{Address, Kind, Row, Value};

/// A loaded row, with the collections that are initialized.
type InMemory = (Row, Vec<(&'static str, Vec<u64>)>);

impl Environment {
    /// The unit of work goes on as a fork that has all that is managed.
    pub fn fork(&mut self) {
        if self.is_in_transaction() {
            return;
        }
        self.flush();
        let before = self.in_memory();
        let fork = self.em().fork_with_identity_map();
        *self.em() = fork;
        assert_eq!(self.in_memory(), before, "what was loaded is");
    }

    /// The loaded rows, with the collections that are initialized.
    fn in_memory(&self) -> Vec<(Address, InMemory)> {
        fn of<T: Modelled>(em: &EntityManager, key: u64) -> Option<InMemory> {
            let entity = em.get(T::id(key))?;
            let collections = entity.collections().into_iter();
            let initialized = collections.filter(|shown| shown.initialized);
            Some((
                entity.row(),
                initialized.map(|shown| (shown.name, shown.items)).collect(),
            ))
        }
        let em = &self.session().em;
        let in_memory = |(kind, key): &Address| {
            let row = with_kind!(*kind, T => of::<T>(em, *key))?;
            Some(((*kind, *key), row))
        };
        self.known.iter().filter_map(in_memory).collect()
    }

    /// A copy that was changed elsewhere is taken over, unless the row has changes here.
    pub fn merge(&mut self, operation: Operation) {
        let Some(at) = self.subject(operation) else {
            return;
        };
        let unit = &self.session().unit;
        if unit.created.contains(&at) || unit.orphans.contains(&at) || self.steals(at) {
            return;
        }
        self.load(at);
        self.reconcile();
        let unit = self.unit();
        let is_changed = unit.base.rows[&at] != unit.view.rows[&at];
        let (kind, key) = at;
        let title = title_of(operation.whom);
        let text = format!("merged {}", operation.whom % 3);
        let em = self.em();
        let (merged, property, value) = match kind {
            Kind::Article => {
                let mut copy = em[Article::id(key)].clone();
                title.clone_into(&mut copy.title);
                (em.merge(copy).map(drop), "title", Value::text(title))
            }
            Kind::Cover => {
                let mut copy = em[Cover::id(key)].clone();
                copy.label.clone_from(&text);
                (em.merge(copy).map(drop), "label", Value::Text(text))
            }
            Kind::Node => {
                let mut copy = em[Node::id(key)].clone();
                copy.label.clone_from(&text);
                (em.merge(copy).map(drop), "label", Value::Text(text))
            }
            _ => return,
        };
        if let Err(error) = merged {
            let refused = matches!(error, Error::AlreadyManaged { .. });
            assert!(is_changed && refused, "{error}");
        } else {
            assert!(!is_changed, "its changes are lost");
            self.unit().set(at, property, value);
        }
        with_kind!(kind, T => assert!(self.em().is_initialized(T::id(key))));
    }
}
