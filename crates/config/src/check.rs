//! Rules of single parameters, run after the value was stored.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::config::{Config, Text};
use crate::error::Why;

type Checked = Result<(), Why>;

fn require(holds: bool, line: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(Why::Rule(line)) }
}

/// Outside 1–500 the value is moved to the nearer end, without a word, as the peers do.
pub fn hz(c: &mut Config) -> Checked {
    c.hz = c.hz.clamp(1, 500);
    Ok(())
}

/// A smaller backlog than this is moved up to it.
const BACKLOG_MIN: u64 = 16 * 1024;

pub fn repl_backlog_size(c: &mut Config) -> Checked {
    c.repl_backlog_size = c.repl_backlog_size.max(BACKLOG_MIN);
    Ok(())
}

/// 0 is off; a shorter period than 200 ms is moved up to it, as Valkey 9.1 does at its usual `hz`.
pub fn watchdog_period(c: &mut Config) -> Checked {
    if c.watchdog_period > 0 {
        c.watchdog_period = c.watchdog_period.max(200);
    }
    Ok(())
}

pub fn dir(c: &mut Config) -> Checked {
    require(!c.dir.is_empty(), "dir can't be empty")
}

pub fn dbfilename(c: &mut Config) -> Checked {
    require(!c.dbfilename.is_empty(), "dbfilename can't be empty")?;
    require(is_base_name(&c.dbfilename), "dbfilename can't be a path, just a filename")
}

pub fn appendfilename(c: &mut Config) -> Checked {
    require(!c.appendfilename.is_empty(), "appendfilename can't be empty")?;
    require(is_base_name(&c.appendfilename), "appendfilename can't be a path, just a filename")
}

pub fn appenddirname(c: &mut Config) -> Checked {
    require(!c.appenddirname.is_empty(), "appenddirname can't be empty")?;
    require(is_base_name(&c.appenddirname), "appenddirname can't be a path, just a dirname")
}

fn is_base_name(name: &[u8]) -> bool {
    !name.contains(&b'/') && !name.contains(&b'\\')
}

pub fn cluster_config_file(c: &mut Config) -> Checked {
    require(!c.cluster_config_file.is_empty(), "cluster-config-file can't be empty")
}

/// These names travel in `nodes.conf` and on the bus, where such a byte would end them. What is allowed was tried
/// byte by byte on Valkey 9.1.2.
fn fits_a_node_line(name: &[u8]) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80 || b"-./:_`".contains(&b);
    name.iter().all(|&byte| allowed(byte))
}

pub fn announce_ip(c: &mut Config) -> Checked {
    let Some(ip) = &c.cluster_announce_ip else { return Ok(()) };
    require(ip.len() < 46, "cluster-announce-ip is too long")?;
    require(fits_a_node_line(ip), "cluster-announce-ip contains invalid character")
}

pub fn announce_human_nodename(c: &mut Config) -> Checked {
    let name = c.cluster_announce_human_nodename.as_deref().unwrap_or_default();
    require(fits_a_node_line(name), "Announced human node name contained invalid character")
}

pub fn announce_hostname(c: &mut Config) -> Checked {
    let Some(name) = &c.cluster_announce_hostname else { return Ok(()) };
    require(name.len() < 256, "Hostnames must be less than 256 characters")?;
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    require(name.iter().all(allowed), "Hostnames may only contain alphanumeric characters, hyphens or dots")
}

pub fn announce_ipv4(c: &mut Config) -> Checked {
    require(is_address::<Ipv4Addr>(&c.cluster_announce_client_ipv4), "Invalid IPv4 address")
}

pub fn announce_ipv6(c: &mut Config) -> Checked {
    require(is_address::<Ipv6Addr>(&c.cluster_announce_client_ipv6), "Invalid IPv6 address")
}

fn is_address<A: std::str::FromStr>(text: &Option<Text>) -> bool {
    let Some(text) = text else { return true };
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<A>().is_ok())
}

/// What `{…}` may stand for in the process title.
pub const TITLE_VARIABLES: &[&str] =
    &["title", "config-file", "listen-addr", "port", "tls-port", "unixsocket", "server-mode"];

pub fn proc_title_template(c: &mut Config) -> Checked {
    require(
        title_is_well_formed(&c.proc_title_template),
        "template format is invalid or contains unknown variables",
    )
}

/// `{{` is a brace. A template that shows nothing but blanks when the title is empty is refused as well, so
/// `{title}` alone is none.
fn title_is_well_formed(template: &[u8]) -> bool {
    let Ok(mut rest) = std::str::from_utf8(template) else { return false };
    let mut shows_something = false;
    while let Some((before, after)) = rest.split_once('{') {
        shows_something |= !before.trim().is_empty();
        if let Some(literal) = after.strip_prefix('{') {
            shows_something = true;
            rest = literal;
            continue;
        }
        let Some((name, tail)) = after.split_once('}') else { return false };
        if !TITLE_VARIABLES.contains(&name) {
            return false;
        }
        shows_something |= name != "title";
        rest = tail;
    }
    shows_something || !rest.trim().is_empty()
}

/// Text is compared by its bytes here, which is the order of these locales only.
pub fn locale_collate(c: &mut Config) -> Checked {
    let by_bytes = matches!(c.locale_collate.as_slice(), b"" | b"C" | b"POSIX" | b"C.UTF-8" | b"C.utf8");
    require(by_bytes, "Invalid locale name")
}

pub fn hash_seed(c: &mut Config) -> Checked {
    let length = c.hash_seed.as_ref().map_or(0, Vec::len);
    require(length <= 256, "hash-seed must be less than or equal to 256 characters")
}

const BOTH_SAVE_AND_NOSAVE: &str = "shutdown options SAVE and NOSAVE can't be used simultaneously";

pub fn shutdown_on_sigint(c: &mut Config) -> Checked {
    require(!c.shutdown_on_sigint.contradicts_itself(), BOTH_SAVE_AND_NOSAVE)
}

pub fn shutdown_on_sigterm(c: &mut Config) -> Checked {
    require(!c.shutdown_on_sigterm.contradicts_itself(), BOTH_SAVE_AND_NOSAVE)
}
