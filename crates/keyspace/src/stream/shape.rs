//! What the peers' radix tree would look like.
//!
//! XINFO STREAM tells the number of its nodes. We have no such tree, but its shape follows from the keys: a node where
//! keys part, one for a run of bytes that all keys below it share (of any length), one at the end of each key.

/// Bytes of a key.
const KEY: i32 = 16;

/// Nodes of a compressed radix tree of these ascending keys. `O(n)`.
pub fn radix_nodes(mut keys: impl Iterator<Item = [u8; KEY as usize]>) -> usize {
    let Some(mut last) = keys.next() else { return 1 };
    // Depths where keys up to `last` part, from the root down to `last`; -1 is above the root.
    let (mut nodes, mut partings, mut before) = (0, Vec::<i32>::new(), -1);
    for key in keys {
        let common = last.iter().zip(key).take_while(|(a, b)| **a == *b).count() as i32;
        nodes += end_at(KEY, before.max(common));
        while let Some(depth) = partings.pop_if(|depth| *depth > common) {
            nodes += end_at(depth, common.max(partings.last().copied().unwrap_or(-1)));
        }
        if partings.last() != Some(&common) {
            partings.push(common);
        }
        (last, before) = (key, common);
    }
    nodes += end_at(KEY, before);
    while let Some(depth) = partings.pop() {
        nodes += end_at(depth, partings.last().copied().unwrap_or(-1));
    }
    nodes
}

/// The node at a depth, and that of the run between it and the parting above, which has one byte of its own.
fn end_at(depth: i32, above: i32) -> usize {
    1 + usize::from(depth > above + 1)
}

#[cfg(test)]
mod tests {
    use super::super::id::StreamId;
    use super::radix_nodes;

    #[test]
    fn nodes_are_counted_as_the_peer_has_them() {
        let of =
            |ids: &[(u64, u64)]| radix_nodes(ids.iter().map(|(ms, seq)| StreamId::new(*ms, *seq).to_bytes()));
        // What Valkey 9.1.2 told with stream-node-max-entries 1.
        assert_eq!(of(&[]), 1);
        assert_eq!(of(&[(1, 0)]), 2);
        assert_eq!(of(&[(1, 0), (2, 0)]), 6);
        assert_eq!(of(&[(1, 0), (1, 1), (1, 2)]), 5);
        assert_eq!(of(&[(1, 0), (1, 1), (2, 0), (256, 5), (1 << 60, 0)]), 14);
        let more = [(1, 0), (1, 1), (1, 2), (1, 255), (1, 256), (1, 257), (1, 65_536), (3, 7)];
        assert_eq!(of(&more), 17);
        let many: Vec<_> = (1..=200).map(|n| (n, n % 3)).collect();
        assert_eq!(of(&many), 402);
        let rest: Vec<_> =
            many.into_iter().filter(|(n, _)| ![3, 50, 77, 199, 200, 1, 2].contains(n)).collect();
        assert_eq!(of(&rest), 388);
    }
}
