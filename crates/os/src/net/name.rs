//! How the ends of a connection are printed: `ip:port`, `[ip6]:port`, `path:0`.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::net::{SocketAddrAny, getsockname};

pub(super) struct Names {
    pub peer: String,
    pub local: String,
    pub loopback: bool,
}

/// Of a connection over TCP, whose peer `accept` told.
pub(super) fn tcp(fd: BorrowedFd<'_>, peer: Option<SocketAddrAny>) -> Names {
    let peer = peer.and_then(ip);
    let local = getsockname(fd).ok().and_then(ip);
    let loopback = peer.is_some_and(|peer| is_loopback(peer.ip()));
    Names { peer: text(peer), local: text(local), loopback }
}

/// Of a connection over a unix socket: its clients have no name, so both ends get the listener's.
pub(super) fn unix(path: &Path) -> Names {
    let name = format!("{}:0", path.display());
    Names { peer: name.clone(), local: name, loopback: true }
}

pub(super) fn port(fd: BorrowedFd<'_>) -> Option<u16> {
    getsockname(fd).ok().and_then(ip).map(|address| address.port())
}

fn ip(address: SocketAddrAny) -> Option<SocketAddr> {
    SocketAddr::try_from(address).ok()
}

/// `?:0` is what is printed when the kernel does not tell.
fn text(address: Option<SocketAddr>) -> String {
    match address {
        Some(address) => format!("{}:{}", bracketed(address.ip()), address.port()),
        None => "?:0".to_owned(),
    }
}

/// Without the scope (`%eth0`) that std would print.
fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_printed_with_their_port() {
        assert_eq!(text(Some("127.0.0.1:6379".parse().unwrap())), "127.0.0.1:6379");
        assert_eq!(text(Some("[fe80::1%3]:1".parse().unwrap())), "[fe80::1]:1");
        assert_eq!(text(None), "?:0");
    }

    #[test]
    fn loopback_is_seen_through_a_mapped_address() {
        for (ip, expected) in
            [("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false)]
        {
            assert_eq!(is_loopback(ip.parse().unwrap()), expected, "{ip}");
        }
    }
}
