//! Values to JSON.

use super::{DEEPEST, Invalid, NULL, Options};
use crate::lua::{
    Answer, Lua, Raise, TYPE_BOOLEAN, TYPE_LIGHT, TYPE_NIL, TYPE_NUMBER, TYPE_STRING, TYPE_TABLE,
};

pub(super) fn encode(lua: Lua) -> Answer {
    if lua.top() != 1 {
        return Err(lua.bad_argument(1, "expected 1 argument"));
    }
    let mut writer = Writer { lua, options: lua.shared().json.get(), out: Vec::new() };
    writer.value(0)?;
    let out = writer.out;
    lua.push_bytes(&out);
    Ok(1)
}

struct Writer {
    lua: Lua,
    options: Options,
    out: Vec<u8>,
}

impl Writer {
    fn refuse(&self, why: &str) -> Raise {
        self.lua.fail(&format!("Cannot serialise {}: {why}", self.lua.kind_name(-1)))
    }

    /// Appends the value on top of the stack.
    fn value(&mut self, depth: i64) -> Result<(), Raise> {
        let lua = self.lua;
        match lua.kind(-1) {
            TYPE_STRING => self.string(lua.bytes(-1).unwrap_or_default()),
            TYPE_NUMBER => self.number(lua.to_number(-1))?,
            TYPE_BOOLEAN => self.out.extend_from_slice(if lua.boolean(-1) { b"true" } else { b"false" }),
            TYPE_NIL => self.out.extend_from_slice(b"null"),
            TYPE_LIGHT if lua.address(-1) == NULL => self.out.extend_from_slice(b"null"),
            TYPE_TABLE => self.table(depth + 1)?,
            _ => return Err(self.refuse("type not supported")),
        }
        if self.out.len() > lua.shared().most_bytes() {
            return Err(lua.fail("resulting string too large"));
        }
        Ok(())
    }

    fn number(&mut self, number: f64) -> Result<(), Raise> {
        if !number.is_finite() {
            match self.options.invalid {
                Invalid::Refused => return Err(self.refuse("must not be NaN or Inf")),
                Invalid::Null => {
                    self.out.extend_from_slice(b"null");
                    return Ok(());
                }
                Invalid::Written => {}
            }
        }
        crate::format::general(&mut self.out, number, self.options.precision as usize);
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for &byte in text {
            let short = match byte {
                b'"' => b'"',
                b'\\' => b'\\',
                b'/' => b'/',
                8 => b'b',
                9 => b't',
                10 => b'n',
                12 => b'f',
                13 => b'r',
                0..=31 | 127 => {
                    self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    continue;
                }
                _ => {
                    self.out.push(byte);
                    continue;
                }
            };
            self.out.extend_from_slice(&[b'\\', short]);
        }
        self.out.push(b'"');
    }

    fn table(&mut self, depth: i64) -> Result<(), Raise> {
        if depth > self.options.encode_depth.min(DEEPEST) || !self.lua.room(6) {
            return Err(self.lua.fail(&format!("Cannot serialise, excessive depth ({depth})")));
        }
        match self.array_len()? {
            Some(len) if len > 0 => self.array(len, depth),
            _ => self.object(depth),
        }
    }

    /// The length of the table on top as an array; `None` if it is none.
    fn array_len(&mut self) -> Result<Option<i64>, Raise> {
        let (lua, table) = (self.lua, self.lua.top());
        let (mut max, mut items) = (0i64, 0i64);
        lua.push_nil();
        while lua.next(table) {
            lua.pop(1);
            let key = if lua.kind(-1) == TYPE_NUMBER { lua.to_number(-1) } else { 0.0 };
            if !(1.0..=2_147_483_647.0).contains(&key) || key != key.floor() {
                lua.set_top(table);
                return Ok(None);
            }
            max = max.max(key as i64);
            items += 1;
        }
        let Options { sparse_ratio, sparse_safe, sparse_convert, .. } = self.options;
        if sparse_ratio > 0 && max > items.saturating_mul(sparse_ratio) && max > sparse_safe {
            return if sparse_convert { Ok(None) } else { Err(self.refuse("excessively sparse array")) };
        }
        Ok(Some(max))
    }

    fn array(&mut self, len: i64, depth: i64) -> Result<(), Raise> {
        self.out.push(b'[');
        for n in 1..=len {
            if n > 1 {
                self.out.push(b',');
            }
            self.lua.raw_get_at(-1, n as i32);
            self.value(depth)?;
            self.lua.pop(1);
        }
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self, depth: i64) -> Result<(), Raise> {
        let (lua, table) = (self.lua, self.lua.top());
        self.out.push(b'{');
        lua.push_nil();
        let mut first = true;
        while lua.next(table) {
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            match lua.kind(table + 1) {
                TYPE_STRING => self.string(lua.bytes(table + 1).unwrap_or_default()),
                TYPE_NUMBER => {
                    self.out.push(b'"');
                    lua.push_copy(table + 1);
                    self.number(lua.to_number(-1))?;
                    lua.pop(1);
                    self.out.push(b'"');
                }
                _ => return Err(self.refuse("table key must be a number or string")),
            }
            self.out.push(b':');
            self.value(depth)?;
            lua.pop(1);
        }
        self.out.push(b'}');
        Ok(())
    }
}
