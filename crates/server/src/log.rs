//! The append-only file, as the loop sees it: what is done for it before replies leave, and when it wants to be looked at.
//!
//! *Not here*: all else (`engine::aof`).

use engine::{Engine, aof};
use world::World;

use crate::host::WorldHost;
use crate::turn::Server;

impl Server {
    /// Writes down what was done, and keeps back the replies of those who were promised more than that.
    #[inline]
    pub(crate) fn log(&mut self, world: &mut dyn World) {
        if self.engine.server.aof.is_busy() {
            self.log_now(world);
        } else {
            self.log_due_us = u64::MAX;
        }
    }

    fn log_now(&mut self, world: &mut dyn World) {
        let now = world.now();
        self.engine.server.mono_us = now.mono_us.max(self.engine.server.mono_us);
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        aof::log::before_replies(&mut self.engine.server, &mut host);
        self.log_due_us = aof::log::due_us(&self.engine.server);
    }

    /// Opens what is to be loaded. It is loaded turn by turn.
    pub fn begin_loading(&mut self, world: &mut dyn World) -> Result<(), String> {
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        let Engine { keyspace, server, .. } = &mut self.engine;
        aof::begin(keyspace, server, &mut host)
    }

    /// Whether something is being loaded.
    #[inline]
    pub fn is_loading(&self) -> bool {
        engine::snapshot::go_on(&self.engine.server) || aof::go_on(&self.engine.server)
    }

    /// Loads for about so many microseconds; what comes after loading is done when all is there. A slow script in what is
    /// loaded has others served meanwhile.
    pub(crate) fn load_some(&mut self, world: &mut dyn World, budget_us: u64) -> Result<(), String> {
        let mut served = false;
        let (rest, engine, listeners) = self.apart(&[], &mut served);
        let mut host = WorldHost { world, listeners, rest: Some(rest) };
        let Engine { keyspace, server, registry } = engine;
        let step = match aof::go_on(server) {
            true => aof::load_step(keyspace, server, registry, &mut host, budget_us),
            false => engine::snapshot::load_step(keyspace, server, &mut host, budget_us),
        };
        if step == Ok(engine::snapshot::Progress::More) {
            return Ok(());
        }
        aof::reloaded(keyspace, server, &mut host, step.map(drop))?;
        aof::opened(keyspace, server, &mut host)
    }

    /// The end: what was done is made durable, and replies that wait for that may leave.
    pub(crate) fn end_log(&mut self, world: &mut dyn World) {
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        aof::log::end(&mut self.engine.server, &mut host);
    }
}
