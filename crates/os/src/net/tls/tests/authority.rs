//! Certificates for tests, made on the spot: a key of P-256, and just as much DER as it takes.

use std::num::NonZeroU32;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use ring::pbkdf2;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

/// Somebody who has a key and a certificate for it.
pub struct Holder {
    name: String,
    pair: EcdsaKeyPair,
    pkcs8: Vec<u8>,
    pub certificate: Vec<u8>,
}

/// The end of what is good.
const LATE: &[u8] = b"20990101000000Z";

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = (content.len() as u32).to_be_bytes();
    let digits = &len[len.iter().position(|digit| *digit != 0).unwrap_or(3)..];
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | digits.len() as u8);
    }
    out.extend_from_slice(digits);
    out.extend_from_slice(&content);
    out
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

fn oid(bytes: &[u8]) -> Vec<u8> {
    element(0x06, &[bytes])
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], bytes])
}

/// A distinguished name: an organisation, and the common name.
fn named(name: &[u8]) -> Vec<u8> {
    let part = |kind: u8, text: &[u8]| {
        let pair = sequence(&[&oid(&[0x55, 0x04, kind]), &element(0x0c, &[text])]);
        element(0x31, &[&pair])
    };
    sequence(&[&part(10, b"tests"), &part(3, name)])
}

fn extension(id: u8, content: &[u8]) -> Vec<u8> {
    sequence(&[&oid(&[0x55, 0x1d, id]), &element(0x04, &[content])])
}

impl Holder {
    /// An authority, whose certificate it has signed itself.
    pub fn authority(name: &str) -> Holder {
        Holder::make(name, None, &[], 3, LATE)
    }

    /// Somebody whose certificate this authority has signed; for `localhost` and these URIs.
    pub fn sign(&self, name: &str, uris: &[&str]) -> Holder {
        Holder::make(name, Some(self), uris, 3, LATE)
    }

    /// The same without extensions, as the first version of X.509 had it.
    pub fn sign_version_1(&self, name: &str) -> Holder {
        self.sign_version_1_until(name, LATE)
    }

    pub fn sign_version_1_until(&self, name: &str, until: &[u8]) -> Holder {
        Holder::make(name, Some(self), &[], 1, until)
    }

    fn make(name: &str, issuer: Option<&Holder>, uris: &[&str], version: u8, until: &[u8]) -> Holder {
        let random = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap().as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(kind, &pkcs8, &random).unwrap();
        let ecdsa = sequence(&[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])]);
        let signed = signed_part(name, &pair, issuer, uris, &ecdsa, (version, until));
        let signer = issuer.map_or(&pair, |issuer| &issuer.pair);
        let signature = signer.sign(&random, &signed).unwrap();
        let certificate = sequence(&[&signed, &ecdsa, &bits(signature.as_ref())]);
        Holder { name: name.to_owned(), pair, pkcs8, certificate }
    }

    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.pkcs8)
    }

    /// As PBES2 has it, with HMAC-SHA256 and AES-128.
    pub fn encrypted_key_pem(&self, password: &[u8]) -> String {
        let (salt, iv, mut key) = (b"salt of tests", [7; 16], [0; 16]);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::MIN, salt, password, &mut key);
        let cipher = aes::Aes128Enc::new(&key.into());
        let (mut ciphertext, mut before) = (Vec::new(), iv);
        let padding = 16 - self.pkcs8.len() % 16;
        let plain = [&self.pkcs8[..], &vec![padding as u8; padding]].concat();
        for block in plain.chunks(16) {
            let mut block: [u8; 16] = std::array::from_fn(|at| block[at] ^ before[at]);
            cipher.encrypt_block((&mut block).into());
            ciphertext.extend(block);
            before = block;
        }
        const RSA: [u8; 6] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d];
        let named = |rest: &[u8]| oid(&[&RSA, rest].concat());
        let hash = sequence(&[&named(&[2, 9]), &element(0x05, &[])]);
        let derivation = sequence(&[&element(0x04, &[salt]), &element(0x02, &[&[1]]), &hash]);
        let cipher = sequence(&[&oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2]), &element(0x04, &[&iv])]);
        let ways = sequence(&[&sequence(&[&named(&[1, 5, 12]), &derivation]), &cipher]);
        let how = sequence(&[&named(&[1, 5, 13]), &ways]);
        pem("ENCRYPTED PRIVATE KEY", &sequence(&[&how, &element(0x04, &[&ciphertext])]))
    }

    pub fn key(&self) -> Vec<u8> {
        self.pkcs8.clone()
    }
}

fn signed_part(
    name: &str,
    pair: &EcdsaKeyPair,
    issuer: Option<&Holder>,
    uris: &[&str],
    ecdsa: &[u8],
    (version, until): (u8, &[u8]),
) -> Vec<u8> {
    let curve = [
        oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]),
        oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
    ];
    let key = sequence(&[&sequence(&[&curve[0], &curve[1]]), &bits(pair.public_key().as_ref())]);
    let mut names = vec![element(0x82, &[b"localhost"])];
    names.extend(uris.iter().map(|uri| element(0x86, &[uri.as_bytes()])));
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let is_authority: &[u8] = if issuer.is_none() { &[0x01, 0x01, 0xff] } else { &[] };
    let extensions =
        sequence(&[&extension(0x13, &sequence(&[is_authority])), &extension(0x11, &sequence(&names))]);
    let (mut first, mut last) = (element(0xa0, &[&element(0x02, &[&[2]])]), element(0xa3, &[&extensions]));
    if version == 1 {
        (first, last) = Default::default();
    }
    sequence(&[
        &first,
        &element(0x02, &[&[1, 2, 3]]),
        ecdsa,
        &named(issuer.map_or(name, |issuer| &issuer.name).as_bytes()),
        &sequence(&[
            &element(0x17, &[b"200101000000Z"]),
            &element(if until.len() == 13 { 0x17 } else { 0x18 }, &[until]),
        ]),
        &named(name.as_bytes()),
        &key,
        &last,
    ])
}

fn pem(kind: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (at, three) in der.chunks(3).enumerate() {
        if at % 16 == 0 {
            text.push('\n');
        }
        let word =
            three.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for digit in 0..4 {
            let six = (word >> (18 - 6 * digit)) & 63;
            text.push(if digit > three.len() { '=' } else { char::from(DIGITS[six as usize]) });
        }
    }
    format!("-----BEGIN {kind}-----{text}\n-----END {kind}-----\n")
}
