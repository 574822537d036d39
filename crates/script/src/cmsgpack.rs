//! `cmsgpack`: MessagePack, with the choices of lua-cmsgpack 0.4.
//!
//! What nests deeper than [`MAX_NESTING`] is packed as nil; what comes nested deeper than [`MAX_DEPTH`] is refused.

use crate::lua::{Answer, Lua, Raise, TYPE_BOOLEAN, TYPE_NIL, TYPE_NUMBER, TYPE_STRING, TYPE_TABLE};

const MAX_NESTING: u32 = 16;
const MAX_DEPTH: u32 = 500;

/// Pushes the library.
pub(crate) fn push(lua: Lua) {
    lua.push_table(0, 8);
    lua.push_function(pack, 0);
    lua.set_field(-2, "pack");
    lua.push_function(unpack, 0);
    lua.set_field(-2, "unpack");
    lua.push_function(unpack_one, 0);
    lua.set_field(-2, "unpack_one");
    lua.push_function(unpack_limit, 0);
    lua.set_field(-2, "unpack_limit");
    for (name, text) in [
        ("_NAME", "cmsgpack"),
        ("_VERSION", "lua-cmsgpack 0.4.0"),
        ("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo"),
        ("_DESCRIPTION", "MessagePack C implementation for Lua"),
    ] {
        lua.push_text(text);
        lua.set_field(-2, name);
    }
}

fn pack(lua: Lua) -> Answer {
    let count = lua.top();
    if count == 0 {
        return Err(lua.bad_argument(0, "MessagePack pack needs input."));
    }
    let mut out = Vec::new();
    for index in 1..=count {
        lua.push_copy(index);
        write(lua, &mut out, 0)?;
    }
    lua.push_bytes(&out);
    Ok(1)
}

/// Packs the value on top, and takes it off.
fn write(lua: Lua, out: &mut Vec<u8>, level: u32) -> Result<(), Raise> {
    if !lua.room(5) || lua.shared().is_over() || out.len() > lua.shared().most_bytes() {
        return Err(lua.fail("stack overflow (in function mp_encode_lua_type)"));
    }
    match lua.kind(-1) {
        TYPE_STRING => write_bytes(out, lua.bytes(-1).unwrap_or_default()),
        TYPE_BOOLEAN => out.push(if lua.boolean(-1) { 0xc3 } else { 0xc2 }),
        TYPE_NUMBER => write_number(out, lua.to_number(-1)),
        TYPE_TABLE if level < MAX_NESTING => write_table(lua, out, level)?,
        _ => out.push(0xc0),
    }
    lua.pop(1);
    Ok(())
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes.len() {
        len @ 0..32 => out.push(0xa0 | len as u8),
        len @ 32..0x100 => out.extend_from_slice(&[0xd9, len as u8]),
        len @ 0x100..0x1_0000 => {
            out.push(0xda);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0xdb);
            out.extend_from_slice(&(len as u32).to_be_bytes());
        }
    }
    out.extend_from_slice(bytes);
}

fn write_number(out: &mut Vec<u8>, number: f64) {
    if number == number.floor() && (-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&number) {
        return write_integer(out, number as i64);
    }
    let short = number as f32;
    if f64::from(short) == number {
        out.push(0xca);
        out.extend_from_slice(&short.to_be_bytes());
    } else {
        out.push(0xcb);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

fn write_integer(out: &mut Vec<u8>, number: i64) {
    let (tag, len) = match number {
        -32..0x80 => return out.push(number as u8),
        0x80..0x100 => (0xcc, 1),
        0x100..0x1_0000 => (0xcd, 2),
        0x1_0000..0x1_0000_0000 => (0xce, 4),
        0x1_0000_0000.. => (0xcf, 8),
        -0x80..-32 => (0xd0, 1),
        -0x8000..-0x80 => (0xd1, 2),
        -0x8000_0000..-0x8000 => (0xd2, 4),
        _ => (0xd3, 8),
    };
    out.push(tag);
    out.extend_from_slice(&number.to_be_bytes()[8 - len..]);
}

fn write_table(lua: Lua, out: &mut Vec<u8>, level: u32) -> Result<(), Raise> {
    let table = lua.top();
    let (count, is_array) = shape(lua, table);
    if is_array {
        head(out, count, 0x90, 0xdc);
        for n in 1..=count {
            lua.raw_get_at(table, n as i32);
            write(lua, out, level + 1)?;
        }
        return Ok(());
    }
    head(out, count, 0x80, 0xde);
    lua.push_nil();
    while lua.next(table) {
        lua.push_copy(table + 1);
        write(lua, out, level + 1)?;
        write(lua, out, level + 1)?;
    }
    Ok(())
}

fn head(out: &mut Vec<u8>, count: usize, short: u8, long: u8) {
    match count {
        0..16 => out.push(short | count as u8),
        16..0x1_0000 => {
            out.push(long);
            out.extend_from_slice(&(count as u16).to_be_bytes());
        }
        _ => {
            out.push(long + 1);
            out.extend_from_slice(&(count as u32).to_be_bytes());
        }
    }
}

/// How many pairs a table has, and whether its keys are 1 to that number.
fn shape(lua: Lua, table: i32) -> (usize, bool) {
    let (mut count, mut max, mut whole) = (0usize, 0.0f64, true);
    lua.push_nil();
    while lua.next(table) {
        lua.pop(1);
        count += 1;
        let key = if lua.kind(-1) == TYPE_NUMBER { lua.to_number(-1) } else { 0.0 };
        whole &= key > 0.0 && key == key.floor();
        max = max.max(key);
    }
    (count, whole && max == count as f64)
}

struct Reader<'a> {
    lua: Lua,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Raise> {
        let block = self.at.checked_add(len).and_then(|end| self.bytes.get(self.at..end));
        let Some(block) = block else { return Err(self.lua.fail("Missing bytes in input.")) };
        self.at += len;
        Ok(block)
    }

    fn unsigned(&mut self, len: usize) -> Result<u64, Raise> {
        Ok(self.take(len)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn signed(&mut self, len: usize) -> Result<i64, Raise> {
        let unused = 64 - 8 * len as u32;
        Ok((self.unsigned(len)? << unused) as i64 >> unused)
    }

    /// Pushes the next value.
    fn push(&mut self, depth: u32) -> Result<(), Raise> {
        let lua = self.lua;
        if depth > MAX_DEPTH || !lua.room(4) {
            return Err(lua.fail("stack overflow (in function mp_decode_to_lua_type)"));
        }
        match self.unsigned(1)? as u8 {
            byte @ 0..=0x7f => lua.push_number(f64::from(byte)),
            byte @ 0xe0..=0xff => lua.push_number(f64::from(byte as i8)),
            byte @ 0x80..=0x8f => return self.push_map(usize::from(byte & 15), depth),
            byte @ 0x90..=0x9f => return self.push_array(usize::from(byte & 15), depth),
            byte @ 0xa0..=0xbf => lua.push_bytes(self.take(usize::from(byte & 31))?),
            0xc0 => lua.push_nil(),
            0xc2 => lua.push_boolean(false),
            0xc3 => lua.push_boolean(true),
            0xca => {
                let bits = self.unsigned(4)? as u32;
                lua.push_number(f64::from(f32::from_bits(bits)));
            }
            0xcb => {
                let bits = self.unsigned(8)?;
                lua.push_number(f64::from_bits(bits));
            }
            tag @ 0xcc..=0xcf => {
                let value = self.unsigned(1 << (tag - 0xcc))?;
                lua.push_number(value as f64);
            }
            tag @ 0xd0..=0xd3 => {
                let value = self.signed(1 << (tag - 0xd0))?;
                lua.push_number(value as f64);
            }
            tag @ 0xd9..=0xdb => {
                let len = self.unsigned(1 << (tag - 0xd9))? as usize;
                lua.push_bytes(self.take(len)?);
            }
            tag @ (0xdc | 0xdd) => {
                let len = self.unsigned(2 << (tag - 0xdc))? as usize;
                return self.push_array(len, depth);
            }
            tag @ (0xde | 0xdf) => {
                let len = self.unsigned(2 << (tag - 0xde))? as usize;
                return self.push_map(len, depth);
            }
            _ => return Err(lua.fail("Bad data format in input.")),
        }
        Ok(())
    }

    /// A length says nothing about how much follows: no memory is made for it.
    fn push_array(&mut self, len: usize, depth: u32) -> Result<(), Raise> {
        let lua = self.lua;
        lua.push_table(len.min(self.bytes.len() - self.at), 0);
        for n in 1..=len {
            self.push(depth + 1)?;
            if lua.shared().is_over() {
                return Err(lua.fail("not enough memory"));
            }
            lua.raw_set_at(-2, i32::try_from(n).unwrap_or(i32::MAX));
        }
        Ok(())
    }

    fn push_map(&mut self, len: usize, depth: u32) -> Result<(), Raise> {
        let lua = self.lua;
        lua.push_table(0, 0);
        for _ in 0..len {
            self.push(depth + 1)?;
            if lua.kind(-1) == TYPE_NIL || (lua.kind(-1) == TYPE_NUMBER && lua.to_number(-1).is_nan()) {
                return Err(lua.fail("table index is nil or NaN"));
            }
            self.push(depth + 1)?;
            if lua.shared().is_over() {
                return Err(lua.fail("not enough memory"));
            }
            lua.raw_set(-3);
        }
        Ok(())
    }
}

fn unpack(lua: Lua) -> Answer {
    unpack_from(lua, 0, 0, false)
}

fn unpack_one(lua: Lua) -> Answer {
    let offset = lua.optional_integer(2, 0)?;
    unpack_from(lua, 1, offset, true)
}

fn unpack_limit(lua: Lua) -> Answer {
    let limit = lua.check_integer(2)?;
    let offset = lua.optional_integer(3, 0)?;
    unpack_from(lua, limit, offset, true)
}

/// Up to `limit` values (0: all) from an offset on; `partial`: before them, where to go on, or -1 at the end.
fn unpack_from(lua: Lua, limit: i64, offset: i64, partial: bool) -> Answer {
    let bytes = lua.check_bytes(1)?;
    if offset < 0 || limit < 0 {
        let text = format!("Invalid request to unpack with offset of {offset} and limit of {limit}.");
        return Err(lua.fail(&text));
    }
    let at = usize::try_from(offset).unwrap_or(usize::MAX);
    if at > bytes.len() {
        let text = format!("Start offset {offset} greater than input length {}.", bytes.len());
        return Err(lua.fail(&text));
    }
    let all = limit == 0 && !partial;
    lua.set_top(1);
    let mut reader = Reader { lua, bytes, at };
    let mut count = 0;
    while reader.at < bytes.len() && (all || count < limit) {
        reader.push(0)?;
        count += 1;
    }
    if partial {
        let next = if reader.at < bytes.len() { reader.at as f64 } else { -1.0 };
        lua.push_number(next);
        lua.insert(2);
        count += 1;
    }
    Ok(i32::try_from(count).unwrap_or(i32::MAX))
}
