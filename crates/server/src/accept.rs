//! New connections: at most `max-new-connections-per-cycle` of them in a turn, so that a storm of them does not starve
//! those that are there.

use engine::client::About;
use engine::client_limits;
use world::{Accepted, ListenerId, World};

use crate::connection::Connection;
use crate::turn::Server;

impl Server {
    pub(crate) fn accept(&mut self, world: &mut dyn World, listener: ListenerId) {
        for _ in 0..self.engine.server.config.max_new_connections_per_cycle.max(1) {
            match world.accept(listener) {
                Ok(Some(accepted)) => self.admit(world, accepted),
                Ok(None) => return,
                Err(error) => {
                    self.note_accept_failure(world, &error);
                    return;
                }
            }
        }
    }

    /// Out of descriptors, most likely, and it will be so for a while: one line a second is enough.
    fn note_accept_failure(&mut self, world: &mut dyn World, error: &std::io::Error) {
        let now = self.engine.server.mono_us;
        if now >= self.accept_quiet_until {
            world.log(world::Level::Warning, &format!("Accepting client connection: {error}"));
            self.accept_quiet_until = now + 1_000_000;
        }
    }

    fn admit(&mut self, world: &mut dyn World, accepted: Accepted) {
        let conn = accepted.conn;
        let server = &mut self.engine.server;
        if let Some(line) = client_limits::refusal(server, accepted.loopback) {
            server.totals.rejected_connections += 1;
            let _ = world.send(conn, &[line.as_bytes()]);
            world.close(conn);
            return;
        }
        if !accepted.unix && server.config.tcp_keepalive > 0 {
            world.keep_alive(conn, server.config.tcp_keepalive);
        }
        let about = About {
            address: accepted.peer,
            local_address: accepted.local,
            unix: accepted.unix,
            fd: accepted.fd,
            created_us: server.mono_us,
            created_wall_ms: server.now_ms(),
            ..About::default()
        };
        let slot = self.engine.connect(about);
        self.engine.sign_in(slot, &accepted.proven);
        let index = conn.0 as usize;
        if self.conns.len() <= index {
            self.conns.resize_with(index + 1, || None);
        }
        self.conns[index] = Some(Box::new(Connection::new(conn, slot)));
        let slot = slot.0 as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, conn);
        }
        self.by_slot[slot] = conn;
    }
}
