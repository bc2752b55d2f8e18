//! The entities of the music shop.
//!
//! They derive `Deserialize` beside `Entity`, so that the loader can read them right out of a CSV
//! file: an entity is a struct like any other. Collections are no columns, hence `serde(skip)`.

use chrono::NaiveDate;
use musher::prelude::*;
use serde::Deserialize;

use super::money::Money;

/// All of them.
pub type Shop = (
    (Artist, Album, Track, Genre, MediaType, Playlist),
    (Employee, Customer, Invoice, InvoiceLine),
);

#[derive(Entity, Deserialize, Debug)]
pub struct Artist {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(index)]
    pub name: String,
    #[serde(skip)]
    #[orm(one_to_many(mapped_by = artist))]
    pub albums: Collection<Album>,
}

#[derive(Entity, Deserialize, Debug)]
pub struct Album {
    #[orm(primary_key)]
    pub id: Pk,
    pub title: String,
    #[orm(many_to_one)]
    pub artist: Id<Artist>,
    #[serde(skip)]
    #[orm(one_to_many(mapped_by = album))]
    pub tracks: Collection<Track>,
}

#[derive(Entity, Deserialize, Debug)]
pub struct Track {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(index)]
    pub name: String,
    #[orm(many_to_one)]
    pub album: Id<Album>,
    #[orm(many_to_one)]
    pub media_type: Id<MediaType>,
    #[orm(many_to_one)]
    pub genre: Option<Id<Genre>>,
    pub composer: Option<String>,
    #[orm(index)]
    pub milliseconds: u32,
    pub bytes: u64,
    #[serde(deserialize_with = "Money::from_dollars")]
    pub unit_price: Money,
    #[serde(skip)]
    #[orm(many_to_many(mapped_by = tracks))]
    pub playlists: Collection<Playlist>,
    #[serde(skip)]
    #[orm(one_to_many(mapped_by = track))]
    pub sales: Collection<InvoiceLine>,
}

#[derive(Entity, Deserialize, Debug)]
pub struct Genre {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique)]
    pub name: String,
    #[serde(skip)]
    #[orm(one_to_many(mapped_by = genre))]
    pub tracks: Collection<Track>,
}

#[derive(Entity, Deserialize, Debug)]
pub struct MediaType {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique)]
    pub name: String,
    #[serde(skip)]
    #[orm(one_to_many(mapped_by = media_type))]
    pub tracks: Collection<Track>,
}

/// Playlists may share a name: the shop has two with the name "Music".
#[derive(Entity, Deserialize, Debug)]
pub struct Playlist {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(index)]
    pub name: String,
    #[serde(skip)]
    #[orm(many_to_many(inversed_by = playlists))]
    pub tracks: Collection<Track>,
}

/// An address is no entity: it has no key, and its properties are those of whoever has it.
#[derive(Embedded, Deserialize, Debug, Clone, PartialEq, Default)]
pub struct Address {
    pub street: String,
    pub city: String,
    pub state: Option<String>,
    pub country: String,
    pub postal_code: Option<String>,
}

#[derive(Entity, Deserialize, Debug)]
pub struct Employee {
    #[orm(primary_key)]
    pub id: Pk,
    pub last_name: String,
    pub first_name: String,
    pub title: String,
    #[orm(many_to_one)]
    pub reports_to: Option<Id<Employee>>,
    #[serde(skip)]
    #[orm(one_to_many(mapped_by = reports_to))]
    pub reports: Collection<Employee>,
    pub birth_date: NaiveDate,
    pub hire_date: NaiveDate,
    #[serde(skip)]
    #[orm(embedded)]
    pub address: Address,
    pub phone: String,
    pub fax: Option<String>,
    #[orm(unique)]
    pub email: String,
    #[serde(skip)]
    #[orm(one_to_many(mapped_by = support_rep))]
    pub customers: Collection<Customer>,
}

#[derive(Entity, Deserialize, Debug)]
pub struct Customer {
    #[orm(primary_key)]
    pub id: Pk,
    pub first_name: String,
    pub last_name: String,
    pub company: Option<String>,
    #[serde(skip)]
    #[orm(embedded)]
    pub address: Address,
    pub phone: Option<String>,
    pub fax: Option<String>,
    #[orm(unique)]
    pub email: String,
    #[orm(many_to_one)]
    pub support_rep: Option<Id<Employee>>,
    #[serde(skip)]
    #[orm(one_to_many(mapped_by = customer))]
    pub invoices: Collection<Invoice>,
}

#[derive(Entity, Deserialize, Debug)]
pub struct Invoice {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(many_to_one)]
    pub customer: Id<Customer>,
    #[orm(index)]
    pub date: NaiveDate,
    #[serde(skip)]
    #[orm(embedded)]
    pub billing_address: Address,
    #[serde(deserialize_with = "Money::from_dollars")]
    pub total: Money,
    #[serde(skip)]
    #[orm(one_to_many(mapped_by = invoice))]
    pub lines: Collection<InvoiceLine>,
}

/// Lines go with their invoice.
#[derive(Entity, Deserialize, Debug)]
pub struct InvoiceLine {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(many_to_one(on_delete = cascade))]
    pub invoice: Id<Invoice>,
    #[orm(many_to_one)]
    pub track: Id<Track>,
    #[serde(deserialize_with = "Money::from_dollars")]
    pub unit_price: Money,
    pub quantity: u32,
}

impl Employee {
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

impl Customer {
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

impl InvoiceLine {
    pub fn revenue(&self) -> Money {
        self.unit_price * self.quantity
    }
}
