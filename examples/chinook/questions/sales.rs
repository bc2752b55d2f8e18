//! What was sold, and what was not.

use chrono::NaiveDate;
use musher::prelude::*;
use musher::{Cursor, Page};

use super::super::domain::{Album, Invoice, InvoiceLine, Track};
use super::super::money::Money;
use super::ranking::{first, ranking};

/// The revenue of each country, the highest first.
pub fn revenue_by_country(em: &mut EntityManager) -> musher::Result<Vec<(String, Money)>> {
    let countries = em
        .find::<Invoice>()
        .group_by(|i| i.billing_address().country())
        .aggregate(|i| i.total().sum())?;
    Ok(ranking(countries))
}

/// The genres of which most tracks were sold.
pub fn best_selling_genres(
    em: &mut EntityManager,
    most: usize,
) -> musher::Result<Vec<(String, u64)>> {
    let genres = em
        .find::<InvoiceLine>()
        .filter(|l| l.track().genre().is_some())
        .group_by(|l| l.track().genre().name())
        .aggregate(|l| l.quantity().sum())?;
    Ok(first(most, genres))
}

/// The artists that bring in most.
pub fn best_selling_artists(
    em: &mut EntityManager,
    most: usize,
) -> musher::Result<Vec<(String, Money)>> {
    let artists = em
        .find::<InvoiceLine>()
        .group_by(|l| l.track().album().artist().name())
        .aggregate(|l| {
            let sold = (l.unit_price(), l.quantity());
            sold.map(|(price, quantity)| price * quantity).sum()
        })?;
    Ok(first(most, artists))
}

/// How many albums of each artist nobody has bought a track of.
pub fn albums_without_sales(em: &mut EntityManager) -> musher::Result<Vec<(String, usize)>> {
    let artists = em
        .find::<Album>()
        .filter(|a| a.tracks().all(|t| t.sales().is_empty()))
        .group_by(|a| a.artist().name())
        .aggregate(|a| a.id().count())?;
    Ok(ranking(artists))
}

/// How many tracks of each genre nobody has bought.
pub fn unsold_tracks(em: &mut EntityManager) -> musher::Result<Vec<(String, usize)>> {
    let genres = em
        .find::<Track>()
        .filter(|t| t.sales().is_empty().and(t.genre().is_some()))
        .group_by(|t| t.genre().name())
        .aggregate(|t| t.id().count())?;
    Ok(ranking(genres))
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
