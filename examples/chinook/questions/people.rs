//! Those who buy, and those who sell.

use musher::prelude::*;

use super::super::domain::{Customer, Employee, EmployeeView, Invoice, InvoiceLine};
use super::super::money::Money;
use super::ranking::{first, ranking};

/// The employees as a tree: how far they are from the top, their name and their title.
pub fn organisation(em: &mut EntityManager) -> musher::Result<Vec<(usize, String, String)>> {
    // All of them, with those who report to them: one look-up for each, whatever the depth.
    let employees = em.find::<Employee>().populate(|e| e.reports()).all()?;
    let mut tree = Vec::new();
    for employee in employees {
        if em[employee].reports_to.is_some() {
            continue;
        }
        branch(em.view(employee).unchecked(), 0, &mut tree);
    }
    Ok(tree)
}

fn branch(employee: EmployeeView<'_>, level: usize, tree: &mut Vec<(usize, String, String)>) {
    tree.push((level, employee.full_name(), employee.title.clone()));
    for report in employee.reports() {
        branch(report, level + 1, tree);
    }
}

/// The customers of an employee and of all who report to them, however indirectly, each with who
/// looks after them.
pub fn customers_of_team(
    em: &mut EntityManager,
    email: &str,
) -> musher::Result<Vec<(String, String)>> {
    let head = em
        .find::<Employee>()
        .filter(|e| e.email().eq(email))
        .or_fail()?;
    let mut team = vec![head];
    let mut next = vec![head];
    while !next.is_empty() {
        next = em
            .find::<Employee>()
            .filter(|e| e.reports_to().id().is_in(next.iter().map(|id| *id.key())))
            .all()?;
        team.extend(&next);
    }
    let customers = em
        .find::<Customer>()
        .filter(|c| c.support_rep().id().is_in(team.iter().map(|id| *id.key())))
        .order_by(|c| (c.last_name().asc(), c.first_name().asc()))
        .populate(|c| c.support_rep())
        .all()?;
    Ok(customers
        .into_iter()
        .filter_map(|customer| {
            let customer = em.view(customer);
            Some((customer.full_name(), customer.support_rep()?.full_name()))
        })
        .collect())
}

/// How many customers each employee looks after who has any, and what these have spent.
pub fn sales_by_employee(em: &mut EntityManager) -> musher::Result<Vec<(String, usize, Money)>> {
    let employees = em
        .find::<Employee>()
        .filter(|e| e.customers().is_empty().not())
        .order_by(|e| (e.last_name().asc(), e.first_name().asc()))
        .populate(|e| e.customers().invoices())
        .all()?;
    Ok(employees
        .into_iter()
        .map(|employee| {
            let employee = em.view(employee);
            let revenue = employee
                .customers()
                .iter()
                .flat_map(|customer| customer.invoices().iter())
                .map(|invoice| invoice.total)
                .sum();
            (employee.full_name(), employee.customers().len(), revenue)
        })
        .collect())
}

/// The customers who have spent most.
pub fn top_customers(
    em: &mut EntityManager,
    most: usize,
) -> musher::Result<Vec<(String, String, Money)>> {
    let customers = em
        .find::<Invoice>()
        .group_by(|i| {
            let customer = i.customer();
            let name = (customer.first_name(), customer.last_name());
            let name = name.map(|(first, last)| format!("{first} {last}"));
            (name, customer.address().country())
        })
        .aggregate(|i| i.total().sum())?;
    Ok(first(most, customers)
        .into_iter()
        .map(|((name, country), spent)| (name, country, spent))
        .collect())
}

/// The customers who have never bought a track of a genre.
pub fn customers_who_never_bought(
    em: &mut EntityManager,
    genre: &str,
) -> musher::Result<Vec<(String,)>> {
    let customers = em
        .find::<Customer>()
        .filter(|c| {
            c.invoices()
                .none(|i| i.lines().any(|l| l.track().genre().name().eq(genre)))
        })
        .order_by(|c| (c.last_name().asc(), c.first_name().asc()))
        .fields(|c| (c.first_name(), c.last_name()))
        .all()?;
    Ok(customers
        .into_iter()
        .map(|(first, last)| (format!("{first} {last}"),))
        .collect())
}

/// The genres that a customer buys, and how many tracks of each.
pub fn taste_of(em: &mut EntityManager, email: &str) -> musher::Result<Vec<(String, u64)>> {
    let genres = em
        .find::<InvoiceLine>()
        .filter(|l| l.invoice().customer().email().eq(email))
        .filter(|l| l.track().genre().is_some())
        .group_by(|l| l.track().genre().name())
        .aggregate(|l| l.quantity().sum())?;
    Ok(ranking(genres))
}
