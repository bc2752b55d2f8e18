//! Journal files that were cut short, garbled or removed while the engine had not caught up.

use super::*;

/// The files of a killed process after `commits` durable commits, none of them in the engine.
fn killed(commits: u64) -> Place {
    let place = Place::new(CommitPath::Journal);
    let store = place.open();
    for _ in 0..commits {
        commit(&store, Durability::Immediate).unwrap();
    }
    place.copy()
}

/// Where the records in the first file end.
fn end_of_records(content: &[u8]) -> usize {
    let last = content.iter().rposition(|&byte| byte != 0).unwrap();
    (last + 1).next_multiple_of(8)
}

#[test]
fn a_journal_that_was_cut_short_anywhere_does_not_open() {
    let whole = killed(6);
    let content = fs::read(&journal_files(&whole)[0]).unwrap();
    let end = end_of_records(&content);
    for keep in (0..end).step_by(end / 40) {
        let place = whole.copy();
        fs::write(&journal_files(&place)[0], &content[..keep]).unwrap();
        place.assert_corruption();
        let place = whole.copy();
        let mut zeroed = content.clone();
        zeroed[keep..].fill(0);
        fs::write(&journal_files(&place)[0], zeroed).unwrap();
        place.assert_corruption();
    }
    for name in ["journal", "sled"] {
        let place = whole.copy();
        fs::remove_dir_all(place.path().join(name)).unwrap();
        place.assert_corruption();
    }
    let place = whole.copy();
    fs::remove_file(place.path().join("witness")).unwrap();
    place.assert_corruption();
    assert_eq!(verify(&whole.open()), 6);
}

#[test]
fn a_flipped_bit_in_the_journal_is_noticed_or_harmless() {
    let whole = killed(6);
    let content = fs::read(&journal_files(&whole)[0]).unwrap();
    let end = end_of_records(&content);
    for position in (0..32).chain((4096..end).step_by(end / 80)) {
        let place = whole.copy();
        let mut damaged = content.clone();
        damaged[position] ^= 1 << (position % 8);
        fs::write(&journal_files(&place)[0], damaged).unwrap();
        match place.try_open() {
            Ok(store) => assert_eq!(verify(&store), 6, "byte {position}"),
            Err(StorageError::Corruption { .. } | StorageError::Version { .. }) => {}
            Err(error) => panic!("byte {position}: {error}"),
        }
    }
}

/// The witness may be behind after a loss of power; later records still prove earlier ones.
#[test]
fn damage_before_the_last_record_is_noticed_without_the_newest_witness() {
    let place = Place::new(CommitPath::Journal);
    let store = place.open();
    let old_witness = fs::read(place.path().join("witness")).unwrap();
    for _ in 0..6 {
        commit(&store, Durability::Immediate).unwrap();
    }
    let killed = place.copy();
    fs::write(killed.path().join("witness"), old_witness).unwrap();
    assert_eq!(verify(&killed.copy().open()), 6);
    let file = &journal_files(&killed)[0];
    let mut content = fs::read(file).unwrap();
    content[4096 + 40] ^= 1;
    fs::write(file, content).unwrap();
    killed.assert_corruption();
}

#[test]
fn a_record_that_was_torn_at_any_byte_is_dropped_whole() {
    let place = Place::new(CommitPath::Journal);
    let store = place.open();
    for _ in 0..2 {
        commit(&store, Durability::Immediate).unwrap();
    }
    let before = end_of_records(&fs::read(&journal_files(&place)[0]).unwrap());
    commit(&store, Durability::Os).unwrap();
    let killed = place.copy();
    let content = fs::read(&journal_files(&killed)[0]).unwrap();
    let after = end_of_records(&content);
    assert!(after > before + 28);
    for end in before..after {
        let torn = killed.copy();
        let mut content = content.clone();
        content[end..].fill(0);
        fs::write(&journal_files(&torn)[0], content).unwrap();
        let store = torn.open();
        let found = verify(&store);
        // The last bytes of a record may be zeros anyway.
        assert!(
            found == 2 || (found == 3 && end + 16 > after),
            "cut at {end}"
        );
        assert_eq!(commit(&store, Durability::Immediate).unwrap(), found + 1);
    }
}
