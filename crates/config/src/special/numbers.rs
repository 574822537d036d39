//! Parameters that are a row of numbers: `oom-score-adj-values`, `latency-tracking-info-percentiles`.

use super::{joined, number, or_empty_quotes};
use crate::error::Why;
use crate::field::Field;
use crate::kind::Kind;

/// The score of a primary, of a replica, and of a child that saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OomScores(pub [i32; 3]);

impl Field for OomScores {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        if words.len() != self.0.len() {
            return Err(Why::WrongCount);
        }
        let mut scores = [0; 3];
        for (score, word) in scores.iter_mut().zip(words) {
            let value = number::<i32>(word).filter(|value| (-2000..=2000).contains(value));
            *score = value
                .ok_or(Why::Rule("Invalid oom-score-adj-values, elements must be between -2000 and 2000."))?;
        }
        *self = OomScores(scores);
        Ok(())
    }

    fn show(&self, _: &Kind) -> Vec<u8> {
        joined(self.0)
    }
}

/// Percentiles that INFO shows of a command's latency; kept in the order given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Percentiles(pub Vec<f64>);

impl Field for Percentiles {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        if words == [b""] {
            self.0.clear();
            return Ok(());
        }
        self.0 = words.iter().map(|word| percentile(word)).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn show(&self, _: &Kind) -> Vec<u8> {
        joined(self.0.iter().map(|percentile| Percentiles::label(*percentile)))
    }

    fn write(&self, kind: &Kind) -> Vec<Vec<u8>> {
        vec![or_empty_quotes(self.show(kind))]
    }
}

impl Percentiles {
    /// Six decimals at most, without trailing zeros: `99.9`. INFO names its fields with this, too.
    pub fn label(percentile: f64) -> String {
        let text = format!("{percentile:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

fn percentile(word: &[u8]) -> Result<f64, Why> {
    let value = number::<f64>(word).filter(|value| !value.is_nan());
    let value = value.ok_or(Why::Rule("Invalid latency-tracking-info-percentiles parameters"))?;
    if !(0.0..=100.0).contains(&value) {
        return Err(Why::Rule("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"));
    }
    // Kept as shown, so that a rewritten file says the same as memory.
    Ok(Percentiles::label(value).parse().unwrap_or(value))
}
