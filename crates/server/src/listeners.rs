//! Where the server listens, and how that changes while it runs.

use std::path::PathBuf;

use config::Config;
use world::{Listen, ListenerId, World};

#[derive(Default)]
pub struct Listeners {
    open: Vec<(Listen, ListenerId)>,
}

/// An address from `bind`: with a leading `-` it may be missing on this machine.
struct Wanted {
    listen: Listen,
    optional: bool,
}

impl Listeners {
    /// Listens where the configuration says, and nowhere else. On failure everything stays as it was; the text
    /// says what went wrong and what can be done.
    pub fn open(&mut self, world: &mut dyn World, config: &Config) -> Result<(), String> {
        let mut opened = Vec::new();
        let mut kept = Vec::new();
        for Wanted { listen, optional } in wanted(config) {
            if let Some(at) = self.open.iter().position(|(other, _)| *other == listen) {
                kept.push(self.open[at].clone());
                continue;
            }
            match world.listen(&listen) {
                Ok(id) => opened.push((listen, id)),
                Err(error) if optional && is_missing(&error) => {}
                Err(error) => {
                    for (_, id) in opened {
                        world.unlisten(id);
                    }
                    return Err(explain(&listen, &error));
                }
            }
        }
        for (listen, id) in self.open.drain(..) {
            if !kept.iter().any(|(_, other)| *other == id) {
                let _ = listen;
                world.unlisten(id);
            }
        }
        self.open = kept;
        self.open.append(&mut opened);
        Ok(())
    }

    /// Stops listening everywhere.
    pub fn close(&mut self, world: &mut dyn World) {
        for (_, id) in self.open.drain(..) {
            world.unlisten(id);
        }
    }

    /// The kinds of listeners, as `Ready to accept connections` names them.
    pub fn kinds(&self) -> Vec<&'static str> {
        let tcp = self.open.iter().any(|(l, _)| matches!(l, Listen::Tcp { secure: false, .. }));
        let tls = self.open.iter().any(|(l, _)| matches!(l, Listen::Tcp { secure: true, .. }));
        let unix = self.open.iter().any(|(l, _)| matches!(l, Listen::Unix { .. }));
        [(tcp, "tcp"), (unix, "unix"), (tls, "tls")]
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| name)
            .collect()
    }
}

fn wanted(config: &Config) -> Vec<Wanted> {
    let mut all = Vec::new();
    for (port, secure) in [(config.port, false), (config.tls_port, true)] {
        for address in config.bind.iter().filter(|_| port != 0) {
            let (address, optional) = match address.strip_prefix('-') {
                Some(rest) => (rest, true),
                None => (address.as_str(), false),
            };
            let listen =
                Listen::Tcp { address: address.to_owned(), port, backlog: config.tcp_backlog, secure };
            all.push(Wanted { listen, optional });
        }
    }
    if let Some(path) = config.unixsocket.as_ref().filter(|path| !path.is_empty()) {
        let group = config.unixsocketgroup.as_ref().filter(|g| !g.is_empty());
        all.push(Wanted {
            listen: Listen::Unix {
                path: PathBuf::from(String::from_utf8_lossy(path).into_owned()),
                mode: config.unixsocketperm,
                group: group.map(|g| String::from_utf8_lossy(g).into_owned()),
                backlog: config.tcp_backlog,
            },
            optional: false,
        });
    }
    all
}

/// The machine does not have this address, or not this family of addresses.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::AddrNotAvailable | std::io::ErrorKind::Unsupported)
}

fn explain(listen: &Listen, error: &std::io::Error) -> String {
    match (listen, error.kind()) {
        (Listen::Tcp { port, .. }, std::io::ErrorKind::AddrInUse) => format!(
            "{error}. Another process listens there: `ss -ltnp 'sport = :{port}'` tells which; `--port N` takes another port."
        ),
        _ => error.to_string(),
    }
}
