//! The process itself: its name, its files, its clock, what is allowed.

use crate::check;
use crate::choices::{Allowed, OomScoreAdj, Supervised};
use crate::kind::{BOOL, I32_MAX, Kind, SPECIAL, TEXT, TEXT_OR_NONE, int};
use crate::param::{Param, param};

pub static PARAMS: &[Param] = &[
    param!(aof_rewrite_cpulist, "aof-rewrite-cpulist", TEXT_OR_NONE, "")
        .alias("aof_rewrite_cpulist")
        .immutable(),
    param!(bgsave_cpulist, "bgsave-cpulist", TEXT_OR_NONE, "").alias("bgsave_cpulist").immutable(),
    param!(bio_cpulist, "bio-cpulist", TEXT_OR_NONE, "").alias("bio_cpulist").immutable(),
    param!(daemonize, "daemonize", BOOL, "no").immutable(),
    param!(databases, "databases", int(1, I32_MAX), "16").immutable(),
    param!(dir, "dir", TEXT, ".").protected().deny_loading().check(check::dir),
    param!(disable_thp, "disable-thp", BOOL, "yes").immutable(),
    param!(enable_debug_assert, "enable-debug-assert", BOOL, "no").immutable().hidden(),
    param!(enable_debug_command, "enable-debug-command", Kind::Choice(Allowed::NAMES), "no").immutable(),
    param!(enable_module_command, "enable-module-command", Kind::Choice(Allowed::NAMES), "no").immutable(),
    param!(enable_protected_configs, "enable-protected-configs", Kind::Choice(Allowed::NAMES), "no")
        .immutable(),
    param!(extended_redis_compatibility, "extended-redis-compatibility", BOOL, "no"),
    param!(hash_seed, "hash-seed", TEXT_OR_NONE, "").immutable().check(check::hash_seed),
    param!(hz, "hz", int(0, I32_MAX), "10").check(check::hz),
    param!(locale_collate, "locale-collate", TEXT, "").check(check::locale_collate),
    param!(notify_keyspace_events, "notify-keyspace-events", SPECIAL, ""),
    param!(oom_score_adj, "oom-score-adj", Kind::Choice(OomScoreAdj::NAMES), "no"),
    param!(oom_score_adj_values, "oom-score-adj-values", SPECIAL, "0 200 800").multi_arg(),
    param!(pidfile, "pidfile", TEXT_OR_NONE, "").immutable(),
    param!(proc_title_template, "proc-title-template", TEXT, "{title} {listen-addr} {server-mode}")
        .check(check::proc_title_template),
    param!(server_cpulist, "server-cpulist", TEXT_OR_NONE, "").alias("server_cpulist").immutable(),
    param!(set_proc_title, "set-proc-title", BOOL, "yes").immutable(),
    param!(shutdown_on_sigint, "shutdown-on-sigint", SPECIAL, "default")
        .multi_arg()
        .check(check::shutdown_on_sigint),
    param!(shutdown_on_sigterm, "shutdown-on-sigterm", SPECIAL, "default")
        .multi_arg()
        .check(check::shutdown_on_sigterm),
    param!(shutdown_timeout, "shutdown-timeout", int(0, I32_MAX), "10"),
    param!(supervised, "supervised", Kind::Choice(Supervised::NAMES), "no").immutable(),
];
