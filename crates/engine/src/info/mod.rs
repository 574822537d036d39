//! INFO: **one section is one record**, in a file of its own, listed below in the order of the answer.
//!
//! A section's function writes `name:value` lines from [`Facts`]. Fields of parts that do not exist (replicas,
//! scripts, the cluster) say so truthfully, with zeros, where clients and exporters expect them to be there.
//!
//! To add a field, write a line in its section's file. The names are the peers': dashboards ask for them.

mod clients;
mod cluster;
mod commands;
mod cpu;
mod debug;
mod keyspace;
mod memory;
mod modules;
mod persistence;
mod replication;
mod scripting;
mod server;
mod stats;
mod tls;

use std::fmt::{Display, Write};

use ::keyspace::Keyspace;

use crate::client::Client;
use crate::ctx::Ctx;
use crate::host::Host;
use crate::registry::Registry;
use crate::state::ServerState;

/// What sections are written from.
pub struct Facts<'a> {
    pub keyspace: &'a Keyspace,
    pub server: &'a ServerState,
    pub registry: &'a Registry,
    pub host: &'a dyn Host,
    /// Who asks, and is therefore not among the server's clients just now.
    pub asking: &'a Client,
}

impl<'a> Facts<'a> {
    pub fn of(ctx: &'a Ctx<'_>) -> Facts<'a> {
        Facts {
            keyspace: ctx.keyspace,
            server: ctx.server,
            registry: ctx.registry,
            host: ctx.host,
            asking: ctx.client,
        }
    }

    /// All clients, the one that asks included.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        self.server.clients.iter().chain(std::iter::once(self.asking))
    }
}

/// When a section is in the answer without being asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// INFO without arguments, and all that follow.
    ByDefault,
    /// INFO ALL and INFO EVERYTHING.
    WithAll,
    /// Never.
    ByNameOnly,
}

struct Section {
    title: &'static str,
    /// What it is asked for as.
    names: &'static [&'static str],
    shown: Shown,
    write: fn(&Facts<'_>, &mut Text),
}

/// In the order of the answer, whatever the order of the question.
static SECTIONS: &[Section] = &[
    server::SECTION,
    tls::SECTION,
    clients::SECTION,
    memory::SECTION,
    persistence::SECTION,
    stats::SECTION,
    replication::SECTION,
    cpu::SECTION,
    modules::SECTION,
    commands::STATS,
    commands::ERRORS,
    commands::LATENCY,
    cluster::SECTION,
    cluster::DETAILS,
    scripting::SECTION,
    keyspace::SECTION,
    debug::SECTION,
];

/// The sections that the words ask for, written out; no words are `default`, unknown ones are passed over.
pub fn render<'w>(facts: &Facts<'_>, words: impl Iterator<Item = &'w [u8]> + Clone) -> String {
    let mut text = Text::default();
    for section in SECTIONS.iter().filter(|section| section.is_wanted(words.clone())) {
        text.title(section.title);
        (section.write)(facts, &mut text);
    }
    text.lines
}

impl Section {
    fn is_wanted<'w>(&self, words: impl Iterator<Item = &'w [u8]>) -> bool {
        let mut words = words.peekable();
        if words.peek().is_none() {
            return self.shown == Shown::ByDefault;
        }
        words.any(|word| self.is_meant_by(word))
    }

    fn is_meant_by(&self, word: &[u8]) -> bool {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        match self.shown {
            Shown::ByDefault if is("default") => true,
            Shown::ByDefault | Shown::WithAll if is("all") || is("everything") => true,
            _ => self.names.iter().any(|name| is(name)),
        }
    }
}

/// The lines of an answer.
#[derive(Default)]
struct Text {
    lines: String,
}

impl Text {
    fn title(&mut self, title: &str) {
        if !self.lines.is_empty() {
            self.lines.push_str("\r\n");
        }
        self.field_with("# ", title, "");
    }

    fn field(&mut self, name: &str, value: impl Display) {
        self.field_with(name, ":", value);
    }

    fn field_with(&mut self, name: &str, between: &str, value: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.lines, "{name}{between}{value}\r\n");
    }

    /// Many fields of the same value: of parts that do not exist yet.
    fn all(&mut self, names: &[&str], value: impl Display + Copy) {
        names.iter().for_each(|name| self.field(name, value));
    }

    /// `name:bytes` and `name_human:1.50M`.
    fn memory(&mut self, name: &str, bytes: u64) {
        self.field(name, bytes);
        self.field_with(name, "_human:", stdx::size::human(bytes));
    }

    fn ratio(&mut self, name: &str, value: f64) {
        self.field(name, format_args!("{value:.2}"));
    }

    fn percent(&mut self, name: &str, value: f64) {
        self.field(name, format_args!("{value:.2}%"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(words: &[&str]) -> Vec<&'static str> {
        let words = words.iter().map(|word| word.as_bytes());
        SECTIONS
            .iter()
            .filter(|section| section.is_wanted(words.clone()))
            .map(|section| section.title)
            .collect()
    }

    #[test]
    fn sections_are_chosen_as_the_peers_do() {
        let default = [
            "Server",
            "Clients",
            "Memory",
            "Persistence",
            "Stats",
            "Replication",
            "CPU",
            "Modules",
            "Errorstats",
            "Cluster",
            "Keyspace",
        ];
        assert_eq!(wanted(&[]), default);
        assert_eq!(wanted(&["DEFAULT"]), default);
        assert_eq!(wanted(&["all"]).len(), SECTIONS.len() - 1);
        assert_eq!(wanted(&["everything"]), wanted(&["all"]));
        assert_eq!(wanted(&["cpu", "nosuch", "Server"]), ["Server", "CPU"]);
        assert_eq!(wanted(&["module_list"]), ["Modules"]);
        assert_eq!(wanted(&["debug"]), ["Debug"]);
        assert!(wanted(&["sentinel"]).is_empty());
    }

    #[test]
    fn names_are_asked_for_once() {
        let mut names: Vec<&str> = SECTIONS.iter().flat_map(|section| section.names).copied().collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn sections_are_parted_by_an_empty_line() {
        let mut text = Text::default();
        text.title("One");
        text.memory("used", 1536);
        text.title("Two");
        text.all(&["a", "b"], 0);
        assert_eq!(text.lines, "# One\r\nused:1536\r\nused_human:1.50K\r\n\r\n# Two\r\na:0\r\nb:0\r\n");
    }
}
