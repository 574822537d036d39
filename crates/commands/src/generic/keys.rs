//! KEYS and RANDOMKEY: which keys there are.
//!
//! KEYS looks without side effects: expired keys are left out but stay where they are. A pattern without wildcards
//! is one lookup, not a walk.

use engine::outbox::BLOCK;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, Result};
use keyspace::{Entry, Value};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "KEYS",
        summary: "Answers all keys that match a pattern; SCAN does so in steps.",
        group: Group::Generic,
        arity: Arity::Exactly(2),
        flags: Flags::READONLY,
        acl: &["dangerous"],
        args: &[Arg::pattern("pattern")],
        reply: "the keys",
        complexity: "O(N)",
        tips: &["request_policy:all_shards", "nondeterministic_output_order"],
        run: keys,
        ..Command::BLANK
    },
    Command {
        name: "RANDOMKEY",
        summary: "Answers any of the keys.",
        group: Group::Generic,
        flags: Flags::READONLY.and(Flags::TOUCHES_ARBITRARY_KEYS),
        reply: "a key, or null in an empty database",
        tips: &["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
        run: random_key,
        ..Command::BLANK
    },
];

fn keys(ctx: &mut Ctx<'_>) -> Result {
    let (pattern, now_ms) = (ctx.argv.at(1), ctx.now_ms());
    let see_expired = ctx.keyspace.env.see_expired;
    let live = |entry: &&Entry<Value>| see_expired || entry.expire().is_none_or(|at| at > now_ms);
    let table = ctx.keyspace.look(ctx.client.db).table();
    let mut found = Found::default();
    if stdx::glob::is_literal(pattern) {
        let entry = table.get(pattern, table.hash(pattern)).filter(live);
        entry.iter().for_each(|entry| found.add(entry.key()));
    } else {
        let takes =
            |entry: &&Entry<Value>| pattern == b"*" || stdx::glob::matches(pattern, entry.key(), false);
        table.iter().filter(live).filter(takes).for_each(|entry| found.add(entry.key()));
    }
    found.answer(ctx)
}

/// Keys found, as replies already: their number must be told before them, and is known only after them.
#[derive(Default)]
pub(crate) struct Found {
    replies: Vec<u8>,
    count: usize,
}

impl Found {
    pub fn add(&mut self, key: &[u8]) {
        resp::reply::bulk(&mut self.replies, key);
        self.count += 1;
    }

    /// An array of what was found.
    pub fn answer(&self, ctx: &mut Ctx<'_>) -> Result {
        let out = &mut ctx.client.out;
        out.array(self.count);
        for piece in self.replies.chunks(BLOCK) {
            out.buffer().extend_from_slice(piece);
            out.settle();
        }
        Ok(())
    }
}

fn random_key(ctx: &mut Ctx<'_>) -> Result {
    match ctx.db().random_key() {
        Some(key) => ctx.bulk(&key),
        None => ctx.null(),
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn patterns_select_keys() {
        check(
            r#"
            > KEYS *
            []
            > SET one 1
            +OK
            > SET two 2
            +OK
            > SET "o*e" 3
            +OK
            > KEYS t*
            ["two"]
            > KEYS [st]w?
            ["two"]
            > KEYS one
            ["one"]
            > KEYS nope
            []
            > KEYS ""
            []
            > KEYS "o\\*e"
            ["o*e"]
            > KEYS ONE
            []
            > KEYS
            -ERR wrong number of arguments for 'keys' command
            > KEYS a b
            -ERR wrong number of arguments for 'keys' command
            "#,
        );
    }

    #[test]
    fn expired_keys_are_left_out() {
        check(
            r#"
            > SET a 1
            +OK
            > PEXPIRE a 20
            :1
            > SET b 1
            +OK
            ! wait 50
            > KEYS *
            ["b"]
            > KEYS a
            []
            "#,
        );
    }

    #[test]
    fn a_random_key_is_one_of_the_keys() {
        check(
            r#"
            > RANDOMKEY
            nil
            > SET a 1
            +OK
            > RANDOMKEY
            "a"
            > RANDOMKEY x
            -ERR wrong number of arguments for 'randomkey' command
            "#,
        );
    }
}
