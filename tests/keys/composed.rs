//! Keys that are made of several properties, relations among them. The parts stay properties: a
//! relation in a key is a relation like any other, but that it never changes.

use musher::prelude::*;
use serde_json::json;

use crate::{on_both_stores, refused};

#[derive(Entity, Debug)]
struct Order {
    #[orm(primary_key)]
    id: Pk,
    customer: String,
    #[orm(one_to_many(mapped_by = order))]
    lines: Collection<OrderLine>,
    #[orm(one_to_one(mapped_by = order))]
    invoice: Inverse<Invoice>,
}

/// The number of an order and a position in it.
#[derive(Entity, Debug)]
struct OrderLine {
    #[orm(primary_key, many_to_one(inversed_by = lines))]
    order: Id<Order>,
    #[orm(primary_key)]
    position: u32,
    product: String,
    #[orm(one_to_many(mapped_by = line))]
    notes: Collection<Note>,
}

/// Its key is the order's.
#[derive(Entity, Debug)]
struct Invoice {
    #[orm(primary_key, one_to_one(inversed_by = invoice, on_delete = cascade))]
    order: Id<Order>,
    total: i64,
}

/// A key that has a composed key within.
#[derive(Entity, Debug)]
struct Note {
    #[orm(primary_key, many_to_one(on_delete = cascade))]
    line: Id<OrderLine>,
    #[orm(primary_key)]
    author: String,
    text: String,
}

/// Refers to lines by all the other kinds of relations.
#[derive(Entity, Debug)]
struct Parcel {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one)]
    first: Option<Id<OrderLine>>,
    #[orm(many_to_many)]
    lines: Collection<OrderLine>,
}

#[derive(Entity, Debug)]
#[orm(before_create = Stamp::renumber)]
struct Stamp {
    #[orm(primary_key)]
    country: String,
    #[orm(primary_key)]
    number: u16,
}

impl Stamp {
    fn renumber(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
        if self.country.is_empty() {
            return Err(Error::other("a stamp has a country"));
        }
        if self.country == "nowhere" {
            self.number += 1;
        }
        Ok(())
    }
}

type Shop = (Order, OrderLine, Invoice, Note, Parcel);

fn line(em: &mut EntityManager, order: Id<Order>, position: u32) -> Id<OrderLine> {
    let product = format!("product {position}");
    let new = OrderLine::build().order(order).position(position);
    em.create(new.product(product))
}

fn note(em: &mut EntityManager, line: Id<OrderLine>, author: &str) -> Id<Note> {
    em.create(Note::build().line(line).author(author).text("!"))
}

/// Two orders, Ann's and Bob's, with the lines 1, 2, 300 and 1.
fn two_orders(orm: &Orm) -> musher::Result<(EntityManager, [Id<Order>; 2])> {
    let mut em = orm.em();
    let orders = ["ann", "bob"].map(|name| em.create(Order::build().customer(name)));
    for (order, position) in [(1, 1), (0, 300), (0, 1), (0, 2)] {
        line(&mut em, orders[order], position);
    }
    em.flush()?;
    em.clear();
    Ok((em, orders))
}

#[test]
fn the_id_is_the_tuple_of_the_parts_and_rows_come_in_its_order() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, bob]) = two_orders(orm)?;
        let id = |order, position| Id::<OrderLine>::new((order, position));
        let all = em.find::<OrderLine>().all()?;
        assert_eq!(all, [id(ann, 1), id(ann, 2), id(ann, 300), id(bob, 1)]);

        let third = em.find_one(id(ann, 300)).or_fail()?;
        assert_eq!((em[third].order, em[third].position), *third.key());
        assert_eq!(em[third].product, "product 300");
        assert_eq!(em.find_one(id(bob, 2)).one()?, None);
        assert_eq!(third.to_string(), "(Order(1), 300)");
        assert_eq!(serde_json::to_value(third).expect("a key"), json!([1, 300]));
        Ok(())
    });
}

#[test]
fn filters_reach_the_key_its_parts_and_what_they_refer_to() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, bob]) = two_orders(orm)?;
        let mut positions =
            |filter: fn(OrderLinePath<OrderLine>, Id<Order>) -> musher::Filter<OrderLine>| {
                let lines = em.find::<OrderLine>().filter(|l| filter(l, ann)).all()?;
                Ok::<_, Error>(lines.iter().map(|id| id.key().1).collect::<Vec<_>>())
            };
        assert_eq!(positions(|l, ann| l.order().id().eq(ann))?, [1, 2, 300]);
        assert_eq!(positions(|l, _| l.order().customer().eq("bob"))?, [1]);
        assert_eq!(positions(|l, _| l.position().ge(2))?, [2, 300]);
        assert_eq!(positions(|l, ann| l.key().eq((ann, 2)))?, [2]);
        assert_eq!(positions(|l, ann| l.key().gt((ann, 1)))?, [2, 300, 1]);
        assert_eq!(
            positions(|l, ann| l.key().between((ann, 2), (ann, 300)))?,
            [2, 300]
        );
        assert_eq!(
            positions(|l, ann| l.key().is_in([(ann, 300), (ann, 7), (ann, 1)]))?,
            [1, 300]
        );
        assert_eq!(positions(|l, ann| l.key().ne((ann, 300)))?, [1, 2, 1]);

        let down = em
            .find::<OrderLine>()
            .order_by(|l| l.key().desc())
            .limit(2)
            .all()?;
        assert_eq!(down, [Id::new((bob, 1)), Id::new((ann, 300))]);
        let orders = em
            .find::<Order>()
            .filter(|o| o.lines().any(|l| l.product().eq("product 2")));
        assert_eq!(orders.all()?, [ann]);
        Ok(())
    });
}

#[test]
fn a_relation_in_the_key_is_followed_both_ways() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, _]) = two_orders(orm)?;
        let second = Id::<OrderLine>::new((ann, 2));
        note(&mut em, second, "eve");
        note(&mut em, second, "dan");
        em.flush()?;
        em.clear();

        em.find_one(ann).populate(|o| o.lines().notes()).or_fail()?;
        let lines = em.view(ann).lines();
        assert_eq!(
            lines.iter().map(|line| line.position).collect::<Vec<_>>(),
            [1, 2, 300]
        );
        let authors: Vec<_> = em
            .view(second)
            .notes()
            .iter()
            .map(|note| note.author.clone())
            .collect();
        assert_eq!(authors, ["dan", "eve"]);
        em.clear();

        let eve = Id::<Note>::new((second, "eve".to_owned()));
        em.find_one(&eve).populate(|n| n.line().order()).or_fail()?;
        assert_eq!(em.view(eve).line().order().customer, "ann");
        Ok(())
    });
}

#[test]
fn other_relations_refer_to_a_composed_key() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, bob]) = two_orders(orm)?;
        let (first, third) = (
            Id::<OrderLine>::new((ann, 1)),
            Id::<OrderLine>::new((ann, 300)),
        );
        let lines = [third, first, Id::new((bob, 1))];
        let parcel = em.create(Parcel::build().first(third).lines(lines));
        em.flush()?;
        em.clear();
        em.find_one(parcel)
            .populate(|p| (p.first(), p.lines()))
            .or_fail()?;
        let first = em.view(parcel).first().expect("it was given");
        assert_eq!(first.product, "product 300");
        let of: Vec<_> = em
            .view(parcel)
            .lines()
            .iter()
            .map(|line| line.order)
            .collect();
        assert_eq!(of, [ann, ann, bob]);

        em.remove(third);
        em.flush()?;
        em.clear();
        em.find_one(parcel).populate(|p| p.lines()).or_fail()?;
        assert_eq!(em[parcel].first, None);
        assert_eq!(em.view(parcel).lines().len(), 2);
        Ok(())
    });
}

#[test]
fn a_reference_in_a_key_must_refer_to_a_row_and_obeys_on_delete() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, _]) = two_orders(orm)?;
        let nobody = line(&mut em, Id::new(77), 1);
        let error = refused(em.flush());
        assert!(
            matches!(error, Error::ForeignKeyViolation { .. }),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .starts_with("OrderLine (Order(77), 1): `order` refers to Order 77"),
            "{error}"
        );
        em.remove(nobody);

        em.create(Invoice::build().order(ann).total(5));
        let second = Id::<OrderLine>::new((ann, 2));
        note(&mut em, second, "eve");
        em.flush()?;

        em.remove(ann);
        let error = refused(em.flush());
        assert!(
            matches!(error, Error::ForeignKeyViolation { .. }),
            "lines restrict: {error}"
        );
        for position in [1, 2, 300] {
            em.remove(Id::<OrderLine>::new((ann, position)));
        }
        em.flush()?;
        assert_eq!(em.find::<Note>().count()?, 0, "they go with their line");
        assert_eq!(em.find::<Invoice>().count()?, 0, "it goes with its order");
        assert_eq!(em.find::<OrderLine>().count()?, 1);
        Ok(())
    });
}

#[test]
fn the_key_of_another_row_is_a_key() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, bob]) = two_orders(orm)?;
        let invoice = em.create(Invoice::build().order(bob).total(30));
        em.create(Invoice::build().order(ann).total(20));
        em.flush()?;
        assert_eq!(invoice, Id::new(bob));
        em.clear();

        assert_eq!(em.find::<Invoice>().all()?, [Id::new(ann), Id::new(bob)]);
        let found = em
            .find::<Invoice>()
            .filter(|i| i.order().customer().eq("bob"))
            .all()?;
        assert_eq!(found, [invoice]);
        let later = em.find::<Invoice>().filter(|i| i.key().gt(ann)).all()?;
        assert_eq!(later, [invoice]);
        em.find_one(bob).populate(|o| o.invoice()).or_fail()?;
        assert_eq!(em.view(bob).invoice().expect("there is one").total, 30);
        em.clear();

        em.create(Invoice::build().order(bob).total(1));
        let error = refused(em.flush());
        assert!(matches!(error, Error::UniqueViolation { .. }), "{error}");
        Ok(())
    });
}

#[test]
fn a_part_of_a_key_never_changes() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, bob]) = two_orders(orm)?;
        let second = Id::<OrderLine>::new((ann, 2));
        em.find_one(second).or_fail()?;
        em[second].position = 9;
        em[second].product = "changed".into();
        let error = refused(em.flush()).to_string();
        assert!(
            error.contains("OrderLine (Order(1), 2): `(order, position)` was assigned another value, and keys never change"),
            "{error}"
        );
        em[second].position = 2;
        em.flush()?;
        em.clear();
        em.find_one(second).or_fail()?;
        assert_eq!(em[second].product, "changed");

        em[second].order = bob;
        assert!(
            refused(em.flush())
                .to_string()
                .contains("keys never change")
        );
        em[second].order = ann;
        em.flush()?;

        em.find_one(bob).or_fail()?;
        em.edit(bob).lines().add(second);
        assert!(
            refused(em.flush())
                .to_string()
                .contains("keys never change")
        );
        em.clear();
        assert_eq!(
            em.find::<OrderLine>()
                .filter(|l| l.order().id().eq(bob))
                .count()?,
            1
        );
        Ok(())
    });
}

#[test]
fn bulk_operations_find_rows_by_their_parts_and_never_set_them() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, bob]) = two_orders(orm)?;
        let line = |order, position| {
            OrderLine::build()
                .order(order)
                .position(position)
                .product("new")
        };
        em.insert_many([line(bob, 2), line(bob, 3)]).execute()?;
        em.upsert_many([line(ann, 2), line(ann, 9)]).execute()?;
        assert_eq!(em.find::<OrderLine>().count()?, 7);
        assert_eq!(
            em.find::<OrderLine>()
                .filter(|l| l.product().eq("new"))
                .count()?,
            4
        );
        let of_bob = |l: OrderLinePath<OrderLine>| l.order().id().eq(bob);
        assert_eq!(
            em.update_where(of_bob)
                .set(|l| l.product().set("x"))
                .execute()?,
            3
        );
        let error = refused(
            em.update_where(of_bob)
                .set(|l| l.position().set(7_u32))
                .execute(),
        );
        assert!(error.to_string().contains("keys never change"), "{error}");
        let error = refused(
            em.update_where(of_bob)
                .set(|l| l.order().set(ann))
                .execute(),
        );
        assert!(error.to_string().contains("keys never change"), "{error}");
        assert_eq!(em.delete_where(of_bob).execute()?, 3);
        assert_eq!(em.find::<OrderLine>().count()?, 4);
        Ok(())
    });
}

#[test]
fn a_hook_cannot_change_a_part_of_the_key() {
    on_both_stores::<Stamp>(|orm| {
        let mut em = orm.em();
        em.create(Stamp::build().country("AT").number(1));
        let lost = em.create(Stamp::build().country("nowhere").number(1));
        let error = refused(em.flush()).to_string();
        assert!(
            error.contains("`(country, number)` was assigned another value"),
            "{error}"
        );
        em.remove(lost);
        em.flush()
    });
}

#[test]
fn a_taken_key_is_refused() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, _]) = two_orders(orm)?;
        line(&mut em, ann, 2);
        let error = refused(em.flush());
        assert!(matches!(error, Error::UniqueViolation { .. }), "{error}");
        assert!(error.to_string().contains("(order, position)"), "{error}");
        em.clear();
        em.find_one(Id::<OrderLine>::new((ann, 2))).or_fail()?;
        line(&mut em, ann, 2);
        let error = refused(em.flush());
        assert!(matches!(error, Error::AlreadyManaged { .. }), "{error}");

        // What is removed and created anew in one flush has the key again.
        em.remove(Id::<OrderLine>::new((ann, 2)));
        let anew = line(&mut em, ann, 2);
        em[anew].product = "anew".into();
        em.flush()?;
        em.clear();
        em.find_one(anew).or_fail()?;
        assert_eq!(em[anew].product, "anew");
        Ok(())
    });
}

#[test]
fn the_parts_are_shown_and_serialized_once() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, [ann, _]) = two_orders(orm)?;
        let second = em.find_one(Id::<OrderLine>::new((ann, 2))).or_fail()?;
        let json = serde_json::to_value(em.view(second)).expect("it serializes");
        assert_eq!(
            json,
            json!({ "order": 1, "position": 2, "product": "product 2" })
        );
        let printed = format!("{:?}", em.view(second));
        assert!(
            printed.starts_with("OrderLine { order: (Order) { id: 1 }, position: 2, product: "),
            "{printed}"
        );
        Ok(())
    });
}

#[test]
fn rows_of_a_composed_key_are_there_after_reopening() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let ann = {
        let orm = crate::support::open::<Shop>(directory.path());
        let (mut em, [ann, _]) = two_orders(&orm)?;
        em.create(Invoice::build().order(ann).total(5));
        em.flush()?;
        drop(em);
        orm.close()?;
        ann
    };
    let orm = crate::support::open::<Shop>(directory.path());
    let mut em = orm.em();
    em.find_one(ann)
        .populate(|o| (o.lines(), o.invoice()))
        .or_fail()?;
    assert_eq!(em.view(ann).lines().len(), 3);
    assert_eq!(em.view(ann).invoice().expect("there is one").total, 5);
    assert!(orm.verify()?.is_clean());
    Ok(())
}
