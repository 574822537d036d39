//! Replies to Lua values, and back.
//!
//! RESP2: an integer is a number, a bulk string a string, an array a table, a status `{ok=}`, an error `{err=}`, null
//! `false`. RESP3 adds `{double=}`, `{map={}}`, `{set={member=true}}`, `{big_number=}`,
//! `{verbatim_string={format=, string=}}`, booleans, and null as nil.

use resp::{Protocol, reply};

use crate::lua::{Lua, TYPE_BOOLEAN, TYPE_NIL, TYPE_NUMBER, TYPE_STRING, TYPE_TABLE};

/// How deep values nest at most, in both directions.
const MAX_DEPTH: u32 = 500;

/// Pushes the value of a reply; what is no reply becomes nil.
pub(crate) fn push_reply(lua: Lua, bytes: &[u8]) {
    let mut reader = Reader { bytes, at: 0 };
    if reader.push(lua, 0).is_none() {
        lua.push_nil();
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let end = memchr::memchr(b'\r', rest)?;
        self.at += end + 2;
        Some(&rest[..end])
    }

    fn number(&mut self) -> Option<i64> {
        stdx::num::parse_i64(self.line()?)
    }

    /// A length; `None` inside: null.
    fn length(&mut self) -> Option<Option<usize>> {
        Some(usize::try_from(self.number()?).ok())
    }

    fn block(&mut self, len: usize) -> Option<&'a [u8]> {
        let block = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len + 2;
        Some(block)
    }

    /// Pushes one value; `None`: there is none, and the stack is as it was.
    fn push(&mut self, lua: Lua, depth: u32) -> Option<()> {
        let kind = *self.bytes.get(self.at)?;
        self.at += 1;
        if depth > MAX_DEPTH || !lua.room(8) {
            return None;
        }
        match kind {
            b'$' => match self.length()? {
                Some(len) => lua.push_bytes(self.block(len)?),
                None => lua.push_boolean(false),
            },
            b':' => {
                let number = self.number()?;
                lua.push_number(number as f64);
            }
            b'+' => self.push_line_in(lua, "ok")?,
            b'-' => {
                self.push_line_in(lua, "err")?;
                crate::errors::mark_counted(lua);
            }
            b'*' | b'>' => return self.push_array(lua, depth),
            b'%' => return self.push_map(lua, depth),
            b'~' => return self.push_set(lua, depth),
            b'_' => {
                self.line()?;
                lua.push_nil();
            }
            b'#' => {
                let line = self.line()?;
                lua.push_boolean(line == b"t");
            }
            b',' => self.push_double(lua)?,
            b'(' => self.push_line_in(lua, "big_number")?,
            b'=' => self.push_verbatim(lua)?,
            b'|' => {
                // Attributes are for clients.
                let pairs = self.length()??;
                for _ in 0..pairs.checked_mul(2)? {
                    self.push(lua, depth + 1)?;
                    lua.pop(1);
                }
                return self.push(lua, depth);
            }
            _ => return None,
        }
        Some(())
    }

    fn push_line_in(&mut self, lua: Lua, field: &str) -> Option<()> {
        let line = self.line()?;
        lua.push_table(0, 2);
        lua.push_bytes(line);
        lua.set_field(-2, field);
        Some(())
    }

    fn push_double(&mut self, lua: Lua) -> Option<()> {
        let text = std::str::from_utf8(self.line()?).ok()?;
        let value = text.parse().ok()?;
        lua.push_table(0, 1);
        lua.push_number(value);
        lua.set_field(-2, "double");
        Some(())
    }

    fn push_verbatim(&mut self, lua: Lua) -> Option<()> {
        let len = self.length()??;
        let block = self.block(len)?;
        let (format, text) = (block.get(..3)?, block.get(4..)?);
        lua.push_table(0, 1);
        lua.push_table(0, 2);
        lua.push_bytes(text);
        lua.set_field(-2, "string");
        lua.push_bytes(format);
        lua.set_field(-2, "format");
        lua.set_field(-2, "verbatim_string");
        Some(())
    }

    fn push_array(&mut self, lua: Lua, depth: u32) -> Option<()> {
        let Some(len) = self.length()? else {
            lua.push_boolean(false);
            return Some(());
        };
        lua.push_table(len.min(self.left()), 0);
        let table = lua.top();
        for n in 1..=i32::try_from(len).ok()? {
            if lua.shared().is_over() {
                return Some(());
            }
            // Of a reply that is cut short there is no more.
            if self.push(lua, depth + 1).is_none() {
                lua.set_top(table);
                return Some(());
            }
            lua.raw_set_at(table, n);
        }
        Some(())
    }

    fn push_map(&mut self, lua: Lua, depth: u32) -> Option<()> {
        let len = self.length()??;
        lua.push_table(0, 1);
        lua.push_table(0, len.min(self.left()));
        for _ in 0..len {
            if !self.push_pair(lua, depth, true) {
                break;
            }
        }
        lua.set_field(-2, "map");
        Some(())
    }

    fn push_set(&mut self, lua: Lua, depth: u32) -> Option<()> {
        let len = self.length()??;
        lua.push_table(0, 1);
        lua.push_table(0, len.min(self.left()));
        for _ in 0..len {
            if !self.push_pair(lua, depth, false) {
                break;
            }
        }
        lua.set_field(-2, "set");
        Some(())
    }

    /// Bytes that have not been read.
    fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// Sets a key of the table on top: to the value that follows, or to true. False if there is none.
    fn push_pair(&mut self, lua: Lua, depth: u32, value: bool) -> bool {
        let top = lua.top();
        let key = self.push(lua, depth + 1);
        let value = match value {
            true => self.push(lua, depth + 1),
            false => {
                lua.push_boolean(true);
                Some(())
            }
        };
        let whole = key.is_some() && value.is_some();
        if whole && lua.kind(-2) != TYPE_NIL && (lua.kind(-2) != TYPE_NUMBER || !lua.to_number(-2).is_nan()) {
            lua.raw_set(top);
        }
        lua.set_top(top);
        whole
    }
}

/// What a script answers, as a reply.
pub(crate) struct Writer<'a> {
    pub lua: Lua,
    pub out: &'a mut Vec<u8>,
    /// What the client speaks.
    pub protocol: Protocol,
    /// What the script chose (`redis.setresp`): decides how booleans are told.
    pub script: Protocol,
    /// Errors in the answer that have not been counted yet.
    pub errors: &'a mut Vec<Vec<u8>>,
    /// It nests too deep, or is too long: nothing more is looked into.
    pub given_up: bool,
}

impl Writer<'_> {
    /// Writes the value on top of the stack, and takes it off.
    pub fn value(&mut self, depth: u32) {
        let lua = self.lua;
        if self.given_up {
            reply::null(self.out, self.protocol);
            return lua.pop(1);
        }
        if depth > MAX_DEPTH || !lua.room(6) || self.out.len() > lua.shared().most_bytes() {
            // Values that hold each other would be written for ever.
            self.given_up = true;
            reply::error(self.out, b"ERR reached lua stack limit");
            return lua.pop(1);
        }
        match lua.kind(-1) {
            TYPE_STRING => reply::bulk(self.out, lua.bytes(-1).unwrap_or_default()),
            TYPE_NUMBER => reply::integer(self.out, lua.to_number(-1) as i64),
            TYPE_BOOLEAN if self.script == Protocol::Resp3 => {
                reply::boolean(self.out, lua.boolean(-1), self.protocol);
            }
            TYPE_BOOLEAN if lua.boolean(-1) => reply::integer(self.out, 1),
            TYPE_TABLE => self.table(depth),
            _ => reply::null(self.out, self.protocol),
        }
        lua.pop(1);
    }

    /// The field of the table on top if it is of this kind; it is on top then.
    fn field(&self, name: &str, kind: i32) -> bool {
        if self.lua.raw_field(-1, name) == kind {
            return true;
        }
        self.lua.pop(1);
        false
    }

    fn table(&mut self, depth: u32) {
        let (lua, top) = (self.lua, self.lua.top());
        if self.field("err", TYPE_STRING) {
            lua.pop(1);
            self.error();
        } else if self.field("ok", TYPE_STRING) {
            reply::simple(self.out, lua.bytes(-1).unwrap_or_default());
        } else if self.field("double", TYPE_NUMBER) {
            reply::double(self.out, lua.to_number(-1), self.protocol);
        } else if self.field("big_number", TYPE_STRING) {
            let digits: Vec<u8> = lua.bytes(-1).unwrap_or_default().iter().map(blank_breaks).collect();
            reply::big_number(self.out, &digits, self.protocol);
        } else if self.field("verbatim_string", TYPE_TABLE) && self.verbatim() {
        } else if {
            lua.set_top(top);
            self.field("map", TYPE_TABLE)
        } {
            self.pairs(depth, true);
        } else if self.field("set", TYPE_TABLE) {
            self.pairs(depth, false);
        } else {
            self.array(depth);
        }
        lua.set_top(top);
    }

    fn error(&mut self) {
        let (line, counted) = crate::errors::line_of(self.lua);
        reply::error(self.out, &line);
        if !counted {
            self.errors.push(line);
        }
    }

    fn verbatim(&mut self) -> bool {
        let lua = self.lua;
        if !(self.field("format", TYPE_STRING)) {
            return false;
        }
        let mut format = *b"   ";
        for (to, from) in format.iter_mut().zip(lua.bytes(-1).unwrap_or_default()) {
            *to = blank_breaks(from);
        }
        lua.pop(1);
        if !self.field("string", TYPE_STRING) {
            return false;
        }
        let text = lua.bytes(-1).unwrap_or_default();
        match self.protocol {
            Protocol::Resp2 => reply::bulk(self.out, text),
            Protocol::Resp3 => reply::verbatim(self.out, &format, text, self.protocol),
        }
        true
    }

    /// The table on top as a map, or its keys as a set.
    fn pairs(&mut self, depth: u32, values: bool) {
        let (lua, table) = (self.lua, self.lua.top());
        let mut len = 0;
        let at = self.out.len();
        lua.push_nil();
        while lua.next(table) {
            len += 1;
            let key = lua.top() - 1;
            if !values {
                lua.set_top(key);
            }
            lua.push_copy(key);
            self.value(depth + 1);
            if values {
                self.value(depth + 1);
            }
        }
        let mut head = Vec::new();
        match values {
            true => reply::map(&mut head, len, self.protocol),
            false => reply::set(&mut head, len, self.protocol),
        }
        self.out.splice(at..at, head);
    }

    /// What the table on top has from 1 on, up to the first nil.
    fn array(&mut self, depth: u32) {
        let (lua, table) = (self.lua, self.lua.top());
        let mut len = 0;
        while {
            lua.raw_get_at(table, len + 1);
            lua.kind(-1) != TYPE_NIL
        } {
            lua.pop(1);
            len += 1;
        }
        lua.pop(1);
        reply::array(self.out, len as usize);
        for n in 1..=len {
            lua.raw_get_at(table, n);
            self.value(depth + 1);
        }
    }
}

fn blank_breaks(byte: &u8) -> u8 {
    if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }
}
