//! `oom-score-adj`: whom the kernel ends first when memory is short.
//!
//! The score before we touched it is kept, so that `relative` counts from it and `no` puts it back. Children that save
//! are given a score of their own (usually a higher one: they can be done again).

use config::Config;
use config::choices::OomScoreAdj;

use crate::host::{Host, Level};
use crate::state::ServerState;

/// What the kernel takes.
const RANGE: std::ops::RangeInclusive<i32> = -1000..=1000;
const PRIMARY: usize = 0;
const CHILD: usize = 2;

/// The score of a process of a class. `base`: what it was without us.
fn score(config: &Config, class: usize, base: i32) -> i32 {
    let wanted = config.oom_score_adj_values.0[class];
    let from = if config.oom_score_adj == OomScoreAdj::Absolute { 0 } else { base };
    from.saturating_add(wanted).clamp(*RANGE.start(), *RANGE.end())
}

/// Puts in force what the configuration says; the error is why that cannot be.
pub(crate) fn follow(server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    if server.config.oom_score_adj == OomScoreAdj::No {
        return match server.eviction.oom_base.take() {
            Some(base) => host.set_oom_score(base, None),
            None => Ok(()),
        };
    }
    let base = match server.eviction.oom_base {
        Some(base) => base,
        None => host.oom_score()?,
    };
    let config = &server.config;
    host.set_oom_score(score(config, PRIMARY, base), Some(score(config, CHILD, base)))?;
    server.eviction.oom_base = Some(base);
    Ok(())
}

/// At the start: what cannot be is told, and no reason not to start.
pub fn start(server: &mut ServerState, host: &mut dyn Host) {
    if let Err(why) = follow(server, host) {
        host.log(Level::Warning, &format!("oom-score-adj has no effect: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::OomScores;

    #[test]
    fn scores_are_counted_from_the_base_or_from_nothing() {
        let of = |oom_score_adj, base| {
            let config = Config {
                oom_score_adj,
                oom_score_adj_values: OomScores([10, 20, 1990]),
                ..Config::default()
            };
            [score(&config, PRIMARY, base), score(&config, CHILD, base)]
        };
        assert_eq!(of(OomScoreAdj::Relative, 5), [15, 1000]);
        assert_eq!(of(OomScoreAdj::Yes, -1000), [-990, 990]);
        assert_eq!(of(OomScoreAdj::Absolute, 5), [10, 1000]);
    }
}
