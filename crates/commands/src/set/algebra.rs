//! What the commands over several sets have in common: their keys, what they have met, where results go.
//!
//! All keys are looked up first, in their order: that expires, counts and checks the types. A missing key is an empty
//! set, but does not save a later key of another type from being an error. Results are complete before anything is
//! stored, so a destination may be among the sources.

use engine::outcome::Class;
use engine::{Arg, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Collection, DbIndex, Key, Keyspace, Set, SetView};

/// A command that answers what comes of several sets.
pub(super) const READS_MANY: Command = Command {
    group: Group::Set,
    flags: Flags::READONLY,
    keys: &[KeySpec::from(1).ro().access()],
    args: &[Arg::key("key").many()],
    tips: &["nondeterministic_output_order"],
    ..Command::BLANK
};

/// A command that stores it.
pub(super) const STORES: Command = Command {
    group: Group::Set,
    flags: Flags::WRITE.and(Flags::DENYOOM),
    keys: &[KeySpec::at(1).ow().update(), KeySpec::from(2).ro().access()],
    args: &[Arg::key("destination"), Arg::key("key").spec(1).many()],
    reply: "how many members the destination has now; with none it is removed",
    ..Command::BLANK
};

/// Keys, and whether there is something under them.
pub(super) struct Sources<'a> {
    keys: Vec<(Key<'a>, bool)>,
    db: DbIndex,
}

impl<'a> Sources<'a> {
    /// Looks up the keys that are words `from .. to` of the request.
    pub fn look_up(ctx: &mut Ctx<'a>, from: usize, to: usize) -> Result<Self> {
        let mut keys = Vec::with_capacity(to - from);
        for at in from..to {
            let key = ctx.key(at);
            keys.push((key, ctx.db().view::<Set>(key)?.is_some()));
        }
        Ok(Sources { keys, db: ctx.client.db })
    }

    /// The sets, in the order of the keys.
    pub fn sets<'k>(&self, keyspace: &'k Keyspace) -> Vec<Option<SetView<'k>>> {
        let db = keyspace.look(self.db);
        let set =
            |(key, there): &(Key<'_>, bool)| there.then(|| db.peek::<Set>(*key).ok().flatten()).flatten();
        self.keys.iter().map(set).collect()
    }

    /// Whether the first key is named again.
    pub fn first_again(&self) -> bool {
        self.keys.iter().skip(1).any(|(key, _)| key.bytes == self.keys[0].0.bytes)
    }
}

/// Puts a result under the key that is word 1, and answers its size.
pub(super) fn store(ctx: &mut Ctx<'_>, result: Set, event: &'static str) -> Result {
    let (key, len) = (ctx.key(1), result.view().len());
    crate::stored::store(ctx, key, result, Class::Set, event);
    ctx.int(len as i64)
}

/// `numkeys key [key ...]`: where the keys end.
pub(super) fn counted_keys(ctx: &Ctx<'_>) -> Result<usize> {
    let count = stdx::num::parse_i64(ctx.argv.at(1)).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count > 0);
    let count = count.ok_or(CommandError::Line("ERR numkeys should be greater than 0"))?;
    if count > ctx.argv.len() - 2 {
        return Err(CommandError::Line("ERR Number of keys can't be greater than number of args"));
    }
    Ok(2 + count)
}

/// The word at an index as the value of LIMIT, where 0 is none.
pub(super) fn limit(ctx: &Ctx<'_>, at: usize) -> Result<usize> {
    let limit = stdx::num::parse_i64(ctx.argv.at(at)).and_then(|limit| usize::try_from(limit).ok());
    match limit {
        Some(0) => Ok(usize::MAX),
        Some(limit) => Ok(limit),
        None => Err(CommandError::Line("ERR LIMIT can't be negative")),
    }
}
