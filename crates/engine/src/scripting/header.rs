//! The first line of a script or library: `#!lua name=mylib flags=no-writes,allow-oom`.

use script::Flag;

use super::Flags;
use crate::error::CommandError;

/// What the first line says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Header {
    pub flags: Flags,
    /// Where the code begins: the line's end stays, so that lines keep their numbers.
    pub code_at: usize,
}

impl Header {
    /// Of a script, which need not have one.
    pub fn of_script(body: &[u8]) -> Result<Header, CommandError> {
        if !body.starts_with(b"#!") {
            return Ok(Header { flags: Flags { undeclared: true, list: Vec::new() }, code_at: 0 });
        }
        let Some(end) = body.iter().position(|byte| *byte == b'\n') else {
            return Err(CommandError::Line("ERR Invalid script shebang"));
        };
        let Some((engine, words)) = words(&body[..end]) else {
            return Err(CommandError::Line("ERR Invalid script shebang"));
        };
        if !engine.eq_ignore_ascii_case(b"lua") {
            let name = String::from_utf8_lossy(&engine);
            return Err(CommandError::told(format!("ERR Could not find scripting engine '{name}'")));
        }
        let mut flags = Flags::default();
        for word in words {
            let Some(list) = word.strip_prefix(b"flags=") else {
                let word = String::from_utf8_lossy(&word);
                return Err(CommandError::told(format!("ERR Unknown lua shebang option: {word}")));
            };
            for name in list.split(|byte| *byte == b',').filter(|name| !name.is_empty()) {
                match Flag::of_name(name) {
                    Some(flag) => flags.list.push(flag),
                    None => {
                        let name = String::from_utf8_lossy(name);
                        let text = format!("ERR Unexpected flag in script shebang: {name}");
                        return Err(CommandError::told(text));
                    }
                }
            }
        }
        Ok(Header { flags, code_at: end })
    }
}

/// The engine that a first line names, and what else it says; words may be quoted. `None`: quotes are unbalanced.
pub(super) fn words(line: &[u8]) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let mut words = stdx::words::split(line)?;
    let first = words.remove(0);
    Some((first.get(2..)?.to_vec(), words))
}
