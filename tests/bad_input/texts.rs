//! Texts: empty, with zeros, prefixes of each other, unsorted and not normalized.

use std::collections::BTreeSet;

use musher::FlushMode;
use musher::prelude::*;

use crate::support::*;

#[derive(Entity, Debug)]
struct Word {
    #[orm(primary_key)]
    text: String,
    #[orm(unique)]
    same: String,
    #[orm(index, default)]
    also: Option<String>,
    #[orm(many_to_one)]
    next: Option<Id<Word>>,
    #[orm(many_to_many)]
    related: Collection<Word>,
}

/// Each looks like another, or would meet it in a store that joins or ends keys carelessly.
const WORDS: [&str; 18] = [
    "",
    "\0",
    "\0\0",
    "\0\u{1}",
    "a",
    "a\0",
    "a\0b",
    "a\0\0",
    "ab",
    "b",
    "A",
    "é",
    "e\u{301}",
    "ß",
    "ẞ",
    "\u{202e}rtl",
    "🦀",
    "\u{10ffff}",
];

#[test]
fn every_text_is_a_key_an_index_value_a_reference_and_a_link() {
    on_both_stores::<Word>(|orm| {
        let mut em = orm.em();
        em.set_flush_mode(FlushMode::Commit);
        let ids = WORDS.map(|word| {
            let new = Word::build().text(word).same(word);
            em.create(new.also(Some(word.to_owned())))
        });
        for (at, id) in ids.iter().enumerate() {
            let next = ids[(at + 1) % ids.len()].clone();
            em.edit(id.clone())
                .set_next(Some(next.clone()))
                .related()
                .add([id.clone(), next]);
        }
        em.flush()?;
        assert!(orm.verify()?.is_clean());

        em.clear();
        let sorted: BTreeSet<&str> = WORDS.into_iter().collect();
        let found = em.find::<Word>().all()?;
        assert!(found.iter().map(Id::key).eq(sorted), "{found:?}");
        for (at, word) in WORDS.into_iter().enumerate() {
            let id = em
                .find_one::<Word>(word)
                .populate(|w| w.related())
                .or_fail()?
                .id();
            let next = &ids[(at + 1) % ids.len()];
            assert_eq!(em[&id].next.as_ref(), Some(next));
            let related: BTreeSet<_> = em[&id].related.ids().into_iter().collect();
            assert_eq!(related, BTreeSet::from([id.clone(), next.clone()]));
            let only = vec![id];
            assert_eq!(em.find::<Word>().filter(|w| w.same().eq(word)).all()?, only);
            let also = Some(word.to_owned());
            assert_eq!(
                em.find::<Word>()
                    .filter(|w| w.also().eq(also.clone()))
                    .all()?,
                only
            );
            let next = next.clone();
            assert_eq!(
                em.find::<Word>()
                    .filter(|w| w.next().text().eq(next.key().as_str()))
                    .all()?,
                only
            );
        }
        for word in WORDS {
            em.remove(Id::<Word>::new(word.to_owned()));
        }
        em.flush()?;
        assert_eq!(em.find::<Word>().count()?, 0);
        Ok(())
    });
}

#[test]
fn an_empty_text_is_a_value_and_no_text_is_none() {
    on_both_stores::<Word>(|orm| {
        let mut em = orm.em();
        let empty = em.create(
            Word::build()
                .text("empty")
                .same("1")
                .also(Some(String::new())),
        );
        let none = em.create(Word::build().text("none").same("2"));
        em.flush()?;
        let found = em
            .find::<Word>()
            .filter(|w| w.also().eq(Some(String::new())))
            .all()?;
        assert_eq!(found, [empty]);
        assert_eq!(
            em.find::<Word>().filter(|w| w.also().is_none()).all()?,
            [none]
        );
        Ok(())
    });
}
