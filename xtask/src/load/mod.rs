//! What asks servers for much: workloads as definitions, the connections that play them, the servers.

pub mod client;
pub mod definition;
pub mod reply;
pub mod server;
