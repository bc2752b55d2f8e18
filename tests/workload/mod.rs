//! What the processes write that are killed, lose their power or have their files damaged, and how
//! what they leave is compared with what it must be. Each test uses a part of it.

#![allow(
    dead_code,
    reason = "every test that includes this module uses a part of it"
)]

pub mod blog;
pub mod history;
pub mod processes;
pub mod random;
pub mod setup;
pub mod writers;
