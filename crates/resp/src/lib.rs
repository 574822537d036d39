//! RESP2 and RESP3 as bytes: requests in, replies out.
//!
//! [`request`] finds the words of a request in a query buffer without copying them; [`reply`] appends replies to a
//! buffer. Neither knows a socket or a client, so both are tested and fuzzed with plain byte strings.
//!
//! The protocol: <https://valkey.io/topics/protocol/>.
#![forbid(unsafe_code)]

pub mod reply;
pub mod request;

pub use reply::Protocol;
pub use request::{Argv, Limits, Parsed, ProtocolError, Span};
