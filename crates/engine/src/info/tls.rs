//! `# TLS`: connections are not encrypted in this version.

use super::{Facts, Section, Shown, Text};

pub(super) const SECTION: Section = Section { title: "TLS", names: &["tls"], shown: Shown::WithAll, write };

fn write(_: &Facts<'_>, text: &mut Text) {
    for certificate in ["server", "client", "ca"] {
        text.field(&format!("tls_{certificate}_cert_serial"), "none");
        text.field(&format!("tls_{certificate}_cert_expires_in_seconds"), 0);
    }
}
