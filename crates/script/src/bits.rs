//! `bit`: operations on 32 bits, with the numbers that LuaBitOp gives.

use crate::lua::{Answer, Lua, Raise};

/// Pushes the library.
pub(crate) fn push(lua: Lua) {
    lua.push_table(0, 12);
    macro_rules! add {
        ($($name:literal: $function:expr),* $(,)?) => {
            $(lua.push_function($function, 0); lua.set_field(-2, $name);)*
        };
    }
    add! {
        "tobit": |lua: Lua| answer(lua, bits(lua, 1)?),
        "bnot": |lua: Lua| answer(lua, !bits(lua, 1)?),
        "bswap": |lua: Lua| answer(lua, bits(lua, 1)?.swap_bytes()),
        "band": |lua: Lua| all(lua, |a, b| a & b),
        "bor": |lua: Lua| all(lua, |a, b| a | b),
        "bxor": |lua: Lua| all(lua, |a, b| a ^ b),
        "lshift": |lua: Lua| shift(lua, |a, n| a << n),
        "rshift": |lua: Lua| shift(lua, |a, n| a >> n),
        "arshift": |lua: Lua| shift(lua, |a, n| (a as i32 >> n) as u32),
        "rol": |lua: Lua| shift(lua, u32::rotate_left),
        "ror": |lua: Lua| shift(lua, u32::rotate_right),
        "tohex": tohex,
    }
}

/// An argument's low 32 bits: adding 2^52 + 2^51 leaves them at the end of the double, rounded to an integer.
fn bits(lua: Lua, index: i32) -> Result<u32, Raise> {
    Ok((lua.check_number(index)? + 6_755_399_441_055_744.0).to_bits() as u32)
}

fn answer(lua: Lua, bits: u32) -> Answer {
    lua.push_number(f64::from(bits as i32));
    Ok(1)
}

fn all(lua: Lua, join: fn(u32, u32) -> u32) -> Answer {
    let mut result = bits(lua, 1)?;
    for index in 2..=lua.top() {
        result = join(result, bits(lua, index)?);
    }
    answer(lua, result)
}

fn shift(lua: Lua, by: fn(u32, u32) -> u32) -> Answer {
    let (value, count) = (bits(lua, 1)?, bits(lua, 2)?);
    answer(lua, by(value, count & 31))
}

/// The last `n` (8) digits; upper case if `n` is negative.
fn tohex(lua: Lua) -> Answer {
    let value = bits(lua, 1)?;
    let count = if lua.is_missing(2) { 8 } else { bits(lua, 2)? as i32 };
    let text = if count < 0 { format!("{value:08X}") } else { format!("{value:08x}") };
    let shown = count.unsigned_abs().min(8) as usize;
    lua.push_text(&text[8 - shown..]);
    Ok(1)
}
