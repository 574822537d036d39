//! Replies from bytes, and requests to bytes.

use crate::value::Value;

/// Takes one reply off the head of `bytes`: the value, and how many bytes it took. `None` if it is not whole yet.
pub fn take(bytes: &[u8]) -> Result<Option<(Value, usize)>, String> {
    let mut reader = Reader { bytes, at: 0 };
    match reader.value() {
        Ok(value) => Ok(Some((value, reader.at))),
        Err(Stop::Short) => Ok(None),
        Err(Stop::Bad(why)) => Err(why),
    }
}

/// Takes all whole replies; what is left stays.
pub fn take_all(bytes: &mut Vec<u8>) -> Result<Vec<Value>, String> {
    let mut values = Vec::new();
    let mut at = 0;
    while let Some((value, used)) = take(&bytes[at..])? {
        values.push(value);
        at += used;
    }
    bytes.drain(..at);
    Ok(values)
}

/// A request as an array of bulk strings.
pub fn request<W: AsRef<[u8]>>(words: &[W]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

enum Stop {
    Short,
    Bad(String),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Value, Stop> {
        let kind = *self.bytes.get(self.at).ok_or(Stop::Short)?;
        self.at += 1;
        let line = self.line()?;
        Ok(match kind {
            b'+' => Value::Simple(line.to_vec()),
            b'-' => Value::Error(line.to_vec()),
            b':' => Value::Integer(number(line)?),
            b'$' => self.bulk(number(line)?)?,
            b'=' => self.verbatim(number(line)?)?,
            b'_' => Value::Null,
            b',' => Value::Double(line.to_vec()),
            b'(' => Value::BigNumber(line.to_vec()),
            b'#' => Value::Boolean(line == b"t"),
            b'*' if number(line)? < 0 => Value::NullArray,
            b'*' => Value::Array(self.values(number(line)?)?),
            b'~' => Value::Set(self.values(number(line)?)?),
            b'>' => Value::Push(self.values(number(line)?)?),
            b'%' => Value::Map(self.pairs(number(line)?)?),
            b'|' => Value::Attribute(self.pairs(number(line)?)?),
            other => {
                return Err(Stop::Bad(format!("no reply begins with byte {other:#04x}, as {line:?} does")));
            }
        })
    }

    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        let end = rest.windows(2).position(|two| two == b"\r\n").ok_or(Stop::Short)?;
        self.at += end + 2;
        Ok(&rest[..end])
    }

    fn content(&mut self, len: i64) -> Result<&'a [u8], Stop> {
        let len = usize::try_from(len).map_err(|_| Stop::Bad(format!("a length of {len}")))?;
        let rest = &self.bytes[self.at..];
        if rest.len() < len + 2 {
            return Err(Stop::Short);
        }
        if &rest[len..len + 2] != b"\r\n" {
            return Err(Stop::Bad(format!("a string of {len} bytes does not end where it says")));
        }
        self.at += len + 2;
        Ok(&rest[..len])
    }

    fn bulk(&mut self, len: i64) -> Result<Value, Stop> {
        if len == -1 {
            return Ok(Value::Null);
        }
        Ok(Value::Bulk(self.content(len)?.to_vec()))
    }

    fn verbatim(&mut self, len: i64) -> Result<Value, Stop> {
        let content = self.content(len)?;
        match content.strip_prefix(b"txt:") {
            Some(text) => Ok(Value::Verbatim(text.to_vec())),
            None => Err(Stop::Bad("a verbatim string that is not of the kind txt".to_owned())),
        }
    }

    fn values(&mut self, count: i64) -> Result<Vec<Value>, Stop> {
        (0..count).map(|_| self.value()).collect()
    }

    fn pairs(&mut self, count: i64) -> Result<Vec<(Value, Value)>, Stop> {
        (0..count).map(|_| Ok((self.value()?, self.value()?))).collect()
    }
}

fn number(line: &[u8]) -> Result<i64, Stop> {
    stdx::num::parse_i64(line)
        .ok_or_else(|| Stop::Bad(format!("not a number: {:?}", String::from_utf8_lossy(line))))
}
