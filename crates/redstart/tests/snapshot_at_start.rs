//! A server that starts beside a snapshot: one that is damaged ends it, and what the dead have left goes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder that goes when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("redstart-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn server(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redstart-server"));
    command.args(["--port", "0", "--unixsocket", "socket", "--save", "", "--dir"]).arg(folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A key and its value in the simplest file there is, without a checksum.
const GOOD: &[u8] = b"REDIS0011\xfe\x00\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0";

fn started_with(dump: &[u8], name: &str) -> Output {
    let folder = Folder::new(name);
    std::fs::write(folder.0.join("dump.rdb"), dump).expect("written");
    server(&folder.0).output().expect("started")
}

#[test]
fn a_damaged_snapshot_ends_the_server_with_the_place_and_the_reason() {
    let cut = &GOOD[..GOOD.len() - 10];
    let unknown = [&GOOD[..11], b"\xee", &GOOD[12..]].concat();
    for (name, dump, reason) in [("cut", cut, "ends too early"), ("unknown", &unknown, "unknown mark 238")] {
        let output = started_with(dump, name);
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{text}");
        assert!(text.contains(reason) && text.contains("offset"), "{text}");
    }
}

#[test]
fn what_a_dead_writer_has_left_is_removed() {
    let folder = Folder::new("left");
    std::fs::write(folder.0.join("dump.rdb"), GOOD).expect("written");
    // No process has this number; ours has its own, and lives.
    let (dead, alive) = (format!("temp-{}.rdb", i32::MAX), format!("temp-{}.rdb", std::process::id()));
    for name in [&dead, &alive] {
        std::fs::write(folder.0.join(name), "half").expect("written");
    }
    let mut child = server(&folder.0).spawn().expect("started");
    let began = Instant::now();
    while folder.0.join(&dead).exists() && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it runs");
    child.wait().expect("it has ended");
    assert!(!folder.0.join(&dead).exists() && folder.0.join(&alive).exists());
}
