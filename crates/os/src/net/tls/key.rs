//! Private keys from PEM, also those that a password opens.
//!
//! PKCS#8's encrypted form is what `openssl genpkey`, `req` and `pkcs8 -topk8` write when they are given a password. Of
//! the many ways in which it may be encrypted (PBES2 of RFC 8018) we know the one that is in use: a key from the password
//! by PBKDF2, then AES in CBC mode. The pieces are ring's and RustCrypto's; what joins them is here:
//!
//! ```text
//! SEQUENCE
//!   SEQUENCE  OID pbes2
//!     SEQUENCE
//!       SEQUENCE  OID pbkdf2   SEQUENCE  OCTETS salt  INTEGER iterations  [INTEGER length]  [SEQUENCE  OID prf]
//!       SEQUENCE  OID aes-cbc  OCTETS iv
//!   OCTETS ciphertext, whose plain text is a PKCS#8 key and 1 to 16 bytes that tell how many they are
//! ```

use std::num::NonZeroU32;

use aes::cipher::{Array, BlockCipherDecrypt, KeyInit, consts::U16};
use ring::pbkdf2::{self, Algorithm};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::certificate::{Element, INTEGER, OCTETS, OID, SEQUENCE, elements, next};

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// 1.2.840.113549.2 and the number of the hash.
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// 2.16.840.1.101.3.4.1 and the number of size and mode.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];
/// More rounds than this would hold the server up for seconds.
const MOST_ROUNDS: u32 = 10_000_000;

const NOT_OURS: &str = "it is encrypted in a way that is not supported: `openssl pkcs8 -topk8 -v2 aes-256-cbc \
                        -in FILE -out FILE2` writes one that is";
const CLOSED: &str = "the key is encrypted, and there is no password for it";
const WRONG: &str = "the password is wrong, or the file is damaged";

/// The key in this file. The error is a line for a person.
pub(super) fn read(pem: &[u8], password: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let text = String::from_utf8_lossy(pem);
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(NOT_OURS.to_owned());
    }
    if !text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        return PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string());
    }
    if password.is_empty() {
        return Err(CLOSED.to_owned());
    }
    // PEM's reader does not know this label, but reads any content under one that it knows.
    let known = text.replace("ENCRYPTED PRIVATE KEY", "PRIVATE KEY");
    let der = PrivatePkcs8KeyDer::from_pem_slice(known.as_bytes()).map_err(|error| error.to_string())?;
    let plain = open(der.secret_pkcs8_der(), password)?;
    Ok(PrivateKeyDer::Pkcs8(plain.into()))
}

/// How a key is encrypted.
struct Lock<'a> {
    salt: &'a [u8],
    rounds: NonZeroU32,
    hash: Algorithm,
    /// Of the key of AES, in bytes.
    size: usize,
    iv: Array<u8, U16>,
}

fn open(der: &[u8], password: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (lock, ciphertext) = parse(der).ok_or(NOT_OURS)?;
    let mut key = [0; 32];
    let key = &mut key[..lock.size];
    pbkdf2::derive(lock.hash, lock.rounds, lock.salt, password, key);
    let plain = match lock.size {
        16 => decrypt(aes::Aes128Dec::new_from_slice(key), lock.iv, ciphertext),
        24 => decrypt(aes::Aes192Dec::new_from_slice(key), lock.iv, ciphertext),
        _ => decrypt(aes::Aes256Dec::new_from_slice(key), lock.iv, ciphertext),
    };
    // A wrong password passes for a right one of 256 times, if only the padding is looked at.
    match plain.as_deref().and_then(next) {
        Some(((SEQUENCE, _), [])) => plain.ok_or(WRONG),
        _ => Err(WRONG),
    }
}

/// CBC; the padding is taken off.
fn decrypt<E>(
    cipher: Result<impl BlockCipherDecrypt<BlockSize = U16>, E>,
    mut before: Array<u8, U16>,
    ciphertext: &[u8],
) -> Option<Vec<u8>> {
    let cipher = cipher.ok()?;
    let (blocks, rest) = Array::<u8, U16>::slice_as_chunks(ciphertext);
    if !rest.is_empty() {
        return None;
    }
    let mut plain = Vec::with_capacity(ciphertext.len());
    for block in blocks {
        let mut out = *block;
        cipher.decrypt_block(&mut out);
        plain.extend(out.iter().zip(before).map(|(byte, before)| byte ^ before));
        before = *block;
    }
    let padding = usize::from(*plain.last()?);
    let (content, tail) = plain.split_at_checked(plain.len().checked_sub(padding)?)?;
    let told = (1..=16).contains(&padding) && tail.iter().all(|byte| usize::from(*byte) == padding);
    let len = content.len();
    plain.truncate(len);
    told.then_some(plain)
}

fn parse(der: &[u8]) -> Option<(Lock<'_>, &[u8])> {
    let ((_, whole), _) = next(der).filter(|((tag, _), _)| *tag == SEQUENCE)?;
    let [(SEQUENCE, how), (OCTETS, ciphertext)] = elements(whole).collect::<Vec<_>>()[..] else {
        return None;
    };
    let [(SEQUENCE, derivation), (SEQUENCE, cipher)] = parameters(how, PBES2)?[..] else { return None };
    let (size, iv) = match elements(cipher).collect::<Vec<_>>()[..] {
        [(OID, name), (OCTETS, iv)] => (key_size(name)?, Array::try_from(iv).ok()?),
        _ => return None,
    };
    let derivation = parameters(derivation, PBKDF2)?;
    let [(OCTETS, salt), (INTEGER, rounds), ref rest @ ..] = derivation[..] else { return None };
    let hash = match rest {
        [] | [(INTEGER, _)] => pbkdf2::PBKDF2_HMAC_SHA1,
        [(SEQUENCE, name)] | [(INTEGER, _), (SEQUENCE, name)] => hash(name)?,
        _ => return None,
    };
    Some((Lock { salt, rounds: number(rounds)?, hash, size, iv }, ciphertext))
}

/// What follows this name.
fn parameters<'a>(named: &'a [u8], name: &[u8]) -> Option<Vec<Element<'a>>> {
    match elements(named).collect::<Vec<_>>()[..] {
        [(OID, is), (SEQUENCE, parameters)] if is == name => Some(elements(parameters).collect()),
        _ => None,
    }
}

fn key_size(name: &[u8]) -> Option<usize> {
    match name.strip_prefix(AES)? {
        [2] => Some(16),
        [22] => Some(24),
        [42] => Some(32),
        _ => None,
    }
}

fn hash(named: &[u8]) -> Option<Algorithm> {
    let ((_, name), _) = next(named).filter(|((tag, _), _)| *tag == OID)?;
    match name.strip_prefix(HMAC)? {
        [7] => Some(pbkdf2::PBKDF2_HMAC_SHA1),
        [9] => Some(pbkdf2::PBKDF2_HMAC_SHA256),
        [10] => Some(pbkdf2::PBKDF2_HMAC_SHA384),
        [11] => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<NonZeroU32> {
    if digits.len() > 4 {
        return None;
    }
    let number = digits.iter().fold(0, |number: u32, digit| number << 8 | u32::from(*digit));
    NonZeroU32::new(number).filter(|number| number.get() <= MOST_ROUNDS)
}
