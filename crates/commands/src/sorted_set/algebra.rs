//! What the commands over several sorted sets have in common: their words, their inputs, where results go.
//!
//! ```text
//!   [destination] numkeys key ... [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES] [LIMIT limit]
//! ```
//!
//! An input is a sorted set, or a set, whose members all have the score 1. The keys are looked up, and their types checked,
//! before the options are read. Scores are never NaN: a sum or a product that would be is 0.
//! Results are complete before anything is stored, so a destination may be among the inputs.

use std::cmp::Ordering;

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::set::{self, Element};
use keyspace::sorted_set::Walk;
use keyspace::{AddOptions, DbIndex, Key, Keyspace, Set, SetView, SortedSet, SortedSetView, Type, view_of};
use stdx::num::Decimal;

use super::{member, pair, pairs};

/// A command that answers what comes of several sorted sets.
pub(super) const READS_MANY: Command = Command {
    since: "6.2.0",
    group: Group::SortedSet,
    arity: Arity::AtLeast(3),
    flags: Flags::READONLY.and(Flags::MOVABLEKEYS),
    keys: &[KeySpec::at(1).ro().access().keynum(0, 1, 1)],
    reply: "the members, with their scores if they are asked for",
    ..Command::BLANK
};

/// A command that stores it.
pub(super) const STORES: Command = Command {
    since: "2.0.0",
    group: Group::SortedSet,
    arity: Arity::AtLeast(4),
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::MOVABLEKEYS),
    keys: &[KeySpec::at(1).ow().update(), KeySpec::at(2).ro().access().keynum(0, 1, 1)],
    reply: "how many members the destination has now; with none it is removed",
    ..Command::BLANK
};

pub(super) const DESTINATION: Arg = Arg::key("destination");
pub(super) const NUMKEYS: Arg = Arg::integer("numkeys");
pub(super) const KEYS: Arg = Arg::key("key").many();
pub(super) const WEIGHTS: Arg = Arg::integer("weight").token("WEIGHTS").optional().many();
pub(super) const AGGREGATE: Arg =
    Arg::one_of("aggregate", &[Arg::word("sum", "SUM"), Arg::word("min", "MIN"), Arg::word("max", "MAX")])
        .token("AGGREGATE")
        .optional();
pub(super) const WITHSCORES: Arg = Arg::word("withscores", "WITHSCORES").optional();

/// What two scores of a member make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Aggregate {
    #[default]
    Sum,
    Min,
    Max,
}

impl Aggregate {
    pub fn of(self, score: f64, other: f64) -> f64 {
        match self {
            Aggregate::Sum => or_zero(score + other),
            // Written out, as a product that is no number must not win.
            Aggregate::Min if other < score => other,
            Aggregate::Max if other > score => other,
            Aggregate::Min | Aggregate::Max => score,
        }
    }

    fn named(word: &[u8]) -> Option<Self> {
        let names = [("SUM", Aggregate::Sum), ("MIN", Aggregate::Min), ("MAX", Aggregate::Max)];
        names.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, it)| it)
    }
}

/// 0 in place of NaN.
pub(super) fn or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// Which options a command takes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Takes {
    pub weights: bool,
    pub scores: bool,
    pub limit: bool,
}

/// A request, read.
pub(super) struct Request<'a> {
    /// The keys, whether there is something under them, and how much their scores weigh.
    keys: Vec<(Key<'a>, bool, f64)>,
    db: DbIndex,
    pub aggregate: Aggregate,
    pub with_scores: bool,
    /// `usize::MAX` if there is none.
    pub limit: usize,
}

impl<'a> Request<'a> {
    /// Reads the words from `numkeys` on, and looks up the keys.
    pub fn read(ctx: &mut Ctx<'a>, numkeys: usize, takes: Takes) -> Result<Self> {
        let count = ctx.integer(numkeys)?;
        let first = numkeys + 1;
        if count < 1 {
            let name = &ctx.command.full_name;
            return Err(CommandError::told(format!(
                "ERR at least 1 input key is needed for '{name}' command"
            )));
        }
        let count = usize::try_from(count).ok().filter(|count| *count <= ctx.argv.len() - first);
        let end = first + count.ok_or(CommandError::Syntax)?;
        let mut keys = Vec::with_capacity(end - first);
        for at in first..end {
            let key = ctx.key(at);
            let kind = ctx.db().read(key).map(Type::of);
            if kind.is_some_and(|kind| !matches!(kind, Type::Set | Type::SortedSet)) {
                return Err(CommandError::WrongType);
            }
            keys.push((key, kind.is_some(), 1.0));
        }
        let (db, aggregate) = (ctx.client.db, Aggregate::default());
        let mut request = Request { keys, db, aggregate, with_scores: false, limit: usize::MAX };
        request.options(ctx, end, takes)?;
        Ok(request)
    }

    fn options(&mut self, ctx: &Ctx<'_>, from: usize, takes: Takes) -> Result {
        let (mut at, words) = (from, ctx.argv.len());
        while at < words {
            if takes.weights && ctx.is(at, "WEIGHTS") && words - at > self.keys.len() {
                for (n, (_, _, weight)) in self.keys.iter_mut().enumerate() {
                    *weight = super::score(ctx, at + 1 + n)
                        .map_err(|_| CommandError::Line("ERR weight value is not a float"))?;
                }
                at += 1 + self.keys.len();
            } else if takes.weights && ctx.is(at, "AGGREGATE") && at + 1 < words {
                self.aggregate = Aggregate::named(ctx.argv.at(at + 1)).ok_or(CommandError::Syntax)?;
                at += 2;
            } else if takes.scores && ctx.is(at, "WITHSCORES") {
                self.with_scores = true;
                at += 1;
            } else if takes.limit && ctx.is(at, "LIMIT") && at + 1 < words {
                self.limit = limit(ctx.argv.at(at + 1))?;
                at += 2;
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(())
    }

    /// The inputs, in the order of the keys; a missing one is an empty set.
    pub fn inputs<'k>(&self, keyspace: &'k Keyspace) -> Vec<Input<'k>> {
        let table = keyspace.look(self.db).table();
        let input = |(key, there, weight): &(Key<'_>, bool, f64)| {
            let entry = table.get(key.bytes, key.hash).filter(|_| *there);
            let sorted = entry.and_then(|entry| view_of::<SortedSet>(entry).ok()).map(Members::Sorted);
            let plain = || entry.and_then(|entry| view_of::<Set>(entry).ok()).map(Members::Plain);
            Input { members: sorted.or_else(plain).unwrap_or(Members::None), weight: *weight }
        };
        self.keys.iter().map(input).collect()
    }

    /// Whether the first key is named again.
    pub fn first_again(&self) -> bool {
        self.keys.iter().skip(1).any(|(key, ..)| key.bytes == self.keys[0].0.bytes)
    }
}

fn limit(word: &[u8]) -> Result<usize> {
    match stdx::num::parse_i64(word).and_then(|limit| usize::try_from(limit).ok()) {
        Some(0) => Ok(usize::MAX),
        Some(limit) => Ok(limit),
        None => Err(CommandError::Line("ERR LIMIT can't be negative")),
    }
}

/// One of the sets, and how much its scores weigh.
#[derive(Clone, Copy)]
pub(super) struct Input<'k> {
    members: Members<'k>,
    pub weight: f64,
}

#[derive(Clone, Copy)]
enum Members<'k> {
    None,
    Plain(SetView<'k>),
    Sorted(SortedSetView<'k>),
}

impl<'k> Input<'k> {
    pub fn len(self) -> usize {
        match self.members {
            Members::None => 0,
            Members::Plain(set) => set.len(),
            Members::Sorted(set) => set.len(),
        }
    }

    /// The score of a member, without the weight.
    pub fn score(self, member: Element<'_>) -> Option<f64> {
        match (self.members, member) {
            (Members::None, _) => None,
            (Members::Plain(set), member) => set.has_element(member).then_some(1.0),
            (Members::Sorted(set), Element::Str(bytes)) => set.score(bytes),
            (Members::Sorted(set), Element::Int(int)) => set.score(Decimal::new().of(int)),
        }
    }

    /// Members and their scores, without the weight; of a sorted set in their order.
    pub fn iter(self) -> Scored<'k> {
        match self.members {
            Members::None => Scored::None,
            Members::Plain(set) => Scored::Plain(set.iter()),
            Members::Sorted(set) => Scored::Sorted(set.iter()),
        }
    }
}

/// See [`Input::iter`].
pub(super) enum Scored<'k> {
    None,
    Plain(set::Members<'k>),
    Sorted(Walk<'k>),
}

impl<'k> Iterator for Scored<'k> {
    type Item = (Element<'k>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Scored::None => None,
            Scored::Plain(members) => members.next().map(|member| (member, 1.0)),
            Scored::Sorted(members) => members.next(),
        }
    }
}

/// Members of a result with their scores, in no order yet.
pub(super) type Found<'k> = Vec<(Element<'k>, f64)>;

/// Answers a result.
pub(super) fn answer(ctx: &mut Ctx<'_>, request: &Request<'_>, make: Make) -> Result {
    let mut found = make(request, ctx.keyspace);
    in_order(&mut found);
    let out = &mut ctx.client.out;
    if request.with_scores {
        pairs(out, found.len());
        found.into_iter().for_each(|(name, score)| pair(out, name, score));
    } else {
        out.array(found.len());
        found.into_iter().for_each(|(name, _)| member(out, name));
    }
    Ok(())
}

/// Makes the result of a request.
pub(super) type Make = for<'k> fn(&Request<'_>, &'k Keyspace) -> Found<'k>;

/// Stores a result under the key that is word 1, and answers its size.
pub(super) fn store(ctx: &mut Ctx<'_>, request: &Request<'_>, make: Make, event: &'static str) -> Result {
    let (key, keyspace): (_, &Keyspace) = (ctx.key(1), ctx.keyspace);
    let mut found = make(request, keyspace);
    in_order(&mut found);
    let longest = found.iter().map(|(member, _)| member.len()).max().unwrap_or(0);
    let mut result = SortedSet::for_size(found.len(), longest, &keyspace.env);
    let (mut digits, len) = (Vec::new(), found.len());
    for (member, score) in found {
        result.add(member.bytes(&mut digits), score, AddOptions::default(), &keyspace.env);
    }
    crate::stored::store(ctx, key, result, Class::SortedSet, event);
    ctx.int(len as i64)
}

/// Sorts as a sorted set does. `O(n)` if they come in order.
fn in_order(found: &mut Found<'_>) {
    found.sort_by(|(a, a_score), (b, b_score)| {
        a_score.partial_cmp(b_score).unwrap_or(Ordering::Equal).then_with(|| by_bytes(*a, *b))
    });
}

fn by_bytes(a: Element<'_>, b: Element<'_>) -> Ordering {
    let (mut a_digits, mut b_digits) = (Decimal::new(), Decimal::new());
    let a = match a {
        Element::Str(bytes) => bytes,
        Element::Int(int) => a_digits.of(int),
    };
    let b = match b {
        Element::Str(bytes) => bytes,
        Element::Int(int) => b_digits.of(int),
    };
    a.cmp(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_in_the_order_of_their_digits() {
        let mut found: Found<'_> = vec![
            (Element::Int(2), 1.0),
            (Element::Int(10), 1.0),
            (Element::Str(b"1a"), 1.0),
            (Element::Int(-5), 2.0),
        ];
        in_order(&mut found);
        let names: Vec<Vec<u8>> = found.iter().map(|(name, _)| name.to_vec()).collect();
        assert_eq!(names, [&b"10"[..], b"1a", b"2", b"-5"]);
    }

    #[test]
    fn scores_are_never_nan() {
        assert_eq!(Aggregate::Sum.of(f64::INFINITY, f64::NEG_INFINITY), 0.0);
        assert_eq!(Aggregate::Min.of(3.0, f64::NAN), 3.0);
        assert_eq!(Aggregate::Max.of(3.0, f64::NAN), 3.0);
        assert_eq!((Aggregate::Min.of(3.0, 2.0), Aggregate::Max.of(3.0, 2.0)), (2.0, 3.0));
    }
}
