//! `# Cluster`, `# Cluster Info`: this server is not part of one.

use super::{Section, Shown};

pub(super) const SECTION: Section = Section {
    title: "Cluster",
    names: &["cluster"],
    shown: Shown::ByDefault,
    write: |_, text| text.field("cluster_enabled", 0),
};

/// What CLUSTER INFO would answer.
pub(super) const DETAILS: Section =
    Section { title: "Cluster Info", names: &["cluster_info"], shown: Shown::WithAll, write: |_, _| {} };
