//! Several threads that commit as fast as they can, and tell what they do.

use std::thread;

use musher::prelude::*;

use super::blog;
use super::history::Line;

/// One in so many commits of a writer is followed by `orm.sync()`, so that commits which do not
/// wait for the disk are promised to be there.
const SYNC_EVERY: u64 = 25;

/// Where the lines go. Each is there as a whole when the call returns, whatever happens next.
pub type Tell<'a> = &'a (dyn Fn(Line) + Sync);

/// Tells what is there, and lets each writer make so many commits more.
pub fn run(orm: &Orm, commits: u64, tell: Tell<'_>) {
    let found = std::array::from_fn(|writer| blog::count_commits(orm, writer));
    tell(Line::Found(found));
    thread::scope(|scope| {
        for (writer, done) in found.into_iter().enumerate() {
            scope.spawn(move || write(orm, (writer, done), commits, tell));
        }
    });
}

fn write(orm: &Orm, (writer, done): (usize, u64), commits: u64, tell: Tell<'_>) {
    let mut last = None;
    for number in done + 1..=done + commits {
        tell(Line::Begun { writer, number });
        let keys = blog::commit(orm, writer, number).expect("a commit succeeds");
        if let Some(last) = last {
            blog::assert_newer(keys, last);
        }
        last = Some(keys);
        tell(Line::Done { writer, number });
        if number % SYNC_EVERY == 0 {
            tell(Line::Syncing { writer });
            orm.sync().expect("the disk confirms");
            tell(Line::Synced { writer });
        }
    }
}
