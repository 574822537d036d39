//! Which cipher suites and versions are spoken, from the words of OpenSSL that configurations are written in.
//!
//! rustls has nine suites, none of them weak; what OpenSSL has beside them is passed over, and a list that leaves none is
//! an error. Words that stand for many (`DEFAULT`, `HIGH`) stand for all nine.

use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, SupportedCipherSuite, SupportedProtocolVersion, version};

/// Names of suites: those of TLS 1.2 are OpenSSL's own.
const NAMES: [(&str, CipherSuite); 9] = [
    ("TLS_AES_256_GCM_SHA384", CipherSuite::TLS13_AES_256_GCM_SHA384),
    ("TLS_AES_128_GCM_SHA256", CipherSuite::TLS13_AES_128_GCM_SHA256),
    ("TLS_CHACHA20_POLY1305_SHA256", CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("ECDHE-RSA-AES256-GCM-SHA384", CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-RSA-AES128-GCM-SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-RSA-CHACHA20-POLY1305", CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// Words for all that is good.
const ALL: [&str; 5] = ["DEFAULT", "ALL", "HIGH", "SECURE", "COMPLEMENTOFDEFAULT"];

fn name(suite: &SupportedCipherSuite) -> &'static str {
    NAMES.iter().find(|(_, id)| *id == suite.suite()).map_or("", |(name, _)| name)
}

/// Leaves of a provider the suites that are wished for; `ciphers` speaks of TLS 1.2, `suites` of 1.3.
pub(super) fn choose(provider: &mut CryptoProvider, ciphers: &str, suites: &str) -> Result<(), String> {
    let (new, old): (Vec<_>, Vec<_>) =
        provider.cipher_suites.iter().copied().partition(|suite| suite.tls13().is_some());
    let old = wished(old, ciphers).ok_or_else(|| format!("Failed to configure ciphers: {ciphers}"))?;
    let new = wished(new, suites).ok_or_else(|| format!("Failed to configure ciphersuites: {suites}"))?;
    provider.cipher_suites = new.into_iter().chain(old).collect();
    Ok(())
}

/// The suites that a list names, in its order; all if it is empty, `None` if it names none.
fn wished(all: Vec<SupportedCipherSuite>, list: &str) -> Option<Vec<SupportedCipherSuite>> {
    let mut words = list.split([':', ',', ' ']).filter(|word| !word.is_empty()).peekable();
    if words.peek().is_none() {
        return Some(all);
    }
    let mut chosen: Vec<SupportedCipherSuite> = Vec::new();
    let mut banned: Vec<&str> = Vec::new();
    for word in words {
        if let Some(out) = word.strip_prefix(['!', '-']) {
            chosen.retain(|suite| name(suite) != out);
            banned.push(out);
        } else {
            let named = all.iter().filter(|suite| name(suite) == word || ALL.contains(&word));
            let new = named.filter(|suite| !chosen.contains(suite) && !banned.contains(&name(suite)));
            let new: Vec<_> = new.copied().collect();
            chosen.extend(new);
        }
    }
    (!chosen.is_empty()).then_some(chosen)
}

/// The versions that a list names; all if it is empty. TLS 1.0 and 1.1 are known and not spoken.
pub(super) fn versions(list: &str) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let mut chosen = Vec::new();
    for word in list.split_ascii_whitespace() {
        match word.to_ascii_lowercase().as_str() {
            "tlsv1.2" => chosen.push(&version::TLS12),
            "tlsv1.3" => chosen.push(&version::TLS13),
            "tlsv1" | "tlsv1.1" => {}
            _ => return Err(invalid("is no version")),
        }
    }
    match list.trim().is_empty() {
        true => Ok(vec![&version::TLS13, &version::TLS12]),
        false if chosen.is_empty() => Err(invalid("TLSv1 and TLSv1.1 are not secure, and not spoken")),
        false => Ok(chosen),
    }
}

fn invalid(why: &str) -> String {
    format!("Invalid tls-protocols specified: {why}. Use a combination of 'TLSv1.2' and 'TLSv1.3'.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(ciphers: &str, suites: &str) -> Result<Vec<&'static str>, String> {
        let mut provider = rustls::crypto::ring::default_provider();
        choose(&mut provider, ciphers, suites)?;
        Ok(provider.cipher_suites.iter().map(name).collect())
    }

    #[test]
    fn suites_have_the_names_of_openssl() {
        assert_eq!(chosen("", "").unwrap().len(), 9);
        assert!(!chosen("", "").unwrap().contains(&""));
        assert_eq!(chosen("DEFAULT:!MEDIUM", "").unwrap().len(), 9);
        let one = chosen("ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256").unwrap();
        assert_eq!(one, ["TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"]);
        let fewer = chosen("!ECDHE-RSA-CHACHA20-POLY1305:HIGH:-ECDHE-RSA-AES128-GCM-SHA256", "").unwrap();
        assert_eq!(fewer.len(), 7);
        assert_eq!(chosen("foo", "").unwrap_err(), "Failed to configure ciphers: foo");
        assert_eq!(chosen("", "foo").unwrap_err(), "Failed to configure ciphersuites: foo");
    }

    #[test]
    fn versions_that_are_not_secure_are_passed_over() {
        assert_eq!(versions("").unwrap().len(), 2);
        assert_eq!(versions("TLSv1.1 tlsv1.2").unwrap(), [&version::TLS12]);
        assert!(versions("TLSv1").is_err());
        assert!(versions("SSLv3 TLSv1.2").is_err());
    }
}
