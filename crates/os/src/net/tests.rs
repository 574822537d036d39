//! Sockets as a server uses them, on every back end of this machine.

use super::*;
use crate::testing::Folder;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

/// Runs a check against every back end of this machine.
fn each_backend(check: impl Fn(Net)) {
    for &backend in Backend::AVAILABLE {
        check(Net::new(backend).unwrap());
    }
}

fn tcp(address: &str, port: u16) -> Listen {
    Listen::Tcp { address: address.into(), port, backlog: 511, secure: false }
}

fn events(net: &mut Net) -> Vec<Event> {
    let mut events = Vec::new();
    net.wait(Some(Duration::from_millis(300)), &mut events).unwrap();
    events
}

/// A listener, a client of it and the connection accepted from it.
fn connected(net: &mut Net) -> (TcpStream, Accepted) {
    let listener = net.listen(&tcp("127.0.0.1", 0)).unwrap();
    let client = TcpStream::connect(("127.0.0.1", net.port(listener).unwrap())).unwrap();
    assert_eq!(events(net), [Event::Incoming(listener)]);
    let accepted = net.accept(listener).unwrap().unwrap();
    assert!(net.accept(listener).unwrap().is_none());
    (client, accepted)
}

fn received(net: &mut Net, conn: ConnId) -> Vec<u8> {
    let mut bytes = Vec::new();
    match net.recv(conn, &mut bytes, 4096) {
        Recv::Bytes { count, drained } => assert!(drained && count == bytes.len()),
        other => panic!("{other:?}"),
    }
    bytes
}

fn sent(send: Send) -> usize {
    match send {
        Send::Bytes(count) => count,
        Send::Failed(error) => panic!("{error}"),
    }
}

#[test]
fn bytes_are_echoed_over_tcp() {
    each_backend(|mut net| {
        let (mut client, accepted) = connected(&mut net);
        assert_eq!(accepted.peer, client.local_addr().unwrap().to_string());
        assert_eq!(accepted.local, client.peer_addr().unwrap().to_string());
        assert!(accepted.loopback && !accepted.unix && accepted.fd > 2);
        client.write_all(b"hello").unwrap();
        assert_eq!(events(&mut net), [Event::Arrived(accepted.conn)]);
        assert_eq!(received(&mut net, accepted.conn), b"hello");
        assert_eq!(sent(net.send(accepted.conn, &[b"he", b"", b"llo", b"!"])), 6);
        assert_eq!(sent(net.send(accepted.conn, &[b"?"])), 1);
        let mut answer = [0; 7];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"hello!?");
        net.close(accepted.conn);
        assert_eq!(client.read(&mut answer).unwrap(), 0);
    });
}

#[test]
fn bytes_are_echoed_over_a_unix_socket() {
    each_backend(|mut net| {
        let folder = Folder::new();
        let path = folder.path("socket");
        let at = Listen::Unix { path: path.clone(), mode: 0o700, group: Some("root".into()), backlog: 5 };
        let listener = net.listen(&at).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        let mut client = UnixStream::connect(&path).unwrap();
        assert_eq!(events(&mut net), [Event::Incoming(listener)]);
        let accepted = net.accept(listener).unwrap().unwrap();
        assert_eq!(accepted.peer, format!("{}:0", path.display()));
        assert!(accepted.unix && accepted.loopback);
        net.keep_alive(accepted.conn, 300);
        client.write_all(b"hello").unwrap();
        assert_eq!(events(&mut net), [Event::Arrived(accepted.conn)]);
        assert_eq!(received(&mut net, accepted.conn), b"hello");
        assert_eq!(sent(net.send(accepted.conn, &[b"bye"])), 3);
        client.read_exact(&mut [0; 3]).unwrap();
        net.unlisten(listener);
        assert!(!path.exists());
    });
}

#[test]
fn what_is_left_unread_is_reported_again_and_said_to_be_there() {
    each_backend(|mut net| {
        let (mut client, accepted) = connected(&mut net);
        client.write_all(b"abcdef").unwrap();
        let mut bytes = b"kept".to_vec();
        assert_eq!(events(&mut net).len(), 1);
        let first = net.recv(accepted.conn, &mut bytes, 4);
        assert!(matches!(first, Recv::Bytes { count: 4, drained: false }), "{first:?}");
        assert_eq!(events(&mut net), [Event::Arrived(accepted.conn)]);
        let second = net.recv(accepted.conn, &mut bytes, 4);
        assert!(matches!(second, Recv::Bytes { count: 2, drained: true }), "{second:?}");
        assert!(matches!(net.recv(accepted.conn, &mut bytes, 4), Recv::Nothing));
        assert_eq!(bytes, b"keptabcdef");
    });
}

#[test]
fn a_client_that_stops_sending_still_gets_its_answer() {
    each_backend(|mut net| {
        let (mut client, accepted) = connected(&mut net);
        client.write_all(b"last").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(events(&mut net), [Event::Arrived(accepted.conn)]);
        assert_eq!(received(&mut net, accepted.conn), b"last");
        assert_eq!(events(&mut net), [Event::Arrived(accepted.conn)]);
        assert!(matches!(net.recv(accepted.conn, &mut Vec::new(), 16), Recv::Closed));
        assert_eq!(sent(net.send(accepted.conn, &[b"answer"])), 6);
        client.read_exact(&mut [0; 6]).unwrap();
    });
}

#[test]
fn a_reset_wakes_both_sides_and_is_told() {
    each_backend(|mut net| {
        let (client, accepted) = connected(&mut net);
        net.want_room(accepted.conn, true);
        socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        drop(client);
        let seen = events(&mut net);
        assert!(seen.contains(&Event::Arrived(accepted.conn)), "{seen:?}");
        assert!(seen.contains(&Event::Room(accepted.conn)), "{seen:?}");
        assert!(matches!(net.recv(accepted.conn, &mut Vec::new(), 16), Recv::Failed(_)));
        assert!(matches!(net.send(accepted.conn, &[b"a", b"b"]), Send::Failed(_)));
    });
}

#[test]
fn room_is_reported_when_a_slow_reader_has_read() {
    each_backend(|mut net| {
        let (mut client, accepted) = connected(&mut net);
        let block = vec![7; 1 << 20];
        let mut total = 0;
        loop {
            let count = sent(net.send(accepted.conn, &[&block, &block]));
            total += count;
            if count < 2 * block.len() {
                break;
            }
        }
        net.want_room(accepted.conn, true);
        client.read_exact(&mut vec![0; total]).unwrap();
        assert_eq!(events(&mut net), [Event::Room(accepted.conn)]);
        net.want_room(accepted.conn, false);
        client.write_all(b"x").unwrap();
        assert_eq!(events(&mut net), [Event::Arrived(accepted.conn)]);
    });
}

#[test]
fn more_slices_than_one_call_takes_arrive_in_order() {
    each_backend(|mut net| {
        let (mut client, accepted) = connected(&mut net);
        let words: Vec<String> = (0..500).map(|number| format!("{number},")).collect();
        let slices: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        let expected = words.concat();
        assert_eq!(sent(net.send(accepted.conn, &slices)), expected.len());
        let mut bytes = vec![0; expected.len()];
        client.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, expected.as_bytes());
    });
}

#[test]
fn whoever_is_not_asked_for_is_not_reported() {
    each_backend(|mut net| {
        let (mut client, accepted) = connected(&mut net);
        net.want_bytes(accepted.conn, false);
        client.write_all(b"x").unwrap();
        drop(client);
        let mut none = Vec::new();
        net.wait(Some(Duration::from_millis(10)), &mut none).unwrap();
        assert_eq!(none, []);
        net.want_bytes(accepted.conn, true);
        assert_eq!(events(&mut net), [Event::Arrived(accepted.conn)]);
    });
}

#[test]
fn nothing_is_heard_of_a_closed_connection_and_its_id_rests() {
    each_backend(|mut net| {
        let listener = net.listen(&tcp("127.0.0.1", 0)).unwrap();
        let port = net.port(listener).unwrap();
        let mut first = TcpStream::connect(("127.0.0.1", port)).unwrap();
        events(&mut net);
        let old = net.accept(listener).unwrap().unwrap().conn;
        first.write_all(b"unread").unwrap();
        let _second = TcpStream::connect(("127.0.0.1", port)).unwrap();
        assert!(events(&mut net).contains(&Event::Arrived(old)));
        net.close(old);
        net.close(old);
        let new = net.accept(listener).unwrap().unwrap().conn;
        assert_ne!(new, old, "the event of the old one may still be in the caller's hands");
        let mut none = Vec::new();
        net.wait(Some(Duration::from_millis(10)), &mut none).unwrap();
        assert_eq!(none, []);
    });
}

#[test]
fn many_connections_are_kept_apart() {
    each_backend(|mut net| {
        let listener = net.listen(&tcp("127.0.0.1", 0)).unwrap();
        let port = net.port(listener).unwrap();
        let mut pairs = Vec::new();
        for _ in 0..200 {
            let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
            events(&mut net);
            pairs.push((client, net.accept(listener).unwrap().unwrap().conn));
        }
        for (number, (client, _)) in pairs.iter_mut().enumerate() {
            client.write_all(number.to_string().as_bytes()).unwrap();
        }
        let mut heard = 0;
        while heard < pairs.len() {
            for event in events(&mut net) {
                let Event::Arrived(conn) = event else { panic!("{event:?}") };
                let number = pairs.iter().position(|pair| pair.1 == conn).unwrap();
                assert_eq!(received(&mut net, conn), number.to_string().as_bytes());
                heard += 1;
            }
        }
        for (_, conn) in &pairs {
            net.close(*conn);
        }
        for (client, _) in &mut pairs {
            assert_eq!(client.read(&mut [0]).unwrap(), 0);
        }
    });
}

#[test]
fn keep_alive_is_set_and_cleared() {
    let mut net = Net::new(Backend::AVAILABLE[0]).unwrap();
    let (_client, accepted) = connected(&mut net);
    net.keep_alive(accepted.conn, 300);
    let fd = net.table.fd(accepted.conn);
    let socket = SockRef::from(&fd);
    assert!(socket.keepalive().unwrap() && socket.tcp_nodelay().unwrap());
    assert_eq!(socket.tcp_keepalive_time().unwrap().as_secs(), 300);
    assert_eq!(socket.tcp_keepalive_interval().unwrap().as_secs(), 100);
    assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
    net.keep_alive(accepted.conn, 0);
    let fd = net.table.fd(accepted.conn);
    assert!(!SockRef::from(&fd).keepalive().unwrap());
}

#[test]
fn a_port_that_is_taken_is_told_with_its_address() {
    let mut net = Net::new(Backend::AVAILABLE[0]).unwrap();
    let listener = net.listen(&tcp("127.0.0.1", 0)).unwrap();
    let port = net.port(listener).unwrap();
    let error = net.listen(&tcp("127.0.0.1", port)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(error.to_string(), format!("127.0.0.1:{port}: bind: Address already in use"));
    net.unlisten(listener);
    net.listen(&tcp("127.0.0.1", port)).unwrap();
}

#[test]
fn an_address_that_is_not_ours_is_told() {
    let mut net = Net::new(Backend::AVAILABLE[0]).unwrap();
    let error = net.listen(&tcp("192.0.2.1", 0)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable, "{error}");
    assert!(error.to_string().starts_with("192.0.2.1:0: bind: "), "{error}");
    let error = net.listen(&tcp("not an address", 0)).unwrap_err();
    assert!(error.to_string().starts_with("not an address:0: resolve: "), "{error}");
}

#[test]
fn all_addresses_of_both_families_share_a_port() {
    let mut net = Net::new(Backend::AVAILABLE[0]).unwrap();
    let four = net.listen(&tcp("*", 0)).unwrap();
    let port = net.port(four).unwrap();
    let six = match net.listen(&tcp("::*", port)) {
        Ok(six) => six,
        // A machine without IPv6.
        Err(error) => return assert!(error.to_string().starts_with(&format!("::*:{port}: ")), "{error}"),
    };
    let Ok(_client) = TcpStream::connect(("::1", port)) else { return };
    assert_eq!(events(&mut net), [Event::Incoming(six)]);
    let accepted = net.accept(six).unwrap().unwrap();
    assert!(accepted.peer.starts_with("[::1]:") && accepted.loopback, "{accepted:?}");
    assert_eq!(accepted.local, format!("[::1]:{port}"));
}

#[test]
fn a_stale_socket_file_gives_way_but_a_live_one_and_other_files_do_not() {
    let folder = Folder::new();
    let unix = |path| Listen::Unix { path, mode: 0, group: None, backlog: 5 };
    let mut net = Net::new(Backend::AVAILABLE[0]).unwrap();
    drop(std::os::unix::net::UnixListener::bind(folder.path("stale")).unwrap());
    net.listen(&unix(folder.path("stale"))).unwrap();
    let error = net.listen(&unix(folder.path("stale"))).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{error}");
    std::fs::write(folder.path("precious"), "text").unwrap();
    let error = net.listen(&unix(folder.path("precious"))).unwrap_err();
    assert!(error.to_string().contains("precious: bind: "), "{error}");
    assert_eq!(std::fs::read_to_string(folder.path("precious")).unwrap(), "text");
    let at = Listen::Unix { path: folder.path("new"), mode: 0, group: Some("no group".into()), backlog: 5 };
    assert!(net.listen(&at).unwrap_err().to_string().contains("no group"));
    assert_eq!(folder.names(), ["precious", "stale"]);
}
