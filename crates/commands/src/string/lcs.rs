//! LCS: the longest common subsequence of two strings.
//!
//! The usual table of lengths (Wagner and Fischer, 1974), filled row by row and then walked back from its corner. Only
//! the last row of lengths is kept: of all cells together, the way back needs to know one bit. The length alone needs
//! no bits at all.
//!
//! ```text
//!          m y n e w t e x t      a cell is `above` if leaving out the byte of the row is better than leaving out
//!      o   . . . . . . . . .      that of the column; of equals it is not, so the walk goes left. That decides
//!      h   . . . . . . . . .      which of several subsequences is found, as with the peers.
//!      m   = . . . . . . . .
//!      y   ^ = . . . . . . .
//! ```
//!
//! The peers keep a table of `u32` and refuse one that is larger than `proto-max-bulk-len`. So do we, by that size,
//! though ours has a 32nd of it.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Str;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LCS",
    summary: "Finds the longest common subsequence of two strings.",
    since: "7.0.0",
    group: Group::String,
    arity: Arity::AtLeast(3),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).range(1, 1, 0).ro().access()],
    args: &[
        Arg::key("key1"),
        Arg::key("key2"),
        Arg::word("len", "LEN").optional(),
        Arg::word("idx", "IDX").optional(),
        Arg::integer("min-match-len").token("MINMATCHLEN").optional(),
        Arg::word("withmatchlen", "WITHMATCHLEN").optional(),
    ],
    reply: "the subsequence; its length with LEN; the matching ranges with IDX",
    complexity: "O(N*M), N and M = lengths of the strings",
    run: lcs,
    ..Command::BLANK
}];

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Wanted {
    #[default]
    Text,
    Length,
    Ranges,
}

#[derive(Default)]
struct Options {
    wanted: Wanted,
    min_match: i64,
    with_match_len: bool,
}

fn options(ctx: &Ctx<'_>) -> Result<Options> {
    let mut options = Options::default();
    let (mut len, mut idx) = (false, false);
    let mut at = 3;
    while at < ctx.argv.len() {
        match () {
            () if ctx.is(at, "LEN") => len = true,
            () if ctx.is(at, "IDX") => idx = true,
            () if ctx.is(at, "WITHMATCHLEN") => options.with_match_len = true,
            () if ctx.is(at, "MINMATCHLEN") && at + 1 < ctx.argv.len() => {
                at += 1;
                options.min_match = ctx.integer(at)?.max(0);
            }
            () => return Err(CommandError::Syntax),
        }
        at += 1;
    }
    options.wanted = match (len, idx) {
        (true, true) => {
            return Err(CommandError::Line(
                "ERR If you want both the length and indexes, please just use IDX.",
            ));
        }
        (true, false) => Wanted::Length,
        (false, true) => Wanted::Ranges,
        (false, false) => Wanted::Text,
    };
    Ok(options)
}

fn lcs(ctx: &mut Ctx<'_>) -> Result {
    let (a, b) = (source(ctx, 1)?, source(ctx, 2)?);
    let options = options(ctx)?;
    check_size(ctx, &a, &b)?;
    if options.wanted == Wanted::Length {
        return ctx.int(i64::from(fill(&a, &b, |_, _| ())));
    }
    let (table, len) = Table::new(&a, &b)?;
    let runs = table.walk(&a, &b);
    if options.wanted == Wanted::Ranges {
        answer_ranges(&mut ctx.client.out, &runs, len, &options);
        return Ok(());
    }
    let mut text = Vec::with_capacity(len as usize);
    for run in runs.iter().rev() {
        text.extend_from_slice(&a[run.a..run.a + run.len]);
    }
    ctx.bulk(&text)
}

/// The string under a key; a missing one is empty.
fn source(ctx: &mut Ctx<'_>, index: usize) -> Result<Vec<u8>> {
    const NO_STRINGS: CommandError = CommandError::Line("ERR The specified keys must contain string values");
    let key = ctx.key(index);
    let value = ctx.db().read_str(key).map_err(|_| NO_STRINGS)?;
    Ok(value.map_or_else(Vec::new, Str::to_vec))
}

/// Refuses what would need a table larger than `proto-max-bulk-len` in the peers.
fn check_size(ctx: &Ctx<'_>, a: &[u8], b: &[u8]) -> Result {
    if a.len() >= u32::MAX as usize - 1 || b.len() >= u32::MAX as usize - 1 {
        return Err(CommandError::Line("ERR String too long for LCS"));
    }
    // Two factors below 2^32: no overflow but for the size of a cell.
    let cells = (a.len() as u64 + 1) * (b.len() as u64 + 1);
    if cells.saturating_mul(4) > ctx.server.config.proto_max_bulk_len {
        return Err(CommandError::Line(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    Ok(())
}

fn answer_ranges(out: &mut engine::Outbox, runs: &[Match], len: u32, options: &Options) {
    let shown = || runs.iter().filter(|run| run.len as i64 >= options.min_match);
    out.map(2);
    out.bulk(b"matches");
    out.array(shown().count());
    for run in shown() {
        run.answer(out, options.with_match_len);
    }
    out.bulk(b"len");
    out.integer(i64::from(len));
}

/// A run of equal bytes: where it begins in both strings, and its length.
#[derive(Debug, PartialEq, Eq)]
struct Match {
    a: usize,
    b: usize,
    len: usize,
}

impl Match {
    fn answer(&self, out: &mut engine::Outbox, with_len: bool) {
        out.array(2 + usize::from(with_len));
        for start in [self.a, self.b] {
            out.array(2);
            out.integer(start as i64);
            out.integer((start + self.len - 1) as i64);
        }
        if with_len {
            out.integer(self.len as i64);
        }
    }
}

/// Fills the table, row by row, and tells of each cell whose bytes differ and whose longest subsequence is found above
/// it only. Answers the length of the longest of all.
fn fill(a: &[u8], b: &[u8], mut above: impl FnMut(usize, usize)) -> u32 {
    // `row[j]`: the length for `b[..j]` and the bytes of `a` so far.
    let mut row = vec![0u32; b.len() + 1];
    for (i, x) in a.iter().enumerate() {
        let (mut diagonal, mut left) = (0, 0);
        for (j, y) in b.iter().enumerate() {
            let up = row[j + 1];
            let here = if x == y {
                diagonal + 1
            } else if up > left {
                above(i, j);
                up
            } else {
                left
            };
            row[j + 1] = here;
            (diagonal, left) = (up, here);
        }
    }
    row[b.len()]
}

/// One bit for each pair of bytes: the way back goes up there.
struct Table {
    above: Vec<u64>,
    width: usize,
}

impl Table {
    fn new(a: &[u8], b: &[u8]) -> Result<(Table, u32)> {
        const NO_MEMORY: CommandError =
            CommandError::Line("ERR Insufficient memory, failed allocating transient memory for LCS");
        let (words, width) = ((a.len() * b.len()).div_ceil(64), b.len());
        let mut above = Vec::new();
        above.try_reserve_exact(words).map_err(|_| NO_MEMORY)?;
        above.resize(words, 0u64);
        let len = fill(a, b, |i, j| {
            let cell = i * width + j;
            above[cell / 64] |= 1 << (cell % 64);
        });
        Ok((Table { above, width }, len))
    }

    fn goes_up(&self, i: usize, j: usize) -> bool {
        let cell = i * self.width + j;
        self.above[cell / 64] >> (cell % 64) & 1 == 1
    }

    /// The runs that the subsequence is made of, the last one first.
    fn walk(&self, a: &[u8], b: &[u8]) -> Vec<Match> {
        let (mut i, mut j) = (a.len(), b.len());
        let mut runs: Vec<Match> = Vec::new();
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                match runs.last_mut() {
                    Some(run) if run.a == i && run.b == j => {
                        *run = Match { a: i - 1, b: j - 1, len: run.len + 1 };
                    }
                    _ => runs.push(Match { a: i - 1, b: j - 1, len: 1 }),
                }
                i -= 1;
                j -= 1;
            } else if self.goes_up(i - 1, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use testkit::check;

    use super::{Table, fill};

    #[test]
    fn the_longest_common_subsequence_is_found() {
        check(
            r#"
            > MSET a ohmytext b mynewtext
            +OK
            > LCS a b
            "mytext"
            > LCS a b LEN
            :6
            > LCS a b IDX
            ["matches" [[[:4 :7] [:5 :8]] [[:2 :3] [:0 :1]]] "len" :6]
            > LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
            ["matches" [[[:4 :7] [:5 :8] :4]] "len" :6]
            > LCS a b IDX WITHMATCHLEN MINMATCHLEN -5
            ["matches" [[[:4 :7] [:5 :8] :4] [[:2 :3] [:0 :1] :2]] "len" :6]
            > LCS a b MINMATCHLEN 3 WITHMATCHLEN
            "mytext"
            > LCS a a IDX
            ["matches" [[[:0 :7] [:0 :7]]] "len" :8]
            > MSET n 123 m 3123
            +OK
            > LCS n m
            "123"
            "#,
        );
    }

    #[test]
    fn nothing_is_in_common_with_nothing() {
        check(
            r#"
            > SET a x
            +OK
            > LCS a nothing
            ""
            > LCS nothing nothing LEN
            :0
            > LCS a nothing IDX
            ["matches" [] "len" :0]
            "#,
        );
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        check(
            r#"
            > LCS a b LEN IDX
            -ERR If you want both the length and indexes, please just use IDX.
            > LCS a b foo
            -ERR syntax error
            > LCS a b MINMATCHLEN
            -ERR syntax error
            > LCS a b MINMATCHLEN x
            -ERR value is not an integer or out of range
            ! config proto-max-bulk-len 1mb
            > SETRANGE a 600 x
            :601
            > LCS a a LEN
            -ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len
            > SETRANGE b 400 x
            :401
            > LCS a b LEN
            :401
            "#,
        );
    }

    /// All lengths, by the definition.
    fn lengths(a: &[u8], b: &[u8]) -> Vec<Vec<u32>> {
        let mut lengths = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                let shorter = lengths[i - 1][j].max(lengths[i][j - 1]);
                lengths[i][j] = if a[i - 1] == b[j - 1] { lengths[i - 1][j - 1] + 1 } else { shorter };
            }
        }
        lengths
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(b"abc".to_vec()), 0..40)
    }

    proptest! {
        #[test]
        fn agrees_with_the_full_table(a in text(), b in text()) {
            let lengths = lengths(&a, &b);
            let (table, len) = Table::new(&a, &b).expect("there is memory");
            prop_assert_eq!(len, lengths[a.len()][b.len()]);
            prop_assert_eq!(fill(&a, &b, |_, _| ()), len);
            for i in 1..=a.len() {
                for j in 1..=b.len() {
                    if a[i - 1] != b[j - 1] {
                        prop_assert_eq!(table.goes_up(i - 1, j - 1), lengths[i - 1][j] > lengths[i][j - 1]);
                    }
                }
            }
            let runs = table.walk(&a, &b);
            prop_assert_eq!(runs.iter().map(|run| run.len).sum::<usize>(), len as usize);
            for run in &runs {
                prop_assert_eq!(&a[run.a..run.a + run.len], &b[run.b..run.b + run.len]);
            }
            for pair in runs.windows(2) {
                prop_assert!(pair[1].a + pair[1].len <= pair[0].a && pair[1].b + pair[1].len <= pair[0].b);
            }
        }
    }
}
