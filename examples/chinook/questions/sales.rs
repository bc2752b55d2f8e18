//! What was sold, and what was not.

use chrono::NaiveDate;
use musher::prelude::*;
use musher::{Cursor, Page};

use super::super::domain::{Album, Invoice, InvoiceLine, Track};
use super::super::money::Money;
use super::ranking::Sums;

/// The revenue of each country, the highest first.
pub fn revenue_by_country(em: &mut EntityManager) -> musher::Result<Vec<(String, Money)>> {
    let invoices = em
        .find::<Invoice>()
        .fields(|i| (i.billing_address(), i.total()))
        .all()?;
    let sums: Sums<_, _> = invoices
        .into_iter()
        .map(|(address, total)| (address.country, total))
        .collect();
    Ok(sums.ranking())
}

/// The genres of which most tracks were sold.
pub fn best_selling_genres(
    em: &mut EntityManager,
    most: usize,
) -> musher::Result<Vec<(String, u32)>> {
    let sales = em
        .find::<InvoiceLine>()
        .fields(|l| (l.track().genre().name().optional(), l.quantity()))
        .all()?;
    let sums: Sums<_, _> = sales
        .into_iter()
        .filter_map(|(genre, quantity)| Some((genre?, quantity)))
        .collect();
    Ok(sums.first(most))
}

/// The artists that bring in most.
pub fn best_selling_artists(
    em: &mut EntityManager,
    most: usize,
) -> musher::Result<Vec<(String, Money)>> {
    let sales = em
        .find::<InvoiceLine>()
        .fields(|l| {
            let artist = l.track().album().artist();
            (artist.name(), l.unit_price(), l.quantity())
        })
        .all()?;
    let sums: Sums<_, _> = sales
        .into_iter()
        .map(|(artist, unit_price, quantity)| (artist, unit_price * quantity))
        .collect();
    Ok(sums.first(most))
}

/// How many albums of each artist nobody has bought a track of.
pub fn albums_without_sales(em: &mut EntityManager) -> musher::Result<Vec<(String, u32)>> {
    let albums = em
        .find::<Album>()
        .filter(|a| a.tracks().all(|t| t.sales().is_empty()))
        .fields(|a| (a.artist().name(),))
        .all()?;
    let sums: Sums<_, _> = albums.into_iter().map(|(artist,)| (artist, 1)).collect();
    Ok(sums.ranking())
}

/// How many tracks of each genre nobody has bought.
pub fn unsold_tracks(em: &mut EntityManager) -> musher::Result<Vec<(String, u32)>> {
    let tracks = em
        .find::<Track>()
        .filter(|t| t.sales().is_empty())
        .fields(|t| (t.genre().name().optional(),))
        .all()?;
    let sums: Sums<_, _> = tracks
        .into_iter()
        .filter_map(|(genre,)| Some((genre?, 1)))
        .collect();
    Ok(sums.ranking())
}

/// One page of the invoices, the newest first. A cursor leads from each page to the next one, as it
/// would from request to request.
pub fn page_of_invoices(
    em: &mut EntityManager,
    number: usize,
    size: usize,
) -> musher::Result<Vec<(u64, NaiveDate, String, Money)>> {
    let mut page = newest_invoices(em, None, size)?;
    for _ in 1..number {
        let Some(next) = &page.next else {
            return Ok(Vec::new());
        };
        page = newest_invoices(em, Some(next), size)?;
    }
    Ok(page
        .ids
        .into_iter()
        .map(|invoice| {
            let invoice = em.view(invoice);
            let customer = invoice.customer().full_name();
            (*invoice.id, invoice.date, customer, invoice.total)
        })
        .collect())
}

fn newest_invoices(
    em: &mut EntityManager,
    after: Option<&Cursor>,
    most: usize,
) -> musher::Result<Page<Invoice>> {
    em.find::<Invoice>()
        .order_by(|i| i.date().desc())
        .populate(|i| i.customer())
        .unchecked()
        .after(after)
        .page(most)
}

/// The invoices whose lines do not add up to their total.
pub fn wrong_totals(em: &mut EntityManager) -> musher::Result<Vec<(u64, Money, Money)>> {
    let invoices = em.find::<Invoice>().populate(|i| i.lines()).all()?;
    Ok(invoices
        .into_iter()
        .map(|invoice| {
            let invoice = em.view(invoice);
            let lines = invoice.lines().iter().map(|line| line.revenue()).sum();
            (*invoice.id, invoice.total, lines)
        })
        .filter(|(_, total, lines)| total != lines)
        .collect())
}
