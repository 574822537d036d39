//! Scripts: Lua 5.1, in which anybody's text may run without harm to the server or to other scripts.
//!
//! A [`Machine`] is one interpreter with the libraries that scripts know: Lua's own as far as they are harmless,
//! `redis`/`server`, `cjson`, `cmsgpack`, `struct`, `bit`. It knows neither keys nor clients: what a script asks of the
//! server goes through the trait [`Calls`], as words, and comes back as the bytes of a reply.
//!
//! The interpreter is C Lua 5.1.5 as published, which has holes. They are closed from outside:
//!
//! | hole | closed by |
//! |---|---|
//! | bytecode is accepted | `Lua::load`: what begins with ESC is parsed as text |
//! | the parser does not anchor the chunk's name (2025-49844) | `Lua::load`: name on the stack, no collection meanwhile |
//! | lengths of long brackets in 32 bits (2025-46819) | `Lua::load`: no source of more than 256 MiB |
//! | `unpack` counts in 32 bits (2025-46817) | `base`: its own |
//! | no read-only tables (2022-24735, 2025-46818) | `guard`: globals and libraries are empty tables before hidden ones |
//! | pattern matching recurses without bound | `pattern`: a bound of depth, and a look at the time |
//! | C loops cannot be stopped (`rep`, `table.insert`, `sort`) | `strings`, `tables`: their own |
//! | `collectgarbage` can stop the collector | `base`: its own |
//!
//! `docs/SCRIPTING.md` tells why this engine, with measurements.
#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod lua;

mod api;
mod args;
mod base;
mod bits;
mod calls;
mod cjson;
mod cmsgpack;
mod convert;
mod errors;
mod format;
mod functions;
mod guard;
mod machine;
mod packing;
mod pattern;
mod random;
mod strings;
mod tables;

pub use api::{hex, sha1};
pub use calls::{Calls, Flag, FunctionSpec, Go, LogLevel, Replication};
pub use machine::{Failure, Function, Kind, Machine, Version};
