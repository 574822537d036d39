//! SORT, SORT_RO: the elements of a list, a set or a sorted set, in order.
//!
//! Elements are copied out first: what BY and GET look up may be any key, and lookups change things (expiry, clocks).
//! Each element then has a weight, itself or what BY found; of equal weights numbers go by element, texts keep the
//! order they had.
//!
//! A BY without `*` says that the order is not to be touched: lists and sorted sets are told as they are, or from the
//! end. A set has no order; if it is stored, it is sorted as text all the same, so that replicas store the same.
//!
//! The peers compare texts by the process's locale, which is C unless configured otherwise; we by bytes.

mod pattern;
mod source;
mod texts;

use std::cmp::Ordering;

use engine::outcome::Class;
use engine::{Arg, Arity, Begin, Command, CommandError, Ctx, Find, Flags, Group, KeyFlags, KeySpec, Result};
use keyspace::{List, Type};
use structures::Element;

use pattern::Pattern;
use texts::Texts;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SORT",
        summary: "Sorts the elements of a list, a set or a sorted set, and tells them or stores them as a list.",
        flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::MOVABLEKEYS),
        keys: &[SOURCE, LOOKED_UP, STORED],
        args: &[KEY, BY, LIMIT, GET, ORDER, ALPHA, STORE],
        reply: "the elements, or what GET found for them; with STORE how many were stored",
        run: |ctx| sort(ctx, true),
        ..SORT
    },
    Command {
        name: "SORT_RO",
        summary: "Sorts the elements of a list, a set or a sorted set, and tells them.",
        since: "7.0.0",
        flags: Flags::READONLY.and(Flags::MOVABLEKEYS),
        keys: &[SOURCE, LOOKED_UP],
        args: &[KEY, BY, LIMIT, GET, ORDER, ALPHA],
        reply: "the elements, or what GET found for them",
        run: |ctx| sort(ctx, false),
        ..SORT
    },
];

const SORT: Command = Command {
    group: Group::Generic,
    arity: Arity::AtLeast(2),
    acl: &["dangerous", "list", "set", "sortedset"],
    complexity: "O(N + M log M), N = elements, M = elements told; O(N) without sorting",
    ..Command::BLANK
};

const SOURCE: KeySpec = KeySpec::at(1).ro().access();
const NOWHERE: KeySpec = KeySpec { begin: Begin::Unknown, find: Find::Unknown, ..KeySpec::at(0) };
const LOOKED_UP: KeySpec =
    NOWHERE.ro().access().noted("What BY and GET look up: it depends on the elements.");
const STORED: KeySpec = NOWHERE.with(KeyFlags::OW).update().noted("What follows STORE, wherever that is.");

const KEY: Arg = Arg::key("key");
const BY: Arg = Arg::pattern("by-pattern").spec(1).token("BY").shown_as("pattern").optional();
const LIMIT: Arg =
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional();
const GET: Arg =
    Arg::pattern("get-pattern").spec(1).token("GET").shown_as("pattern").optional().many_tokens();
const ORDER: Arg = Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional();
const ALPHA: Arg = Arg::word("sorting", "ALPHA").optional();
const STORE: Arg = Arg::key("destination").spec(2).token("STORE").optional();

const BAD_WEIGHT: CommandError = CommandError::Line("ERR One or more scores can't be converted into double");

const BY_DENIED: CommandError =
    CommandError::Line("ERR BY option of SORT denied due to insufficient ACL permissions.");
const GET_DENIED: CommandError =
    CommandError::Line("ERR GET option of SORT denied due to insufficient ACL permissions.");

#[derive(Default)]
struct Options<'a> {
    by: Option<Pattern<'a>>,
    gets: Vec<Pattern<'a>>,
    descending: bool,
    as_text: bool,
    /// A BY without `*` was met.
    as_it_is: bool,
    skip: i64,
    /// Negative: all.
    count: i64,
    /// Index of the key to store under.
    target: Option<usize>,
}

fn options<'a>(ctx: &Ctx<'a>, may_store: bool) -> Result<Options<'a>> {
    let (mut options, mut at) = (Options { count: -1, ..Options::default() }, 2);
    while at < ctx.argv.len() {
        let follow = ctx.argv.len() - at - 1;
        if ctx.is(at, "ASC") || ctx.is(at, "DESC") {
            options.descending = ctx.is(at, "DESC");
        } else if ctx.is(at, "ALPHA") {
            options.as_text = true;
        } else if ctx.is(at, "LIMIT") && follow >= 2 {
            (options.skip, options.count) = (ctx.integer(at + 1)?, ctx.integer(at + 2)?);
            at += 2;
        } else if ctx.is(at, "STORE") && follow >= 1 && may_store {
            at += 1;
            options.target = Some(at);
        } else if ctx.is(at, "BY") && follow >= 1 {
            at += 1;
            let pattern = Pattern::parse(ctx.argv.at(at));
            if matches!(pattern, Pattern::Key { .. }) && !ctx.may_read_everything() {
                return Err(BY_DENIED);
            }
            options.as_it_is |= !matches!(pattern, Pattern::Key { .. });
            options.by = Some(pattern);
        } else if ctx.is(at, "GET") && follow >= 1 {
            at += 1;
            if !ctx.may_read_everything() {
                return Err(GET_DENIED);
            }
            options.gets.push(Pattern::parse(ctx.argv.at(at)));
        } else {
            return Err(CommandError::Syntax);
        }
        at += 1;
    }
    Ok(options)
}

fn sort(ctx: &mut Ctx<'_>, may_store: bool) -> Result {
    let mut options = options(ctx, may_store)?;
    let (key, mut elements, mut kind) = (ctx.key(1), Texts::default(), Type::List);
    if let Some(entry) = ctx.db().read(key) {
        kind = Type::of(entry);
        source::elements(entry, |element| elements.push(|out| append(element, out)))?;
    }
    if options.as_it_is && kind == Type::Set && options.target.is_some() {
        options = Options { as_it_is: false, as_text: true, by: None, ..options };
    }
    let order = if options.as_it_is {
        as_it_is(&options, elements.len(), kind)
    } else if options.as_text {
        by_text(ctx, &options, &elements)
    } else {
        by_number(ctx, &options, &elements)?
    };
    match options.target {
        None => answer(ctx, &options, &elements, &order),
        Some(target) => store(ctx, &options, &elements, &order, target),
    }
}

fn append(element: Element<'_>, out: &mut Vec<u8>) {
    match element {
        Element::Str(bytes) => out.extend_from_slice(bytes),
        Element::Int(int) => stdx::num::write_i64(out, int),
    }
}

impl Options<'_> {
    /// Which of so many places are told.
    fn range(&self, len: usize) -> std::ops::Range<usize> {
        let start = usize::try_from(self.skip.max(0)).map_or(len, |skip| skip.min(len));
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        start..start.saturating_add(count).min(len)
    }
}

fn as_it_is(options: &Options<'_>, len: usize, kind: Type) -> Vec<usize> {
    let backwards = options.descending && kind != Type::Set;
    options.range(len).map(|place| if backwards { len - 1 - place } else { place }).collect()
}

/// Puts indices into an order of which no two are equal, and keeps the places that are told.
fn arrange(options: &Options<'_>, len: usize, compare: impl Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let range = options.range(len);
    let mut order: Vec<usize> = (0..len).collect();
    if range.is_empty() {
        return Vec::new();
    }
    if range.end < len {
        order.select_nth_unstable_by(range.end, |a, b| compare(*a, *b));
        order.truncate(range.end);
    }
    order.sort_unstable_by(|a, b| compare(*a, *b));
    order.drain(..range.start);
    order
}

fn by_number(ctx: &mut Ctx<'_>, options: &Options<'_>, elements: &Texts) -> Result<Vec<usize>> {
    let mut weights = Vec::with_capacity(elements.len());
    let (mut name, mut found) = (Vec::new(), Vec::new());
    for element in elements.iter() {
        weights.push(match options.by {
            None => number(element)?,
            Some(by) => {
                found.clear();
                let there = by.append(ctx.keyspace, ctx.client.db, element, &mut name, &mut found);
                if there { number(&found)? } else { 0.0 }
            }
        });
    }
    Ok(arrange(options, elements.len(), |a, b| {
        let by_weight = weights[a].partial_cmp(&weights[b]).unwrap_or(Ordering::Equal);
        let order = by_weight.then_with(|| elements.get(a).cmp(elements.get(b)));
        directed(options, order).then(a.cmp(&b))
    }))
}

/// A weight. The peers read up to the first zero byte.
fn number(text: &[u8]) -> Result<f64> {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    stdx::num::parse_f64(&text[..end]).ok_or(BAD_WEIGHT)
}

fn directed(options: &Options<'_>, order: Ordering) -> Ordering {
    if options.descending { order.reverse() } else { order }
}

fn by_text(ctx: &mut Ctx<'_>, options: &Options<'_>, elements: &Texts) -> Vec<usize> {
    let compare = |weights: &dyn Fn(usize, usize) -> Ordering| {
        arrange(options, elements.len(), |a, b| directed(options, weights(a, b)).then(a.cmp(&b)))
    };
    let Some(by) = options.by else {
        return compare(&|a, b| elements.get(a).cmp(elements.get(b)));
    };
    let (mut weights, mut name) = (Texts::default(), Vec::new());
    let mut there = Vec::with_capacity(elements.len());
    for element in elements.iter() {
        there.push(weights.push(|out| by.append(ctx.keyspace, ctx.client.db, element, &mut name, out)));
    }
    // What is missing comes first.
    compare(&|a, b| there[a].cmp(&there[b]).then_with(|| weights.get(a).cmp(weights.get(b))))
}

fn answer(ctx: &mut Ctx<'_>, options: &Options<'_>, elements: &Texts, order: &[usize]) -> Result {
    ctx.client.out.array(order.len() * options.gets.len().max(1));
    let (mut name, mut found) = (Vec::new(), Vec::new());
    for &index in order {
        let element = elements.get(index);
        if options.gets.is_empty() {
            ctx.client.out.bulk(element);
        }
        for get in &options.gets {
            found.clear();
            if get.append(ctx.keyspace, ctx.client.db, element, &mut name, &mut found) {
                ctx.client.out.bulk(&found);
            } else {
                ctx.client.out.null();
            }
        }
    }
    Ok(())
}

fn store(
    ctx: &mut Ctx<'_>,
    options: &Options<'_>,
    elements: &Texts,
    order: &[usize],
    target: usize,
) -> Result {
    let (mut result, mut name) = (Texts::default(), Vec::new());
    for &index in order {
        let element = elements.get(index);
        if options.gets.is_empty() {
            result.push(|out| out.extend_from_slice(element));
        }
        for get in &options.gets {
            // What is missing is stored as an empty element.
            result.push(|out| get.append(ctx.keyspace, ctx.client.db, element, &mut name, out));
        }
    }
    let (key, count) = (ctx.key(target), result.len());
    let list = List::of_elements(result.iter(), &ctx.keyspace.env.limits);
    crate::stored::store(ctx, key, list, Class::List, "sortstore");
    ctx.outcome.dirty += (count as u64).saturating_sub(1);
    ctx.int(count as i64)
}

#[cfg(test)]
mod tests;
