//! The shop's data, out of CSV files into the database, in one flush.

use std::collections::BTreeMap;

use csv::StringRecord;
use musher::Managed;
use musher::prelude::*;
use serde::de::DeserializeOwned;

use super::domain::{
    Address, Album, Artist, Customer, Employee, Genre, Invoice, InvoiceLine, MediaType, Playlist,
    Track,
};

/// One file of `data/`.
macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("data/", $name, ".csv"))
    };
}

/// Loads everything. The rows have their keys already, so the order does not matter: that each
/// reference leads somewhere is judged by the flush, when all of them are there.
pub fn everything(em: &mut EntityManager) -> Result<(), Box<dyn std::error::Error>> {
    entities::<Artist>(em, file!("artist"))?;
    entities::<Album>(em, file!("album"))?;
    entities::<Genre>(em, file!("genre"))?;
    entities::<MediaType>(em, file!("media_type"))?;
    entities::<Track>(em, file!("track"))?;
    entities::<Playlist>(em, file!("playlist"))?;
    entities::<InvoiceLine>(em, file!("invoice_line"))?;

    addressed(em, file!("employee"), |e: &mut Employee, address| {
        e.address = address;
    })?;
    addressed(em, file!("customer"), |c: &mut Customer, address| {
        c.address = address;
    })?;
    addressed(em, file!("invoice"), |i: &mut Invoice, address| {
        i.billing_address = address;
    })?;

    let mut tracks: BTreeMap<Id<Playlist>, Vec<Id<Track>>> = BTreeMap::new();
    for link in csv::Reader::from_reader(file!("playlist_track").as_bytes()).deserialize() {
        let (playlist, track) = link?;
        tracks.entry(playlist).or_default().push(track);
    }
    for (playlist, tracks) in tracks {
        em.edit(playlist).tracks().add(tracks);
    }

    em.flush()?;
    Ok(())
}

/// Each record is an entity.
fn entities<T: Managed + DeserializeOwned>(em: &mut EntityManager, file: &str) -> csv::Result<()> {
    for entity in csv::Reader::from_reader(file.as_bytes()).deserialize::<T>() {
        em.persist(entity?);
    }
    Ok(())
}

/// Each record is an entity, and its address.
fn addressed<T: Managed + DeserializeOwned>(
    em: &mut EntityManager,
    file: &str,
    set_address: impl Fn(&mut T, Address),
) -> csv::Result<()> {
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let names = reader.headers()?.clone();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record)? {
        let mut entity: T = record.deserialize(Some(&names))?;
        set_address(&mut entity, record.deserialize(Some(&names))?);
        em.persist(entity);
    }
    Ok(())
}
