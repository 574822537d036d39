//! Names in a certificate that has been checked already: the common name of its subject, its URIs.
//!
//! A walk over DER that knows just enough to find them; whatever is not as it should be ends it with what was found.

/// An element: its tag and what is in it.
type Element<'a> = (u8, &'a [u8]);

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
/// `[0] version` and `[3] extensions` of a certificate.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// `[6] uniformResourceIdentifier` of a GeneralName.
const URI: u8 = 0x86;
/// 2.5.4.3 and 2.5.29.17.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// The first element and what follows it.
fn next(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (len, rest) = if short < 0x80 {
        (usize::from(short), rest)
    } else {
        let digits = usize::from(short & 0x7f);
        if !(1..=4).contains(&digits) {
            return None;
        }
        let (digits, rest) = rest.split_at_checked(digits)?;
        (digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some(((tag, content), rest))
}

/// The elements of a content, until one is malformed.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let (element, rest) = next(bytes)?;
        bytes = rest;
        Some(element)
    })
}

/// The fields of the part that is signed, without the version.
fn fields(certificate: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let inside =
        |bytes| next(bytes).filter(|((tag, _), _)| *tag == SEQUENCE).map(|((_, content), _)| content);
    let signed = inside(certificate).and_then(inside).unwrap_or_default();
    elements(signed).filter(|(tag, _)| *tag != VERSION)
}

/// The common name of the subject: the last, if there are more. One with a NUL in it is none: C would read its half.
pub(super) fn common_name(certificate: &[u8]) -> Option<Vec<u8>> {
    // serial, signature, issuer, validity, subject
    let (_, subject) = fields(certificate).nth(4)?;
    let pairs = elements(subject).filter(|(tag, _)| *tag == SET).flat_map(|(_, set)| elements(set));
    let names = pairs.filter_map(|(_, pair)| match next(pair)? {
        ((OID, COMMON_NAME), rest) => next(rest).map(|((_, name), _)| name),
        _ => None,
    });
    usable(names.last()?)
}

/// The URIs among its subject's other names.
pub(super) fn uris(certificate: &[u8]) -> Vec<Vec<u8>> {
    let lists =
        fields(certificate).filter(|(tag, _)| *tag == EXTENSIONS).flat_map(|(_, list)| elements(list));
    let extensions = lists.flat_map(|(_, list)| elements(list));
    let names = extensions.filter_map(|(_, extension)| match next(extension)? {
        ((OID, SUBJECT_ALT_NAME), rest) => elements(rest).find(|(tag, _)| *tag == OCTETS),
        _ => None,
    });
    let names = names.flat_map(|(_, octets)| elements(octets)).flat_map(|(_, names)| elements(names));
    names.filter(|(tag, _)| *tag == URI).filter_map(|(_, uri)| usable(uri)).collect()
}

fn usable(name: &[u8]) -> Option<Vec<u8>> {
    (!name.is_empty() && !name.contains(&0)).then(|| name.to_vec())
}
