//! A reply as a value, and when it is what was expected.

use std::fmt;

use stdx::words;

/// A reply of the server; also what a transcript expects, which may leave something open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Simple(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    /// `$-1`, or `_` of RESP3.
    Null,
    /// `*-1`.
    NullArray,
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Set(Vec<Value>),
    Push(Vec<Value>),
    Attribute(Vec<(Value, Value)>),
    /// As it was written: 1e3 is not 1000.
    Double(Vec<u8>),
    Boolean(bool),
    Verbatim(Vec<u8>),
    BigNumber(Vec<u8>),
    /// The connection has ended.
    Closed,
    /// Expected only: any value.
    Any,
    /// Expected only: a status, an error or a bulk string that begins with this one.
    Begins(Box<Value>),
}

impl Value {
    /// The elements of an array, a set or a push; empty for all else.
    pub fn elements(&self) -> &[Value] {
        match self {
            Value::Array(all) | Value::Set(all) | Value::Push(all) => all,
            _ => &[],
        }
    }

    /// The bytes of a bulk string, a status or a verbatim string.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bulk(bytes) | Value::Simple(bytes) | Value::Verbatim(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn integer(&self) -> Option<i64> {
        if let Value::Integer(value) = self { Some(*value) } else { None }
    }

    /// Whether this expectation is met.
    pub fn admits(&self, got: &Value) -> bool {
        match (self, got) {
            (Value::Any, _) => true,
            (Value::Begins(start), got) => begins(start, got),
            (Value::Array(a), Value::Array(b)) | (Value::Push(a), Value::Push(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.admits(b))
            }
            (Value::Map(a), Value::Map(b)) | (Value::Attribute(a), Value::Attribute(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0.admits(&b.0) && a.1.admits(&b.1))
            }
            (Value::Set(a), Value::Set(b)) => a.len() == b.len() && admits_in_any_order(a, b),
            (a, b) => a == b,
        }
    }
}

fn begins(start: &Value, got: &Value) -> bool {
    match (start, got) {
        (Value::Simple(a), Value::Simple(b))
        | (Value::Error(a), Value::Error(b))
        | (Value::Verbatim(a), Value::Verbatim(b))
        | (Value::Bulk(a), Value::Bulk(b)) => b.starts_with(a),
        _ => false,
    }
}

fn admits_in_any_order(expected: &[Value], got: &[Value]) -> bool {
    let mut left: Vec<&Value> = got.iter().collect();
    expected.iter().all(|value| match left.iter().position(|other| value.admits(other)) {
        Some(at) => {
            left.swap_remove(at);
            true
        }
        None => false,
    })
}

/// The form that transcripts are written in.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Simple(line) => write!(f, "+{}", Line(line)),
            Value::Error(line) => write!(f, "-{}", Line(line)),
            Value::Begins(start) => write!(f, "{start}*"),
            other => other.write_nested(f),
        }
    }
}

impl Value {
    /// The form inside of brackets, where a line has no end.
    fn write_nested(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Simple(line) => write!(f, "+{}", Word(line)),
            Value::Error(line) => write!(f, "-{}", Word(line)),
            Value::Begins(start) => {
                start.write_nested(f)?;
                f.write_str("*")
            }
            Value::Integer(value) => write!(f, ":{value}"),
            Value::Bulk(bytes) => f.write_str(&quoted(bytes)),
            Value::Null => f.write_str("nil"),
            Value::NullArray => f.write_str("nil*"),
            Value::Array(all) => write_all(f, "", all),
            Value::Set(all) => write_all(f, "~", all),
            Value::Push(all) => write_all(f, ">", all),
            Value::Map(pairs) => write_pairs(f, "", pairs),
            Value::Attribute(pairs) => write_pairs(f, "|", pairs),
            Value::Double(text) => write!(f, ",{}", Line(text)),
            Value::Boolean(true) => f.write_str("#t"),
            Value::Boolean(false) => f.write_str("#f"),
            Value::Verbatim(bytes) => write!(f, "txt{}", quoted(bytes)),
            Value::BigNumber(digits) => write!(f, "({}", Line(digits)),
            Value::Closed => f.write_str("closed"),
            Value::Any => f.write_str("*"),
        }
    }
}

fn write_all(f: &mut fmt::Formatter<'_>, mark: &str, all: &[Value]) -> fmt::Result {
    write!(f, "{mark}[")?;
    for (at, value) in all.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { " " })?;
        value.write_nested(f)?;
    }
    f.write_str("]")
}

fn write_pairs(f: &mut fmt::Formatter<'_>, mark: &str, pairs: &[(Value, Value)]) -> fmt::Result {
    write!(f, "{mark}{{")?;
    for (at, (key, value)) in pairs.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { " " })?;
        key.write_nested(f)?;
        f.write_str(" ")?;
        value.write_nested(f)?;
    }
    f.write_str("}")
}

fn quoted(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    words::quote(&mut out, bytes);
    out.into_iter().map(char::from).collect()
}

/// A line as it is, where it can be shown.
struct Line<'a>(&'a [u8]);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", String::from_utf8_lossy(self.0))
    }
}

/// A line that must end where a blank or a bracket comes.
struct Word<'a>(&'a [u8]);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"*[]{}".contains(byte);
        if !self.0.is_empty() && self.0.iter().all(plain) {
            return write!(f, "{}", Line(self.0));
        }
        f.write_str(&quoted(self.0))
    }
}
