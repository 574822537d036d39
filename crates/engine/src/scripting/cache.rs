//! Scripts that EVAL and SCRIPT LOAD have seen, found by their text or by its SHA-1.
//!
//! EVAL finds a script by a keyed hash of the text, which is cheaper than a SHA-1, and compares the texts. What only EVAL
//! has brought is forgotten when there are more than [`MOST_EVALED`] of those: the one that was not used for longest.
//!
//! **Invariant** 1. `by_text` and `by_sha` have an entry for each script in `scripts`, and for nothing else.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use script::Function;

use super::Flags;

/// Most scripts that are kept because EVAL has run them.
const MOST_EVALED: usize = 500;

pub struct Script {
    pub sha: [u8; 20],
    pub text: Box<[u8]>,
    pub function: Function,
    pub flags: Flags,
    /// EVAL has brought it, and nobody has loaded it.
    pub evaled: bool,
    text_hash: u64,
    used: u64,
    /// Of `sha`, in lower case.
    digits: [u8; 40],
}

/// The hash has been computed before, with a key.
#[derive(Default)]
pub struct Given(u64);

impl Hasher for Given {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[derive(Default)]
pub struct Cache {
    scripts: Vec<Option<Script>>,
    free: Vec<usize>,
    by_text: HashMap<u64, usize, BuildHasherDefault<Given>>,
    by_sha: BTreeMap<[u8; 20], usize>,
    /// Where one was found by its SHA-1 last: often it is wanted again.
    last: Cell<usize>,
    /// Counts uses.
    clock: u64,
    evaled: usize,
    text_bytes: usize,
}

/// Forty hex digits, in any case.
pub fn parse_sha(digits: &[u8]) -> Option<[u8; 20]> {
    if digits.len() != 40 {
        return None;
    }
    let mut sha = [0; 20];
    for (byte, pair) in sha.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Some(sha)
}

fn digits_of(sha: [u8; 20]) -> [u8; 40] {
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
    std::array::from_fn(|at| digit(sha[at / 2] >> (4 * (1 - at % 2)) & 15))
}

impl Cache {
    pub fn len(&self) -> usize {
        self.by_sha.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_sha.is_empty()
    }

    /// Bytes held beside the interpreter.
    pub fn memory(&self) -> usize {
        self.text_bytes + self.by_sha.len() * (size_of::<Script>() + 56)
    }

    /// The script of a text whose keyed hash this is.
    #[inline]
    pub fn find_text(&mut self, hash: u64, text: &[u8]) -> Option<usize> {
        let index = *self.by_text.get(&hash)?;
        let script = self.scripts[index].as_mut().filter(|script| *script.text == *text)?;
        self.clock += 1;
        script.used = self.clock;
        Some(index)
    }

    /// The script of a SHA-1 in hex digits.
    pub fn find_sha(&mut self, digits: &[u8]) -> Option<usize> {
        let index = self.index_of(digits)?;
        self.clock += 1;
        self.scripts[index].as_mut()?.used = self.clock;
        Some(index)
    }

    fn index_of(&self, digits: &[u8]) -> Option<usize> {
        let last = self.last.get();
        if self.get(last).is_some_and(|script| script.digits == *digits) {
            return Some(last);
        }
        let index = self.by_sha.get(&parse_sha(digits)?).copied()?;
        self.last.set(index);
        Some(index)
    }

    /// Looks without counting it as use.
    pub fn peek(&self, digits: &[u8]) -> Option<&Script> {
        self.scripts[self.index_of(digits)?].as_ref()
    }

    pub fn get(&self, index: usize) -> Option<&Script> {
        self.scripts.get(index)?.as_ref()
    }

    /// From now on it is not forgotten by itself.
    pub fn pin(&mut self, index: usize) {
        if let Some(script) = self.scripts[index].as_mut()
            && std::mem::take(&mut script.evaled)
        {
            self.evaled -= 1;
        }
    }

    /// Adds a script that is not there; its index, and a function that is no longer needed.
    pub fn add(
        &mut self,
        hash: u64,
        text: &[u8],
        function: Function,
        flags: Flags,
        evaled: bool,
    ) -> (usize, Option<Function>) {
        let mut dropped = None;
        if evaled && self.evaled >= MOST_EVALED {
            dropped = self.drop_oldest();
        }
        // Two texts of one hash: the newer one is found by it, the older one by its SHA-1 only.
        self.clock += 1;
        let sha = script::sha1(text);
        let script = Script {
            sha,
            digits: digits_of(sha),
            text: text.into(),
            function,
            flags,
            evaled,
            text_hash: hash,
            used: self.clock,
        };
        self.text_bytes += text.len();
        self.evaled += usize::from(evaled);
        let index = self.free.pop().unwrap_or_else(|| {
            self.scripts.push(None);
            self.scripts.len() - 1
        });
        self.by_text.insert(hash, index);
        self.by_sha.insert(script.sha, index);
        self.scripts[index] = Some(script);
        (index, dropped)
    }

    fn drop_oldest(&mut self) -> Option<Function> {
        let evaled = self.scripts.iter().enumerate().filter_map(|(index, script)| {
            let script = script.as_ref().filter(|script| script.evaled)?;
            Some((script.used, index))
        });
        let (_, index) = evaled.min()?;
        let script = self.scripts[index].take()?;
        self.free.push(index);
        self.evaled -= 1;
        self.text_bytes -= script.text.len();
        self.by_sha.remove(&script.sha);
        if self.by_text.get(&script.text_hash) == Some(&index) {
            self.by_text.remove(&script.text_hash);
        }
        Some(script.function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_bytes_are_one() {
        let sha = std::array::from_fn(|at| (at * 37) as u8);
        assert!(digits_of(sha).starts_with(b"00254a6f94"));
        assert_eq!(parse_sha(&digits_of(sha)), Some(sha));
        assert_eq!(parse_sha(&digits_of(sha).to_ascii_uppercase()), Some(sha));
        assert_eq!(parse_sha(&[b'g'; 40]), None);
        assert_eq!(parse_sha(&[b'0'; 39]), None);
    }
}
