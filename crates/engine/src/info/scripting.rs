//! `# Scripting Engines`: Lua, once a script or function has come.

use super::{Section, Shown};

pub(super) const SECTION: Section = Section {
    title: "Scripting Engines",
    names: &["scriptingengines"],
    shown: Shown::WithAll,
    write: |facts, text| {
        let (eval, functions) = facts.server.scripting.machine_memory();
        let used = eval + functions;
        text.field("engines_count", 1);
        text.field("engines_total_used_memory", used);
        text.field("engines_total_memory_overhead", 0);
        text.field("engine_0", format_args!("name=LUA,used_memory={used},memory_overhead=0"));
    },
};
