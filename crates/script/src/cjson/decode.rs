//! JSON to values.

use super::{DEEPEST, NULL, Options};
use crate::lua::{Answer, Lua, Raise, TYPE_NONE};

pub(super) fn decode(lua: Lua) -> Answer {
    if lua.top() != 1 {
        return Err(lua.bad_argument(1, "expected 1 argument"));
    }
    if lua.kind(1) == TYPE_NONE {
        return Err(lua.bad_argument(1, "expected 1 argument"));
    }
    let text = lua.check_bytes(1)?;
    if text.len() >= 2 && (text[0] == 0 || text[1] == 0) {
        return Err(lua.fail("JSON parser does not support UTF-16 or UTF-32"));
    }
    let mut reader = Reader { lua, text, at: 0, depth: 0, options: lua.shared().json.get() };
    let first = reader.token();
    reader.value(first)?;
    let last = reader.token();
    match last.kind {
        Kind::End => Ok(1),
        _ => Err(reader.unexpected("the end", &last)),
    }
}

struct Reader<'a> {
    lua: Lua,
    text: &'a [u8],
    at: usize,
    depth: i64,
    options: Options,
}

enum Kind {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    String(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    Wrong(&'static str),
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Kind::ObjectBegin => "T_OBJ_BEGIN",
            Kind::ObjectEnd => "T_OBJ_END",
            Kind::ArrayBegin => "T_ARR_BEGIN",
            Kind::ArrayEnd => "T_ARR_END",
            Kind::String(_) => "T_STRING",
            Kind::Number(_) => "T_NUMBER",
            Kind::Boolean(_) => "T_BOOLEAN",
            Kind::Null => "T_NULL",
            Kind::Colon => "T_COLON",
            Kind::Comma => "T_COMMA",
            Kind::End => "T_END",
            Kind::Wrong(why) => why,
        }
    }
}

struct Token {
    kind: Kind,
    at: usize,
}

impl Reader<'_> {
    fn unexpected(&self, wanted: &str, token: &Token) -> Raise {
        let (found, at) = (token.kind.name(), token.at + 1);
        self.lua.fail(&format!("Expected {wanted} but found {found} at character {at}"))
    }

    /// The byte at a place; 0 at the end.
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    fn token(&mut self) -> Token {
        while matches!(self.byte(self.at), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        let at = self.at;
        let single = match self.byte(at) {
            b'{' => Some(Kind::ObjectBegin),
            b'}' => Some(Kind::ObjectEnd),
            b'[' => Some(Kind::ArrayBegin),
            b']' => Some(Kind::ArrayEnd),
            b':' => Some(Kind::Colon),
            b',' => Some(Kind::Comma),
            _ => None,
        };
        if let Some(kind) = single {
            self.at += 1;
            return Token { kind, at };
        }
        let kind = match self.byte(at) {
            0 if at >= self.text.len() => Kind::End,
            b'"' => {
                self.at += 1;
                // A string that is wrong is told of where it went wrong.
                match self.string() {
                    Ok(text) => Kind::String(text),
                    Err(why) => return Token { kind: Kind::Wrong(why), at: self.at },
                }
            }
            b'-' | b'0'..=b'9' if !self.options.decode_invalid && self.is_odd() => {
                Kind::Wrong("invalid number")
            }
            b'-' | b'0'..=b'9' => self.number(),
            _ if self.word(b"true") => Kind::Boolean(true),
            _ if self.word(b"false") => Kind::Boolean(false),
            _ if self.word(b"null") => Kind::Null,
            _ if self.options.decode_invalid && self.is_odd() => self.number(),
            _ => Kind::Wrong("invalid token"),
        };
        Token { kind, at }
    }

    fn word(&mut self, word: &[u8]) -> bool {
        let is = self.text[self.at.min(self.text.len())..].starts_with(word);
        if is {
            self.at += word.len();
        }
        is
    }

    /// Whether a number begins here that C reads and JSON does not have.
    fn is_odd(&self) -> bool {
        let mut at = self.at;
        match self.byte(at) {
            b'+' => return true,
            b'-' => at += 1,
            _ => {}
        }
        match self.byte(at) {
            b'0' => matches!(self.byte(at + 1) | 0x20, b'x' | b'0'..=b'9'),
            b'1'..=b'9' => false,
            _ => self.is_word(at, b"inf") || self.is_word(at, b"nan"),
        }
    }

    fn is_word(&self, at: usize, word: &[u8]) -> bool {
        self.text.get(at..at + word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word))
    }

    /// What C's `strtod` reads here.
    fn number(&mut self) -> Kind {
        let from = self.at;
        let negative = self.byte(from) == b'-';
        let start = from + usize::from(matches!(self.byte(from), b'-' | b'+'));
        let sign = if negative { -1.0 } else { 1.0 };
        for (word, value) in [(&b"infinity"[..], f64::INFINITY), (b"inf", f64::INFINITY), (b"nan", f64::NAN)]
        {
            if self.is_word(start, word) {
                self.at = start + word.len();
                return Kind::Number(sign * value);
            }
        }
        if self.byte(start) == b'0' && self.byte(start + 1) | 0x20 == b'x' {
            return self.hexadecimal(start, sign);
        }
        let digits = |mut at: usize| {
            while self.byte(at).is_ascii_digit() {
                at += 1;
            }
            at
        };
        let mut end = digits(start);
        let mut seen = end > start;
        if self.byte(end) == b'.' {
            let fraction = digits(end + 1);
            seen |= fraction > end + 1;
            end = fraction;
        }
        if !seen {
            return Kind::Wrong("invalid number");
        }
        if self.byte(end) | 0x20 == b'e' {
            let sign = usize::from(matches!(self.byte(end + 1), b'+' | b'-'));
            let exponent = digits(end + 1 + sign);
            if exponent > end + 1 + sign {
                end = exponent;
            }
        }
        self.at = end;
        let text = std::str::from_utf8(&self.text[start..end]).unwrap_or_default();
        text.parse::<f64>().map_or(Kind::Wrong("invalid number"), |value| Kind::Number(sign * value))
    }

    fn hexadecimal(&mut self, start: usize, sign: f64) -> Kind {
        let (mut at, mut value) = (start + 2, 0.0f64);
        while let Some(digit) = char::from(self.byte(at)).to_digit(16) {
            value = value * 16.0 + f64::from(digit);
            at += 1;
        }
        // `0x` alone is the number 0, followed by an x.
        self.at = if at == start + 2 { start + 1 } else { at };
        Kind::Number(sign * value)
    }

    /// The rest of a string, its first quote being read.
    fn string(&mut self) -> Result<Vec<u8>, &'static str> {
        let mut out = Vec::new();
        loop {
            match self.byte(self.at) {
                0 => return Err("unexpected end of string"),
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => self.escape(&mut out)?,
                byte => {
                    out.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let byte = match self.byte(self.at + 1) {
            b'u' => return self.unicode(out),
            b'b' => 8,
            b't' => 9,
            b'n' => 10,
            b'f' => 12,
            b'r' => 13,
            byte @ (b'"' | b'\\' | b'/') => byte,
            _ => return Err("invalid escape code"),
        };
        out.push(byte);
        self.at += 2;
        Ok(())
    }

    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        const WRONG: &str = "invalid unicode escape code";
        let mut code = self.four_digits(self.at + 2).ok_or(WRONG)?;
        let mut used = 6;
        match code {
            0xdc00..0xe000 => return Err(WRONG),
            0xd800..0xdc00 => {
                if self.byte(self.at + 6) != b'\\' || self.byte(self.at + 7) != b'u' {
                    return Err(WRONG);
                }
                let low = self.four_digits(self.at + 8).filter(|low| (0xdc00..0xe000).contains(low));
                code = 0x10000 + ((code & 0x3ff) << 10 | low.ok_or(WRONG)? & 0x3ff);
                used = 12;
            }
            _ => {}
        }
        let character = char::from_u32(code).ok_or(WRONG)?;
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        self.at += used;
        Ok(())
    }

    fn four_digits(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4)?;
        digits.iter().try_fold(0, |code, byte| Some(code << 4 | char::from(*byte).to_digit(16)?))
    }

    /// Pushes the value that begins with a token.
    fn value(&mut self, token: Token) -> Result<(), Raise> {
        let lua = self.lua;
        match token.kind {
            Kind::String(text) => lua.push_bytes(&text),
            Kind::Number(number) => lua.push_number(number),
            Kind::Boolean(value) => lua.push_boolean(value),
            Kind::Null => lua.push_mark(NULL),
            Kind::ObjectBegin => self.object()?,
            Kind::ArrayBegin => self.array()?,
            _ => return Err(self.unexpected("value", &token)),
        }
        if lua.shared().is_over() {
            return Err(lua.fail("not enough memory"));
        }
        Ok(())
    }

    fn descend(&mut self) -> Result<(), Raise> {
        self.depth += 1;
        if self.depth > self.options.decode_depth.min(DEEPEST) || !self.lua.room(4) {
            let (depth, at) = (self.depth, self.at);
            let text = format!("Found too many nested data structures ({depth}) at character {at}");
            return Err(self.lua.fail(&text));
        }
        Ok(())
    }

    fn object(&mut self) -> Result<(), Raise> {
        self.descend()?;
        self.lua.push_table(0, 0);
        let mut token = self.token();
        if matches!(token.kind, Kind::ObjectEnd) {
            self.depth -= 1;
            return Ok(());
        }
        loop {
            let Kind::String(key) = token.kind else {
                return Err(self.unexpected("object key string", &token));
            };
            self.lua.push_bytes(&key);
            let colon = self.token();
            if !matches!(colon.kind, Kind::Colon) {
                return Err(self.unexpected("colon", &colon));
            }
            let first = self.token();
            self.value(first)?;
            self.lua.raw_set(-3);
            token = self.token();
            match token.kind {
                Kind::ObjectEnd => break,
                Kind::Comma => token = self.token(),
                _ => return Err(self.unexpected("comma or object end", &token)),
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self) -> Result<(), Raise> {
        self.descend()?;
        self.lua.push_table(0, 0);
        let mut token = self.token();
        if matches!(token.kind, Kind::ArrayEnd) {
            self.depth -= 1;
            return Ok(());
        }
        for n in 1.. {
            self.value(token)?;
            self.lua.raw_set_at(-2, n);
            token = self.token();
            match token.kind {
                Kind::ArrayEnd => break,
                Kind::Comma => token = self.token(),
                _ => return Err(self.unexpected("comma or array end", &token)),
            }
        }
        self.depth -= 1;
        Ok(())
    }
}
