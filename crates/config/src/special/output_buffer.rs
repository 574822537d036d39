//! `client-output-buffer-limit`: per class of clients a hard limit, and a soft one that may be passed for a while.

use super::number;
use crate::error::Why;
use crate::field::Field;
use crate::kind::Kind;
use crate::text;

/// 0 is "no limit".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputBufferLimit {
    pub hard: u64,
    pub soft: u64,
    pub soft_seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputBufferLimits {
    pub normal: OutputBufferLimit,
    pub replica: OutputBufferLimit,
    pub pubsub: OutputBufferLimit,
}

impl OutputBufferLimits {
    fn class(&mut self, name: &[u8]) -> Option<&mut OutputBufferLimit> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Some(&mut self.normal),
            b"replica" | b"slave" => Some(&mut self.replica),
            b"pubsub" => Some(&mut self.pubsub),
            _ => None,
        }
    }
}

impl Field for OutputBufferLimits {
    /// Classes that are not named keep what they have; no words at all change nothing.
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        if words == [b""] {
            return Ok(());
        }
        if !words.len().is_multiple_of(4) {
            return Err(Why::Rule("Wrong number of arguments in buffer limit configuration."));
        }
        let mut next = *self;
        for group in words.chunks_exact(4) {
            let class = next.class(group[0]);
            let class =
                class.ok_or(Why::Rule("Invalid client class specified in buffer limit configuration."))?;
            *class = limit(&group[1..]).ok_or(Why::Rule(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
            ))?;
        }
        *self = next;
        Ok(())
    }

    /// The wire keeps the old word `slave`.
    fn show(&self, _: &Kind) -> Vec<u8> {
        let classes = [("normal", self.normal), ("slave", self.replica), ("pubsub", self.pubsub)];
        let shown = classes.map(|(name, l)| format!("{name} {} {} {}", l.hard, l.soft, l.soft_seconds));
        shown.join(" ").into_bytes()
    }

    fn write(&self, _: &Kind) -> Vec<Vec<u8>> {
        let classes = [("normal", self.normal), ("replica", self.replica), ("pubsub", self.pubsub)];
        let line = |(name, l): (&str, OutputBufferLimit)| {
            format!("{name} {} {} {}", text::memory(l.hard), text::memory(l.soft), l.soft_seconds)
                .into_bytes()
        };
        classes.map(line).into()
    }
}

fn limit(words: &[&[u8]]) -> Option<OutputBufferLimit> {
    let &[hard, soft, seconds] = words else { return None };
    let soft_seconds = number::<i64>(seconds).and_then(|seconds| u64::try_from(seconds).ok())?;
    Some(OutputBufferLimit { hard: text::parse_memory(hard)?, soft: text::parse_memory(soft)?, soft_seconds })
}
