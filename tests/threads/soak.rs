//! All races at once, for as long as `MUSHER_SOAK_SECONDS` says, on every store and commit path: no
//! deadlock, no error but those that a race is about, and a sound database after it.
//!
//! `just soak` runs it for minutes, `.ci/run` shortly, and `cargo test` for a second.

use super::races::{self, Until, on_every_path};

#[test]
fn soak() {
    let seconds = std::env::var("MUSHER_SOAK_SECONDS");
    let seconds = seconds.map_or(1, |text| text.parse().expect("a number of seconds"));
    on_every_path(|orm| {
        let until = Until::seconds(seconds);
        std::thread::scope(|scope| {
            let races = [races::bank, races::slugs, races::links, races::removals];
            let running = races.map(|race| scope.spawn(move || race(orm, until)));
            let rounds = running.map(|race| race.join().expect("no race panics"));
            rounds.into_iter().sum()
        })
    });
}
