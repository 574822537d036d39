//! `struct`: values as bytes of fixed layout, by a format of one letter each.
//!
//! `>` `<` byte order, `!n` alignment, `b h l i` integers (capital: unsigned; `i4` of so many bytes), `f d` floats, `s` a
//! string with a NUL after it, `c5` bytes, `x` a byte of nothing.
//!
//! **Invariant** 1. Every size is checked against the data, or against [`MAX_INTEGER`], before it is used.

use crate::lua::{Answer, Lua, Raise};

/// Most bytes of an integer.
const MAX_INTEGER: usize = 32;
/// What `!` aligns to.
const NATURAL: usize = 8;
/// Longest result.
const MOST_BYTES: usize = 512 << 20;

/// Pushes the library.
pub(crate) fn push(lua: Lua) {
    lua.push_table(0, 3);
    lua.push_function(pack, 0);
    lua.set_field(-2, "pack");
    lua.push_function(unpack, 0);
    lua.set_field(-2, "unpack");
    lua.push_function(size, 0);
    lua.set_field(-2, "size");
}

/// A walk over a format.
struct Format<'a> {
    lua: Lua,
    text: &'a [u8],
    at: usize,
    big_endian: bool,
    align: usize,
}

/// A letter of a format, the bytes that it takes, and those to skip before.
struct Item {
    letter: u8,
    size: usize,
    skip: usize,
}

impl<'a> Format<'a> {
    fn new(lua: Lua, text: &'a [u8]) -> Self {
        Format { lua, text, at: 0, big_endian: false, align: 1 }
    }

    /// The next letter that stands for something, `total` bytes being before it.
    fn next(&mut self, total: usize) -> Result<Option<Item>, Raise> {
        while let Some(&letter) = self.text.get(self.at) {
            self.at += 1;
            let size = match letter {
                b'b' | b'B' | b'x' => 1,
                b'h' | b'H' => 2,
                b'l' | b'L' | b'T' | b'd' => 8,
                b'f' => 4,
                b'i' | b'I' => self.integer_size()?,
                b'c' => self.number(1)?,
                b's' => 0,
                b' ' => continue,
                b'<' | b'>' => {
                    self.big_endian = letter == b'>';
                    continue;
                }
                b'!' => {
                    self.align = self.number(NATURAL)?;
                    if !self.align.is_power_of_two() {
                        return Err(self.lua.fail("alignment is not a power of 2"));
                    }
                    continue;
                }
                other => {
                    return Err(self.lua.fail(&format!("invalid format option '{}'", char::from(other))));
                }
            };
            let skip = self.skip(total, letter, size);
            return Ok(Some(Item { letter, size, skip }));
        }
        Ok(None)
    }

    fn skip(&self, total: usize, letter: u8, size: usize) -> usize {
        if size == 0 || letter == b'c' {
            return 0;
        }
        let unit = size.min(self.align);
        unit.wrapping_sub(total & (unit - 1)) & (unit - 1)
    }

    fn integer_size(&mut self) -> Result<usize, Raise> {
        let size = self.number(4)?;
        if size > MAX_INTEGER {
            let text = format!("integral size {size} is larger than limit of {MAX_INTEGER}");
            return Err(self.lua.fail(&text));
        }
        Ok(size)
    }

    /// The digits that follow, or else a default.
    fn number(&mut self, default: usize) -> Result<usize, Raise> {
        let from = self.at;
        let mut number = 0usize;
        while let Some(digit) = self.text.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            number = number * 10 + usize::from(digit - b'0');
            if number > i32::MAX as usize {
                return Err(self.lua.fail("integral size overflow"));
            }
            self.at += 1;
        }
        Ok(if self.at == from { default } else { number })
    }
}

fn pack(lua: Lua) -> Answer {
    let mut format = Format::new(lua, lua.check_bytes(1)?);
    let mut out: Vec<u8> = Vec::new();
    let mut arg = 1;
    while let Some(item) = format.next(out.len())? {
        out.resize(out.len() + item.skip, 0);
        arg += i32::from(item.letter != b'x');
        match item.letter {
            b'x' => out.push(0),
            b'f' => put(&mut out, &(lua.check_number(arg)? as f32).to_le_bytes(), format.big_endian),
            b'd' => put(&mut out, &lua.check_number(arg)?.to_le_bytes(), format.big_endian),
            b's' => {
                out.extend_from_slice(lua.check_bytes(arg)?);
                out.push(0);
            }
            b'c' => {
                let text = lua.check_bytes(arg)?;
                let size = if item.size == 0 { text.len() } else { item.size };
                let Some(part) = text.get(..size) else {
                    return Err(lua.bad_argument(arg, "string too short"));
                };
                out.extend_from_slice(part);
            }
            _ => {
                let bytes = integer_bytes(lua.check_number(arg)?);
                put(&mut out, &bytes[..item.size], format.big_endian);
            }
        }
        if out.len() > MOST_BYTES {
            return Err(lua.fail("resulting string too large"));
        }
    }
    lua.push_bytes(&out);
    Ok(1)
}

/// Eight bytes of a number, the lowest first, and nothing beyond.
fn integer_bytes(number: f64) -> [u8; MAX_INTEGER] {
    let value = if number < 0.0 { number as i64 as u64 } else { number as u64 };
    let mut bytes = [0; MAX_INTEGER];
    bytes[..8].copy_from_slice(&value.to_le_bytes());
    bytes
}

fn put(out: &mut Vec<u8>, little: &[u8], big_endian: bool) {
    let from = out.len();
    out.extend_from_slice(little);
    if big_endian {
        out[from..].reverse();
    }
}

fn unpack(lua: Lua) -> Answer {
    let mut format = Format::new(lua, lua.check_bytes(1)?);
    let data = lua.check_bytes(2)?;
    let offset = lua.optional_integer(3, 1)?;
    if offset < 1 {
        return Err(lua.bad_argument(3, "offset must be 1 or greater"));
    }
    let mut at = usize::try_from(offset - 1).unwrap_or(usize::MAX);
    let mut count = 0;
    lua.set_top(2);
    while let Some(item) = format.next(at)? {
        at = at.saturating_add(item.skip);
        let fits = |size: usize| at.checked_add(size).and_then(|end| data.get(at..end));
        let Some(block) = fits(item.size) else { return Err(lua.bad_argument(2, "data string too short")) };
        if !lua.room(2) {
            return Err(lua.fail("stack overflow (too many results)"));
        }
        let mut used = item.size;
        match item.letter {
            b'x' => count -= 1,
            b'f' => lua.push_number(f64::from(f32::from_le_bytes(little(block, format.big_endian)))),
            b'd' => lua.push_number(f64::from_le_bytes(little(block, format.big_endian))),
            b's' => {
                let Some(len) = memchr::memchr(0, &data[at..]) else {
                    return Err(lua.fail("unfinished string in data"));
                };
                lua.push_bytes(&data[at..at + len]);
                used = len + 1;
            }
            b'c' if item.size == 0 => {
                let size = if count == 0 { None } else { lua.number(-1) };
                let Some(size) = size else { return Err(lua.fail("format 'c0' needs a previous size")) };
                lua.pop(1);
                count -= 1;
                let size = if size >= 0.0 { size as usize } else { usize::MAX };
                let Some(block) = fits(size) else {
                    return Err(lua.bad_argument(2, "data string too short"));
                };
                lua.push_bytes(block);
                used = size;
            }
            b'c' => lua.push_bytes(block),
            letter => lua.push_number(integer(block, format.big_endian, letter.is_ascii_lowercase())),
        }
        count += 1;
        at += used;
    }
    lua.push_number((at + 1) as f64);
    Ok(count + 1)
}

/// The first bytes of a block, the lowest first.
fn little<const N: usize>(block: &[u8], big_endian: bool) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(block) {
        *to = *from;
    }
    if big_endian {
        bytes.reverse();
    }
    bytes
}

fn integer(block: &[u8], big_endian: bool, signed: bool) -> f64 {
    let mut value = 0u64;
    let mut add = |byte: &u8| value = value << 8 | u64::from(*byte);
    match big_endian {
        true => block.iter().for_each(&mut add),
        false => block.iter().rev().for_each(&mut add),
    }
    if !signed {
        return value as f64;
    }
    let unused = 64 - 8 * block.len().clamp(1, 8) as u32;
    ((value << unused) as i64 >> unused) as f64
}

fn size(lua: Lua) -> Answer {
    let mut format = Format::new(lua, lua.check_bytes(1)?);
    let mut total = 0usize;
    while let Some(item) = format.next(total)? {
        if item.letter == b's' || (item.letter == b'c' && item.size == 0) {
            let what =
                if item.letter == b's' { "variable-size format in 'size'" } else { "variable-length format" };
            return Err(lua.bad_argument(1, what));
        }
        total = total.saturating_add(item.skip + item.size);
    }
    lua.push_number(total as f64);
    Ok(1)
}
