//! `# CPU`: processor time, in seconds.

use super::{Facts, Section, Shown, Text};

pub(super) const SECTION: Section = Section { title: "CPU", names: &["cpu"], shown: Shown::ByDefault, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    let times = facts.host.cpu();
    for (name, us) in [
        ("used_cpu_sys", times.system_us),
        ("used_cpu_user", times.user_us),
        ("used_cpu_sys_children", times.children_system_us),
        ("used_cpu_user_children", times.children_user_us),
        ("used_cpu_sys_main_thread", times.main_system_us),
        ("used_cpu_user_main_thread", times.main_user_us),
        ("used_active_time_main_thread", facts.server.totals.turn_us),
    ] {
        text.field(name, format_args!("{}.{:06}", us / 1_000_000, us % 1_000_000));
    }
}
