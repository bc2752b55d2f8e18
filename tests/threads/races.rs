//! Eight threads, each with units of work of its own, at what only one of them may have, or all must
//! agree on. Each race runs for a number of rounds, so that a test ends; the soak runs them by the clock.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use musher::prelude::*;
use musher::{CommitPath, Durability};

use crate::support::{Article, House, User, article, comment_on, tag, user};

const THREADS: usize = 8;

/// How long a race lasts.
#[derive(Clone, Copy)]
pub enum Until {
    Rounds(usize),
    Time(Instant),
}

impl Until {
    pub fn seconds(seconds: u64) -> Self {
        Self::Time(Instant::now() + Duration::from_secs(seconds))
    }

    fn is_over(self, round: usize) -> bool {
        match self {
            Self::Rounds(rounds) => round >= rounds,
            Self::Time(end) => Instant::now() >= end,
        }
    }
}

/// An account, whose money is counted.
#[derive(Entity, Debug, Clone)]
pub struct Account {
    #[orm(primary_key)]
    id: Pk,
    balance: i64,
    /// Refuses a transfer that was computed from a balance that is not there any more.
    #[orm(version)]
    revision: u64,
}

/// Numbers that differ from thread to thread and from round to round, and are the same in each run.
fn random(thread: usize, round: usize) -> usize {
    let mut state = (thread as u64 + 1) << 32 | (round as u64 + 1);
    // splitmix64, S. Vigna, 2015.
    for _ in 0..2 {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state ^= state >> 27;
    }
    usize::try_from(state >> 33).expect("31 bits fit")
}

/// Lets the threads begin together, each with its number, and waits for them. `work` makes one round;
/// gives the number of all rounds.
fn race(
    until: Until,
    work: impl Fn(usize, usize) -> musher::Result<()> + Sync,
) -> musher::Result<usize> {
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let run = |thread| {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                let mut round = 0;
                while !until.is_over(round) {
                    work(thread, round)?;
                    round += 1;
                }
                Ok::<_, Error>(round)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(run).collect();
        let rounds = threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"));
        rounds.sum()
    })
}

/// Transfers between random accounts: no money comes or goes, and nobody overdraws.
pub fn bank(orm: &Orm, until: Until) -> musher::Result<usize> {
    const ACCOUNTS: usize = 5;
    const MONEY: i64 = 100;
    const ALL_MONEY: i64 = 5 * MONEY;
    let mut em = orm.em();
    let accounts: Vec<_> = (0..ACCOUNTS)
        .map(|_| em.create(Account::build().balance(MONEY)))
        .collect();
    em.flush()?;
    let transferred = AtomicUsize::new(0);
    let rounds = race(until, |thread, round| {
        let number = random(thread, round);
        let (from, to) = (number % ACCOUNTS, number / ACCOUNTS % ACCOUNTS);
        let sum = i64::try_from(number % 30).expect("it is small");
        if from == to {
            return Ok(());
        }
        let (from, to) = (accounts[from], accounts[to]);
        let transfer = |em: &mut EntityManager| {
            em.find_one(from).or_fail()?;
            em.find_one(to).or_fail()?;
            if em[from].balance < sum {
                return Ok(false);
            }
            em[from].balance -= sum;
            em.flush()?;
            em[to].balance += sum;
            Ok(true)
        };
        // Half of them rely on versions alone, half on a serializable transaction.
        let done = if number.is_multiple_of(2) {
            orm.em().transactional_with_retries(usize::MAX, transfer)?
        } else {
            loop {
                match orm.em().transactional(transfer) {
                    Err(Error::OptimisticLock { .. }) => {}
                    done => break done?,
                }
            }
        };
        transferred.fetch_add(usize::from(done), Ordering::Relaxed);
        // What others see meanwhile is whole, too.
        let snapshot = orm.snapshot()?;
        assert_eq!(sum_of(snapshot)?, ALL_MONEY);
        Ok(())
    })?;
    assert!(transferred.into_inner() > 0, "something was transferred");
    let mut em = orm.em();
    let stored = accounts.iter().map(|id| em.find_one(*id).or_fail());
    let stored: Vec<_> = stored.collect::<musher::Result<_>>()?;
    let balances: Vec<i64> = stored.iter().map(|id| em[*id].balance).collect();
    assert_eq!(balances.iter().sum::<i64>(), ALL_MONEY);
    assert!(balances.iter().all(|balance| *balance >= 0), "{balances:?}");
    for id in accounts {
        em.remove(id);
    }
    em.flush()?;
    Ok(rounds)
}

/// The money in all accounts, of one view.
fn sum_of(mut em: EntityManager) -> musher::Result<i64> {
    let all = em.find::<Account>().all()?;
    Ok(all.into_iter().map(|id| em[id].balance).sum())
}

/// Everybody wants the same slugs in the same order: each is taken exactly once.
pub fn slugs(orm: &Orm, until: Until) -> musher::Result<usize> {
    let mut em = orm.em();
    let name = format!("slugs {}", em.find::<User>().count()?);
    let writer = user(&mut em, &name);
    em.flush()?;
    let prefix = writer.to_string();
    let taken = AtomicUsize::new(0);
    let rounds = race(until, |_, round| {
        let mut em = orm.em();
        let written = article(&mut em, &format!("{prefix}-{round}"), writer);
        match em.flush() {
            Ok(()) => {
                taken.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(Error::UniqueViolation { .. }) => {
                // What was refused is mended, and goes through.
                em[written].slug = format!("{prefix} of nobody else {written}");
                em.flush()
            }
            Err(error) => Err(error),
        }
    })?;
    let mut em = orm.em();
    em.find_one(writer).populate(|u| u.articles()).or_fail()?;
    let mut slugs: Vec<_> = em[writer]
        .articles
        .iter()
        .map(|id| em[*id].slug.clone())
        .collect();
    assert_eq!(slugs.len(), rounds);
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!(slugs.len(), rounds, "no slug is there twice");
    let wanted = slugs.iter().filter(|slug| !slug.contains("of nobody else"));
    assert_eq!(wanted.count(), taken.into_inner());
    assert!(slugs.binary_search(&format!("{prefix}-0")).is_ok());
    Ok(rounds)
}

/// Links of the same few articles and tags are added and taken out from both sides. Whoever was the
/// last, both join trees say the same: `verify` looks.
pub fn links(orm: &Orm, until: Until) -> musher::Result<usize> {
    const EACH: usize = 4;
    let mut em = orm.em();
    let name = format!("links {}", em.find::<User>().count()?);
    let writer = user(&mut em, &name);
    let articles: Vec<_> = (0..EACH)
        .map(|at| article(&mut em, &format!("{name} {at}"), writer))
        .collect();
    let tags: Vec<_> = (0..EACH).map(|_| tag(&mut em, "raced for")).collect();
    em.flush()?;
    let rounds = race(until, |thread, round| {
        let number = random(thread, round);
        let written = articles[number % EACH];
        let label = tags[number / EACH % EACH];
        let mut em = orm.em();
        match number / 16 % 4 {
            0 => {
                em.find_one(written).or_fail()?;
                em.edit(written).tags().add(label);
            }
            1 => {
                em.find_one(written).populate(|a| a.tags()).or_fail()?;
                em.edit(written).tags().remove(label);
            }
            2 => {
                em.find_one(label).populate(|t| t.articles()).or_fail()?;
                em.edit(label).articles().add(written);
            }
            _ => {
                em.find_one(label).or_fail()?;
                em.edit(label).articles().set([written])?;
            }
        }
        em.flush()
    })?;
    let mut em = orm.em();
    for written in &articles {
        em.find_one(*written)
            .populate(|a| a.tags().articles())
            .or_fail()?;
        for label in em[*written].tags.ids() {
            assert!(em[label].articles.contains(written), "both sides agree");
        }
    }
    Ok(rounds)
}

/// Rows are removed, with all that goes with them, while others change them and add to them.
pub fn removals(orm: &Orm, until: Until) -> musher::Result<usize> {
    let mut em = orm.em();
    let name = format!("removals {}", em.find::<User>().count()?);
    let writer = user(&mut em, &name);
    let label = tag(&mut em, "of what goes");
    em.flush()?;
    let rounds = race(until, |thread, round| {
        let mut em = orm.em();
        // Threads in pairs have the same article; one of them makes it.
        let slug = format!("{name} {} {round}", thread / 2);
        let found = em.find::<Article>().filter(|a| a.slug().eq(&*slug)).one()?;
        let written = if let Some(written) = found {
            written
        } else {
            let written = article(&mut em, &slug, writer);
            em.edit(written).tags().add(label);
            match em.flush() {
                Err(Error::UniqueViolation { .. }) => return Ok(()),
                made => made?,
            }
            written
        };
        match random(thread, round) % 3 {
            0 => em[written].title = slug,
            1 => drop(comment_on(&mut em, written)),
            _ => em.remove(written),
        }
        match em.flush() {
            // The other one was faster.
            Err(Error::RowGone { .. } | Error::ForeignKeyViolation { .. }) => Ok(()),
            flushed => flushed,
        }
    })?;
    let mut em = orm.em();
    em.find_one(writer)
        .populate(|u| u.articles().comments())
        .or_fail()?;
    em.find_one(label).populate(|t| t.articles()).or_fail()?;
    assert_eq!(em[writer].articles.ids(), em[label].articles.ids());
    Ok(rounds)
}

/// The databases of a race: in memory, and in sled by either commit path, durable.
#[track_caller]
pub fn on_every_path(test: impl Fn(&Orm) -> musher::Result<usize>) {
    let builder = || Orm::builder().entities::<(House, Account)>();
    let run = |path: &str, orm: Orm| {
        let rounds = test(&orm).unwrap_or_else(|error| panic!("{path}: {error}"));
        let report = orm.verify().expect("the database can be read");
        assert!(report.is_clean(), "{path}: {report}");
        println!("{path}: {rounds} rounds; {report}");
    };
    run(
        "memory",
        builder().in_memory().expect("the schema is valid"),
    );
    for path in [CommitPath::Direct, CommitPath::Journal] {
        for durability in [Durability::Os, Durability::Immediate] {
            let directory = tempfile::tempdir().expect("there is room for a directory");
            let builder = builder().commit_path(path).durability(durability);
            let orm = builder.open(directory.path()).expect("it opens");
            run(&format!("{path:?}, {durability:?}"), orm);
            let again = open_again(directory.path());
            let report = again.verify().expect("the database can be read");
            assert!(report.is_clean(), "{path:?}, opened again: {report}");
        }
    }
}

fn open_again(path: &std::path::Path) -> Orm {
    let builder = Orm::builder().entities::<(House, Account)>();
    builder.open(path).expect("it opens again")
}

const ROUNDS: Until = Until::Rounds(25);

#[test]
fn a_bank_keeps_its_money() {
    on_every_path(|orm| bank(orm, ROUNDS));
}

#[test]
fn a_slug_is_taken_once() {
    on_every_path(|orm| slugs(orm, ROUNDS));
}

#[test]
fn both_sides_of_links_agree() {
    on_every_path(|orm| links(orm, ROUNDS));
}

#[test]
fn rows_that_go_while_others_change_them_leave_nothing_behind() {
    on_every_path(|orm| removals(orm, ROUNDS));
}
