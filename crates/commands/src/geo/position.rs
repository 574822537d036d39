//! GEOPOS, GEOHASH: where members are.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::SortedSet;

use super::hash::Place;
use super::{GEO, text};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "GEOPOS",
        summary: "Tells longitude and latitude of members.",
        reply: "for each member its longitude and latitude, or null if it is missing",
        run: geopos,
        ..POSITION
    },
    Command {
        name: "GEOHASH",
        summary: "Tells the geohashes of members, as other programs use them.",
        reply: "for each member a text of eleven letters, or null if it is missing",
        run: geohash,
        ..POSITION
    },
];

const POSITION: Command = Command {
    arity: Arity::AtLeast(2),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key"), Arg::string("member").optional().many()],
    complexity: "O(1) for each member",
    ..GEO
};

/// Index of the first member.
const FIRST: usize = 2;

fn geopos(ctx: &mut Ctx<'_>) -> Result {
    let (key, argv, mut digits) = (ctx.key(1), ctx.argv, Vec::new());
    let set = ctx.keyspace.db(ctx.client.db).view::<SortedSet>(key)?;
    ctx.client.out.array(argv.len() - FIRST);
    for member in argv.iter().skip(FIRST) {
        match set.and_then(|set| set.score(member)) {
            Some(score) => write_place(&mut ctx.client.out, Place::of_score(score), &mut digits),
            None => ctx.client.out.null_array(),
        }
    }
    Ok(())
}

/// Longitude and latitude; `digits` is where they are printed.
pub(super) fn write_place(out: &mut engine::Outbox, place: Place, digits: &mut Vec<u8>) {
    out.array(2);
    for coordinate in [place.longitude, place.latitude] {
        digits.clear();
        text::write_coordinate(digits, coordinate);
        out.double_text(digits);
    }
}

fn geohash(ctx: &mut Ctx<'_>) -> Result {
    let (key, argv) = (ctx.key(1), ctx.argv);
    let set = ctx.keyspace.db(ctx.client.db).view::<SortedSet>(key)?;
    ctx.client.out.array(argv.len() - FIRST);
    for member in argv.iter().skip(FIRST) {
        match set.and_then(|set| set.score(member)) {
            Some(score) => ctx.client.out.bulk(&Place::of_score(score).letters()),
            None => ctx.client.out.null(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn members_are_where_they_were_put() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEOPOS s Palermo nope Catania
            [["13.36138933897018433" "38.11555639549629859"] nil* ["15.08726745843887329" "37.50266842333162032"]]
            > GEOHASH s Palermo nope Catania
            ["sqc8b49rny0" nil "sqdtr74hyu0"]
            > GEOPOS s
            []
            > GEOHASH nope a
            [nil]
            > GEOPOS nope a b
            [nil* nil*]
            > HELLO 3
            *
            > GEOPOS s Palermo nope
            [[,13.36138933897018433 ,38.11555639549629859] nil]
            > SET k v
            +OK
            > GEOPOS k
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > GEOHASH k
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > GEOPOS
            -ERR wrong number of arguments for 'geopos' command
            "#,
        );
    }
}
