//! Parameters that are one of a few words. Each is an enum, written once, with its words beside its variants.
//!
//! The order of the words is the order in which an error message lists them, so it is the peer's.

use crate::error::Why;
use crate::field::{Field, only};
use crate::kind::Kind;

pub trait Choice: Copy + PartialEq + Sized + 'static {
    const NAMES: &'static [&'static str];
    const ALL: &'static [Self];

    fn name(self) -> &'static str {
        let at = Self::ALL.iter().position(|&one| one == self).expect("ALL lists every variant (choices!)");
        Self::NAMES[at]
    }

    fn from_name(name: &[u8]) -> Option<Self> {
        let at = Self::NAMES.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
        Some(Self::ALL[at])
    }
}

macro_rules! choices {
    ($(#[$doc:meta])* pub enum $name:ident { $first:ident = $first_text:literal, $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $name { #[default] $first, $($variant,)* }

        impl $name {
            /// For the record, where a trait's constant would need the trait in scope.
            pub const NAMES: &'static [&'static str] = &[$first_text, $($text,)*];
        }

        impl Choice for $name {
            const NAMES: &'static [&'static str] = $name::NAMES;
            const ALL: &'static [Self] = &[$name::$first, $($name::$variant,)*];
        }

        impl Field for $name {
            fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
                *self = Self::from_name(only(words)?).ok_or(Why::OneOf($name::NAMES))?;
                Ok(())
            }

            fn show(&self, _: &Kind) -> Vec<u8> {
                self.name().into()
            }
        }
    };
}

choices! {
    /// `acl-pubsub-default`.
    pub enum AclPubsubDefault {
        Allchannels = "allchannels",
        Resetchannels = "resetchannels",
    }
}

choices! {
    /// `appendfsync`.
    pub enum Appendfsync {
        Everysec = "everysec",
        Always = "always",
        No = "no",
    }
}

choices! {
    /// `cluster-config-save-behavior`.
    pub enum ClusterConfigSave {
        Sync = "sync",
        BestEffort = "best-effort",
    }
}

choices! {
    /// `cluster-preferred-endpoint-type`.
    pub enum EndpointType {
        Ip = "ip",
        Hostname = "hostname",
        UnknownEndpoint = "unknown-endpoint",
    }
}

choices! {
    /// Who may use a dangerous command.
    pub enum Allowed {
        No = "no",
        Yes = "yes",
        Local = "local",
    }
}

choices! {
    /// `log-format`.
    pub enum LogFormat {
        Legacy = "legacy",
        Logfmt = "logfmt",
        Json = "json",
    }
}

choices! {
    /// `log-timestamp-format`.
    pub enum LogTimestamp {
        Legacy = "legacy",
        Iso8601 = "iso8601",
        Milliseconds = "milliseconds",
    }
}

choices! {
    /// The least level that is written to the log.
    pub enum LogLevel {
        Debug = "debug",
        Verbose = "verbose",
        Notice = "notice",
        Warning = "warning",
        Nothing = "nothing",
    }
}

choices! {
    /// What is evicted when `maxmemory` is reached.
    pub enum Policy {
        VolatileLru = "volatile-lru",
        VolatileLfu = "volatile-lfu",
        VolatileRandom = "volatile-random",
        VolatileTtl = "volatile-ttl",
        AllkeysLru = "allkeys-lru",
        AllkeysLfu = "allkeys-lfu",
        AllkeysRandom = "allkeys-random",
        Noeviction = "noeviction",
    }
}

choices! {
    /// `oom-score-adj`.
    pub enum OomScoreAdj {
        No = "no",
        Yes = "yes",
        Relative = "relative",
        Absolute = "absolute",
    }
}

choices! {
    /// `propagation-error-behavior`.
    pub enum PropagationError {
        Ignore = "ignore",
        Panic = "panic",
        PanicOnReplicas = "panic-on-replicas",
    }
}

choices! {
    /// `rdb-module-data`: what becomes of data in a file that a module wrote.
    pub enum RdbModuleData {
        Refuse = "refuse",
        Skip = "skip",
    }
}

choices! {
    /// `rdb-version`: in which version of the format files are written, and payloads of DUMP.
    pub enum RdbVersion {
        V9 = "9",
        V10 = "10",
        V11 = "11",
        V12 = "12",
        V80 = "80",
    }
}

choices! {
    /// `sanitize-dump-payload`: whether packed collections are searched for elements that are there twice.
    pub enum SanitizeDumpPayload {
        No = "no",
        Yes = "yes",
        Clients = "clients",
    }
}

choices! {
    /// `snapshot-method`: who writes a snapshot in the background.
    pub enum SnapshotMethod {
        Fork = "fork",
        Versioned = "versioned",
    }
}

choices! {
    /// `rdb-version-check`.
    pub enum RdbVersionCheck {
        Strict = "strict",
        Relaxed = "relaxed",
    }
}

choices! {
    /// `repl-diskless-load`.
    pub enum DisklessLoad {
        Disabled = "disabled",
        OnEmptyDb = "on-empty-db",
        Swapdb = "swapdb",
        FlushBeforeLoad = "flush-before-load",
    }
}

choices! {
    /// `supervised`.
    pub enum Supervised {
        Upstart = "upstart",
        Systemd = "systemd",
        Auto = "auto",
        No = "no",
    }
}

choices! {
    /// `syslog-facility`.
    pub enum SyslogFacility {
        User = "user",
        Local0 = "local0",
        Local1 = "local1",
        Local2 = "local2",
        Local3 = "local3",
        Local4 = "local4",
        Local5 = "local5",
        Local6 = "local6",
        Local7 = "local7",
    }
}

choices! {
    /// `tls-auth-clients`.
    pub enum TlsAuthClients {
        No = "no",
        Yes = "yes",
        Optional = "optional",
    }
}

choices! {
    /// `tls-auth-clients-user`.
    pub enum TlsUserFrom {
        CN = "CN",
        URI = "URI",
        Off = "off",
    }
}

impl Policy {
    pub fn is_lru(self) -> bool {
        matches!(self, Policy::VolatileLru | Policy::AllkeysLru)
    }

    pub fn is_lfu(self) -> bool {
        matches!(self, Policy::VolatileLfu | Policy::AllkeysLfu)
    }

    /// Only keys with a time to live may go.
    pub fn only_volatile(self) -> bool {
        matches!(
            self,
            Policy::VolatileLru | Policy::VolatileLfu | Policy::VolatileRandom | Policy::VolatileTtl
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_shown_as_the_peer_does() {
        assert_eq!(Policy::from_name(b"AllKeys-LRU"), Some(Policy::AllkeysLru));
        assert_eq!(Policy::AllkeysLru.name(), "allkeys-lru");
        assert_eq!(TlsUserFrom::from_name(b"cn").map(Choice::name), Some("CN"));
        assert_eq!(Policy::from_name(b""), None);
    }
}
