//! What is wrong with the entities is told when a database is opened, all at once; and a database
//! that was made by other entities is brought up to date, or refused.

mod support;

#[path = "schema/evolution.rs"]
mod evolution;
#[path = "schema/validity.rs"]
mod validity;
