//! What DEBUG tells of listpacks and quicklists. The peers print it to their terminal; here it goes to the log.

use engine::host::Level;
use engine::{CommandError, Ctx, Result};
use keyspace::{
    End, Entry, Hash, HashView, List, ListView, Set, SetView, SortedSet, SortedSetView, Value, view_of,
};
use stdx::size::parse_memory;
use structures::listpack::{Element, Pack};
use structures::quicklist::NodeView;

use super::debug::number_at;

/// The greatest threshold: somewhat less than 4 GiB.
const MOST: u64 = (1 << 32) - (1 << 20);

pub(super) fn packed_threshold(ctx: &mut Ctx<'_>) -> Result {
    let threshold = parse_memory(ctx.argv.at(2)).filter(|bytes| *bytes <= MOST);
    let threshold = threshold.ok_or(CommandError::Line(
        "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
    ))?;
    ctx.keyspace.env.limits.list_packed_threshold = usize::try_from(threshold).unwrap_or(usize::MAX);
    ctx.ok()
}

pub(super) fn listpack(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(2);
    let entry = ctx.keyspace.db(ctx.client.db).ask(key).ok_or(CommandError::NoSuchKey)?;
    let pack = pack_of(entry).ok_or(CommandError::Line("ERR Not a listpack encoded object."))?;
    let mut lines = vec![format!("listpack: {} elements, {} bytes", pack.len(), pack.bytes().len())];
    lines.extend(pack.iter().map(show));
    tell(ctx, &lines);
    ctx.client.out.simple("Listpack structure printed on stdout");
    Ok(())
}

/// The listpack that a value is.
fn pack_of(entry: &Entry<Value>) -> Option<Pack<'_>> {
    match (view_of::<List>(entry), view_of::<Hash>(entry), view_of::<Set>(entry), view_of::<SortedSet>(entry))
    {
        (Ok(ListView::Packed(pack)), ..) => Some(pack),
        (_, Ok(HashView::Packed(pack)), ..) => Some(pack),
        (_, _, Ok(SetView::Packed(pack)), _) => Some(pack),
        (.., Ok(SortedSetView::Packed(pack))) => Some(pack),
        _ => None,
    }
}

pub(super) fn quicklist(ctx: &mut Ctx<'_>) -> Result {
    let (key, full) = (ctx.key(2), ctx.argv.len() > 3 && number_at(ctx, 3) != 0);
    let entry = ctx.keyspace.db(ctx.client.db).ask(key).ok_or(CommandError::NoSuchKey)?;
    let Ok(ListView::Quick(list)) = view_of::<List>(entry) else {
        return Err(CommandError::Line("ERR Not a quicklist encoded object."));
    };
    let mut lines = vec![format!("quicklist: {} elements{}", list.len(), facts(entry, false))];
    for (at, node) in list.nodes().enumerate() {
        let kind = match node {
            NodeView::Packed(_) => "packed",
            NodeView::Plain(_) => "plain",
            NodeView::Lzf { plain: true, .. } => "plain, compressed",
            NodeView::Lzf { .. } => "packed, compressed",
        };
        lines.push(format!("  node {at}: {kind}, {} elements, {} bytes", node.count(), node.bytes()));
    }
    if full {
        ListView::Quick(list).range(End::Head, 0, usize::MAX, |element| lines.push(show(element)));
    }
    tell(ctx, &lines);
    ctx.client.out.simple("Quicklist structure printed on stdout");
    Ok(())
}

fn show(element: Element<'_>) -> String {
    match element {
        Element::Int(int) => format!("  {int}"),
        Element::Str(bytes) => format!("  \"{}\"", bytes.escape_ascii()),
    }
}

fn tell(ctx: &mut Ctx<'_>, lines: &[String]) {
    lines.iter().for_each(|line| ctx.host.log(Level::Warning, line));
}

/// What DEBUG OBJECT says beside the rest if a value is a quicklist; `fast`: without what takes a walk.
pub(super) fn facts(entry: &Entry<Value>, fast: bool) -> String {
    let Ok(ListView::Quick(list)) = view_of::<List>(entry) else { return String::new() };
    let nodes = list.nodes().len();
    let mut facts = format!(
        " ql_nodes:{nodes} ql_avg_node:{:.2} ql_listpack_max:{} ql_compressed:{}",
        list.len() as f64 / nodes.max(1) as f64,
        list.fill().number(),
        i32::from(list.depth() > 0),
    );
    if !fast {
        let bytes = list.nodes().map(|node| node.bytes()).sum::<usize>();
        facts += &format!(" ql_uncompressed_size:{bytes}");
    }
    facts
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn what_is_which() {
        check(
            r#"
            > RPUSH l 1 2 3
            :3
            > DEBUG LISTPACK l
            +Listpack structure printed on stdout
            > DEBUG QUICKLIST l
            -ERR Not a quicklist encoded object.
            > CONFIG SET list-max-listpack-size 2
            +OK
            > RPUSH l 4
            :4
            > DEBUG QUICKLIST l
            +Quicklist structure printed on stdout
            > DEBUG QUICKLIST l 1
            +Quicklist structure printed on stdout
            > DEBUG LISTPACK l
            -ERR Not a listpack encoded object.
            > SADD s a
            :1
            > DEBUG LISTPACK s
            +Listpack structure printed on stdout
            > ZADD z 1 a
            :1
            > DEBUG LISTPACK z
            +Listpack structure printed on stdout
            > HSET h f v
            :1
            > DEBUG LISTPACK h
            +Listpack structure printed on stdout
            > DEBUG QUICKLIST z
            -ERR Not a quicklist encoded object.
            > DEBUG LISTPACK nope
            -ERR no such key
            > DEBUG QUICKLIST nope
            -ERR no such key
            "#,
        );
    }

    #[test]
    fn a_threshold_is_a_size() {
        check(
            r#"
            > DEBUG QUICKLIST-PACKED-THRESHOLD 100b
            +OK
            > DEBUG QUICKLIST-PACKED-THRESHOLD 4gb
            -ERR argument must be a memory value bigger than 1 and smaller than 4gb
            > DEBUG QUICKLIST-PACKED-THRESHOLD 4293918720
            +OK
            > DEBUG QUICKLIST-PACKED-THRESHOLD 4293918721
            -ERR argument must be a memory value bigger than 1 and smaller than 4gb
            > DEBUG QUICKLIST-PACKED-THRESHOLD x
            -ERR argument must be a memory value bigger than 1 and smaller than 4gb
            > DEBUG QUICKLIST-PACKED-THRESHOLD -1
            -ERR argument must be a memory value bigger than 1 and smaller than 4gb
            > DEBUG QUICKLIST-PACKED-THRESHOLD 0
            +OK
            "#,
        );
    }

    #[test]
    fn nodes_are_where_the_peers_are() {
        let mut harness = testkit::Harness::new();
        harness.send("CONFIG SET list-max-listpack-size 4");
        harness.send("RPUSH q 0 1 2 3");
        harness.send("RPUSH q 4 5 6 7 8 9 10 11");
        // Nodes, and bytes of all, as Valkey 9.1.2 tells.
        let facts = [(None, "3 ql_avg_node:4.00", 45), (Some("AFTER 5 new"), "4 ql_avg_node:3.25", 57), {
            (Some("BEFORE new newer"), "4 ql_avg_node:3.50", 64)
        }];
        for (insert, nodes, bytes) in facts {
            if let Some(insert) = insert {
                harness.send(&format!("LINSERT q {insert}"));
            }
            let told = harness.send("DEBUG OBJECT q").to_string();
            let wanted =
                format!(" ql_nodes:{nodes} ql_listpack_max:4 ql_compressed:0 ql_uncompressed_size:{bytes}");
            assert!(told.ends_with(&wanted), "{told}");
            let fast = harness.send("DEBUG OBJECT q FAST").to_string();
            assert!(fast.ends_with(" ql_listpack_max:4 ql_compressed:0"), "{fast}");
        }
    }

    #[test]
    fn digests_are_the_peers() {
        check(
            r#"
            > RPUSH l a 1 b
            :3
            > DEBUG DIGEST-VALUE l
            [+d5f44352f6226abea9252dad248ef5de0d964396]
            > CONFIG SET list-max-listpack-size 2
            +OK
            > RPUSH m a 1 b
            :3
            > DEBUG DIGEST-VALUE m
            [+d5f44352f6226abea9252dad248ef5de0d964396]
            "#,
        );
    }
}
