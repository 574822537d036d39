//! What strangers meet: where the server listens, what it takes from whom, whose files it writes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// A running server with a folder of its own; both go when the test is over.
struct Running {
    folder: PathBuf,
    port: u16,
    child: Child,
}

impl Running {
    fn new(name: &str, config: &str) -> Running {
        let folder = std::env::temp_dir().join(format!("redstart-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let config = format!("port {port}\ndir {}\nsave \"\"\n{config}", folder.display());
        std::fs::write(folder.join("conf"), config).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_redstart-server"));
        command.arg(folder.join("conf")).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Running { child: command.spawn().expect("started"), folder, port };
        assert!(eventually(|| server.connects("127.0.0.1")), "it listens");
        server
    }

    fn connects(&self, host: &str) -> bool {
        TcpStream::connect((host, self.port)).is_ok()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        stream
    }

    /// The kernel takes no more than some kilobytes for who does not read.
    fn connect_with_little_room(&self) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(4096).expect("set");
        socket.connect(&SocketAddr::from(([127, 0, 0, 1], self.port)).into()).expect("connected");
        socket.into()
    }

    /// Lines to a new connection, and all that it answers until it is closed: the last of them ends it.
    fn tell(&self, lines: &[u8]) -> String {
        let mut stream = self.connect();
        let _ = stream.write_all(lines);
        let mut answer = Vec::new();
        // (What was not read by the other side ends it with an error, behind the answer.)
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn mode(&self, name: &str) -> u32 {
        let path = self.folder.join(name);
        let facts = std::fs::metadata(&path);
        facts.map_or_else(
            |error| panic!("{}: {error}", path.display()),
            |facts| facts.permissions().mode() & 0o777,
        )
    }

    fn info(&self, field: &str) -> u64 {
        let text = self.tell(b"INFO\r\nQUIT\r\n");
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{field} in {text}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn eventually(mut done: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// (127.0.0.2 is another address of this host: who listens to 127.0.0.1 does not listen to it.)
#[test]
fn only_this_host_is_listened_to_until_there_is_a_password() {
    let server = Running::new("door", "");
    assert!(!server.connects("127.0.0.2"));
    for (open, close) in [
        ("CONFIG SET requirepass x\r\n", "AUTH x\r\nCONFIG SET requirepass \"\"\r\n"),
        ("CONFIG SET protected-mode no\r\n", "CONFIG SET protected-mode yes\r\n"),
        ("ACL SETUSER default >x\r\n", "AUTH x\r\nACL SETUSER default nopass\r\n"),
    ] {
        server.tell(format!("{open}QUIT\r\n").as_bytes());
        assert!(eventually(|| server.connects("127.0.0.2")), "{open}");
        server.tell(format!("{close}QUIT\r\n").as_bytes());
        assert!(eventually(|| !server.connects("127.0.0.2")), "{close}");
        assert!(server.connects("127.0.0.1"));
    }
    assert!(server.tell(b"CONFIG GET bind\r\nQUIT\r\n").contains("* -::*"));
}

#[test]
fn addresses_that_overlap_follow_each_other() {
    let server = Running::new("bind", "bind 127.0.0.1\n");
    assert!(!server.connects("127.0.0.2"), "whether protected or not");
    assert_eq!(server.tell(b"CONFIG SET bind *\r\nQUIT\r\n"), "+OK\r\n+OK\r\n");
    assert!(server.connects("127.0.0.2"), "as it was asked for");
    assert_eq!(server.tell(b"CONFIG SET bind 127.0.0.1\r\nQUIT\r\n"), "+OK\r\n+OK\r\n");
    assert!(!server.connects("127.0.0.2"));
    // All or nothing: the last of these is nobody's.
    let refused = server.tell(b"CONFIG SET bind \"* 192.0.2.77\"\r\nQUIT\r\n");
    assert!(refused.starts_with("-ERR CONFIG SET failed"), "{refused}");
    assert!(server.connects("127.0.0.1") && !server.connects("127.0.0.2"), "as before");
}

#[test]
fn files_are_their_owners_alone() {
    let config = "appendonly yes\nunixsocket socket\nunixsocketperm 700\naclfile users\n";
    let folder = std::env::temp_dir().join(format!("redstart-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("users"), "").expect("written");
    let server = Running::new("files", config);
    let told = server.tell(b"SET k v\r\nSAVE\r\nACL SAVE\r\nCONFIG SET hz 20\r\nCONFIG REWRITE\r\nQUIT\r\n");
    assert_eq!(told, "+OK\r\n".repeat(6));
    for name in ["dump.rdb", "users", "conf", "socket", "appendonlydir/appendonly.aof.manifest"] {
        assert_eq!(server.mode(name) & 0o077, 0, "{name}");
    }
    for file in std::fs::read_dir(server.folder.join("appendonlydir")).expect("there").flatten() {
        assert_eq!(server.mode(&format!("appendonlydir/{}", file.file_name().display())), 0o600);
    }
}

#[test]
fn a_link_in_the_place_of_a_file_leads_nowhere() {
    let server = Running::new("links", "");
    let precious = server.folder.join("precious");
    std::fs::write(&precious, "as it was").expect("written");
    // Where a snapshot is written before it gets its name, and that name.
    let temporary = format!("temp-{}.rdb", server.child.id());
    for name in [temporary.as_str(), "dump.rdb"] {
        std::os::unix::fs::symlink(&precious, server.folder.join(name)).expect("linked");
    }
    server.tell(b"SET k v\r\nSAVE\r\nQUIT\r\n");
    assert_eq!(std::fs::read(&precious).expect("there"), b"as it was");
}

#[test]
fn browsers_are_turned_away_with_and_without_a_password() {
    let server = Running::new("http", "");
    let attempt = b"POST / HTTP/1.1\r\nHost: a\r\nSET k v\r\n";
    let other = b"GET / HTTP/1.1\r\nhost: a\r\n\r\nSET k v\r\n";
    assert_eq!(server.tell(attempt), "");
    server.tell(other);
    assert_eq!(server.tell(b"EXISTS k\r\nCONFIG SET requirepass x\r\nQUIT\r\n"), ":0\r\n+OK\r\n+OK\r\n");
    for attempt in [&attempt[..], other] {
        // It ends though nobody said QUIT.
        assert!(!server.tell(attempt).contains("+OK"));
    }
}

#[test]
fn who_has_not_authenticated_can_send_little_and_learn_nothing() {
    let server = Running::new("strangers", "requirepass x\n");
    for (sent, answer) in [
        (&b"*11\r\n"[..], "-ERR Protocol error: unauthenticated multibulk length\r\n"),
        (b"*2\r\n$3\r\nGET\r\n$16385\r\n", "-ERR Protocol error: unauthenticated bulk length\r\n"),
    ] {
        assert_eq!(server.tell(sent), answer);
    }
    let refused = "-NOAUTH Authentication required.\r\n";
    let told = server.tell(b"NOSUCH\r\nGET\r\nCOMMAND\r\nPING\r\nMULTI\r\nQUIT\r\n");
    assert_eq!(told, refused.repeat(5) + "+OK\r\n");
    // Nor make it keep answers for who does not read them.
    let mut silent = server.connect_with_little_room();
    let many = b"PING\r\n".repeat(10_000);
    let mut closed = || silent.write_all(&many).is_err();
    assert!(eventually(&mut closed), "closed");
}

#[test]
fn commands_have_the_names_that_the_configuration_gives_them() {
    let server = Running::new("names", "rename-command FLUSHALL \"\"\nrename-command SET put\n");
    let told = server.tell(b"FLUSHALL\r\nSET k v\r\nput k v\r\nGET k\r\nQUIT\r\n");
    let unknown = |name: &str, args: &str| {
        format!("-ERR unknown command '{name}', with args beginning with: {args}\r\n")
    };
    assert_eq!(told, unknown("FLUSHALL", "") + &unknown("SET", "'k' 'v' ") + "+OK\r\n$1\r\nv\r\n+OK\r\n");
    let script = server.tell(b"EVAL \"return redis.call('put', 'k', 'w')\" 0\r\nEVAL \"return redis.call('set', 'k', 'x')\" 0\r\nGET k\r\nQUIT\r\n");
    assert!(script.starts_with("+OK\r\n-ERR Unknown") && script.ends_with("$1\r\nw\r\n+OK\r\n"), "{script}");
}

#[test]
fn requests_that_wait_have_a_limit() {
    let server = Running::new("query", "client-query-buffer-limit 1mb\n");
    let word = vec![b'a'; 1 << 20];
    let fits = [&b"*2\r\n$4\r\nECHO\r\n$1000000\r\n"[..], &word[..1_000_000], b"\r\nQUIT\r\n"].concat();
    assert!(server.tell(&fits).ends_with("\r\n+OK\r\n"));
    let mut large = b"*2\r\n$4\r\nECHO\r\n$2000000\r\n".to_vec();
    large.extend([word.clone(), word].concat());
    assert_eq!(server.tell(&large), "", "closed in the middle");
    assert_eq!(server.info("client_query_buffer_limit_disconnections"), 1);
}

/// Replies that are short one by one count as well; and what was sent, but not looked at yet, waits in the kernel.
#[test]
fn who_sends_much_and_reads_nothing_is_closed() {
    let server = Running::new("flood", "client-output-buffer-limit normal 1mb 0 0\n");
    let mut silent = server.connect_with_little_room();
    let many = b"PING\r\n".repeat(10_000);
    let mut closed = || silent.write_all(&many).is_err();
    assert!(eventually(&mut closed), "closed");
    assert_eq!(server.info("client_output_buffer_limit_disconnections"), 1);

    let mut sender = server.connect();
    let mut reader = sender.try_clone().expect("the same");
    let read = std::thread::spawn(move || {
        let (mut left, mut answers) = (b"+PONG\r\n".len() * 1_000_000, vec![0; 1 << 20]);
        while left > 0 {
            left -= reader.read(&mut answers).expect("answers");
        }
    });
    for _ in 0..100 {
        sender.write_all(&many).expect("sent");
    }
    read.join().expect("all were answered");
    assert!(server.info("client_recent_max_input_buffer") < 100_000);
}

/// While the server sleeps, connections queue up; then they are taken in so many turns as the limit asks for.
#[test]
fn a_storm_of_connections_is_taken_in_portions() {
    let server = Running::new("storm", "enable-debug-command local\n");
    let turns = |limit: u32| {
        server.tell(format!("CONFIG SET max-new-connections-per-cycle {limit}\r\nQUIT\r\n").as_bytes());
        let before = server.info("eventloop_cycles");
        let mut asleep = server.connect();
        asleep.write_all(b"PING\r\nDEBUG SLEEP 0.3\r\n").expect("sent");
        assert_eq!(asleep.read(&mut [0; 7]).expect("it is there"), 7);
        let storm: Vec<TcpStream> = (0..200).map(|_| server.connect()).collect();
        let served = server.info("eventloop_cycles") - before;
        drop(storm);
        served
    };
    let (one, many) = (turns(1), turns(1000));
    assert!(one >= 200 && many < 100, "{one}, {many}");
}

/// What clients set stands quoted in the file.
#[test]
fn what_is_rewritten_holds_no_line_of_somebody_else() {
    let server = Running::new("lines", "");
    let request =
        b"*4\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$11\r\nrequirepass\r\n$24\r\nx\r\nport 1\nuser bob on \t\0\r\n";
    let rewrite = b"CONFIG REWRITE\r\nQUIT\r\n";
    assert_eq!(server.tell(&[&request[..], rewrite].concat()), "+OK\r\n".repeat(3));
    let text = std::fs::read_to_string(server.folder.join("conf")).expect("there");
    let quoted = r#"requirepass "x\r\nport 1\nuser bob on \t\x00""#;
    assert!(text.lines().any(|line| line == quoted), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("user") || line == "port 1"), "{text}");
}
