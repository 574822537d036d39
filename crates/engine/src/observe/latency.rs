//! LATENCY: the last 160 spikes of each kind of event above `latency-monitor-threshold`.

use std::collections::{BTreeMap, VecDeque};

const KEPT: usize = 160;

#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Second and latency in milliseconds, oldest first; one sample a second, the worst of it.
    pub samples: VecDeque<(i64, u64)>,
    pub max_ms: u64,
    pub sum_ms: u64,
    pub count: u64,
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
}
