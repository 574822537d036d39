//! Elements that are there twice.

use structures::listpack::Element;

/// Up to so many are compared each with each.
const FEW: usize = 12;

/// Whether two are equal. `O(n log n)`. Elements must be canonical: no string that reads as an integer.
pub(super) fn any<'a>(elements: impl Iterator<Item = Element<'a>>) -> bool {
    let mut all: Vec<Element<'a>> = elements.collect();
    if all.len() <= FEW {
        return all.iter().enumerate().any(|(n, element)| all[..n].contains(element));
    }
    all.sort_unstable_by_key(|element| match *element {
        Element::Int(int) => (0, int, &[][..]),
        Element::Str(bytes) => (bytes.len() + 1, 0, bytes),
    });
    all.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_is_found_among_few_and_many() {
        for count in [2usize, 12, 13, 100] {
            let texts: Vec<String> = (0..count).map(|n| format!("e{n}")).collect();
            let mut elements: Vec<Element<'_>> =
                texts.iter().map(|text| Element::Str(text.as_bytes())).collect();
            elements.extend((0..3).map(Element::Int));
            assert!(!any(elements.iter().copied()));
            for again in [0, count - 1, count] {
                assert!(any(elements.iter().copied().chain([elements[again]])));
            }
        }
    }
}
