//! What a careless or hostile caller gives: it works, or it is refused with an error that names what is
//! wrong and what to do, and nothing is lost.

mod support;

#[path = "bad_input/depth.rs"]
mod depth;
#[path = "bad_input/files.rs"]
mod files;
#[path = "bad_input/keys.rs"]
mod keys;
#[path = "bad_input/many.rs"]
mod many;
#[path = "bad_input/names.rs"]
mod names;
#[path = "bad_input/numbers.rs"]
mod numbers;
#[path = "bad_input/sizes.rs"]
mod sizes;
#[path = "bad_input/texts.rs"]
mod texts;
