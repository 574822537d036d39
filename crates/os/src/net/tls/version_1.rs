//! Client certificates of X.509's version 1, which `openssl x509 -req` writes if it is not told of extensions. Servers
//! with OpenSSL take them; webpki, which checks ours, does not read them.
//!
//! There is little to check in one: it says nothing of what its key is for. It is good if one of our authorities itself
//! has signed it, with an algorithm that webpki would take as well, and its time is right; chains are not followed.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{
    CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, RootCertStore,
    SignatureScheme,
};

use super::certificate::{Element, INTEGER, SEQUENCE, next, seconds};

const BITS: u8 = 0x03;

/// The usual checks, and ours for certificates of version 1.
#[derive(Debug)]
pub(super) struct Peers {
    pub usual: Arc<dyn ClientCertVerifier>,
    pub roots: Arc<RootCertStore>,
    pub algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Peers {
    fn offer_client_auth(&self) -> bool {
        self.usual.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.usual.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.usual.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let Some(old) = Old::parse(end_entity) else {
            return self.usual.verify_client_cert(end_entity, intermediates, now);
        };
        old.check_time(now)?;
        if self.roots.roots.iter().any(|root| old.is_signed_by(root, &self.algorithms)) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(old) = Old::parse(cert) else {
            return self.usual.verify_tls12_signature(message, cert, dss);
        };
        let known = self.algorithms.mapping.iter().find(|(scheme, _)| *scheme == dss.scheme);
        let (_, algorithms) = known.ok_or(PeerIncompatible::NoSignatureSchemesInCommon)?;
        match verify(old.key, algorithms, None, message, dss.signature()) {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(CertificateError::BadSignature.into()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(old) = Old::parse(cert) else {
            return self.usual.verify_tls13_signature(message, cert, dss);
        };
        let key = SubjectPublicKeyInfoDer::from(old.key_der);
        verify_tls13_signature_with_raw_key(message, &key, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// A certificate of version 1, whole.
struct Old<'a> {
    /// What is signed, how, and the signature.
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    validity: &'a [u8],
    /// The key with its algorithm: the content of its sequence, and all of it.
    key: &'a [u8],
    key_der: &'a [u8],
}

/// So many elements and nothing else.
fn exactly<const N: usize>(mut bytes: &[u8]) -> Option<[Element<'_>; N]> {
    let mut all = [(0, &[][..]); N];
    for place in &mut all {
        (*place, bytes) = next(bytes)?;
    }
    bytes.is_empty().then_some(all)
}

/// The bits, if they are whole bytes.
fn whole_bytes(bits: &[u8]) -> Option<&[u8]> {
    bits.strip_prefix(&[0])
}

impl<'a> Old<'a> {
    /// `None`: it is of another version, or none at all. (The first version does not say that it is.)
    fn parse(der: &'a [u8]) -> Option<Old<'a>> {
        let [(SEQUENCE, whole)] = exactly(der)? else { return None };
        let [(SEQUENCE, fields), (SEQUENCE, algorithm), (BITS, signature)] = exactly(whole)? else {
            return None;
        };
        let [
            (INTEGER, _),
            (SEQUENCE, inner),
            (SEQUENCE, issuer),
            (SEQUENCE, validity),
            (SEQUENCE, _),
            (SEQUENCE, key),
        ] = exactly(fields)?
        else {
            return None;
        };
        let signed = &whole[..whole.len() - next(whole)?.1.len()];
        // The key is the last field, and its head stands before it.
        let (mut rest, mut key_der) = (fields, fields);
        while !rest.is_empty() {
            key_der = rest;
            rest = next(rest)?.1;
        }
        let signature = whole_bytes(signature)?;
        (inner == algorithm).then_some(Old { signed, algorithm, signature, issuer, validity, key, key_der })
    }

    fn check_time(&self, now: UnixTime) -> Result<(), CertificateError> {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let times =
            exactly(self.validity).map(|[from, until]| (seconds(from.0, from.1), seconds(until.0, until.1)));
        match times {
            Some((Some(from), Some(_))) if now < from => Err(CertificateError::NotValidYet),
            Some((Some(_), Some(until))) if now > until => Err(CertificateError::Expired),
            Some((Some(_), Some(_))) => Ok(()),
            _ => Err(CertificateError::BadEncoding),
        }
    }

    /// An authority that is limited to certain names has none of these: they name nobody.
    fn is_signed_by(&self, root: &TrustAnchor<'_>, algorithms: &WebPkiSupportedAlgorithms) -> bool {
        root.name_constraints.is_none()
            && root.subject.as_ref() == self.issuer
            && verify(
                root.subject_public_key_info.as_ref(),
                algorithms.all,
                Some(self.algorithm),
                self.signed,
                self.signature,
            )
    }
}

/// Whether one of these algorithms (that is named so) finds the signature right. `key`: with its algorithm.
fn verify(
    key: &[u8],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    named: Option<&[u8]>,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Some([(SEQUENCE, kind), (BITS, bits)]) = exactly(key) else { return false };
    let Some(bits) = whole_bytes(bits) else { return false };
    let fits = |algorithm: &&&dyn SignatureVerificationAlgorithm| {
        algorithm.public_key_alg_id().as_ref() == kind
            && named.is_none_or(|named| algorithm.signature_alg_id().as_ref() == named)
    };
    algorithms
        .iter()
        .filter(fits)
        .any(|algorithm| algorithm.verify_signature(bits, message, signature).is_ok())
}
