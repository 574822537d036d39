//! Patterns of BY and GET: the name of a key, and perhaps of a field, with a place for an element.

use keyspace::{DbIndex, Keyspace};

use super::source::append_value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern<'a> {
    /// `#`
    Element,
    /// Without `*`: names nothing.
    Constant,
    /// `weight_*`, or `object_*->field`.
    Key { before: &'a [u8], behind: &'a [u8], field: Option<&'a [u8]> },
}

impl<'a> Pattern<'a> {
    /// The first `*` is the place. What follows the first arrow behind it is a field, if it is something.
    pub fn parse(text: &'a [u8]) -> Self {
        if text == b"#" {
            return Pattern::Element;
        }
        let Some(star) = text.iter().position(|byte| *byte == b'*') else { return Pattern::Constant };
        let (before, behind) = (&text[..star], &text[star + 1..]);
        match behind.windows(2).position(|two| two == b"->").filter(|at| at + 2 < behind.len()) {
            Some(at) => Pattern::Key { before, behind: &behind[..at], field: Some(&behind[at + 2..]) },
            None => Pattern::Key { before, behind, field: None },
        }
    }

    /// Appends what the pattern stands for with an element in its place. False if it is nothing.
    pub fn append(
        self,
        keyspace: &mut Keyspace,
        db: DbIndex,
        element: &[u8],
        name: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> bool {
        match self {
            Pattern::Constant => false,
            Pattern::Element => {
                out.extend_from_slice(element);
                true
            }
            Pattern::Key { before, behind, field } => {
                name.clear();
                [before, element, behind].into_iter().for_each(|part| name.extend_from_slice(part));
                let key = keyspace.key(name);
                let now_ms = keyspace.env.now_ms;
                keyspace.db(db).read(key).is_some_and(|entry| append_value(entry, field, now_ms, out))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_taken_apart() {
        let key = |before, behind, field| Pattern::Key { before, behind, field };
        let table: [(&[u8], Pattern<'_>); 8] = [
            (b"#", Pattern::Element),
            (b"", Pattern::Constant),
            (b"nosort", Pattern::Constant),
            (b"w_*", key(b"w_", b"", None)),
            (b"*x*", key(b"", b"x*", None)),
            (b"o_*->f", key(b"o_", b"", Some(b"f"))),
            (b"a->*b->c->d", key(b"a->", b"b", Some(b"c->d"))),
            (b"x:*->", key(b"x:", b"->", None)),
        ];
        for (text, pattern) in table {
            assert_eq!(Pattern::parse(text), pattern, "{text:?}");
        }
    }
}
