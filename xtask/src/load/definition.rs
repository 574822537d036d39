//! The definition file: as much TOML as it needs.

use std::collections::BTreeMap;

pub struct Definition {
    pub connections: usize,
    pub pipelines: Vec<usize>,
    pub few: usize,
    pub many: usize,
    pub keys: usize,
    pub value_bytes: usize,
    pub tolerance: f64,
    pub options: Vec<(String, String)>,
    pub workloads: Vec<Workload>,
}

pub struct Workload {
    pub name: String,
    /// Empty: nothing to prepare.
    pub before: String,
    /// What each connection asks first; empty: nothing.
    pub session: String,
    pub request: String,
    pub reply: String,
    /// Connections that listen to the channel `channel`.
    pub subscribers: usize,
    /// Only so many times fewer requests are measured, because each is so dear.
    pub fewer: usize,
    /// `no`: it is played by `side` only, since callgrind would take minutes.
    pub counted: bool,
    /// Its own tolerance, where the count depends on how requests meet: per cent above the record that fail.
    pub tolerance: Option<f64>,
}

type Section = BTreeMap<String, String>;

impl Definition {
    pub fn parse(text: &str) -> Result<Definition, String> {
        let mut sections = sections(text);
        if sections.is_empty() {
            return Err("the definition is empty".to_owned());
        }
        let (_, head) = sections.remove(0);
        let number = |name: &str| -> Result<usize, String> {
            let value = head.get(name).ok_or(format!("the definition lacks {name}"))?;
            value.replace('_', "").parse().map_err(|_| format!("{name}: {value} is no number"))
        };
        let pipelines = head.get("pipelines").map(String::as_str).unwrap_or("1");
        let mut definition = Definition {
            connections: number("connections")?,
            pipelines: pipelines
                .trim_matches(['[', ']'])
                .split(',')
                .filter_map(|n| n.trim().parse().ok())
                .collect(),
            few: number("few")?,
            many: number("many")?,
            keys: number("keys")?,
            value_bytes: number("value_bytes")?,
            tolerance: number("tolerance")? as f64,
            options: Vec::new(),
            workloads: Vec::new(),
        };
        for (name, section) in sections {
            if name == "options" {
                definition.options = section.into_iter().collect();
                continue;
            }
            let field = |field: &str| section.get(field).cloned().unwrap_or_default();
            let number = |name: &str| section.get(name).and_then(|value| value.parse().ok());
            definition.workloads.push(Workload {
                name,
                before: field("before"),
                session: field("session"),
                request: field("request"),
                reply: field("reply"),
                subscribers: number("subscribers").unwrap_or(0),
                fewer: number("fewer").unwrap_or(1),
                tolerance: number("tolerance").map(|per_cent| per_cent as f64),
                counted: section.get("counted").is_none_or(|counted| counted != "no"),
            });
        }
        Ok(definition)
    }
}

/// Sections in their order, the nameless one first.
fn sections(text: &str) -> Vec<(String, Section)> {
    let mut all = vec![(String::new(), Section::new())];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            all.push((name.to_owned(), Section::new()));
        } else if let (Some((name, value)), Some((_, section))) = (line.split_once(" = "), all.last_mut()) {
            section.insert(name.to_owned(), value.trim_matches('"').to_owned());
        }
    }
    all
}
