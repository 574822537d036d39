//! `# Modules`: there are none.

use super::{Section, Shown};

pub(super) const SECTION: Section = Section {
    title: "Modules",
    names: &["modules", "module_list"],
    shown: Shown::ByDefault,
    write: |_, _| {},
};
