//! Bytes of values.
