//! Private keys that a password opens.

use rustls::pki_types::pem::PemObject;

use super::*;
use crate::net::tls::key;

/// Is in all of these. (A key for tests, like the others here.)
const PLAIN: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1RoXs+tvuAQ2g2rH
shAUkYsTEXo2iWOF7FqjWENwax6hRANCAAQKyce+RCbYR4oKIQAafXP9G28ljee9
1zpX+CBAyMycWlBUHTK91ablvG72gm4VdmpOpaQQRKhb19jLCY4N+05a
-----END PRIVATE KEY-----
";

/// What OpenSSL 3.0 writes, with the password `secret`: by itself; with `aes-128-cbc` and `hmacWithSHA1`; with
/// `aes-192-cbc`, `hmacWithSHA512` and ten rounds; with `aes-256-cbc` and `hmacWithSHA384`.
pub const OF_OPENSSL: [&str; 4] = [
    "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjLI4zZgfgZ2QICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJdShwxZ8j1t10ZJg3PxHYwEgZBK
RTTw6qL8jx8aX6l0FyKjyjanVi6qJD3JHMliWvdrIo5VqKTNQHRm8BsmKnOZalMM
uMLt5XcNmKLL57sK18Sch8zZ0rcOfMnmSNz3m/3CX9PJj+/iJEVbSCsQDXsSMZSZ
NUnC8yJ8lhcVXwOAjCN1MxrBPHuBxYpHybXM8BbnvL2uP9/6HLP/VXoBw4wgRQ4=
-----END ENCRYPTED PRIVATE KEY-----
",
    "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHeMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAge1pky6ACAfgICCAAw
HQYJYIZIAWUDBAECBBCgw0duBHRyoHpAumWT/fBiBIGQEowaBrcXJuIwnIVK9TMc
Wkbu7kuNbUZ+OUqfXnWkZRQp9WURtlTNokB5pDCB65nkTq0HIAyt35cC2PKy46IM
7pz8PUhacOHihejw1b/s/pGE7mSvBj4WXoT1d1kk/C9eZuTQb58+o83AH87ZdBsh
mQ17AbZU88y9lCMfJs8ypp3e7HlcEbckEVkSveGNRLdT
-----END ENCRYPTED PRIVATE KEY-----
",
    "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAhw5odwTxeIoQIBCjAM
BggqhkiG9w0CCwUAMB0GCWCGSAFlAwQBFgQQUoawZLFFGdw6uFrlEn/z6QSBkLQ9
E0SATN8uaDBPV6UQ+OUl2SYIOPxCwuXMA3i6K45QKugN49uiSeUAPDZo39IVu6AQ
RuOPExEe52vDm486irNfGbcwrrHrpEMQmxrt1zCZ+JLzdqOxQPnDiW1A4HtNLZmY
VCtS88JKziLkWgnefbiQjrTtV0jkSNxsY4GCzW5+VzCGIK6Xcgpk0RKYl77PWA==
-----END ENCRYPTED PRIVATE KEY-----
",
    "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgUcr5JiYKrzgICCAAw
DAYIKoZIhvcNAgoFADAdBglghkgBZQMEASoEEBrHb3Jw8u3dnWcz+PQUThMEgZCR
T86BonP5K9E5vDv6vZgsQNe1vk6/bVVotGiZukRECoEuGOpctGYvgSb4T+lNBNnw
6Zx11x5C5iUDZ+hmTmCv0bjn4WiOJpXM3ufWTIL10wZHcKgMr8vIX2avytxmGx5n
vCckHbea2FcCLJWKh0l8F0n3uicpGjLc3R4AfWnFLy3zPhCvEPa9gQKoyeTJlNg=
-----END ENCRYPTED PRIVATE KEY-----
",
];

/// With `-scrypt`, and with `-v2 des3`.
const OTHER_WAYS: [&str; 2] = [
    "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAiTbEZSOXxzyQICQAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBCYTJAAi15Xya8MRQuEtOEJBIGQcZUKTE0o8jaB
QDdAkDCf+7vg2hO9fr+jJjeor3ww55pGwG2CYKkyCO0azMfdz5NXHgsWbuMW2Unh
I/e5+6A9RwUpNryiH04oPD2ecWApEch+atlhdk2k1DDp3p1/xjJT/Z/Co7/jVw3r
ZTc9i56jPBx/bwyofiywdl0O5Wy82HoEi7l42UFrZV1uP5ag+uBR
-----END ENCRYPTED PRIVATE KEY-----
",
    "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHjME4GCSqGSIb3DQEFDTBBMCkGCSqGSIb3DQEFDDAcBAhv0FrON/FQNAICCAAw
DAYIKoZIhvcNAgkFADAUBggqhkiG9w0DBwQIkdp/vSByYYcEgZAu5+UENajsWKVs
wZPWKCa81OaSJvI43iWzD+IWOxbEYl37onOhJHcPVevNxhndeSWqJx8XVuh77PnO
2ijq1fDI359T2c/eDB2U6jlu2AVh8wpWLlCvQzOD4WjlzoX4JzLgdYL9XDqzRrRR
k9TvmGxmhxUSUs7DVIIk/ksT4nmhOa7N4rJue2PSkABhi99T66A=
-----END ENCRYPTED PRIVATE KEY-----
",
];

#[test]
fn keys_that_openssl_has_encrypted_are_opened() {
    let plain = PrivateKeyDer::from_pem_slice(PLAIN.as_bytes()).unwrap();
    for pem in OF_OPENSSL {
        assert_eq!(key::read(pem.as_bytes(), b"secret").unwrap(), plain);
    }
    assert_eq!(key::read(PLAIN.as_bytes(), b"secret").unwrap(), plain, "no password is needed");
}

#[test]
fn what_cannot_be_opened_is_an_error() {
    for pem in OTHER_WAYS {
        assert!(key::read(pem.as_bytes(), b"secret").unwrap_err().contains("not supported"));
    }
    let wrong = |pem: &str, password: &[u8]| key::read(pem.as_bytes(), password).unwrap_err();
    assert!(wrong(OF_OPENSSL[0], b"").contains("no password"));
    // Of many wrong passwords some leave a padding that looks right. (Ten rounds: quick.)
    for number in 0..2000 {
        assert!(wrong(OF_OPENSSL[2], format!("wrong{number}").as_bytes()).contains("is wrong"));
    }
}

/// Nothing but errors (and other keys), and above all not the end of the process.
#[test]
fn damage_is_an_error() {
    let good = OF_OPENSSL[2].as_bytes();
    let plain = key::read(good, b"secret").unwrap();
    let mut errors = 0;
    for at in 0..good.len() {
        let mut bad = good.to_vec();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        errors += usize::from(key::read(&bad, b"secret").is_err());
        let cut = key::read(&good[..at], b"secret");
        assert!(cut.is_err() || cut.as_ref() == Ok(&plain) && at > good.len() - 3, "{at}");
    }
    assert!(errors > good.len() / 2, "{errors}");
}

#[test]
fn a_server_opens_its_key() {
    let place = Place::new();
    place.write("key.pem", &place.server.encrypted_key_pem(b"open sesame"));
    let with = |password: &[u8]| Encryption { password: Password::new(password), ..place.encryption() };
    let mut echo = Echo::new(Backend::AVAILABLE[0], &with(b"open sesame"));
    assert_eq!(shown(&mut echo, place.client(None)), place.server.certificate);
    assert!(echo.net.encrypt(&with(b"open")).is_err());
    assert_eq!(shown(&mut echo, place.client(None)), place.server.certificate, "as before");
}
