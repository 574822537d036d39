//! The filters of CLIENT LIST and CLIENT KILL: which clients are meant.
//!
//! All filters must let a client through. The same filter given twice counts once, with its last value, except ID and
//! NOT-ID, which add up. Most have a twin with `NOT-` that lets the others through. A NAME or library that was never
//! set is equal to no name, not even to an empty one.

use engine::client::Class;
use engine::client_list::{self, CAPA_LETTERS, FLAG_LETTERS};
use engine::{Client, CommandError, Ctx, Result};

/// Whether the client that asks is among those that are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Me {
    Included,
    Skipped,
}

/// One side of a filter's pair: what must be so, or (`NOT-`) must not be so.
#[derive(Default)]
struct Side<'a> {
    ids: Option<Vec<u64>>,
    kind: Option<Kind>,
    user: Option<&'a [u8]>,
    address: Option<&'a [u8]>,
    local_address: Option<&'a [u8]>,
    name: Option<&'a [u8]>,
    flags: Option<&'a [u8]>,
    lib_name: Option<&'a [u8]>,
    lib_version: Option<&'a [u8]>,
    db: Option<u32>,
    capa: Option<&'a [u8]>,
    ip: Option<&'a [u8]>,
}

pub(super) struct Filter<'a> {
    me: Me,
    max_age: Option<u64>,
    idle: Option<u64>,
    is: Side<'a>,
    is_not: Side<'a>,
}

/// The types that have a name; there are no primaries yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Normal,
    Replica,
    PubSub,
    Primary,
}

impl Kind {
    fn of(client: &Client) -> Kind {
        match client.class() {
            Class::Normal => Kind::Normal,
            Class::Replica => Kind::Replica,
            Class::PubSub => Kind::PubSub,
        }
    }

    fn parse(name: &[u8]) -> Result<Kind> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Ok(Kind::Normal),
            b"slave" | b"replica" => Ok(Kind::Replica),
            b"pubsub" => Ok(Kind::PubSub),
            b"master" | b"primary" => Ok(Kind::Primary),
            _ => Err(told("ERR Unknown client type '", name, "'")),
        }
    }
}

impl<'a> Filter<'a> {
    /// Everybody.
    pub(super) fn all(me: Me) -> Self {
        Filter { me, max_age: None, idle: None, is: Side::default(), is_not: Side::default() }
    }

    /// The clients from one address: the old form of CLIENT KILL.
    pub(super) fn at(address: &'a [u8]) -> Self {
        let mut filter = Filter::all(Me::Included);
        filter.is.address = Some(address);
        filter
    }

    /// Reads the words behind CLIENT LIST and CLIENT KILL.
    pub(super) fn parse(ctx: &Ctx<'a>, me: Me) -> Result<Self> {
        let mut filter = Filter::all(me);
        let mut at = 2;
        while let Some(word) = ctx.argv.get(at) {
            let word = word.to_ascii_uppercase();
            at = match word.strip_prefix(b"NOT-") {
                _ if word == b"SKIPME" || word == b"MAXAGE" || word == b"IDLE" => {
                    filter.read_plain(ctx, &word, at)?
                }
                Some(word) => filter.is_not.read(ctx, word, at, "NOT-")?,
                None => filter.is.read(ctx, &word, at, "")?,
            };
        }
        Ok(filter)
    }

    /// The filters without a twin. Returns where to read on.
    fn read_plain(&mut self, ctx: &Ctx<'a>, word: &[u8], at: usize) -> Result<usize> {
        let value = ctx.argv.get(at + 1).ok_or(CommandError::Syntax)?;
        match word {
            b"MAXAGE" => self.max_age = Some(seconds(value, "maxage")?),
            b"IDLE" => self.idle = Some(seconds(value, "idle")?),
            _ if ctx.is(at + 1, "YES") => self.me = Me::Skipped,
            _ if ctx.is(at + 1, "NO") => self.me = Me::Included,
            _ => return Err(CommandError::Syntax),
        }
        Ok(at + 2)
    }

    /// Whether a client is meant.
    pub(super) fn admits(&self, client: &Client, asking: u64, now_us: u64) -> bool {
        (self.me == Me::Included || client.id != asking)
            && self.max_age.is_none_or(|age| client_list::age_s(client, now_us) >= age)
            && self.idle.is_none_or(|idle| client_list::idle_s(client, now_us) >= idle)
            && self.is.verdicts(client).iter().all(|verdict| *verdict != Some(false))
            && self.is_not.verdicts(client).iter().all(|verdict| *verdict != Some(true))
    }
}

impl<'a> Side<'a> {
    /// Reads one filter; `prefix` is `NOT-` or nothing. Returns where to read on.
    fn read(&mut self, ctx: &Ctx<'a>, word: &[u8], at: usize, prefix: &str) -> Result<usize> {
        if word == b"ID" {
            return self.read_ids(ctx, at + 1);
        }
        let value = ctx.argv.get(at + 1).ok_or(CommandError::Syntax)?;
        match word {
            b"TYPE" => self.kind = Some(Kind::parse(value)?),
            b"USER" if ctx.server.access.users.find(value).is_some() => self.user = Some(value),
            b"USER" => return Err(told("ERR No such user '", value, "'")),
            b"ADDR" => self.address = Some(value),
            b"LADDR" => self.local_address = Some(value),
            b"NAME" => self.name = Some(value),
            b"LIB-NAME" => self.lib_name = Some(value),
            b"LIB-VER" => self.lib_version = Some(value),
            b"IP" => self.ip = Some(value),
            b"DB" => self.db = Some(database(ctx, value, prefix)?),
            b"FLAGS" => self.flags = Some(letters(value, FLAG_LETTERS, "flags", prefix)?),
            b"CAPA" => self.capa = Some(letters(value, CAPA_LETTERS, "capa", prefix)?),
            _ => return Err(CommandError::Syntax),
        }
        Ok(at + 2)
    }

    /// As many numbers as follow; if none does, nobody is meant.
    fn read_ids(&mut self, ctx: &Ctx<'a>, mut at: usize) -> Result<usize> {
        let ids = self.ids.get_or_insert_default();
        while let Some(id) = ctx.argv.get(at).and_then(stdx::num::parse_i64) {
            match u64::try_from(id) {
                Ok(id) if id > 0 => ids.push(id),
                _ => return Err(CommandError::Line("ERR client-id should be greater than 0")),
            }
            at += 1;
        }
        ids.sort_unstable();
        Ok(at)
    }

    /// For each filter that was given, whether it is so for a client.
    fn verdicts(&self, client: &Client) -> [Option<bool>; 12] {
        let about = &client.about;
        let named = |own: &[u8], wanted: Option<&[u8]>| wanted.map(|wanted| !own.is_empty() && own == wanted);
        [
            self.ids.as_ref().map(|ids| ids.binary_search(&client.id).is_ok()),
            self.kind.map(|kind| Kind::of(client) == kind),
            self.user.map(|user| about.user == user),
            self.address.map(|address| about.address.as_bytes() == address),
            self.local_address.map(|address| about.local_address.as_bytes() == address),
            named(&about.name, self.name),
            self.flags.map(|flags| has_letters(&client_list::flags(client), flags)),
            named(&about.lib_name, self.lib_name),
            named(&about.lib_version, self.lib_version),
            self.db.map(|db| client.db == db),
            self.capa.map(|capa| has_letters(client_list::capabilities(client), capa)),
            self.ip.map(|ip| ip_of(&about.address).as_bytes() == ip),
        ]
    }
}

/// Whether all the wanted letters are there.
fn has_letters(own: &str, wanted: &[u8]) -> bool {
    wanted.iter().all(|letter| own.as_bytes().contains(letter))
}

/// `ip:port` without the port, `[ip6]:port` without brackets and port.
fn ip_of(address: &str) -> &str {
    let ip = address.rsplit_once(':').map_or(address, |(ip, _)| ip);
    ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip)
}

/// A number of seconds above 0.
fn seconds(value: &[u8], what: &str) -> Result<u64> {
    let number = stdx::num::parse_i64(value);
    let number =
        number.ok_or_else(|| CommandError::told(format!("ERR {what} is not an integer or out of range")))?;
    match u64::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(CommandError::told(format!("ERR {what} should be greater than 0"))),
    }
}

fn database(ctx: &Ctx<'_>, value: &[u8], prefix: &str) -> Result<u32> {
    let number = stdx::num::parse_i64(value);
    let number = number
        .ok_or_else(|| CommandError::told(format!("ERR {prefix}DB is not an integer or out of range")))?;
    let databases = ctx.keyspace.databases();
    let known = u32::try_from(number).ok().filter(|index| *index < databases);
    known.ok_or_else(|| {
        CommandError::told(format!("ERR {prefix}DB number should be between 0 and {}", databases - 1))
    })
}

/// Letters that all are known.
fn letters<'a>(value: &'a [u8], known: &[u8], what: &str, prefix: &str) -> Result<&'a [u8]> {
    if value.iter().all(|letter| known.contains(letter)) {
        return Ok(value);
    }
    let filter =
        if prefix.is_empty() { "provided".into() } else { format!("{prefix}{}", what.to_ascii_uppercase()) };
    Err(told(&format!("ERR Unknown {what} found in the {filter} filter: "), value, ""))
}

fn told(before: &str, value: &[u8], after: &str) -> CommandError {
    CommandError::told(format!("{before}{}{after}", String::from_utf8_lossy(value)))
}

#[cfg(test)]
mod tests {
    use super::ip_of;

    #[test]
    fn an_address_without_its_port() {
        assert_eq!(ip_of("127.0.0.1:6379"), "127.0.0.1");
        assert_eq!(ip_of("[::1]:6379"), "::1");
        assert_eq!(ip_of("/tmp/socket:0"), "/tmp/socket");
    }
}
