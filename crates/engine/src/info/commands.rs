//! `# Commandstats`, `# Errorstats`, `# Latencystats`: counters by command and by error code.

use config::Percentiles;

use super::{Facts, Section, Shown, Text};
use crate::state::CommandStats;

pub(super) const STATS: Section =
    Section { title: "Commandstats", names: &["commandstats"], shown: Shown::WithAll, write: stats };
pub(super) const ERRORS: Section =
    Section { title: "Errorstats", names: &["errorstats"], shown: Shown::ByDefault, write: errors };
pub(super) const LATENCY: Section =
    Section { title: "Latencystats", names: &["latencystats"], shown: Shown::WithAll, write: latency };

/// Commands and subcommands with what was counted of them.
fn counted<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = (&'a str, &'a CommandStats)> {
    facts
        .registry
        .iter()
        .zip(&facts.server.commands)
        .map(|((_, entry), stats)| (entry.full_name.as_str(), stats))
}

fn stats(facts: &Facts<'_>, text: &mut Text) {
    for (name, stats) in counted(facts) {
        let CommandStats { calls, ticks, rejected, failed, .. } = stats;
        if *calls == 0 && *rejected == 0 && *failed == 0 {
            continue;
        }
        let usec = ticks / facts.server.ticks_per_us;
        let per_call = if *calls == 0 { 0.0 } else { usec as f64 / *calls as f64 };
        text.field(
            &format!("cmdstat_{name}"),
            format_args!(
                "calls={calls},usec={usec},usec_per_call={per_call:.2},rejected_calls={rejected},failed_calls={failed}"
            ),
        );
    }
}

fn errors(facts: &Facts<'_>, text: &mut Text) {
    for (code, count) in &facts.server.errors {
        text.field(&format!("errorstat_{code}"), format_args!("count={count}"));
    }
}

fn latency(facts: &Facts<'_>, text: &mut Text) {
    let config = &facts.server.config;
    if !config.latency_tracking {
        return;
    }
    for (name, stats) in counted(facts) {
        let Some(histogram) = &stats.latency else { continue };
        let shown = |percent: &f64| {
            let usec = histogram.percentile(*percent) as f64 / 1000.0;
            format!("p{}={usec:.3}", Percentiles::label(*percent))
        };
        let list: Vec<String> = config.latency_tracking_info_percentiles.0.iter().map(shown).collect();
        text.field(&format!("latency_percentiles_usec_{name}"), list.join(","));
    }
}
