//! GEOSEARCH, GEOSEARCHSTORE: members within a shape; and what GEORADIUS and its kin share with them.
//!
//! The shape is covered by nine cells of the map at most; the members of each are a range of scores, of which each
//! is looked at once. Results keep that order if none is asked for.

use std::cmp::Ordering;

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Outbox, Result};
use keyspace::{AddOptions, Bound, SortedSet, SortedSetView};
use structures::Element;

use super::hash::Place;
use super::options::{self, Form, Order, Query};
use super::position::write_place;
use super::shape::Shape;
use super::{GEO, text};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "GEOSEARCH",
        summary: "Finds the members within a circle, a box or a polygon.",
        arity: Arity::AtLeast(7),
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        args: &[
            Arg::key("key"),
            options::FROM,
            Arg::one_of("by", &[options::CIRCLE, options::BOX, options::POLYGON]),
            options::ORDER,
            options::COUNT,
            options::WITH_COORD,
            options::WITH_DIST,
            options::WITH_HASH,
        ],
        reply: "the members; with options an array for each, of member, distance, score and place",
        run: |ctx| search(ctx, Form::Search),
        ..SEARCH
    },
    Command {
        name: "GEOSEARCHSTORE",
        summary: "Stores the members within a circle, a box or a polygon under another key.",
        arity: Arity::AtLeast(8),
        flags: Flags::WRITE.and(Flags::DENYOOM),
        keys: &[KeySpec::at(1).ow().update(), KeySpec::at(2).ro().access()],
        args: &[
            Arg::key("destination"),
            Arg::key("source").spec(1),
            options::FROM,
            Arg::one_of("by", &[options::CIRCLE, options::BOX, options::POLYGON]),
            options::ORDER,
            options::COUNT,
            Arg::word("storedist", "STOREDIST").optional(),
        ],
        reply: "how many members were stored",
        run: |ctx| search(ctx, Form::SearchStore),
        ..SEARCH
    },
];

const SEARCH: Command = Command {
    since: "6.2.0",
    complexity: "O(N + log M), N = members in the cells of the map around the shape, M = members of the set",
    history: &[("7.0.0", "Units in any case."), ("9.0.0", "The option `BYPOLYGON`.")],
    ..GEO
};

/// A member within the shape.
struct Found<'a> {
    member: Element<'a>,
    place: Place,
    /// Meters from the center.
    distance: f64,
    score: f64,
    /// How many were found before.
    number: usize,
}

pub(super) fn search(ctx: &mut Ctx<'_>, form: Form) -> Result {
    let (key, db) = (ctx.key(form.source()), ctx.client.db);
    let set = ctx.keyspace.db(db).view::<SortedSet>(key)?;
    let mut query = options::parse(ctx.argv, form, set)?;
    let found = match (set, query.shape()) {
        (Some(set), Some(shape)) => find(set, &shape, &query),
        _ => Vec::new(),
    };
    let Some(target) = query.target else {
        answer(&mut ctx.client.out, &query, &found);
        return Ok(());
    };
    let kept = found.iter().map(|found| (found.member.to_vec(), query.score_to_store(found))).collect();
    store(ctx, target, kept, form)
}

impl Query {
    fn score_to_store(&self, found: &Found<'_>) -> f64 {
        if self.store_distance { found.distance / self.unit() } else { found.score }
    }
}

fn find<'a>(set: SortedSetView<'a>, shape: &Shape, query: &Query) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    let enough = if query.any { query.count } else { usize::MAX };
    for cell in shape.cells() {
        if found.len() >= enough {
            break;
        }
        let (first, end) = (set.position(Bound::Score(cell.first() as f64)), cell.end() as f64);
        for (member, score) in set.range(first..usize::MAX).take_while(|(_, score)| *score < end) {
            let place = Place::of_score(score);
            if let Some(distance) = shape.distance_within(place) {
                found.push(Found { member, place, distance, score, number: found.len() });
                if found.len() >= enough {
                    break;
                }
            }
        }
    }
    sort(&mut found, query);
    found
}

/// Sorts what was found, and cuts it to the count.
fn sort(found: &mut Vec<Found<'_>>, query: &Query) {
    let count = if query.count == 0 { usize::MAX } else { query.count };
    let compare: fn(&Found<'_>, &Found<'_>) -> Ordering = match query.order {
        // Of so many, the nearest are meant.
        None if query.count > 0 && !query.any => nearer,
        None => return found.truncate(count),
        Some(Order::Near) => nearer,
        Some(Order::Far) => farther,
    };
    if count < found.len() {
        found.select_nth_unstable_by(count, compare);
        found.truncate(count);
    }
    found.sort_unstable_by(compare);
}

fn nearer(a: &Found<'_>, b: &Found<'_>) -> Ordering {
    a.distance.total_cmp(&b.distance).then(a.number.cmp(&b.number))
}

fn farther(a: &Found<'_>, b: &Found<'_>) -> Ordering {
    b.distance.total_cmp(&a.distance).then(a.number.cmp(&b.number))
}

fn answer(out: &mut Outbox, query: &Query, found: &[Found<'_>]) {
    let extra =
        [query.with_distance, query.with_hash, query.with_place].into_iter().filter(|with| *with).count();
    let (unit, mut digits) = (query.unit(), Vec::with_capacity(32));
    out.array(found.len());
    for found in found {
        if extra > 0 {
            out.array(1 + extra);
        }
        out.bulk(found.member.bytes(&mut digits));
        if query.with_distance {
            digits.clear();
            text::write_distance(&mut digits, found.distance / unit);
            out.bulk(&digits);
        }
        if query.with_hash {
            out.integer(found.score as i64);
        }
        if query.with_place {
            write_place(out, found.place, &mut digits);
        }
    }
}

fn store(ctx: &mut Ctx<'_>, target: usize, kept: Vec<(Vec<u8>, f64)>, form: Form) -> Result {
    let (key, count) = (ctx.key(target), kept.len());
    let longest = kept.iter().map(|(member, _)| member.len()).max().unwrap_or(0);
    let env = &ctx.keyspace.env;
    let mut set = SortedSet::for_size(count, longest, env);
    for (member, score) in &kept {
        set.add(member, *score, AddOptions::default(), env);
    }
    let search = matches!(form, Form::Search | Form::SearchStore);
    let event = if search { "geosearchstore" } else { "georadiusstore" };
    crate::stored::store(ctx, key, set, Class::SortedSet, event);
    ctx.outcome.dirty += (count as u64).saturating_sub(1);
    ctx.int(count as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn circles_and_boxes_have_members() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2
            :2
            > GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ASC
            ["Catania" "Palermo"]
            > GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km DESC WITHDIST
            [["Palermo" "190.4424"] ["Catania" "56.4413"]]
            > GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH
            [["Catania" "56.4413" :3479447370796909 ["15.08726745843887329" "37.50266842333162032"]]
             ["Palermo" "190.4424" :3479099956230698 ["13.36138933897018433" "38.11555639549629859"]]
             ["edge2" "279.7403" :3481342659049484 ["17.24151045083999634" "38.78813451624225195"]]
             ["edge1" "279.7405" :3479273021651468 ["12.7584877610206604" "38.78813451624225195"]]]
            > GEOSEARCH s FROMMEMBER Palermo BYRADIUS 0 m
            ["Palermo"]
            > GEOSEARCH s FROMMEMBER Palermo BYRADIUS inf ft COUNT 2
            ["Palermo" "edge1"]
            > GEOSEARCH s FROMMEMBER Palermo BYRADIUS 500 mi COUNT 1 DESC
            ["edge2"]
            > GEOSEARCH s FROMLONLAT 0 0 BYRADIUS 1 km
            []
            > GEOSEARCH nope FROMMEMBER a BYRADIUS 1 km
            []
            "#,
        );
    }

    #[test]
    fn polygons_have_members() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2
            :2
            > GEOSEARCH s BYPOLYGON 3 13 38 16 38 15 37 WITHDIST WITHCOORD
            [["Catania" "41521.9950" ["15.08726745843887329" "37.50266842333162032"]]]
            > GEOSEARCH s BYPOLYGON 4 13 37 16 37 16 39 13 39 ASC WITHHASH
            [["Catania" :3479447370796909] ["Palermo" :3479099956230698]]
            > GEOSEARCHSTORE d s BYPOLYGON 4 13 37 16 37 16 39 13 39 STOREDIST
            :2
            > GEOSEARCH s BYPOLYGON 4 0 85 90 85 180 85 -90 85
            []
            "#,
        );
    }

    #[test]
    fn any_is_faster_than_near() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2
            :2
            > GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km COUNT 3 ASC
            ["Catania" "Palermo" "edge2"]
            > GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km COUNT 1 ANY
            ["Palermo"]
            > GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km COUNT 2 ANY DESC WITHDIST
            [["edge1" "279.7405"] ["Palermo" "190.4424"]]
            "#,
        );
    }

    #[test]
    fn results_can_be_stored() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2
            :2
            > GEOSEARCHSTORE d s FROMLONLAT 15 37 BYBOX 400 400 km COUNT 2
            :2
            > GEOHASH d Catania Palermo edge1
            ["sqdtr74hyu0" "sqc8b49rny0" nil]
            > GEOSEARCHSTORE d s FROMLONLAT 0 0 BYRADIUS 1 m
            :0
            > EXISTS d
            :0
            > SET d string
            +OK
            > GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 100 km STOREDIST
            :1
            > TYPE d
            +zset
            > GEOSEARCHSTORE d nope FROMLONLAT 15 37 BYRADIUS 100 km
            :0
            > EXISTS d
            :0
            > GEOSEARCHSTORE s s FROMLONLAT 15 37 BYRADIUS 100 km
            :1
            > GEOPOS s Palermo
            [nil*]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2
            :2
            > GEOSEARCH s FROMMEMBER nope BYRADIUS 1 m
            -ERR member nope does not exist
            > GEOSEARCH s FROMLONLAT 1 1 FROMMEMBER Palermo BYRADIUS 1 m
            -ERR syntax error
            > GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m BYBOX 1 1 m
            -ERR syntax error
            > GEOSEARCH s FROMLONLAT 1 1 BYBOX -1 1 m
            -ERR height or width cannot be negative
            > GEOSEARCH s FROMLONLAT 1 1 BYBOX a 1 m
            -ERR need numeric width
            > GEOSEARCH s FROMLONLAT 1 1 BYBOX 1 b m
            -ERR need numeric height
            > GEOSEARCH s FROMLONLAT 1 1 BYRADIUS a m
            -ERR need numeric radius
            > GEOSEARCH s FROMLONLAT 1 1 BYRADIUS -1 m
            -ERR radius cannot be negative
            > GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 x
            -ERR unsupported unit provided. please use M, KM, FT, MI
            > GEOSEARCH s FROMLONLAT nan 1 BYRADIUS 1 m
            -ERR value is not a valid float
            > GEOSEARCH s FROMLONLAT 181 1 BYRADIUS 1 m
            -ERR invalid longitude,latitude pair 181.000000,1.000000
            > GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m COUNT 0
            -ERR COUNT must be > 0
            > GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m COUNT x
            -ERR value is not an integer or out of range
            > GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m ANY
            -ERR the ANY argument requires COUNT argument
            > GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m STOREDIST
            -ERR syntax error
            > GeoSearch s FROMLONLAT 1 2 WITHDIST WITHCOORD WITHHASH
            -ERR exactly one of BYRADIUS, BYBOX and BYPOLYGON can be specified for GeoSearch
            > GEOSEARCH s BYRADIUS 1 m WITHDIST WITHCOORD
            -ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH
            > GEOSEARCHSTORE d s FROMLONLAT 1 1 BYRADIUS 1 m WITHDIST
            -ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options
            > GEOSEARCH s FROMLONLAT 1 1 BYRADIUS
            -ERR wrong number of arguments for 'geosearch' command
            > GEOSEARCH s FROMLONLAT 1 1 WITHDIST BYRADIUS
            -ERR syntax error
            > SET k v
            +OK
            > GEOSEARCH k FROMLONLAT x x BYRADIUS 1 m
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > GEOSEARCHSTORE s k FROMLONLAT 1 1 BYRADIUS 1 m
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }

    #[test]
    fn what_is_wrong_with_polygons_is_told() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2
            :2
            > GEOSEARCH s BYPOLYGON 2 13 37 16 37 WITHDIST
            -ERR GEOSEARCH BYPOLYGON must have at least 3 vertices
            > GEOSEARCH s BYPOLYGON 3 13 37 16 37 WITHDIST
            -ERR GEOSEARCH BYPOLYGON must have at least 3 vertices
            > GEOSEARCH s BYPOLYGON x 13 37 16 37 WITHDIST
            -ERR invalid number of vertices
            > GEOSEARCH s BYPOLYGON 9999999999 13 37 16 37 WITHDIST
            -ERR invalid number of vertices
            > GEOSEARCH s BYPOLYGON 3 13 37 16 37 ASC WITHDIST
            -ERR value is not a valid float
            > GEOSEARCH s BYPOLYGON 3 13 37 16 37 16 99
            -ERR invalid longitude,latitude pair 16.000000,99.000000
            > GEOSEARCH s BYPOLYGON 3 13 37 16 37 16 39 BYRADIUS 1 m
            -ERR syntax error
            > GEOSEARCH s FROMLONLAT 1 1 BYPOLYGON 3 13 37 16 37 16 39
            -ERR syntax error
            > GEOSEARCH s BYPOLYGON 3 13 37 16 37 16 39 FROMMEMBER Palermo
            -ERR syntax error
            "#,
        );
    }
}
