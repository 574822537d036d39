//! The title that `ps` shows: written over the arguments the process was started with.
//!
//! Linux keeps them, and the environment right behind, in one piece of the stack:
//!
//! ```text
//! arg_start          arg_end = env_start            env_end
//! | argv[0] 0 argv[1] 0 | HOME=/root 0 PATH=… 0        |
//! | the title, as long as it likes 0 0 0 0 0 0 0 0 0 0 |
//! ```
//!
//! The kernel shows the piece up to `arg_end` if a NUL stands before it, else up to the first NUL. The
//! environment is moved to the heap first, where `getenv` goes on finding it.
//!
//! **Invariants**
//! 1. The last byte of the piece stays NUL: pointers into it (std's arguments) still end.
//! 2. No pointer of `environ` leads into the piece once a title was written.
//!
//! Whoever wants the arguments of the command line must have read them before.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::c_char;

    unsafe extern "C" {
        static mut environ: *mut *mut c_char;
    }

    /// The piece of memory, once found; `Absent` where the kernel does not tell.
    #[derive(Default)]
    pub(crate) enum Title {
        #[default]
        Unknown,
        Absent,
        Found {
            start: usize,
            length: usize,
        },
    }

    impl Title {
        pub fn set(&mut self, title: &str) {
            if let Title::Unknown = self {
                *self = find();
            }
            if let Title::Found { start, length } = *self {
                write(start, length, title.as_bytes());
            }
        }
    }

    fn find() -> Title {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        match piece(&stat) {
            Some((start, length)) => {
                move_environment(start, length);
                Title::Found { start, length }
            }
            None => Title::Absent,
        }
    }

    /// Start and length from the text of `/proc/self/stat`, whose fields 48 to 51 they are (from 1).
    pub(super) fn piece(stat: &str) -> Option<(usize, usize)> {
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut numbers = fields.split_ascii_whitespace().skip(48 - 3).map(str::parse::<usize>);
        let mut next = || numbers.next()?.ok();
        let (arg_start, arg_end, env_start, env_end) = (next()?, next()?, next()?, next()?);
        let end = if env_start == arg_end && env_end > env_start { env_end } else { arg_end };
        // Zeros are what is told to those who may not know.
        (arg_start > 0 && end > arg_start + 1).then_some((arg_start, end - arg_start))
    }

    fn move_environment(start: usize, length: usize) {
        // SAFETY: `environ` is a null-terminated array of C strings, or null. An entry is replaced by a copy that
        // is never freed, so whoever read the old or the new pointer reads the same text; the old text is
        // overwritten only by `write`. Called by the main thread at the start, before others use `getenv`.
        unsafe {
            let mut entry = environ;
            while !entry.is_null() && !(*entry).is_null() {
                if (start..start + length).contains(&((*entry) as usize)) {
                    let copy = libc::strdup(*entry);
                    if !copy.is_null() {
                        *entry = copy;
                    }
                }
                entry = entry.add(1);
            }
        }
    }

    fn write(start: usize, length: usize, title: &[u8]) {
        let end = title.iter().position(|&byte| byte == 0).unwrap_or(title.len());
        let count = end.min(length - 1);
        let to = std::ptr::with_exposed_provenance_mut::<u8>(start);
        // SAFETY: the piece is mapped and writable for the life of the process, and nobody else writes there;
        // `count` leaves the last byte to be NUL (invariant 1).
        unsafe {
            std::ptr::copy_nonoverlapping(title.as_ptr(), to, count);
            std::ptr::write_bytes(to.add(count), 0, length - count);
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::Title;

/// Elsewhere the title stays what it was.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[derive(Default)]
pub(crate) struct Title;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Title {
    pub fn set(&mut self, _: &str) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::testing::{child, text};

    #[test]
    fn the_piece_is_read_past_a_name_with_brackets() {
        let fields = (4..=47).map(|_| "0").collect::<Vec<_>>().join(" ");
        let stat = format!("1 (a) b) R {fields} 100 110 110 200 0\n");
        assert_eq!(linux::piece(&stat), Some((100, 100)));
        assert_eq!(linux::piece(&format!("1 (a) R {fields} 100 110 112 200 0\n")), Some((100, 10)));
        assert_eq!(linux::piece(&format!("1 (a) R {fields} 0 0 0 0 0\n")), None);
    }

    #[test]
    fn a_title_is_shown_and_the_environment_survives() {
        let output = child("title::tests::in_a_child").env("TITLE_TEST", "kept").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn in_a_child() {
        let mut title = Title::default();
        let shown = || std::fs::read_to_string("/proc/self/cmdline").unwrap();
        let long = "redstart-server ".to_owned() + &"x".repeat(300);
        for text in ["redstart-server *:6379", long.as_str(), "short"] {
            title.set(text);
            assert_eq!(shown().trim_end_matches('\0'), text);
            assert_eq!(std::env::var("TITLE_TEST").unwrap(), "kept");
        }
        title.set(&"y".repeat(1 << 20));
        assert_eq!(std::env::var("TITLE_TEST").unwrap(), "kept");
        assert!(std::env::args().count() > 0);
    }
}
