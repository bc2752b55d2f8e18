//! The example runs, and runs again on the database that it has left.

#[allow(
    dead_code,
    unreachable_pub,
    reason = "an example has a `main` of its own"
)]
#[path = "../examples/blog/main.rs"]
mod blog;

use blog::domain::{Article, Tag, User};
use musher::prelude::*;

#[test]
fn the_example_runs_twice_on_one_database() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path().join("blog.sled");
    for run in 1..=2 {
        blog::tell(&path).unwrap_or_else(|error| panic!("in run {run}: {error}"));

        let orm = Orm::builder()
            .entities::<(User, Article, Tag)>()
            .open(&path)
            .expect("the example has closed it");
        assert!(orm.verify().expect("it can be read").is_clean());
        let mut em = orm.em();
        let mut counts = || -> musher::Result<[usize; 3]> {
            Ok([
                em.find::<User>().count()?,
                em.find::<Article>().count()?,
                em.find::<Tag>().count()?,
            ])
        };
        assert_eq!(
            counts().expect("it can be read"),
            [2, 2, 4],
            "after run {run}"
        );
    }
}
