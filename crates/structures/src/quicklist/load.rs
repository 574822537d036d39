//! Building a list of nodes that were those of another one: loading.

use super::Quicklist;
use super::node::Node;
use crate::listpack::Listpack;

impl Quicklist {
    /// Adds a listpack at the tail, as a node of its own; an empty one is passed over. `O(1)`.
    pub fn append_pack(&mut self, pack: Listpack) {
        if !pack.is_empty() {
            self.count += pack.len();
            self.insert_node(self.nodes.len(), Node::of_pack(pack));
        }
    }

    /// Adds an element at the tail that has a node of its own, whatever its size. `O(1)`.
    pub fn append_plain(&mut self, element: Vec<u8>) {
        self.count += 1;
        self.insert_node(self.nodes.len(), Node::of_plain(element));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listpack::Element;
    use crate::quicklist::Fill;

    #[test]
    fn nodes_are_kept_as_they_come() {
        for depth in [0, 1] {
            let mut list = Quicklist::new(Fill::new(-2), depth);
            for _ in 0..5 {
                let mut pack = Listpack::new();
                (0..100).for_each(|_| pack.push_back(Element::Str(b"again and again")));
                list.append_pack(pack);
                list.append_plain(vec![b'x'; 100]);
                list.append_pack(Listpack::new());
            }
            list.verify();
            assert_eq!((list.len(), list.nodes().len()), (505, 10));
        }
    }
}
