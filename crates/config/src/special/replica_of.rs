//! `replicaof <host> <port>`, or `no one`.

use super::number;
use crate::error::Why;
use crate::field::{Field, in_quotes};
use crate::kind::Kind;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaOf {
    pub host: Vec<u8>,
    pub port: u16,
}

impl Field for Option<ReplicaOf> {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        *self = match words {
            // The default, shown as nothing.
            [b""] => None,
            [host, port] if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") => None,
            [host, port] => {
                let port = number(port).ok_or(Why::Rule("Invalid primary port"))?;
                Some(ReplicaOf { host: host.to_vec(), port })
            }
            _ => return Err(Why::WrongCount),
        };
        Ok(())
    }

    fn show(&self, _: &Kind) -> Vec<u8> {
        let Some(primary) = self else { return Vec::new() };
        let mut text = primary.host.clone();
        text.extend(format!(" {}", primary.port).bytes());
        text
    }

    fn write(&self, _: &Kind) -> Vec<Vec<u8>> {
        let Some(primary) = self else { return vec![b"no one".into()] };
        let mut text = in_quotes(&primary.host);
        text.extend(format!(" {}", primary.port).bytes());
        vec![text]
    }
}
