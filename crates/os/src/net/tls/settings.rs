//! From files and words to what rustls works by.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, RootCertStore, ServerConfig, ServerConnection};
use world::{CertificatesInUse, Encryption, Password, PeerCertificates, ProvenNames};

use super::certificate;
use super::sessions::Sessions;
use super::suites;

/// What new encrypted connections are made by.
pub(crate) struct Settings {
    config: Arc<ServerConfig>,
    /// What this was read from, and a digest of the files.
    from: (Encryption, u64),
    pub in_use: CertificatesInUse,
    pub begun_per_wait: usize,
}

impl Settings {
    /// Reads the files; the error is a line for a person.
    pub fn read(with: &Encryption) -> io::Result<Settings> {
        let files = digest(with);
        let (config, in_use) =
            server_config(with).map_err(|line| io::Error::new(io::ErrorKind::InvalidInput, line))?;
        Ok(Settings {
            config: Arc::new(config),
            from: (with.clone(), files),
            in_use,
            begun_per_wait: with.begun_per_wait.max(1),
        })
    }

    /// Whether reading these would come to the same.
    pub fn are(&self, with: &Encryption) -> bool {
        self.from.0 == *with && self.from.1 == digest(with)
    }

    pub fn connection(&self) -> io::Result<ServerConnection> {
        ServerConnection::new(self.config.clone()).map_err(io::Error::other)
    }

    /// What the peer's certificate, which has been checked, says of who it is.
    pub fn names_of(&self, tls: &ServerConnection) -> Vec<Vec<u8>> {
        let Some([first, ..]) = tls.peer_certificates() else { return Vec::new() };
        match self.from.0.names {
            ProvenNames::None => Vec::new(),
            ProvenNames::CommonName => certificate::common_name(first).into_iter().collect(),
            ProvenNames::Uris => certificate::uris(first),
        }
    }
}

/// Of the contents of all files, so that a change is seen.
fn digest(with: &Encryption) -> u64 {
    let mut files =
        vec![&with.certificate, &with.key, &with.client_certificate, &with.client_key, &with.authorities]
            .into_iter()
            .cloned()
            .collect::<Vec<_>>();
    files.extend(folder(&with.authorities_folder).unwrap_or_default());
    let mut hasher = DefaultHasher::new();
    for file in files {
        (std::fs::read(&file).ok(), file).hash(&mut hasher);
    }
    hasher.finish()
}

/// The files of a folder, in order; none if there is no folder.
fn folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(path)?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort_unstable();
    Ok(files)
}

fn server_config(with: &Encryption) -> Result<(ServerConfig, CertificatesInUse), String> {
    for (path, name) in [(&with.certificate, "tls-cert-file"), (&with.key, "tls-key-file")] {
        if path.as_os_str().is_empty() {
            return Err(format!("No {name} configured!"));
        }
    }
    let roots = authorities(with)?;
    let of_roots = roots.iter().filter_map(|root| certificate::facts(root));
    let mut provider = rustls::crypto::ring::default_provider();
    suites::choose(&mut provider, &with.ciphers, &with.suites)?;
    let provider = Arc::new(provider);
    let certified = identity(&with.certificate, &with.key, &with.password, &provider)?;
    if !with.client_certificate.as_os_str().is_empty() && !with.client_key.as_os_str().is_empty() {
        identity(&with.client_certificate, &with.client_key, &with.client_password, &provider)?;
    }
    let in_use = CertificatesInUse {
        ours: certified.cert.first().and_then(|own| certificate::facts(own)),
        authority: of_roots.min_by_key(|facts| facts.expires_s),
    };
    let versions = suites::versions(&with.protocols)?;
    let peers = peers(with, &roots, &provider)?;
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&versions);
    let builder = builder.map_err(|error| format!("Failed to configure TLS: {error}"))?;
    let builder = match peers {
        Some(peers) => builder.with_client_cert_verifier(peers),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.ignore_client_order = with.our_order;
    if with.sessions > 0 {
        let life = Duration::from_secs(with.session_seconds);
        config.session_storage = Arc::new(Sessions::new(with.sessions, life));
        config.send_tls13_tickets = 1;
    } else {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok((config, in_use))
}

/// A certificate and its key, which must belong together. rustls cannot read certificates of X.509's version 1, which
/// `openssl x509 -req` writes if it is not told of extensions, but shows them as well as others: peers take them, as they
/// do from servers with OpenSSL. In such a one the key is looked for as it stands.
fn certified(
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, rustls::Error> {
    let certified = CertifiedKey::new(certificates, provider.key_provider.load_private_key(key)?);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InvalidCertificate(_)) if holds_its_key(&certified) => Ok(certified),
        Err(error) => Err(error),
    }
}

fn holds_its_key(certified: &CertifiedKey) -> bool {
    match (certified.cert.first(), certified.key.public_key()) {
        (Some(own), Some(key)) if certificate::facts(own).is_some() && !key.is_empty() => {
            own.windows(key.len()).any(|part| part == key.as_ref())
        }
        _ => false,
    }
}

/// What a certificate's file and its key's hold.
fn identity(
    certificate: &Path,
    key: &Path,
    password: &Password,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, String> {
    let chain = certificates(certificate)
        .map_err(|why| format!("Failed to load certificate: {}: {why}", certificate.display()))?;
    let fail = |why: String| format!("Failed to load private key: {}: {why}", key.display());
    let private = read(key).and_then(|pem| super::key::read(&pem, password.bytes())).map_err(fail)?;
    certified(chain, private, provider).map_err(|error| fail(error.to_string()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| crate::net::listen::reason(&error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err("there is no certificate in it".to_owned()),
        Ok(all) => Ok(all),
        Err(error) => Err(error.to_string()),
    }
}

/// Who checks the certificates of peers, if anybody does.
fn peers(
    with: &Encryption,
    authorities: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    if with.peers == PeerCertificates::Ignored {
        return Ok(None);
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities.iter().cloned());
    if roots.is_empty() {
        return Err(
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-auth-clients is enabled!"
                .to_owned(),
        );
    }
    let roots = Arc::new(roots);
    let checks = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone());
    let checks =
        if with.peers == PeerCertificates::Welcome { checks.allow_unauthenticated() } else { checks };
    let usual =
        checks.build().map_err(|error| format!("Failed to configure client certificates: {error}"))?;
    let algorithms = provider.signature_verification_algorithms;
    Ok(Some(Arc::new(super::version_1::Peers { usual, roots, algorithms })))
}

/// The certificates that we trust. In the folder there may be other files too.
fn authorities(with: &Encryption) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut all = Vec::new();
    let file = &with.authorities;
    if !file.as_os_str().is_empty() {
        let fail =
            |why: String| format!("Failed to configure CA certificate(s) file: {}: {why}", file.display());
        all = certificates(file).map_err(fail)?;
        // A file that was named must be good as a whole.
        let mut roots = RootCertStore::empty();
        for certificate in &all {
            roots.add(certificate.clone()).map_err(|error| fail(error.to_string()))?;
        }
    }
    let path = &with.authorities_folder;
    let files = folder(path).map_err(|error| {
        format!("Failed to configure CA certificate(s) directory: {}: {error}", path.display())
    })?;
    all.extend(files.iter().flat_map(|file| certificates(file).unwrap_or_default()));
    Ok(all)
}
