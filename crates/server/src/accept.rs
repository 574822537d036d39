//! New connections: at most `max-new-connections-per-cycle` of them in a turn, so that a storm of them does not starve
//! those that are there.

use engine::client::About;
use world::{Accepted, ListenerId, World};

use crate::connection::Connection;
use crate::turn::Server;

const TOO_MANY: &[u8] = b"-ERR max number of clients reached\r\n";
/// Clients look at the code; people read the rest.
const PROTECTED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. \
In this mode connections are only accepted from the loopback interface. To connect from other machines, set a password \
(CONFIG SET requirepass, on this machine), bind the server to trusted addresses only, or turn protected mode off \
(CONFIG SET protected-mode no) if other means keep strangers out.\r\n";

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
        let protected = server.config.protected_mode
            && !accepted.loopback
            && server.config.requirepass.as_ref().is_none_or(|pass| pass.is_empty());
        let refusal = if server.clients.len() >= server.config.maxclients as usize {
            Some(TOO_MANY)
        } else if protected {
            Some(PROTECTED)
        } else {
            None
        };
        if let Some(line) = refusal {
            server.totals.rejected_connections += 1;
            let _ = world.send(conn, &[line]);
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
