//! What a repair or a salvage says.

use std::fmt;

use crate::orm::verify::Finding;

/// What [`OrmBuilder::repair`](crate::OrmBuilder::repair) or
/// [`OrmBuilder::salvage`](crate::OrmBuilder::salvage) has done.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Repair {
    /// What was wrong, and is right now.
    pub mended: Vec<Finding>,
    /// What a salvage has left behind, because it can't be read. A repair loses nothing.
    pub lost: Vec<Loss>,
    /// What is wrong still.
    pub left: Vec<Finding>,
}

/// Something that could not be salvaged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The entity, and the property where its value alone is lost: `Article`, `Article.text`. The
    /// database, where commits are.
    pub place: String,
    /// The key of the row.
    pub key: String,
    /// Why it could not be read.
    pub reason: String,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.key, self.reason)
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mended, lost, left } = self;
        write!(
            f,
            "{} mended, {} lost, {} left",
            mended.len(),
            lost.len(),
            left.len()
        )?;
        list(f, "mended", mended)?;
        list(f, "lost", lost)?;
        list(f, "left", left)
    }
}

fn list(f: &mut fmt::Formatter<'_>, fate: &str, items: &[impl fmt::Display]) -> fmt::Result {
    let mut items = items.iter();
    items.try_for_each(|item| write!(f, "\n  - {fate}: {item}"))
}
