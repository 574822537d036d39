//! A transcript as steps, and what went otherwise when they were played.

use std::fmt::Write;

use crate::text;
use crate::value::Value;

/// What is done in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// No words: only looks at what has arrived.
    Request {
        client: usize,
        words: Vec<Vec<u8>>,
    },
    Wait(u64),
    Config {
        name: String,
        value: Vec<u8>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Counts from 1, within the transcript.
    pub line: usize,
    /// The line itself.
    pub text: String,
    pub action: Action,
    pub expected: Vec<Value>,
}

/// Whoever answers.
pub trait Player {
    /// Does what the step says; the replies, or why it could not be done.
    fn act(&mut self, step: &Step) -> Result<Vec<Value>, String>;
}

/// An answer other than the expected one.
#[derive(Clone, Debug)]
pub struct Difference {
    pub line: usize,
    pub text: String,
    pub expected: Vec<Value>,
    pub got: Result<Vec<Value>, String>,
}

/// Reads a transcript. The error says in which line something is wrong.
pub fn parse(transcript: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<(Step, String)> = Vec::new();
    for (at, line) in transcript.lines().enumerate() {
        let line = line.trim();
        let at = at + 1;
        let fault = |why: String| format!("line {at} of the transcript: {why}: {line}");
        if line.is_empty() || line == "#" || line.starts_with("# ") {
            continue;
        }
        if let Some(action) = action(line).map_err(fault)? {
            steps.push((
                Step { line: at, text: line.to_owned(), action, expected: Vec::new() },
                String::new(),
            ));
            continue;
        }
        let Some((_, expected)) = steps.last_mut() else {
            return Err(fault("a reply before any request".to_owned()));
        };
        expected.push_str(line);
        expected.push('\n');
    }
    steps.into_iter().map(with_expectation).collect()
}

fn with_expectation((mut step, expected): (Step, String)) -> Result<Step, String> {
    step.expected = text::values(&expected).map_err(|why| {
        format!("the reply after line {} of the transcript ({}): {why}", step.line, step.text)
    })?;
    Ok(step)
}

/// What a line asks for; `None` if it is (part of) a reply.
fn action(line: &str) -> Result<Option<Action>, String> {
    if let Some(order) = line.strip_prefix("! ") {
        return order_of(order).map(Some);
    }
    let Some((client, request)) = line.split_once('>') else { return Ok(None) };
    let starts = request.is_empty() || request.starts_with(' ');
    let client = match client {
        "" => 1,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().unwrap_or(0),
        _ => 0,
    };
    if !starts || client == 0 {
        return Ok(None);
    }
    let words = stdx::words::split(request.as_bytes()).ok_or("unbalanced quotes")?;
    Ok(Some(Action::Request { client, words }))
}

fn order_of(order: &str) -> Result<Action, String> {
    let words = stdx::words::split(order.as_bytes()).ok_or("unbalanced quotes")?;
    let text =
        |at: usize| words.get(at).map(|word| String::from_utf8_lossy(word).into_owned()).unwrap_or_default();
    match (text(0).as_str(), words.len()) {
        ("wait", 2) => {
            text(1).parse().map(Action::Wait).map_err(|_| "not a number of milliseconds".to_owned())
        }
        ("config", 3) => Ok(Action::Config { name: text(1), value: words[2].clone() }),
        _ => Err("neither `wait MS` nor `config NAME VALUE`".to_owned()),
    }
}

/// Plays the steps; every one, whatever became of those before it.
pub fn play(steps: &[Step], player: &mut dyn Player) -> Vec<Difference> {
    let mut differences = Vec::new();
    for step in steps {
        let got = player.act(step);
        if !got.as_ref().is_ok_and(|got| admits(&step.expected, got)) {
            let (text, expected) = (step.text.clone(), step.expected.clone());
            differences.push(Difference { line: step.line, text, expected, got });
        }
    }
    differences
}

fn admits(expected: &[Value], got: &[Value]) -> bool {
    expected.len() == got.len() && expected.iter().zip(got).all(|(expected, got)| expected.admits(got))
}

/// The differences, for people.
pub fn report(differences: &[Difference]) -> String {
    let mut out = String::new();
    for Difference { line, text, expected, got } in differences {
        let got = match got {
            Ok(got) => shown(got),
            Err(why) => why.clone(),
        };
        let _ = write!(out, "line {line}: {text}\n  expected: {}\n       got: {got}\n", shown(expected));
    }
    out
}

fn shown(values: &[Value]) -> String {
    if values.is_empty() {
        return "(nothing)".to_owned();
    }
    let lines: Vec<String> = values.iter().map(Value::to_string).collect();
    lines.join("\n            ")
}
