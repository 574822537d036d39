//! Commands that name many keys look at them in batches, so that the cache misses of a batch overlap.

use engine::Ctx;
use keyspace::Key;

/// Keys whose cache lines are fetched together: about what a core can have under way.
const BATCH: usize = 16;

/// Does something with each key from a word on to the end of the request, in order.
pub(super) fn for_each_key<'a>(ctx: &mut Ctx<'a>, from: usize, mut act: impl FnMut(&mut Ctx<'a>, Key<'a>)) {
    let end = ctx.argv.len();
    if end == from + 1 {
        let key = ctx.key(from);
        return act(ctx, key);
    }
    let mut keys = [Key { bytes: &[], hash: 0 }; BATCH];
    for start in (from..end).step_by(BATCH) {
        let batch = &mut keys[..BATCH.min(end - start)];
        for (n, key) in batch.iter_mut().enumerate() {
            *key = ctx.key(start + n);
        }
        let db = ctx.keyspace.look(ctx.client.db);
        batch.iter().for_each(|key| db.prefetch_bucket(key.hash));
        batch.iter().for_each(|key| db.prefetch_entries(key.hash));
        for key in batch.iter() {
            act(ctx, *key);
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn more_keys_than_a_batch_are_done_in_order_and_none_twice() {
        check(
            r#"
            > SET 0 a
            +OK
            > SET 1 a
            +OK
            > SET 2 a
            +OK
            > SET 3 a
            +OK
            > SET 4 a
            +OK
            > SET 5 a
            +OK
            > SET 6 a
            +OK
            > SET 7 a
            +OK
            > SET 8 a
            +OK
            > SET 9 a
            +OK
            > SET 10 a
            +OK
            > SET 11 a
            +OK
            > SET 12 a
            +OK
            > SET 13 a
            +OK
            > SET 14 a
            +OK
            > SET 15 a
            +OK
            > SET 16 a
            +OK
            > SET 17 a
            +OK
            > SET 18 a
            +OK
            > EXISTS 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
            :19
            > DEL 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 0
            :19
            > DBSIZE
            :0
            "#,
        );
    }
}
