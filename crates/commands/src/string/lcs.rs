//! LCS: the longest common subsequence of two strings.
//!
//! The usual table of lengths (Wagner and Fischer, 1974), of `u32`, then walked back from its corner. Its size is
//! checked against `proto-max-bulk-len` before it is allocated.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};

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

#[derive(Default)]
struct Options {
    len: bool,
    idx: bool,
    min_match: i64,
    with_match_len: bool,
}

fn options(ctx: &Ctx<'_>) -> Result<Options> {
    let mut options = Options::default();
    let mut at = 3;
    while at < ctx.argv.len() {
        match () {
            () if ctx.is(at, "LEN") => options.len = true,
            () if ctx.is(at, "IDX") => options.idx = true,
            () if ctx.is(at, "WITHMATCHLEN") => options.with_match_len = true,
            () if ctx.is(at, "MINMATCHLEN") && at + 1 < ctx.argv.len() => {
                at += 1;
                options.min_match = ctx.integer(at)?.max(0);
            }
            () => return Err(CommandError::Syntax),
        }
        at += 1;
    }
    if options.len && options.idx {
        return Err(CommandError::Line("ERR If you want both the length and indexes, please just use IDX."));
    }
    Ok(options)
}

fn lcs(ctx: &mut Ctx<'_>) -> Result {
    const NO_STRINGS: CommandError = CommandError::Line("ERR The specified keys must contain string values");
    let mut read = |index: usize| -> Result<Vec<u8>> {
        let key = ctx.key(index);
        let value = ctx.db().read_str(key).map_err(|_| NO_STRINGS)?;
        Ok(value.map_or_else(Vec::new, |value| value.to_vec()))
    };
    let (a, b) = (read(1)?, read(2)?);
    let options = options(ctx)?;
    let table = Table::new(&a, &b, ctx.server.config.proto_max_bulk_len)?;
    let (text, matches) = table.walk(&a, &b);
    let out = &mut ctx.client.out;
    if options.idx {
        let shown: Vec<&Match> = matches.iter().filter(|m| m.len as i64 >= options.min_match).collect();
        out.map(2);
        out.bulk(b"matches");
        out.array(shown.len());
        for found in shown {
            found.answer(out, options.with_match_len);
        }
        out.bulk(b"len");
        out.integer(text.len() as i64);
    } else if options.len {
        out.integer(text.len() as i64);
    } else {
        out.bulk(&text);
    }
    Ok(())
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

/// `lengths[i * width + j]`: length of the longest common subsequence of `a[..i]` and `b[..j]`.
struct Table {
    lengths: Vec<u32>,
    width: usize,
}

impl Table {
    fn new(a: &[u8], b: &[u8], max_bytes: u64) -> Result<Table> {
        if a.len() >= u32::MAX as usize || b.len() >= u32::MAX as usize {
            return Err(CommandError::Line("ERR String too long for LCS"));
        }
        let width = b.len() + 1;
        let cells = (a.len() as u64 + 1).checked_mul(width as u64).and_then(|n| n.checked_mul(4));
        let Some(bytes) = cells.filter(|bytes| *bytes <= max_bytes) else {
            return Err(CommandError::Line(
                "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
            ));
        };
        let mut lengths = vec![0u32; (bytes / 4) as usize];
        for (i, x) in a.iter().enumerate() {
            let (above, row) = lengths[i * width..].split_at_mut(width);
            for (j, y) in b.iter().enumerate() {
                row[j + 1] = if x == y { above[j] + 1 } else { above[j + 1].max(row[j]) };
            }
        }
        Ok(Table { lengths, width })
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.lengths[i * self.width + j]
    }

    /// The subsequence, and the runs it is made of, the last one first.
    fn walk(&self, a: &[u8], b: &[u8]) -> (Vec<u8>, Vec<Match>) {
        let (mut i, mut j) = (a.len(), b.len());
        let mut text = Vec::with_capacity(self.at(i, j) as usize);
        let mut matches: Vec<Match> = Vec::new();
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                text.push(a[i - 1]);
                match matches.last_mut() {
                    Some(run) if run.a == i && run.b == j => {
                        *run = Match { a: i - 1, b: j - 1, len: run.len + 1 };
                    }
                    _ => matches.push(Match { a: i - 1, b: j - 1, len: 1 }),
                }
                i -= 1;
                j -= 1;
            } else if self.at(i - 1, j) > self.at(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        text.reverse();
        (text, matches)
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

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
            > LCS a nothing
            ""
            > LCS a b LEN IDX
            -ERR If you want both the length and indexes, please just use IDX.
            > LCS a b foo
            -ERR syntax error
            "#,
        );
    }
}
