//! The programs beside the server: they look at files, and need neither an engine nor a network.
#![forbid(unsafe_code)]

pub mod check;
