//! Rates over the last 16 samples of 100 ms: `instantaneous_ops_per_sec` and its kin.

const KEPT: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Commands,
    NetIn,
    NetOut,
    Turns,
    /// Microseconds spent in turns, without waiting.
    TurnUs,
}

const METRICS: usize = 5;

#[derive(Clone, Copy, Debug, Default)]
struct Track {
    last_value: u64,
    last_us: u64,
    per_second: [u64; KEPT],
    next: usize,
}

#[derive(Debug, Default)]
pub struct Samples {
    tracks: [Track; METRICS],
}

impl Samples {
    /// Takes a reading of a counter that only grows.
    pub fn take(&mut self, metric: Metric, value: u64, mono_us: u64) {
        let track = &mut self.tracks[metric as usize];
        let passed = mono_us.saturating_sub(track.last_us).max(1);
        if track.last_us != 0 {
            track.per_second[track.next] = value.saturating_sub(track.last_value) * 1_000_000 / passed;
            track.next = (track.next + 1) % KEPT;
        }
        track.last_value = value;
        track.last_us = mono_us;
    }

    pub fn per_second(&self, metric: Metric) -> u64 {
        self.tracks[metric as usize].per_second.iter().sum::<u64>() / KEPT as u64
    }
}
