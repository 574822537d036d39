//! A client whose every write can be told from what it leaves behind.
//!
//! Its keys are its own, and its writes follow each other, one at a time: what is there at any moment is the state after
//! some number of them. Whoever looks at all its keys can say which, or that something is amiss: a hole in the middle, half of
//! a transaction, a count that was counted twice.

use fastrand::Rng;
use testkit::{Value, resp};
use world::{Clock, ConnId};

use crate::SimWorld;

/// What its keys hold.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct View {
    value: Option<usize>,
    /// Two keys that change together or not at all.
    pair: [Option<usize>; 2],
    count: Option<i64>,
    list: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    /// All keys, so many answers of which are still to come.
    Look,
    /// The next write, which has so many answers.
    Write(usize),
}

pub struct Writer {
    number: usize,
    rng: Rng,
    conn: Option<ConnId>,
    asked: Asked,
    received: Vec<u8>,
    answers: Vec<Value>,
    /// What is there after so many writes: all that were sent.
    views: Vec<View>,
    /// Writes that must be there, and when each was answered; the last of time if it was only seen while the disk failed.
    answered_us: Vec<u64>,
    /// It has looked since it connected, and knows how far it is.
    knows: bool,
    /// The disk was well when it asked.
    calm: bool,
    pub refused: usize,
    pub written: usize,
}

impl Writer {
    pub fn new(number: usize, seed: u64) -> Self {
        Writer {
            number,
            rng: Rng::with_seed(seed),
            conn: None,
            asked: Asked::Nothing,
            received: Vec::new(),
            answers: Vec::new(),
            views: vec![View::default()],
            answered_us: Vec::new(),
            knows: false,
            calm: true,
            refused: 0,
            written: 0,
        }
    }

    /// The server is no more. Those of its writes that were answered before `before_us` must be found again.
    pub fn server_died(&mut self, before_us: u64) {
        let last = self.answered_us.iter().rposition(|at_us| *at_us < before_us);
        self.answered_us.truncate(last.map_or(0, |last| last + 1));
        self.drop_connection();
    }

    fn drop_connection(&mut self) {
        (self.conn, self.asked, self.knows) = (None, Asked::Nothing, false);
        self.received.clear();
        self.answers.clear();
    }

    /// Hears what has come, and asks for more; with `writes`, it writes too.
    pub fn act(&mut self, world: &mut SimWorld, writes: bool, calm: bool) -> Result<(), String> {
        let Some(conn) = self.conn else {
            self.conn = world.connect();
            return Ok(());
        };
        let Some(bytes) = world.client_receive(conn, usize::MAX) else {
            world.client_forget(conn);
            self.drop_connection();
            return Ok(());
        };
        self.received.extend_from_slice(&bytes);
        self.answers.extend(resp::take_all(&mut self.received)?);
        self.calm &= calm;
        self.hear(world.now().mono_us)?;
        if self.asked == Asked::Nothing && self.rng.u8(..4) > 0 {
            self.ask(world, conn, writes);
        }
        Ok(())
    }

    fn hear(&mut self, now_us: u64) -> Result<(), String> {
        let expected = match self.asked {
            Asked::Nothing => 0,
            Asked::Look => 2,
            Asked::Write(answers) => answers,
        };
        if self.answers.len() < expected || expected == 0 {
            return if self.answers.len() > expected { Err("an answer to nothing".into()) } else { Ok(()) };
        }
        let answers = std::mem::take(&mut self.answers);
        match std::mem::replace(&mut self.asked, Asked::Nothing) {
            Asked::Look => self.look(&answers, now_us),
            _ => self.note_write(&answers, now_us),
        }
        .map_err(|why| format!("writer {}: {why}", self.number))
    }

    fn note_write(&mut self, answers: &[Value], now_us: u64) -> Result<(), String> {
        let sent = self.views.len() - 1;
        if let Some(Value::Error(line)) =
            answers.iter().rev().find(|answer| matches!(answer, Value::Error(_)))
        {
            let expected = [&b"MISCONF"[..], b"EXECABORT", b"LOADING"];
            if !expected.iter().any(|start| line.starts_with(start)) {
                return Err(format!("write {sent} was refused: {}", String::from_utf8_lossy(line)));
            }
            self.views.pop();
            self.refused += 1;
            return Ok(());
        }
        if let Some(count) = answers[0].integer() {
            let view = &self.views[sent];
            if Some(count) != view.count && count != view.list {
                return Err(format!("write {sent} answered {count}, it should leave {view:?}"));
            }
        }
        self.answered_us.push(now_us);
        self.written += 1;
        Ok(())
    }

    /// Finds out how far it is.
    fn look(&mut self, answers: &[Value], now_us: u64) -> Result<(), String> {
        if answers.iter().any(|answer| matches!(answer, Value::Error(_))) {
            return Ok(());
        }
        let number = |at: usize| -> Option<usize> {
            std::str::from_utf8(answers[0].elements().get(at)?.bytes()?).ok()?.parse().ok()
        };
        let view = View {
            value: number(0),
            pair: [number(1), number(2)],
            count: number(3).map(|count| count as i64),
            list: answers[1].integer().unwrap_or(-1),
        };
        let Some(at) = self.views.iter().position(|known| *known == view) else {
            return Err(format!("{view:?} was never there; the last is {:?}", self.views.last()));
        };
        let promised = self.answered_us.len();
        if at < promised {
            return Err(format!("only {at} writes are there, {promised} were promised to be: {view:?}"));
        }
        self.views.truncate(at + 1);
        // What is seen and was not answered counts from now on.
        self.answered_us.resize(at, if self.calm { now_us } else { u64::MAX });
        self.knows = true;
        Ok(())
    }

    fn key(&self, name: &str) -> Vec<u8> {
        format!("{}:{name}", self.number).into_bytes()
    }

    fn ask(&mut self, world: &mut SimWorld, conn: ConnId, writes: bool) {
        let mut bytes = Vec::new();
        if !self.knows || self.rng.u8(..30) == 0 {
            let [value, a, b, count] = ["value", "a", "b", "count"].map(|name| self.key(name));
            bytes.extend(resp::request(&[&b"MGET"[..], &value, &a, &b, &count]));
            bytes.extend(resp::request(&[&b"LLEN"[..], &self.key("list")]));
            (self.asked, self.calm) = (Asked::Look, true);
        } else if writes {
            self.write(&mut bytes);
        }
        world.client_send(conn, &bytes);
    }

    /// The next write: what it is follows from its number.
    fn write(&mut self, bytes: &mut Vec<u8>) {
        let at = self.views.len();
        let mut view = self.views[at - 1].clone();
        let number = at.to_string().into_bytes();
        self.asked = Asked::Write(1);
        match self.rng.u8(..4) {
            0 => {
                view.value = Some(at);
                bytes.extend(resp::request(&[&b"SET"[..], &self.key("value"), &number]));
            }
            1 => {
                view.pair = [Some(at); 2];
                let (a, b) = (self.key("a"), self.key("b"));
                bytes.extend(resp::request(&[b"MULTI"]));
                bytes.extend(resp::request(&[&b"SET"[..], &a, &number]));
                bytes.extend(resp::request(&[&b"SET"[..], &b, &number]));
                bytes.extend(resp::request(&[b"EXEC"]));
                self.asked = Asked::Write(4);
            }
            2 => {
                view.count = Some(view.count.unwrap_or(0) + 1);
                bytes.extend(resp::request(&[&b"INCR"[..], &self.key("count")]));
            }
            _ => {
                view.list += 1;
                let item = vec![b'x'; self.rng.usize(..200)];
                bytes.extend(resp::request(&[&b"RPUSH"[..], &self.key("list"), &item]));
            }
        }
        self.views.push(view);
    }
}
