//! Passwords: only their SHA-256 is kept.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a password.
#[derive(Clone, Copy, Debug)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(password: &[u8]) -> Self {
        Digest(Sha256::digest(password).into())
    }

    /// Reads 64 hexadecimal digits, letters in lower case.
    pub fn parse(hex: &[u8]) -> Option<Self> {
        let mut digest = [0; 32];
        if hex.len() != 64 {
            return None;
        }
        for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Digest(digest))
    }

    pub fn hex(&self) -> String {
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
    }
}

impl PartialEq for Digest {
    /// In a time that does not depend on what is compared.
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for Digest {}

/// Compares in a time that depends on the lengths alone.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    let differs = a.iter().zip(b).fold(0, |differs, (a, b)| differs | std::hint::black_box(a ^ b));
    a.len() == b.len() && differs == 0
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}
