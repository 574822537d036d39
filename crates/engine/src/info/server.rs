//! `# Server`: which program this is, where it runs, since when.

use super::{Facts, Section, Shown, Text};

pub(super) const SECTION: Section =
    Section { title: "Server", names: &["server"], shown: Shown::ByDefault, write };

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn write(facts: &Facts<'_>, text: &mut Text) {
    program(facts, text);
    process(facts, text);
    listeners(facts, text);
}

fn program(facts: &Facts<'_>, text: &mut Text) {
    text.field("redis_version", crate::REDIS_VERSION);
    text.field("server_name", "redstart");
    text.field("redstart_version", VERSION);
    text.field("redis_git_sha1", "00000000");
    text.field("redis_git_dirty", 0);
    text.field("redis_build_id", format_args!("{:x}", stdx::crc::crc64(0, VERSION.as_bytes())));
    text.field("redis_mode", "standalone");
    text.field("server_mode", "standalone");
    text.field("os", facts.host.os());
    text.field("arch_bits", usize::BITS);
    text.field("monotonic_clock", format_args!("{} ticks/us", facts.server.ticks_per_us));
    text.field("multiplexing_api", facts.host.multiplexer());
}

fn process(facts: &Facts<'_>, text: &mut Text) {
    let server = facts.server;
    text.field("process_id", facts.host.pid());
    text.field("process_supervised", "no");
    text.field("run_id", &server.run_id);
    text.field("tcp_port", server.config.port);
    text.field("server_time_usec", server.wall_us);
    text.field("uptime_in_seconds", server.uptime_s());
    text.field("uptime_in_days", server.uptime_s() / (24 * 3600));
    text.field("hz", server.config.hz);
    text.field("configured_hz", server.config.hz);
    text.field("clients_hz", crate::cron::clients_hz(server));
    text.field("lru_clock", ::keyspace::access::lru_clock(server.now_ms()));
    text.field("executable", facts.host.executable());
    text.field("config_file", server.config_file.as_deref().unwrap_or_default());
    text.field("io_threads_active", 0);
    text.field("availability_zone", String::from_utf8_lossy(&server.config.availability_zone));
}

fn binds(config: &config::Config) -> String {
    config.bind.iter().map(|address| format!("bind={address},")).collect()
}

/// `listener0:name=tcp,bind=127.0.0.1,bind=::1,port=6379`. The numbers are those of the kinds.
fn listeners(facts: &Facts<'_>, text: &mut Text) {
    let config = &facts.server.config;
    let mut lines = [None, None, None];
    if config.port != 0 {
        lines[0] = Some(format!("name=tcp,{}port={}", binds(config), config.port));
    }
    if let Some(path) = config.unixsocket.as_ref().filter(|path| !path.is_empty()) {
        lines[1] = Some(format!("name=unix,bind={}", String::from_utf8_lossy(path)));
    }
    if config.tls_port != 0 {
        lines[2] = Some(format!("name=tls,{}port={}", binds(config), config.tls_port));
    }
    for (index, line) in lines.iter().enumerate() {
        if let Some(line) = line {
            text.field(&format!("listener{index}"), line);
        }
    }
}
