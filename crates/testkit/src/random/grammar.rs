//! Requests made from the records' own arguments.
//!
//! Most of them are right: counts of keys are counted, keys are mostly of the type their command is for, words come
//! from small pools so that requests meet the same elements again. Some are not: now and then a word is dropped,
//! doubled, or replaced by one from the edge of what is possible.

use engine::command::{Arg, ArgKind, Flags, Group};
use engine::registry::{Entry, Registry};
use fastrand::Rng;

use super::Words;

/// Commands whose answer is a matter of chance, of time, or of which server it is.
const NOT_COMPARED: &[&str] = &[
    "RANDOMKEY",
    "SPOP",
    "SRANDMEMBER",
    "HRANDFIELD",
    "ZRANDMEMBER",
    "SCAN",
    "SSCAN",
    "HSCAN",
    "ZSCAN",
    "OBJECT",
    "WAIT",
    "WAITAOF",
    "PFDEBUG",
    "PFSELFTEST",
    "XINFO",
    "XPENDING",
    "DUMP",
    "RESTORE",
    "MIGRATE",
    "SWAPDB",
    "MOVE",
];

/// Words of ours that no peer has which can be asked.
const NEWER: &[&str] = &["DIFF", "DIFF1", "ANDOR", "ONE", "CLAIM", "KEEPREF", "DELREF", "ACKED"];

const EDGES: &[&str] = &[
    "",
    "0",
    "-0",
    "-1",
    "1e3",
    " 1",
    "nan",
    "inf",
    "-inf",
    "0x10",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "4294967296",
    "18446744073709551615",
    "1.7976931348623157e308",
];
const MEMBERS: &[&str] =
    &["a", "b", "c", "dd", "eee", "f0", "10", "-3", "7", "007", "3.5", "1000000007", "x y", "a\u{0}b"];
const NUMBERS: &[&str] = &["0", "1", "2", "3", "5", "10", "-1", "-2", "-3", "100"];
const SCORES: &[&str] = &["0", "1", "2", "3", "-1", "2.5", "1e2", "inf", "-inf", "0.1", "1000000000000"];
const SCORE_BOUNDS: &[&str] = &["-inf", "+inf", "(1", "1", "2", "(2.5", "3", "0", "inf", "(-1"];
const LEX_BOUNDS: &[&str] = &["-", "+", "[a", "(b", "[c", "(dd", "[x y", "(", "["];
const IDS: &[&str] = &["1-1", "1-2", "2-0", "5", "0-1", "7-*", "3-3", "10-5", "0", "-", "+"];
const BITS: &[&str] = &["u8", "i8", "u1", "i64", "u63", "i5"];
const PATTERNS: &[&str] = &["*", "a*", "?", "[a-c]", "*1*", "w*", "w*->a", "nosort", "#"];
const DEGREES: &[&str] =
    &["0", "13.361389", "38.115556", "-122.4", "37.7", "2.35", "48.85", "90", "-180", "181"];

fn is_of_data(entry: &&Entry) -> bool {
    use Group::{Cluster, Connection, PubSub, Scripting, Server, Transactions};
    let beside = [Connection, Server, Cluster, Transactions, PubSub, Scripting];
    !beside.contains(&entry.record.group) && !entry.record.args.is_empty()
}

/// A source of requests.
pub struct Grammar<'r> {
    commands: Vec<&'r Entry>,
    rng: Rng,
}

impl<'r> Grammar<'r> {
    /// Requests for the commands of some groups (`list`), or some commands by name; all data commands if empty. Only
    /// those that both servers know (`known`: names, small).
    pub fn new(registry: &'r Registry, only: &[String], known: &[String], seed: u64) -> Self {
        let wanted = |entry: &&Entry| {
            let record = entry.record;
            let named = only.is_empty()
                || only.iter().any(|word| {
                    word.eq_ignore_ascii_case(record.name) || word.eq_ignore_ascii_case(record.group.name())
                });
            let name = entry.full_name.split('|').next().unwrap_or_default();
            let both = known.iter().any(|known| known.eq_ignore_ascii_case(name));
            let lex = record.name.contains("LEX");
            // Those that wait are slow to compare: only by name.
            let waits = record.flags.has(Flags::BLOCKING)
                && !only.iter().any(|word| record.name.eq_ignore_ascii_case(word));
            is_of_data(entry)
                && both
                && named
                && !lex
                && !waits
                && !NOT_COMPARED.iter().any(|not| not.eq_ignore_ascii_case(name))
        };
        let commands = registry.iter().map(|(_, entry)| entry).filter(wanted).collect();
        Grammar { commands, rng: Rng::with_seed(seed) }
    }

    /// Requests for all commands of data, also for those whose answers cannot be compared.
    pub fn of_all(registry: &'r Registry, seed: u64) -> Self {
        let commands = registry.iter().map(|(_, entry)| entry).filter(is_of_data).collect();
        Grammar { commands, rng: Rng::with_seed(seed) }
    }

    /// The names of the commands that requests are made for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().map(|entry| entry.full_name.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Limits of encodings for one run: small, so that both encodings are met.
    pub fn limits(&mut self) -> Vec<Words> {
        let set =
            |name: &str, value: String| vec![b"CONFIG".to_vec(), b"SET".to_vec(), name.into(), value.into()];
        let mut size = || self.rng.choice([0, 1, 3, 8, 128]).unwrap_or(8).to_string();
        vec![
            set("hash-max-listpack-entries", size()),
            set("set-max-intset-entries", size()),
            set("set-max-listpack-entries", size()),
            set("zset-max-listpack-entries", size()),
            set("stream-node-max-entries", size()),
            set("list-max-listpack-size", self.rng.choice(["-2", "1", "3", "-1"]).unwrap_or("-2").to_owned()),
            set("list-compress-depth", self.rng.choice(["0", "1"]).unwrap_or("0").to_owned()),
        ]
    }

    pub fn request(&mut self) -> Words {
        let entry = self.commands[self.rng.usize(..self.commands.len())];
        if entry.record.group == Group::SortedSet && self.rng.u8(..) < 25 {
            return self.lexical();
        }
        let mut request: Words = entry.full_name.split('|').map(|word| word.as_bytes().to_vec()).collect();
        for arg in entry.record.args {
            self.argument(arg, entry.record.group, &mut request);
        }
        // A spoilt timeout would be a long one.
        if self.rng.u8(..) < 6 && !entry.record.flags.has(Flags::BLOCKING) {
            self.spoil(&mut request);
        }
        request
    }

    /// Ranges by member are promised for members of one score only: these have keys of their own.
    fn lexical(&mut self) -> Words {
        let key = format!("lexical{}", self.rng.u8(..2)).into_bytes();
        let (from, to) = (self.pick(LEX_BOUNDS), self.pick(LEX_BOUNDS));
        let limit = || [b"LIMIT".to_vec(), b"1".to_vec(), b"2".to_vec()];
        let mut request = match self.rng.u8(..9) {
            0..=2 => vec![
                b"ZADD".to_vec(),
                key,
                b"0".to_vec(),
                self.pick(MEMBERS),
                b"0".to_vec(),
                self.pick(MEMBERS),
            ],
            3 => vec![b"ZREM".to_vec(), key, self.pick(MEMBERS)],
            4 => vec![b"ZRANGE".to_vec(), key, from, to, b"BYLEX".to_vec()],
            5 => vec![b"ZRANGEBYLEX".to_vec(), key, from, to],
            6 => vec![b"ZREVRANGEBYLEX".to_vec(), key, from, to],
            7 => return vec![b"ZLEXCOUNT".to_vec(), key, from, to],
            _ => return vec![b"ZREMRANGEBYLEX".to_vec(), key, from, to],
        };
        if request[0].starts_with(b"ZR") && request.len() > 3 && self.rng.bool() {
            request.extend(limit());
        }
        request
    }

    /// Makes a mistake in a request.
    fn spoil(&mut self, request: &mut Words) {
        let at = self.rng.usize(1..request.len().max(2));
        match self.rng.u8(..4) {
            0 if request.len() > 1 => drop(request.remove(at)),
            1 if request.len() > 1 => request.insert(at, request[at].clone()),
            2 => request.push(self.pick(MEMBERS)),
            _ if request.len() > 1 => request[at] = self.pick(EDGES),
            _ => {}
        }
    }

    fn argument(&mut self, arg: &Arg, group: Group, request: &mut Words) {
        if NEWER.contains(&arg.token) {
            return if group == Group::Bitmap {
                request.push(b"AND".to_vec())
            };
        }
        if arg.token == "*" {
            // An id made of the time.
            return request.push(self.pick(IDS));
        }
        if arg.token == "BYLEX" {
            return;
        }
        if arg.optional && self.rng.u8(..) < 160 {
            return;
        }
        let times = if arg.multiple { 1 + self.rng.usize(..4) } else { 1 };
        // A count of keys stands before them.
        let counts = request.last().is_some_and(|word| word == b"numkeys");
        if counts {
            let last = request.len() - 1;
            request[last] = times.to_string().into_bytes();
        }
        for nth in 0..times {
            if !arg.token.is_empty() && (nth == 0 || arg.multiple_token) {
                request.push(arg.token.as_bytes().to_vec());
            }
            self.value(arg, group, request);
        }
    }

    fn value(&mut self, arg: &Arg, group: Group, request: &mut Words) {
        match arg.kind {
            ArgKind::PureToken => {}
            ArgKind::OneOf(choices) => {
                if let Some(choice) = self.rng.choice(choices) {
                    let choice = Arg { optional: false, ..*choice };
                    self.argument(&choice, group, request);
                }
            }
            ArgKind::Block(parts) => {
                parts.iter().for_each(|part| self.argument(part, group, request));
            }
            ArgKind::Integer if arg.name == "numkeys" || arg.name == "numfields" => {
                request.push(b"numkeys".to_vec());
            }
            _ => {
                let word = self.word(arg, group);
                request.push(word);
            }
        }
    }

    fn word(&mut self, arg: &Arg, group: Group) -> Vec<u8> {
        if !matches!(arg.name, "timeout" | "index") && self.rng.u8(..) < 2 {
            return self.pick(EDGES);
        }
        match (arg.kind, arg.name) {
            _ if arg.token == "BLOCK" => self.pick(&["1", "2"]),
            (ArgKind::Key, _) => self.key(group),
            (_, "longitude" | "latitude") => self.pick(DEGREES),
            (_, "id" | "lastid" | "last-id") if group == Group::Stream => self.pick(IDS),
            (_, "start" | "stop" | "min" | "max" | "end") => match group {
                Group::Stream => self.pick(IDS),
                Group::SortedSet => self.pick(SCORE_BOUNDS),
                _ => self.pick(NUMBERS),
            },
            (_, "group") => self.pick(&["g1", "g2"]),
            (_, "consumer") => self.pick(&["alice", "bob"]),
            (_, "encoding") => self.pick(BITS),
            (ArgKind::Pattern, _) => self.pick(PATTERNS),
            (ArgKind::UnixTime, name) if name.contains("milli") => self.pick(&["4102444800000", "1"]),
            (ArgKind::UnixTime, _) => self.pick(&["4102444800", "1"]),
            (ArgKind::Integer, "seconds" | "milliseconds") => self.pick(&["100000", "1000000", "0", "-1"]),
            (ArgKind::Integer, _) => self.pick(NUMBERS),
            (ArgKind::Double, "timeout") => self.pick(&["0.001", "0.002"]),
            (ArgKind::Double, _) => self.pick(SCORES),
            _ => self.pick(MEMBERS),
        }
    }

    /// A key that mostly holds the type its command is for.
    fn key(&mut self, group: Group) -> Vec<u8> {
        let kind = match group {
            Group::Generic => self.rng.choice(["list", "set", "hash", "sorted-set", "string", "stream"]),
            _ if self.rng.u8(..) < 6 => Some("string"),
            Group::Bitmap => Some("string"),
            Group::Geo => Some("sorted-set"),
            other => Some(other.name()),
        };
        format!("{}{}", kind.unwrap_or("string"), self.rng.u8(..4)).into_bytes()
    }

    fn pick(&mut self, pool: &[&str]) -> Vec<u8> {
        self.rng.choice(pool).copied().unwrap_or_default().as_bytes().to_vec()
    }
}
