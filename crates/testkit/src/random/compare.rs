//! When two replies to a request say the same.

use crate::value::Value;

/// Commands whose elements come in an order that nobody promised.
const ANY_ORDER: &[&str] = &["SMEMBERS", "SINTER", "SUNION", "SDIFF", "HKEYS", "HVALS", "KEYS"];
/// The same with names and values in turn.
const PAIRS_IN_ANY_ORDER: &[&str] = &["HGETALL"];
/// Replies that tell a time: a few milliseconds, or a second, more or less are no difference.
const TIMES: &[(&str, i64)] = &[
    ("TTL", 1),
    ("PTTL", 2000),
    ("EXPIRETIME", 1),
    ("PEXPIRETIME", 2000),
    ("HTTL", 1),
    ("HPTTL", 2000),
    ("HEXPIRETIME", 1),
    ("HPEXPIRETIME", 2000),
];

/// Whether both answered the same, as far as the request makes them.
pub fn agree(request: &[Vec<u8>], a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    // The peers cut a text at a zero byte, we print a blank in its place.
    let zeros = request.iter().any(|word| word.contains(&0));
    if zeros && matches!((a, b), (Value::Error(_), Value::Error(_))) {
        return true;
    }
    let name = String::from_utf8_lossy(&request[0]).to_ascii_uppercase();
    let name = name.as_str();
    let has = |word: &str| request.iter().any(|other| other.eq_ignore_ascii_case(word.as_bytes()));
    if known_to_differ(name, request, &has) {
        return true;
    }
    // Texts are compared up to a zero byte by the peers.
    if ANY_ORDER.contains(&name) || (name.starts_with("SORT") && has("ALPHA")) {
        return sorted(a, 1) == sorted(b, 1);
    }
    if PAIRS_IN_ANY_ORDER.contains(&name) {
        return sorted(a, 2) == sorted(b, 2);
    }
    match TIMES.iter().find(|(times, _)| *times == name) {
        Some((_, slack)) => close(a, b, *slack),
        None => false,
    }
}

/// What the peers do otherwise, each a decision of ours.
fn known_to_differ(name: &str, request: &[Vec<u8>], has: &dyn Fn(&str) -> bool) -> bool {
    match name {
        // They cut the index to 32 bits, and set another element.
        "LSET" => request
            .get(2)
            .and_then(|index| stdx::num::parse_i64(index))
            .is_some_and(|n| i32::try_from(n).is_err()),
        // They take the key's own name for the word.
        "HGETEX" | "HSETEX" => request.get(1).is_some_and(|key| key == b"FIELDS"),
        // A millisecond decides.
        "EXPIRE" | "PEXPIRE" | "HEXPIRE" | "HPEXPIRE" => has("GT") || has("LT"),
        _ => false,
    }
}

/// The elements, `width` at a time, in an order of our own.
fn sorted(value: &Value, width: usize) -> Option<Vec<String>> {
    let shown = |group: &[Value]| group.iter().map(|v| v.to_string()).collect::<Vec<_>>().join(" ");
    match value {
        Value::Array(_) | Value::Set(_) => {
            let mut all: Vec<_> = value.elements().chunks(width).map(shown).collect();
            all.sort();
            Some(all)
        }
        _ => None,
    }
}

/// The same integers but for `slack`, alone or as elements.
fn close(a: &Value, b: &Value, slack: i64) -> bool {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => {
            a == b || (*a > 2 && *b > 2 && a.saturating_sub(*b).saturating_abs() <= slack)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(a, b, slack))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::words;

    fn array(all: &[&str]) -> Value {
        Value::Array(all.iter().map(|s| Value::Bulk(s.as_bytes().to_vec())).collect())
    }

    #[test]
    fn order_counts_where_it_is_promised() {
        let (a, b) = (array(&["1", "2", "3", "4"]), array(&["3", "4", "1", "2"]));
        assert!(agree(&words("SMEMBERS s"), &a, &b));
        assert!(agree(&words("hgetall h"), &a, &b));
        assert!(!agree(&words("LRANGE l 0 -1"), &a, &b));
        assert!(!agree(&words("HGETALL h"), &a, &array(&["3", "2", "1", "4"])));
    }

    #[test]
    fn times_may_differ_a_little() {
        let (a, b) = (Value::Integer(9_000), Value::Integer(9_003));
        assert!(agree(&words("PTTL k"), &a, &b));
        assert!(!agree(&words("STRLEN k"), &a, &b));
        assert!(!agree(&words("PTTL k"), &Value::Integer(-1), &Value::Integer(1)));
    }
}
