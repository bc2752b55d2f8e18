//! Names, serializers, groups and computed properties: the JSON of an API response, pinned.

use musher::prelude::*;
use serde_json::{Value, json};

use crate::support::{on_both_stores, refused};

/// What the owner of an account may see.
struct Owner;
/// What only the staff may see.
struct Staff;

#[derive(BaseEntity, Debug)]
#[orm(computed(path = Self::path))]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(default, groups(Staff), serialized_name = "schemaRevision")]
    revision: u32,
}

impl Base {
    fn path(&self) -> String {
        format!("/{}", self.id)
    }
}

#[derive(Entity, Debug)]
#[orm(computed(full_name = Self::full_name, initials = initials))]
#[orm(computed(debt = Self::debt, groups(Owner, Staff)))]
struct Customer {
    #[orm(base)]
    base: Base,
    #[orm(serialized_name = "firstName")]
    first_name: String,
    #[orm(serialized_name = "lastName")]
    last_name: String,
    #[orm(groups(Owner, Staff), serializer = masked)]
    email: String,
    #[orm(groups(Staff), serializer = euros)]
    balance: i64,
    #[orm(hidden)]
    password: String,
    #[orm(serializer = str::len)]
    notes: Lazy<String>,
    #[orm(one_to_many(mapped_by = customer), serialized_name = "orders")]
    purchases: Collection<Purchase>,
}

#[derive(Entity, Debug)]
struct Purchase {
    #[orm(primary_key, serialized_name = "number", serializer = number)]
    id: Pk,
    #[orm(serializer = euros)]
    total: i64,
    #[orm(many_to_one, serialized_name = "by", groups(Staff))]
    customer: Option<Id<Customer>>,
}

impl Customer {
    fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    fn debt(&self) -> Option<i64> {
        (self.balance < 0).then_some(-self.balance)
    }
}

fn initials(customer: &Customer) -> String {
    let names = [&customer.first_name, &customer.last_name];
    names
        .into_iter()
        .filter_map(|name| name.chars().next())
        .collect()
}

fn masked(email: &str) -> String {
    email
        .split_once('@')
        .map_or_else(String::new, |(_, host)| format!("***@{host}"))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "a serializer takes a reference, whatever the type"
)]
fn euros(cents: &i64) -> String {
    format!("{}.{:02}", cents / 100, cents.abs() % 100)
}

fn number(id: &Pk) -> String {
    format!("P-{id}")
}

type Shop = (Customer, Purchase);

fn sample(orm: &Orm) -> musher::Result<(EntityManager, Id<Customer>, [Id<Purchase>; 2])> {
    let mut em = orm.em();
    let customer = em.create(
        Customer::build()
            .first_name("Ann")
            .last_name("Lee")
            .email("ann@example.com")
            .balance(-250)
            .password("secret")
            .notes("vip"),
    );
    let purchases =
        [1050, 99].map(|total| em.create(Purchase::build().total(total).customer(customer)));
    em.flush()?;
    em.clear();
    em.find_one(customer).or_fail()?;
    Ok((em, customer, purchases))
}

fn json_of(serialize: impl serde::Serialize) -> Value {
    serde_json::to_value(serialize).expect("it serializes")
}

#[test]
fn without_groups_every_property_is_written_under_its_name_by_its_serializer() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, customer, _) = sample(orm)?;
        let expected = json!({
            "id": 1,
            "schemaRevision": 0,
            "firstName": "Ann",
            "lastName": "Lee",
            "email": "***@example.com",
            "balance": "-2.50",
            "path": "/1",
            "full_name": "Ann Lee",
            "initials": "AL",
            "debt": 250,
        });
        assert_eq!(json_of(em.view(customer)), expected);
        assert_eq!(json_of(em.serialize(customer)), expected);

        em.populate(customer, |c| c.notes())?;
        assert_eq!(
            json_of(em.view(customer))["notes"],
            3,
            "of the value inside"
        );
        Ok(())
    });
}

#[test]
fn the_text_of_a_serialization_has_the_order_of_the_declaration() {
    on_both_stores::<Shop>(|orm| {
        let (em, customer, _) = sample(orm)?;
        let text = serde_json::to_string(&em.serialize(customer).ungrouped());
        assert_eq!(
            text.expect("it serializes"),
            r#"{"id":1,"firstName":"Ann","lastName":"Lee","path":"/1","full_name":"Ann Lee","initials":"AL"}"#
        );
        Ok(())
    });
}

#[test]
fn a_group_adds_its_properties_and_no_others_with_groups() {
    on_both_stores::<Shop>(|orm| {
        let (em, customer, _) = sample(orm)?;
        let public = json!({
            "id": 1, "firstName": "Ann", "lastName": "Lee",
            "path": "/1", "full_name": "Ann Lee", "initials": "AL",
        });
        assert_eq!(json_of(em.serialize(customer).ungrouped()), public);
        let mut owner = public.clone();
        owner["email"] = json!("***@example.com");
        owner["debt"] = json!(250);
        assert_eq!(json_of(em.serialize(customer).group::<Owner>()), owner);
        let mut staff = owner.clone();
        staff["schemaRevision"] = json!(0);
        staff["balance"] = json!("-2.50");
        assert_eq!(json_of(em.serialize(customer).group::<Staff>()), staff);
        let both = em.serialize(customer).group::<Staff>().group::<Owner>();
        assert_eq!(json_of(both), staff);
        assert_eq!(
            json_of(em.serialize(customer).group::<Shop>()),
            public,
            "any type is a group"
        );
        Ok(())
    });
}

#[test]
fn groups_and_names_hold_in_nested_entities_and_beside_hints() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, customer, _) = sample(orm)?;
        em.populate(customer, |c| c.purchases().customer())?;
        let nested = em
            .serialize(customer)
            .populate(|c| c.purchases())
            .exclude(|c| (c.first_name(), c.last_name(), c.email()));
        assert_eq!(
            json_of(nested.group::<Staff>()),
            json!({
                "id": 1,
                "schemaRevision": 0,
                "balance": "-2.50",
                "orders": [
                    { "number": "P-1", "total": "10.50", "by": 1 },
                    { "number": "P-2", "total": "0.99", "by": 1 },
                ],
                "path": "/1",
                "full_name": "Ann Lee",
                "initials": "AL",
                "debt": 250,
            })
        );
        let public = json_of(
            em.serialize(customer)
                .populate(|c| c.purchases())
                .ungrouped(),
        );
        assert_eq!(
            public["orders"][1],
            json!({ "number": "P-2", "total": "0.99" })
        );
        Ok(())
    });
}

#[test]
fn several_are_a_list_by_one_choice() {
    on_both_stores::<Shop>(|orm| {
        let (mut em, _, purchases) = sample(orm)?;
        em.find::<Purchase>().all()?;
        let missing = Id::<Purchase>::new(99);
        let several = em
            .serialize_all([purchases[1], purchases[0], missing])
            .ungrouped();
        assert_eq!(
            json_of(several),
            json!([{ "number": "P-2", "total": "0.99" }, { "number": "P-1", "total": "10.50" }, 99]),
            "in the order of the ids; one that is not loaded is its key"
        );
        let with_customers = em
            .serialize_all(purchases)
            .populate(|p| p.customer())
            .group::<Staff>();
        let json = json_of(with_customers);
        assert_eq!(json[0]["by"]["balance"], "-2.50");
        assert_eq!(json[0]["by"], json[1]["by"]);
        assert_eq!(
            json_of(em.serialize_all(Vec::<Id<Purchase>>::new())),
            json!([])
        );
        Ok(())
    });
}

#[test]
fn one_name_for_two_properties_is_refused() {
    #[derive(BaseEntity, Debug)]
    struct Named {
        #[orm(primary_key)]
        id: Pk,
        #[orm(default, serialized_name = "title")]
        name: String,
    }

    #[derive(Entity, Debug)]
    #[orm(computed(id = Self::shown))]
    struct Book {
        #[orm(base)]
        base: Named,
        title: String,
    }

    impl Book {
        fn shown(&self) -> &str {
            &self.title
        }
    }

    let error = refused(Orm::builder().entities::<Book>().in_memory());
    assert_eq!(
        error.to_string(),
        "the schema is not valid, 2 problems:\n  \
         - Book serializes two properties as `id`, one of its own and one of its base; rename one of them, with \
         `serialized_name` for instance\n  \
         - Book serializes two properties as `title`, one of its own and one of its base; rename one of them, with \
         `serialized_name` for instance"
    );
}
