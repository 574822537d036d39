//! One word that says whether anything unusual must be looked at before a command runs.
//!
//! Each client and the server keep one; each command has one of what concerns it. If the three have no bit in
//! common, which is nearly always, no check runs at all. Otherwise [`crate::path::checks`] walks its list.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Gate(pub u32);

impl Gate {
    pub const NONE: Gate = Gate(0);
    // Of a client.
    /// It has not authenticated and must.
    pub const NEEDS_AUTH: Gate = Gate(1);
    /// It is between MULTI and EXEC.
    pub const IN_MULTI: Gate = Gate(1 << 1);
    /// It is subscribed and speaks RESP2.
    pub const SUBSCRIBED: Gate = Gate(1 << 2);
    /// Replies are off or the next one is skipped (CLIENT REPLY).
    pub const MUTED: Gate = Gate(1 << 3);
    /// It waits in a blocking command: nothing runs until it is served.
    pub const BLOCKED: Gate = Gate(1 << 4);
    /// Its commands do not count as use of keys (CLIENT NO-TOUCH).
    pub const NO_TOUCH: Gate = Gate(1 << 5);
    /// It is to be closed: nothing more of it runs.
    pub const CLOSING: Gate = Gate(1 << 6);
    /// It watches with MONITOR, and may not touch keys.
    pub const WATCHER: Gate = Gate(1 << 7);
    /// More than [`crate::client_limits::FLOOD`] waits to be sent to it: nothing more runs until it has read half of that.
    pub const FLOODED: Gate = Gate(1 << 8);
    /// It tracks (CLIENT TRACKING): what it reads is remembered.
    pub const TRACKING: Gate = Gate(1 << 9);
    /// Its user may not do everything: requests are checked against the rules.
    pub const RESTRICTED: Gate = Gate(1 << 10);
    /// It brings data from elsewhere (CLIENT IMPORT-SOURCE).
    pub const IMPORT_SOURCE: Gate = Gate(1 << 11);
    /// It was answered, and is not told before what it did is as safe as was promised: nothing is sent to it, and nothing
    /// more runs.
    pub const UNSYNCED: Gate = Gate(1 << 12);
    /// It waits for the append-only file (WAITAOF): nothing more runs.
    pub const AWAITS: Gate = Gate(1 << 13);
    // Of the server.
    /// Somebody watches with MONITOR.
    pub const MONITORED: Gate = Gate(1 << 16);
    /// `maxmemory` is set.
    pub const MAXMEMORY: Gate = Gate(1 << 17);
    /// CLIENT PAUSE is in force.
    pub const PAUSED: Gate = Gate(1 << 18);
    /// `import-mode`: who brings the data says when keys expire.
    pub const IMPORTING: Gate = Gate(1 << 24);
    /// Snapshots are wanted and cannot be written (`stop-writes-on-bgsave-error`).
    pub const UNSAVED: Gate = Gate(1 << 23);
    /// A slow script runs: others may do little.
    pub const BUSY: Gate = Gate(1 << 22);
    /// Too many wrong passwords came from somewhere.
    pub const THROTTLED: Gate = Gate(1 << 21);
    /// More keys are tracked than may be: some are forgotten before the next command.
    pub const TRACKING_FULL: Gate = Gate(1 << 20);
    /// Always up: what meets it takes the slow path (commands that may wait, or that run others).
    pub const ALWAYS: Gate = Gate(1 << 31);
    /// A snapshot is being loaded.
    pub const LOADING: Gate = Gate(1 << 19);

    pub const fn and(self, other: Gate) -> Gate {
        Gate(self.0 | other.0)
    }

    pub const fn without(self, other: Gate) -> Gate {
        Gate(self.0 & !other.0)
    }

    /// The bits that are in both.
    pub const fn only(self, other: Gate) -> Gate {
        Gate(self.0 & other.0)
    }

    #[inline]
    pub const fn meets(self, other: Gate) -> bool {
        self.0 & other.0 != 0
    }

    pub fn set(&mut self, bits: Gate, on: bool) {
        *self = if on { self.and(bits) } else { self.without(bits) };
    }
}
