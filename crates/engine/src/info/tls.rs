//! `# TLS`: the certificates in use. There is none of a client's: we connect to nobody yet.

use super::{Facts, Section, Shown, Text};

pub(super) const SECTION: Section = Section { title: "TLS", names: &["tls"], shown: Shown::WithAll, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    let [ours, authority] = facts.host.certificates();
    let now_s = facts.server.wall_us / 1_000_000;
    for (name, certificate) in [("server", ours), ("client", None), ("ca", authority)] {
        let serial = certificate.as_ref().map_or("none", |certificate| &certificate.serial);
        text.field(&format!("tls_{name}_cert_serial"), serial);
        let left_s = certificate.as_ref().map_or(0, |certificate| (certificate.expires_s - now_s).max(0));
        text.field(&format!("tls_{name}_cert_expires_in_seconds"), left_s);
    }
}
