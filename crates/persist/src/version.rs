//! Versions of the format, and what each of them has a code for.
//!
//! | version | of | new in it |
//! |---|---|---|
//! | 1 - 8 | Redis 1 - 4 | packed forms, LZF, expires in ms, aux fields, doubles |
//! | 9 | Redis 5, 6 | streams, idle time, frequency |
//! | 10 | Redis 7.0 | listpacks for hashes, sorted sets and nodes, functions |
//! | 11 | Redis 7.2, Valkey 7.2 - 8 | sets in listpacks, times of consumers |
//! | 12 | Redis 7.4, 8 | expires of fields, slot info |
//! | 80 | Valkey 9 | expires of fields (a code of its own), magic `VALKEY` |
//!
//! Between 12 and 79 the two families go apart: what Redis numbers there Valkey leaves alone, and the other way round.

/// A version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16);

impl Version {
    /// Read by Redis from 7.2 on and by every Valkey: what is written unless something else is asked for.
    pub const COMMON: Version = Version(11);
    pub const REDIS_8: Version = Version(12);
    pub const VALKEY_9: Version = Version(80);
    /// The oldest that all values can be written in.
    pub const OLDEST_WRITTEN: Version = Version(9);

    /// One that is known: the numbers that have been given out so far.
    pub fn is_known(self) -> bool {
        (1..=Version::REDIS_8.0).contains(&self.0) || self == Version::VALKEY_9
    }

    /// Numbered by Valkey: the meaning of codes from 22 on, and the magic.
    pub fn is_valkey(self) -> bool {
        self >= Version::VALKEY_9
    }

    /// Numbered by Redis after the two parted.
    pub fn is_redis_only(self) -> bool {
        self >= Version::REDIS_8 && !self.is_valkey()
    }

    pub(crate) fn has_listpacks(self) -> bool {
        self.0 >= 10
    }

    /// Sets in listpacks, and the third code of streams.
    pub(crate) fn has_set_listpacks(self) -> bool {
        self.0 >= 11
    }

    /// Hashes with expires of fields.
    pub fn has_field_expires(self) -> bool {
        self.is_redis_only() || self.is_valkey()
    }

    /// The version that a value with such fields is written in: this one, or Valkey's.
    pub fn with_field_expires(self) -> Version {
        if self.has_field_expires() { self } else { Version::VALKEY_9 }
    }

    /// The nine bytes a file begins with.
    pub fn magic(self) -> [u8; 9] {
        let text = match self.is_valkey() {
            true => format!("VALKEY{:03}", self.0 % 1000),
            false => format!("REDIS{:04}", self.0 % 10_000),
        };
        text.as_bytes().first_chunk().copied().unwrap_or(*b"REDIS0011")
    }

    /// The version that a file's first nine bytes name.
    pub fn of_magic(magic: &[u8; 9]) -> Option<Version> {
        let digits = match magic {
            [b'R', b'E', b'D', b'I', b'S', digits @ ..] => &digits[..],
            [b'V', b'A', b'L', b'K', b'E', b'Y', digits @ ..] => &digits[..],
            _ => return None,
        };
        let number = digits.iter().try_fold(0u16, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0'))
        });
        number.filter(|number| *number > 0).map(Version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magics_name_versions() {
        for version in [9, 10, 11, 12, 80].map(Version) {
            assert_eq!(Version::of_magic(&version.magic()), Some(version));
        }
        assert_eq!(&Version(80).magic(), b"VALKEY080");
        assert_eq!(&Version(11).magic(), b"REDIS0011");
        for bad in [b"REDIS00x1", b"REDIS0000", b"VALKEY08-", b"redis0011"] {
            assert_eq!(Version::of_magic(bad), None);
        }
    }

    #[test]
    fn families_part_at_twelve() {
        assert_eq!(Version(11).with_field_expires(), Version::VALKEY_9);
        assert_eq!(Version(12).with_field_expires(), Version(12));
        assert!(Version(12).is_redis_only() && !Version(80).is_redis_only());
        assert!(![0, 13, 79, 81].map(Version).iter().any(|version| version.is_known()));
    }
}
