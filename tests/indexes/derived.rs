//! Indexes over what a function makes of a row.

use std::sync::atomic::{AtomicU16, Ordering};

use musher::prelude::*;

use super::{Base, Tenant};
use crate::support::{Engine, on_both_stores, open, refused};

#[derive(Entity, Debug)]
#[orm(
    unique(lower_email: String = email.to_lowercase()),
    unique(tenant, lower_nick: Option<String> = nick.as_deref().map(str::to_lowercase)),
    index(score: i64 = score_of(*wins, base.rank)),
    index(initial: char = Self::initial(email), wins)
)]
struct Player {
    #[orm(base)]
    base: Base,
    email: String,
    nick: Option<String>,
    #[orm(default)]
    wins: u32,
    #[orm(many_to_one)]
    tenant: Option<Id<Tenant>>,
    bio: Lazy<Option<String>>,
}

impl Player {
    fn initial(email: &str) -> char {
        email.chars().next().unwrap_or(' ')
    }
}

fn score_of(wins: u32, rank: u8) -> i64 {
    i64::from(wins) - i64::from(rank)
}

type Players = (Player, Tenant);

fn player(em: &mut EntityManager, email: &str) -> Id<Player> {
    em.create(Player::build().email(email))
}

#[test]
fn what_is_derived_is_unique_on_the_final_state() {
    on_both_stores::<Players>(|orm| {
        let mut em = orm.em();
        let ann = player(&mut em, "Ann@house.org");
        let bob = player(&mut em, "bob@house.org");
        em.flush()?;
        em[bob].email = "ANN@house.org".into();
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "Player 2: `lower_email` must be unique, but Player 1 already has \"ann@house.org\"; choose another value or change \
             that row in the same flush"
        );
        // Two rows may swap, and a row may change what makes no difference.
        em[ann].email = "BOB@house.org".into();
        em.flush()?;
        em[ann].email = "bob@house.org".into();
        em.flush()?;
        em.remove(ann);
        let new = player(&mut em, "Bob@House.org");
        em.flush()?;
        let found = em
            .find::<Player>()
            .filter(|p| p.lower_email().eq("bob@house.org"))
            .all()?;
        assert_eq!(found, [new]);
        Ok(())
    });
}

#[test]
fn a_derived_none_is_ignored_and_a_reference_may_be_a_part() {
    on_both_stores::<Players>(|orm| {
        let mut em = orm.em();
        let tenant = em.create(Tenant::build().name("one"));
        let mut add = |email: &str, nick: Option<&str>, tenant: Option<Id<Tenant>>| {
            let id = player(&mut em, email);
            em[id].nick = nick.map(str::to_owned);
            em.edit(id).set_tenant(tenant);
            em.flush()
        };
        add("a", None, Some(tenant))?;
        add("b", None, Some(tenant))?;
        add("c", Some("X"), None)?;
        add("d", Some("x"), None)?;
        add("e", Some("X"), Some(tenant))?;
        let error = refused(add("f", Some("x"), Some(tenant))).to_string();
        assert!(
            error.contains("`tenant, lower_nick` must be unique")
                && error.contains("already has (Tenant 1, Some(\"x\"))"),
            "{error}"
        );
        Ok(())
    });
}

type Ask = fn(musher::Find<'_, Player>) -> musher::Find<'_, Player>;

#[test]
fn what_is_derived_is_asked_for_and_ordered_by_like_a_property() {
    on_both_stores::<Players>(|orm| {
        let mut em = orm.em();
        for (email, wins, rank) in [("Ann", 3, 0), ("ari", 1, 5), ("Bob", 2, 1), ("Cid", 0, 0)] {
            let id = player(&mut em, email);
            em[id].wins = wins;
            em[id].base.rank = rank;
        }
        em.flush()?;
        let mut emails = |ask: Ask| -> musher::Result<Vec<String>> {
            let ids = ask(em.find::<Player>()).all()?;
            Ok(ids.iter().map(|id| em[*id].email.clone()).collect())
        };
        let scores = emails(|q| q.filter(|p| p.score().lt(1)).order_by(|p| p.score().asc()))?;
        assert_eq!(scores, ["ari", "Cid"]);
        let names = emails(|q| q.filter(|p| p.lower_email().starts_with("a")))?;
        assert_eq!(names, ["Ann", "ari"]);
        let not = emails(|q| q.filter(|p| p.initial().ne('A').and(p.wins().ge(1_u32))))?;
        assert_eq!(not, ["ari", "Bob"]);
        let last = emails(|q| q.order_by(|p| p.lower_email().desc()).limit(2))?;
        assert_eq!(last, ["Cid", "Bob"]);
        let none = emails(|q| q.filter(|p| p.lower_nick().is_some()))?;
        assert_eq!(none, Vec::<String>::new());
        let scores = em.find::<Player>();
        let scores = scores.fields(|p| (p.lower_email(), p.score())).all()?;
        assert_eq!(scores[..2], [("ann".to_owned(), 3), ("ari".to_owned(), -4)]);
        Ok(())
    });
}

#[test]
fn what_is_derived_can_not_be_set() {
    on_both_stores::<Players>(|orm| {
        let mut em = orm.em();
        player(&mut em, "ann");
        em.flush()?;
        let update = em.update_where::<Player>(|p| p.wins().eq(0_u32));
        let error = refused(update.set(|p| p.lower_email().set("bob")).execute());
        assert_eq!(
            error.to_string(),
            "Player: an update can't set `lower_email`: an index computes it; set what it is computed of"
        );
        em.update_where::<Player>(|p| p.lower_email().eq("ann"))
            .set(|p| p.email().set("BOB"))
            .execute()?;
        assert_eq!(
            em.find::<Player>()
                .filter(|p| p.lower_email().eq("bob"))
                .count()?,
            1
        );
        Ok(())
    });
}

#[test]
fn what_is_derived_is_reached_over_relations() {
    #[derive(Entity, Debug)]
    struct Game {
        #[orm(primary_key)]
        id: Pk,
        #[orm(many_to_one)]
        winner: Id<Player>,
    }
    on_both_stores::<(Players, Game)>(|orm| {
        let mut em = orm.em();
        let players = ["Zoe", "ann"].map(|email| player(&mut em, email));
        let games = players.map(|winner| em.create(Game::build().winner(winner)));
        em.flush()?;
        let by_email = em
            .find::<Game>()
            .order_by(|g| g.winner().lower_email().asc())
            .all()?;
        assert_eq!(by_email, [games[1], games[0]]);
        let zoes = em
            .find::<Game>()
            .filter(|g| g.winner().lower_email().eq("zoe"))
            .all()?;
        assert_eq!(zoes, [games[0]]);
        Ok(())
    });
}

#[test]
fn an_index_may_have_the_version_that_the_flush_counts() {
    #[derive(Entity, Debug)]
    #[orm(index(size, version), index(parity: bool = version % 2 == 0))]
    struct Sheet {
        #[orm(primary_key)]
        id: Pk,
        size: u8,
        #[orm(version)]
        version: u64,
    }
    on_both_stores::<Sheet>(|orm| {
        let mut em = orm.em();
        let [one, two] = [(); 2].map(|()| em.create(Sheet::build().size(1_u8)));
        em.flush()?;
        em[one].size = 2;
        em.flush()?;
        em.update_where::<Sheet>(|s| s.id().eq(*two.key()))
            .set(|s| s.size().set(3_u8))
            .execute()?;
        em[one].size = 4;
        em.flush()?;
        let even = em.find::<Sheet>().filter(|s| s.parity().eq(true)).all()?;
        assert_eq!(even, [two]);
        let third = em
            .find::<Sheet>()
            .filter(|s| s.size().eq(4_u8).and(s.version().eq(3_u64)));
        assert_eq!(third.all()?, [one]);
        Ok(())
    });
}

// R14: the entry is of what two units of work have made of the row.
#[test]
fn the_entry_is_of_the_merged_row() {
    on_both_stores::<Players>(|orm| {
        let mut em = orm.em();
        let ann = player(&mut em, "ann");
        em.flush()?;
        let (mut first, mut second) = (orm.em(), orm.em());
        first.find_one(ann).or_fail()?;
        second.find_one(ann).or_fail()?;
        first[ann].wins = 9;
        first.flush()?;
        second[ann].base.rank = 2;
        second.flush()?;
        let mut em = orm.em();
        let found = em.find::<Player>().filter(|p| p.score().eq(7)).all()?;
        assert_eq!(found, [ann]);
        Ok(())
    });
}

#[test]
fn what_is_derived_may_be_too_long_for_a_key() {
    #[derive(Entity, Debug)]
    #[orm(index(padding: String = " ".repeat(usize::from(*size))))]
    struct Box {
        #[orm(primary_key)]
        id: Pk,
        size: u16,
    }
    on_both_stores::<Box>(|orm| {
        let mut em = orm.em();
        let id = em.create(Box::build().size(u16::MAX));
        let error = refused(em.flush()).to_string();
        assert!(
            error.contains("Box 1: `padding` needs a stored key of"),
            "{error}"
        );
        em[id].size = 9;
        em.flush()
    });
}

#[test]
fn a_panic_of_the_function_changes_nothing() {
    #[derive(Entity, Debug)]
    #[orm(index(checked: u8 = checked(*size)))]
    struct Thing {
        #[orm(primary_key)]
        id: Pk,
        size: u8,
    }
    fn checked(size: u8) -> u8 {
        assert!(size < 100, "too large");
        size
    }
    on_both_stores::<Thing>(|orm| {
        let mut em = orm.em();
        let thing = em.create(Thing::build().size(1_u8));
        em.flush()?;
        em[thing].size = 200;
        let panicked =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| em.flush().map_err(drop)));
        assert!(panicked.is_err());
        em[thing].size = 2;
        em.flush()?;
        let found = orm
            .em()
            .find::<Thing>()
            .filter(|t| t.checked().eq(2_u8))
            .all()?;
        assert_eq!(found, [thing]);
        Ok(())
    });
}

#[test]
fn what_is_derived_of_a_hidden_property_is_hidden_and_in_no_serialization() {
    #[derive(Entity, Debug)]
    #[orm(unique(digest: u32 = pin * 2))]
    struct Card {
        #[orm(primary_key)]
        id: Pk,
        #[orm(hidden)]
        pin: u32,
    }
    on_both_stores::<Card>(|orm| {
        let mut em = orm.em();
        let card = em.create(Card::build().pin(4_u32));
        em.flush()?;
        let json = serde_json::to_value(em.view(card)).expect("it can be serialized");
        assert_eq!(json, serde_json::json!({ "id": 1 }));
        assert_eq!(
            format!("{:?}", em.view(card)),
            "Card { id: 1, pin: <hidden> }"
        );
        em.create(Card::build().pin(4_u32));
        let error = refused(em.flush()).to_string();
        assert!(error.contains("already has <hidden>"), "{error}");
        em.clear();
        Ok(())
    });
}

/// What the function of `Page` adds; a program with another function is another build.
static ADDED: AtomicU16 = AtomicU16::new(0);

#[derive(Entity, Debug)]
#[orm(index(shifted: u16 = size + ADDED.load(Ordering::Relaxed)))]
struct Page {
    #[orm(primary_key)]
    id: Pk,
    size: u16,
}

#[test]
fn entries_of_a_function_that_has_changed_are_found_by_verify_and_mended_by_repair() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path();
    let with_entries = || -> musher::Result<()> {
        let orm = open::<Page>(path);
        let mut em = orm.em();
        em.create(Page::build().size(1_u16));
        em.flush()?;
        drop(em);
        orm.close()?;
        ADDED.store(10, Ordering::Relaxed);

        let orm = open::<Page>(path);
        let report = orm.verify()?;
        let problems: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(
            problems
                .iter()
                .all(|problem| problem.starts_with("Page.shifted: "))
        );
        orm.close()?;
        let repair = Orm::builder().entities::<Page>().repair(path)?;
        assert_eq!((repair.mended.len(), repair.left.len()), (2, 0));

        let orm = open::<Page>(path);
        let mut em = orm.em();
        assert_eq!(
            em.find::<Page>()
                .filter(|p| p.shifted().eq(11_u16))
                .count()?,
            1
        );
        Ok(())
    };
    with_entries().unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_result_may_have_another_type_and_the_index_is_built_anew() {
    mod before {
        use musher::prelude::*;
        #[derive(Entity, Debug)]
        #[orm(index(length: u8 = u8::try_from(name.len()).unwrap_or(u8::MAX)))]
        pub struct Item {
            #[orm(primary_key)]
            pub id: Pk,
            pub name: String,
        }
    }
    mod after {
        use musher::prelude::*;
        #[derive(Entity, Debug)]
        #[orm(index(length: String = format!("{:03}", name.len())))]
        pub struct Item {
            #[orm(primary_key)]
            pub id: Pk,
            pub name: String,
        }
    }
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<before::Item>(directory.path());
    let mut em = orm.em();
    em.create(before::Item::build().name("four"));
    em.flush().expect("it can be stored");
    drop(em);
    orm.close().expect("nobody else holds it");
    let orm = open::<after::Item>(directory.path());
    assert!(orm.verify().expect("it can be read").is_clean());
    orm.close().expect("nobody else holds it");
    let entries = Engine::open(directory.path())
        .tree("index:Item.length")
        .entries();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].0.starts_with(b"004"));
}
