//! What is written down: the log, the command log, latency, crashes.

use crate::check;
use crate::choices::{LogFormat, LogLevel, LogTimestamp, SyslogFacility};
use crate::kind::{BOOL, I32_MAX, I64_MAX, Kind, SPECIAL, TEXT, TEXT_OR_NONE, int};
use crate::param::{Param, param};

pub static PARAMS: &[Param] = &[
    param!(always_show_logo, "always-show-logo", BOOL, "no").immutable(),
    param!(commandlog_execution_slower_than, "commandlog-execution-slower-than", int(-1, I64_MAX), "10000")
        .alias("slowlog-log-slower-than"),
    param!(commandlog_large_reply_max_len, "commandlog-large-reply-max-len", int(0, I64_MAX), "128"),
    param!(commandlog_large_request_max_len, "commandlog-large-request-max-len", int(0, I64_MAX), "128"),
    param!(commandlog_reply_larger_than, "commandlog-reply-larger-than", int(-1, I64_MAX), "1048576"),
    param!(commandlog_request_larger_than, "commandlog-request-larger-than", int(-1, I64_MAX), "1048576"),
    param!(commandlog_slow_execution_max_len, "commandlog-slow-execution-max-len", int(0, I64_MAX), "128")
        .alias("slowlog-max-len"),
    param!(crash_log_enabled, "crash-log-enabled", BOOL, "yes"),
    param!(crash_memcheck_enabled, "crash-memcheck-enabled", BOOL, "yes"),
    param!(debug_context, "debug-context", TEXT, "").hidden(),
    param!(hide_user_data_from_log, "hide-user-data-from-log", BOOL, "yes"),
    param!(ignore_warnings, "ignore-warnings", TEXT, ""),
    param!(latency_monitor_threshold, "latency-monitor-threshold", int(0, I64_MAX), "0"),
    param!(latency_tracking, "latency-tracking", BOOL, "yes"),
    param!(latency_tracking_info_percentiles, "latency-tracking-info-percentiles", SPECIAL, "50 99 99.9")
        .multi_arg(),
    param!(log_format, "log-format", Kind::Choice(LogFormat::NAMES), "legacy"),
    param!(log_timestamp_format, "log-timestamp-format", Kind::Choice(LogTimestamp::NAMES), "legacy"),
    param!(logfile, "logfile", TEXT, "").immutable(),
    param!(loglevel, "loglevel", Kind::Choice(LogLevel::NAMES), "notice"),
    param!(req_res_logfile, "req-res-logfile", TEXT_OR_NONE, "").immutable().hidden(),
    param!(syslog_enabled, "syslog-enabled", BOOL, "no").immutable(),
    param!(syslog_facility, "syslog-facility", Kind::Choice(SyslogFacility::NAMES), "local0").immutable(),
    param!(syslog_ident, "syslog-ident", TEXT, "valkey").immutable(),
    param!(use_exit_on_panic, "use-exit-on-panic", BOOL, "no").hidden(),
    param!(watchdog_period, "watchdog-period", int(0, I32_MAX), "0").hidden().check(check::watchdog_period),
];
