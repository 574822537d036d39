//! The list of all parameters, in files by theme. To add one: a field in `config.rs`, a record here.

use crate::param::Param;

mod acl;
mod cluster;
mod expire;
mod general;
mod limits;
mod logging;
mod memory;
mod network;
mod persistence;
mod replication;
mod scripting;
mod tls;
mod types;

static LISTS: &[&[Param]] = &[
    network::PARAMS,
    general::PARAMS,
    limits::PARAMS,
    memory::PARAMS,
    expire::PARAMS,
    types::PARAMS,
    logging::PARAMS,
    acl::PARAMS,
    persistence::PARAMS,
    replication::PARAMS,
    cluster::PARAMS,
    scripting::PARAMS,
    tls::PARAMS,
];

pub fn all() -> impl Iterator<Item = &'static Param> {
    LISTS.iter().copied().flatten()
}

/// By its new or its old name, in any case.
pub fn find(name: &[u8]) -> Option<&'static Param> {
    all().find(|param| param.names().any(|known| known.as_bytes().eq_ignore_ascii_case(name)))
}

/// The known name that looks most like this one, when it looks like it at all.
pub(crate) fn nearest(name: &[u8]) -> Option<&'static str> {
    let known = all().flat_map(Param::names);
    let (distance, nearest) = known
        .map(|known| (crate::text::distance(name, known.as_bytes()), known))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 3 && distance * 2 < name.len()).then_some(nearest)
}

#[cfg(test)]
mod tests;
