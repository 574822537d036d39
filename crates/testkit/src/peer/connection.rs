//! A connection to a real server.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::resp;
use crate::value::Value;

pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    ended: bool,
}

impl Connection {
    pub fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, received: Vec::new(), ended: false })
    }

    pub fn send<W: AsRef<[u8]>>(&mut self, words: &[W]) -> io::Result<()> {
        self.stream.write_all(&resp::request(words))
    }

    /// The replies that come within the time, all that have arrived once there are `count` of them. An end of the
    /// connection counts as one.
    pub fn receive(&mut self, count: usize, patience: Duration) -> Vec<Value> {
        let until = Instant::now() + patience;
        let mut values = Vec::new();
        loop {
            match resp::take_all(&mut self.received) {
                Ok(more) => values.extend(more),
                Err(_) => self.ended = true,
            }
            if values.len() >= count.max(1) {
                return values;
            }
            if self.ended {
                values.push(Value::Closed);
                return values;
            }
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return values;
            };
            self.read(left);
        }
    }

    fn read(&mut self, patience: Duration) {
        let mut buffer = [0; 64 * 1024];
        let _ = self.stream.set_read_timeout(Some(patience));
        match self.stream.read(&mut buffer) {
            Ok(0) => self.ended = true,
            Ok(count) => self.received.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(_) => self.ended = true,
        }
    }
}
