//! The commands of the group `geo`: places as members of sorted sets.
//!
//! A member's score is the number of its place ([`hash`]). What is near is found in few ranges of scores ([`shape`]).

mod add;
mod distance;
mod hash;
mod options;
mod position;
mod radius;
mod search;
mod shape;
mod text;

use engine::{Arg, Command, CommandError, Group, Result};

use hash::Place;

pub(crate) static LISTS: &[&[Command]] =
    &[add::COMMANDS, distance::COMMANDS, position::COMMANDS, radius::COMMANDS, search::COMMANDS];

const GEO: Command = Command { since: "3.2.0", group: Group::Geo, ..Command::BLANK };

const UNIT: Arg = Arg::one_of(
    "unit",
    &[Arg::word("m", "M"), Arg::word("km", "KM"), Arg::word("ft", "FT"), Arg::word("mi", "MI")],
);

/// Meters of a unit.
fn unit(word: &[u8]) -> Result<f64> {
    const UNITS: [(&str, f64); 4] = [("m", 1.0), ("km", 1000.0), ("ft", 0.3048), ("mi", 1609.34)];
    let found = UNITS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
    found
        .map(|(_, meters)| *meters)
        .ok_or(CommandError::Line("ERR unsupported unit provided. please use M, KM, FT, MI"))
}

fn number(word: &[u8]) -> Result<f64> {
    stdx::num::parse_f64(word).ok_or(CommandError::NotFloat)
}

/// A place on the map.
fn place(longitude: &[u8], latitude: &[u8]) -> Result<Place> {
    let place = Place { longitude: number(longitude)?, latitude: number(latitude)? };
    if place.is_on_map() {
        return Ok(place);
    }
    let Place { longitude, latitude } = place;
    let line = format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}");
    Err(CommandError::told(line))
}
