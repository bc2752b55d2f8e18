//! Random work of two units of work, and copies of the rows that are made of nothing but the feed.
//!
//! A copy is a map of what each row's properties are, as text. After every commit the copies must
//! equal the stored rows; and each change must be a change of the copy: its old values are what the
//! copy has, its new values are others. Work that breaks a rule is given up, and must not be told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use musher::FlushMode;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// The properties of a row by name, each as text.
type Properties = BTreeMap<&'static str, String>;

/// All rows, by entity and key.
type Rows = BTreeMap<(&'static str, String), Properties>;

fn insert(properties: &mut Properties, name: &'static str, value: Option<&impl Debug>) {
    if let Some(value) = value {
        properties.insert(name, format!("{value:?}"));
    }
}

/// What a payload has of the named properties.
macro_rules! told {
    ($payload:expr, $($property:ident)*) => {{
        let (payload, mut told) = ($payload, Properties::new());
        $(insert(&mut told, stringify!($property), payload.$property());)*
        told
    }};
}

/// Subscriptions to the named entities; their columns, and the many-to-many collections that they own.
macro_rules! copies {
    ($($feed:ident: $entity:ident { $($column:ident)* } [ $($links:ident)* ])*) => {
        struct Feeds {
            $($feed: Receiver<FeedItem<$entity>>,)*
        }

        impl Feeds {
            fn of(orm: &Orm) -> Self {
                Self { $($feed: orm.subscribe(),)* }
            }

            /// Applies everything that waits to the copies.
            fn apply(&self, rows: &mut Rows) {
                $(for change in waiting(&self.$feed) {
                    let at = ($entity::NAME, change.id().to_string());
                    let old = told!(change.original(), $($column)*);
                    let new = told!(change.payload(), $($column)*);
                    apply(rows, at.clone(), &change, &old, new);
                    $(if change.kind() != ChangeKind::Delete {
                        let links = change.links(|it| it.$links());
                        let row = rows.get_mut(&at).expect("it was just written");
                        relink(row, stringify!($links), &change, &links);
                    })*
                })*
            }
        }

        /// What is stored.
        fn stored(orm: &Orm) -> Rows {
            let (mut em, mut rows) = (orm.em(), Rows::new());
            $(for id in em.find::<$entity>().all().expect("the rows can be read") {
                em.populate(id.clone(), |it| ($(it.$links(),)* it.clone())).expect("it was found");
                let (entity, mut row) = (&em[&id], Properties::new());
                $(insert(&mut row, stringify!($column), Some(&entity.$column));)*
                $(let ids: BTreeSet<_> = entity.$links.ids().into_iter().collect();
                insert(&mut row, stringify!($links), Some(&ids));)*
                rows.insert(($entity::NAME, id.to_string()), row);
            })*
            rows
        }
    };
}

copies! {
    users: User { email bio age updates } []
    profiles: Profile { text user } []
    articles: Article { slug title summary language author editor } [tags]
    tags: Tag { name } []
    comments: Comment { text article reply_to writer } []
    folders: Folder { name } []
    notes: Note { text folder } []
    pages: Page { title next owner } [badges]
    covers: Cover { color page } []
    tasks: Task { order code hooks stamp parent } [badges]
    badges: Badge { name } []
}

fn apply<T: Entity>(
    rows: &mut Rows,
    at: (&'static str, String),
    change: &RowChange<T>,
    old: &Properties,
    new: Properties,
) {
    match change.kind() {
        ChangeKind::Create => {
            assert_eq!(*old, Properties::new());
            assert_eq!(rows.insert(at, new), None);
        }
        ChangeKind::Update => {
            let row = rows.get_mut(&at).expect("it was created");
            assert!(change.changed().count() > 0);
            assert!(old.keys().eq(new.keys()));
            assert!(
                new.keys()
                    .all(|name| change.changed().any(|it| it == *name))
            );
            for (name, value) in new {
                assert_ne!(old[name], value, "{change:?}");
                assert_eq!(row.insert(name, value).as_ref(), Some(&old[name]));
            }
        }
        ChangeKind::Delete => {
            let mut row = rows.remove(&at).expect("it was created");
            row.retain(|name, _| old.contains_key(name));
            assert_eq!(row, *old);
        }
    }
}

/// Applies changes of links to a row whose links are kept as the text of a set.
fn relink<T: Entity, U: Entity>(
    row: &mut Properties,
    name: &'static str,
    change: &RowChange<T>,
    links: &musher::Links<U>,
) {
    let print = |id: &Id<U>| format!("{id:?}");
    let text = row.remove(name).unwrap_or_else(|| "{}".to_owned());
    let mut ids: BTreeSet<String> = text
        .trim_matches(['{', '}'])
        .split(", ")
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
        .collect();
    let is_changed = !links.is_empty();
    assert_eq!(
        is_changed,
        change.changed().any(|it| it == name),
        "{change:?}"
    );
    assert!(links.removed.iter().all(|id| ids.remove(&print(id))));
    assert!(links.added.iter().all(|id| ids.insert(print(id))));
    let mut ids: Vec<_> = ids.into_iter().collect();
    // As ids sort, by number.
    ids.sort_by_key(|id| (id.len(), id.clone()));
    row.insert(name, format!("{{{}}}", ids.join(", ")));
}

#[derive(Clone, Copy, Debug)]
enum Act {
    NewUser,
    ChangeUser,
    NewProfile,
    GiveProfile,
    NewArticle,
    ChangeArticle,
    GiveArticle,
    Link,
    Unlink,
    SetTags,
    NewTag,
    NewComment,
    NewNote,
    MoveNote,
    NewPage,
    ReplacePage,
    NewCover,
    NewTask,
    Remove,
    Flush,
    Begin,
    Commit,
    Rollback,
}

const ACTS: &[Act] = {
    use Act::*;
    &[
        NewUser,
        ChangeUser,
        NewProfile,
        GiveProfile,
        NewArticle,
        NewArticle,
        ChangeArticle,
        GiveArticle,
        Link,
        Link,
        Unlink,
        SetTags,
        NewTag,
        NewComment,
        NewComment,
        NewNote,
        MoveNote,
        NewPage,
        ReplacePage,
        NewCover,
        NewTask,
        NewTask,
        Remove,
        Remove,
        Flush,
        Flush,
        Flush,
        Begin,
        Commit,
        Rollback,
    ]
};

/// What shall happen, in which unit of work, to which rows.
#[derive(Clone, Debug)]
struct Step {
    unit: usize,
    act: Act,
    a: usize,
    b: usize,
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..6_usize;
    (0..2_usize, select(ACTS), at.clone(), at).prop_map(|(unit, act, a, b)| Step {
        unit,
        act,
        a,
        b,
    })
}

/// One of the rows there are, if there are any.
fn pick<T: Managed>(em: &mut EntityManager, at: usize) -> musher::Result<Option<Id<T>>> {
    let mut ids = em.find::<T>().all()?;
    Ok(at.checked_rem(ids.len()).map(|at| ids.swap_remove(at)))
}

fn remove<T: Managed>(em: &mut EntityManager, at: usize) -> musher::Result<()> {
    if let Some(id) = pick::<T>(em, at)? {
        em.remove(id);
    }
    Ok(())
}

fn act(em: &mut EntityManager, step: &Step) -> musher::Result<()> {
    let Step { act, a, b, .. } = *step;
    match act {
        Act::NewUser => drop(user(em, &a.to_string())),
        Act::NewTag => drop(tag(em, &a.to_string())),
        Act::NewPage => drop(page(em, &format!("/{a}"))),
        Act::ChangeUser => {
            if let Some(id) = pick::<User>(em, a)? {
                em[id].bio = b.to_string();
                em[id].age = (b > 2).then_some(7);
            }
        }
        Act::Remove => match a {
            0 => remove::<User>(em, b)?,
            1 => remove::<Article>(em, b)?,
            2 => remove::<Comment>(em, b)?,
            3 => remove::<Tag>(em, b)?,
            4 => remove::<Task>(em, b)?,
            _ => remove::<Badge>(em, b)?,
        },
        Act::Flush => em.flush()?,
        Act::Begin => em.begin(),
        Act::Commit if em.is_in_transaction() => em.commit()?,
        Act::Commit => {}
        Act::Rollback => em.rollback(),
        Act::NewProfile | Act::GiveProfile | Act::NewArticle | Act::ChangeArticle => {
            act_on_users(em, step)?;
        }
        Act::NewNote | Act::MoveNote | Act::ReplacePage | Act::NewCover | Act::NewTask => {
            act_on_others(em, step)?;
        }
        Act::GiveArticle | Act::Link | Act::Unlink | Act::SetTags | Act::NewComment => {
            act_on_articles(em, step)?;
        }
    }
    Ok(())
}

fn act_on_users(em: &mut EntityManager, step: &Step) -> musher::Result<()> {
    let (a, b) = (step.a, step.b);
    let Some(user) = pick::<User>(em, a)? else {
        return Ok(());
    };
    match step.act {
        Act::NewProfile => drop(em.create(Profile::build().text("new").user(user))),
        Act::GiveProfile => {
            if let Some(profile) = pick::<Profile>(em, b)? {
                em.edit(profile).set_user(Some(user));
            }
        }
        Act::NewArticle => drop(article(em, &b.to_string(), user)),
        _ => {
            if let Some(article) = pick::<Article>(em, b)? {
                em[article].title = a.to_string();
                em[article].text = b.to_string().into();
                em.edit(article).set_editor(Some(user));
            }
        }
    }
    Ok(())
}

fn act_on_articles(em: &mut EntityManager, step: &Step) -> musher::Result<()> {
    let (a, b) = (step.a, step.b);
    let Some(article) = pick::<Article>(em, a)? else {
        return Ok(());
    };
    let tags = em.find::<Tag>().all()?;
    match step.act {
        Act::GiveArticle => {
            if let Some(user) = pick::<User>(em, b)? {
                em.edit(article).set_author(user);
            }
        }
        Act::Link | Act::Unlink => {
            let Some(at) = b.checked_rem(tags.len()) else {
                return Ok(());
            };
            if matches!(step.act, Act::Link) {
                em.edit(article).tags().add(tags[at]);
            } else {
                em.edit(article).tags().remove(tags[at]);
            }
        }
        Act::SetTags => em[article].tags = tags.into_iter().skip(b).collect(),
        _ => {
            let reply_to = pick::<Comment>(em, b)?;
            let comment = em.create(Comment::build().text("new").article(article));
            em[comment].reply_to = reply_to;
        }
    }
    Ok(())
}

fn act_on_others(em: &mut EntityManager, step: &Step) -> musher::Result<()> {
    let (a, b) = (step.a, step.b);
    match step.act {
        Act::NewNote => {
            let folder = em.create(Folder::build().name(a.to_string()));
            em.create(Note::build().text("new").folder(folder));
        }
        Act::MoveNote => {
            if let (Some(folder), Some(note)) = (pick::<Folder>(em, a)?, pick::<Note>(em, b)?) {
                em.edit(folder).notes().load_items()?;
                em.edit(folder).notes().set([note])?;
            }
        }
        Act::ReplacePage => {
            if let Some(id) = pick::<Page>(em, a)? {
                let label = badge(em, "new");
                em.remove(id.clone());
                let page = Page::build().path(id.into_key()).title(b.to_string());
                let page = em.create(page.owner(label));
                em.edit(page).badges().add(label);
            }
        }
        Act::NewCover => {
            if let Some(page) = pick::<Page>(em, a)? {
                em.create(Cover::build().color(b.to_string()).page(page));
            }
        }
        _ => {
            let (parent, label) = (pick::<Task>(em, a)?, pick::<Badge>(em, b)?);
            let order = if b == 0 { "refuse" } else { "" };
            let new = em.create(Task::build().order(order));
            em.edit(new).set_parent(parent);
            if let Some(label) = label {
                em.edit(new).badges().add(label);
            }
        }
    }
    Ok(())
}

fn play(orm: &Orm, steps: &[Step]) {
    let feeds = Feeds::of(orm);
    let mut units = [orm.em(), orm.em()];
    for em in &mut units {
        em.set_flush_mode(FlushMode::Commit);
    }
    let mut rows = Rows::new();
    let flush = |unit| Step {
        unit,
        act: Act::Commit,
        a: 0,
        b: 0,
    };
    for step in steps.iter().chain(&[flush(0), flush(1)]) {
        let em = &mut units[step.unit];
        if act(em, step).is_err() {
            while em.is_in_transaction() {
                em.rollback();
            }
            em.clear();
        }
        feeds.apply(&mut rows);
        let stored = stored(orm);
        assert_eq!(rows, stored, "after {step:?}");
    }
    events();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_feed_in_memory_makes_up_the_rows(steps in vec(step(), 1..60)) {
        play(&Orm::builder().entities::<House>().in_memory().unwrap(), &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_feed_on_sled_makes_up_the_rows(steps in vec(step(), 1..60)) {
        let directory = tempfile::tempdir().unwrap();
        play(&open::<House>(directory.path()), &steps);
    }
}
