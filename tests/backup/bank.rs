//! A bank whose every transfer keeps the sum, and tells in rows of its own what it has moved: so any
//! state can be held against the commit that it claims to be of.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use musher::prelude::*;

use super::on_each;
use crate::support::open;

const ACCOUNTS: u64 = 200;
const WRITERS: u64 = 4;
const FIRST_BALANCE: i64 = 1000;

type Bank = (Account, Transfer, Counter);

#[derive(Entity, Debug)]
struct Account {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    balance: i64,
    /// Changes with the balance, and stays unique.
    #[orm(unique)]
    label: String,
    /// So that the copy takes many slices.
    statement: Lazy<String>,
    #[orm(many_to_many)]
    partners: Collection<Account>,
}

#[derive(Entity, Debug)]
struct Transfer {
    #[orm(primary_key)]
    id: Pk,
    /// Transfers are numbered without a gap: two of one number can't be.
    #[orm(unique)]
    number: u64,
    amount: i64,
    #[orm(many_to_one)]
    from: Id<Account>,
    #[orm(many_to_one)]
    to: Id<Account>,
}

#[derive(Entity, Debug)]
struct Counter {
    #[orm(primary_key)]
    id: Pk,
    transfers: u64,
}

fn found(orm: &Orm) -> musher::Result<()> {
    let mut em = orm.em();
    for account in 1..=ACCOUNTS {
        em.create(
            Account::build()
                .balance(FIRST_BALANCE)
                .label(format!("{account}: {FIRST_BALANCE}"))
                .statement("x".repeat(5000)),
        );
    }
    em.create(Counter::build().transfers(0));
    em.flush()
}

/// Moves money in one commit. False where another writer was first.
fn transfer(orm: &Orm, number: u64, random: u64) -> musher::Result<bool> {
    let account = |random: u64| Id::<Account>::new(random % ACCOUNTS + 1);
    let (from, to) = (account(random), account(random / ACCOUNTS));
    if from == to {
        return Ok(false);
    }
    let amount = i64::try_from(random % 90).expect("it is small") + 1;
    let mut em = orm.em();
    for (id, change) in [(from, -amount), (to, amount)] {
        em.find_one(id).populate(|a| a.partners()).or_fail()?;
        let account = &mut em[id];
        account.balance += change;
        account.label = format!("{}: {} after {number}", account.id, account.balance);
        if number.is_multiple_of(3) {
            account.statement = format!("{number}").repeat(1000).into();
        }
    }
    em.edit(from).partners().add(to);
    em.create(
        Transfer::build()
            .number(number)
            .amount(amount)
            .from(from)
            .to(to),
    );
    let counter = em.find_one::<Counter>(1).or_fail()?;
    em[counter].transfers = number;
    match em.flush() {
        Ok(()) => Ok(true),
        Err(Error::UniqueViolation { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn transfers(orm: &Orm) -> musher::Result<u64> {
    let mut em = orm.em();
    let counter = em.find_one::<Counter>(1).or_fail()?;
    Ok(em[counter].transfers)
}

/// Writes until told to stop. Balances are read before the counter is checked, so a transfer that
/// another one came between finds its number taken.
fn write(orm: &Orm, seed: u64, stop: &AtomicBool) -> musher::Result<()> {
    let mut random = seed;
    while !stop.load(Ordering::Acquire) {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let number = transfers(orm)? + 1;
        transfer(orm, number, random >> 16)?;
    }
    Ok(())
}

/// Holds a copy against its own record of transfers; gives their number.
fn check(path: &Path) -> musher::Result<u64> {
    let orm = open::<Bank>(path);
    orm.verify()?.into_result()?;
    let mut em = orm.em();
    let count = transfers(&orm)?;
    let mut expected = vec![FIRST_BALANCE; usize::try_from(ACCOUNTS).expect("they are few")];
    let mut numbers = Vec::new();
    let at = |id: Id<Account>| usize::try_from(*id.key() - 1).expect("they are few");
    for id in em.find::<Transfer>().all()? {
        let Transfer {
            number,
            amount,
            from,
            to,
            ..
        } = em[id];
        numbers.push(number);
        expected[at(from)] -= amount;
        expected[at(to)] += amount;
    }
    numbers.sort_unstable();
    assert!(
        numbers.into_iter().eq(1..=count),
        "every transfer up to {count}"
    );
    let accounts = em.find::<Account>().all()?;
    let balances: Vec<_> = accounts.iter().map(|id| em[*id].balance).collect();
    assert_eq!(
        balances.iter().sum::<i64>(),
        FIRST_BALANCE * i64::try_from(ACCOUNTS).expect("they are few")
    );
    assert_eq!(balances, expected);
    Ok(count)
}

#[test]
fn a_copy_made_while_four_threads_write_is_the_state_after_one_commit() {
    let builder = || Orm::builder().entities::<Bank>().durability(Durability::Os);
    on_each(builder, |orm, directory| {
        found(orm)?;
        let stop = AtomicBool::new(false);
        let backups = || {
            let mut overlapped = 0;
            for turn in 0.. {
                let path = directory.join(turn.to_string());
                let before = transfers(orm)?;
                orm.backup(&path)?;
                let after = transfers(orm)?;
                let copied = check(&path)?;
                assert!(
                    (before..=after).contains(&copied),
                    "{before} {copied} {after}"
                );
                overlapped += u32::from(after > copied);
                if overlapped == 2 {
                    break;
                }
            }
            Ok::<_, Error>(())
        };
        thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|seed| {
                    let stop = &stop;
                    scope.spawn(move || write(orm, seed, stop))
                })
                .collect();
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(backups));
            stop.store(true, Ordering::Release);
            for writer in writers {
                writer.join().expect("a writer panics never")?;
            }
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        orm.verify()?.into_result()
    });
}
