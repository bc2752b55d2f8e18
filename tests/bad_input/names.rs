//! Names of entities and properties that would meet in a keyspace that joins them carelessly.

use musher::prelude::*;

use crate::support::*;

#[derive(Entity, Debug)]
#[orm(name = "catalog")]
struct Catalog {
    #[orm(primary_key)]
    id: Pk,
    #[orm(unique)]
    schema: String,
    text: Lazy<String>,
    #[orm(many_to_many)]
    inverse: Collection<Dotted>,
}

#[derive(Entity, Debug)]
#[orm(name = "catalog.inverse")]
struct Dotted {
    #[orm(primary_key)]
    id: Pk,
    #[orm(unique)]
    schema: String,
    text: Lazy<String>,
    #[orm(many_to_many(mapped_by = inverse))]
    inverse: Collection<Catalog>,
}

#[derive(Entity, Debug)]
#[orm(name = "rows:catalog:inverse")]
struct Prefixed {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    r#type: String,
    #[orm(index)]
    types: String,
    #[orm(many_to_many)]
    inverse: Collection<Catalog>,
}

#[derive(Entity, Debug)]
#[orm(name = "sequence:\0/../\u{202e}~store ")]
struct Odd {
    #[orm(primary_key)]
    id: Pk,
    text: Lazy<String>,
}

#[test]
fn names_that_contain_each_other_do_not_meet() {
    on_both_stores::<(Catalog, Dotted, Prefixed, Odd)>(|orm| {
        let mut em = orm.em();
        for round in 0..3 {
            let text = |of: &str| format!("{of} {round}");
            let first = em.create(Catalog::build().schema(text("first")).text(text("1")));
            let second = em.create(Dotted::build().schema(text("second")).text(text("2")));
            let third = em.create(Prefixed::build().r#type(text("a")).types(text("b")));
            em.create(Odd::build().text(text("4")));
            em.edit(first).inverse().add(second);
            em.edit(third).inverse().add(first);
        }
        em.flush()?;
        em.clear();
        assert!(orm.verify()?.is_clean());
        for (round, id) in (0..3).zip(1_u64..) {
            em.find_one::<Catalog>(id)
                .populate(|c| (c.text(), c.inverse().text()))
                .or_fail()?;
            let view = em.view(Id::<Catalog>::new(id));
            assert_eq!(
                (view.schema.as_str(), view.text().as_str()),
                (
                    format!("first {round}").as_str(),
                    format!("1 {round}").as_str()
                )
            );
            let items: Vec<_> = view
                .inverse()
                .into_iter()
                .map(|it| it.text().clone())
                .collect();
            assert_eq!(items, [format!("2 {round}")]);
            let third = em
                .find::<Prefixed>()
                .filter(|p| p.r#type().eq(format!("a {round}")))
                .all()?;
            assert_eq!(third, [Id::new(id)]);
            assert_eq!(
                em.find::<Prefixed>()
                    .filter(|p| p.types().eq(format!("a {round}")))
                    .count()?,
                0
            );
            em.find_one::<Odd>(id).populate(|o| o.text()).or_fail()?;
            assert_eq!(
                em[Id::<Odd>::new(id)].text.get(),
                Some(&format!("4 {round}"))
            );
        }
        Ok(())
    });
}

mod twins {
    use super::*;

    #[derive(Entity, Debug)]
    #[orm(name = "catalog")]
    pub(super) struct Twin {
        #[orm(primary_key)]
        id: Pk,
    }
}

#[test]
fn two_entities_of_one_name_are_refused() {
    let opened = Orm::builder()
        .entities::<(Catalog, Dotted, twins::Twin)>()
        .in_memory();
    let error = refused(opened).to_string();
    assert!(error.contains("two entities are named catalog"), "{error}");
    assert!(error.contains("#[orm(name = \"..\")]"), "{error}");
}
