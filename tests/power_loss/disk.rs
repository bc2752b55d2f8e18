//! A disk that loses its power: from a trace of what was done, the files that it may then have.
//!
//! What was synced is there. Of what was not,
//! - a sector of 512 bytes holds what it held at the last sync, or at any later moment, whatever its
//!   neighbours hold; no write is whole because it was one write, and none waits for one before it;
//! - a file has the length that it had at the last sync, or after any later write; what it is longer
//!   than what was written is zeros;
//! - a name that was made, changed or removed may be so or not, until its directory was synced: in
//!   the order in which that was done, or in any. A rename is done or not. That a file was synced
//!   says nothing of its name.
//!
//! `fsync` and `fdatasync` sync what was written before they were called; `sync_file_range` and
//! closing a file sync nothing. Nothing that was synced is ever damaged, and nothing is written where
//! nobody wrote.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use file_trace::{Event, Handle};

use crate::workload::random::Random;

const SECTOR: usize = 512;

/// Which syncs the disk has heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    /// All.
    Heard,
    /// Those for data alone are not. Musher's own on its files are such; the engine's are not.
    DataUnheard,
}

/// What is lost of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Everything.
    All,
    /// So many sectors of a hundred, and names alike.
    Percent(u64),
    /// One write, and what came after it in the same sectors.
    OneWrite,
}

/// The disk, and what the system has not written to it yet.
pub struct Disk {
    root: PathBuf,
    syncs: Syncs,
    files: Vec<File>,
    names: Names,
    open: HashMap<Handle, (PathBuf, Node)>,
    /// The syncs that have begun, and how many changes each is about.
    begun: HashMap<u64, (Node, usize)>,
}

/// What a disk has when its power is back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Image {
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    pub directories: Vec<PathBuf>,
    /// How many sectors have not their newest content.
    pub lost_sectors: usize,
    /// How many changes of names were lost.
    pub lost_names: usize,
}

impl Disk {
    /// A disk that has, for good, what is below `root`.
    pub fn open(root: &Path, syncs: Syncs) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            syncs,
            files: Vec::new(),
            names: Names::default(),
            open: HashMap::new(),
            begun: HashMap::new(),
        };
        disk.load(root);
        disk.names.synced = disk.names.current.clone();
        disk.names.changes.clear();
        disk
    }

    fn load(&mut self, directory: &Path) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.add_directory(&path);
                self.load(&path);
            } else {
                let content = fs::read(&path).unwrap();
                self.add_file(&path, content);
            }
        }
    }

    fn add_file(&mut self, path: &Path, synced: Vec<u8>) -> Node {
        self.files.push(File::new(synced));
        let node = Node::File(self.files.len() - 1);
        self.names.change(self.place(path), Some(node));
        node
    }

    fn add_directory(&mut self, path: &Path) {
        let node = self.names.new_directory();
        self.names.change(self.place(path), Some(node));
    }

    fn below_root<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root)
            .expect("only what is below the root is recorded")
    }

    fn find(&self, path: &Path) -> Option<Node> {
        self.names.find(self.below_root(path))
    }

    fn place(&self, path: &Path) -> Place {
        self.names.place(self.below_root(path))
    }

    /// The path that the open file was opened with.
    pub fn path(&self, handle: Handle) -> &Path {
        &self.open[&handle].0
    }

    /// Does what was done.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Open {
                handle,
                path,
                create,
                truncate,
            } => self.open_file(*handle, path, *create, *truncate),
            Event::Close { handle } => {
                self.open.remove(handle);
            }
            Event::Write {
                handle,
                offset,
                bytes,
            } => {
                let offset = usize::try_from(*offset).unwrap();
                let bytes = bytes.clone();
                self.file(*handle).change(Change::Write { offset, bytes });
            }
            Event::SetLength { handle, length } => {
                let length = usize::try_from(*length).unwrap();
                self.file(*handle).change(Change::SetLength(length));
            }
            Event::SyncBegin {
                sync,
                handle,
                data_only,
            } => self.begin_sync(*sync, *handle, *data_only),
            Event::SyncEnd { sync } => self.end_sync(*sync),
            Event::Rename { from, to } => {
                self.names.rename(self.place(from), self.place(to));
            }
            Event::Unlink { path } => self.names.change(self.place(path), None),
            Event::MakeDirectory { path } => self.add_directory(path),
        }
    }

    fn open_file(&mut self, handle: Handle, path: &Path, create: bool, truncate: bool) {
        let node = self.find(path).unwrap_or_else(|| {
            assert!(create, "{} is not there to be opened", path.display());
            self.add_file(path, Vec::new())
        });
        self.open.insert(handle, (path.to_owned(), node));
        if truncate {
            self.file(handle).change(Change::SetLength(0));
        }
    }

    fn file(&mut self, handle: Handle) -> &mut File {
        match self.open[&handle].1 {
            Node::File(index) => &mut self.files[index],
            Node::Directory(_) => panic!("a directory is not written to"),
        }
    }

    fn begin_sync(&mut self, sync: u64, handle: Handle, data_only: bool) {
        if data_only && self.syncs == Syncs::DataUnheard {
            return;
        }
        let node = self.open[&handle].1;
        let changes = match node {
            Node::File(index) => self.files[index].changes_ever(),
            Node::Directory(_) => self.names.changes_ever,
        };
        self.begun.insert(sync, (node, changes));
    }

    fn end_sync(&mut self, sync: u64) {
        match self.begun.remove(&sync) {
            None => {}
            Some((Node::File(index), changes)) => self.files[index].sync(changes),
            Some((Node::Directory(directory), changes)) => self.names.sync(directory, changes),
        }
    }

    /// How many bytes were written to the file of this name, and not synced.
    pub fn unsynced_bytes(&self, path: &Path) -> usize {
        match self.find(path) {
            Some(Node::File(index)) => self.files[index].unsynced_bytes(),
            _ => 0,
        }
    }

    /// How many blocks of this length have a beginning, in the file of this name, that was written
    /// and not synced.
    pub fn unsynced_blocks(&self, path: &Path, length: usize) -> usize {
        match self.find(path) {
            Some(Node::File(index)) => self.files[index].unsynced_blocks(length),
            _ => 0,
        }
    }

    /// What the files are as long as nothing is lost.
    pub fn intact(&self) -> Image {
        let mut image = Image::default();
        let mut content = |index: usize| (self.files[index].current(), 0);
        fill(
            &mut image,
            &self.names.current,
            (ROOT, Path::new("")),
            &mut content,
        );
        image
    }

    /// Takes the power away.
    pub fn lose_power(&self, loss: Loss, random: &mut Random) -> Image {
        let unsynced = self.files.iter().map(|file| file.changes.len()).sum();
        let mut chosen =
            (loss == Loss::OneWrite && unsynced > 0).then(|| random.position(unsynced));
        let lost_writes: Vec<Option<usize>> = self
            .files
            .iter()
            .map(|file| {
                let here = chosen.filter(|chosen| *chosen < file.changes.len());
                chosen = chosen.and_then(|chosen| chosen.checked_sub(file.changes.len()));
                here
            })
            .collect();
        let (names, lost_names) = self.names.lose_power(loss, random);
        let mut image = Image {
            lost_names,
            ..Image::default()
        };
        let mut content =
            |index: usize| self.files[index].lose_power(loss, lost_writes[index], random);
        fill(&mut image, &names, (ROOT, Path::new("")), &mut content);
        image
    }
}

/// Adds to the image what a directory has by these names.
fn fill(
    image: &mut Image,
    names: &BTreeMap<Place, Node>,
    (directory, path): (usize, &Path),
    content: &mut impl FnMut(usize) -> (Vec<u8>, usize),
) {
    let first = (directory, OsString::new());
    for ((_, name), node) in names
        .range(first..)
        .take_while(|(place, _)| place.0 == directory)
    {
        let path = path.join(name);
        match node {
            Node::Directory(directory) => {
                fill(image, names, (*directory, &path), content);
                image.directories.push(path);
            }
            Node::File(index) => {
                let (bytes, lost) = content(*index);
                image.lost_sectors += lost;
                image.files.insert(path, bytes);
            }
        }
    }
}

impl Image {
    /// What is below `root`.
    pub fn of(root: &Path) -> Self {
        Disk::open(root, Syncs::Heard).intact()
    }

    /// Makes the files of it below `root`.
    pub fn write(&self, root: &Path) {
        for directory in &self.directories {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for (path, bytes) in &self.files {
            fs::write(root.join(path), bytes).unwrap();
        }
    }
}

#[derive(Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLength(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::SetLength(length) => content.resize(*length, 0),
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
        }
    }

    fn length_after(&self, length: usize) -> usize {
        match self {
            Self::Write { offset, bytes } => length.max(offset + bytes.len()),
            Self::SetLength(length) => *length,
        }
    }

    /// The sectors that it changes, in a file that was never longer than `longest`.
    fn sectors(&self, longest: usize) -> std::ops::Range<usize> {
        match self {
            Self::Write { offset, bytes } => {
                offset / SECTOR..(offset + bytes.len()).div_ceil(SECTOR)
            }
            Self::SetLength(length) => length / SECTOR..longest.div_ceil(SECTOR),
        }
    }

    /// Changes one sector.
    fn apply_to_sector(&self, sector: usize, content: &mut [u8; SECTOR]) {
        let start = sector * SECTOR;
        match self {
            Self::SetLength(length) => {
                let kept = length.saturating_sub(start).min(SECTOR);
                content[kept..].fill(0);
            }
            Self::Write { offset, bytes } => {
                let from = start.max(*offset);
                let to = (start + SECTOR).min(offset + bytes.len());
                content[from - start..to - start]
                    .copy_from_slice(&bytes[from - offset..to - offset]);
            }
        }
    }
}

/// A file: what was synced, and what was done since.
struct File {
    synced: Vec<u8>,
    changes: Vec<Change>,
    /// How many changes were synced ever.
    synced_changes: usize,
}

impl File {
    const fn new(synced: Vec<u8>) -> Self {
        Self {
            synced,
            changes: Vec::new(),
            synced_changes: 0,
        }
    }

    fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    const fn changes_ever(&self) -> usize {
        self.synced_changes + self.changes.len()
    }

    fn sync(&mut self, changes: usize) {
        let count = changes.saturating_sub(self.synced_changes);
        for change in self.changes.drain(..count) {
            change.apply(&mut self.synced);
        }
        self.synced_changes += count;
    }

    fn unsynced_bytes(&self) -> usize {
        let length = |change: &Change| match change {
            Change::Write { bytes, .. } => bytes.len(),
            Change::SetLength(_) => 0,
        };
        self.changes.iter().map(length).sum()
    }

    fn unsynced_blocks(&self, length: usize) -> usize {
        let mut begun = BTreeSet::new();
        for change in &self.changes {
            if let Change::Write { offset, bytes } = change {
                begun.extend(offset.div_ceil(length)..(offset + bytes.len()).div_ceil(length));
            }
        }
        begun.len()
    }

    fn current(&self) -> Vec<u8> {
        let mut content = self.synced.clone();
        for change in &self.changes {
            change.apply(&mut content);
        }
        content
    }

    /// The content, and how many sectors of it are not the newest.
    fn lose_power(
        &self,
        loss: Loss,
        lost_write: Option<usize>,
        random: &mut Random,
    ) -> (Vec<u8>, usize) {
        let mut lengths = vec![self.synced.len()];
        for change in &self.changes {
            lengths.push(change.length_after(lengths[lengths.len() - 1]));
        }
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let mut sectors: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, change) in self.changes.iter().enumerate() {
            for sector in change.sectors(longest) {
                sectors.entry(sector).or_default().push(index);
            }
        }
        // Of so many changes in their order, how many are kept.
        let mut keep = |changes: &[usize]| match loss {
            Loss::All => 0,
            Loss::Percent(percent) if random.percent(percent) => random.position(changes.len()),
            Loss::Percent(_) => changes.len(),
            Loss::OneWrite => changes.partition_point(|change| Some(*change) != lost_write),
        };
        let all: Vec<usize> = (0..self.changes.len()).collect();
        let length = if all.is_empty() { 0 } else { keep(&all) };
        let mut content = self.synced.clone();
        content.resize(longest.next_multiple_of(SECTOR), 0);
        let mut outdated = 0;
        for (sector, changes) in sectors {
            let kept = keep(&changes);
            outdated += usize::from(kept < changes.len());
            let place = &mut content[sector * SECTOR..][..SECTOR];
            let place = place.first_chunk_mut().expect("it is as long as a sector");
            for change in &changes[..kept] {
                self.changes[*change].apply_to_sector(sector, place);
            }
        }
        content.truncate(lengths[length]);
        (content, outdated)
    }
}

/// A file by its place among the files, or a directory by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    File(usize),
    Directory(usize),
}

/// The number of the directory that is always there.
const ROOT: usize = 0;

/// A directory, and a name in it.
type Place = (usize, OsString);

/// What becomes of names together: each is given to a node, or removed.
struct NameChange {
    number: usize,
    names: Vec<(Place, Option<Node>)>,
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<Place, Node>) {
        for (place, node) in &self.names {
            match node {
                Some(node) => names.insert(place.clone(), *node),
                None => names.remove(place),
            };
        }
    }
}

/// What the directories hold.
#[derive(Default)]
struct Names {
    current: BTreeMap<Place, Node>,
    synced: BTreeMap<Place, Node>,
    changes: Vec<NameChange>,
    changes_ever: usize,
    directories: usize,
}

impl Names {
    const fn new_directory(&mut self) -> Node {
        self.directories += 1;
        Node::Directory(self.directories)
    }

    fn find(&self, path: &Path) -> Option<Node> {
        path.iter()
            .try_fold(Node::Directory(ROOT), |node, name| match node {
                Node::File(_) => None,
                Node::Directory(directory) => {
                    self.current.get(&(directory, name.to_owned())).copied()
                }
            })
    }

    fn place(&self, path: &Path) -> Place {
        let directory = path.parent().and_then(|directory| self.find(directory));
        match (directory, path.file_name()) {
            (Some(Node::Directory(directory)), Some(name)) => (directory, name.to_owned()),
            _ => panic!("{} lies in no directory", path.display()),
        }
    }

    fn change(&mut self, place: Place, node: Option<Node>) {
        self.change_together(vec![(place, node)]);
    }

    fn rename(&mut self, from: Place, to: Place) {
        assert_eq!(from.0, to.0, "what is renamed stays in its directory");
        let node = self.current[&from];
        self.change_together(vec![(from, None), (to, Some(node))]);
    }

    fn change_together(&mut self, names: Vec<(Place, Option<Node>)>) {
        let number = self.changes_ever;
        let change = NameChange { number, names };
        change.apply(&mut self.current);
        self.changes.push(change);
        self.changes_ever += 1;
    }

    fn sync(&mut self, directory: usize, changes: usize) {
        let is_synced = |change: &mut NameChange| {
            change.number < changes && change.names.iter().all(|(place, _)| place.0 == directory)
        };
        for change in self.changes.extract_if(.., is_synced) {
            change.apply(&mut self.synced);
        }
    }

    /// The names, and how many changes were lost.
    fn lose_power(&self, loss: Loss, random: &mut Random) -> (BTreeMap<Place, Node>, usize) {
        let in_order = random.percent(50);
        let mut names = self.synced.clone();
        let mut kept = 0;
        for change in &self.changes {
            let is_kept = match loss {
                Loss::All => false,
                Loss::Percent(percent) => !random.percent(percent),
                Loss::OneWrite => true,
            };
            if is_kept {
                change.apply(&mut names);
                kept += 1;
            } else if in_order {
                break;
            }
        }
        (names, self.changes.len() - kept)
    }
}
