//! Opening listening sockets, and what is said when that fails.
//!
//! Side effects of a unix socket: (1) a stale socket file of the same name is removed, (2) the process's umask is
//! changed and restored, so that nobody can connect between the making of the file and its permissions, (3) the
//! file is there until `close`.
//!
//! **Invariants**
//! 1. Every error keeps its kind and says the address, the step and the reason: `*:6379: bind: Address already
//!    in use`. A family this machine lacks is `Unsupported`, an address it lacks `AddrNotAvailable`.
//! 2. An IPv6 listener takes IPv6 only, so that `*` and `::*` can be bound side by side.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use world::Listen;

use crate::sys;

pub(super) struct Listener {
    pub fd: OwnedFd,
    /// The file of a unix socket.
    pub path: Option<PathBuf>,
    /// Connections are encrypted.
    pub secure: bool,
}

impl Listener {
    /// Closes it and removes its file.
    pub fn close(self) {
        if let Some(path) = self.path {
            // Somebody else may have removed it: that is what was wanted.
            let _ = std::fs::remove_file(path);
        }
    }
}

pub(super) fn open(at: &Listen) -> io::Result<Listener> {
    match at {
        Listen::Tcp { address, port, backlog, secure } => {
            let at = format!("{address}:{port}");
            let fd = tcp(address, *port, *backlog).map_err(|step| step.at(&at))?;
            Ok(Listener { fd, path: None, secure: *secure })
        }
        Listen::Unix { path, mode, group, backlog } => {
            let at = path.display().to_string();
            let fd = unix(path, *mode, group.as_deref(), *backlog).map_err(|step| step.at(&at))?;
            Ok(Listener { fd, path: Some(path.clone()), secure: false })
        }
    }
}

/// What failed, before the address is put in front of it.
struct Failure {
    step: &'static str,
    error: io::Error,
}

impl Failure {
    fn at(self, address: &str) -> io::Error {
        let text = format!("{address}: {}: {}", self.step, reason(&self.error));
        io::Error::new(kind(&self.error), text)
    }
}

/// Names the step in which an error happened.
fn step(step: &'static str) -> impl Fn(io::Error) -> Failure {
    move |error| Failure { step, error }
}

fn kind(error: &io::Error) -> io::ErrorKind {
    match error.raw_os_error() {
        Some(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::EPFNOSUPPORT | libc::ESOCKTNOSUPPORT) => {
            io::ErrorKind::Unsupported
        }
        _ => error.kind(),
    }
}

/// The error's text without the number that std puts behind it.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

fn tcp(address: &str, port: u16, backlog: u32) -> Result<OwnedFd, Failure> {
    let address = resolve(address, port).map_err(step("resolve"))?;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP));
    let socket = socket.map_err(step("socket"))?;
    socket.set_nonblocking(true).map_err(step("nonblock"))?;
    socket.set_reuse_address(true).map_err(step("SO_REUSEADDR"))?;
    if address.is_ipv6() {
        socket.set_only_v6(true).map_err(step("IPV6_V6ONLY"))?;
    }
    socket.bind(&address.into()).map_err(step("bind"))?;
    socket.listen(count(backlog)).map_err(step("listen"))?;
    Ok(socket.into())
}

fn resolve(address: &str, port: u16) -> io::Result<SocketAddr> {
    let ip = match address {
        "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        "::*" => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => {
            let mut found = (address, port).to_socket_addrs()?;
            return found.next().ok_or_else(|| io::ErrorKind::NotFound.into());
        }
    };
    Ok(SocketAddr::new(ip, port))
}

fn unix(path: &Path, mode: u32, group: Option<&str>, backlog: u32) -> Result<OwnedFd, Failure> {
    remove_stale(path).map_err(step("bind"))?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(step("socket"))?;
    socket.set_nonblocking(true).map_err(step("nonblock"))?;
    let address = SockAddr::unix(path).map_err(step("bind"))?;
    bind_masked(&socket, &address, mode).map_err(step("bind"))?;
    let ready =
        permit(path, mode, group).and_then(|()| socket.listen(count(backlog)).map_err(step("listen")));
    if ready.is_err() {
        let _ = std::fs::remove_file(path);
    }
    ready.map(|()| socket.into())
}

/// Binds, and if permissions are asked for, so that until they are set only the owner gets in.
fn bind_masked(socket: &Socket, address: &SockAddr, mode: u32) -> io::Result<()> {
    if mode == 0 {
        return socket.bind(address);
    }
    let before = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = socket.bind(address);
    rustix::process::umask(before);
    bound
}

fn permit(path: &Path, mode: u32, group: Option<&str>) -> Result<(), Failure> {
    if let Some(group) = group {
        let id = sys::group_id(group).map_err(step("group"))?;
        rustix::fs::chown(path, None, Some(Gid::from_raw(id)))
            .map_err(|error| step("chown")(error.into()))?;
    }
    if mode != 0 {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).map_err(step("chmod"))?;
    }
    Ok(())
}

/// Removes the socket file of a server that is gone. One that still answers is left alone, and so is a file
/// that is no socket: taking either away silently would hurt somebody.
fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(meta) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !meta.file_type().is_socket() {
        let text = "a file that is no socket is in the way";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
    }
    std::fs::remove_file(path)
}

fn count(backlog: u32) -> i32 {
    i32::try_from(backlog).unwrap_or(i32::MAX)
}
