//! A server, under callgrind or not.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

pub struct Server {
    pub port: u16,
    child: Child,
    counts: PathBuf,
}

impl Server {
    /// Starts a program.
    pub fn start(program: &Path, options: &[(String, String)]) -> Result<Server, String> {
        Server::start_as(Command::new(program), options, PathBuf::new())
    }

    /// The same under callgrind.
    pub fn start_counted(program: &Path, options: &[(String, String)]) -> Result<Server, String> {
        let name = format!("instructions.{}.{}", std::process::id(), free_port()?);
        let counts = std::env::temp_dir().join(name);
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--quiet"])
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .arg(program);
        Server::start_as(command, options, counts)
    }

    fn start_as(
        mut command: Command,
        options: &[(String, String)],
        counts: PathBuf,
    ) -> Result<Server, String> {
        let port = free_port()?;
        command
            .args(["--port", &port.to_string()])
            .current_dir(std::env::temp_dir())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for (name, value) in options {
            command.arg(format!("--{name}")).arg(value.replace("{port}", &port.to_string()));
        }
        let child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let mut server = Server { port, child, counts };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    /// Nanoseconds of processor time that all its threads have had.
    pub fn cpu_ns(&self) -> Result<u64, String> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let tasks = std::fs::read_dir(&tasks).map_err(|error| format!("{tasks}: {error}"))?;
        let of = |task: std::io::Result<std::fs::DirEntry>| -> Option<u64> {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse().ok()
        };
        Ok(tasks.filter_map(of).sum())
    }

    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("the server ended at once ({status})"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the server does not listen after half a minute".to_owned())
    }

    /// What stops it for a moment.
    pub fn brake(&self) -> std::io::Result<Brake> {
        Brake::new(self.child.id())
    }

    /// Ends the server; all instructions that it executed.
    pub fn instructions(mut self) -> Result<f64, String> {
        self.brake().and_then(|mut brake| brake.pull("TERM")).map_err(|error| format!("kill: {error}"))?;
        self.child.wait().map_err(|error| error.to_string())?;
        let counts = std::fs::read_to_string(&self.counts)
            .map_err(|error| format!("callgrind wrote nothing: {error}"))?;
        let mut totals = counts.lines().filter_map(|line| line.strip_prefix("totals: "));
        totals
            .next_back()
            .and_then(|total| total.trim().parse().ok())
            .ok_or_else(|| "callgrind wrote no totals".to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.counts);
    }
}

fn free_port() -> Result<u16, String> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    port.map(|address| address.port()).map_err(|error| error.to_string())
}

/// Sends signals, by a shell that stays: std cannot, and a process for each would take its time.
pub struct Brake {
    shell: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    pid: u32,
}

impl Brake {
    fn new(pid: u32) -> std::io::Result<Brake> {
        let mut shell = Command::new("sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(orders), Some(answers)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        Ok(Brake { shell, orders, answers: BufReader::new(answers), pid })
    }

    /// Returns when the signal is sent.
    pub fn pull(&mut self, signal: &str) -> std::io::Result<()> {
        writeln!(self.orders, "kill -{signal} {}; echo", self.pid)?;
        self.answers.read_line(&mut String::new()).map(|_| ())
    }
}

impl Drop for Brake {
    fn drop(&mut self) {
        let _ = self.orders.write_all(b"exit\n");
        let _ = self.shell.wait();
    }
}
