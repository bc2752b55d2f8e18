//! Embedded values of a database that was written by an earlier shape of them.

use musher::prelude::*;

use crate::refused;
use crate::support::{open, try_open};

mod first {
    use musher::prelude::*;

    #[derive(Embedded, Debug)]
    pub struct Address {
        pub city: String,
        pub country: String,
    }

    #[derive(Entity, Debug)]
    pub struct User {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(embedded)]
        pub home: Address,
    }
}

/// A property more, one that is gone, another order, an index, and values that may be absent.
mod second {
    use musher::prelude::*;

    #[derive(Embedded, Debug, Default)]
    pub struct Address {
        #[orm(default = "0000")]
        pub zip: String,
        #[orm(index)]
        pub city: String,
    }

    #[derive(Entity, Debug)]
    pub struct User {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(embedded)]
        pub home: Option<Address>,
    }
}

/// Another value, which rows can't have.
mod third {
    use musher::prelude::*;

    #[derive(Entity, Debug)]
    pub struct User {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(embedded)]
        pub home: Option<super::second::Address>,
        #[orm(embedded, default)]
        pub office: super::second::Address,
    }
}

/// The value is required again.
mod fourth {
    use musher::prelude::*;

    #[derive(Entity, Debug)]
    pub struct User {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(embedded)]
        pub home: super::second::Address,
    }
}

#[test]
fn values_evolve_property_by_property() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path();
    {
        let orm = open::<first::User>(path);
        let mut em = orm.em();
        for city in ["Graz", "Wien"] {
            let home = first::Address {
                city: city.into(),
                country: "AT".into(),
            };
            em.create(first::User::build().home(home));
        }
        em.flush()?;
    }
    {
        let orm = open::<second::User>(path);
        let mut em = orm.em();
        let wien = em
            .find::<second::User>()
            .filter(|u| u.home().city().ge("H"))
            .all()?;
        assert_eq!(wien, [Id::new(2)]);
        let home = em[wien[0]].home.as_ref().expect("it was required");
        assert_eq!((home.city.as_str(), home.zip.as_str()), ("Wien", "0000"));
        assert_eq!(
            em.find::<second::User>()
                .filter(|u| u.home().zip().eq("0000"))
                .count()?,
            2
        );
        em[wien[0]].home = None;
        em.flush()?;
        assert!(orm.verify()?.is_clean());
    }
    let Error::Schema(problems) = refused(try_open::<third::User>(path)) else {
        panic!("a schema error was expected");
    };
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].starts_with("User.office.city is new, and there are rows without it"),
        "{problems:?}"
    );
    let Error::Schema(problems) = refused(try_open::<fourth::User>(path)) else {
        panic!("a schema error was expected");
    };
    assert!(
        problems[0].starts_with("User.home is now required, and there are rows without it"),
        "{problems:?}"
    );
    {
        let orm = open::<second::User>(path);
        let mut em = orm.em();
        em.remove(Id::<second::User>::new(2));
        em.flush()?;
    }
    let orm = open::<fourth::User>(path);
    let mut em = orm.em();
    let graz = em
        .find::<fourth::User>()
        .filter(|u| u.home().city().eq("Graz"))
        .all()?;
    assert_eq!(em[graz[0]].home.city, "Graz");
    assert!(orm.verify()?.is_clean());
    Ok(())
}

/// Lists of embedded values, in the shapes that they have one after the other.
mod lists {
    pub mod first {
        use musher::prelude::*;

        #[derive(Embedded, Debug, Clone)]
        pub struct Phone {
            pub number: String,
        }

        #[derive(Embedded, Debug, Clone)]
        pub struct Address {
            pub city: String,
            pub country: String,
            #[orm(embedded)]
            pub phones: Vec<Phone>,
        }

        #[derive(Entity, Debug)]
        pub struct User {
            #[orm(primary_key)]
            pub id: Pk,
            #[orm(embedded)]
            pub addresses: Vec<Address>,
        }
    }

    /// Properties more, one that is gone, and another order.
    pub mod second {
        use musher::prelude::*;

        #[derive(Embedded, Debug, Clone)]
        pub struct Phone {
            #[orm(default = 43)]
            pub prefix: u32,
            pub number: String,
        }

        #[derive(Embedded, Debug, Clone)]
        pub struct Address {
            #[orm(embedded)]
            pub phones: Vec<Phone>,
            #[orm(default = "0000")]
            pub zip: String,
            pub floor: Option<i32>,
            pub city: String,
        }

        #[derive(Entity, Debug)]
        pub struct User {
            #[orm(primary_key)]
            pub id: Pk,
            #[orm(embedded)]
            pub addresses: Vec<Address>,
            #[orm(embedded, default)]
            pub others: Vec<Required>,
        }

        /// No row has an element of it.
        #[derive(Embedded, Debug, Clone)]
        pub struct Required {
            pub text: String,
        }
    }

    /// What elements can't have.
    pub mod third {
        use musher::prelude::*;

        #[derive(Embedded, Debug, Clone)]
        pub struct Address {
            pub city: u32,
            pub street: String,
            pub country: u32,
        }

        #[derive(Entity, Debug)]
        pub struct User {
            #[orm(primary_key)]
            pub id: Pk,
            #[orm(embedded)]
            pub addresses: Vec<Address>,
        }
    }
}

#[test]
fn elements_of_lists_evolve_property_by_property() -> musher::Result<()> {
    use lists::{first, second, third};

    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path();
    {
        let orm = open::<first::User>(path);
        let mut em = orm.em();
        for city in ["Graz", "Wien"] {
            let number = "123".to_owned();
            let address = first::Address {
                city: city.into(),
                country: "AT".into(),
                phones: vec![first::Phone { number }],
            };
            em.create(first::User::build().addresses(vec![address]));
        }
        em.create(first::User::build().addresses(Vec::new()));
        em.flush()?;
    }
    let wien = Id::<second::User>::new(2);
    {
        let orm = open::<second::User>(path);
        let mut em = orm.em();
        let zipped = em
            .find::<second::User>()
            .filter(|u| u.addresses().any(|a| a.zip().eq("0000")))
            .all()?;
        assert_eq!(zipped, [Id::new(1), wien], "conditions see the default");
        let prefixed = em.find::<second::User>().filter(|u| {
            let phones = |a: second::AddressPath<_>| a.phones().any(|p| p.prefix().eq(43));
            u.addresses().any(phones)
        });
        assert_eq!(prefixed.count()?, 2);
        let address = &em[wien].addresses[0];
        assert_eq!(
            (address.city.as_str(), address.zip.as_str()),
            ("Wien", "0000")
        );
        assert_eq!((address.floor, address.phones[0].prefix), (None, 43));
        em[wien].addresses[0].floor = Some(3);
        em[wien].others.push(second::Required { text: "a".into() });
        em.flush()?;
        assert!(orm.verify()?.is_clean());
    }
    let Error::Schema(problems) = refused(try_open::<third::User>(path)) else {
        panic!("a schema error was expected");
    };
    let expected = [
        "User.addresses[].city is stored as String, and the entity declares u32",
        "User.addresses[].street is new, and there are elements without it",
        "User.addresses[].country is stored as String, and the entity declares u32",
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}");
    }
    let orm = open::<second::User>(path);
    let mut em = orm.em();
    em.find::<second::User>().all()?;
    assert_eq!(em[wien].addresses[0].floor, Some(3));
    assert_eq!(em[wien].others[0].text, "a");
    Ok(())
}
