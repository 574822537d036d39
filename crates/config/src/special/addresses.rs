//! `bind`: up to sixteen addresses. `-` in front: may be missing on this machine. `*`, `-::*`: all of them.

use super::or_empty_quotes;
use crate::error::Why;
use crate::field::{Field, in_quotes};
use crate::kind::Kind;

const ADDRESSES_MAX: usize = 16;

impl Field for Vec<String> {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        if words.len() > ADDRESSES_MAX {
            return Err(Why::Rule("Too many bind addresses specified."));
        }
        let addresses: Result<Vec<String>, _> = words
            .iter()
            .filter(|word| !word.is_empty())
            .map(|word| String::from_utf8(word.to_vec()))
            .collect();
        *self = addresses.map_err(|_| Why::Rule("Invalid bind address"))?;
        Ok(())
    }

    fn show(&self, _: &Kind) -> Vec<u8> {
        self.join(" ").into_bytes()
    }

    fn write(&self, _: &Kind) -> Vec<Vec<u8>> {
        let plain =
            |address: &String| address.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\'');
        let words = self.iter().map(|address| match plain(address) {
            true => address.clone().into_bytes(),
            false => in_quotes(address.as_bytes()),
        });
        vec![or_empty_quotes(words.collect::<Vec<_>>().join(&b' '))]
    }
}
