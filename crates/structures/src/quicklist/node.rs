//! One node: a listpack or one huge element, compressed or not.

use crate::listpack::{Element, Listpack, Pack};
use crate::lzf;

/// Smaller nodes are not worth compressing.
const LEAST_BYTES: usize = 48;
/// Nor are those that save less.
const LEAST_SAVED: usize = 8;

#[derive(Clone, Debug)]
pub(super) struct Node {
    body: Body,
    /// Elements.
    count: u32,
    /// Of a compressed one: its bytes when it is open. Of others: [`TRIED`] if compressing them did not help.
    raw: u32,
}

const TRIED: u32 = 1;

#[derive(Clone, Debug)]
enum Body {
    Packed(Listpack),
    Plain(Box<[u8]>),
    /// A listpack, compressed.
    Lzf(Box<[u8]>),
    /// A plain element, compressed.
    PlainLzf(Box<[u8]>),
}

const _: () = assert!(size_of::<Node>() == 32);

/// What a node holds.
#[derive(Clone, Copy, Debug)]
pub enum NodeView<'a> {
    Packed(Pack<'a>),
    Plain(&'a [u8]),
    /// A compressed listpack (or plain element) of so many elements, and of so many bytes when open.
    Lzf {
        bytes: &'a [u8],
        raw: usize,
        count: usize,
        plain: bool,
    },
}

impl NodeView<'_> {
    /// Bytes when open.
    pub fn bytes(&self) -> usize {
        match self {
            NodeView::Packed(pack) => pack.bytes().len(),
            NodeView::Plain(bytes) => bytes.len(),
            NodeView::Lzf { raw, .. } => *raw,
        }
    }

    /// Elements.
    pub fn count(&self) -> usize {
        match self {
            NodeView::Packed(pack) => pack.len(),
            NodeView::Plain(_) => 1,
            NodeView::Lzf { count, .. } => *count,
        }
    }
}

/// An open node, or a compressed one opened into a buffer.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    Packed(Pack<'a>),
    Plain(&'a [u8]),
}

impl Node {
    pub(super) fn of_pack(pack: Listpack) -> Self {
        Node { count: pack.len() as u32, body: Body::Packed(pack), raw: 0 }
    }

    /// A node of one huge element.
    pub(super) fn of_plain(element: Vec<u8>) -> Self {
        Node { body: Body::Plain(element.into_boxed_slice()), count: 1, raw: 0 }
    }

    /// A node of one element.
    pub(super) fn of(element: &[u8], large: bool) -> Self {
        Node::with_room(element, large, 0)
    }

    /// A node of one element, with room for so many bytes in all if there may be others.
    pub(super) fn with_room(element: &[u8], large: bool, room: usize) -> Self {
        if large {
            return Node { body: Body::Plain(element.into()), count: 1, raw: 0 };
        }
        let mut pack = Listpack::with_capacity(room);
        pack.push_back(Element::of(element));
        Node { body: Body::Packed(pack), count: 1, raw: 0 }
    }

    /// Elements.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// Bytes, when open.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        match &self.body {
            Body::Packed(pack) => pack.bytes().len(),
            Body::Plain(bytes) => bytes.len(),
            Body::Lzf(_) | Body::PlainLzf(_) => self.raw as usize,
        }
    }

    pub(super) fn memory(&self) -> usize {
        match &self.body {
            Body::Packed(pack) => pack.memory(),
            Body::Plain(bytes) | Body::Lzf(bytes) | Body::PlainLzf(bytes) => bytes.len(),
        }
    }

    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.body, Body::Plain(_) | Body::PlainLzf(_))
    }

    #[inline]
    pub(super) fn is_compressed(&self) -> bool {
        matches!(self.body, Body::Lzf(_) | Body::PlainLzf(_))
    }

    /// Whether there is no use in compressing it (again).
    pub(super) fn is_settled(&self) -> bool {
        self.is_compressed() || self.raw == TRIED || self.bytes() < LEAST_BYTES
    }

    pub(super) fn view(&self) -> NodeView<'_> {
        match &self.body {
            Body::Packed(pack) => NodeView::Packed(pack.view()),
            Body::Plain(bytes) => NodeView::Plain(bytes),
            Body::Lzf(bytes) | Body::PlainLzf(bytes) => {
                let (raw, count) = (self.bytes(), self.len());
                NodeView::Lzf { bytes, raw, count, plain: self.is_plain() }
            }
        }
    }

    /// The open listpack.
    pub(super) fn pack(&self) -> Option<&Listpack> {
        match &self.body {
            Body::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    pub(super) fn into_pack(self) -> Option<Listpack> {
        match self.body {
            Body::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    /// Its elements; `buffer` is where a compressed one is opened.
    #[inline]
    pub(super) fn content<'a>(&'a self, buffer: &'a mut Vec<u8>) -> Content<'a> {
        match &self.body {
            Body::Packed(pack) => Content::Packed(pack.view()),
            Body::Plain(bytes) => Content::Plain(bytes),
            Body::Lzf(bytes) => {
                unpack(bytes, self.raw, buffer);
                Content::Packed(Pack::trusted(buffer))
            }
            Body::PlainLzf(bytes) => {
                unpack(bytes, self.raw, buffer);
                Content::Plain(buffer)
            }
        }
    }

    /// Opens it, if it is compressed.
    #[inline]
    pub(super) fn open(&mut self) {
        if self.is_compressed() {
            self.open_now();
        }
    }

    #[cold]
    fn open_now(&mut self) {
        let mut buffer = Vec::new();
        match &self.body {
            Body::Lzf(bytes) => {
                unpack(bytes, self.raw, &mut buffer);
                self.body = Body::Packed(Listpack::trusted(buffer));
            }
            Body::PlainLzf(bytes) => {
                unpack(bytes, self.raw, &mut buffer);
                self.body = Body::Plain(buffer.into());
            }
            Body::Packed(_) | Body::Plain(_) => return,
        }
        // It was smaller before, so it will be again, until it is changed.
        self.raw = 0;
    }

    /// Compresses it, if that is worth it.
    pub(super) fn close(&mut self) {
        if self.is_settled() {
            return;
        }
        let bytes: &[u8] = match &self.body {
            Body::Packed(pack) => pack.bytes(),
            Body::Plain(bytes) => bytes,
            Body::Lzf(_) | Body::PlainLzf(_) => return,
        };
        let mut packed = Vec::new();
        let most = bytes.len() - LEAST_SAVED - 1;
        let (true, Ok(raw)) = (lzf::compress(bytes, most, &mut packed), u32::try_from(bytes.len())) else {
            self.raw = TRIED;
            return;
        };
        let packed = packed.into();
        self.body = if self.is_plain() { Body::PlainLzf(packed) } else { Body::Lzf(packed) };
        self.raw = raw;
    }

    /// Changes the listpack, opened if need be; `None` if it is a plain node. The count is taken from it afterwards.
    #[inline]
    pub(super) fn change<R>(&mut self, change: impl FnOnce(&mut Listpack) -> R) -> Option<R> {
        self.open();
        let Body::Packed(pack) = &mut self.body else { return None };
        self.raw = 0;
        let result = change(pack);
        self.count = pack.len() as u32;
        Some(result)
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        if let Body::Packed(pack) = &mut self.body {
            pack.shrink();
        }
    }

    pub(super) fn verify(&self) {
        assert!(self.count > 0, "invariant 1");
        match self.content(&mut Vec::new()) {
            Content::Packed(pack) => {
                pack.verify();
                assert_eq!(pack.len(), self.len(), "invariant 1");
            }
            Content::Plain(_) => assert_eq!(self.count, 1, "invariant 1"),
        }
    }
}

/// Opens what [`Node::close`] compressed.
fn unpack(bytes: &[u8], raw: u32, buffer: &mut Vec<u8>) {
    buffer.clear();
    assert!(lzf::decompress(bytes, raw as usize, buffer), "the node was compressed here");
}
