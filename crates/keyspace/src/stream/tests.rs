use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::collection::Limits;

fn limits(bytes: usize, entries: usize) -> Limits {
    Limits { stream_node_max_bytes: bytes, stream_node_max_entries: entries, ..Limits::default() }
}

fn id(ms: u64) -> StreamId {
    StreamId::new(ms, 0)
}

fn add(log: &mut Log, ms: u64, text: &str) -> bool {
    let words: Vec<_> = text.split(' ').map(str::as_bytes).collect();
    log.append(id(ms), words.into_iter(), &limits(4096, 10)).is_ok()
}

fn filled(entries: u64) -> Stream {
    let mut stream = Stream::new();
    (1..=entries).for_each(|n| assert!(add(&mut stream.log, n, &format!("n {n} name value"))));
    stream
}

fn ids(range: impl Iterator<Item = Entry<'static>>) -> Vec<u64> {
    range.map(|entry| entry.id.ms).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8, bool),
    Delete(u16),
    TrimLen(u8, bool),
    TrimId(u16, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1u8..4, any::<bool>()).prop_map(|(by, same)| Step::Add(by, same)),
        3 => (0u16..600).prop_map(Step::Delete),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(n, approximate)| Step::TrimLen(n, approximate)),
        1 => (0u16..600, any::<bool>()).prop_map(|(n, approximate)| Step::TrimId(n, approximate)),
    ]
}

fn trim(log: &mut Log, model: &mut BTreeMap<u64, String>, to: TrimTo, approximate: bool) {
    let before = model.len() as u64;
    let removed = log.trim(Trim { to, approximate, limit: 0 }, None);
    if approximate {
        (0..removed).for_each(|_| drop(model.pop_first()));
    } else {
        match to {
            TrimTo::MaxLen(max) => {
                while model.len() as u64 > max {
                    model.pop_first();
                }
            }
            TrimTo::MinId(min) => model.retain(|ms, _| *ms >= min.ms),
        }
    }
    assert_eq!(before - removed, model.len() as u64);
}

fn text(entry: Entry<'_>) -> (u64, String) {
    let words = entry.fields.flat_map(|(name, value)| [name.to_vec(), value.to_vec()]).collect::<Vec<_>>();
    (entry.id.ms, String::from_utf8(words.join(&b' ')).expect("made of text"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_log_is_an_ordered_map(steps in prop::collection::vec(step(), 1..400), a in 0u64..600, b in 0u64..600) {
        let (mut log, mut model, mut last) = (Log::default(), BTreeMap::new(), 0);
        for step in steps {
            match step {
                Step::Add(by, same) => {
                    last += u64::from(by);
                    let text = if same { format!("a {last} b x") } else { format!("c{by} {last}") };
                    assert!(add(&mut log, last, &text));
                    model.insert(last, text);
                }
                Step::Delete(n) => {
                    assert_eq!(log.delete(id(u64::from(n))), model.remove(&u64::from(n)).is_some());
                }
                Step::TrimLen(n, approximate) => {
                    trim(&mut log, &mut model, TrimTo::MaxLen(u64::from(n)), approximate);
                }
                Step::TrimId(n, approximate) => {
                    trim(&mut log, &mut model, TrimTo::MinId(id(u64::from(n))), approximate);
                }
            }
        }
        log.verify();
        let wanted: Vec<_> = model.range(a..=b.max(a)).map(|(ms, text)| (*ms, text.clone())).collect();
        let to = StreamId::new(b.max(a), u64::MAX);
        assert_eq!(log.range(id(a), to).map(text).collect::<Vec<_>>(), wanted);
        let mut backwards: Vec<_> = log.range_back(id(a), to).map(text).collect();
        backwards.reverse();
        assert_eq!(backwards, wanted);
        assert_eq!(log.contains(id(a)), model.contains_key(&a));
        assert_eq!(log.last_live_id(), model.keys().next_back().map(|ms| id(*ms)));
    }
}

#[test]
fn ids_must_ascend() {
    let mut stream = filled(25);
    assert_eq!(stream.log.append(id(25), [].into_iter(), &limits(4096, 10)), Err(AppendError::NotAbove));
    assert_eq!(stream.log.node_count(), 3);
    assert_eq!((stream.log.len(), stream.log.entries_added), (25, 25));
    stream.log.delete(id(25));
    assert!(!add(&mut stream.log, 25, "a b"));
    assert_eq!((stream.log.last_id, stream.log.max_deleted), (id(25), id(25)));
    stream.verify();
}

#[test]
fn nodes_end_at_either_limit() {
    let mut log = Log::default();
    let words = [b"f".as_slice(), &[b'v'; 30]];
    let small = limits(200, 0);
    (1..=50).for_each(|n| log.append(id(n), words.into_iter(), &small).expect("ids ascend"));
    assert!(log.nodes().all(|(_, node)| node.bytes().len() < 250));
    assert!((10..15).contains(&log.node_count()), "{}", log.node_count());
    let none = limits(0, 0);
    (51..=1000).for_each(|n| log.append(id(n), words.into_iter(), &none).expect("ids ascend"));
    assert!(log.node_count() < 16);
    log.verify();
}

#[test]
fn trimming_keeps_whole_nodes_unless_asked_to_be_exact() {
    let mut log = filled(100).log;
    let approximate = |to, limit| Trim { to, approximate: true, limit };
    assert_eq!(log.trim(approximate(TrimTo::MaxLen(55), 30), None), 30);
    assert_eq!(log.trim(approximate(TrimTo::MaxLen(55), 30), None), 10);
    assert_eq!(log.trim(approximate(TrimTo::MinId(id(52)), 0), None), 10);
    assert_eq!(log.trim(Trim { to: TrimTo::MinId(id(55)), approximate: false, limit: 0 }, None), 4);
    assert_eq!((log.first_id(), log.first_kept_id()), (id(55), Some(id(51))));
    assert_eq!(log.trim(Trim { to: TrimTo::MaxLen(0), approximate: false, limit: 0 }, None), 46);
    assert_eq!((log.first_id(), log.node_count(), log.first_kept_id()), (id(0), 0, None));
    assert_eq!(log.max_deleted, id(0));
    log.verify();
}

#[test]
fn groups_decide_what_may_be_deleted() {
    let mut stream = filled(5);
    stream.groups.add(Group::new(b"g", id(3), None));
    assert!(!stream.groups.add(Group::new(b"g", id(3), None)));
    let group = stream.groups.get_mut(b"g").expect("just added");
    let (consumer, _) = group.ensure_consumer(b"c", 0);
    group.assign(id(2), consumer, 0, 1);
    group.assign(id(3), consumer, 0, 1);
    assert_eq!(stream.delete(id(1), References::Acknowledged), Deletion::Deleted);
    assert_eq!(stream.delete(id(2), References::Acknowledged), Deletion::StillReferenced);
    assert_eq!(stream.delete(id(4), References::Acknowledged), Deletion::StillReferenced);
    assert_eq!(stream.delete(id(2), References::Keep), Deletion::Deleted);
    assert_eq!(stream.delete(id(2), References::Delete), Deletion::Missing);
    assert_eq!(stream.delete(id(3), References::Delete), Deletion::Deleted);
    assert_eq!(stream.groups.get(b"g").map(|group| group.pending().len()), Some(0));
    assert!(stream.groups.remove(b"g") && stream.groups.is_empty());
    stream.verify();
}

#[test]
fn the_lag_is_told_where_it_is_known() {
    let mut stream = filled(5);
    let group = |last, read| Group::new(b"g", id(last), read);
    let lag = |log: &Log, last, read| log.lag(&group(last, read));
    assert_eq!(lag(&stream.log, 0, None), Some(5));
    assert_eq!(lag(&stream.log, 1, None), Some(4));
    assert_eq!(lag(&stream.log, 2, None), None);
    assert_eq!(lag(&stream.log, 2, Some(2)), Some(3));
    assert_eq!(lag(&stream.log, 5, None), Some(0));
    assert_eq!(lag(&stream.log, 9, None), None);
    stream.log.delete(id(3));
    assert_eq!((lag(&stream.log, 2, Some(2)), lag(&stream.log, 4, Some(4))), (None, Some(1)));
    assert_eq!(lag(&stream.log, 5, None), Some(0));
    stream.log.trim(Trim { to: TrimTo::MinId(id(4)), approximate: false, limit: 0 }, None);
    assert_eq!(lag(&stream.log, 2, Some(2)), None);
    assert_eq!(lag(&stream.log, 0, None), Some(2));
    assert_eq!(Log::default().lag(&group(7, None)), Some(0));
    assert_eq!(stream.log.entries_read_after(&group(0, None), id(4)), Some(4));
    assert_eq!(stream.log.entries_read_after(&group(4, Some(4)), id(5)), Some(5));
    assert_eq!(stream.log.entries_read_after(&group(3, Some(30)), id(4)), Some(4));
}

#[test]
fn nodes_from_outside_must_follow_each_other() {
    let from = filled(25);
    let mut log = Log::default();
    for (id, node) in from.log.nodes() {
        assert!(log.push_node(id, node.clone()));
        assert!(!log.push_node(id, node.clone()));
    }
    log.last_id = from.log.last_id;
    log.verify();
    assert_eq!((log.len(), log.first_id()), (25, id(1)));
    assert!(from.memory() > 25 * 10 && from.free_effort() >= 5);
    let copy = Box::leak(Box::new(from.clone()));
    assert_eq!(ids(copy.log.range(id(24), StreamId::MAX)), [24, 25]);
}

/// Entries 1 to 30, three to a node; group `g` was given up to 20 and has still to acknowledge 2, 9 and 10.
fn partly_acknowledged() -> Stream {
    let mut stream = Stream::new();
    let limits = Limits { stream_node_max_entries: 3, ..Limits::default() };
    let words = [&b"f"[..], b"v"];
    (1..=30).for_each(|n| stream.log.append(id(n), words.into_iter(), &limits).expect("ascending"));
    let mut group = Group::new(b"g", id(20), None);
    let (consumer, _) = group.ensure_consumer(b"c", 0);
    [2, 9, 10].into_iter().for_each(|n| group.assign(id(n), consumer, 0, 1));
    assert!(stream.groups.add(group));
    stream
}

fn seqs(stream: &Stream) -> Vec<u64> {
    stream.log.range(StreamId::MIN, StreamId::MAX).map(|entry| entry.id.ms).collect()
}

fn pending(stream: &Stream) -> Vec<u64> {
    let group = stream.groups.get(b"g").expect("made above");
    group.pending().iter().map(|(id, _)| id.ms).collect()
}

#[test]
fn trimming_takes_what_is_pending_along_if_asked_to() {
    let exact = |to| Trim { to, approximate: false, limit: 0 };
    let mut stream = partly_acknowledged();
    assert_eq!(stream.trim(exact(TrimTo::MaxLen(21)), References::Delete), 9);
    assert_eq!((seqs(&stream)[0], pending(&stream)), (10, vec![10]));
    stream.verify();
    let mut stream = partly_acknowledged();
    assert_eq!(stream.trim(exact(TrimTo::MaxLen(21)), References::Keep), 9);
    assert_eq!(pending(&stream), [2, 9, 10]);
}

#[test]
fn trimming_leaves_what_is_not_acknowledged_if_asked_to() {
    let trim = |to, limit| Trim { to, approximate: limit > 0, limit };
    let mut stream = partly_acknowledged();
    assert_eq!(stream.trim(trim(TrimTo::MaxLen(25), 0), References::Acknowledged), 5);
    assert_eq!(seqs(&stream)[..3], [2, 7, 8]);
    stream.verify();
    assert_eq!(stream.trim(trim(TrimTo::MinId(id(9)), 0), References::Acknowledged), 2);
    assert_eq!(seqs(&stream)[..4], [2, 9, 10, 11]);
    assert_eq!(stream.trim(trim(TrimTo::MaxLen(0), 3), References::Acknowledged), 3);
    assert_eq!(seqs(&stream)[..4], [2, 9, 10, 14]);
    // Nobody was given what is behind 20.
    assert_eq!(stream.trim(trim(TrimTo::MaxLen(0), 0), References::Acknowledged), 7);
    assert_eq!(seqs(&stream), [vec![2, 9, 10], (21..=30).collect()].concat());
    stream.verify();
    assert_eq!(stream.log.max_deleted, id(20));
    stream.groups.remove(b"g");
    assert_eq!(stream.trim(trim(TrimTo::MaxLen(0), 0), References::Acknowledged), 13);
    stream.verify();
}
