//! `User::hash_password` runs before a user is inserted and before one is updated. It hashes the
//! password only if it is among the changes.

use musher::prelude::*;

use super::domain::User;

/// Changes a user twice: a bio leaves the hash alone, a password is hashed again.
pub fn the_hash(em: &mut EntityManager, user: Id<User>) -> musher::Result<()> {
    em.clear();
    let user = em.find_one(user).populate(|u| u.password()).or_fail()?;
    let hash = em.view(user).password().clone();
    println!(
        "123456 is the password: {}",
        em[user].verify_password("123456")?
    );

    em[user].bio = format!("Changed {} times", changes(&em[user]) + 1);
    em.flush()?; // `updated_at` follows by itself
    println!(
        "The hash is what it was: {}",
        *em.view(user).password() == hash
    );

    em[user].password = "123456".into();
    em.flush()?;
    println!(
        "The hash is what it was: {}",
        *em.view(user).password() == hash
    );
    println!(
        "123456 is the password: {}",
        em[user].verify_password("123456")?
    );
    Ok(())
}

fn changes(user: &User) -> u32 {
    let number = user.bio.split(' ').nth(1);
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
