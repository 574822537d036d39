//! How one entry is written and read.

/// An element, looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    Int(i64),
    Str(&'a [u8]),
}

impl<'a> Element<'a> {
    /// What a string is kept as: an integer if it reads as one.
    #[inline]
    pub fn of(bytes: &'a [u8]) -> Self {
        match as_int(bytes) {
            Some(int) => Element::Int(int),
            None => Element::Str(bytes),
        }
    }

    /// Its bytes; `digits` is where an integer is printed.
    #[inline]
    pub fn bytes<'b>(self, digits: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Element::Str(bytes) => bytes,
            Element::Int(int) => {
                digits.clear();
                stdx::num::write_i64(digits, int);
                digits
            }
        }
    }

    pub fn to_vec(self) -> Vec<u8> {
        let mut digits = Vec::new();
        match self {
            Element::Str(bytes) => bytes.to_vec(),
            Element::Int(_) => {
                self.bytes(&mut digits);
                digits
            }
        }
    }

    /// Length in bytes, printed if an integer.
    pub fn len(self) -> usize {
        match self {
            Element::Str(bytes) => bytes.len(),
            Element::Int(int) => stdx::num::digits10(int.unsigned_abs()) + usize::from(int < 0),
        }
    }

    pub fn is_empty(self) -> bool {
        self == Element::Str(b"")
    }

    /// Whether these bytes are the element; `int` is [`as_int`] of them, asked once for a whole search.
    #[inline]
    pub fn is(self, wanted: &[u8], int: Option<i64>) -> bool {
        match self {
            Element::Str(bytes) => bytes == wanted,
            Element::Int(value) => int == Some(value),
        }
    }

    /// Bytes of head and data.
    #[inline]
    pub(super) fn size(self) -> usize {
        match self {
            Element::Int(int) => int_size(int),
            Element::Str(bytes) => match bytes.len() {
                0..=63 => 1 + bytes.len(),
                64..=4095 => 2 + bytes.len(),
                _ => 5 + bytes.len(),
            },
        }
    }

    /// Appends head, data and back.
    #[inline]
    pub(super) fn append_to(self, to: &mut Vec<u8>) {
        match self {
            Element::Int(int @ 0..=127) => to.extend_from_slice(&[int as u8, 1]),
            Element::Str(bytes) if bytes.len() < 64 => {
                to.push(0x80 | bytes.len() as u8);
                to.extend_from_slice(bytes);
                to.push(bytes.len() as u8 + 1);
            }
            Element::Str(bytes) if bytes.len() < 126 => {
                // Head and data are 127 bytes at most, so that the back is one.
                to.extend_from_slice(&[0xE0, bytes.len() as u8]);
                to.extend_from_slice(bytes);
                to.push(bytes.len() as u8 + 2);
            }
            _ => self.append_long(to),
        }
    }

    fn append_long(self, to: &mut Vec<u8>) {
        let (size, at) = (self.size(), to.len());
        to.resize(at + size + back_size(size), 0);
        self.write(&mut to[at..], size);
    }

    /// Writes head, data and back into exactly `size + back_size(size)` bytes.
    #[inline]
    pub(super) fn write(self, to: &mut [u8], size: usize) {
        match self {
            Element::Int(int) => write_int(to, int),
            Element::Str(bytes) => {
                let len = bytes.len();
                let head = match len {
                    0..=63 => {
                        to[0] = 0x80 | len as u8;
                        1
                    }
                    64..=4095 => {
                        to[0] = 0xE0 | (len >> 8) as u8;
                        to[1] = len as u8;
                        2
                    }
                    _ => {
                        to[0] = 0xF0;
                        to[1..5].copy_from_slice(&(len as u32).to_le_bytes());
                        5
                    }
                };
                to[head..head + len].copy_from_slice(bytes);
            }
        }
        write_back(&mut to[size..], size);
    }
}

/// The integer whose print these bytes are.
#[inline]
pub(super) fn as_int(bytes: &[u8]) -> Option<i64> {
    match bytes {
        [b'-' | b'0'..=b'9', ..] if bytes.len() <= 20 => stdx::num::parse_i64(bytes),
        _ => None,
    }
}

fn int_size(int: i64) -> usize {
    match int {
        0..=127 => 1,
        -4096..=4095 => 2,
        -32_768..=32_767 => 3,
        -8_388_608..=8_388_607 => 4,
        -2_147_483_648..=2_147_483_647 => 5,
        _ => 9,
    }
}

fn write_int(to: &mut [u8], int: i64) {
    let le = int.to_le_bytes();
    match int_size(int) {
        1 => to[0] = le[0],
        2 => {
            to[0] = 0xC0 | (le[1] & 0x1F);
            to[1] = le[0];
        }
        size => {
            to[0] = match size {
                3 => 0xF1,
                4 => 0xF2,
                5 => 0xF3,
                _ => 0xF4,
            };
            to[1..size].copy_from_slice(&le[..size - 1]);
        }
    }
}

/// Whether an entry that begins with this byte is a string.
#[inline(always)]
pub(super) fn is_string(first: u8) -> bool {
    matches!(first, 0x80..=0xBF | 0xE0..=0xF0)
}

/// Where the data of the entry at `at` begins, and its length.
#[inline(always)]
pub(super) fn head(bytes: &[u8], at: usize) -> (usize, usize) {
    stdx::steps::step();
    let first = bytes[at];
    match first {
        0..=0x7F => (at + 1, 0),
        0x80..=0xBF => (at + 1, usize::from(first & 0x3F)),
        0xC0..=0xDF => (at + 1, 1),
        0xE0..=0xEF => (at + 2, usize::from(first & 0x0F) << 8 | usize::from(bytes[at + 1])),
        0xF0 => {
            let len = [bytes[at + 1], bytes[at + 2], bytes[at + 3], bytes[at + 4]];
            (at + 5, u32::from_le_bytes(len) as usize)
        }
        0xF1 => (at + 1, 2),
        0xF2 => (at + 1, 3),
        0xF3 => (at + 1, 4),
        _ => (at + 1, 8),
    }
}

#[inline]
pub(super) fn read(bytes: &[u8], at: usize) -> Element<'_> {
    let (data, len) = head(bytes, at);
    read_at(bytes, at, data, len)
}

#[inline(always)]
pub(super) fn read_at(bytes: &[u8], at: usize, data: usize, len: usize) -> Element<'_> {
    match bytes[at] {
        first if is_string(first) => Element::Str(&bytes[data..data + len]),
        small @ 0..=0x7F => Element::Int(i64::from(small)),
        upper @ 0xC0..=0xDF => Element::Int(int_of_13_bits(upper, bytes[data])),
        _ => Element::Int(read_int(&bytes[data..data + len])),
    }
}

/// A signed integer whose upper five bits are in the head.
#[inline(always)]
pub(super) fn int_of_13_bits(upper: u8, lower: u8) -> i64 {
    let value = u16::from(upper & 0x1F) << 8 | u16::from(lower);
    i64::from((value << 3) as i16 >> 3)
}

/// A signed integer of 2, 3, 4 or 8 bytes.
#[inline]
fn read_int(data: &[u8]) -> i64 {
    match *data {
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c] => i64::from(i32::from_le_bytes([0, a, b, c]) >> 8),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => unreachable!("the heads know no other lengths"),
    }
}

/// Bytes of the back of an entry whose head and data take `size`. (The odd bounds are the format's.)
#[inline]
pub(super) fn back_size(size: usize) -> usize {
    match size {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

#[inline]
fn write_back(to: &mut [u8], size: usize) {
    let bytes = to.len();
    to[0] = (size >> (7 * (bytes - 1))) as u8;
    for (n, byte) in to.iter_mut().enumerate().skip(1) {
        *byte = (size >> (7 * (bytes - 1 - n))) as u8 | 0x80;
    }
}

/// Reads a back from its last byte: the size it tells, and its own length.
#[inline]
pub(super) fn read_back(bytes: &[u8], last: usize) -> (usize, usize) {
    let (mut size, mut len) = (usize::from(bytes[last] & 0x7F), 1);
    while bytes[last + 1 - len] & 0x80 != 0 && len < 5 && len <= last {
        len += 1;
        size |= usize::from(bytes[last + 1 - len] & 0x7F) << (7 * (len - 1));
    }
    (size, len)
}
