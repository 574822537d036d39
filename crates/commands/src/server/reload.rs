//! DEBUG RELOAD: the dataset through a snapshot and back.
//!
//! The file is loaded beside the dataset, which is put back should anything be wrong with the file.

use engine::host::Level;
use engine::scripting::library::Restore;
use engine::scripting::{Libraries, payload};
use engine::snapshot::{self, Duplicates};
use engine::{CommandError, Ctx, Result};
use keyspace::{Db, DbIndex, Key};

#[derive(Default)]
struct Options {
    nosave: bool,
    noflush: bool,
    merge: bool,
}

pub(super) fn reload(ctx: &mut Ctx<'_>) -> Result {
    let options = options(ctx)?;
    if ctx.server.snapshot.loading.is_some() || engine::aof::go_on(ctx.server) {
        return Err(CommandError::Loading);
    }
    snapshot::end_walk(ctx.keyspace, ctx.server, ctx.host);
    if !options.nosave {
        snapshot::forget_child(ctx.keyspace, ctx.server, ctx.host);
        snapshot::save(ctx.keyspace, ctx.server, ctx.host).map_err(|_| CommandError::Line("ERR"))?;
    }
    let libraries = ctx.server.scripting.libraries.clone();
    let before = ctx.keyspace.take_all();
    let loaded = snapshot::load_whole(ctx.keyspace, ctx.server, ctx.host, Duplicates::Refuse);
    let why = match loaded {
        Ok(true) => match merge_libraries(ctx, &libraries, &options) {
            Ok(()) => merge(ctx, before, &options).err(),
            Err(why) => Some((why, before)),
        },
        Ok(false) => Some(("there is no snapshot".to_owned(), before)),
        Err(why) => Some((why, before)),
    };
    if let Some((why, before)) = why {
        ctx.host.log(Level::Warning, &format!("DEBUG RELOAD: {why}"));
        for (index, db) in before.into_iter().enumerate() {
            *ctx.keyspace.db(index as DbIndex).db = db;
        }
        let texts = libraries.iter().map(|library| library.text.as_slice());
        ctx.restore_libraries(&payload::of_texts(texts), Restore::Flush)?;
        return Err(CommandError::Line("ERR Error trying to load the RDB dump, check server logs."));
    }
    ctx.host.log(Level::Notice, "DB reloaded by DEBUG RELOAD");
    ctx.ok()
}

fn options(ctx: &Ctx<'_>) -> Result<Options> {
    let mut options = Options::default();
    for at in 2..ctx.argv.len() {
        if ctx.is(at, "MERGE") {
            options.merge = true;
        } else if ctx.is(at, "NOFLUSH") {
            options.noflush = true;
        } else if ctx.is(at, "NOSAVE") {
            options.nosave = true;
        } else {
            let line = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
            return Err(CommandError::Line(line));
        }
    }
    Ok(options)
}

/// Adds the libraries that were there before, likewise.
fn merge_libraries(
    ctx: &mut Ctx<'_>,
    before: &Libraries,
    options: &Options,
) -> std::result::Result<(), String> {
    if !options.noflush {
        return Ok(());
    }
    let now = &ctx.server.scripting.libraries;
    let (both, only): (Vec<_>, Vec<_>) = before.iter().partition(|library| now.has(&library.name));
    if let (Some(library), false) = (both.first(), options.merge) {
        let name = String::from_utf8_lossy(&library.name);
        return Err(format!("the library '{name}' is there already"));
    }
    let texts = only.iter().map(|library| library.text.as_slice());
    ctx.restore_libraries(&payload::of_texts(texts), Restore::Append).map_err(|error| error.to_line().into())
}

/// Adds what was there before, if it is to stay. A key that both have is an error, unless they are to be merged: then that
/// of the file counts.
fn merge(
    ctx: &mut Ctx<'_>,
    mut before: Vec<Db>,
    options: &Options,
) -> std::result::Result<(), (String, Vec<Db>)> {
    if !options.noflush {
        return Ok(());
    }
    let both = before.iter().enumerate().find_map(|(index, db)| {
        let now = ctx.keyspace.look(index as DbIndex);
        let mut keys = db.table().iter().map(|entry| entry.key());
        keys.find(|key| now.table().get(key, ctx.keyspace.hash(key)).is_some()).map(<[u8]>::to_vec)
    });
    if let (Some(key), false) = (both, options.merge) {
        return Err((format!("the key '{}' is there already", String::from_utf8_lossy(&key)), before));
    }
    for (index, db) in before.iter_mut().enumerate() {
        let mut entries = Vec::new();
        db.drain(|entry| entries.push(entry));
        for entry in entries {
            let name = entry.key().to_vec();
            let hash = ctx.keyspace.hash(&name);
            let mut now = ctx.keyspace.db(index as DbIndex);
            if now.db.table().get(&name, hash).is_none() {
                now.adopt(Key { bytes: &name, hash }, entry);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn there_and_back() {
        check(
            r#"
            > SET a 1
            +OK
            > RPUSH l a b c
            :3
            > DEBUG RELOAD
            +OK
            > LRANGE l 0 -1
            ["a" "b" "c"]
            > SET a 2
            +OK
            > DEBUG RELOAD NOSAVE
            +OK
            > GET a
            "1"
            > DEBUG RELOAD NONSENSE
            -ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.
            > DEL a
            :1
            > SET b 2
            +OK
            > DEBUG RELOAD NOSAVE NOFLUSH MERGE
            +OK
            > MGET a b
            ["1" "2"]
            "#,
        );
    }

    #[test]
    fn libraries_are_kept_and_merged_as_keys_are() {
        check(
            r##"
            > FUNCTION LOAD "#!lua name=a\nserver.register_function('fa', function() return 1 end)"
            "a"
            > DEBUG RELOAD NOFLUSH
            -ERR Error trying to load the RDB dump, check server logs.
            > FCALL fa 0
            :1
            > DEBUG RELOAD
            +OK
            > FUNCTION LOAD REPLACE "#!lua name=a\nserver.register_function('fa', function() return 2 end)"
            "a"
            > FUNCTION LOAD "#!lua name=b\nserver.register_function('fb', function() return 3 end)"
            "b"
            > DEBUG RELOAD NOSAVE NOFLUSH MERGE
            +OK
            > FCALL fa 0
            :1
            > FCALL fb 0
            :3
            > DEBUG RELOAD NOSAVE
            +OK
            > FCALL fb 0
            -ERR Function not found
            "##,
        );
    }

    #[test]
    fn a_file_that_is_no_good_changes_nothing() {
        let mut harness = Harness::new();
        let refused = "-ERR Error trying to load the RDB dump, check server logs.";
        harness.send("SET a 1");
        assert_eq!(harness.send("DEBUG RELOAD NOSAVE").to_string(), refused, "no file");
        harness.send("SAVE");
        harness.send("SET a 2");
        let good = harness.host.files["/data/dump.rdb"].clone();
        for at in [0, 5, 20, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            harness.host.files.insert("/data/dump.rdb".to_owned(), bad);
            assert_eq!(harness.send("DEBUG RELOAD NOSAVE").to_string(), refused, "{at}");
            assert_eq!(harness.send("GET a").to_string(), r#""2""#);
        }
        harness.host.files.insert("/data/dump.rdb".to_owned(), good);
        assert_eq!(harness.send("DEBUG RELOAD NOSAVE NOFLUSH").to_string(), refused, "the key is there");
        assert_eq!(harness.send("GET a").to_string(), r#""2""#);
    }
}
