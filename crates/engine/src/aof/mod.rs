//! The append-only file: what changes the dataset, told by [`crate::feed`], in files from which it can be made again.
//!
//! ```text
//!   dir/appenddirname/  appendfilename.manifest            which files count, in their order           files.rs
//!                       appendfilename.3.base.rdb          the dataset when the last rewrite began     rewrite.rs
//!                       appendfilename.7.incr.aof          what was done since                         log.rs
//!
//!   start     manifest -> base -> incr … -> keys           in steps, behind the gate LOADING           start.rs, load.rs
//!   turn      feed -> journal -> (sync) -> replies leave   who was promised more waits                 log.rs
//!   rewrite   next incr, snapshot -> base, manifest        old files go                                rewrite.rs
//! ```
//!
//! **Invariants**
//! 1. A file that the manifest names is there, and holds whole units: files are made before they are named, and removed after
//!    they no longer are. At any moment the files that the manifest names, read in order, give the dataset as far as it was
//!    handed over and made durable.
//! 2. The feed collects exactly while a file is open ([`Aof::is_open`]): nothing is told to nobody, nothing is missed.
//! 3. Nobody is told of a write that is not as safe as `appendfsync` promises: who was answered waits (gate UNSYNCED) until
//!    it is ([`log`]).
//!
//! *Not here*: the format (`persist::aof`), writing and syncing (the host's journal).

mod debug;
pub(crate) mod files;
pub mod health;
pub mod load;
pub mod log;
mod replay;
mod rewrite;
mod start;
pub mod switch;
pub mod wait;

use persist::aof::{Manifest, Marks};

pub use debug::{Reload, reloaded};
pub use load::{Loading, go_on, step as load_step};
pub use rewrite::{Started, bgrewrite};
pub(crate) use rewrite::{rewrite_ended, step};
pub use start::{begin, opened};

/// Room in front of the end of the file that is kept allocated.
const RESERVE: u64 = 4 << 20;

/// Whether changes are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Off,
    /// `appendonly` was switched on: it counts once the dataset is in a base.
    First,
    On,
}

#[derive(Default)]
pub struct Aof {
    pub mode: Mode,
    manifest: Manifest,
    /// Where the next bytes of the file belong, and the checksum since its last mark.
    marks: Marks,
    /// A file is open, and the feed collects for it.
    open: bool,
    /// Bytes in all files that count, and what they were after the last rewrite.
    pub size: u64,
    pub base_size: u64,
    /// DEBUG AOF-FLUSH-SLEEP, microseconds.
    pub flush_sleep_us: u64,
    /// Seconds since 1970 of the last `#TS:`.
    stamped_s: i64,
    pub log: log::Log,
    pub health: health::Health,
    pub waits: wait::Waits,
    pub rewrite: rewrite::Rewrite,
    pub loading: Option<Box<Loading>>,
    reload: Option<Box<Reload>>,
    /// Bytes that were cut off the end of the last file when it was loaded.
    pub truncated: u64,
}

impl Aof {
    /// Whether a file is being appended to.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// What is to be done before replies leave may be something.
    #[inline]
    pub fn is_busy(&self) -> bool {
        self.open || self.log.holds() || !self.waits.is_empty()
    }
}
