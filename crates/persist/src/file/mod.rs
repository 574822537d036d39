//! Whole files.
//!
//! ```text
//!   magic, then marks, each of which says what follows:
//!     aux          two strings: what is known of the file (ctime, repl-id ...)
//!     function     the code of a library
//!     database     a length: keys are of this one from here on
//!     sizes        two lengths: how many keys, and how many with an expire, are to come
//!     slot info    three lengths: a cluster slot, and the same two numbers
//!     expire, idle, frequency      of the next key
//!     a type       a key as a string, and its value
//!     end          then the checksum of all before, from version 5 on; 0 if none was wanted
//! ```

mod load;
mod record;
mod save;

pub use load::{Item, Loader, Options, Record};
pub use record::{DatabaseRecorder, Opening, Pieces, Seal, ending};
pub use save::{About, AccessInfo, Saved, save, settings_for};
