//! Twenty questions about the shop. Each is answered by a function of its own, with what a program
//! would want to have: names, sums, dates. Here they become rows of text, to be printed.

mod catalogue;
mod people;
mod ranking;
mod sales;

use std::fmt::Display;

use musher::prelude::*;

/// A question, and how to answer it.
pub struct Question {
    pub name: &'static str,
    pub text: &'static str,
    pub columns: &'static [&'static str],
    pub ask: fn(&mut EntityManager) -> musher::Result<Vec<Row>>,
}

/// One row of an answer.
pub type Row = Vec<String>;

pub const ALL: [Question; 20] = [
    Question {
        name: "longest_tracks",
        text: "Which tracks of the playlist \"90’s Music\" are longest?",
        columns: &["track", "milliseconds"],
        ask: |em| rows(catalogue::longest_tracks(em, "90’s Music", 5)),
    },
    Question {
        name: "playlists_with",
        text: "Which playlists have something by Pearl Jam?",
        columns: &["id", "playlist"],
        ask: |em| rows(catalogue::playlists_with(em, "Pearl Jam")),
    },
    Question {
        name: "artists_without_albums",
        text: "Which artists have no album here?",
        columns: &["artist"],
        ask: |em| rows(catalogue::artists_without_albums(em)),
    },
    Question {
        name: "long_tracks",
        text: "Which metal tracks last longer than ten minutes?",
        columns: &["track", "artist", "milliseconds"],
        ask: |em| rows(catalogue::long_tracks(em, "Metal", 600_000)),
    },
    Question {
        name: "albums_composed_by",
        text: "On which albums is something composed by Steve Harris?",
        columns: &["album", "tracks"],
        ask: |em| rows(catalogue::albums_composed_by(em, "Steve Harris")),
    },
    Question {
        name: "longest_albums",
        text: "Which albums play longest?",
        columns: &["album", "artist", "milliseconds"],
        ask: |em| rows(catalogue::longest_albums(em, 10)),
    },
    Question {
        name: "large_albums",
        text: "Which albums have more than 25 tracks?",
        columns: &["album", "tracks"],
        ask: |em| rows(catalogue::large_albums(em, 25)),
    },
    Question {
        name: "revenue_by_country",
        text: "What does each country bring in?",
        columns: &["country", "revenue"],
        ask: |em| rows(sales::revenue_by_country(em)),
    },
    Question {
        name: "best_selling_genres",
        text: "Which genres sell best?",
        columns: &["genre", "sold"],
        ask: |em| rows(sales::best_selling_genres(em, 5)),
    },
    Question {
        name: "best_selling_artists",
        text: "Which artists bring in most?",
        columns: &["artist", "revenue"],
        ask: |em| rows(sales::best_selling_artists(em, 10)),
    },
    Question {
        name: "albums_without_sales",
        text: "How many albums by whom has nobody bought a track of?",
        columns: &["artist", "albums"],
        ask: |em| rows(sales::albums_without_sales(em)),
    },
    Question {
        name: "unsold_tracks",
        text: "How many tracks of each genre has nobody bought?",
        columns: &["genre", "tracks"],
        ask: |em| rows(sales::unsold_tracks(em)),
    },
    Question {
        name: "page_of_invoices",
        text: "What stands on the third page of the invoices, the newest first?",
        columns: &["invoice", "date", "customer", "total"],
        ask: |em| rows(sales::page_of_invoices(em, 3, 20)),
    },
    Question {
        name: "wrong_totals",
        text: "Which invoices do not add up?",
        columns: &["invoice", "total", "lines"],
        ask: |em| rows(sales::wrong_totals(em)),
    },
    Question {
        name: "organisation",
        text: "Who reports to whom?",
        columns: &["level", "name", "title"],
        ask: |em| rows(people::organisation(em)),
    },
    Question {
        name: "customers_of_team",
        text: "Who are the customers of Nancy Edwards and her reports?",
        columns: &["customer", "looked after by"],
        ask: |em| rows(people::customers_of_team(em, "nancy@chinookcorp.com")),
    },
    Question {
        name: "sales_by_employee",
        text: "What do the customers of each employee spend?",
        columns: &["employee", "customers", "revenue"],
        ask: |em| rows(people::sales_by_employee(em)),
    },
    Question {
        name: "top_customers",
        text: "Who has spent most?",
        columns: &["customer", "country", "spent"],
        ask: |em| rows(people::top_customers(em, 10)),
    },
    Question {
        name: "customers_who_never_bought",
        text: "Who has never bought any jazz?",
        columns: &["customer"],
        ask: |em| rows(people::customers_who_never_bought(em, "Jazz")),
    },
    Question {
        name: "taste_of",
        text: "What does Helena Holý listen to?",
        columns: &["genre", "tracks"],
        ask: |em| rows(people::taste_of(em, "hholy@gmail.com")),
    },
];

fn rows<T: Cells>(answer: musher::Result<Vec<T>>) -> musher::Result<Vec<Row>> {
    Ok(answer?.iter().map(Cells::cells).collect())
}

/// The parts of a tuple, as text.
trait Cells {
    fn cells(&self) -> Row;
}

macro_rules! cells {
    ($($part:ident),*) => {
        impl<$($part: Display),*> Cells for ($($part,)*) {
            #[allow(non_snake_case, reason = "the parts have no better names than their types")]
            fn cells(&self) -> Row {
                let ($($part,)*) = self;
                vec![$($part.to_string()),*]
            }
        }
    };
}

cells!(A);
cells!(A, B);
cells!(A, B, C);
cells!(A, B, C, D);
