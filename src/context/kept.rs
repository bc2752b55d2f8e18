//! A value that can be kept as it is for the price of a counter, and is copied when it changes while
//! it is kept.
//!
//! A savepoint begins with every read and every flush, so beginning one must not cost more for a unit
//! of work with much pending.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A value of which clones share the memory until one of them changes.
#[derive(Default)]
pub(crate) struct Kept<T>(Arc<T>);

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Kept<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_stays_and_what_is_not_is_never_copied() {
        let mut now = Kept::<Vec<u8>>::default();
        now.push(1);
        let place = now.as_ptr();
        let kept = now.clone();
        assert_eq!(kept.as_ptr(), place, "keeping copies nothing");
        now.push(2);
        assert_eq!((now.as_slice(), kept.as_slice()), (&[1, 2][..], &[1][..]));
        drop(now);
        let mut now = kept;
        now[0] = 3;
        assert_eq!(now.as_ptr(), place, "nobody else keeps it");
    }
}
