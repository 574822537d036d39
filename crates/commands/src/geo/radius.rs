//! GEORADIUS, GEORADIUSBYMEMBER and their read-only forms: circles as one asked for them before GEOSEARCH.
//!
//! Redis calls them deprecated, Valkey no longer does.

use engine::{Arg, Arity, Command, Flags, KeyFlags, KeySpec};

use super::options::{self, Form};
use super::search::search;
use super::{GEO, UNIT};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "GEORADIUS",
        summary: "Finds the members within a circle around a place, or stores them under another key.",
        arity: Arity::AtLeast(6),
        flags: STORES,
        keys: &[SOURCE, target("STORE", 6), target("STOREDIST", 6)],
        args: &[
            Arg::key("key"),
            Arg::double("longitude"),
            Arg::double("latitude"),
            Arg::double("radius"),
            UNIT,
            options::WITH_COORD,
            options::WITH_DIST,
            options::WITH_HASH,
            options::COUNT_ANY_LATER,
            options::ORDER,
            TARGET,
        ],
        run: |ctx| search(ctx, Form::Radius { may_store: true }),
        ..RADIUS
    },
    Command {
        name: "GEORADIUS_RO",
        summary: "Finds the members within a circle around a place.",
        since: "3.2.10",
        arity: Arity::AtLeast(6),
        flags: Flags::READONLY,
        keys: &[SOURCE],
        args: &[
            Arg::key("key"),
            Arg::double("longitude"),
            Arg::double("latitude"),
            Arg::double("radius"),
            UNIT,
            options::WITH_COORD,
            options::WITH_DIST,
            options::WITH_HASH,
            options::COUNT_ANY_LATER,
            options::ORDER,
        ],
        run: |ctx| search(ctx, Form::Radius { may_store: false }),
        ..RADIUS
    },
    Command {
        name: "GEORADIUSBYMEMBER",
        summary: "Finds the members within a circle around one of them, or stores them under another key.",
        arity: Arity::AtLeast(5),
        flags: STORES,
        keys: &[SOURCE, target("STORE", 5), target("STOREDIST", 5)],
        args: &[
            Arg::key("key"),
            Arg::string("member"),
            Arg::double("radius"),
            UNIT,
            options::WITH_COORD,
            options::WITH_DIST,
            options::WITH_HASH,
            options::COUNT,
            options::ORDER,
            TARGET,
        ],
        run: |ctx| search(ctx, Form::RadiusByMember { may_store: true }),
        ..RADIUS
    },
    Command {
        name: "GEORADIUSBYMEMBER_RO",
        summary: "Finds the members within a circle around one of them.",
        since: "3.2.10",
        arity: Arity::AtLeast(5),
        flags: Flags::READONLY,
        keys: &[SOURCE],
        args: &[
            Arg::key("key"),
            Arg::string("member"),
            Arg::double("radius"),
            UNIT,
            options::WITH_COORD,
            options::WITH_DIST,
            options::WITH_HASH,
            options::COUNT,
            options::ORDER,
        ],
        run: |ctx| search(ctx, Form::RadiusByMember { may_store: false }),
        ..RADIUS
    },
];

const RADIUS: Command = Command {
    reply: "the members, with options an array for each; or how many were stored",
    complexity: "O(N + log M), N = members in the cells of the map around the circle, M = members of the set",
    history: &[("6.2.0", "The option `ANY` of `COUNT`."), ("7.0.0", "Units in any case.")],
    ..GEO
};

const STORES: Flags = Flags::WRITE.and(Flags::DENYOOM).and(Flags::MOVABLEKEYS);
const SOURCE: KeySpec = KeySpec::at(1).ro().access();

const fn target(word: &'static str, from: i16) -> KeySpec {
    KeySpec::after(word, from).ow().update().with(KeyFlags::VARIABLE_FLAGS)
}

const TARGET: Arg = Arg::one_of(
    "store",
    &[
        Arg::key("storekey").spec(1).token("STORE").shown_as("key"),
        Arg::key("storedistkey").spec(2).token("STOREDIST").shown_as("key"),
    ],
)
.optional();

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn circles_have_members() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEORADIUS s 15 37 200 km
            ["Palermo" "Catania"]
            > GEORADIUS s 15 37 200 km WITHDIST ASC
            [["Catania" "56.4413"] ["Palermo" "190.4424"]]
            > GEORADIUS_RO s 15 37 200 km COUNT 1 WITHHASH
            [["Catania" :3479447370796909]]
            > GEORADIUSBYMEMBER s Palermo 200 km DESC
            ["Catania" "Palermo"]
            > GEORADIUSBYMEMBER_RO s Palermo 100 mi
            ["Palermo"]
            > GEORADIUSBYMEMBER nope x foo m
            []
            > GEORADIUS nope 1 1 1 m
            []
            "#,
        );
    }

    #[test]
    fn results_can_be_stored() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEORADIUS s 15 37 200 km STORE d
            :2
            > GEOHASH d Palermo
            ["sqc8b49rny0"]
            > GEORADIUSBYMEMBER s Palermo 100 km STOREDIST d STORE e
            :1
            > EXISTS d e
            :2
            > GEORADIUS s 15 37 1 km STORE d
            :0
            > EXISTS d
            :0
            > COMMAND GETKEYS GEORADIUS s 15 37 200 km STORE d
            ["s" "d"]
            > GEORADIUSBYMEMBER nope x 1 m STORE e
            :0
            > EXISTS e
            :0
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > GEORADIUS nope x 1 1 m
            -ERR value is not a valid float
            > GEORADIUSBYMEMBER nope x 1 m foo
            -ERR syntax error
            > GEOADD s 13.361389 38.115556 Palermo
            :1
            > GEORADIUSBYMEMBER s nope 1 m
            -ERR member nope does not exist
            > GEORADIUS s 1 1 a m
            -ERR need numeric radius
            > GEORADIUS s 1 1 1 m STORE
            -ERR syntax error
            > GEORADIUS_RO s 1 1 1 m STORE d
            -ERR syntax error
            > GEORADIUSBYMEMBER_RO s Palermo 1 m STOREDIST d
            -ERR syntax error
            > GEORADIUS s 1 1 1 m WITHDIST STORE d
            -ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options
            > GEORADIUS s 1 1 1 m FROMLONLAT 1 1
            -ERR syntax error
            > GEORADIUS s 1 1 1
            -ERR wrong number of arguments for 'georadius' command
            "#,
        );
    }
}
