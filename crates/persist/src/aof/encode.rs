//! What is appended to the file. Every function appends to a buffer, and allocates nothing else.

use stdx::num::{write_i64, write_u64};

/// A request, its words in order. `O(bytes)`.
pub fn request<'a, I>(to: &mut Vec<u8>, words: I)
where
    I: IntoIterator<Item = &'a [u8]>,
    I::IntoIter: ExactSizeIterator,
{
    let words = words.into_iter();
    begin(to, words.len());
    for bytes in words {
        word(to, bytes);
    }
}

/// The head of a request: `count` calls of [`word`] must follow.
pub fn begin(to: &mut Vec<u8>, count: usize) {
    to.push(b'*');
    write_u64(to, count as u64);
    to.extend_from_slice(b"\r\n");
}

pub fn word(to: &mut Vec<u8>, bytes: &[u8]) {
    to.push(b'$');
    write_u64(to, bytes.len() as u64);
    to.extend_from_slice(b"\r\n");
    to.extend_from_slice(bytes);
    to.extend_from_slice(b"\r\n");
}

/// What follows is of this database.
pub fn select(to: &mut Vec<u8>, db: u32) {
    let mut text = stdx::num::Decimal::new();
    request(to, [&b"SELECT"[..], text.of(i64::from(db))]);
}

pub fn multi(to: &mut Vec<u8>) {
    to.extend_from_slice(b"*1\r\n$5\r\nMULTI\r\n");
}

pub fn exec(to: &mut Vec<u8>) {
    to.extend_from_slice(b"*1\r\n$4\r\nEXEC\r\n");
}

/// What follows was written at this time or later. `seconds`: since 1970.
pub fn timestamp(to: &mut Vec<u8>, seconds: i64) {
    to.extend_from_slice(b"#TS:");
    write_i64(to, seconds);
    to.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_peers_write_it() {
        let mut to = Vec::new();
        timestamp(&mut to, 1_795_273_447);
        select(&mut to, 15);
        multi(&mut to);
        request(&mut to, [&b"set"[..], b"", b"a\r\nb"]);
        exec(&mut to);
        let expected = b"#TS:1795273447\r\n*2\r\n$6\r\nSELECT\r\n$2\r\n15\r\n*1\r\n$5\r\nMULTI\r\n\
            *3\r\n$3\r\nset\r\n$0\r\n\r\n$4\r\na\r\nb\r\n*1\r\n$4\r\nEXEC\r\n";
        assert_eq!(to, expected);
    }
}
