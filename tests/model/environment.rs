//! The database and the model side by side: two units of work each, over one store.
//!
//! Every operation is applied to both, and then the unit of work at hand is compared; after every
//! flush, and after reopening, what is stored is compared too.

use std::path::PathBuf;

use musher::prelude::*;
use musher::{Durability, FlushMode};

use super::adapter::Modelled;
use super::domain::{Everything, User};
use super::operation::{Operation, Verb};
use super::state::{Address, Kind, State};
use super::transaction::Begun;
use super::unit::{Failure, Unit};

/// Where the database is.
pub enum Place {
    Memory,
    Directory(PathBuf),
}

/// One unit of work, really and as it should be.
pub struct Session {
    pub em: EntityManager,
    pub unit: Unit,
    /// Whether references were assigned that only the next query or flush follows.
    pub unreconciled: bool,
}

pub struct Environment {
    place: Place,
    pub orm: Orm,
    pub sessions: Vec<Session>,
    pub at: usize,
    /// What is stored, and staged by the unit of work at hand.
    pub committed: State,
    /// The open transactions of the unit of work at hand.
    pub begun: Vec<Begun>,
    /// Every key that there ever was.
    pub known: std::collections::BTreeSet<Address>,
    pub fresh: u64,
    /// A snapshot, with what was stored when it was taken.
    pub snapshot: Option<(EntityManager, State)>,
}

/// Runs an expression with the type of a kind.
macro_rules! with_kind {
    ($kind:expr, $T:ident => $body:expr) => {
        match $kind {
            Kind::User => {
                type $T = super::domain::User;
                $body
            }
            Kind::Article => {
                type $T = super::domain::Article;
                $body
            }
            Kind::Tag => {
                type $T = super::domain::Tag;
                $body
            }
            Kind::Cover => {
                type $T = super::domain::Cover;
                $body
            }
            Kind::Comment => {
                type $T = super::domain::Comment;
                $body
            }
            Kind::Node => {
                type $T = super::domain::Node;
                $body
            }
            Kind::Vote => {
                type $T = super::domain::Vote;
                $body
            }
        }
    };
}
pub(super) use with_kind;

fn open(place: &Place) -> Orm {
    let builder = Orm::builder()
        .entities::<Everything>()
        .flush_mode(FlushMode::Commit)
        .durability(Durability::Os);
    match place {
        Place::Memory => builder.in_memory(),
        Place::Directory(path) => builder.open(path),
    }
    .expect("the database opens")
}

impl Environment {
    pub fn new(place: Place) -> Self {
        let orm = open(&place);
        let mut environment = Self {
            place,
            orm,
            sessions: Vec::new(),
            at: 0,
            committed: State::default(),
            begun: Vec::new(),
            known: std::collections::BTreeSet::new(),
            fresh: 0,
            snapshot: None,
        };
        environment.begin_sessions();
        environment
    }

    fn begin_sessions(&mut self) {
        let session = || Session {
            em: self.orm.em(),
            unit: Unit::at(&self.committed),
            unreconciled: false,
        };
        self.sessions = vec![session(), session()];
    }

    pub fn em(&mut self) -> &mut EntityManager {
        &mut self.sessions[self.at].em
    }

    pub fn unit(&mut self) -> &mut Unit {
        &mut self.sessions[self.at].unit
    }

    pub fn session(&self) -> &Session {
        &self.sessions[self.at]
    }

    /// Applies one operation to both sides, and compares them.
    pub fn apply(&mut self, operation: Operation) {
        match operation.verb {
            Verb::Flush => self.flush(),
            Verb::Clear => self.clear(),
            Verb::Begin => self.begin(),
            Verb::BeginSerializable => self.begin_serializable(),
            Verb::Snapshot => self.take_snapshot(),
            Verb::Commit => self.commit(),
            Verb::Rollback => self.roll_back(),
            Verb::Switch | Verb::Reopen if self.is_in_transaction() => {}
            Verb::Switch => self.switch(operation),
            Verb::Reopen => self.reopen(),
            _ => self.act(operation),
        }
        let view = &self.sessions[self.at].unit.view;
        self.known.extend(view.rows.keys());
        self.verify_session();
    }

    /// Ends a run: what is pending is mended and flushed, and everything is compared.
    pub fn finish(&mut self) {
        while self.is_in_transaction() {
            self.commit();
        }
        self.flush();
        self.reopen();
        self.verify_session();
    }

    fn take_snapshot(&mut self) {
        let snapshot = self.orm.snapshot().expect("snapshots can be taken");
        self.snapshot = Some((snapshot, self.outside().clone()));
    }

    pub fn clear(&mut self) {
        self.em().clear();
        let unit = Unit::at(&self.committed);
        let session = &mut self.sessions[self.at];
        session.unit = unit;
        session.unreconciled = false;
        let known = self.known.clone();
        for (kind, key) in known {
            with_kind!(kind, T => assert!(!self.em().is_managed(T::id(key))));
        }
    }

    /// Everything is dropped, and the same directory opened again.
    fn reopen(&mut self) {
        if matches!(self.place, Place::Memory) {
            return;
        }
        self.sessions.clear();
        self.snapshot = None;
        // The last handle closes the database, so it goes before the next one comes.
        let closing = Orm::builder().entities::<Everything>().in_memory();
        self.orm = closing.expect("the memory store opens");
        self.orm = open(&self.place);
        self.begin_sessions();
        self.verify_committed();
    }

    /// Flushes. Where that fails, as the model says it must, the causes are mended, and the same
    /// flush succeeds.
    pub fn flush(&mut self) {
        if self.flush_once().is_ok() {
            return;
        }
        self.verify_session();
        if self.unit().refused {
            self.unit().refused = false;
            if self.flush_once().is_ok() {
                return;
            }
        }
        self.mend();
        self.verify_session();
        let flushed = self.flush_once();
        assert!(flushed.is_ok(), "the mended flush fails: {flushed:?}");
    }

    /// One flush, judged by the model.
    pub fn flush_once(&mut self) -> Result<(), Failure> {
        let staged = self.is_in_transaction();
        let loaded = self.known.iter().filter(|at| self.is_loaded(**at));
        let loaded = loaded.copied().collect();
        let shown = self.shown();
        let session = &mut self.sessions[self.at];
        session.unit.loaded = loaded;
        let wanted = session.unit.flush(&self.committed);
        let before = session.em.statistics().commits;
        let flushed = session.em.flush();
        session.unreconciled &= flushed.is_err();
        let commits = session.em.statistics().commits - before;
        match (flushed, wanted) {
            (Ok(()), Ok(wanted)) => {
                let stored = wanted.writes && !staged;
                assert_eq!(commits, u64::from(stored), "commits of {wanted:?}");
                let stale = session.unit.base != self.committed;
                if let Some(begun) = self.begun.last_mut() {
                    begun.wrote |= wanted.writes;
                }
                self.committed = wanted.state;
                session.unit = Unit::at(&self.committed);
                self.verify_committed();
                if stale {
                    // What it read before the other one's commit stays as it was read.
                    self.clear();
                }
                Ok(())
            }
            (Err(error), Err(failures)) => {
                let failure = Self::classify(&error);
                assert!(
                    failures.contains(&failure),
                    "the flush fails for {error}, and the model says {failures:?}"
                );
                assert_eq!(commits, 0);
                assert_eq!(self.shown(), shown, "a failed flush changes nothing");
                self.verify_committed();
                Err(failure)
            }
            (Ok(()), Err(failures)) => {
                panic!("the flush succeeds, and the model says {failures:?}")
            }
            (Err(error), Ok(wanted)) => {
                panic!("the flush fails for {error}, and the model says {wanted:?}")
            }
        }
    }

    /// All that is in memory, as text.
    pub fn shown(&self) -> Vec<String> {
        let em = &self.session().em;
        let shown = |(kind, key): &Address| {
            let entity = with_kind!(kind, T => em.get(T::id(*key)).map(|it| format!("{it:?}")));
            entity.map(|entity| format!("{key}: {entity}"))
        };
        self.known.iter().filter_map(shown).collect()
    }

    pub fn classify(error: &Error) -> Failure {
        match error {
            Error::AlreadyManaged { .. } => Failure::Refused,
            Error::OptimisticLock { .. } => Failure::Stale,
            Error::RowGone { .. } | Error::NotFound { .. } => Failure::Gone,
            Error::Validation(_) => Failure::Invalid,
            Error::Hook { .. } => Failure::Hook,
            Error::UniqueViolation { .. } => Failure::Duplicate,
            Error::ForeignKeyViolation { .. } => Failure::ForeignKey,
            other => panic!("a flush fails for {other:?}"),
        }
    }

    /// Goes on with the other unit of work. Where the first has committed meanwhile, the other one
    /// either flushes what it has over that, or is cleared.
    fn switch(&mut self, operation: Operation) {
        self.at = 1 - self.at;
        if self.session().unit.base == self.committed {
            return;
        }
        let is_linked_otherwise = self.session().unit.base.links != self.committed.links;
        if operation.value.is_multiple_of(2) && !is_linked_otherwise {
            // A failure leaves it as it was; what it could not write it gives up.
            let _ = self.flush_once();
        }
        self.clear();
    }

    /// The instance of a row, loaded.
    pub fn load(&mut self, (kind, key): Address) {
        with_kind!(kind, T => self.load_one::<T>(key));
        self.sessions[self.at].unreconciled = false;
    }

    fn load_one<T: Modelled>(&mut self, key: u64) {
        let at = (T::KIND, key);
        let em = self.em();
        let (loaded, before) = (em.is_initialized(T::id(key)), em.statistics());
        let found = em
            .find_one::<T>(T::id(key))
            .one()
            .expect("finding one works");
        let after = em.statistics();
        assert!(
            !loaded || before == after,
            "what is loaded is not read again"
        );
        assert_eq!(
            found.is_some(),
            self.unit().stays(at),
            "whether {at:?} is found"
        );
    }

    pub fn is_loaded(&self, (kind, key): Address) -> bool {
        with_kind!(kind, T => self.session().em.is_initialized(T::id(key)))
    }

    /// Makes the ends of assigned references agree, as any query does.
    pub fn reconcile(&mut self) {
        self.em()
            .populate(Vec::<Id<User>>::new(), |user| user.articles())
            .expect("nothing is to be read");
        self.sessions[self.at].unreconciled = false;
    }

    /// A row of a kind, as long as there is one that is not to be removed.
    pub fn pick(&self, kind: Kind, number: u8) -> Option<Address> {
        let unit = &self.session().unit;
        let mut keys = unit.view.keys(kind);
        keys.retain(|key| unit.stays((kind, *key)));
        let at = usize::from(number) % keys.len().max(1);
        keys.get(at).map(|key| (kind, *key))
    }

    pub fn fresh_text(&mut self) -> String {
        self.fresh += 1;
        format!("text {}", self.fresh)
    }
}
