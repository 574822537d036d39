//! DEBUG HTSTATS and HTSTATS-KEY: how hash tables are filled, that of a database and those inside of values.

use engine::{CommandError, Ctx, Result};
use keyspace::{Entry, Hash, HashView, Set, SetView, SortedSet, SortedSetView, Value, view_of};
use structures::table::{ArrayStats, ITEMS_PER_BUCKET, Stats};

pub(super) fn of_database(ctx: &mut Ctx<'_>) -> Result {
    let number = u32::try_from(ctx.integer(2)?).ok().filter(|number| *number < ctx.keyspace.databases());
    let number = number.ok_or(CommandError::Line("ERR Out of range database"))?;
    let stats = ctx.keyspace.look(number).table().stats();
    let mut text = String::from("[Dictionary HT]\n");
    describe_table(&mut text, &stats, wants_all(ctx));
    // Keys carry their expire themselves.
    text.push_str("[Expires HT]\n");
    ctx.client.out.verbatim(&text);
    Ok(())
}

pub(super) fn of_key(ctx: &mut Ctx<'_>) -> Result {
    let (key, full) = (ctx.key(2), wants_all(ctx));
    let entry = ctx.db().ask(key).ok_or(CommandError::NoSuchKey)?;
    let stats = stats_of(entry).ok_or(CommandError::Line(
        "ERR The value stored at the specified key is not represented using an hash table",
    ))?;
    let mut text = String::new();
    describe_table(&mut text, &stats, full);
    ctx.client.out.verbatim(&text);
    Ok(())
}

fn wants_all(ctx: &Ctx<'_>) -> bool {
    ctx.argv.len() > 3 && ctx.is(3, "FULL")
}

/// Of the table that a value is kept in, if it is in one.
fn stats_of(entry: &Entry<Value>) -> Option<Stats> {
    match (view_of::<Hash>(entry), view_of::<Set>(entry), view_of::<SortedSet>(entry)) {
        (Ok(HashView::Table(fields)), ..) => Some(fields.table().stats()),
        (_, Ok(SetView::Table(table)), _) => Some(table.stats()),
        (.., Ok(SortedSetView::Full(ranked))) => Some(ranked.items().stats()),
        _ => None,
    }
}

fn describe_table(text: &mut String, stats: &Stats, full: bool) {
    let full = full.then_some(stats.children);
    match &stats.old {
        // While a rehash is under way, the array that is emptied counts as the main one.
        Some(old) => {
            describe(text, "0 stats (main hash table)", old, 0, full);
            describe(text, "1 stats (rehashing target)", &stats.main, 0, full);
        }
        None if stats.main.buckets > 0 => {
            describe(text, "0 stats (main hash table)", &stats.main, -1, full);
        }
        None => {}
    }
}

/// The lines about one array; with `children` (buckets that continue others) also about its chains.
fn describe(text: &mut String, title: &str, array: &ArrayStats, rehash: i64, children: Option<usize>) {
    let size = array.buckets * ITEMS_PER_BUCKET;
    *text += &format!("Hash table {title}:\n table size: {size}\n number of entries: {}\n", array.items);
    *text += &format!(" rehashing index: {rehash}\n");
    let Some(children) = children else { return };
    let mean = if array.used == 0 { 0.0 } else { array.items as f64 / array.used as f64 };
    *text += &format!(" top-level buckets: {}\n child buckets: {children}\n", array.buckets);
    *text += &format!(" most items in a chain: {}\n", array.chains.len().saturating_sub(1));
    *text += &format!(" mean items in a chain: {mean:.6}\n chains by number of items:\n");
    for (items, chains) in array.chains.iter().enumerate().filter(|(_, chains)| **chains > 0) {
        let share = *chains as f64 * 100.0 / array.buckets.max(1) as f64;
        *text += &format!("   {items}: {chains} ({share:.2}%)\n");
    }
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn only_what_is_in_a_table_has_one() {
        check(
            r#"
            > RPUSH l a
            :1
            > DEBUG HTSTATS-KEY l
            -ERR The value stored at the specified key is not represented using an hash table
            > SADD small a
            :1
            > DEBUG HTSTATS-KEY small
            -ERR The value stored at the specified key is not represented using an hash table
            > DEBUG HTSTATS-KEY nope
            -ERR no such key
            > DEBUG HTSTATS-KEY
            -ERR unknown subcommand or wrong number of arguments for 'HTSTATS-KEY'. Try DEBUG HELP.
            > CONFIG SET set-max-listpack-entries 0 hash-max-listpack-entries 0 zset-max-listpack-entries 0
            +OK
            > SADD s a b c
            :3
            > HSET h a b c d
            :2
            > ZADD z 1 a
            :1
            > DEBUG HTSTATS-KEY s
            "Hash table 0 stats (main hash table):"*
            > DEBUG HTSTATS-KEY h more words
            "Hash table 0 stats (main hash table):"*
            > DEBUG HTSTATS-KEY z full
            "Hash table 0 stats (main hash table):"*
            "#,
        );
    }

    #[test]
    fn items_are_counted() {
        let mut harness = Harness::new();
        harness.send("CONFIG SET set-max-listpack-entries 0");
        harness.send("SADD s a b c");
        let told = harness.send("DEBUG HTSTATS-KEY s FULL").to_string();
        assert!(told.contains("number of entries: 3\\n"), "{told}");
        assert!(told.contains("top-level buckets: 1\\n"), "{told}");
    }
}
