//! A stream over many rows takes the memory of a few hundred, as do an aggregate of them and reading them in
//! batches.
//!
//! The allocator of this binary counts. So all of it is one test: another one beside it would be counted
//! too.

use std::alloc::System;
use std::cell::Cell;

use musher::Result;
use musher::prelude::*;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROWS: u32 = 20_000;

/// What a stream may take, in bytes: a slice of entries as they are stored, and one of rows.
const BOUND: usize = 1 << 20;

#[derive(Entity, Debug)]
struct Event {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    at: u32,
    text: String,
}

fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

#[test]
fn a_stream_takes_the_memory_of_a_slice() -> Result<()> {
    let orm = Orm::builder().entities::<Event>().in_memory()?;
    for from in (0..ROWS).step_by(1000) {
        let mut em = orm.em();
        for at in from..from + 1000 {
            em.create(Event::build().at(at * 7919 % ROWS).text("x".repeat(200)));
        }
        em.flush()?;
    }
    let mut em = orm.em();
    let before = live();
    let all = em.find::<Event>().all()?;
    assert!(live() - before > 3 * BOUND, "else the bound says nothing");
    drop((all, em));

    let mut em = orm.em();
    let before = live();
    let mut most = 0;
    let (mut count, mut last) = (0, 0);
    for event in em.find::<Event>().stream()? {
        count += usize::from(!event?.text.is_empty());
        most = most.max(live().saturating_sub(before));
    }
    assert_eq!(count, ROWS as usize);
    for event in em.find::<Event>().order_by(|e| e.at().asc()).stream()? {
        let event = event?;
        assert!(event.at >= last);
        last = event.at;
        most = most.max(live().saturating_sub(before));
    }
    assert_eq!(last, ROWS - 1);
    let texts = em.find::<Event>().fields(|e| (e.text(), e.at()));
    for row in texts.stream()? {
        count -= usize::from(row?.0.len() == 200);
        most = most.max(live().saturating_sub(before));
    }
    assert_eq!(count, 0);
    let peak = Cell::new(most);
    let length = |text: String| {
        peak.set(peak.get().max(live().saturating_sub(before)));
        text.len()
    };
    let groups = em.find::<Event>().group_by(|e| e.at().map(|at| at % 2));
    let sums = groups.aggregate(|e| e.text().map(length).sum())?;
    assert_eq!(sums, [0, 1].map(|group| (group, 100 * ROWS as usize)));
    most = peak.get();
    let count = em.find::<Event>().in_batches(200, |em, events| {
        assert_eq!(em[events[0]].text.len(), 200);
        most = most.max(live().saturating_sub(before));
        Ok(())
    })?;
    assert_eq!(count, ROWS as usize);
    assert!(most < BOUND, "{most} bytes");
    Ok(())
}
