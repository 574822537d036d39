//! `# Scripting Engines`: there are none yet.

use super::{Section, Shown};

pub(super) const SECTION: Section = Section {
    title: "Scripting Engines",
    names: &["scriptingengines"],
    shown: Shown::WithAll,
    write: |_, text| {
        text.all(&["engines_count", "engines_total_used_memory", "engines_total_memory_overhead"], 0)
    },
};
