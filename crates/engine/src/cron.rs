//! What time brings.

use crate::engine::Engine;
use crate::host::Host;

impl Engine {
    /// Runs what is due and says when it wants to be called again (monotonic microseconds).
    pub fn cron(&mut self, _host: &mut dyn Host) -> u64 {
        self.server.mono_us + 100_000
    }
}
