//! Where the server listens, and how that changes while it runs.

use std::io::ErrorKind;
use std::path::PathBuf;

use config::Config;
use world::{Listen, ListenerId, World};

#[derive(Default)]
pub struct Listeners {
    open: Vec<(Listen, ListenerId)>,
    /// Nobody from elsewhere would be let in (protected mode): where nothing was said of addresses, only this host's own
    /// are listened to.
    pub(crate) only_here: bool,
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
        let wanted = wanted(config, self.only_here);
        let stays = |(listen, _): &(Listen, ListenerId)| wanted.iter().any(|wanted| wanted.listen == *listen);
        let (kept, mut leaving): (Vec<_>, Vec<_>) = self.open.drain(..).partition(stays);
        self.open = kept;
        let (before, mut closed) = (self.open.len(), Vec::new());
        for Wanted { listen, optional } in wanted {
            if self.open.iter().any(|(other, _)| *other == listen) {
                continue;
            }
            let mut result = world.listen(&listen);
            if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
                && make_way(world, &listen, &mut leaving, &mut closed)
            {
                result = world.listen(&listen);
            }
            match result {
                Ok(id) => self.open.push((listen, id)),
                Err(error) if optional && is_missing(&error) => {}
                Err(error) => {
                    for (_, id) in self.open.drain(before..) {
                        world.unlisten(id);
                    }
                    self.open.append(&mut leaving);
                    let again = closed.into_iter().filter_map(|was| Some((world.listen(&was).ok()?, was)));
                    self.open.extend(again.map(|(id, was)| (was, id)));
                    return Err(explain(&listen, &error));
                }
            }
        }
        for (_, id) in leaving {
            world.unlisten(id);
        }
        Ok(())
    }

    /// Whether the default of `bind` is narrowed to this host.
    pub fn are_narrowed(&self, config: &Config) -> bool {
        self.only_here && is_default(&config.bind)
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

/// To the kernel all addresses of a machine and one of them are the same port twice: who leaves goes first, if the port
/// is its. False: nobody was in the way.
fn make_way(
    world: &mut dyn World,
    listen: &Listen,
    leaving: &mut Vec<(Listen, ListenerId)>,
    closed: &mut Vec<Listen>,
) -> bool {
    let port_of = |listen: &Listen| match listen {
        Listen::Tcp { port, .. } => Some(*port),
        Listen::Unix { .. } => None,
    };
    let before = closed.len();
    for (was, id) in
        leaving.extract_if(.., |(was, _)| port_of(was).is_some() && port_of(was) == port_of(listen))
    {
        world.unlisten(id);
        closed.push(was);
    }
    closed.len() > before
}

fn is_default(bind: &[String]) -> bool {
    bind == ["*", "-::*"]
}

fn wanted(config: &Config, only_here: bool) -> Vec<Wanted> {
    let mut all = Vec::new();
    let addresses: Vec<&str> = match only_here && is_default(&config.bind) {
        true => vec!["127.0.0.1", "-::1"],
        false => config.bind.iter().map(String::as_str).collect(),
    };
    for (port, secure) in [(config.port, false), (config.tls_port, true)] {
        for address in addresses.iter().filter(|_| port != 0) {
            let (address, optional) = match address.strip_prefix('-') {
                Some(rest) => (rest, true),
                None => (*address, false),
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
    matches!(error.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported)
}

fn explain(listen: &Listen, error: &std::io::Error) -> String {
    match (listen, error.kind()) {
        (Listen::Tcp { port, .. }, ErrorKind::AddrInUse) => format!(
            "{error}. Another process listens there: `ss -ltnp 'sport = :{port}'` tells which; `--port N` takes another port."
        ),
        _ => error.to_string(),
    }
}
