//! Encrypted connections to a real client, on every back end of this machine.

mod authority;
mod keys;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, version};
use world::{
    Accepted, CertificateFacts, CertificatesInUse, ConnId, Encryption, Event, Listen, ListenerId, Password,
    PeerCertificates, ProvenNames, Recv, Send,
};

use super::certificate;
use crate::net::Net;
use crate::poll::Backend;
use crate::testing::Folder;
use authority::Holder;

/// An authority, a server that it has signed, and the files that say so.
struct Place {
    folder: Folder,
    authority: Holder,
    server: Holder,
}

impl Place {
    fn new() -> Place {
        let authority = Holder::authority("authority");
        let server = authority.sign("server", &[]);
        let place = Place { folder: Folder::new(), authority, server };
        place.write("ca.pem", &place.authority.certificate_pem());
        place.write("cert.pem", &place.server.certificate_pem());
        place.write("key.pem", &place.server.key_pem());
        place
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path(name), text).unwrap();
    }

    fn encryption(&self) -> Encryption {
        Encryption {
            certificate: self.folder.path("cert.pem"),
            key: self.folder.path("key.pem"),
            peers: PeerCertificates::Ignored,
            begun_per_wait: 1,
            sessions: 10,
            session_seconds: 60,
            ..Encryption::default()
        }
    }

    /// The same with peers that must show a certificate of our authority.
    fn mutual(&self) -> Encryption {
        Encryption {
            authorities: self.folder.path("ca.pem"),
            peers: PeerCertificates::Required,
            ..self.encryption()
        }
    }

    fn client(&self, shows: Option<&Holder>) -> Arc<ClientConfig> {
        self.client_of(&version::TLS13, shows)
    }

    fn client_of(
        &self,
        version: &'static rustls::SupportedProtocolVersion,
        shows: Option<&Holder>,
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.authority.certificate.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let builder = builder.with_root_certificates(roots);
        Arc::new(match shows {
            None => builder.with_no_client_auth(),
            Some(holder) => {
                let chain = vec![CertificateDer::from(holder.certificate.clone())];
                let key = PrivateKeyDer::try_from(holder.key()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        })
    }
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn connect(port: u16, config: Arc<ClientConfig>) -> Stream {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    StreamOwned::new(ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap(), socket)
}

/// A server that answers with what it is sent.
struct Echo {
    net: Net,
    listener: ListenerId,
    port: u16,
    accepted: Vec<Accepted>,
    /// Everybody who was ever accepted.
    met: Vec<Accepted>,
    /// What is still to be sent to whom.
    waiting: Vec<(ConnId, Vec<u8>)>,
}

impl Echo {
    fn new(backend: Backend, encryption: &Encryption) -> Echo {
        let mut net = Net::new(backend).unwrap();
        net.encrypt(encryption).unwrap();
        let at = Listen::Tcp { address: "127.0.0.1".into(), port: 0, backlog: 511, secure: true };
        let listener = net.listen(&at).unwrap();
        let port = net.port(listener).unwrap();
        Echo { net, listener, port, accepted: Vec::new(), met: Vec::new(), waiting: Vec::new() }
    }

    /// Serves until a client is done, and what it has come to.
    fn until<T>(&mut self, client: JoinHandle<T>) -> T {
        let until = Instant::now() + Duration::from_secs(40);
        while !client.is_finished() {
            assert!(Instant::now() < until, "the client hangs");
            self.turn();
        }
        client.join().unwrap()
    }

    fn turn(&mut self) {
        let mut events = Vec::new();
        self.net.wait(Some(Duration::from_millis(20)), &mut events).unwrap();
        for event in events {
            match event {
                Event::Incoming(listener) => {
                    let accepted = self.net.accept(listener).unwrap();
                    self.met.extend(accepted.clone());
                    self.accepted.extend(accepted);
                }
                Event::Arrived(conn) if self.accepted.iter().any(|one| one.conn == conn) => {
                    self.receive(conn)
                }
                Event::Room(conn) => self.send(conn, Vec::new()),
                _ => {}
            }
        }
    }

    fn receive(&mut self, conn: ConnId) {
        let mut bytes = Vec::new();
        match self.net.recv(conn, &mut bytes, 16 * 1024) {
            Recv::Bytes { count, .. } => {
                assert_eq!(count, bytes.len());
                self.send(conn, bytes);
            }
            Recv::Nothing => {}
            Recv::Closed | Recv::Failed(_) => {
                self.net.close(conn);
                self.accepted.retain(|one| one.conn != conn);
                self.waiting.retain(|(other, _)| *other != conn);
            }
        }
    }

    /// Sends in odd pieces, as far as there is room.
    fn send(&mut self, conn: ConnId, more: Vec<u8>) {
        if !self.waiting.iter().any(|(other, _)| *other == conn) {
            self.waiting.push((conn, Vec::new()));
        }
        let bytes = &mut self.waiting.iter_mut().find(|(other, _)| *other == conn).unwrap().1;
        bytes.extend(more);
        let pieces: Vec<&[u8]> = bytes.chunks(10_007).collect();
        match self.net.send(conn, &pieces) {
            Send::Bytes(count) => drop(bytes.drain(..count)),
            Send::Failed(error) => panic!("{error}"),
        }
        let room = !bytes.is_empty();
        self.net.want_room(conn, room);
    }
}

fn each_backend(check: impl Fn(Backend)) {
    Backend::AVAILABLE.iter().copied().for_each(check);
}

#[test]
fn bytes_are_echoed_by_both_versions() {
    let place = Place::new();
    each_backend(|backend| {
        for version in [&version::TLS12, &version::TLS13] {
            let mut echo = Echo::new(backend, &place.encryption());
            let mut stream = connect(echo.port, place.client_of(version, None));
            let client = spawn(move || {
                let mut answer = [0; 5];
                stream.write_all(b"hello").unwrap();
                stream.read_exact(&mut answer).unwrap();
                answer
            });
            assert_eq!(&echo.until(client), b"hello");
            assert!(echo.met[0].loopback && !echo.met[0].unix);
        }
    });
}

#[test]
fn many_bytes_to_a_client_that_reads_late_arrive_in_order() {
    let place = Place::new();
    each_backend(|backend| {
        let mut echo = Echo::new(backend, &place.encryption());
        let mut stream = connect(echo.port, place.client(None));
        let client = spawn(move || {
            let bytes: Vec<u8> = (0..4_000_000u32).map(|n| ((n * 31) >> 7) as u8).collect();
            stream.conn.set_buffer_limit(None);
            stream.write_all(&bytes).unwrap();
            stream.flush().unwrap();
            let mut answer = vec![0; bytes.len()];
            stream.read_exact(&mut answer).unwrap();
            answer == bytes
        });
        assert!(echo.until(client));
    });
}

#[test]
fn bytes_that_come_with_the_end_of_the_handshake_are_told_of() {
    let place = Place::new();
    each_backend(|backend| {
        let mut echo = Echo::new(backend, &place.encryption());
        let mut stream = connect(echo.port, place.client(None));
        let client = spawn(move || {
            // Written before the handshake, so that both leave in one piece.
            stream.conn.writer().write_all(b"early").unwrap();
            let mut answer = [0; 5];
            stream.read_exact(&mut answer).unwrap();
            answer
        });
        assert_eq!(&echo.until(client), b"early");
    });
}

#[test]
fn the_end_is_said_on_both_sides() {
    let place = Place::new();
    each_backend(|backend| {
        let mut echo = Echo::new(backend, &place.encryption());
        let mut stream = connect(echo.port, place.client(None));
        let client = spawn(move || {
            stream.write_all(b"x").unwrap();
            stream.read_exact(&mut [0]).unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
            // Without a close_notify this would be an error.
            stream.read(&mut [0]).unwrap()
        });
        assert_eq!(echo.until(client), 0);
        echo.turn();
        assert!(echo.accepted.is_empty(), "the server has seen the end");
    });
}

#[test]
fn who_is_silent_holds_nobody_up_and_is_left() {
    let place = Place::new();
    each_backend(|backend| {
        let mut echo = Echo::new(backend, &place.encryption());
        echo.net.secure_handshakes().patience = Duration::from_millis(300);
        let mut silent = TcpStream::connect(("127.0.0.1", echo.port)).unwrap();
        let mut slow = TcpStream::connect(("127.0.0.1", echo.port)).unwrap();
        slow.write_all(&[0x16, 3, 1]).unwrap();
        let mut stream = connect(echo.port, place.client(None));
        let client = spawn(move || {
            stream.write_all(b"x").unwrap();
            stream.read_exact(&mut [0]).unwrap();
            // Both ends are told (or cut off) before the wait is over.
            let ends = [silent.read_to_end(&mut Vec::new()), slow.read_to_end(&mut Vec::new())];
            ends.into_iter().filter(|end| end.is_ok()).count()
        });
        assert_eq!(echo.until(client), 2);
        let failures = echo.net.take_failures();
        assert_eq!(failures.len(), 2);
        assert!(failures[0].contains("took too long"), "{failures:?}");
    });
}

#[test]
fn plain_text_is_refused() {
    let place = Place::new();
    each_backend(|backend| {
        let mut echo = Echo::new(backend, &place.encryption());
        let mut socket = TcpStream::connect(("127.0.0.1", echo.port)).unwrap();
        let client = spawn(move || {
            socket.write_all(b"PING\r\nPING\r\nPING\r\n").unwrap();
            let mut answer = Vec::new();
            // What was not read makes the kernel reset the connection; an alert may come before.
            let _ = socket.read_to_end(&mut answer);
            answer
        });
        assert!(!echo.until(client).contains(&b'+'));
        echo.turn();
        assert_eq!(echo.accepted.len(), 0);
        assert_eq!(echo.net.take_failures().len(), 1);
    });
}

/// Whether a client gets through.
fn exchanges(echo: &mut Echo, client: Arc<ClientConfig>) -> bool {
    let mut stream = connect(echo.port, client);
    let client = spawn(move || stream.write_all(b"x").is_ok() && stream.read_exact(&mut [0]).is_ok());
    echo.until(client)
}

#[test]
fn peers_must_show_certificates_if_asked_to() {
    let place = Place::new();
    let friend = place.authority.sign("friend", &[]);
    let stranger = Holder::authority("stranger").sign("friend", &[]);
    for version in [&version::TLS12, &version::TLS13] {
        let client = |shows| place.client_of(version, shows);
        let mut echo = Echo::new(Backend::AVAILABLE[0], &place.mutual());
        assert!(exchanges(&mut echo, client(Some(&friend))));
        assert!(!exchanges(&mut echo, client(Some(&stranger))));
        assert!(!exchanges(&mut echo, client(None)));
        let welcome = Encryption { peers: PeerCertificates::Welcome, ..place.mutual() };
        echo.net.encrypt(&welcome).unwrap();
        assert!(exchanges(&mut echo, client(Some(&friend))));
        assert!(!exchanges(&mut echo, client(Some(&stranger))));
        assert!(exchanges(&mut echo, client(None)));
    }
}

/// A client that shows this certificate, which its own library could not read.
fn shows_as_it_is(
    place: &Place,
    version: &'static rustls::SupportedProtocolVersion,
    certificate: &[u8],
    key: &Holder,
) -> Arc<ClientConfig> {
    let mut config = (*place.client_of(version, None)).clone();
    let key = PrivateKeyDer::try_from(key.key()).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let certified = CertifiedKey::new(vec![CertificateDer::from(certificate.to_vec())], key);
    config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
    Arc::new(config)
}

#[test]
fn certificates_of_version_1_are_good_if_our_authority_has_signed_them() {
    let place = Place::new();
    let friend = place.authority.sign_version_1("friend");
    let stranger = Holder::authority("authority").sign_version_1("friend");
    let late = place.authority.sign_version_1_until("friend", b"210101000000Z");
    let names = ProvenNames::CommonName;
    for version in [&version::TLS12, &version::TLS13] {
        let mut echo = Echo::new(Backend::AVAILABLE[0], &Encryption { names, ..place.mutual() });
        let mut passes = |certificate: &[u8], key: &Holder| {
            exchanges(&mut echo, shows_as_it_is(&place, version, certificate, key))
        };
        assert!(passes(&friend.certificate, &friend));
        assert!(!passes(&friend.certificate, &stranger), "the key is another one's");
        assert!(!passes(&stranger.certificate, &stranger), "of an authority that only has the name of ours");
        assert!(!passes(&late.certificate, &late), "its time is over");
        // A byte of the name, of the key, of the signature.
        let len = friend.certificate.len();
        for at in [len / 2, len - 80, len - 1] {
            let mut bad = friend.certificate.clone();
            bad[at] ^= 1;
            assert!(!passes(&bad, &friend), "{at}");
        }
        assert_eq!(echo.met.iter().map(|met| met.proven.clone()).collect::<Vec<_>>(), [[b"friend"]]);
    }
}

#[test]
fn certificates_tell_names() {
    let place = Place::new();
    let friend = place.authority.sign("friend", &["spiffe://a/b", "urn:c"]);
    let cases: [(ProvenNames, &[&[u8]]); 3] = [
        (ProvenNames::None, &[]),
        (ProvenNames::CommonName, &[b"friend"]),
        (ProvenNames::Uris, &[b"spiffe://a/b", b"urn:c"]),
    ];
    for (names, told) in cases {
        let mut echo = Echo::new(Backend::AVAILABLE[0], &Encryption { names, ..place.mutual() });
        assert!(exchanges(&mut echo, place.client(Some(&friend))));
        assert_eq!(echo.met[0].proven, told);
    }
}

#[test]
fn names_with_a_nul_and_what_is_no_certificate_tell_nothing() {
    let authority = Holder::authority("authority");
    let odd = authority.sign("admin\0.example", &["urn:\0", "urn:good"]);
    assert_eq!(certificate::common_name(&odd.certificate), None);
    assert_eq!(certificate::uris(&odd.certificate), [b"urn:good"]);
    // Whatever is cut off or changed is met without a panic.
    let good = authority.sign("good", &["urn:good"]).certificate;
    for at in 0..good.len() {
        certificate::common_name(&good[..at]);
        certificate::uris(&good[..at]);
        for bits in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= bits;
            certificate::common_name(&bad);
            certificate::uris(&bad);
        }
    }
}

/// The certificate that a new client is shown.
fn shown(echo: &mut Echo, config: Arc<ClientConfig>) -> Vec<u8> {
    let mut stream = connect(echo.port, config);
    let client = spawn(move || {
        stream.write_all(b"x").unwrap();
        stream.read_exact(&mut [0]).unwrap();
        stream.conn.peer_certificates().unwrap()[0].to_vec()
    });
    echo.until(client)
}

#[test]
fn certificates_are_changed_at_run_time_and_bad_ones_are_not_taken() {
    let place = Place::new();
    let mut echo = Echo::new(Backend::AVAILABLE[0], &place.encryption());
    assert_eq!(shown(&mut echo, place.client(None)), place.server.certificate);

    place.write("cert.pem", "nonsense");
    assert!(echo.net.encrypt(&place.encryption()).is_err());
    assert_eq!(shown(&mut echo, place.client(None)), place.server.certificate, "the old one stays");

    let next = place.authority.sign("next", &[]);
    place.write("cert.pem", &next.certificate_pem());
    assert!(echo.net.encrypt(&place.encryption()).is_err(), "the key is of the other one");
    place.write("key.pem", &next.key_pem());
    echo.net.encrypt(&place.encryption()).unwrap();
    assert_eq!(shown(&mut echo, place.client(None)), next.certificate);
}

/// (That clients of OpenSSL take it is checked end to end; the client here is rustls.)
#[test]
fn certificates_of_version_1_are_shown_if_the_key_is_theirs() {
    let place = Place::new();
    let mut net = Net::new(Backend::AVAILABLE[0]).unwrap();
    let old = place.authority.sign_version_1("old");
    place.write("cert.pem", &old.certificate_pem());
    assert!(net.encrypt(&place.encryption()).is_err(), "the key is of the other one");
    place.write("key.pem", &old.key_pem());
    net.encrypt(&place.encryption()).unwrap();
    assert_eq!(net.certificates().ours.unwrap().serial, "010203");
}

#[test]
fn certificates_in_use_are_told() {
    let place = Place::new();
    let mut net = Net::new(Backend::AVAILABLE[0]).unwrap();
    assert_eq!(net.certificates(), CertificatesInUse::default());
    net.encrypt(&place.mutual()).unwrap();
    let facts = Some(CertificateFacts { serial: "010203".into(), expires_s: 4_070_908_800 });
    assert_eq!(net.certificates(), CertificatesInUse { ours: facts.clone(), authority: facts });
}

#[test]
fn a_listener_that_goes_takes_its_handshakes_along() {
    let place = Place::new();
    each_backend(|backend| {
        let mut echo = Echo::new(backend, &place.encryption());
        let mut silent = TcpStream::connect(("127.0.0.1", echo.port)).unwrap();
        while !echo.net.secure_handshakes().any_going() {
            echo.turn();
        }
        echo.net.unlisten(echo.listener);
        assert!(silent.read_to_end(&mut Vec::new()).is_ok(), "closed");
        assert!(!echo.net.secure_handshakes().any_going());
    });
}

#[test]
fn what_cannot_be_is_told_in_a_line() {
    let place = Place::new();
    place.write("encrypted.pem", keys::OF_OPENSSL[0]);
    place.write("nonsense.pem", &keys::OF_OPENSSL[0].replace("DQEFDTBKMCkGCSqG", "DQEFDTBKMCkGCSqH"));
    place.write(
        "old.pem",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    );
    let password = |text: &str| Password::new(text.as_bytes());
    let path = |name| place.folder.path(name);
    let good = || place.encryption();
    let client = |certificate, key, text| Encryption {
        client_certificate: path(certificate),
        client_key: path(key),
        client_password: password(text),
        ..good()
    };
    let cases = [
        (Encryption { certificate: "".into(), ..good() }, "No tls-cert-file configured!"),
        (Encryption { key: "".into(), ..good() }, "No tls-key-file configured!"),
        (Encryption { certificate: path("none"), ..good() }, "Failed to load certificate:"),
        (Encryption { certificate: path("key.pem"), ..good() }, "there is no certificate in it"),
        (Encryption { key: path("cert.pem"), ..good() }, "Failed to load private key:"),
        (Encryption { key: path("encrypted.pem"), ..good() }, "there is no password for it"),
        (
            Encryption { key: path("encrypted.pem"), password: password("wrong"), ..good() },
            "the password is wrong",
        ),
        (Encryption { key: path("nonsense.pem"), password: password("secret"), ..good() }, "not supported"),
        (Encryption { key: path("old.pem"), password: password("secret"), ..good() }, "not supported"),
        (client("none", "key.pem", ""), "Failed to load certificate:"),
        (client("cert.pem", "none", ""), "Failed to load private key:"),
        (client("cert.pem", "encrypted.pem", "wrong"), "the password is wrong"),
        (client("cert.pem", "encrypted.pem", "secret"), "Failed to load private key:"),
        (Encryption { peers: PeerCertificates::Required, ..good() }, "Either tls-ca-cert-file"),
        (Encryption { authorities: path("none"), ..good() }, "Failed to configure CA certificate(s) file"),
        (
            Encryption { authorities_folder: path("none"), ..good() },
            "Failed to configure CA certificate(s) dir",
        ),
        (Encryption { ciphers: "foo".into(), ..good() }, "Failed to configure ciphers: foo"),
        (Encryption { suites: "foo".into(), ..good() }, "Failed to configure ciphersuites: foo"),
        (Encryption { protocols: "foo".into(), ..good() }, "Invalid tls-protocols"),
    ];
    let mut net = Net::new(Backend::AVAILABLE[0]).unwrap();
    for (encryption, line) in cases {
        let told = net.encrypt(&encryption).unwrap_err().to_string();
        assert!(told.contains(line) && !told.contains('\n'), "{told}");
    }
    place.write("locked.pem", &place.server.encrypted_key_pem(b"open sesame"));
    net.encrypt(&client("cert.pem", "locked.pem", "open sesame")).unwrap();
    let folder = Encryption { authorities: "".into(), authorities_folder: path(""), ..place.mutual() };
    net.encrypt(&folder).unwrap();
}
