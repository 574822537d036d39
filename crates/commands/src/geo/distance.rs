//! GEODIST: how far two members are from each other.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, KeySpec, Result};
use keyspace::SortedSet;

use super::hash::Place;
use super::{GEO, UNIT, shape, text, unit};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "GEODIST",
    summary: "Tells how far two members are from each other on a sphere as big as the earth.",
    arity: Arity::AtLeast(4),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key"), Arg::string("member1"), Arg::string("member2"), UNIT.optional()],
    reply: "the distance with four decimals, or null if a member is missing",
    run: geodist,
    ..GEO
}];

fn geodist(ctx: &mut Ctx<'_>) -> Result {
    let meters = match ctx.argv.len() {
        4 => 1.0,
        5 => unit(ctx.argv.at(4))?,
        _ => return Err(CommandError::Syntax),
    };
    let (key, one, other) = (ctx.key(1), ctx.argv.at(2), ctx.argv.at(3));
    let places = ctx.db().view::<SortedSet>(key)?.and_then(|set| Some((set.score(one)?, set.score(other)?)));
    let Some((one, other)) = places else { return ctx.null() };
    let mut digits = Vec::with_capacity(24);
    let distance = shape::distance(Place::of_score(one), Place::of_score(other));
    text::write_distance(&mut digits, distance / meters);
    ctx.bulk(&digits)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn distances_are_told_in_units() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEODIST s Palermo Catania
            "166274.1516"
            > GEODIST s Palermo Catania m
            "166274.1516"
            > GEODIST s Palermo Catania KM
            "166.2742"
            > GEODIST s Palermo Catania mi
            "103.3182"
            > GEODIST s Palermo Catania ft
            "545518.8700"
            > GEODIST s Palermo Palermo
            "0.0000"
            > GEODIST s Palermo nope
            nil
            > GEODIST nope a b
            nil
            > GEODIST s a b parsec
            -ERR unsupported unit provided. please use M, KM, FT, MI
            > GEODIST s a b m m
            -ERR syntax error
            > GEODIST s a
            -ERR wrong number of arguments for 'geodist' command
            > SET k v
            +OK
            > GEODIST k a b
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
