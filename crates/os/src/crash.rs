//! The report of a crash, written to the log by the dying process itself.
//!
//! ```text
//! === REDSTART BUG REPORT START: Cut & paste starting from here ===
//! 4711:M 21 Nov 2026 10:11:12.123 # Redstart 0.1.0 crashed by signal: 11, si_code: 1
//! 4711:M 21 Nov 2026 10:11:12.123 # Accessing address: 0x0
//! ------ STACK TRACE ------
//! (addresses, then names)
//! ------ STACK TRACE DONE ------
//! (what the program adds: current client, current command)
//! === REDSTART BUG REPORT END ===
//! ```
//!
//! The lines up to the addresses use nothing that a broken heap or a held lock could spoil. The names and the
//! program's own text do (std's backtrace allocates and locks): they are tried last, under an alarm that ends
//! the process should they hang.
//!
//! **Invariants**
//! 1. One report per process: whoever comes second waits for the first to finish dying, then dies.
//! 2. The process always dies of the signal it received, with the default action, so that the supervisor sees
//!    the truth and a core is written. A panic dies of SIGABRT: a server that goes on after an impossible state
//!    would write it to disk.
//! 3. The crash signals are blocked while a report is written: a fault inside it makes the kernel end the
//!    process, with what has been written so far in the log.
//!
//! *Not here*: the log's own lines (`log`), the text of clients and commands (the program's function).

use std::backtrace::Backtrace;
use std::ffi::CString;
use std::fmt::Write;
use std::io;
use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use libc::{c_int, c_void, siginfo_t};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use world::Level;

use crate::clock;
use crate::log::{Text, emit, stamp};
use crate::trace::{Frames, place};

const FATAL: [c_int; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT];

/// Room for the report when the thread's own stack has overflowed. Untouched pages cost nothing.
const STACK: usize = 1 << 20;

/// Seconds the part that may hang is given.
const PATIENCE_S: u32 = 10;

struct Report {
    /// `Redstart 0.1.0`.
    program: String,
    /// The log's file, `None` = standard output.
    path: Option<CString>,
    /// What the program adds.
    context: fn() -> String,
}

/// Read by signal handlers, hence written once and never changed.
static REPORT: OnceLock<Report> = OnceLock::new();
static BUSY: AtomicBool = AtomicBool::new(false);

/// Has crashes of all threads and panics reported. The first call decides what is printed.
pub(crate) fn install(program: &str, path: Option<CString>, context: fn() -> String) -> io::Result<()> {
    REPORT.get_or_init(|| Report { program: program.to_owned(), path, context });
    own_stack()?;
    for signal in FATAL {
        handle(signal, on_crash)?;
    }
    handle(libc::SIGALRM, on_alarm)?;
    panic::set_hook(Box::new(on_panic));
    Ok(())
}

/// Back to the default actions (the setting `crash-log-enabled no`).
pub(crate) fn uninstall() {
    for signal in FATAL {
        default_action(signal);
    }
    let _ = panic::take_hook();
}

/// Reads where nothing may be read: the kernel answers with SIGSEGV.
pub(crate) fn fault() {
    // SAFETY: a fresh mapping of its own, in which no object lies; reading it changes nothing and yields nothing, for
    // the kernel ends the process (after the report) instead.
    unsafe {
        if let Ok(page) = mmap_anonymous(std::ptr::null_mut(), 4096, ProtFlags::empty(), MapFlags::PRIVATE) {
            page.cast::<u8>().read_volatile();
        }
    }
    // If there was no page to be had, or somebody ignores the signal.
    panic!("a fault was asked for");
}

type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

fn handle(signal: c_int, handler: Handler) -> io::Result<()> {
    // SAFETY: an all-zero `sigaction` is valid; every field that matters is set below. The handler has the
    // signature SA_SIGINFO asks for and lives for ever.
    let done = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigemptyset(&mut action.sa_mask);
        for fatal in FATAL {
            libc::sigaddset(&mut action.sa_mask, fatal);
        }
        libc::sigaction(signal, &action, std::ptr::null_mut())
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives the calling thread a stack for its signals. Other threads keep the small one std gave them: their
/// report may end at the stack trace.
fn own_stack() -> io::Result<()> {
    // SAFETY: a fresh private mapping, never unmapped, used by nobody else; `stack` describes exactly it.
    let done = unsafe {
        let memory = mmap_anonymous(
            std::ptr::null_mut(),
            STACK,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE,
        )?;
        let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: STACK };
        libc::sigaltstack(&stack, std::ptr::null_mut())
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

extern "C" fn on_crash(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    begin(signal);
    // SAFETY: the kernel hands over a valid siginfo for the length of the handler.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr()) };
    line(format_args!("{} crashed by signal: {signal}, si_code: {code}", program()));
    if code > 0 && (signal == libc::SIGSEGV || signal == libc::SIGBUS) {
        line(format_args!("Accessing address: {address:?}"));
    } else if code <= 0 {
        // SAFETY: a code of zero or less says that a process sent the signal; then this field is filled.
        let pid = unsafe { (*info).si_pid() };
        line(format_args!("Killed by PID: {pid}"));
    }
    rest();
    die(signal);
}

/// The watchdog: says where the process is, and lets it go on. It may come in the middle of the allocator, so
/// it writes addresses only.
extern "C" fn on_alarm(_: c_int, info: *mut siginfo_t, _: *mut c_void) {
    raw("\n--- WATCHDOG TIMER EXPIRED ---\n");
    // SAFETY: as in `on_crash`.
    let (code, pid) = unsafe { ((*info).si_code, (*info).si_pid()) };
    match code {
        ..=0 => line(format_args!("Received SIGALRM from PID: {pid}")),
        _ => line(format_args!("Received SIGALRM")),
    }
    trace(Names::No);
    raw("--------\n");
}

fn on_panic(info: &PanicHookInfo<'_>) {
    // A panic while a report is written comes from the program's text; `rest` catches it.
    if BUSY.load(SeqCst) {
        return;
    }
    begin(libc::SIGABRT);
    raw("=== ASSERTION FAILED ===\n");
    let reason = info.payload_as_str().unwrap_or("(no text)");
    let (file, row) = info.location().map_or(("?", 0), |at| (at.file(), at.line()));
    line(format_args!("{} panicked: ==> {file}:{row} '{reason}'", program()));
    rest();
    die(libc::SIGABRT);
}

/// Opens the report, or waits and dies if there is one already (invariant 1).
fn begin(signal: c_int) {
    if BUSY.swap(true, SeqCst) {
        std::thread::sleep(std::time::Duration::from_secs(2));
        die(signal);
    }
    raw("\n\n=== REDSTART BUG REPORT START: Cut & paste starting from here ===\n");
}

/// The part that may fail, and the end of the report.
fn rest() {
    default_action(libc::SIGALRM);
    // SAFETY: takes a number; the alarm's default action ends the process, which is wanted.
    unsafe { libc::alarm(PATIENCE_S) };
    trace(Names::Yes);
    if let Some(report) = REPORT.get()
        && let Ok(text) = panic::catch_unwind(report.context)
    {
        raw("\n");
        raw(&text);
    }
    raw("\n=== REDSTART BUG REPORT END ===\n\n");
}

/// Whether a trace may allocate to find the names of functions.
#[derive(PartialEq)]
enum Names {
    Yes,
    No,
}

fn trace(names: Names) {
    raw("\n------ STACK TRACE ------\nBacktrace:\n");
    for &address in Frames::here().addresses() {
        frame(address);
    }
    if names == Names::Yes {
        raw("\n");
        raw(&Backtrace::force_capture().to_string());
    }
    raw("\n------ STACK TRACE DONE ------\n");
}

fn frame(address: usize) {
    let mut text = Text::<48>::new();
    let Some((file, offset)) = place(address) else {
        let _ = writeln!(text, "[{address:#x}]");
        return write(&[text.as_bytes()]);
    };
    let _ = writeln!(text, "(+{offset:#x}) [{address:#x}]");
    write(&[file.to_bytes(), text.as_bytes()]);
}

/// Ends the process by the default action of a signal (invariant 2).
fn die(signal: c_int) -> ! {
    default_action(signal);
    // SAFETY: the set is made empty before use and outlives the calls; raising a signal touches no memory. The
    // signal is blocked inside its own handler, hence the unblocking.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
        libc::raise(signal);
    }
    crate::sys::exit_now(1)
}

fn default_action(signal: c_int) {
    // SAFETY: SIG_DFL is a valid disposition of every signal.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

fn program() -> &'static str {
    REPORT.get().map_or("?", |report| report.program.as_str())
}

/// A line with the log's stamp.
fn line(message: std::fmt::Arguments<'_>) {
    let mut text = Text::<512>::new();
    let _ = text.write_fmt(message);
    write(&[stamp(Level::Warning, clock::wall_us()).as_bytes(), text.as_bytes(), b"\n"]);
}

fn raw(text: &str) {
    write(&[text.as_bytes()]);
}

fn write(parts: &[&[u8]]) {
    emit(REPORT.get().and_then(|report| report.path.as_deref()), parts);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Folder, child};
    use std::os::unix::process::ExitStatusExt;

    /// Runs a way to die in a child and returns the log and the signal it died of.
    fn died(test: &str) -> (String, Option<i32>) {
        let folder = Folder::new();
        let log = folder.path("log");
        let output = child(&format!("crash::tests::{test}")).env("CRASH_LOG", &log).output().unwrap();
        let text = std::fs::read_to_string(&log).unwrap();
        (text, output.status.signal())
    }

    fn install_in_child() {
        let path = std::env::var("CRASH_LOG").unwrap();
        install("Redstart 1.2.3", Some(CString::new(path).unwrap()), || "argv[0]: '\"GET\"'".to_owned())
            .unwrap();
    }

    fn assert_whole(log: &str) {
        let parts = [
            "=== REDSTART BUG REPORT START: Cut & paste starting from here ===\n",
            "------ STACK TRACE ------\n",
            "crash::tests::",
            "------ STACK TRACE DONE ------\n",
            "argv[0]: '\"GET\"'\n",
            "=== REDSTART BUG REPORT END ===\n",
        ];
        let mut from = 0;
        for part in parts {
            let at = log[from..].find(part);
            from += at.unwrap_or_else(|| panic!("no {part:?} in order in:\n{log}"));
        }
        assert_eq!(log.matches("BUG REPORT END").count(), 1, "{log}");
    }

    #[test]
    fn a_bad_access_is_reported_and_stays_fatal() {
        let (log, signal) = died("bad_access");
        assert_eq!(signal, Some(libc::SIGSEGV), "{log}");
        assert!(log.contains(" # Redstart 1.2.3 crashed by signal: 11, si_code: "), "{log}");
        assert!(log.contains(" # Accessing address: 0x10\n"), "{log}");
        assert_whole(&log);
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn bad_access() {
        install_in_child();
        // SAFETY: none: this is the crash.
        unsafe { std::ptr::with_exposed_provenance_mut::<u64>(16).write_volatile(1) };
    }

    #[test]
    fn a_fault_that_was_asked_for_is_one() {
        let (log, signal) = died("faults");
        assert_eq!(signal, Some(libc::SIGSEGV), "{log}");
        assert!(log.contains(" # Redstart 1.2.3 crashed by signal: 11, si_code: 2\n"), "{log}");
        assert!(log.contains(" # Accessing address: 0x"), "{log}");
        assert_whole(&log);
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn faults() {
        install_in_child();
        fault();
    }

    #[test]
    fn an_abort_is_reported_and_stays_fatal() {
        let (log, signal) = died("abort");
        assert_eq!(signal, Some(libc::SIGABRT), "{log}");
        assert!(log.contains(" # Redstart 1.2.3 crashed by signal: 6"), "{log}");
        assert_whole(&log);
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn abort() {
        install_in_child();
        std::process::abort();
    }

    #[test]
    fn a_panic_is_reported_and_ends_the_process() {
        let (log, signal) = died("panics");
        assert_eq!(signal, Some(libc::SIGABRT), "{log}");
        assert!(log.contains("=== ASSERTION FAILED ===\n"), "{log}");
        assert!(log.contains("'a bug, number 7'"), "{log}");
        assert_whole(&log);
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn panics() {
        install_in_child();
        panic!("a bug, number {}", 7);
    }

    #[test]
    fn a_panic_in_the_programs_text_does_not_stop_the_report() {
        let (log, signal) = died("broken_context");
        assert_eq!(signal, Some(libc::SIGABRT), "{log}");
        assert!(log.contains("=== REDSTART BUG REPORT END ===\n"), "{log}");
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn broken_context() {
        let path = CString::new(std::env::var("CRASH_LOG").unwrap()).unwrap();
        install("Redstart", Some(path), || panic!("broken")).unwrap();
        std::process::abort();
    }

    #[test]
    fn the_watchdog_speaks_and_the_process_lives() {
        let (log, signal) = died("watchdog");
        assert_eq!(signal, None);
        assert!(log.contains("--- WATCHDOG TIMER EXPIRED ---\n"), "{log}");
        assert!(log.contains(" # Received SIGALRM"), "{log}");
        assert!(log.contains("------ STACK TRACE DONE ------\n"), "{log}");
        assert!(log.contains("(+0x"), "{log}");
        assert!(!log.contains("BUG REPORT"), "{log}");
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn watchdog() {
        install_in_child();
        signal_hook::low_level::raise(libc::SIGALRM).unwrap();
    }
}
