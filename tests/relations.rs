//! The four kinds of relations in every shape: with one side or two, of an entity to itself, optional
//! and required, twice between the same two entities; and keys of every type.

mod support;

use musher::Collection;
use musher::prelude::*;
use support::{on_both_stores, refused};

mod one_sided {
    use musher::prelude::*;

    pub type All = (Target, Referrer);

    #[derive(Entity, Debug)]
    pub struct Target {
        #[orm(primary_key)]
        pub id: Pk,
    }

    #[derive(Entity, Debug)]
    pub struct Referrer {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(many_to_one)]
        pub required: Id<Target>,
        #[orm(many_to_one)]
        pub optional: Option<Id<Target>>,
        #[orm(one_to_one)]
        pub only: Id<Target>,
        #[orm(one_to_one)]
        pub perhaps: Option<Id<Target>>,
        #[orm(many_to_many)]
        pub linked: Collection<Target>,
    }
}

#[test]
fn relations_with_one_side_are_stored_and_navigated() {
    use one_sided::{Referrer, Target};

    on_both_stores::<one_sided::All>(|orm| {
        let mut em = orm.em();
        let targets: Vec<_> = (0..3).map(|_| em.create(Target::build())).collect();
        let first = em.create(
            Referrer::build()
                .required(targets[0])
                .only(targets[1])
                .perhaps(targets[0])
                .linked([targets[2], targets[0]]),
        );
        em.flush()?;
        em.clear();
        em.find_one(first)
            .populate(|r| {
                (
                    r.required(),
                    r.optional(),
                    r.only(),
                    r.perhaps(),
                    r.linked(),
                )
            })
            .or_fail()?;
        let view = em.view(first);
        assert!(view.required().is_initialized() && view.only().is_initialized());
        assert_eq!(view.required().id(), targets[0]);
        assert!(view.optional().is_none());
        assert_eq!(
            view.perhaps().map(one_sided::TargetView::id),
            Some(targets[0])
        );
        assert_eq!(em[first].linked.ids(), [targets[0], targets[2]]);
        let second = em.create(Referrer::build().required(targets[0]).only(targets[1]));
        assert!(
            matches!(
                refused(em.flush()),
                Error::UniqueViolation {
                    property: "only",
                    ..
                }
            ),
            "with one side only, nobody knows whom to release"
        );
        em.edit(second)
            .set_only(targets[2])
            .set_optional(Some(targets[1]));
        em.flush()?;
        em.remove(second);
        em.edit(first).set_perhaps(None).linked().remove_all()?;
        em.flush()?;
        em.remove(targets[2]);
        em.flush()
    });
}

mod tree {
    use musher::prelude::*;

    #[derive(Entity, Debug)]
    pub struct Node {
        #[orm(primary_key)]
        pub id: Pk,
        pub name: String,
        #[orm(many_to_one(inversed_by = children, on_delete = cascade))]
        pub parent: Option<Id<Node>>,
        #[orm(one_to_many(mapped_by = parent))]
        pub children: Collection<Node>,
        #[orm(one_to_one(inversed_by = previous))]
        pub next: Option<Id<Node>>,
        #[orm(one_to_one(mapped_by = next))]
        pub previous: Inverse<Node>,
        #[orm(many_to_many(inversed_by = followers))]
        pub follows: Collection<Node>,
        #[orm(many_to_many(mapped_by = follows))]
        pub followers: Collection<Node>,
        #[orm(many_to_many)]
        pub friends: Collection<Node>,
    }

    pub fn node(em: &mut EntityManager, name: &str) -> Id<Node> {
        em.create(Node::build().name(name))
    }
}

#[test]
fn a_tree_of_one_entity_is_loaded_level_by_level_and_removed_from_the_root() {
    use tree::{Node, node};

    on_both_stores::<Node>(|orm| {
        let mut em = orm.em();
        let root = node(&mut em, "root");
        let children = [node(&mut em, "a"), node(&mut em, "b")];
        em.edit(root).children().add(children);
        let leaf = node(&mut em, "leaf");
        em.edit(leaf).set_parent(Some(children[1]));
        em.flush()?;
        em.clear();
        em.find_one(root)
            .populate(|n| n.children().children())
            .or_fail()?;
        assert_eq!(em[root].children.ids(), children);
        assert_eq!(em[children[0]].children.ids(), []);
        assert_eq!(em[children[1]].children.ids(), [leaf]);
        em.edit(leaf).set_parent(Some(root));
        assert_eq!(em[root].children.ids(), [children[0], children[1], leaf]);
        em.flush()?;
        let mut up = orm.em();
        up.find_one(leaf)
            .populate(|n| n.parent().children())
            .or_fail()?;
        assert_eq!(
            up.view(leaf).parent().expect("it has one").children().len(),
            3
        );
        em.remove(root);
        em.flush()?;
        assert_eq!(em.find::<Node>().count()?, 0);
        Ok(())
    });
}

#[test]
fn an_entity_may_be_its_own_parent_partner_and_link() {
    use tree::{Node, node};

    on_both_stores::<Node>(|orm| {
        let mut em = orm.em();
        let own = node(&mut em, "own");
        em.edit(own).set_parent(Some(own)).set_next(Some(own));
        em.edit(own).follows().add(own);
        em.edit(own).friends().add(own);
        em.flush()?;
        em.clear();
        em.find_one(own)
            .populate(|n| {
                (
                    n.children(),
                    n.previous(),
                    n.follows(),
                    n.followers(),
                    n.friends(),
                )
            })
            .or_fail()?;
        let node = &em[own];
        assert_eq!(node.children.ids(), [own]);
        assert_eq!(node.previous.get(), Some(own));
        assert_eq!(node.follows.ids(), [own]);
        assert_eq!(node.followers.ids(), [own]);
        assert_eq!(node.friends.ids(), [own]);
        em.remove(own);
        em.flush()?;
        assert_eq!(em.find::<Node>().count()?, 0);
        Ok(())
    });
}

#[test]
fn a_chain_of_one_entity_releases_on_both_sides() {
    use tree::{Node, node};

    on_both_stores::<Node>(|orm| {
        let mut em = orm.em();
        let (a, b, c) = (node(&mut em, "a"), node(&mut em, "b"), node(&mut em, "c"));
        em.edit(a).set_next(Some(b));
        em.edit(c).set_previous(Some(b));
        em.flush()?;
        assert_eq!(
            (em[a].next, em[b].next, em[c].next),
            (Some(b), Some(c), None)
        );
        assert_eq!(em[b].previous.get(), Some(a));
        em.edit(a).set_next(Some(c));
        assert_eq!((em[b].next, em[b].previous.get()), (None, None));
        assert_eq!(em[c].previous.get(), Some(a));
        em.flush()?;
        em.clear();
        em.find_one(c)
            .populate(|n| n.previous().previous())
            .or_fail()?;
        assert_eq!(em[c].previous.get(), Some(a));
        assert_eq!(em[a].previous.get(), None);
        Ok(())
    });
}

#[test]
fn a_graph_of_one_entity_keeps_its_two_directions_apart() {
    use tree::{Node, node};

    on_both_stores::<Node>(|orm| {
        let mut em = orm.em();
        let (a, b, c) = (node(&mut em, "a"), node(&mut em, "b"), node(&mut em, "c"));
        em.edit(a).follows().add([b, c]);
        em.edit(a).followers().add(b);
        em.edit(c).friends().add(a);
        em.flush()?;
        em.clear();
        let all = em
            .find::<Node>()
            .populate(|n| (n.follows(), n.followers(), n.friends()))
            .all()?;
        assert_eq!(all, [a, b, c]);
        assert_eq!(em[a].follows.ids(), [b, c]);
        assert_eq!(em[a].followers.ids(), [b]);
        assert_eq!(em[b].follows.ids(), [a]);
        assert_eq!(em[b].followers.ids(), [a]);
        assert_eq!(em[c].followers.ids(), [a]);
        assert_eq!(
            (em[c].friends.ids(), em[a].friends.ids()),
            (vec![a], vec![])
        );
        em.edit(b).followers().remove(a);
        assert_eq!(em[a].follows.ids(), [c]);
        em.remove(c);
        em.flush()?;
        assert_eq!(em[a].follows.ids(), []);
        assert_eq!(em[a].followers.ids(), [b]);
        Ok(())
    });
}

mod twice {
    use musher::prelude::*;

    pub type All = (Player, Game);

    #[derive(Entity, Debug)]
    pub struct Player {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(one_to_many(mapped_by = white))]
        pub as_white: Collection<Game>,
        #[orm(one_to_many(mapped_by = black))]
        pub as_black: Collection<Game>,
        #[orm(many_to_many(mapped_by = watchers))]
        pub watched: Collection<Game>,
        #[orm(many_to_many(mapped_by = referees))]
        pub judged: Collection<Game>,
    }

    #[derive(Entity, Debug)]
    pub struct Game {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(many_to_one)]
        pub white: Id<Player>,
        #[orm(many_to_one)]
        pub black: Option<Id<Player>>,
        #[orm(many_to_many)]
        pub watchers: Collection<Player>,
        #[orm(many_to_many)]
        pub referees: Collection<Player>,
    }
}

#[test]
fn two_relations_between_the_same_two_entities_are_kept_apart() {
    use twice::{Game, Player};

    on_both_stores::<twice::All>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (em.create(Player::build()), em.create(Player::build()));
        let game = em.create(
            Game::build()
                .white(ann)
                .black(bob)
                .watchers([ann])
                .referees([bob]),
        );
        assert_eq!(em[ann].as_white.ids(), [game]);
        assert_eq!(em[ann].as_black.ids(), []);
        em.edit(game).set_white(bob).set_black(Some(ann));
        em.flush()?;
        em.clear();
        em.find::<Player>()
            .populate(|p| (p.as_white(), p.as_black(), p.watched(), p.judged()))
            .all()?;
        assert_eq!(em[ann].as_white.ids(), []);
        assert_eq!(em[ann].as_black.ids(), [game]);
        assert_eq!(em[bob].as_white.ids(), [game]);
        assert_eq!(
            (em[ann].watched.ids(), em[ann].judged.ids()),
            (vec![game], vec![])
        );
        assert_eq!(
            (em[bob].watched.ids(), em[bob].judged.ids()),
            (vec![], vec![game])
        );
        em.remove(ann);
        em.flush()?;
        assert_eq!(em[game].black, None);
        assert_eq!(em[game].watchers.ids_unchecked(), []);
        Ok(())
    });
}

#[test]
fn a_collection_that_is_moved_into_another_property_moves_its_links() {
    use twice::{Game, Player};

    on_both_stores::<twice::All>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (em.create(Player::build()), em.create(Player::build()));
        let game = em.create(Game::build().white(ann).watchers([ann]).referees([bob]));
        em.flush()?;
        em.clear();
        em.find_one(game)
            .populate(|g| (g.watchers(), g.referees()))
            .or_fail()?;
        em[game].watchers = std::mem::take(&mut em[game].referees);
        em.flush()?;
        em.clear();
        em.find_one(game)
            .populate(|g| (g.watchers(), g.referees()))
            .or_fail()?;
        assert_eq!(em[game].watchers.ids(), [bob]);
        assert_eq!(em[game].referees.ids(), []);

        let found = &mut em[game];
        std::mem::swap(&mut found.watchers, &mut found.referees);
        found.black = Some(Id::new(99_u64));
        assert!(matches!(
            refused(em.flush()),
            Error::ForeignKeyViolation { .. }
        ));
        em[game].black = None; // R5: what was moved is still pending
        em.flush()?;
        em.find::<Player>()
            .populate(|p| (p.watched(), p.judged()))
            .all()?;
        assert_eq!((em[bob].watched.len(), em[bob].judged.len()), (0, 1));
        Ok(())
    });
}

#[test]
fn an_orphan_of_one_relation_stays_one_when_another_is_written() {
    use twice::{Game, Player};

    on_both_stores::<twice::All>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (em.create(Player::build()), em.create(Player::build()));
        let game = em.create(Game::build().white(ann));
        em.flush()?;
        em.edit(ann).as_white().remove(game);
        em.edit(game).set_black(Some(bob));
        assert!(matches!(refused(em.flush()), Error::Validation(_)));
        em.edit(game).set_white(ann);
        assert_eq!(em[ann].as_white.ids(), [game]);
        em.flush()
    });
}

/// Everything that a relation does, on entities whose keys the program chooses.
macro_rules! keys {
    ($name:ident, $key:ty, [$first:expr, $second:expr, $third:expr]) => {
        mod $name {
            use super::*;

            #[derive(Entity, Debug)]
            pub struct Node {
                #[orm(primary_key)]
                pub key: $key,
                #[orm(unique)]
                pub name: String,
                #[orm(default)]
                pub text: Lazy<String>,
                #[orm(many_to_one(inversed_by = children))]
                pub parent: Option<Id<Node>>,
                #[orm(one_to_many(mapped_by = parent))]
                pub children: Collection<Node>,
                #[orm(one_to_one(inversed_by = previous))]
                pub next: Option<Id<Node>>,
                #[orm(one_to_one(mapped_by = next))]
                pub previous: Inverse<Node>,
                #[orm(many_to_many(inversed_by = followers))]
                pub follows: Collection<Node>,
                #[orm(many_to_many(mapped_by = follows))]
                pub followers: Collection<Node>,
            }

            fn keys() -> [Id<Node>; 3] {
                [Id::new($first), Id::new($second), Id::new($third)]
            }

            fn fill(em: &mut EntityManager) -> musher::Result<()> {
                for (id, name) in keys().into_iter().zip(["first", "second", "third"]) {
                    let node = Node::build().key(id.into_key()).name(name);
                    em.create(node.text(format!("text of {name}")));
                }
                let [first, second, third] = keys();
                em.edit(second.clone()).set_parent(Some(first.clone()));
                em.edit(first.clone()).children().add(third.clone());
                em.edit(first.clone()).set_next(Some(second.clone()));
                em.edit(third).follows().add([first, second]);
                em.flush()
            }

            #[test]
            fn relations_hold() {
                on_both_stores::<Node>(|orm| {
                    let mut em = orm.em();
                    fill(&mut em)?;
                    em.clear();
                    let [first, second, third] = keys();
                    em.find_one(first.clone())
                        .populate(|n| (n.children(), n.next(), n.followers(), n.text()))
                        .or_fail()?;
                    em.find_one(third.clone())
                        .populate(|n| (n.follows(), n.parent()))
                        .or_fail()?;
                    em.populate(second.clone(), |n| (n.previous(), n.text()))?;
                    let mut children = vec![second.clone(), third.clone()];
                    children.sort();
                    assert_eq!(em[first.clone()].children.ids(), children);
                    assert_eq!(em[first.clone()].next, Some(second.clone()));
                    assert_eq!(em[second.clone()].previous.get(), Some(first.clone()));
                    assert_eq!(
                        em[first.clone()].followers.ids(),
                        std::slice::from_ref(&third)
                    );
                    let mut followed = vec![first.clone(), second.clone()];
                    followed.sort();
                    assert_eq!(em[third].follows.ids(), followed);
                    assert_eq!(em[second].text.get().unwrap(), "text of second");
                    Ok(())
                });
            }

            #[test]
            fn rows_come_in_the_order_of_their_keys_and_are_found_by_them() {
                on_both_stores::<Node>(|orm| {
                    let mut em = orm.em();
                    fill(&mut em)?;
                    let mut sorted = keys().to_vec();
                    sorted.sort();
                    assert_eq!(em.find::<Node>().all()?, sorted);
                    let wanted = sorted[1].clone();
                    let found = em.find::<Node>();
                    let found = found.filter(|n| n.key().eq(wanted.key().clone())).all()?;
                    assert_eq!(found, std::slice::from_ref(&wanted));
                    let below = em.find::<Node>();
                    let below = below.filter(|n| n.key().lt(wanted.key().clone())).all()?;
                    assert_eq!(below, sorted[..1]);
                    let by_parent = em.find::<Node>();
                    let [first, ..] = keys();
                    let by_parent = by_parent
                        .filter(|n| n.parent().key().eq(first.into_key()))
                        .count()?;
                    assert_eq!(by_parent, 2);
                    Ok(())
                });
            }

            #[test]
            fn removal_follows_the_references() {
                on_both_stores::<Node>(|orm| {
                    let mut em = orm.em();
                    fill(&mut em)?;
                    em.clear();
                    let [first, second, third] = keys();
                    em.remove(first.clone());
                    em.flush()?;
                    em.find_one(second.clone())
                        .populate(|n| n.previous())
                        .or_fail()?;
                    em.find_one(third.clone())
                        .populate(|n| n.follows())
                        .or_fail()?;
                    assert_eq!(em[second.clone()].parent, None);
                    assert_eq!(em[second.clone()].previous.get(), None);
                    assert_eq!(em[third].follows.ids(), [second]);
                    Ok(())
                });
            }

            #[test]
            fn a_key_survives_reopening() {
                let directory = tempfile::tempdir().expect("there is room for a directory");
                let orm = support::open::<Node>(directory.path());
                let mut em = orm.em();
                fill(&mut em).expect("it can be stored");
                drop((em, orm));
                let orm = support::open::<Node>(directory.path());
                let mut em = orm.em();
                for id in keys() {
                    assert_eq!(em.find_one(id.clone()).or_fail().expect("it is there"), id);
                }
                assert!(orm.verify().expect("it can be read").is_clean());
            }
        }
    };
}

keys!(
    text_keys,
    String,
    ["b".to_owned(), String::new(), "a\0b".to_owned()]
);
keys!(signed_keys, i64, [-5, 0, i64::MIN]);
keys!(unsigned_keys, u64, [300, 0, u64::MAX]);
keys!(
    composite_keys,
    (String, i32),
    [
        ("a".to_owned(), 1),
        ("a".to_owned(), -1),
        ("aa".to_owned(), 0)
    ]
);
keys!(
    bool_keys_in_a_tuple,
    (bool, u8, char),
    [(true, 0, 'x'), (false, 255, 'y'), (true, 0, 'a')]
);

#[cfg(feature = "uuid")]
keys!(
    uuid_keys,
    uuid::Uuid,
    [
        uuid::Uuid::from_u128(7),
        uuid::Uuid::nil(),
        uuid::Uuid::max()
    ]
);

#[cfg(feature = "uuid")]
#[test]
fn a_uuid_is_generated_in_order() {
    #[derive(Entity, Debug)]
    struct Event {
        #[orm(primary_key)]
        id: Pk<uuid::Uuid>,
        number: u32,
    }
    on_both_stores::<Event>(|orm| {
        let mut em = orm.em();
        let made: Vec<_> = (0..20)
            .map(|number| em.create(Event::build().number(number)))
            .collect();
        em.flush()?;
        em.clear();
        assert_eq!(em.find::<Event>().all()?, made);
        assert_eq!(em[made[3]].id.get_version_num(), 7);
        Ok(())
    });
}
