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
        let line = &body[2..end];
        let mut words = words(line);
        let engine = words.next().unwrap_or_default();
        if engine != b"lua" {
            let name = String::from_utf8_lossy(engine);
            return Err(CommandError::told(format!("ERR Could not find scripting engine '{name}'")));
        }
        let mut flags = Flags::default();
        for word in words {
            let Some(list) = word.strip_prefix(b"flags=") else {
                let word = String::from_utf8_lossy(word);
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

pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty())
}
