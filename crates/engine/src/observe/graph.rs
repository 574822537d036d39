//! LATENCY GRAPH: a series of spikes drawn with letters, four rows high, eighty columns wide, the age of each below.
//!
//! ```text
//!    _#      a column is as high as its spike is above the smallest one, in twelve steps: a row has three
//!   _||      (`_` low, `o` half, `#` full), and `|` where the column goes on above
//!  _|||
//! _||||
//!
//! 54321      seconds (minutes, hours, days) ago, read downwards
//! sssss
//! ```

use super::latency::Series;

const ROWS: usize = 4;
const STEPS: [char; 3] = ['_', 'o', '#'];
const WIDTH: usize = 80;

/// The whole answer, title included. A series has at least one sample.
pub fn draw(event: &str, series: &Series, now_s: i64) -> String {
    let values = || series.samples.iter().map(|(_, ms)| *ms);
    let (low, high) = (values().min().unwrap_or(0), values().max().unwrap_or(0));
    let title = format!("{event} - high {high} ms, low {low} ms (all time high {} ms)\n", series.max_ms);
    let columns: Vec<Column> = series
        .samples
        .iter()
        .map(|(second, ms)| Column { step: step(*ms, low, high), age: age(now_s - second) })
        .collect();
    let blocks: Vec<String> = columns.chunks(WIDTH).map(block).collect();
    format!("{title}{}\n{}", "-".repeat(WIDTH), blocks.join("\n"))
}

struct Column {
    /// 0 to `ROWS * STEPS - 1`.
    step: usize,
    age: String,
}

fn step(ms: u64, low: u64, high: u64) -> usize {
    let steps = ROWS * STEPS.len();
    let scaled = u128::from(ms - low) * steps as u128 / u128::from((high - low).max(1));
    (scaled as usize).min(steps - 1)
}

fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3600 => format!("{}m", s / 60),
        s @ 3600..86400 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86400),
    }
}

fn block(columns: &[Column]) -> String {
    let label_rows = columns.iter().map(|column| column.age.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut line = |letter: &dyn Fn(&Column) -> char| {
        text.extend(columns.iter().map(letter));
        text.push('\n');
    };
    for row in (0..ROWS).rev() {
        line(&|column| match column.step.checked_sub(row * STEPS.len()) {
            None => ' ',
            Some(over) => STEPS.get(over).copied().unwrap_or('|'),
        });
    }
    line(&|_| ' ');
    for row in 0..label_rows {
        line(&|column| column.age.as_bytes().get(row).map_or(' ', |byte| char::from(*byte)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: impl IntoIterator<Item = u64>) -> Series {
        let samples = values.into_iter().enumerate().map(|(second, ms)| (second as i64, ms)).collect();
        Series { samples, max_ms: 20, ..Series::default() }
    }

    #[test]
    fn columns_grow_with_the_spikes() {
        let drawn = draw("command", &series([15, 3, 6, 9, 12, 15]), 6);
        let dashes = "-".repeat(80);
        let lines: Vec<&str> = drawn.split('\n').collect();
        let shown = ["#   _#", "|  _||", "| _|||", "|_||||", "      ", "654321", "ssssss", ""];
        assert_eq!(lines[..2], ["command - high 15 ms, low 3 ms (all time high 20 ms)", dashes.as_str()]);
        assert_eq!(lines[2..], shown);
    }

    #[test]
    fn long_series_are_drawn_in_blocks() {
        let drawn = draw("fork", &series([7; 160]), 86_400);
        assert_eq!(drawn.matches("\n\n").count(), 1);
        assert!(drawn.lines().all(|line| line.len() <= 80));
        assert!(drawn.contains(&"_".repeat(80)), "equal spikes are a line at the bottom");
    }
}
