//! `cargo x bench-ir`: instructions for a request, against the record.
//!
//! The definition, and why two runs are subtracted, is in `benches/definitions/instructions.toml`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::load::client::{self, Dice, Stage};
use crate::load::definition::{Definition, Workload};
use crate::load::server::Server;
use crate::tree::{self, Tree};

const DEFINITION: &str = "benches/definitions/instructions.toml";
const RECORD: &str = "benches/record/instructions.tsv";
const PROGRAM: &str = "target/release/redstart-server";

#[derive(Default)]
struct Wish {
    program: Option<PathBuf>,
    only: Option<String>,
    update: bool,
}

pub fn run(args: &[String]) -> Result<(), String> {
    let wish = wish(args)?;
    let tree = Tree::read()?;
    let definition = Definition::parse(tree.get(DEFINITION).ok_or(format!("{DEFINITION} is missing"))?)?;
    let program = wish.program.clone().unwrap_or_else(|| tree::root().join(PROGRAM));
    if !program.exists() {
        return Err(format!("{} is missing: run `cargo build --release` first", program.display()));
    }
    let record = read_record(tree.get(RECORD).unwrap_or_default());
    let mut measured = record.clone();
    let mut faults = Vec::new();
    println!("{:8} {:>3} {:>14} {:>10} {:>8}", "workload", "P", "instructions", "record", "");
    for workload in definition
        .workloads
        .iter()
        .filter(|workload| workload.counted && wish.only.as_ref().is_none_or(|only| workload.name == *only))
    {
        for pipeline in &definition.pipelines {
            let cost = measure(&program, &definition, workload, *pipeline)?;
            let key = (workload.name.clone(), *pipeline);
            let before = record.get(&key).copied();
            println!(
                "{:8} {pipeline:>3} {cost:>14.1} {:>10} {:>8}",
                workload.name,
                shown(before),
                change(before, cost)
            );
            let tolerance = workload.tolerance.unwrap_or(definition.tolerance);
            if before.is_some_and(|before| cost > before * (1.0 + tolerance / 100.0)) {
                faults.push(format!(
                    "{} at P={pipeline}: {cost:.1}, recorded {}",
                    workload.name,
                    shown(before)
                ));
            }
            measured.insert(key, cost);
        }
    }
    if wish.update {
        return write_record(&tree, &measured);
    }
    if faults.is_empty() || wish.program.is_some() {
        Ok(())
    } else {
        Err(format!("dearer than recorded:\n{}", faults.join("\n")))
    }
}

fn wish(args: &[String]) -> Result<Wish, String> {
    let mut wish = Wish::default();
    let mut args = args.iter();
    while let Some(option) = args.next() {
        let mut value = || args.next().cloned().ok_or(format!("{option} wants a value"));
        match option.as_str() {
            "--update" => wish.update = true,
            "--only" => wish.only = Some(value()?),
            "--server" => wish.program = Some(PathBuf::from(value()?)),
            other => {
                return Err(format!("{other}: not known; --update, --only WORKLOAD and --server PATH are"));
            }
        }
    }
    Ok(wish)
}

/// Instructions of one request.
fn measure(
    program: &Path,
    definition: &Definition,
    workload: &Workload,
    pipeline: usize,
) -> Result<f64, String> {
    let total = |requests| -> Result<f64, String> {
        let server = Server::start_counted(program, &definition.options)?;
        drive(&server, definition, workload, pipeline, requests)
            .map_err(|error| format!("{} at P={pipeline}: {error}", workload.name))?;
        server.instructions()
    };
    let (few, many) = (definition.few / workload.fewer, definition.many / workload.fewer);
    // Only whole rounds are played.
    let round = definition.connections * pipeline;
    let (few, many) = (few / round * round, many / round * round);
    Ok((total(many)? - total(few)?) / (many - few) as f64)
}

/// Sends so many requests.
fn drive(
    server: &Server,
    definition: &Definition,
    workload: &Workload,
    pipeline: usize,
    requests: usize,
) -> std::io::Result<()> {
    let mut brake = server.brake()?;
    let mut stage = Stage::prepare(server.port, definition, workload)?;
    let mut dice = Dice(1);
    for _ in 0..requests / (definition.connections * pipeline) {
        stage.round(workload, pipeline, Some(&mut brake), |_| {
            let request = || client::bytes(&workload.request, definition, || dice.below(definition.keys));
            std::iter::repeat_with(request).take(pipeline).flatten().collect()
        })?;
    }
    Ok(())
}

type Record = BTreeMap<(String, usize), f64>;

fn read_record(text: &str) -> Record {
    let line = |line: &str| {
        let mut words = line.split('\t');
        Some(((words.next()?.to_owned(), words.next()?.parse().ok()?), words.next()?.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

fn write_record(tree: &Tree, measured: &Record) -> Result<(), String> {
    let mut text = String::from("workload\tpipeline\tinstructions\n");
    for ((name, pipeline), cost) in measured {
        let _ = writeln!(text, "{name}\t{pipeline}\t{cost:.1}");
    }
    std::fs::create_dir_all(tree.root.join(RECORD).with_file_name("")).map_err(|error| error.to_string())?;
    std::fs::write(tree.root.join(RECORD), text).map_err(|error| format!("{RECORD}: {error}"))
}

fn shown(before: Option<f64>) -> String {
    before.map_or("-".to_owned(), |before| format!("{before:.1}"))
}

fn change(before: Option<f64>, now: f64) -> String {
    before.map_or(String::new(), |before| format!("{:+.1} %", (now / before - 1.0) * 100.0))
}
