//! Names that clients give themselves and their libraries.

/// Whether a name is made of what can be seen, so that it cannot break the lines of CLIENT LIST.
pub(super) fn is_plain(name: &[u8]) -> bool {
    name.iter().all(u8::is_ascii_graphic)
}

/// What HELLO and CLIENT SETNAME say if it is not.
pub(super) const NOT_PLAIN: &str = "ERR Client names cannot contain spaces, newlines or special characters.";
