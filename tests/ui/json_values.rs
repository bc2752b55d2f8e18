//! A `serde_json::Value` is stored within `Json`: by itself it could not be read again.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Device {
    #[orm(primary_key)]
    id: Pk,
    settings: serde_json::Value,
    more: Option<Vec<serde_json::Value>>,
}

fn main() {}
