//! "Did you mean": the name in a list that a mistyped one most likely stands for.
//!
//! Distance counts a character left out, put in, replaced, or swapped with its neighbour as one step each, in
//! ASCII lower case. A third of the name's length is how far a guess may be: further, and it reads as mockery.

/// The candidate nearest to `name`, the first one if several are; `None` if all are too far away.
///
/// A name of `n` characters may be `max(1, n / 3)` steps away, one of less than three characters none but in
/// case. Each candidate costs its length times the name's; ones whose length alone rules them out, nothing.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = folded(name);
    let mut best = None;
    let mut best_distance = distance_max(name.len()) + 1;
    for candidate in candidates {
        let other = folded(candidate);
        if other.len().abs_diff(name.len()) >= best_distance {
            continue;
        }
        let distance = distance(&name, &other);
        if distance < best_distance {
            (best, best_distance) = (Some(candidate), distance);
        }
    }
    best
}

fn distance_max(len: usize) -> usize {
    match len {
        0..3 => 0,
        _ => len / 3,
    }
}

fn folded(name: &str) -> Vec<char> {
    name.chars().map(|c| c.to_ascii_lowercase()).collect()
}

/// Edit distance with swaps of neighbours (optimal string alignment), three rows of the table at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row = last.clone();
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 7] =
        ["maxmemory", "maxmemory-policy", "maxclients", "port", "bind", "save", "appendonly"];

    fn guess(name: &str) -> Option<&'static str> {
        nearest(name, NAMES.into_iter())
    }

    #[test]
    fn a_slip_is_recognised() {
        assert_eq!(guess("maxmemroy"), Some("maxmemory"));
        assert_eq!(guess("max-memory"), Some("maxmemory"));
        assert_eq!(guess("MAXCLIENT"), Some("maxclients"));
        assert_eq!(guess("prot"), Some("port"));
        assert_eq!(guess("appendOnly"), Some("appendonly"));
        assert_eq!(guess("maxmemory-polcy"), Some("maxmemory-policy"));
    }

    #[test]
    fn another_word_is_not() {
        for name in ["", "x", "po", "cluster-enabled", "bond-street", "maximum"] {
            assert_eq!(guess(name), None, "{name}");
        }
    }

    #[test]
    fn the_first_of_equals_wins() {
        assert_eq!(nearest("lpox", ["lpop", "lpos"].into_iter()), Some("lpop"));
    }

    #[test]
    fn steps_are_counted() {
        let steps = |a, b| distance(&folded(a), &folded(b));
        assert_eq!(steps("", ""), 0);
        assert_eq!(steps("", "abc"), 3);
        assert_eq!(steps("kitten", "sitting"), 3);
        assert_eq!(steps("ab", "ba"), 1);
        assert_eq!(steps("abcd", "acbd"), 1);
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_zero_only_for_equals(a in "[abc]{0,6}", b in "[abc]{0,6}") {
            let (x, y) = (folded(&a), folded(&b));
            prop_assert_eq!(distance(&x, &y), distance(&y, &x));
            prop_assert_eq!(distance(&x, &y) == 0, a == b);
        }
    }
}
