//! What commands cost, counted in steps (nodes, buckets and elements looked at), not in seconds: the complexities that
//! Redis promises hold at any size. Each table names a request and what it may cost on a small value and on a large one.
#![forbid(unsafe_code)]

use stdx::steps::{COUNTS, counted};
use testkit::Harness;

const SMALL: usize = 1_000;
const LARGE: usize = 32_000;

/// How a cost may grow from [`SMALL`] to [`LARGE`].
#[derive(Clone, Copy, Debug)]
enum Grows {
    Not,
    /// With the logarithm.
    Slowly,
}

/// Up to so many steps are noise: a bucket of a rehash that is under way, a chain that is longer.
const NOISE: u64 = 24;

/// The dearest of a few tries.
fn cost(h: &mut Harness, request: &str) -> u64 {
    let mut once = || counted(|| h.send(request)).1;
    let tries = [once(), once(), once()];
    tries.into_iter().max().unwrap_or(0)
}

/// A server with one value of each type of so many elements, finished with all rehashing.
fn filled(count: usize) -> Harness {
    let mut h = Harness::new();
    for from in (0..count).step_by(500) {
        let numbers = || (from..(from + 500).min(count)).map(|n| format!("{n:06}"));
        let joined = |of: &dyn Fn(String) -> String| numbers().map(of).collect::<Vec<_>>().join(" ");
        h.send(&format!("RPUSH list {}", joined(&|n| format!("element:{n}"))));
        h.send(&format!("SADD set {}", joined(&|n| format!("member:{n}"))));
        h.send(&format!(
            "SADD ints {}",
            joined(&|n| n.trim_start_matches('0').parse::<u32>().unwrap_or(0).to_string())
        ));
        h.send(&format!("HSET hash {}", joined(&|n| format!("field:{n} value:{n}"))));
        h.send(&format!("ZADD zset {}", joined(&|n| format!("{n} member:{n}"))));
        for n in numbers() {
            h.send(&format!("XADD stream 1-{} f v", n.parse::<u32>().unwrap_or(0) + 1));
        }
    }
    h.send("SADD few member:000001 member:000002 nobody");
    h.send("ZADD zfew 1 member:000001 2 member:000002 3 nobody");
    for request in ["SRANDMEMBER set", "HRANDFIELD hash", "ZADD zset XX 0 nobody", "SADD set member:000000"] {
        (0..count / 4).for_each(|_| drop(h.send(request)));
    }
    h
}

fn check(table: &[(&str, Grows)]) {
    if !COUNTS {
        return;
    }
    let (mut small, mut large) = (filled(SMALL), filled(LARGE));
    for (request, grows) in table {
        // `#` is the middle of each.
        let at = |n: usize| request.replace('#', &format!("{:06}", n / 2));
        let (before, after) = (cost(&mut small, &at(SMALL)), cost(&mut large, &at(LARGE)));
        let allowed = match grows {
            Grows::Not => before + NOISE,
            // 32 times as many elements are five more halvings.
            Grows::Slowly => before + NOISE + 5 * 4,
        };
        assert!(before > 0, "{request}: nothing is counted");
        assert!(after <= allowed, "{request}: {before} steps, with 32 times as many elements {after}");
    }
}

#[test]
fn what_is_one_step_stays_one() {
    check(&[
        ("LPUSH list x", Grows::Not),
        ("RPUSH list x", Grows::Not),
        ("LPOP list", Grows::Not),
        ("RPOP list", Grows::Not),
        ("LINDEX list 0", Grows::Not),
        ("LINDEX list -1", Grows::Not),
        ("LRANGE list -3 -1", Grows::Not),
        ("LSET list 1 x", Grows::Not),
        ("LMOVE list list LEFT RIGHT", Grows::Not),
        ("SADD set one", Grows::Not),
        ("SISMEMBER set member:#", Grows::Not),
        ("SMISMEMBER set member:# nobody", Grows::Not),
        ("SREM set member:#", Grows::Not),
        ("SRANDMEMBER set", Grows::Not),
        ("SRANDMEMBER set 5", Grows::Not),
        ("SRANDMEMBER set -5", Grows::Not),
        ("SPOP set", Grows::Not),
        ("SPOP set 5", Grows::Not),
        ("SSCAN set 0", Grows::Not),
        ("HSET hash one 1", Grows::Not),
        ("HGET hash field:#", Grows::Not),
        ("HDEL hash field:#", Grows::Not),
        ("HINCRBY hash n 1", Grows::Not),
        ("HRANDFIELD hash", Grows::Not),
        ("HRANDFIELD hash 5", Grows::Not),
        ("HRANDFIELD hash -5 WITHVALUES", Grows::Not),
        ("HSCAN hash 0", Grows::Not),
        ("ZSCORE zset member:#", Grows::Not),
        ("ZSCAN zset 0", Grows::Not),
        ("XADD stream * f v", Grows::Not),
        ("XTRIM stream MAXLEN ~ 100000", Grows::Not),
        ("EXISTS list", Grows::Not),
    ]);
}

#[test]
fn what_is_searched_for_takes_a_logarithm() {
    check(&[
        ("SISMEMBER ints #", Grows::Slowly),
        ("ZADD zset # one", Grows::Slowly),
        ("ZINCRBY zset 1 member:#", Grows::Slowly),
        ("ZRANK zset member:#", Grows::Slowly),
        ("ZREVRANK zset member:#", Grows::Slowly),
        ("ZCOUNT zset 100 #", Grows::Slowly),
        ("ZLEXCOUNT zset - +", Grows::Slowly),
        ("ZRANGE zset # # BYSCORE LIMIT 0 5", Grows::Slowly),
        ("ZRANGE zset 400 405", Grows::Slowly),
        ("ZRANDMEMBER zset", Grows::Slowly),
        ("ZRANDMEMBER zset 5", Grows::Slowly),
        ("ZPOPMIN zset", Grows::Slowly),
        ("ZPOPMAX zset 3", Grows::Slowly),
        ("ZREMRANGEBYRANK zset 300 303", Grows::Slowly),
        ("ZREM zset member:#", Grows::Slowly),
    ]);
}

/// An entry is found by its node, and nodes are all of one length: a hundred entries of some elements each.
#[test]
fn an_entry_of_a_stream_is_sought_not_walked_to() {
    if !COUNTS {
        return;
    }
    let (mut small, mut large) = (filled(SMALL), filled(LARGE));
    for request in
        ["XRANGE stream 1-# + COUNT 1", "XREVRANGE stream 1-# - COUNT 1", "XREAD COUNT 1 STREAMS stream 1-#"]
    {
        let at = |n: usize| request.replace('#', &format!("{}", n / 2 + 7));
        let (before, after) = (cost(&mut small, &at(SMALL)), cost(&mut large, &at(LARGE)));
        assert!(
            before > 0 && after <= before + 2 * NOISE && after < 4_000,
            "{request}: {before} {after} steps"
        );
    }
    assert!(cost(&mut large, "XREAD COUNT 1 STREAMS stream $") < 50);
    let last = cost(&mut large, "XREVRANGE stream + - COUNT 1");
    assert!(last < 100, "the last entry is near: {last}");
}

/// Lists are walked node by node, from the nearer end: not element by element.
#[test]
fn an_index_in_the_middle_walks_nodes() {
    if !COUNTS {
        return;
    }
    let mut large = filled(LARGE);
    let middle = cost(&mut large, &format!("LINDEX list {}", LARGE / 2));
    let near_the_end = cost(&mut large, &format!("LINDEX list -{}", LARGE / 64));
    // Eight kibibytes are some 450 elements of this length, of which half must be walked.
    assert!(middle < (LARGE / 2 / 300 + 450) as u64, "{middle}");
    assert!(near_the_end < (LARGE / 64 / 300 + 450) as u64, "{near_the_end}");
}

#[test]
fn where_sets_meet_the_smallest_one_counts() {
    check(&[
        ("SINTER set few", Grows::Not),
        ("SINTER few set", Grows::Not),
        ("SINTERCARD 2 set few", Grows::Not),
        ("SINTERSTORE to set few", Grows::Not),
        ("SINTERCARD 2 set set LIMIT 3", Grows::Not),
        ("SDIFF few set", Grows::Not),
        ("ZINTER 2 zset zfew", Grows::Not),
        ("ZINTERCARD 2 zset zfew", Grows::Not),
        ("ZDIFF 2 zfew zset", Grows::Not),
    ]);
}

/// SPOP of nearly all keeps the few that stay; of a few it takes these.
#[test]
fn popping_many_chooses_the_cheaper_way() {
    if !COUNTS {
        return;
    }
    let mut h = filled(LARGE);
    let few = counted(|| h.send("SPOP set 10")).1;
    assert!(few < 500, "{few}");
    let most = counted(|| h.send(&format!("SPOP set {}", LARGE - 100))).1;
    assert!(most < 3 * LARGE as u64, "{most}");
}
