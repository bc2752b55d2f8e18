//! What units of work see of each other: snapshots, serializable transactions, and what the default
//! allows. On both stores.

mod support;

use std::cell::Cell;

use musher::prelude::*;
use support::*;

/// What another unit of work commits meanwhile.
fn meanwhile(
    orm: &Orm,
    work: impl FnOnce(&mut EntityManager) -> musher::Result<()>,
) -> musher::Result<()> {
    let mut rival = orm.em();
    work(&mut rival)?;
    rival.flush()
}

fn rename(orm: &Orm, id: Id<User>, bio: &str) -> musher::Result<()> {
    meanwhile(orm, |em| {
        em.find_one(id).or_fail()?;
        em[id].bio = bio.into();
        Ok(())
    })
}

mod snapshots {
    use super::*;

    #[test]
    fn all_queries_see_one_moment() {
        on_both_stores::<House>(|orm| {
            let mut em = orm.em();
            let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
            let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
            let rust = tag(&mut em, "rust");
            em[one].text = "first".to_owned().into();
            em.edit(one).tags().add(rust);
            em.flush()?;

            let mut report = orm.snapshot()?;
            em[one].text = "second".to_owned().into();
            em.edit(one).tags().remove(rust);
            em.edit(one).set_author(bob);
            em.remove(two);
            em[ann].bio = "changed".into();
            article(&mut em, "three", ann);
            em.flush()?;

            assert_eq!(report.find::<Article>().all()?, [one, two]);
            assert_eq!(report.find::<Article>().count()?, 2);
            report.find_one(ann).populate(|u| u.articles()).or_fail()?;
            assert_eq!(report[ann].articles.ids(), [one, two]);
            assert_ne!(report[ann].bio, "changed");
            report
                .find_one(one)
                .populate(|a| (a.tags(), a.text(), a.author()))
                .or_fail()?;
            assert_eq!(report[one].tags.ids(), [rust]);
            assert_eq!(report[one].author, ann);
            assert_eq!(*report.view(one).text(), "first");
            report.find_one(bob).or_fail()?;
            assert_eq!(report.edit(bob).articles().load_count()?, 0);
            let found = report
                .find::<Article>()
                .filter(|a| a.slug().eq("three"))
                .count()?;
            assert_eq!(found, 0);
            report.clear();
            assert_eq!(report.find::<Article>().count()?, 2, "the moment stays");
            report.find_one(ann).or_fail()?;
            report.refresh(ann)?;
            assert_ne!(report[ann].bio, "changed");

            let mut fork = report.fork();
            drop(report);
            assert_eq!(fork.find::<Article>().count()?, 2, "also in a fork");
            assert_eq!(orm.em().find::<Article>().all()?.len(), 2);
            assert_eq!(
                orm.snapshot()?
                    .find::<Article>()
                    .filter(|a| a.slug().eq("three"))
                    .count()?,
                1
            );
            Ok(())
        });
    }

    #[test]
    fn forks_on_many_threads_see_the_same_moment_while_others_write() {
        on_both_stores::<House>(|orm| {
            let mut em = orm.em();
            let users: Vec<_> = (0..20).map(|at| user(&mut em, &at.to_string())).collect();
            for id in &users {
                em[*id].bio = "0".into();
            }
            em.flush()?;
            let snapshot = orm.snapshot()?;
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    for round in 1..40 {
                        for id in &users {
                            em[*id].bio = round.to_string();
                        }
                        em.flush().expect("nobody else writes");
                    }
                });
                for _ in 0..3 {
                    let mut fork = snapshot.fork();
                    threads.spawn(move || {
                        for _ in 0..20 {
                            fork.clear();
                            let all = fork.find::<User>().all().expect("it can be read");
                            assert_eq!(all.len(), 20);
                            assert!(all.iter().all(|id| fork[*id].bio == "0"));
                        }
                    });
                }
            });
            Ok(())
        });
    }

    #[test]
    fn a_snapshot_is_not_written_to() {
        on_both_stores::<House>(|orm| {
            let mut em = orm.em();
            let ann = user(&mut em, "ann");
            em.flush()?;
            let mut report = orm.snapshot()?;
            assert!(report.is_read_only() && !em.is_read_only());
            report.find_one(ann).or_fail()?;
            report.flush()?;
            report[ann].bio = "changed".into();
            let error = refused(report.flush());
            assert_eq!(
                error.to_string(),
                "a snapshot can't be written to; make the changes in a unit of work of `orm.em()`"
            );
            assert!(matches!(
                refused(report.transactional(|_| Ok(()))),
                Error::Transaction { .. }
            ));
            assert!(matches!(
                refused(report.transactional_with(Isolation::Serializable, |_| Ok(()))),
                Error::Transaction { .. }
            ));
            em.refresh(ann)?;
            assert_ne!(em[ann].bio, "changed");
            Ok(())
        });
    }
}

mod serializable {
    use super::*;

    fn conflict<T>(result: musher::Result<T>) -> String {
        match refused(result) {
            Error::Conflict { what } => what,
            other => panic!("{other}"),
        }
    }

    /// Each reads something that `rival` then changes, and writes something else.
    #[track_caller]
    fn conflicts(
        read: impl Fn(&mut EntityManager, Id<User>, Id<Article>) -> musher::Result<()>,
        rival: impl Fn(&mut EntityManager, Id<User>, Id<Article>) -> musher::Result<()>,
    ) -> Option<String> {
        let found = Cell::new(None);
        on_both_stores::<House>(|orm| {
            let mut em = orm.em();
            let ann = user(&mut em, "ann");
            let one = article(&mut em, "one", ann);
            let rust = tag(&mut em, "rust");
            em.edit(one).tags().add(rust);
            em.flush()?;
            em.clear();
            let ended = em.transactional_with(Isolation::Serializable, |em| {
                read(em, ann, one)?;
                meanwhile(orm, |em| rival(em, ann, one))?;
                tag(em, "written");
                Ok(())
            });
            let written = orm
                .em()
                .find::<Tag>()
                .filter(|t| t.name().eq("written"))
                .count()?;
            found.set(match ended {
                Ok(()) => {
                    assert_eq!(written, 1);
                    None
                }
                Err(Error::Conflict { what }) => {
                    assert_eq!(written, 0);
                    assert!(!em.is_managed(ann) && !em.is_in_transaction());
                    assert_eq!(
                        em.find::<Article>().count()?,
                        orm.em().find::<Article>().count()?
                    );
                    Some(what)
                }
                Err(other) => return Err(other),
            });
            Ok(())
        });
        found.into_inner()
    }

    fn write_bio(em: &mut EntityManager, ann: Id<User>, _: Id<Article>) -> musher::Result<()> {
        em.find_one(ann).or_fail()?;
        em[ann].bio = "theirs".into();
        Ok(())
    }

    #[test]
    fn a_row_that_was_read_and_changed_is_a_conflict() {
        let what = conflicts(|em, ann, _| em.find_one(ann).or_fail().map(drop), write_bio);
        assert_eq!(what.as_deref(), Some("User 1"));
        let by_slug = conflicts(
            |em, _, _| {
                em.find::<User>()
                    .filter(|u| u.email().eq("ann@house.org"))
                    .all()
                    .map(drop)
            },
            write_bio,
        );
        assert_eq!(by_slug.as_deref(), Some("User 1"));
    }

    #[test]
    fn a_row_that_was_read_and_removed_is_a_conflict() {
        let what = conflicts(
            |em, _, one| em.find_one(one).or_fail().map(drop),
            |em, _, one| {
                em.remove(one);
                Ok(())
            },
        );
        assert_eq!(what.as_deref(), Some("Article 1"));
    }

    #[test]
    fn a_row_that_comes_into_what_was_searched_is_a_conflict() {
        let add = |em: &mut EntityManager, ann, _| {
            article(em, "two", ann);
            Ok(())
        };
        let all = conflicts(|em, _, _| em.find::<Article>().count().map(drop), add);
        assert_eq!(all.as_deref(), Some("Article 2"));
        let missed = conflicts(
            |em, _, _| {
                let missed = em.find::<Article>().filter(|a| a.slug().eq("two")).one()?;
                assert_eq!(missed, None);
                Ok(())
            },
            add,
        );
        assert_eq!(
            missed.as_deref(),
            Some("the rows that are found by `Article.slug`")
        );
        let inverse = conflicts(
            |em, ann, _| {
                em.find_one(ann)
                    .populate(|u| u.articles())
                    .or_fail()
                    .map(drop)
            },
            add,
        );
        assert_eq!(
            inverse.as_deref(),
            Some("the rows that are found by `Article.author`")
        );
        let key = conflicts(
            |em, _, _| {
                assert_eq!(em.find_one(Id::<Article>::new(2)).one()?, None);
                Ok(())
            },
            |em, ann, _| {
                em.create(Article::build().id(2).slug("two").author(ann));
                Ok(())
            },
        );
        assert_eq!(key.as_deref(), Some("Article 2"));
    }

    #[test]
    fn links_and_lazy_values_that_were_read_and_changed_are_conflicts() {
        let links = conflicts(
            |em, _, one| em.find_one(one).populate(|a| a.tags()).or_fail().map(drop),
            |em, _, one| {
                em.find_one(one).or_fail()?;
                em.edit(one).tags().remove_all()?;
                Ok(())
            },
        );
        assert_eq!(links.as_deref(), Some("the links of `Article.tags`"));
        let write_text = |em: &mut EntityManager, _, one: Id<Article>| {
            em.find_one(one).or_fail()?;
            em[one].text = "theirs".to_owned().into();
            Ok(())
        };
        let lazy = conflicts(
            |em, _, one| em.find_one(one).populate(|a| a.text()).or_fail().map(drop),
            write_text,
        );
        assert!(lazy.is_some());
    }

    #[test]
    fn what_was_not_read_is_no_conflict() {
        let other_rows = |em: &mut EntityManager, ann: Id<User>, one: Id<Article>| {
            write_bio(em, ann, one)?;
            article(em, "two", ann);
            tag(em, "new");
            Ok(())
        };
        assert_eq!(conflicts(|_, _, _| Ok(()), other_rows), None);
        let read_article = |em: &mut EntityManager, _, one| em.find_one(one).or_fail().map(drop);
        assert_eq!(conflicts(read_article, other_rows), None);
    }

    // Two doctors, each of whom may go only while the other stays.
    #[test]
    fn write_skew_is_refused_which_the_default_allows() {
        on_both_stores::<House>(|orm| {
            for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
                let mut em = orm.em();
                let doctors =
                    ["ann", "bob"].map(|name| user(&mut em, &format!("{name}{isolation:?}")));
                for doctor in doctors {
                    em[doctor].bio = "on call".into();
                }
                em.flush()?;
                let on_call = |em: &mut EntityManager| {
                    em.find::<User>().filter(|u| u.bio().eq("on call")).count()
                };
                let leave = |em: &mut EntityManager, doctor: Id<User>| {
                    if on_call(em)? > 1 {
                        em.find_one(doctor).or_fail()?;
                        em[doctor].bio = "home".into();
                    }
                    Ok(())
                };
                em.clear();
                let second = em.transactional_with(isolation, |em| {
                    leave(em, doctors[0])?;
                    orm.em()
                        .transactional_with(isolation, |em| leave(em, doctors[1]))
                });
                assert_eq!(second.is_ok(), isolation == Isolation::ReadCommitted);
                let stay = usize::from(isolation == Isolation::Serializable);
                assert_eq!(on_call(&mut orm.em())?, stay);
            }
            Ok(())
        });
    }

    #[test]
    fn a_lost_update_is_refused_which_the_default_allows() {
        on_both_stores::<House>(|orm| {
            for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
                let mut em = orm.em();
                let ann = user(&mut em, &format!("{isolation:?}"));
                em.flush()?;
                em.clear();
                let ended = em.transactional_with(isolation, |em| {
                    em.find_one(ann).or_fail()?;
                    em[ann].bio.push_str("mine");
                    rename(orm, ann, "theirs")
                });
                assert_eq!(ended.is_ok(), isolation == Isolation::ReadCommitted);
            }
            Ok(())
        });
    }

    #[test]
    fn it_sees_one_moment_and_what_it_has_staged() {
        on_both_stores::<House>(|orm| {
            let mut em = orm.em();
            let ann = user(&mut em, "ann");
            em.flush()?;
            em.clear();
            em.begin_with(Isolation::Serializable)?;
            rename(orm, ann, "theirs")?;
            em.find_one(ann).or_fail()?;
            assert_ne!(em[ann].bio, "theirs");
            let bob = user(&mut em, "bob");
            em.flush()?;
            em[bob].bio = "staged".into();
            assert_eq!(
                em.find::<User>().filter(|u| u.bio().eq("staged")).all()?,
                [bob]
            );
            let inner = em.transactional(|em| {
                user(em, "cid");
                em.flush()?;
                assert_eq!(em.find::<User>().count()?, 3);
                Err::<(), _>(Error::other("a savepoint goes back"))
            });
            assert!(inner.is_err());
            assert_eq!(em.find::<User>().count()?, 2);
            assert_eq!(conflict(em.commit()), "User 1");
            em.find_one(ann).or_fail()?;
            assert_eq!(
                em[ann].bio, "theirs",
                "after the transaction the latest is read"
            );
            Ok(())
        });
    }

    #[test]
    fn one_that_only_reads_never_conflicts() {
        on_both_stores::<House>(|orm| {
            let mut em = orm.em();
            let ann = user(&mut em, "ann");
            em.flush()?;
            em.clear();
            em.transactional_with(Isolation::Serializable, |em| {
                em.find::<User>().all()?;
                rename(orm, ann, "theirs")?;
                em.clear();
                em.find_one(ann).or_fail()?;
                assert_ne!(em[ann].bio, "theirs");
                Ok(())
            })
        });
    }

    #[test]
    fn it_begins_with_nothing_managed_and_not_inside_a_weaker_one() {
        on_both_stores::<House>(|orm| {
            let mut em = orm.em();
            user(&mut em, "ann");
            let error = refused(em.begin_with(Isolation::Serializable));
            assert_eq!(
                error.to_string(),
                "a serializable transaction begins with a unit of work that manages nothing, because what was read before it \
                 is not judged; use `orm.em()` or `em.fork()`, or call `em.clear()` first"
            );
            assert!(!em.is_in_transaction());
            em.flush()?;
            em.clear();
            em.transactional(|em| {
                let error = refused(em.transactional_with(Isolation::Serializable, |_| Ok(())));
                assert!(
                    error
                        .to_string()
                        .starts_with("a savepoint is no more isolated")
                );
                assert!(em.is_in_transaction());
                Ok(())
            })?;
            em.transactional_with(Isolation::Serializable, |em| {
                em.transactional_with(Isolation::Serializable, |_| Ok(()))?;
                em.transactional_with(Isolation::ReadCommitted, |_| Ok(()))
            })
        });
    }
}

mod retries {
    use super::*;

    #[test]
    fn threads_that_count_one_row_up_lose_nothing() {
        on_both_stores::<House>(|orm| {
            let mut em = orm.em();
            let counter = user(&mut em, "counter");
            em[counter].bio = "0".into();
            em.flush()?;
            std::thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| {
                        for _ in 0..25 {
                            let ended = orm.em().transactional_with_retries(1_000_000, |em| {
                                em.find_one(counter).or_fail()?;
                                let count: u64 = em[counter].bio.parse().expect("it is a number");
                                em[counter].bio = (count + 1).to_string();
                                Ok(())
                            });
                            ended.expect("each conflict lets another one through");
                        }
                    });
                }
            });
            em.refresh(counter)?;
            assert_eq!(em[counter].bio, "100");
            Ok(())
        });
    }

    #[test]
    fn it_runs_again_as_often_as_is_said_and_for_conflicts_alone() {
        on_both_stores::<House>(|orm| {
            let mut em = orm.em();
            let ann = user(&mut em, "ann");
            em.flush()?;
            let runs = Cell::new(0);
            let run = |retries, disturbed| {
                runs.set(0);
                orm.em().transactional_with_retries(retries, |em| {
                    runs.set(runs.get() + 1);
                    assert!(!em.is_managed(ann), "each run begins anew");
                    em.find_one(ann).or_fail()?;
                    em[ann].bio = "mine".into();
                    if runs.get() <= disturbed {
                        rename(orm, ann, &format!("theirs {}", runs.get()))?;
                    }
                    Ok(runs.get())
                })
            };
            assert_eq!(run(0, 0)?, 1);
            assert_eq!(run(3, 2)?, 3);
            assert!(matches!(refused(run(2, 9)), Error::Conflict { .. }));
            assert_eq!(runs.get(), 3);

            runs.set(0);
            let failed = orm.em().transactional_with_retries(5, |_| {
                runs.set(runs.get() + 1);
                Err::<(), _>(Error::other("no conflict"))
            });
            assert_eq!(refused(failed).to_string(), "no conflict");
            assert_eq!(runs.get(), 1);
            Ok(())
        });
    }
}
