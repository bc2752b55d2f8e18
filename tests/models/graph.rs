//! Trees and graphs of one entity: what a removal takes with it is what a plain search finds.

use std::collections::BTreeSet;

use musher::prelude::*;
use proptest::prelude::*;

use crate::support::on_both_stores;

/// A tree and a graph of one entity: subtrees go with their root, and what a node is linked to by
/// `takes` goes with the node.
#[derive(Entity, Debug)]
struct Node {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one(inversed_by = children))]
    parent: Option<Id<Node>>,
    #[orm(one_to_many(mapped_by = parent, cascade(remove)))]
    children: Collection<Node>,
    #[orm(many_to_many(inversed_by = taken_by, cascade(remove)))]
    takes: Collection<Node>,
    #[orm(many_to_many(mapped_by = takes))]
    taken_by: Collection<Node>,
}

/// A graph of up to eight nodes, what is loaded of it, what moves before the flush, and what is removed.
#[derive(Debug, Clone)]
struct Case {
    parents: Vec<Option<usize>>,
    links: BTreeSet<(usize, usize)>,
    loaded: Vec<bool>,
    populated: bool,
    moves: Vec<(usize, Option<usize>)>,
    toggled: BTreeSet<(usize, usize)>,
    removed: BTreeSet<usize>,
}

const NODES: usize = 8;

fn cases() -> impl Strategy<Value = Case> {
    let node = || 0..NODES;
    let parent = || proptest::option::of(0..NODES);
    let pairs = || proptest::collection::btree_set((node(), node()), 0..6);
    (
        proptest::collection::vec(parent(), NODES),
        pairs(),
        proptest::collection::vec(any::<bool>(), NODES),
        any::<bool>(),
        proptest::collection::vec((node(), parent()), 0..3),
        pairs(),
        proptest::collection::btree_set(node(), 1..3),
    )
        .prop_map(
            |(parents, links, loaded, populated, moves, toggled, removed)| Case {
                parents,
                links,
                loaded,
                populated,
                moves,
                toggled,
                removed,
            },
        )
}

impl Case {
    /// What is left, by plain search.
    fn left(&self) -> BTreeSet<usize> {
        let mut parents = self.parents.clone();
        for (node, parent) in &self.moves {
            parents[*node] = *parent;
        }
        let links: BTreeSet<_> = self
            .links
            .symmetric_difference(&self.toggled)
            .copied()
            .collect();
        let mut open: Vec<_> = self.removed.iter().copied().collect();
        let mut left: BTreeSet<_> = (0..NODES).collect();
        while let Some(node) = open.pop() {
            if left.remove(&node) {
                open.extend((0..NODES).filter(|child| parents[*child] == Some(node)));
                open.extend(
                    links
                        .iter()
                        .filter(|(from, _)| *from == node)
                        .map(|(_, to)| *to),
                );
            }
        }
        left
    }

    fn run(&self, orm: &Orm) -> musher::Result<()> {
        let mut em = orm.em();
        let nodes: Vec<_> = (0..NODES).map(|_| em.create(Node::build())).collect();
        for (node, parent) in self.parents.iter().enumerate() {
            em[nodes[node]].parent = parent.map(|parent| nodes[parent]);
        }
        for (from, to) in &self.links {
            em.edit(nodes[*from]).takes().add(nodes[*to]);
        }
        em.flush()?;
        em.clear();
        let changed = self
            .moves
            .iter()
            .map(|(node, _)| node)
            .chain(self.toggled.iter().map(|(from, _)| from));
        for node in changed.chain(
            (0..NODES)
                .collect::<Vec<_>>()
                .iter()
                .filter(|node| self.loaded[**node]),
        ) {
            let found = em.find_one(nodes[*node]);
            if self.populated {
                found.populate(|n| (n.children(), n.takes())).or_fail()?;
            } else {
                found.or_fail()?;
            }
        }
        for (node, parent) in &self.moves {
            em[nodes[*node]].parent = parent.map(|parent| nodes[parent]);
        }
        for (from, to) in &self.toggled {
            let edit = &mut em.edit(nodes[*from]);
            if self.links.contains(&(*from, *to)) {
                edit.takes().remove(nodes[*to]);
            } else {
                edit.takes().add(nodes[*to]);
            }
        }
        for node in &self.removed {
            em.remove(nodes[*node]);
        }
        em.flush()?;
        let left: BTreeSet<_> = self.left().into_iter().map(|node| nodes[node]).collect();
        let stored: BTreeSet<_> = orm.em().find::<Node>().all()?.into_iter().collect();
        assert_eq!(stored, left, "in the store");
        let gone = nodes.iter().filter(|node| !left.contains(node));
        assert!(gone.clone().all(|node| !em.is_managed(*node)), "in memory");
        assert!(orm.verify()?.is_clean());
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_goes_is_what_a_plain_search_over_the_graph_says(case in cases()) {
        let orm = Orm::builder().entities::<Node>().in_memory().expect("the schema is valid");
        if let Err(error) = case.run(&orm) {
            panic!("{error}");
        }
    }
}

#[test]
fn whole_subtrees_and_cycles_go_on_both_stores() {
    on_both_stores::<Node>(|orm| {
        let case = Case {
            parents: vec![
                None,
                Some(0),
                Some(1),
                Some(1),
                Some(3),
                Some(6),
                Some(5),
                Some(7),
            ],
            links: [(4, 5), (0, 0)].into(),
            loaded: vec![false; NODES],
            populated: false,
            moves: Vec::new(),
            toggled: BTreeSet::new(),
            removed: [1].into(),
        };
        assert_eq!(case.left(), [0, 7].into());
        case.run(orm)
    });
}
