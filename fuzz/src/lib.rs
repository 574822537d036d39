//! What is done with bytes from anywhere. Each function takes any bytes, and panics if something is wrong.
#![forbid(unsafe_code)]

mod append_only;
mod commands;
/// The samples of the tests: files with every code there is.
#[path = "../../crates/persist/tests/made/mod.rs"]
mod made;
mod packed;
mod snapshots;

pub use append_only::{append_only, manifest};
pub use commands::commands;
pub use packed::{intset, listpack, lzf, stream_node};
pub use snapshots::{restore, snapshot};

use config::{Config, Source};
use resp::request::{Parsed, Progress, Span, parse};
use resp::{Argv, Limits};

/// A target: its name, its body, and inputs to begin with.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub examples: &'static [&'static [u8]],
}

pub const TARGETS: &[Target] = &[
    Target {
        name: "request",
        run: request,
        examples: &[
            b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
            b"*1\r\n$4\r\nPING\r\nPING\r\n\r\n*0\r\n*-1\r\n",
            b"SET \"a b\" 'c' \"\\x41\\n\"\r\n",
            b"*3\r\n$-1\r\n$99999999999999999999\r\n",
        ],
    },
    Target {
        name: "config",
        run: config,
        examples: &[
            b"port 7000\nbind 127.0.0.1 -::1\nsave 900 1 300 10\nmaxmemory 100mb\n",
            b"client-output-buffer-limit normal 0 0 0 replica 1gb 10mb 60\nrename-command GET \"\"\n# x\n",
            b"include a.conf\nnotify-keyspace-events KEA\nunixsocketperm 755\ndir \"/x y\"\nhash-seed abc\n",
        ],
    },
    Target {
        name: "glob",
        run: glob,
        examples: &[b"a*b?[c-e]\0aXXbYd", b"[^a-z]*\\*\0Q*", b"*a*a*a*a*a\0aaaaaaaaaaaaaaaaaaaaab"],
    },
    Target { name: "words", run: words, examples: &[b"a \"b\\x41\\n\" 'c\\'d'", b"\"\"''", b"\"a\"b"] },
    Target {
        name: "hyperloglog",
        run: hyperloglog,
        examples: &[
            b"\x7f\xff",
            b"\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a",
            b"\x00\x83\x83\x87\x80\x80\x3f\x7f\xb6",
        ],
    },
    Target {
        name: "listpack",
        run: listpack,
        examples: &[
            b"\x0f\0\0\0\x03\0\x82hi\x03\x05\x01\x81a\x02\xff",
            b"\x07\0\0\0\0\0\xff",
            b"\x1a\0\0\0\x03\0\xf1\x10\x27\x03\xc1\x05\x02\xf4\x01\x02\x03\x04\x05\x06\x07\x08\x09\xff",
        ],
    },
    Target {
        name: "intset",
        run: intset,
        examples: &[
            b"\x02\0\0\0\x03\0\0\0\x01\0\x02\0\x07\0",
            b"\x04\0\0\0\x02\0\0\0\0\0\xff\xff\x40\x9c\0\0",
            b"\x08\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\x80",
        ],
    },
    Target {
        name: "lzf",
        run: lzf,
        examples: &[b"\x00a\xe0\x05\x00", b"\x03abcd\x20\x03", b"aaaaaaaaaaaaaaaabcbcbcbcbcbcbcaaaaaaaa"],
    },
    Target {
        name: "stream_node",
        run: stream_node,
        examples: &[
            // live, deleted, fields, name, 0; flags, ms, seq, value, back
            b"\x01\x01\x01\0\x01\x01f\xff\x01\0\x01\x02\x01\0\x01\0v\xff\x01\x04",
            b"\x01\x02\x01\x01\x01\x01f\xff\x01\0\x01\x02\x01\0\x01\0v\xff\x01\x04\
              \x01\x03\x01\x01\x01\0\x01\x01v\xff\x01\x04",
        ],
    },
    Target {
        name: "snapshot",
        run: snapshot,
        examples: &[
            b"REDIS0011\xfa\x05ctime\xc2\x00\x00\x00\x60\xfe\x00\xfb\x01\x00\x00\x01a\x01b\xff\0\0\0\0\0\0\0\0",
            b"VALKEY080\xfe\x00\x16\x01h\x01\x01f\x01v\x6b\x91\xc9\xfe\xa1\x01\x00\x00\xff\0\0\0\0\0\0\0\0",
            b"REDIS0003\xfd\x00\x00\x00\x70\x03\x01z\x01\x01m\x031.5\xfe\x01\x01\x01l\x02\x01a\xc0\x07\xff",
        ],
    },
    Target {
        name: "restore",
        run: restore,
        examples: &[
            b"\x12\x01\x02\x11\x11\0\0\0\x04\0\x81a\x02\x81b\x02\x01\x01\x02\x01\xff",
            b"\x0d\x19\x19\0\0\0\x11\0\0\0\x02\0\0\x02f1\x04\x02v1\xff",
            b"\x0b\x0c\x02\0\0\0\x02\0\0\0\x01\0\x02\0",
            b"\x15\x01\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01\x1d\x1d\0\0\0\x0a\0\x01\x01\0\x01\x01\x01\x81f\x02\0\x01\x02\x01\0\x01\0\x01\x81v\x02\x04\x01\xff\x01\x01\x01\x01\x01\0\0\x01\0",
            b"\x18\x07\x92\xc9\xfe\xa1\x01\0\0\x01\x01\x01a\xc0\x01",
        ],
    },
    Target {
        name: "append_only",
        run: append_only,
        examples: &[
            b"#TS:17\r\n*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n# x\n",
            b"*1\r\n$1\r\na\r\n#CRC:11:0fb6a3ed930d8d26\r\n#CRC:37:0000000000000000\r\n*1\r\n$1\r\na\r\n\0\0",
            b"*1\r\n$12\r\n#CRC:10:\r\n12\r\n*12\r\n$100\r\n",
        ],
    },
    Target {
        name: "manifest",
        run: manifest,
        examples: &[
            b"# x\nfile a.2.base.rdb seq 2 type b\nfile a.1.incr.aof seq 1 type h\nfile a.3.incr.aof seq 3 type i\n",
            b"file \"a b\\xff\" type i seq 9223372036854775807 startoffset 1 endoffset 2\r\n",
        ],
    },
    Target {
        name: "commands",
        run: commands,
        examples: &[
            b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09",
            b"SETRANGE GET INCR",
            b"\xff\xfe\xfd\xfc\xfb\xfa\xf9",
        ],
    },
];

/// Inputs to begin with that are made: for what is too large to be written down.
pub fn made_examples(name: &str) -> Vec<Vec<u8>> {
    match name {
        "snapshot" => made::samples().into_iter().map(|(file, _)| file).collect(),
        "restore" => made::bodies(),
        _ => Vec::new(),
    }
}

/// Parsing at once and parsing in pieces find the same words, and spans lie inside of what was used.
pub fn request(bytes: &[u8]) {
    for authenticated in [true, false] {
        let limits = Limits { max_bulk: 1 << 20, authenticated };
        let whole = all_requests(bytes, limits, usize::MAX);
        let pieces = all_requests(bytes, limits, 1 + bytes.len() % 7);
        assert_eq!(whole, pieces);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    Words(Vec<Vec<u8>>),
    Error(String),
}

/// All requests in a stream of which `step` bytes more arrive whenever more are needed.
fn all_requests(bytes: &[u8], limits: Limits, step: usize) -> Vec<Found> {
    let (mut found, mut progress): (Vec<Found>, Option<Box<Progress>>) = (Vec::new(), None);
    let (mut start, mut end) = (0, step.min(bytes.len()));
    loop {
        let mut spans: Vec<Span> = Vec::new();
        let (used, text) = match parse(&bytes[start..end], limits, &mut spans, &mut progress) {
            Parsed::Complete { used } => (used, None),
            Parsed::Unpacked { used, text } => (used, Some(text)),
            Parsed::Incomplete { missing } => {
                assert!(missing > 0 && spans.is_empty());
                if end == bytes.len() {
                    return found;
                }
                end = end.saturating_add(step).min(bytes.len());
                continue;
            }
            Parsed::Invalid(error) => {
                found.push(Found::Error(error.to_line()));
                return found;
            }
        };
        assert!(used > 0 && used <= end - start, "{used} bytes used");
        let argv = Argv::new(text.as_deref().unwrap_or(&bytes[start..start + used]), &spans);
        if !argv.is_empty() {
            found.push(Found::Words(argv.iter().map(<[u8]>::to_vec).collect()));
        }
        start += used;
    }
}

/// What loads is written back as what it was.
pub fn config(bytes: &[u8]) {
    let Some((config, _)) = loaded(bytes) else { return };
    let written = config::rewrite(Some(bytes), &config, &[], false);
    if let Some((again, _)) = loaded(&written) {
        assert_eq!(config, again, "{}", String::from_utf8_lossy(&written));
    }
}

fn loaded(text: &[u8]) -> Option<(Config, config::Loaded)> {
    let mut config = Config::default();
    let mut include = |_: &str| Ok(vec![]);
    let loaded = config::load(&mut config, &[Source { name: "fuzz", text }], &mut include).ok()?;
    Some((config, loaded))
}

/// Pattern and text, a zero byte between them.
pub fn glob(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (pattern, text) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    let met = stdx::glob::matches(pattern, text, false);
    if met {
        assert!(text.starts_with(stdx::glob::literal_prefix(pattern)));
        // A class may say which bytes do not match: there it matters which case they are in.
        assert!(pattern.contains(&b'[') || stdx::glob::matches(pattern, text, true));
    }
    if stdx::glob::is_literal(pattern) {
        assert_eq!(met, pattern == text);
    }
}

/// Words that were read are quoted and read again.
pub fn words(bytes: &[u8]) {
    let mut quoted = Vec::new();
    stdx::words::quote(&mut quoted, bytes);
    assert_eq!(stdx::words::split(&quoted), Some(vec![bytes.to_vec()]));
    let Some(words) = stdx::words::split(bytes) else { return };
    let mut line = Vec::new();
    for word in &words {
        stdx::words::quote(&mut line, word);
        line.push(b' ');
    }
    assert_eq!(stdx::words::split(&line), Some(words));
}

/// Runs of registers from anywhere: every way of reading them agrees, and changes keep them whole.
pub fn hyperloglog(bytes: &[u8]) {
    let header = &structures::hyperloglog::empty()[..structures::hyperloglog::HEADER];
    structures::hyperloglog::agree(&[header, bytes].concat());
    structures::hyperloglog::agree(bytes);
}
