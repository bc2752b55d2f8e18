//! What each verb does, and to which row.

use super::environment::Environment;
use super::operation::{Operation, Verb};
use super::state::{Address, Kind, REFERENCES, Reference};

impl Environment {
    pub fn act(&mut self, operation: Operation) {
        match operation.verb {
            Verb::Create => drop(self.create(self.kind(operation), None, operation)),
            Verb::PersistKey => self.persist_key(operation),
            Verb::PersistManaged => self.persist_managed(operation),
            Verb::PersistTaken => self.persist_taken(operation),
            Verb::Recreate => self.recreate(operation),
            Verb::FindOne => self.find_one(operation),
            Verb::FindDeep => self.find_deep(operation),
            Verb::FindAll => self.find_all(operation),
            Verb::FindFiltered => self.find_filtered(operation),
            Verb::FindFlushing => self.find_flushing(operation),
            Verb::SetText => self.set_text(operation),
            Verb::SetLazy => self.set_lazy(operation),
            Verb::Refer => self.refer(operation),
            Verb::Assign => self.assign(operation),
            Verb::Add | Verb::Take | Verb::SetItems | Verb::RemoveAll => {
                self.change_items(operation);
            }
            Verb::AssignItems => self.assign_items(operation),
            Verb::SetInverse => self.set_inverse(operation),
            Verb::Remove => self.remove(operation),
            Verb::Populate => self.populate(operation),
            Verb::Init => self.init(operation),
            Verb::Count => self.count(operation),
            Verb::FindNamed => self.find_named(operation),
            Verb::Refresh => self.refresh(operation),
            Verb::RefreshWith => self.refresh_with(operation),
            Verb::UpdateWhere
            | Verb::UpdateReferences
            | Verb::DeleteWhere
            | Verb::Upsert
            | Verb::InsertMany => self.bulk(operation),
            Verb::Merge => self.merge(operation),
            Verb::Matching => self.matching(operation),
            Verb::Fork => self.fork(),
            Verb::Detach => self.detach(operation),
            Verb::Flush
            | Verb::Clear
            | Verb::Switch
            | Verb::Reopen
            | Verb::Begin
            | Verb::BeginSerializable
            | Verb::Snapshot
            | Verb::Commit
            | Verb::Rollback => {
                unreachable!("applied by the environment itself")
            }
        }
    }

    pub fn kind(&self, operation: Operation) -> Kind {
        let _ = self;
        // Articles twice as often: most relations are theirs.
        let at = usize::from(operation.who) % (Kind::ALL.len() + 1);
        Kind::ALL.get(at).copied().unwrap_or(Kind::Article)
    }

    /// A row of any kind, by `who`.
    pub fn subject(&self, operation: Operation) -> Option<Address> {
        let kind = self.kind(operation);
        self.pick(kind, operation.who / 7)
    }

    pub fn knows(&self, at: Address) -> bool {
        let unit = &self.session().unit;
        unit.view.rows.contains_key(&at) || unit.base.rows.contains_key(&at)
    }
}

pub fn reference(property: &str) -> Reference {
    let found = REFERENCES
        .into_iter()
        .find(|reference| reference.property == property && reference.from != Kind::Comment);
    found.expect("there is such a reference")
}

pub fn title_of(number: u8) -> &'static str {
    const TITLES: [&str; 8] = [
        "",
        "a",
        "ä",
        "b",
        "aaaaaa",
        "a\0",
        super::domain::REFUSED,
        "too long",
    ];
    TITLES[usize::from(number) % TITLES.len()]
}
