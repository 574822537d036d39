//! The `tls-*` parameters, as the world wants to be told.

use std::path::PathBuf;

use config::Config;
use config::choices::{TlsAuthClients, TlsUserFrom};
use world::{Encryption, Password, PeerCertificates, ProvenNames, World};

type Text = Option<Vec<u8>>;

/// Has secure listeners encrypt as the configuration says, if there are any. On failure all stays as it was; the text is
/// for a person.
pub fn apply(world: &mut dyn World, config: &Config) -> Result<(), String> {
    if config.tls_port == 0 {
        return Ok(());
    }
    let dh = path(&config.tls_dh_params_file);
    if !dh.as_os_str().is_empty() {
        // Our suites agree on keys over curves; the file must be there all the same, as with the peers.
        world.read(&dh).map_err(|error| format!("Failed to load {}: {error}", dh.display()))?;
    }
    world.encrypt(&wanted(config)).map_err(|error| error.to_string())
}

fn path(text: &Text) -> PathBuf {
    PathBuf::from(words(text))
}

fn words(text: &Text) -> String {
    String::from_utf8_lossy(text.as_deref().unwrap_or_default()).into_owned()
}

fn wanted(config: &Config) -> Encryption {
    Encryption {
        certificate: path(&config.tls_cert_file),
        key: path(&config.tls_key_file),
        password: Password::new(config.tls_key_file_pass.as_deref().unwrap_or_default()),
        client_certificate: path(&config.tls_client_cert_file),
        client_key: path(&config.tls_client_key_file),
        client_password: Password::new(config.tls_client_key_file_pass.as_deref().unwrap_or_default()),
        authorities: path(&config.tls_ca_cert_file),
        authorities_folder: path(&config.tls_ca_cert_dir),
        peers: match config.tls_auth_clients {
            TlsAuthClients::No => PeerCertificates::Ignored,
            TlsAuthClients::Optional => PeerCertificates::Welcome,
            TlsAuthClients::Yes => PeerCertificates::Required,
        },
        names: match config.tls_auth_clients_user {
            TlsUserFrom::Off => ProvenNames::None,
            TlsUserFrom::CN => ProvenNames::CommonName,
            TlsUserFrom::URI => ProvenNames::Uris,
        },
        protocols: words(&config.tls_protocols),
        ciphers: words(&config.tls_ciphers),
        suites: words(&config.tls_ciphersuites),
        our_order: config.tls_prefer_server_ciphers,
        sessions: if config.tls_session_caching { config.tls_session_cache_size as usize } else { 0 },
        session_seconds: u64::from(config.tls_session_cache_timeout),
        begun_per_wait: config.max_new_tls_connections_per_cycle as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_as_they_are_meant() {
        let mut config = Config::default();
        let pairs: [(&[u8], &[u8]); 7] = [
            (b"tls-cert-file", b"/a/cert.pem"),
            (b"tls-key-file-pass", b"secret"),
            (b"tls-auth-clients", b"optional"),
            (b"tls-auth-clients-user", b"CN"),
            (b"tls-session-caching", b"no"),
            (b"tls-ciphersuites", b"TLS_AES_128_GCM_SHA256"),
            (b"max-new-tls-connections-per-cycle", b"7"),
        ];
        config.set_many(&pairs, true).unwrap();
        let wanted = wanted(&config);
        assert_eq!(wanted.certificate, PathBuf::from("/a/cert.pem"));
        assert_eq!(wanted.key, PathBuf::new());
        assert_eq!(
            (wanted.password.bytes(), &*format!("{:?}", wanted.password)),
            (&b"secret"[..], "(redacted)")
        );
        assert_eq!((wanted.peers, wanted.names), (PeerCertificates::Welcome, ProvenNames::CommonName));
        assert_eq!((wanted.sessions, wanted.begun_per_wait), (0, 7));
        assert_eq!(wanted.suites, "TLS_AES_128_GCM_SHA256");
    }
}
