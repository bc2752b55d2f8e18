//! What a verification finds, and how that is put right.

use super::{Finding, Report};
use crate::storage::TreeId;

/// One thing that is wrong.
#[derive(Debug)]
pub(in crate::orm) struct Found {
    pub(in crate::orm) finding: Finding,
    /// The write that puts it right; none where that would take more than derived data.
    pub(in crate::orm) fix: Option<Fix>,
}

/// What a key should hold; `None` where it should not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::orm) struct Fix {
    pub(in crate::orm) tree: TreeId,
    pub(in crate::orm) key: Vec<u8>,
    pub(in crate::orm) value: Option<Vec<u8>>,
}

/// All that was found, and what was looked at.
#[derive(Debug, Default)]
pub(in crate::orm) struct Findings {
    pub(in crate::orm) found: Vec<Found>,
    /// Whether a part of a tree can't be reached: then nobody knows what belongs to nothing.
    pub(in crate::orm) has_gap: bool,
    /// Without its findings.
    pub(super) counts: Report,
}

impl Findings {
    /// Something that can't be put right by itself.
    pub(super) fn tell(&mut self, place: &str, problem: impl Into<String>) {
        self.add(place, problem, None);
    }

    /// Something that a write puts right.
    pub(super) fn tell_with_fix(&mut self, place: &str, problem: impl Into<String>, fix: Fix) {
        self.add(place, problem, Some(fix));
    }

    pub(super) fn add(&mut self, place: &str, problem: impl Into<String>, fix: Option<Fix>) {
        let finding = Finding {
            place: place.to_owned(),
            problem: problem.into(),
        };
        self.found.push(Found { finding, fix });
    }

    pub(super) fn into_report(self) -> Report {
        let findings = self.found.into_iter().map(|found| found.finding);
        Report {
            findings: findings.collect(),
            ..self.counts
        }
    }
}
