//! LATENCY: the last 160 spikes of each kind of event above `latency-monitor-threshold`.

use std::collections::{BTreeMap, VecDeque};

use crate::state::ServerState;

const KEPT: usize = 160;

#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Second and latency in milliseconds, oldest first; one sample a second, the worst of it.
    pub samples: VecDeque<(i64, u64)>,
    pub max_ms: u64,
    pub sum_ms: u64,
    pub count: u64,
}

/// What a series tells at a glance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digest {
    pub mean_ms: u64,
    /// Mean distance from the mean.
    pub deviation_ms: u64,
    /// Seconds between two samples.
    pub period_s: f64,
}

#[derive(Debug, Default)]
pub struct LatencyMonitor {
    pub events: BTreeMap<&'static str, Series>,
}

impl LatencyMonitor {
    pub fn add(&mut self, event: &'static str, wall_s: i64, ms: u64) {
        let series = self.events.entry(event).or_default();
        series.max_ms = series.max_ms.max(ms);
        series.sum_ms += ms;
        series.count += 1;
        match series.samples.back_mut() {
            Some((second, worst)) if *second == wall_s => *worst = ms.max(*worst),
            _ => {
                series.samples.push_back((wall_s, ms));
                if series.samples.len() > KEPT {
                    series.samples.pop_front();
                }
            }
        }
    }

    pub fn get(&self, event: &[u8]) -> Option<(&'static str, &Series)> {
        let name = std::str::from_utf8(event).ok()?;
        self.events.get_key_value(name).map(|(name, series)| (*name, series))
    }

    /// Forgets an event; true if it was there.
    pub fn forget(&mut self, event: &[u8]) -> bool {
        std::str::from_utf8(event).is_ok_and(|name| self.events.remove(name).is_some())
    }
}

impl Series {
    pub fn digest(&self, now_s: i64) -> Digest {
        let count = self.samples.len().max(1) as u64;
        let mean_ms = self.samples.iter().map(|(_, ms)| ms).sum::<u64>() / count;
        let deviation_ms = self.samples.iter().map(|(_, ms)| ms.abs_diff(mean_ms)).sum::<u64>() / count;
        let first_s = self.samples.front().map_or(now_s, |(second, _)| *second);
        Digest { mean_ms, deviation_ms, period_s: (now_s - first_s).max(0) as f64 / count as f64 }
    }
}

impl ServerState {
    /// Notes how long something took, if latencies are monitored and it was long enough.
    pub fn note_latency(&mut self, event: &'static str, us: u64) {
        let threshold_ms = self.config.latency_monitor_threshold;
        if threshold_ms > 0 && us / 1000 >= threshold_ms {
            self.latency.add(event, self.wall_us / 1_000_000, us / 1000);
        }
    }
}
