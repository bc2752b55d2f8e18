//! What was sold, and what was not.

use chrono::NaiveDate;
use musher::prelude::*;

use super::super::domain::{Album, Invoice, InvoiceLine, Track};
use super::super::money::Money;
use super::ranking::Sums;

/// The revenue of each country, the highest first.
pub fn revenue_by_country(em: &mut EntityManager) -> musher::Result<Vec<(String, Money)>> {
    let invoices = em.find::<Invoice>().all()?;
    let sums: Sums<_, _> = invoices
        .into_iter()
        .map(|invoice| {
            let invoice = &em[invoice];
            (invoice.billing_address.country.clone(), invoice.total)
        })
        .collect();
    Ok(sums.ranking())
}

/// The genres of which most tracks were sold.
pub fn best_selling_genres(
    em: &mut EntityManager,
    most: usize,
) -> musher::Result<Vec<(String, u32)>> {
    let lines = em
        .find::<InvoiceLine>()
        .populate(|l| l.track().genre())
        .all()?;
    let sums: Sums<_, _> = lines
        .into_iter()
        .filter_map(|line| {
            let line = em.view(line);
            let genre = line.track().genre()?;
            Some((genre.name.clone(), line.quantity))
        })
        .collect();
    let mut ranking = sums.ranking();
    ranking.truncate(most);
    Ok(ranking)
}

/// The artists that bring in most.
pub fn best_selling_artists(
    em: &mut EntityManager,
    most: usize,
) -> musher::Result<Vec<(String, Money)>> {
    let lines = em
        .find::<InvoiceLine>()
        .populate(|l| l.track().album().artist())
        .all()?;
    let sums: Sums<_, _> = lines
        .into_iter()
        .map(|line| {
            let line = em.view(line);
            let artist = line.track().album().artist();
            (artist.name.clone(), line.revenue())
        })
        .collect();
    let mut ranking = sums.ranking();
    ranking.truncate(most);
    Ok(ranking)
}

/// How many albums of each artist nobody has bought a track of.
pub fn albums_without_sales(em: &mut EntityManager) -> musher::Result<Vec<(String, u32)>> {
    let albums = em
        .find::<Album>()
        .populate(|a| (a.artist(), a.tracks().sales()))
        .all()?;
    let sums: Sums<_, _> = albums
        .into_iter()
        .map(|album| em.view(album))
        .filter(|album| album.tracks().iter().all(|track| track.sales().is_empty()))
        .map(|album| (album.artist().name.clone(), 1))
        .collect();
    Ok(sums.ranking())
}

/// How many tracks of each genre nobody has bought.
pub fn unsold_tracks(em: &mut EntityManager) -> musher::Result<Vec<(String, u32)>> {
    let tracks = em
        .find::<Track>()
        .populate(|t| (t.genre(), t.sales()))
        .all()?;
    let sums: Sums<_, _> = tracks
        .into_iter()
        .map(|track| em.view(track))
        .filter(|track| track.sales().is_empty())
        .filter_map(|track| Some((track.genre()?.name.clone(), 1)))
        .collect();
    Ok(sums.ranking())
}

/// One page of the invoices, the newest first. A cursor leads from page to page, as it would from
/// request to request.
pub fn page_of_invoices(
    em: &mut EntityManager,
    number: usize,
    size: usize,
) -> musher::Result<Vec<(u64, NaiveDate, String, Money)>> {
    let mut cursor = None;
    for _ in 1..number {
        let mut query = em.find::<Invoice>().order_by(|i| i.date().desc());
        if let Some(cursor) = &cursor {
            query = query.after(cursor);
        }
        cursor = query.page(size)?.next;
    }
    let mut query = em
        .find::<Invoice>()
        .order_by(|i| i.date().desc())
        .populate(|i| i.customer());
    if let Some(cursor) = &cursor {
        query = query.after(cursor);
    }
    let page = query.page(size)?;
    Ok(page
        .ids
        .into_iter()
        .map(|invoice| {
            let invoice = em.view(invoice);
            let customer = invoice.customer().full_name();
            (*invoice.id().key(), invoice.date, customer, invoice.total)
        })
        .collect())
}

/// The invoices whose lines do not add up to their total.
pub fn wrong_totals(em: &mut EntityManager) -> musher::Result<Vec<(u64, Money, Money)>> {
    let invoices = em.find::<Invoice>().populate(|i| i.lines()).all()?;
    Ok(invoices
        .into_iter()
        .map(|invoice| {
            let invoice = em.view(invoice);
            let lines = invoice.lines().iter().map(|line| line.revenue()).sum();
            (*invoice.id().key(), invoice.total, lines)
        })
        .filter(|(_, total, lines)| total != lines)
        .collect())
}
