//! What is in a certificate: the common name of its subject, its URIs, its serial number, its end.
//!
//! A walk over DER that knows just enough to find them; whatever is not as it should be ends it with what was found.

use world::CertificateFacts;

/// An element: its tag and what is in it.
pub(super) type Element<'a> = (u8, &'a [u8]);

pub(super) const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
pub(super) const OID: u8 = 0x06;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
/// `[0] version` and `[3] extensions` of a certificate.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// `[6] uniformResourceIdentifier` of a GeneralName.
const URI: u8 = 0x86;
/// 2.5.4.3 and 2.5.29.17.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// The first element and what follows it.
pub(super) fn next(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
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
pub(super) fn elements(mut bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
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

/// Serial number and end.
pub(super) fn facts(certificate: &[u8]) -> Option<CertificateFacts> {
    // serial, signature, issuer, validity: from, until
    let (_, serial) = fields(certificate).next()?;
    let (_, validity) = fields(certificate).nth(3)?;
    let (kind, until) = elements(validity).nth(1)?;
    let serial = if serial.len() > 1 { serial.strip_prefix(&[0]).unwrap_or(serial) } else { serial };
    Some(CertificateFacts {
        serial: serial.iter().map(|byte| format!("{byte:02X}")).collect(),
        expires_s: seconds(kind, until)?,
    })
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` as seconds since 1970.
pub(super) fn seconds(kind: u8, time: &[u8]) -> Option<i64> {
    let digits = time.strip_suffix(b"Z")?;
    let (year, rest) = digits.split_at_checked(if kind == UTC_TIME { 2 } else { 4 })?;
    let number = |digits: &[u8]| {
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| digits.iter().fold(0, |number, digit| 10 * number + i64::from(digit - b'0')))
    };
    if rest.len() != 10 {
        return None;
    }
    let parts: Option<Vec<i64>> = rest.chunks(2).map(number).collect();
    let [month @ 1..=12, day, hour, minute, second] = parts?[..] else { return None };
    let mut year = number(year)?;
    if kind == UTC_TIME {
        year += if year < 50 { 2000 } else { 1900 };
    }
    // Counted in years that begin with March: the leap day is the last.
    let year = if month < 3 { year - 1 } else { year };
    let days_of_months = (153 * ((month + 9) % 12) + 2) / 5;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + days_of_months;
    const TO_1970: i64 = 719_468;
    Some((((days + day - 1 - TO_1970) * 24 + hour) * 60 + minute) * 60 + second)
}

fn usable(name: &[u8]) -> Option<Vec<u8>> {
    (!name.is_empty() && !name.contains(&0)).then(|| name.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_since_1970() {
        assert_eq!(seconds(UTC_TIME, b"700101000000Z"), Some(0));
        assert_eq!(seconds(UTC_TIME, b"000229235959Z"), Some(951_868_799));
        assert_eq!(seconds(UTC_TIME, b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(seconds(0x18, b"20991231000000Z"), Some(4_102_358_400));
        for bad in [&b"20991231000000"[..], b"2099123100000Z", b"20991331000000Z", b"Z", b"2x991231000000Z"] {
            assert_eq!(seconds(0x18, bad), None);
        }
    }
}
