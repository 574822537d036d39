//! Arguments of callbacks, and the errors that Lua's own libraries raise about them.

use crate::lua::{Lua, Raise, TYPE_NIL, TYPE_NONE};

impl Lua {
    /// Pushes an error text with the place of the script before it, as `luaL_error` does.
    pub(crate) fn fail(self, text: &str) -> Raise {
        let place = match self.level(1) {
            Some(level) if level.line > 0 => format!("{}:{}: ", level.short_source, level.line),
            _ => String::new(),
        };
        self.push_text(&(place + text));
        Raise
    }

    /// The error about an argument.
    pub(crate) fn bad_argument(self, index: i32, what: &str) -> Raise {
        let Some(level) = self.level(0) else {
            return self.fail(&format!("bad argument #{index} ({what})"));
        };
        let name = if level.name.is_empty() { "?" } else { level.name.as_str() };
        let mut index = index;
        if level.is_method {
            index -= 1;
            if index == 0 {
                return self.fail(&format!("calling '{name}' on bad self ({what})"));
            }
        }
        self.fail(&format!("bad argument #{index} to '{name}' ({what})"))
    }

    fn expected(self, index: i32, wanted: &str) -> Raise {
        let got = self.kind_name(index);
        self.bad_argument(index, &format!("{wanted} expected, got {got}"))
    }

    pub(crate) fn is_missing(self, index: i32) -> bool {
        matches!(self.kind(index), TYPE_NONE | TYPE_NIL)
    }

    pub(crate) fn check_bytes<'a>(self, index: i32) -> Result<&'a [u8], Raise> {
        self.bytes(index).ok_or_else(|| self.expected(index, "string"))
    }

    pub(crate) fn check_number(self, index: i32) -> Result<f64, Raise> {
        self.number(index).ok_or_else(|| self.expected(index, "number"))
    }

    /// A number, cut to an integer (what does not fit becomes the nearest that does).
    pub(crate) fn check_integer(self, index: i32) -> Result<i64, Raise> {
        self.check_number(index).map(|number| number as i64)
    }

    pub(crate) fn optional_integer(self, index: i32, default: i64) -> Result<i64, Raise> {
        if self.is_missing(index) { Ok(default) } else { self.check_integer(index) }
    }

    pub(crate) fn check_table(self, index: i32) -> Result<(), Raise> {
        self.check_kind(index, crate::lua::TYPE_TABLE, "table")
    }

    pub(crate) fn check_kind(self, index: i32, kind: i32, name: &str) -> Result<(), Raise> {
        if self.kind(index) == kind { Ok(()) } else { Err(self.expected(index, name)) }
    }

    pub(crate) fn check_any(self, index: i32) -> Result<(), Raise> {
        if self.kind(index) == TYPE_NONE { Err(self.bad_argument(index, "value expected")) } else { Ok(()) }
    }
}
