//! Where replies end, and what they are.

/// Length of the reply at the head: a line, a line and a string, or a line and so many replies.
pub fn len(bytes: &[u8]) -> Option<usize> {
    let line = bytes.iter().position(|byte| *byte == b'\n')? + 1;
    let announced = || std::str::from_utf8(bytes.get(1..line - 2)?).ok()?.parse::<i64>().ok();
    let nested = |count: i64| (0..count).try_fold(line, |at, _| Some(at + len(bytes.get(at..)?)?));
    let len = match bytes.first()? {
        b'$' | b'=' => usize::try_from(announced()?).map_or(line, |bytes| line + bytes + 2),
        b'*' | b'~' | b'>' => nested(announced()?)?,
        b'%' => nested(announced()?.saturating_mul(2))?,
        _ => line,
    };
    (bytes.len() >= len).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::len;

    #[test]
    fn replies_end_where_the_next_begins() {
        for whole in [
            "+OK\r\n",
            "$-1\r\n",
            "$3\r\nabc\r\n",
            "*2\r\n:1\r\n$1\r\na\r\n",
            "%1\r\n+a\r\n*1\r\n_\r\n",
            ">0\r\n",
        ] {
            assert_eq!(len(format!("{whole}+next\r\n").as_bytes()), Some(whole.len()), "{whole:?}");
            for cut in 0..whole.len() {
                assert_eq!(len(&whole.as_bytes()[..cut]), None, "{whole:?} cut at {cut}");
            }
        }
    }
}
