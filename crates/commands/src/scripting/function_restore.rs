//! FUNCTION DUMP and RESTORE: all libraries as a payload, and back.

use engine::scripting::library::Restore;
use engine::scripting::payload;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Result};

use super::function::{FUNCTION, ON_ALL_SHARDS};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "DUMP",
        summary: "Answers all libraries as a payload for FUNCTION RESTORE.",
        arity: Arity::Exactly(2),
        reply: "the payload",
        complexity: "O(N) for N functions",
        run: dump,
        ..FUNCTION
    },
    Command {
        name: "RESTORE",
        summary: "Loads the libraries of a payload.",
        arity: Arity::AtLeast(3),
        flags: FUNCTION.flags.and(Flags::WRITE).and(Flags::DENYOOM),
        args: &[
            Arg::string("serialized-value"),
            Arg::one_of(
                "policy",
                &[
                    Arg::word("flush", "FLUSH"),
                    Arg::word("append", "APPEND"),
                    Arg::word("replace", "REPLACE"),
                ],
            )
            .optional(),
        ],
        reply: "OK",
        complexity: "O(N) for N functions",
        tips: ON_ALL_SHARDS,
        run: restore,
        ..FUNCTION
    },
];

fn dump(ctx: &mut Ctx<'_>) -> Result {
    let payload = payload::write(&ctx.server.scripting.libraries);
    ctx.bulk(&payload)
}

fn restore(ctx: &mut Ctx<'_>) -> Result {
    if ctx.argv.len() > 4 {
        return Err(super::wrong_words(ctx, "FUNCTION"));
    }
    let how = match ctx.argv.get(3) {
        None => Restore::Append,
        Some(_) if ctx.is(3, "APPEND") => Restore::Append,
        Some(_) if ctx.is(3, "REPLACE") => Restore::Replace,
        Some(_) if ctx.is(3, "FLUSH") => Restore::Flush,
        Some(_) => {
            return Err(CommandError::Line(
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
    };
    ctx.restore_libraries(ctx.argv.at(2), how)?;
    ctx.outcome.dirty += 1;
    ctx.ok()
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, Value, check};

    const LIBRARY: &str = r##""#!lua name=one\nredis.register_function('f', function() return 1 end)""##;

    #[test]
    fn what_was_dumped_can_be_restored() {
        let mut harness = Harness::new();
        harness.send(&format!("FUNCTION LOAD {LIBRARY}"));
        let Value::Bulk(payload) = harness.send("FUNCTION DUMP") else { panic!("a payload") };
        let words = |how: &str| {
            let mut words = vec![b"FUNCTION".to_vec(), b"RESTORE".to_vec(), payload.clone()];
            words.extend((!how.is_empty()).then(|| how.as_bytes().to_vec()));
            words
        };
        let mut restore = |how: &str| harness.exchange(1, &words(how)).remove(0);
        assert!(
            matches!(restore(""), Value::Error(line) if line.starts_with(b"ERR Library one already exists"))
        );
        assert_eq!(restore("REPLACE"), Value::Simple("OK".into()));
        assert_eq!(restore("flush"), Value::Simple("OK".into()));
        assert!(matches!(restore("other"), Value::Error(_)));
        assert_eq!(harness.send("FCALL f 0"), Value::Integer(1));
        harness.send("FUNCTION FLUSH");
        assert_eq!(harness.exchange(1, &words("append")).remove(0), Value::Simple("OK".into()));
        assert_eq!(harness.send("FCALL f 0"), Value::Integer(1));
    }

    #[test]
    fn a_payload_of_the_peer_is_read_and_a_broken_one_refused() {
        check(
            r#"
            > FUNCTION RESTORE ""
            -ERR DUMP payload version or checksum are wrong
            > FUNCTION RESTORE "\x00\x0011111111"
            -ERR DUMP payload version or checksum are wrong
            > FUNCTION RESTORE x FOO
            -ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.
            "#,
        );
    }
}
