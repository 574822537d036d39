//! Expected replies, from the form that people write.

use crate::value::Value;

/// All values in a text, one after the other.
pub fn values(text: &str) -> Result<Vec<Value>, String> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, depth: 0 };
    let mut all = Vec::new();
    while reader.skip_space() {
        all.push(reader.value()?);
    }
    Ok(all)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Brackets around us: outside of any, a status goes on to the end of its line.
    depth: usize,
}

impl<'a> Reader<'a> {
    /// False at the end.
    fn skip_space(&mut self) -> bool {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        self.at < self.bytes.len()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.bytes[self.at..].starts_with(wanted.as_bytes());
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.eat("[") {
            return Ok(Value::Array(self.until(b']')?));
        }
        if self.eat("~[") {
            return Ok(Value::Set(self.until(b']')?));
        }
        if self.eat(">[") {
            return Ok(Value::Push(self.until(b']')?));
        }
        if self.eat("{") {
            return Ok(Value::Map(self.pairs()?));
        }
        if self.eat("|{") {
            return Ok(Value::Attribute(self.pairs()?));
        }
        if self.eat("txt\"") {
            let text = Value::Verbatim(self.quoted()?);
            return Ok(self.open_ended(text));
        }
        if self.eat("\"") {
            let text = Value::Bulk(self.quoted()?);
            return Ok(self.open_ended(text));
        }
        if self.eat("+") {
            return self.line(Value::Simple);
        }
        if self.eat("-") {
            return self.line(Value::Error);
        }
        self.word()
    }

    fn word(&mut self) -> Result<Value, String> {
        let word = self.bare();
        Ok(match word {
            b"nil" => Value::Null,
            b"nil*" => Value::NullArray,
            b"*" => Value::Any,
            b"#t" => Value::Boolean(true),
            b"#f" => Value::Boolean(false),
            b"closed" => Value::Closed,
            [b':', digits @ ..] => match stdx::num::parse_i64(digits) {
                Some(value) => Value::Integer(value),
                None => return Err(self.bad(word)),
            },
            [b',', text @ ..] => Value::Double(text.to_vec()),
            [b'(', digits @ ..] => Value::BigNumber(digits.to_vec()),
            _ => return Err(self.bad(word)),
        })
    }

    fn bad(&self, word: &[u8]) -> String {
        let word = if word.is_empty() { &self.bytes[self.at..] } else { word };
        format!("not a reply in the form of transcripts: {}", String::from_utf8_lossy(word))
    }

    /// A status or an error: to the end of the line, or of the word inside of brackets.
    fn line(&mut self, make: fn(Vec<u8>) -> Value) -> Result<Value, String> {
        if self.eat("\"") {
            let value = make(self.quoted()?);
            return Ok(self.open_ended(value));
        }
        let text = if self.depth > 0 { self.bare() } else { self.rest_of_line() };
        Ok(match text {
            [start @ .., b'*'] => Value::Begins(Box::new(make(start.to_vec()))),
            text => make(text.to_vec()),
        })
    }

    fn open_ended(&mut self, value: Value) -> Value {
        if self.eat("*") { Value::Begins(Box::new(value)) } else { value }
    }

    fn rest_of_line(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        self.at += line.len();
        line.trim_ascii_end()
    }

    fn bare(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let len =
            rest.iter().take_while(|byte| !byte.is_ascii_whitespace() && !b"[]{}\"".contains(byte)).count();
        self.at += len;
        &rest[..len]
    }

    /// What is between here and the closing quote. The same escapes as in requests.
    fn quoted(&mut self) -> Result<Vec<u8>, String> {
        let start = self.at - 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                let words = stdx::words::split(&self.bytes[start..self.at]);
                return words.and_then(|mut words| words.pop()).ok_or_else(|| "a broken string".to_owned());
            }
        }
        Err("a string is not closed".to_owned())
    }

    fn until(&mut self, closing: u8) -> Result<Vec<Value>, String> {
        let mut all = Vec::new();
        self.depth += 1;
        loop {
            if !self.skip_space() {
                return Err("a bracket is not closed".to_owned());
            }
            if self.peek() == Some(closing) {
                self.at += 1;
                self.depth -= 1;
                return Ok(all);
            }
            all.push(self.value()?);
        }
    }

    fn pairs(&mut self) -> Result<Vec<(Value, Value)>, String> {
        let all = self.until(b'}')?;
        if all.len() % 2 != 0 {
            return Err("a map with a key that has no value".to_owned());
        }
        let mut pairs = Vec::new();
        let mut all = all.into_iter();
        while let (Some(key), Some(value)) = (all.next(), all.next()) {
            pairs.push((key, value));
        }
        Ok(pairs)
    }
}
