//! Telling the supervisor how we are, by systemd's protocol: one datagram to the socket that `NOTIFY_SOCKET`
//! names, either a path or `@` and an abstract name.

use std::io;
use std::os::unix::net::UnixDatagram;

/// Sends, if there is a supervisor. That nobody listens is none of the server's business.
pub(crate) fn notify(message: &str) {
    if let Some(to) = std::env::var_os("NOTIFY_SOCKET") {
        let _ = send(to.as_encoded_bytes(), message);
    }
}

fn send(to: &[u8], message: &str) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let socket = UnixDatagram::unbound()?;
    match to.strip_prefix(b"@") {
        Some(name) => send_abstract(&socket, name, message),
        None => socket.send_to(message.as_bytes(), std::ffi::OsStr::from_bytes(to)).map(drop),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn send_abstract(socket: &UnixDatagram, name: &[u8], message: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
    socket.send_to_addr(message.as_bytes(), &address).map(drop)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn send_abstract(_: &UnixDatagram, _: &[u8], _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[test]
    fn a_supervisor_hears_us_by_path() {
        let folder = Folder::new();
        let path = folder.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        send(path.as_os_str().as_encoded_bytes(), "READY=1\n").unwrap();
        assert_eq!(received(&socket), "READY=1\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_supervisor_hears_us_by_abstract_name() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("redstart-test-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        send(format!("@{name}").as_bytes(), "STOPPING=1").unwrap();
        assert_eq!(received(&socket), "STOPPING=1");
    }
}
