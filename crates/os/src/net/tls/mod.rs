//! TLS: connections whose bytes are encrypted, by rustls.
//!
//! A connection of a secure listener is ours alone until both sides have agreed on keys ([`handshake`]); then it is
//! accepted like any other, and `net` hands its `recv` and `send` to its [`Session`]. So nobody above `net` knows of TLS,
//! a stranger that says nothing costs no client, and connections that are not encrypted pay a test for null.
//!
//! **Invariants**
//! 1. After `recv` no plain bytes are left in the session: the poller's word for "bytes have arrived" is enough. The one
//!    exception, bytes that came with the end of the handshake, is `Net::primed`.
//! 2. Bytes are told as sent when they have left as ciphertext; those that wait encrypted are remembered as `held`, and
//!    are the first that the next `send` is given.

mod certificate;
pub(super) mod handshake;
mod key;
mod session;
mod sessions;
mod settings;
mod suites;
#[cfg(test)]
mod tests;
mod version_1;

pub(super) use session::Session;
pub(super) use settings::Settings;
