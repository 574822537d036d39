//! How connections are encrypted, in words that name no library.

use std::path::PathBuf;

/// How connections to secure listeners are encrypted: what is in which file, and what is asked of peers. Empty texts
/// are what is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// Our certificates, ours first, and our private key, both PEM.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// What opens the key, if it is encrypted.
    pub password: Password,
    /// The same for connections that we open, if they shall show others: both or none. (They are checked; nothing of
    /// ours opens connections yet.)
    pub client_certificate: PathBuf,
    pub client_key: PathBuf,
    pub client_password: Password,
    /// Whose certificates we trust: a file of them, a folder of such files.
    pub authorities: PathBuf,
    pub authorities_folder: PathBuf,
    pub peers: PeerCertificates,
    pub names: ProvenNames,
    /// Names of protocol versions, as `TLSv1.2 TLSv1.3`.
    pub protocols: String,
    /// Cipher suites by OpenSSL's names, apart by colons: of TLS 1.2, and of 1.3.
    pub ciphers: String,
    pub suites: String,
    /// Our order of suites counts, not the peer's.
    pub our_order: bool,
    /// How many sessions may be resumed, and for how many seconds; 0 = none.
    pub sessions: usize,
    pub session_seconds: u64,
    /// Connections that may be begun in one `wait`: a handshake is dear.
    pub begun_per_wait: usize,
}

/// A secret that is not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Password(Vec<u8>);

impl Password {
    pub fn new(bytes: &[u8]) -> Password {
        Password(bytes.to_vec())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("(redacted)")
    }
}

/// Whether peers must show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerCertificates {
    Ignored,
    /// One that is shown must be good.
    Welcome,
    #[default]
    Required,
}

/// What of a peer's certificate `Accepted::proven` tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProvenNames {
    #[default]
    None,
    CommonName,
    Uris,
}

/// A certificate in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Hex digits.
    pub serial: String,
    /// When it is no longer good, seconds since 1970.
    pub expires_s: i64,
}

/// The certificates that `Network::encrypt` was told of last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificatesInUse {
    pub ours: Option<CertificateFacts>,
    /// The authority whose certificate ends first.
    pub authority: Option<CertificateFacts>,
}
