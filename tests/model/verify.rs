//! The comparison, both ways: everything that the database shows is in the model, and everything in
//! the model is found.

use std::collections::BTreeSet;

use musher::prelude::*;

use super::adapter::Modelled;
use super::environment::{Environment, with_kind};
use super::state::{COLLECTIONS, Kind, Row, Value};
use super::unit::Unit;

impl Environment {
    /// What the unit of work at hand shows.
    pub fn verify_session(&self) {
        for (kind, key) in &self.known {
            with_kind!(kind, T => self.verify_instance::<T>(*key));
        }
    }

    fn verify_instance<T: Modelled>(&self, key: u64) {
        let session = self.session();
        let at = (T::KIND, key);
        let Some(entity) = session.em.get(T::id(key)) else {
            assert!(
                !session.unit.created.contains(&at),
                "the new {at:?} is in memory"
            );
            return;
        };
        let Some(wanted) = session.unit.view.rows.get(&at) else {
            panic!("{at:?} is in memory, and the model has no such row");
        };
        for (property, value) in entity.row() {
            assert_eq!(value, wanted[property], "{at:?}: `{property}`");
        }
        if session.unreconciled {
            return;
        }
        for shown in entity.collections() {
            let items: BTreeSet<u64> = shown.items.iter().copied().collect();
            assert_eq!(items.len(), shown.items.len(), "each item is there once");
            let wanted = session.unit.items(at, shown.name);
            if shown.initialized {
                assert_eq!(items, wanted, "{at:?}: `{}`", shown.name);
            } else {
                assert!(
                    items.is_subset(&wanted),
                    "{at:?}: `{}`: {items:?} and {wanted:?}",
                    shown.name
                );
            }
        }
        for (reached, instance) in T::followed(&session.em, T::id(key)) {
            assert_eq!(
                reached,
                instance.unwrap_or(std::ptr::null()),
                "{at:?}: one instance for one key"
            );
        }
    }

    /// What is stored, as a new unit of work finds it; inside a transaction also what is staged, as
    /// the one at hand finds it when it has forgotten all else. A snapshot shows what it showed first.
    pub fn verify_committed(&mut self) {
        let report = self.orm.verify().expect("the database can be read");
        assert!(report.is_clean(), "{report}");
        let unit = Unit::at(self.outside());
        assert_eq!(report.links, unit.base.links.len() as u64);
        assert_eq!(report.rows, unit.base.rows.len() as u64);
        for kind in Kind::ALL {
            with_kind!(kind, T => Self::verify_stored::<T>(&mut self.orm.em(), &unit));
        }
        if let Some((snapshot, state)) = &self.snapshot {
            let unit = Unit::at(state);
            for kind in Kind::ALL {
                with_kind!(kind, T => Self::verify_stored::<T>(&mut snapshot.fork(), &unit));
            }
        }
        if self.is_in_transaction() {
            let unit = Unit::at(&self.committed);
            let em = self.em();
            for kind in Kind::ALL {
                em.begin();
                em.clear();
                with_kind!(kind, T => Self::verify_stored::<T>(em, &unit));
                em.rollback();
            }
        }
    }

    fn verify_stored<T: Modelled>(em: &mut EntityManager, unit: &Unit) {
        let before = em.statistics().commits;
        let ids = em.find::<T>().all().expect("everything is found");
        let keys: Vec<u64> = ids.iter().map(T::number).collect();
        assert_eq!(keys, unit.view.keys(T::KIND), "the stored {:?}", T::KIND);
        T::populate(em, &ids).expect("everything is populated");
        for (id, key) in ids.into_iter().zip(keys) {
            let at = (T::KIND, key);
            let entity = em.get(id).expect("it was found");
            assert_eq!(entity.row(), unit.view.rows[&at], "the stored {at:?}");
            let collections = entity.collections();
            let named = COLLECTIONS.iter().filter(|(owner, ..)| *owner == T::KIND);
            assert_eq!(collections.len(), named.count());
            for shown in collections {
                assert!(shown.initialized);
                let items: BTreeSet<u64> = shown.items.into_iter().collect();
                assert_eq!(
                    items,
                    unit.items(at, shown.name),
                    "{at:?}: `{}`",
                    shown.name
                );
            }
        }
        assert!(em.flush().is_ok() && em.statistics().commits == before);
    }

    /// The property, if it is text.
    pub fn text_of(row: &Row, property: &str) -> Option<String> {
        match row.get(property)? {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}
