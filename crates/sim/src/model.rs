//! What the answers must be: strings and their times to live, as plainly as can be.
//!
//! A client does not know *when* between sending and hearing its request was executed, so that a key whose time ends
//! in between may be there or not: both answers are right, and the one that came tells which it was. Some tell
//! nothing (`STRLEN` of an empty string), so a key has a list of all that it may be.

use std::collections::BTreeMap;

use testkit::Value;

/// When a request may have been executed, milliseconds of the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub sent_ms: i64,
    pub heard_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    value: Vec<u8>,
    /// When it ends: not before the first, not after the second.
    ends_ms: Option<(i64, i64)>,
}

/// The keys of one client.
#[derive(Default)]
pub struct Model {
    /// What each key may be; one that is not here is missing.
    keys: BTreeMap<Vec<u8>, Vec<Option<Entry>>>,
}

/// A request that the model understands. (What it sends is [`Request::words`].)
#[derive(Clone, Debug)]
pub enum Request {
    Ping,
    Echo(Vec<u8>),
    Get(Vec<u8>),
    Set { key: Vec<u8>, value: Vec<u8>, px: Option<i64>, condition: Condition },
    Del(Vec<u8>),
    Exists(Vec<u8>),
    IncrBy(Vec<u8>, i64),
    Append(Vec<u8>, Vec<u8>),
    Strlen(Vec<u8>),
    SetRange(Vec<u8>, usize, Vec<u8>),
    GetRange(Vec<u8>, i64, i64),
    PExpire(Vec<u8>, i64),
    Persist(Vec<u8>),
    Pttl(Vec<u8>),
    GetDel(Vec<u8>),
    MSet(Vec<(Vec<u8>, Vec<u8>)>),
    MGet(Vec<Vec<u8>>),
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    None,
    IfMissing,
    IfThere,
}

impl Request {
    pub fn words(&self) -> Vec<Vec<u8>> {
        let plain = |words: &[&[u8]]| words.iter().map(|word| word.to_vec()).collect();
        let number = |n: i64| n.to_string().into_bytes();
        match self {
            Request::Ping => plain(&[b"PING"]),
            Request::Echo(text) => plain(&[b"ECHO", text]),
            Request::Get(key) => plain(&[b"GET", key]),
            Request::Set { key, value, px, condition } => {
                let mut words: Vec<Vec<u8>> = plain(&[b"SET", key, value]);
                match condition {
                    Condition::None => {}
                    Condition::IfMissing => words.push(b"NX".to_vec()),
                    Condition::IfThere => words.push(b"XX".to_vec()),
                }
                if let Some(px) = px {
                    words.extend([b"PX".to_vec(), number(*px)]);
                }
                words
            }
            Request::Del(key) => plain(&[b"DEL", key]),
            Request::Exists(key) => plain(&[b"EXISTS", key]),
            Request::IncrBy(key, by) => plain(&[b"INCRBY", key, &number(*by)]),
            Request::Append(key, tail) => plain(&[b"APPEND", key, tail]),
            Request::Strlen(key) => plain(&[b"STRLEN", key]),
            Request::SetRange(key, at, bytes) => plain(&[b"SETRANGE", key, &number(*at as i64), bytes]),
            Request::GetRange(key, from, to) => plain(&[b"GETRANGE", key, &number(*from), &number(*to)]),
            Request::PExpire(key, ms) => plain(&[b"PEXPIRE", key, &number(*ms)]),
            Request::Persist(key) => plain(&[b"PERSIST", key]),
            Request::Pttl(key) => plain(&[b"PTTL", key]),
            Request::GetDel(key) => plain(&[b"GETDEL", key]),
            Request::MSet(pairs) => {
                let mut words = plain(&[b"MSET"]);
                words.extend(pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()]));
                words
            }
            Request::MGet(keys) => [plain(&[b"MGET"]), keys.clone()].concat(),
            Request::Unknown => plain(&[b"NONSENSE", b"1"]),
        }
    }

    /// The one key that it looks at and may change.
    fn key(&self) -> Option<&[u8]> {
        match self {
            Request::Get(key)
            | Request::Del(key)
            | Request::Exists(key)
            | Request::IncrBy(key, _)
            | Request::Append(key, _)
            | Request::Strlen(key)
            | Request::SetRange(key, ..)
            | Request::GetRange(key, ..)
            | Request::PExpire(key, _)
            | Request::Persist(key)
            | Request::Pttl(key)
            | Request::GetDel(key)
            | Request::Set { key, .. } => Some(key),
            Request::Ping | Request::Echo(_) | Request::MSet(_) | Request::MGet(_) | Request::Unknown => None,
        }
    }
}

impl Model {
    /// Takes note of a reply; the error says what it should have been.
    pub fn check(&mut self, request: &Request, got: &Value, window: Window) -> Result<(), String> {
        match request {
            Request::Ping => expect(&Value::Simple(b"PONG".to_vec()), got),
            Request::Echo(text) => expect(&Value::Bulk(text.clone()), got),
            Request::Unknown => match got {
                Value::Error(line) if line.starts_with(b"ERR unknown command") => Ok(()),
                other => Err(format!("expected an unknown command, got {other}")),
            },
            Request::MSet(pairs) => {
                for (key, value) in pairs {
                    self.keys.insert(key.clone(), vec![Some(Entry { value: value.clone(), ends_ms: None })]);
                }
                expect(&ok(), got)
            }
            Request::MGet(keys) => self.check_all(keys, got, window),
            _ => self.check_one(request, got, window),
        }
    }

    fn check_all(&mut self, keys: &[Vec<u8>], got: &Value, window: Window) -> Result<(), String> {
        if got.elements().len() != keys.len() {
            return Err(format!("expected {} values, got {got}", keys.len()));
        }
        let mut pairs = keys.iter().zip(got.elements());
        pairs.try_for_each(|(key, value)| self.check_one(&Request::Get(key.clone()), value, window))
    }

    /// Tries everything that the key may have been, and keeps what explains the reply.
    fn check_one(&mut self, request: &Request, got: &Value, window: Window) -> Result<(), String> {
        let Some(key) = request.key() else { return Err("a request without a key".to_owned()) };
        let mut after = Vec::new();
        let mut wanted = Vec::new();
        for mut entry in self.candidates(key, window) {
            let expected = apply(request, &mut entry, window);
            if expected.admits(got) {
                after.push(entry);
            }
            wanted.push(expected.to_string());
        }
        if after.is_empty() {
            return Err(format!("expected {}, got {got}", wanted.join(" or ")));
        }
        after.sort();
        after.dedup();
        self.keys.insert(key.to_vec(), after);
        Ok(())
    }

    fn candidates(&self, key: &[u8], window: Window) -> Vec<Option<Entry>> {
        let mut candidates = Vec::new();
        for entry in self.keys.get(key).unwrap_or(&vec![None]) {
            let Some((earliest, latest)) = entry.as_ref().and_then(|entry| entry.ends_ms) else {
                candidates.push(entry.clone());
                continue;
            };
            // It can still be there if it was asked for before its latest end.
            if window.sent_ms <= latest {
                candidates.push(entry.clone());
            }
            if window.heard_ms >= earliest {
                candidates.push(None);
            }
        }
        candidates
    }
}

/// What an expectation of a reply is: exact, or a number in a range (PTTL).
enum Expected {
    Is(Value),
    Between(i64, i64),
}

impl Expected {
    fn admits(&self, got: &Value) -> bool {
        match self {
            Expected::Is(value) => value.admits(got),
            Expected::Between(from, to) => got.integer().is_some_and(|n| (*from..=*to).contains(&n)),
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expected::Is(value) => write!(f, "{value}"),
            Expected::Between(from, to) => write!(f, ":{from}..{to}"),
        }
    }
}

fn expect(expected: &Value, got: &Value) -> Result<(), String> {
    if expected.admits(got) { Ok(()) } else { Err(format!("expected {expected}, got {got}")) }
}

fn ok() -> Value {
    Value::Simple(b"OK".to_vec())
}

fn ends(window: Window, ms: i64) -> Option<(i64, i64)> {
    Some((window.sent_ms + ms, window.heard_ms + ms))
}

/// Executes a request on the one key that it is about.
fn apply(request: &Request, entry: &mut Option<Entry>, window: Window) -> Expected {
    Expected::Is(match request {
        Request::Get(_) => bulk(entry.as_ref()),
        Request::GetDel(_) => bulk(entry.take().as_ref()),
        Request::Set { value, px, condition, .. } => {
            set(entry, value, px.and_then(|px| ends(window, px)), *condition)
        }
        Request::Del(_) => flag(entry.take().is_some()),
        Request::Exists(_) => flag(entry.is_some()),
        Request::IncrBy(_, by) => incr(entry, *by),
        Request::Append(_, tail) => {
            let value = &mut there(entry).value;
            value.extend_from_slice(tail);
            len(value)
        }
        Request::Strlen(_) => len(entry.as_ref().map_or(&[], |entry| &entry.value)),
        Request::SetRange(_, at, bytes) => set_range(entry, *at, bytes),
        Request::GetRange(_, from, to) => Value::Bulk(range(entry.as_ref(), *from, *to)),
        Request::PExpire(_, ms) => match entry {
            Some(entry) => {
                entry.ends_ms = ends(window, *ms);
                flag(true)
            }
            None => flag(false),
        },
        Request::Persist(_) => flag(entry.as_mut().is_some_and(|entry| entry.ends_ms.take().is_some())),
        Request::Pttl(_) => return pttl(entry.as_ref(), window),
        _ => Value::Any,
    })
}

fn pttl(entry: Option<&Entry>, window: Window) -> Expected {
    match entry {
        None => Expected::Is(Value::Integer(-2)),
        Some(Entry { ends_ms: None, .. }) => Expected::Is(Value::Integer(-1)),
        Some(Entry { ends_ms: Some((earliest, latest)), .. }) => {
            Expected::Between((earliest - window.heard_ms).max(0), (latest - window.sent_ms).max(0))
        }
    }
}

fn bulk(entry: Option<&Entry>) -> Value {
    entry.map_or(Value::Null, |entry| Value::Bulk(entry.value.clone()))
}

fn flag(yes: bool) -> Value {
    Value::Integer(i64::from(yes))
}

fn len(bytes: &[u8]) -> Value {
    Value::Integer(bytes.len() as i64)
}

fn there(entry: &mut Option<Entry>) -> &mut Entry {
    entry.get_or_insert_with(|| Entry { value: Vec::new(), ends_ms: None })
}

fn set(entry: &mut Option<Entry>, value: &[u8], ends_ms: Option<(i64, i64)>, condition: Condition) -> Value {
    let met = match condition {
        Condition::None => true,
        Condition::IfMissing => entry.is_none(),
        Condition::IfThere => entry.is_some(),
    };
    if !met {
        return Value::Null;
    }
    *entry = Some(Entry { value: value.to_vec(), ends_ms });
    ok()
}

fn incr(entry: &mut Option<Entry>, by: i64) -> Value {
    let now = entry.as_ref().map_or(Some(0), |entry| stdx::num::parse_i64(&entry.value));
    let Some(now) = now else {
        return Value::Error(b"ERR value is not an integer or out of range".to_vec());
    };
    let Some(sum) = now.checked_add(by) else {
        return Value::Error(b"ERR increment or decrement would overflow".to_vec());
    };
    there(entry).value = sum.to_string().into_bytes();
    Value::Integer(sum)
}

fn set_range(entry: &mut Option<Entry>, at: usize, bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return len(entry.as_ref().map_or(&[], |entry| &entry.value));
    }
    let value = &mut there(entry).value;
    value.resize(value.len().max(at + bytes.len()), 0);
    value[at..at + bytes.len()].copy_from_slice(bytes);
    len(value)
}

/// An end before the first byte is the first byte, as with the peers: the range -46..-22 of "abc" is "a".
fn range(entry: Option<&Entry>, from: i64, to: i64) -> Vec<u8> {
    let value = entry.map_or(&[][..], |entry| &entry.value);
    let len = value.len() as i64;
    if len == 0 || (from < 0 && to < 0 && from > to) {
        return Vec::new();
    }
    let place = |at: i64| if at < 0 { (at + len).max(0) } else { at };
    let (from, to) = (place(from), place(to).min(len - 1));
    if from > to { Vec::new() } else { value[from as usize..=to as usize].to_vec() }
}
