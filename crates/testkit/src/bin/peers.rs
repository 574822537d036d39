//! `cargo x peers`: plays all transcripts against a real server and prints what it answers otherwise.
//!
//! ```text
//! peers --addr HOST:PORT     a server that runs (it will be flushed!)
//! peers --server PATH        a program to be started on a free port
//! peers                      every program in $PEERS (separated by colons)
//!       --only TEXT          only files with this in their path
//! ```

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use testkit::peer;

#[derive(Default)]
struct Wish {
    addresses: Vec<String>,
    servers: Vec<String>,
    only: String,
}

fn main() -> ExitCode {
    match wish(std::env::args().skip(1)).and_then(|wish| run(&wish)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn wish(mut args: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut wish = Wish::default();
    while let Some(option) = args.next() {
        let value = args.next().ok_or(format!("{option} wants a value"))?;
        match option.as_str() {
            "--addr" => wish.addresses.push(value),
            "--server" => wish.servers.push(value),
            "--only" => wish.only = value,
            other => {
                return Err(format!("{other}: not known; --addr HOST:PORT, --server PATH, --only TEXT are"));
            }
        }
    }
    if wish.addresses.is_empty() && wish.servers.is_empty() {
        let peers =
            std::env::var("PEERS").map_err(|_| "no server: give --addr, --server or $PEERS".to_owned())?;
        wish.servers = peers.split(':').map(str::to_owned).collect();
    }
    Ok(wish)
}

/// How many transcripts differ.
fn run(wish: &Wish) -> Result<usize, String> {
    let mut differ = 0;
    for address in &wish.addresses {
        differ += replay(address, address, &wish.only)?;
    }
    for path in &wish.servers {
        let server = Server::start(path)?;
        differ += replay(path, &server.address, &wish.only)?;
    }
    Ok(differ)
}

fn replay(name: &str, address: &str, only: &str) -> Result<usize, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().map_err(|error| error.to_string())?;
    let (played, differ) = peer::replay(&root, address, only).map_err(|error| format!("{name}: {error}"))?;
    println!("{name}: {played} transcripts, {differ} differ");
    Ok(differ)
}

/// A server of our own, that ends with us.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(path: &str) -> Result<Self, String> {
        let port = free_port().map_err(|error| error.to_string())?;
        let child = Command::new(path)
            .args(["--port", &port.to_string(), "--save", "", "--enable-debug-command", "yes"])
            .current_dir(std::env::temp_dir())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{path}: {error}"))?;
        let server = Server { child, address: format!("127.0.0.1:{port}") };
        for _ in 0..100 {
            if peer::Connection::open(&server.address).is_ok() {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("{path}: does not listen on {}", server.address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
