//! What a change says of its row.

use super::*;

#[test]
fn a_row_is_created_updated_and_deleted() {
    on_both_stores::<House>(|orm| {
        let feed = orm.subscribe::<User>();
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let created = only(&feed);
        let everything = vec!["email", "password", "token", "bio", "age", "updates"];
        assert_eq!(summary(&created), (ChangeKind::Create, ann, everything));
        assert_eq!(created.payload().email().unwrap(), "ann@house.org");
        assert_eq!(created.payload().age(), Some(&None));
        assert_eq!(created.original().email(), None);

        em[ann].age = Some(30);
        em.flush()?;
        let updated = only(&feed);
        let changed = vec!["age", "updates"];
        assert_eq!(summary(&updated), (ChangeKind::Update, ann, changed));
        assert_eq!(updated.payload().age(), Some(&Some(30)));
        assert_eq!(updated.original().age(), Some(&None));
        assert_eq!(updated.payload().updates(), Some(&1), "`on_update` is told");
        assert_eq!(updated.payload().email(), None, "it has not changed");
        assert!(updated.commit() > created.commit());

        em.remove(ann);
        em.flush()?;
        let deleted = only(&feed);
        assert_eq!(summary(&deleted), (ChangeKind::Delete, ann, vec![]));
        assert_eq!(deleted.payload().age(), None);
        assert_eq!(deleted.original().age(), Some(&Some(30)));
        assert_eq!(deleted.original().email().unwrap(), "ann@house.org");
        Ok(())
    });
}

#[test]
fn hidden_and_lazy_properties_are_named_and_their_values_are_not_told() {
    on_both_stores::<House>(|orm| {
        let (users, articles) = (orm.subscribe::<User>(), orm.subscribe::<Article>());
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let one = article(&mut em, "one", ann);
        em[ann].token = Some("a secret".into());
        em.flush()?;
        let created = only(&users);
        assert_eq!(created.payload().token(), None);
        assert_eq!(created.payload().password(), None);
        assert!(!format!("{created:?}").contains("secret"));
        waiting(&articles);

        em[ann].token = None;
        em[ann].password = "another".into();
        em[one].text = "Another".into();
        em.flush()?;
        let changed = vec!["password", "token", "updates"];
        let updated = only(&users);
        assert_eq!(summary(&updated), (ChangeKind::Update, ann, changed));
        assert_eq!(updated.payload().token(), None);
        assert_eq!(updated.original().token(), None);
        let updated = only(&articles);
        assert_eq!(summary(&updated), (ChangeKind::Update, one, vec!["text"]));
        assert_eq!(updated.payload().text(), None);
        Ok(())
    });
}

#[test]
fn references_are_told_at_their_owning_side() {
    on_both_stores::<House>(|orm| {
        let (users, articles) = (orm.subscribe::<User>(), orm.subscribe::<Article>());
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let one = article(&mut em, "one", ann);
        em.flush()?;
        waiting(&users);
        waiting(&articles);

        em.edit(one).set_author(bob).set_editor(Some(ann));
        em.flush()?;
        let change = only(&articles);
        let changed = vec!["author", "editor"];
        assert_eq!(summary(&change), (ChangeKind::Update, one, changed));
        assert_eq!(change.payload().author(), Some(&bob));
        assert_eq!(change.original().author(), Some(&ann));
        assert_eq!(change.payload().editor(), Some(&Some(ann)));
        assert_eq!(change.original().editor(), Some(&None));
        assert_eq!(summaries(&users), [], "their rows are as they were");
        Ok(())
    });
}

#[test]
fn links_are_a_change_of_the_owners_collection() {
    on_both_stores::<House>(|orm| {
        let (articles, tags) = (orm.subscribe::<Article>(), orm.subscribe::<Tag>());
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let [a, b, c] = ["a", "b", "c"].map(|name| tag(&mut em, name));
        let one = article(&mut em, "one", ann);
        em.edit(one).tags().add([a, b]);
        em.flush()?;
        let created = only(&articles);
        assert!(created.changed().any(|name| name == "tags"));
        let links = created.links(|a| a.tags());
        assert_eq!((links.added, links.removed), (vec![a, b], vec![]));
        waiting(&tags);

        // From the other end, and of what was not loaded; `b` is there already.
        let mut other = orm.em();
        other.find_one(c).or_fail()?;
        other.edit(c).articles().add(one);
        other.find_one(one).or_fail()?;
        other.edit(one).tags().remove(a).add(b);
        other.flush()?;
        let changed = only(&articles);
        assert_eq!(summary(&changed), (ChangeKind::Update, one, vec!["tags"]));
        let links = changed.links(|a| a.tags());
        assert_eq!((links.added, links.removed), (vec![c], vec![a]));
        assert_eq!(summaries(&tags), [], "their rows are as they were");

        em.remove(b);
        em.flush()?;
        assert_eq!(only(&articles).links(|a| a.tags()).removed, [b]);
        assert_eq!(summaries(&tags), [(ChangeKind::Delete, b, vec![])]);

        em.clear();
        em.find_one(one).or_fail()?;
        em[one].language = "de".into();
        em.edit(one).tags().remove_all()?;
        em.remove(one);
        em.flush()?;
        let deleted = only(&articles);
        assert_eq!(summary(&deleted), (ChangeKind::Delete, one, vec![]));
        assert!(deleted.links(|a| a.tags()).is_empty());
        Ok(())
    });
}

#[test]
fn asking_for_the_links_of_what_is_no_own_many_to_many_panics() {
    on_both_stores::<House>(|orm| {
        let (users, tags) = (orm.subscribe::<User>(), orm.subscribe::<Tag>());
        let articles = orm.subscribe::<Article>();
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        article(&mut em, "one", ann);
        tag(&mut em, "a");
        em.flush()?;
        let (user, tag, article) = (only(&users), only(&tags), only(&articles));
        let expected = "`links` is for a many-to-many collection that User owns";
        assert!(panic_of(|| user.links(|u| u.articles())).contains(expected));
        let expected = "`links` is for a many-to-many collection that Tag owns";
        assert!(panic_of(|| tag.links(|t| t.articles())).contains(expected));
        let expected = "`links` is for a many-to-many collection that Article owns";
        assert!(panic_of(|| article.links(|a| a.author())).contains(expected));
        assert!(panic_of(|| article.links(|a| a.tags().articles())).contains(expected));
        Ok(())
    });
}

#[test]
fn rows_that_follow_from_a_rule_are_told() {
    on_both_stores::<House>(|orm| {
        let (mut em, mut other) = (orm.em(), orm.em());
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let one = em.create(Article::build().slug("one").author(ann).editor(bob));
        let first = em.create(Comment::build().text("first").article(one));
        let reply = em.create(Comment::build().text("reply").article(one).reply_to(first));
        let old = em.create(Profile::build().text("old").user(bob));
        em.flush()?;

        let (articles, comments) = (orm.subscribe::<Article>(), orm.subscribe::<Comment>());
        let profiles = orm.subscribe::<Profile>();
        // Nothing of what follows is loaded here.
        let new = other.create(Profile::build().text("new").user(bob));
        other.flush()?;
        let partners = [
            (ChangeKind::Update, old, vec!["user"]),
            (ChangeKind::Create, new, vec!["text", "user"]),
        ];
        assert_eq!(summaries(&profiles), partners);
        other.remove(bob);
        other.flush()?;
        let cleared = only(&articles);
        assert_eq!(summary(&cleared), (ChangeKind::Update, one, vec!["editor"]));
        assert_eq!(cleared.payload().editor(), Some(&None));
        assert_eq!(cleared.original().editor(), Some(&Some(bob)));
        assert_eq!(only(&profiles).original().user(), Some(&Some(bob)));

        other.remove(one);
        other.flush()?;
        assert_eq!(only(&articles).kind(), ChangeKind::Delete);
        let removed = [
            (ChangeKind::Delete, first, vec![]),
            (ChangeKind::Delete, reply, vec![]),
        ];
        assert_eq!(summaries(&comments), removed);
        Ok(())
    });
}

#[test]
fn orphans_and_adopted_rows_are_told() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (a, b) = (
            em.create(Folder::build().name("a")),
            em.create(Folder::build().name("b")),
        );
        let kept = em.create(Note::build().text("kept").folder(a));
        let orphan = em.create(Note::build().text("orphan").folder(a));
        em.flush()?;
        let notes = orm.subscribe::<Note>();
        em.clear();
        em.find_one(a).populate(|f| f.notes()).or_fail()?;
        em.find_one(b).or_fail()?;
        em.edit(b).notes().add(kept);
        em.edit(a).notes().remove(orphan);
        em.flush()?;
        let expected = [
            (ChangeKind::Update, kept, vec!["folder"]),
            (ChangeKind::Delete, orphan, vec![]),
        ];
        assert_eq!(summaries(&notes), expected);
        Ok(())
    });
}

#[test]
fn a_row_that_is_replaced_is_updated() {
    on_both_stores::<House>(|orm| {
        let feed = orm.subscribe::<Page>();
        let mut em = orm.em();
        let a = page(&mut em, "/a");
        let sign = badge(&mut em, "sign");
        em.edit(a.clone()).badges().add(sign);
        em.flush()?;
        waiting(&feed);
        em.remove(a.clone());
        em.create(Page::build().path("/a").title("Another").text("new"));
        em.flush()?;
        let change = only(&feed);
        let changed = vec!["title", "text", "badges"];
        assert_eq!(summary(&change), (ChangeKind::Update, a, changed));
        assert_eq!(change.original().title().unwrap(), "Page /a");
        assert_eq!(change.links(|p| p.badges()).removed, [sign]);
        Ok(())
    });
}

#[test]
fn changes_of_one_commit_come_in_the_order_of_keys() {
    on_both_stores::<House>(|orm| {
        let feed = orm.subscribe::<Page>();
        let mut em = orm.em();
        for path in ["/c", "/a", "/b", "", "/a/a"] {
            page(&mut em, path);
        }
        em.flush()?;
        let changes = waiting(&feed);
        let paths: Vec<_> = changes
            .iter()
            .map(|change| change.id().into_key())
            .collect();
        assert_eq!(paths, ["", "/a", "/a/a", "/b", "/c"]);
        assert!(changes.iter().all(|it| it.commit() == changes[0].commit()));
        Ok(())
    });
}

#[test]
fn what_changes_nothing_is_not_told() {
    on_both_stores::<House>(|orm| {
        let feed = orm.subscribe::<Tag>();
        let (mut em, mut other) = (orm.em(), orm.em());
        let a = tag(&mut em, "a");
        em.flush()?;
        waiting(&feed);
        em[a].name = "a".into();
        em.flush()?;
        assert_eq!(summaries(&feed), []);

        other.find_one(a).or_fail()?;
        (em[a].name, other[a].name) = ("b".into(), "b".into());
        em.flush()?;
        assert_eq!(summaries(&feed), [(ChangeKind::Update, a, vec!["name"])]);
        other.flush()?;
        assert_eq!(other.statistics().commits, 1, "it wrote what was there");
        assert_eq!(summaries(&feed), []);
        Ok(())
    });
}

#[test]
fn a_flush_that_fails_is_not_told() {
    on_both_stores::<House>(|orm| {
        let feed = orm.subscribe::<User>();
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        waiting(&feed);
        em[ann].bio = "changed".into();
        let twin = user(&mut em, "ann");
        refused(em.flush());
        assert_eq!(summaries(&feed), []);
        em[twin].email = "twin@house.org".into();
        em.flush()?;
        let kinds: Vec<_> = waiting(&feed).iter().map(RowChange::kind).collect();
        assert_eq!(kinds, [ChangeKind::Update, ChangeKind::Create]);
        Ok(())
    });
}
