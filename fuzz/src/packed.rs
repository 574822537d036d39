//! Packed structures from anywhere, as files and other servers send them: bytes are refused, or they are sound.

use keyspace::stream::{Node, StreamId};
use structures::intset::Intset;
use structures::listpack::{Element, Listpack};

/// What is accepted can be walked both ways, found in, and changed, and is sound after each change. The last bytes say
/// what is changed.
pub fn listpack(bytes: &[u8]) {
    let Ok(mut pack) = Listpack::check(bytes.to_vec()) else { return };
    pack.view().verify();
    let elements: Vec<Vec<u8>> = pack.view().iter().map(Element::to_vec).collect();
    assert_eq!(elements.len(), pack.len());
    let mut back = Vec::new();
    let mut at = pack.view().last();
    while let Some(here) = at {
        back.push(pack.view().get(here).to_vec());
        at = pack.view().prev(here);
    }
    back.reverse();
    assert_eq!(elements, back);
    let mut model = elements;
    for (n, byte) in bytes.iter().rev().take(8).enumerate() {
        change(&mut pack, &mut model, usize::from(*byte), n);
        pack.view().verify();
        assert!(pack.view().iter().map(Element::to_vec).eq(model.iter().cloned()), "after change {n}");
    }
    assert!(Listpack::check(pack.into_bytes()).is_ok());
}

fn change(pack: &mut Listpack, model: &mut Vec<Vec<u8>>, byte: usize, n: usize) {
    let fresh = if n.is_multiple_of(2) { vec![b'x'; byte] } else { (byte * 991).to_string().into_bytes() };
    let index = if model.is_empty() { 0 } else { byte % model.len() };
    let at = pack.view().seek(index as i64);
    match (byte % 5, at) {
        (0, Some(at)) => {
            pack.remove(at);
            model.remove(index);
        }
        (1, Some(at)) => {
            pack.replace(at, Element::of(&fresh));
            model[index] = fresh;
        }
        (2, Some(at)) => {
            pack.insert_before(at, Element::of(&fresh));
            model.insert(index, fresh);
        }
        (3, _) => {
            pack.push_front(Element::of(&fresh));
            model.insert(0, fresh);
        }
        _ => {
            pack.push_back(Element::of(&fresh));
            model.push(fresh);
        }
    }
}

/// What is accepted is in order, and stays so.
pub fn intset(bytes: &[u8]) {
    let Ok(mut ints) = Intset::check(bytes.to_vec()) else { return };
    ints.view().verify();
    let mut model: std::collections::BTreeSet<i64> = ints.view().iter().collect();
    assert_eq!(model.len(), ints.len());
    for window in bytes.windows(8).take(16) {
        let int = i64::from_le_bytes([
            window[0], window[1], window[2], window[3], window[4], window[5], window[6], window[7],
        ]) >> (8 * (window[0] % 8));
        assert_eq!(ints.view().contains(int), model.contains(&int));
        assert_eq!(ints.insert(int), model.insert(int));
        if window[1] % 2 == 0 {
            assert!(ints.remove(int) && model.remove(&int));
        }
    }
    ints.view().verify();
    assert!(ints.view().iter().eq(model));
}

/// Whatever is unpacked has the length that was asked for; what was packed comes back.
pub fn lzf(bytes: &[u8]) {
    for len in [0, 1, bytes.len(), 3 * bytes.len(), 10_000] {
        let mut out = Vec::new();
        if structures::lzf::decompress(bytes, len, &mut out) {
            assert_eq!(out.len(), len);
        }
        assert!(out.capacity() <= 2 * len + 64, "{} bytes for {len}", out.capacity());
    }
    let mut packed = Vec::new();
    if structures::lzf::compress(bytes, bytes.len(), &mut packed) {
        assert!(packed.len() <= bytes.len());
        let mut out = Vec::new();
        assert!(structures::lzf::decompress(&packed, bytes.len(), &mut out));
        assert_eq!(out, bytes);
    }
}

/// What is accepted as a stream's node can be walked both ways, and its entries deleted.
pub fn stream_node(bytes: &[u8]) {
    let id = StreamId { ms: 1_700_000_000_000, seq: 5 };
    for bytes in [bytes.to_vec(), enveloped(bytes)] {
        let Ok(pack) = Listpack::check(bytes) else { continue };
        let Ok(mut node) = Node::check(pack, id) else { continue };
        node.verify(id);
        let mut entries = node.entries(id);
        let mut ids = Vec::new();
        while let Some(entry) = entries.next_live() {
            ids.push(entry.id);
            assert_eq!(entry.fields.len(), entry.fields.count());
        }
        assert_eq!(ids.len() as u64, node.live());
        let (mut back, mut entries) = (Vec::new(), node.entries(id));
        while let Some(entry) = entries.next_live_back() {
            back.push(entry.id);
        }
        back.reverse();
        assert_eq!(ids, back);
        for (n, wanted) in ids.iter().enumerate().filter(|(n, _)| n % 2 == 0) {
            assert!(node.delete(id, *wanted).is_some(), "entry {n}");
        }
        // A node without live entries is dropped whole.
        if node.live() > 0 {
            node.verify(id);
        }
    }
}

/// A sound listpack of elements that the bytes say: so that more than its envelope is tried.
fn enveloped(bytes: &[u8]) -> Vec<u8> {
    let mut pack = Listpack::new();
    for piece in bytes.chunks(2) {
        match *piece {
            [kind, byte] if kind < 200 => pack.push_back(Element::Int(i64::from(byte as i8))),
            _ => pack.push_back(Element::of(piece)),
        }
    }
    pack.into_bytes()
}
