//! LOLWUT: a picture, and the version below it.
//!
//! Ours is drawn after the name: the red start, a sun that comes up over water. `VERSION` and numbers are taken as the peers
//! take them, of which two are used: columns and rows.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LOLWUT",
    summary: "Draws a picture and tells the version.",
    since: "5.0.0",
    group: Group::Server,
    complexity: "",
    arity: Arity::AtLeast(1),
    flags: Flags::READONLY.and(Flags::FAST),
    args: &[Arg::integer("version").token("VERSION").optional()],
    reply: "text to be shown as it is",
    run: lolwut,
    ..Command::BLANK
}];

/// Columns and rows: as they come, and at most.
const SIZE: (i64, i64) = (64, 16);
const LARGEST: (i64, i64) = (160, 60);

fn lolwut(ctx: &mut Ctx<'_>) -> Result {
    let mut first = 1;
    if ctx.argv.len() > 1 && ctx.is(1, "VERSION") {
        if ctx.argv.len() == 2 {
            return Err(CommandError::Syntax);
        }
        ctx.integer(2)?;
        first = 3;
    }
    let numbers = (first..ctx.argv.len()).map(|at| ctx.integer(at)).collect::<Result<Vec<i64>>>()?;
    let number =
        |at: usize, usual: i64, largest: i64| numbers.get(at).copied().unwrap_or(usual).clamp(1, largest);
    let (columns, rows) = (number(0, SIZE.0, LARGEST.0), number(1, SIZE.1, LARGEST.1));
    let phase = ctx.keyspace.env.rng.f64() * 6.3;
    let picture = sunrise(columns, rows, phase);
    ctx.client.out.verbatim(&format!("{picture}\nRedstart ver. {}\n", env!("CARGO_PKG_VERSION")));
    Ok(())
}

/// Sky with a half sun in the upper two thirds, and its broken image in the waves below.
fn sunrise(columns: i64, rows: i64, phase: f64) -> String {
    let horizon = (rows * 2 / 3) as f64;
    let middle = (columns as f64 - 1.0) / 2.0;
    let radius = (horizon * 0.8).min(middle * 0.5).max(0.5);
    let mut picture = String::new();
    for y in 0..rows {
        for x in 0..columns {
            // Letters are about twice as high as they are wide.
            let (dx, dy) = ((x as f64 - middle) / 2.0, horizon - y as f64);
            picture.push(if dy > 0.0 { sky(dx, dy, radius) } else { water(dx, -dy, radius, phase) });
        }
        picture.push('\n');
    }
    picture
}

fn sky(dx: f64, dy: f64, radius: f64) -> char {
    match dx.hypot(dy) / radius {
        r if r < 0.8 => '@',
        r if r < 1.0 => '#',
        r if r < 1.2 => ':',
        r if r < 1.5 => '.',
        _ => ' ',
    }
}

fn water(dx: f64, depth: f64, radius: f64, phase: f64) -> char {
    let wave = (dx * 0.9 + depth * 2.1 + phase).sin();
    let lit = dx.abs() < radius * (1.1 - depth / (radius * 4.0)) + wave;
    match (lit, wave > 0.0) {
        (true, true) => '=',
        (true, false) => '-',
        (false, true) => '~',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    use super::*;

    #[test]
    fn a_picture_of_the_size_asked_for() {
        let picture = sunrise(10, 4, 0.0);
        assert_eq!(picture.lines().count(), 4);
        assert!(picture.lines().all(|line| line.len() == 10));
        assert!(picture.contains('@'));
    }

    #[test]
    fn numbers_must_be_numbers() {
        check(
            r#"
            > LOLWUT
            *
            > LOLWUT VERSION 5 10 5
            *
            > LOLWUT VERSION x
            -ERR value is not an integer or out of range
            "#,
        );
    }
}
