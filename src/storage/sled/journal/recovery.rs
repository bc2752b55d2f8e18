//! What two journal files still have to say when a database is opened.
//!
//! The engine holds every commit up to `applied`. What follows is the run of records that begins
//! right after it, in one file or in both. It ends where the next record is missing: never written,
//! cut short when the process or the power went, or damaged since. Which of these it was is told by
//! proofs that a commit was on the disk: the witness, what the engine has, and every later record,
//! since each says which commit was known to be on the disk before it. A run that ends before a
//! proven commit is damage. One that does not is whole, and what was cut short is wiped, so that
//! no part of it is ever taken for a continuation of what is written in its place.
//!
//! Pure: it decides; `mod` acts.

use std::ops::Range;

use super::file::RECORDS_START;
use super::record::{self, ALIGNMENT, Record};
use crate::storage::CommitSequence;

/// The bytes of one journal file.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) salt: u64,
}

/// The part of a file that the engine does not hold yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run<'a> {
    pub(super) file: usize,
    /// Consecutive commits; at least one.
    pub(super) records: Vec<Record<'a>>,
    /// Where the next record goes.
    pub(super) end: u64,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recovery<'a> {
    /// The older one first; together consecutive.
    pub(super) runs: Vec<Run<'a>>,
    /// The last commit of the database.
    pub(super) last: CommitSequence,
    /// From where on a file is to be wiped.
    pub(super) wipes: Vec<(usize, u64)>,
    /// The last commit that is proven to have been on the disk.
    pub(super) proven: CommitSequence,
}

/// Reads both files. `applied` is the commit of the engine, `witnessed` that of the witness.
pub(super) fn recover<'a>(
    files: [Option<Content<'a>>; 2],
    applied: CommitSequence,
    witnessed: CommitSequence,
) -> Recovery<'a> {
    let mut found: Vec<Run<'a>> = (0..files.len())
        .filter_map(|file| read_run(file, files[file]?))
        .collect();
    found.sort_by_key(|run| run.records[0].sequence);

    let mut last = applied;
    let mut runs = Vec::new();
    for mut run in found {
        run.records.retain(|record| record.sequence > last);
        let continues = run.records.first().map(|record| record.sequence) == Some(last.next());
        if let (true, Some(newest)) = (continues, run.records.last()) {
            last = newest.sequence;
            runs.push(run);
        }
    }

    let mut proven = applied.max(witnessed);
    let mut wipes = Vec::new();
    for (file, content) in files.into_iter().enumerate() {
        let Some(content) = content else { continue };
        let run = runs.iter().find(|run| run.file == file);
        let start = run.map_or(RECORDS_START, |run| run.end);
        let mut stranded = records_anywhere(content, start, last).peekable();
        if stranded.peek().is_some() {
            wipes.push((file, start));
        }
        let durable = stranded.map(|record| record.durable).max();
        proven = proven.max(durable.unwrap_or_default());
    }
    Recovery {
        runs,
        last,
        wipes,
        proven,
    }
}

/// The consecutive records at the beginning of a file.
fn read_run(file: usize, content: Content<'_>) -> Option<Run<'_>> {
    let mut records: Vec<Record<'_>> = Vec::new();
    let mut position = start_of_records(content).start;
    loop {
        let after = records.last().map_or(0, |record| record.sequence.0);
        let next = record::find(content.bytes, position, content.salt, CommitSequence(after));
        let Some(next) = next else { break };
        if after > 0 && next.sequence.0 != after + 1 {
            break;
        }
        position += next.length();
        records.push(next);
    }
    (!records.is_empty()).then_some(Run {
        file,
        records,
        end: position as u64,
    })
}

fn start_of_records(content: Content<'_>) -> Range<usize> {
    let start = usize::try_from(RECORDS_START).expect("the header is small");
    start..content.bytes.len()
}

/// All valid records after `last`, wherever in the file they lie.
fn records_anywhere(
    content: Content<'_>,
    start: u64,
    last: CommitSequence,
) -> impl Iterator<Item = Record<'_>> {
    let start = usize::try_from(start).expect("positions lie within a file that was read");
    (start..content.bytes.len())
        .step_by(ALIGNMENT)
        .filter_map(move |offset| record::find(content.bytes, offset, content.salt, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Batch, TreeId};

    const SALT: u64 = 5;

    /// A file with the records of these commits, each knowing that `durable` was on the disk.
    fn file(commits: Range<u64>, durable: u64) -> Vec<u8> {
        let mut bytes = vec![0; start_of_records(content(&[])).start];
        for sequence in commits {
            append(&mut bytes, sequence, durable.min(sequence - 1));
        }
        bytes.resize(bytes.len() + 1000, 0);
        bytes
    }

    fn append(bytes: &mut Vec<u8>, sequence: u64, durable: u64) {
        let mut batch = Batch::new();
        batch.put(TreeId::from_index(0), "key", sequence.to_string());
        let numbers = (CommitSequence(sequence), CommitSequence(durable));
        let mut record = Vec::new();
        record::encode(&mut record, SALT, numbers, &batch, |_| "tree");
        bytes.extend_from_slice(&record);
    }

    fn content(bytes: &[u8]) -> Content<'_> {
        Content { bytes, salt: SALT }
    }

    /// Last commit, proven commit, the commits of each run, the files to wipe.
    type Outcome = (u64, u64, Vec<Range<u64>>, Vec<usize>);

    fn check(files: [&[u8]; 2], applied: u64, witnessed: u64, expected: &Outcome) {
        let (applied, witnessed) = (CommitSequence(applied), CommitSequence(witnessed));
        let recovery = recover(files.map(|file| Some(content(file))), applied, witnessed);
        let commits = |run: &Run<'_>| {
            let first = run.records[0].sequence.0;
            first..first + run.records.len() as u64
        };
        let outcome = (
            recovery.last.0,
            recovery.proven.0,
            recovery.runs.iter().map(commits).collect(),
            recovery.wipes.iter().map(|&(file, _)| file).collect(),
        );
        assert_eq!(&outcome, expected);
    }

    #[test]
    #[expect(
        clippy::single_range_in_vec_init,
        reason = "a run is a range of commits"
    )]
    fn the_run_after_what_is_applied_is_found_in_both_files() {
        let (older, newer) = (file(11..21, 20), file(21..26, 25));
        check(
            [&older, &newer],
            10,
            10,
            &(25, 10, vec![11..21, 21..26], vec![]),
        );
        check(
            [&newer, &older],
            10,
            10,
            &(25, 10, vec![11..21, 21..26], vec![]),
        );
        check(
            [&older, &newer],
            15,
            15,
            &(25, 15, vec![16..21, 21..26], vec![]),
        );
        check([&older, &newer], 20, 24, &(25, 24, vec![21..26], vec![]));
        check([&older, &newer], 25, 25, &(25, 25, vec![], vec![]));
        check([&older, &newer], 40, 40, &(40, 40, vec![], vec![]));
        check([&[], &[]], 0, 0, &(0, 0, vec![], vec![]));
    }

    #[test]
    fn records_beyond_a_gap_prove_what_is_missing_and_are_wiped() {
        let mut older = file(11..21, 0);
        let start = start_of_records(content(&[])).start;
        older[start + 200] ^= 1;
        let damaged = read_run(0, content(&older)).unwrap();
        let before = damaged.records.last().unwrap().sequence.0;
        assert!((11..20).contains(&before));
        let newer = file(21..26, 22);
        let run = 11..before + 1;
        check(
            [&older, &newer],
            10,
            10,
            &(before, 22, vec![run.clone()], vec![0, 1]),
        );
        let newer = file(21..26, 0);
        check(
            [&older, &newer],
            10,
            10,
            &(before, 10, vec![run], vec![0, 1]),
        );
        check([&[], &newer], 10, 10, &(10, 10, vec![], vec![1]));
        check([&[], &newer], 10, 20, &(10, 20, vec![], vec![1]));
    }

    #[test]
    #[expect(
        clippy::single_range_in_vec_init,
        reason = "a run is a range of commits"
    )]
    fn what_an_earlier_generation_left_continues_nothing() {
        // Commit 30 was written over the first of commits 11 to 20, and is as long.
        let mut reused = file(11..21, 20);
        let mut record = Vec::new();
        append(&mut record, 30, 29);
        let start = start_of_records(content(&[])).start;
        reused[start..start + record.len()].copy_from_slice(&record);
        check([&reused, &[]], 29, 29, &(30, 29, vec![30..31], vec![]));
        check([&reused, &[]], 30, 30, &(30, 30, vec![], vec![]));
    }
}
