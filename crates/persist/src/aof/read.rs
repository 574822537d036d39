//! Reading a file, item by item, in place: words are spans of one buffer, which is filled again and again.
//!
//! ```text
//!   file    |= base ======================================================|  not read yet
//!   buffer         [ consumed ....... | an item, perhaps in part ..... ]
//!                  0      ^summed     at                              end
//! ```
//!
//! There are three ways to end. *Clean*: after a whole item, outside of MULTI. *Cut*: the file ends inside of an item or of a
//! MULTI, as it does when the power goes while it is written; or only zero bytes follow, as when the file system had made
//! the file longer and the bytes did not come. *Corrupt*: there is a byte that cannot stand where it does, or a mark
//! does not agree with what is before it. A length that grew by damage seems to swallow the end of the file: if there is
//! a mark in what it swallows, the file had not ended there, and that is damage, too.
//!
//! **Invariants**
//! 1. `buffer[at..end]` has been read and not consumed; `marks` has the sum up to `summed`, which is at most `at`.
//! 2. The buffer has at most two of [`PIECE`], or twice what has arrived of the item at `at`.
//! 3. `good_to` is 0, the end of an item or of a mark outside of MULTI, or the end of the preamble. It never goes back, unless
//!    there is damage: then to the last mark that agreed.

use std::io::Read;

use resp::{Argv, Span};

use super::marks::{self, Marks};
use super::parse::{self, Fail};
use crate::error::{Error, Kind, Result};

/// Bytes that are read at a time: less than what a core's own cache has.
const PIECE: usize = 128 << 10;

/// What stands in a file.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A request of at least one word.
    Request(Argv<'a>),
    /// What follows was written at this time or later: seconds since 1970.
    Timestamp(i64),
}

/// What was consumed last.
enum Step {
    Request {
        start: usize,
        end: usize,
    },
    Timestamp(i64),
    /// Nothing of interest.
    Passed,
    End,
}

/// See the [module](self).
pub struct Reader<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// The offset of `buffer[0]` in the file.
    base: u64,
    /// Where the item that was given last begins.
    item: usize,
    summed: usize,
    /// The sum up to `summed`.
    marks: Marks,
    /// The sum at the MULTI that has no EXEC yet.
    multi: Option<Marks>,
    /// The sum behind the last mark that agreed, or before the MULTI that it stands in.
    proven: Marks,
    checked: u64,
    /// What the marks say, the largest that one did.
    synced: u64,
    /// One of them said so; the last one did, and did not close the file.
    signed: bool,
    goes_on: bool,
    /// The first block of zeros that no mark covers, in a file whose writer has every such block covered.
    suspect: Option<u64>,
    /// The reading ends at the first place that looks as if the power had gone.
    survey: Option<Survey>,
    words: Vec<Span>,
    failed: Option<Error>,
}

/// What was found by [`Reader::survey`].
#[derive(Default)]
pub(super) struct Survey {
    /// Where what was lost begins, and whether it is in an item that seems to be whole.
    pub hole: Option<(u64, bool)>,
    /// The sum at the end of what is good.
    pub good: Marks,
}

/// What the marks of a file that is damaged say about it; see [`super::torn`].
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    pub(super) proven: Marks,
    pub(super) checked: u64,
    pub(super) synced: u64,
    pub(super) signed: bool,
    pub(super) goes_on: bool,
}

impl Evidence {
    /// As much of the file as marks that agree say is durable; none if they say nothing of that.
    pub fn synced(&self) -> Option<u64> {
        self.signed.then_some(self.synced)
    }
}

impl<R: Read> Reader<R> {
    /// A file from its start, which is no preamble.
    pub fn new(source: R) -> Self {
        Reader::after(Vec::new(), source, 0)
    }

    /// The rest of a file whose preamble has been read: `ahead` was read beyond it, `offset` is where it ends (see
    /// `persist::file::Loader::into_rest`).
    pub fn after(ahead: Vec<u8>, source: R, offset: u64) -> Self {
        let marks = Marks::new(offset);
        Reader {
            source,
            at: 0,
            end: ahead.len(),
            buffer: ahead,
            base: offset,
            item: 0,
            summed: 0,
            marks,
            multi: None,
            proven: marks,
            checked: 0,
            synced: 0,
            signed: false,
            goes_on: false,
            suspect: None,
            survey: None,
            words: Vec::new(),
            failed: None,
        }
    }

    /// Reads on from `marks` to the first place that looks as if the power had gone.
    pub(super) fn survey(source: R, marks: Marks) -> Self {
        let reader = Reader::after(Vec::new(), source, marks.at());
        Reader { marks, proven: marks, survey: Some(Survey { hole: None, good: marks }), ..reader }
    }

    /// What was found; the source, and what was read of it and not consumed.
    pub(super) fn into_survey(self) -> (Survey, R) {
        (self.survey.unwrap_or_default(), self.source)
    }

    /// What [`super::torn::judge`] is to know after damage.
    pub fn evidence(&self) -> Evidence {
        let Reader { proven, checked, synced, signed, goes_on, .. } = *self;
        Evidence { proven, checked, synced, signed, goes_on }
    }

    /// The next item; none at a clean end. After an error there is nothing but this error.
    ///
    /// Marks and annotations that nobody knows are passed over, the former after they were checked. `O(bytes)`.
    #[expect(clippy::should_implement_trait, reason = "an item borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        loop {
            match self.step() {
                Ok(Step::Passed) => {}
                Ok(Step::End) => return Ok(None),
                Ok(Step::Timestamp(seconds)) => return Ok(Some(Item::Timestamp(seconds))),
                Ok(Step::Request { start, end }) => {
                    let argv = Argv::new(&self.buffer[start..end], &self.words);
                    return Ok(Some(Item::Request(argv)));
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    /// Damage may have made an item of a part of one: where there are marks, only what they cover is believed.
    #[cold]
    fn fail(&mut self, mut error: Error) -> Error {
        if let Some(offset) = self.suspect.filter(|_| error.kind == Kind::Cut) {
            error = lost(offset);
        }
        if error.kind == Kind::Corrupt && self.checked > 0 {
            self.believe_proven();
        }
        self.failed = Some(error.clone());
        error
    }

    /// A MULTI that is never closed, as it were: `good_to` and `marks` are where the proof ends.
    fn believe_proven(&mut self) {
        self.multi = Some(self.proven);
    }

    /// Where the items that were given end.
    pub fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Where the item that was given last begins.
    pub fn item_start(&self) -> u64 {
        self.base + self.item as u64
    }

    /// The offset up to which the file is whole: a file that is cut there can be loaded, and be appended to.
    ///
    /// Outside of MULTI this is the end of the last item, in one it is its beginning. After damage in a file with marks it
    /// is the end of the last mark that agreed; without any, what is before the damage is believed, as the peers do.
    pub fn good_to(&self) -> u64 {
        match &self.multi {
            Some(multi) => multi.at(),
            None => self.offset(),
        }
    }

    /// Marks that agreed.
    pub fn marks_checked(&self) -> u64 {
        self.checked
    }

    /// What a writer needs who goes on at [`Reader::good_to`].
    pub fn marks(&mut self) -> Marks {
        match self.multi {
            Some(multi) => multi,
            None => {
                self.sum();
                self.marks
            }
        }
    }

    /// Consumes an item.
    #[inline]
    fn step(&mut self) -> Result<Step> {
        loop {
            let bytes = &self.buffer[self.at..self.end];
            let found = match bytes.first() {
                Some(b'*') => parse::request(bytes, &mut self.words),
                Some(b'#') => parse::annotation(bytes),
                Some(_) => Err(Fail::Bad(0, "neither a request nor an annotation")),
                None => Err(Fail::Short(1)),
            };
            match found {
                Ok(len) => return self.consume(len),
                Err(Fail::Short(missing)) => {
                    if !self.fill(missing)? {
                        return self.ended();
                    }
                }
                Err(Fail::Bad(place, what)) => return Err(self.bad(place, what)),
            }
        }
    }

    #[inline]
    fn consume(&mut self, len: usize) -> Result<Step> {
        let (start, end) = (self.at, self.at + len);
        self.item = start;
        if len >= marks::BLOCK && (self.goes_on || self.survey.is_some()) {
            self.look_for_zeros(end)?;
        }
        if self.buffer[start] == b'#' {
            return self.annotation(end);
        }
        // MULTI and EXEC have no other words.
        if self.words.len() == 1 {
            self.bracket(start, end)?;
        }
        self.at = end;
        Ok(Step::Request { start, end })
    }

    fn bracket(&mut self, start: usize, end: usize) -> Result<()> {
        let argv = Argv::new(&self.buffer[start..end], &self.words);
        if argv[0].eq_ignore_ascii_case(b"MULTI") {
            if self.multi.is_some() {
                return Err(self.corrupt(start, "a MULTI inside of a MULTI"));
            }
            self.sum();
            self.multi = Some(self.marks);
        } else if argv[0].eq_ignore_ascii_case(b"EXEC") && self.multi.take().is_none() {
            return Err(self.corrupt(start, "an EXEC without a MULTI"));
        }
        Ok(())
    }

    fn annotation(&mut self, end: usize) -> Result<Step> {
        let line = &self.buffer[self.at..end];
        if line.starts_with(marks::TAG) {
            self.mark(end)?;
            return Ok(Step::Passed);
        }
        if marks::ends_as_mark(line) {
            return Err(self.corrupt(self.at, "a damaged mark"));
        }
        let step = match line.strip_prefix(b"#TS:") {
            None => Step::Passed,
            Some(text) => {
                let seconds = text.strip_suffix(b"\r\n").and_then(stdx::num::parse_i64);
                Step::Timestamp(
                    seconds.ok_or_else(|| self.corrupt(self.at + 4, "a timestamp that is no number"))?,
                )
            }
        };
        self.at = end;
        Ok(step)
    }

    /// Compares the mark in `at..end` with the one that must stand there.
    fn mark(&mut self, end: usize) -> Result<()> {
        self.sum();
        let mut expected = Vec::with_capacity(marks::LONGEST);
        let (place, line) = (self.offset(), &self.buffer[self.at..end]);
        let synced = marks::told_at(place, line).flatten();
        self.marks.spell(&mut expected, synced);
        if *line != expected {
            return Err(self.distrust());
        }
        self.synced = self.synced.max(synced.unwrap_or(0));
        self.signed |= synced.is_some();
        self.goes_on = synced.is_some_and(|synced| synced < place || place == 0);
        self.suspect = None;
        self.at = end;
        self.summed = end;
        self.marks = Marks::new(self.offset());
        self.proven = self.multi.unwrap_or(self.marks);
        self.checked += 1;
        Ok(())
    }

    /// The mark at `at` does not agree: nothing behind the last one that did can be believed.
    #[cold]
    fn distrust(&mut self) -> Error {
        let place = self.offset();
        let what = if marks::is_mark_of(place, &self.buffer[self.at..self.end]) {
            format!("a checksum that is not that of the bytes {} to {place} before it", self.marks.from())
        } else {
            "a damaged mark, or one of another place".to_owned()
        };
        self.believe_proven();
        Error { kind: Kind::Corrupt, offset: place, what: what.into() }
    }

    /// The item that ends at `end` is whole; is it that because the power went, and zeros took the place of its bytes?
    #[cold]
    fn look_for_zeros(&mut self, end: usize) -> Result<()> {
        let Some(place) = marks::zero_block(self.offset(), &self.buffer[self.at..end]) else { return Ok(()) };
        if self.survey.is_some() {
            self.note_hole(place, true);
            return Err(lost(place));
        }
        self.suspect.get_or_insert(place);
        Ok(())
    }

    fn note_hole(&mut self, place: u64, inside: bool) {
        self.sum();
        let good = self.multi.unwrap_or(self.marks);
        if let Some(survey) = &mut self.survey {
            *survey = Survey { hole: Some((place, inside)), good };
        }
    }

    /// The byte at `place` is wrong: is it in a block that was not written, or the part of one that was to be?
    #[cold]
    fn look_for_hole(&mut self, place: usize) {
        const BLOCK: u64 = marks::BLOCK as u64;
        let wanted = place + parse::LONGEST_LINE + marks::BLOCK;
        while self.end - self.at < wanted && self.fill(wanted).unwrap_or(false) {}
        let (item, bytes) = (self.offset(), &self.buffer[self.at..self.end]);
        let block = (item + place as u64) / BLOCK * BLOCK;
        let from = block.max(item) - item;
        let to = (block + BLOCK - item).min(bytes.len() as u64);
        let zeros = bytes.get(from as usize..to as usize);
        if zeros.is_some_and(|zeros| !zeros.is_empty() && zeros.iter().all(|byte| *byte == 0)) {
            self.note_hole(item + from, false);
        } else if bytes.first() == Some(&b'#')
            && let Some(found) = marks::zero_block(item, &bytes[..bytes.len().min(wanted)])
        {
            self.note_hole(found, false);
        }
    }

    fn sum(&mut self) {
        self.marks.add(&self.buffer[self.summed..self.at]);
        self.summed = self.at;
    }

    /// Reads more; what was consumed goes. False at the end of the file.
    #[cold]
    fn fill(&mut self, missing: usize) -> Result<bool> {
        self.sum();
        self.base += self.at as u64;
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.end, 0);
            self.end -= self.at;
        }
        (self.at, self.summed) = (0, 0);
        self.resize(missing);
        let before = self.end;
        while self.end < self.buffer.len() {
            match read(&mut self.source, &mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) => return Err(self.io(error)),
            }
        }
        Ok(self.end > before)
    }

    /// Makes room for what is missing, as far as what is there justifies it (invariant 2); gives back what one huge
    /// request needed.
    fn resize(&mut self, missing: usize) {
        let room = missing.clamp(PIECE, self.end.max(PIECE));
        let want = (self.end + room).max(2 * PIECE);
        if self.buffer.len() < want {
            self.buffer.reserve_exact(want - self.buffer.len());
            self.buffer.resize(want, 0);
        } else if self.buffer.len() / 8 > want {
            self.buffer.truncate(want);
            self.buffer.shrink_to_fit();
        }
    }

    /// The file is at its end: is that well?
    #[cold]
    fn ended(&mut self) -> Result<Step> {
        if self.at < self.end {
            return Err(self.cut_or_swallowed());
        }
        match &self.multi {
            Some(multi) => {
                let what = format!("the file ends inside of the MULTI that begins at {}", multi.at());
                Err(Error { kind: Kind::Cut, offset: self.offset(), what: what.into() })
            }
            None => match self.suspect {
                Some(offset) => Err(lost(offset)),
                None => Ok(Step::End),
            },
        }
    }

    /// An item lacks its end, and the file has no more. If a mark is in what seems to be the item, there once was more.
    #[cold]
    fn cut_or_swallowed(&self) -> Error {
        let (rest, place) = (&self.buffer[self.at..self.end], self.offset());
        let swallowed = rest
            .windows(2)
            .enumerate()
            .any(|(n, two)| two == b"\n#" && marks::is_mark_of(place + n as u64 + 1, &rest[n + 1..]));
        if swallowed {
            return self.corrupt(
                self.at,
                "an item that goes beyond the end of the file, though a mark stands in it",
            );
        }
        let what = format!("the file ends inside of the item that begins at {place}");
        Error { kind: Kind::Cut, offset: place + rest.len() as u64, what: what.into() }
    }

    /// A byte is wrong; if it and all that follow are zero, they are what was to come and did not.
    #[cold]
    fn bad(&mut self, place: usize, what: &'static str) -> Error {
        if self.survey.is_some() {
            self.look_for_hole(place);
            return self.corrupt(self.at + place, what);
        }
        let error = self.corrupt(self.at + place, what);
        match self.only_zeros_from(self.at + place) {
            Ok(false) => error,
            Ok(true) => Error { kind: Kind::Cut, what: "only zero bytes follow".into(), ..error },
            Err(error) => error,
        }
    }

    /// Reads the file to its end: there is nothing to come after this.
    fn only_zeros_from(&mut self, place: usize) -> Result<bool> {
        self.sum();
        if self.buffer[place..self.end].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        let mut piece = vec![0; PIECE];
        loop {
            match read(&mut self.source, &mut piece) {
                Ok(0) => return Ok(true),
                Ok(count) if piece[..count].iter().any(|byte| *byte != 0) => return Ok(false),
                Ok(_) => {}
                Err(error) => return Err(self.io(error)),
            }
        }
    }

    #[cold]
    fn io(&self, error: std::io::Error) -> Error {
        let offset = self.base + self.end as u64;
        Error { kind: Kind::Io, offset, what: format!("can't read: {error}").into() }
    }

    #[cold]
    fn corrupt(&self, place: usize, what: &'static str) -> Error {
        Error { kind: Kind::Corrupt, offset: self.base + place as u64, what: what.into() }
    }
}

/// A block of zeros that was not written like this.
fn lost(offset: u64) -> Error {
    let what = "a block of zeros that no checksum covers";
    Error { kind: Kind::Corrupt, offset, what: what.into() }
}

/// Bytes that were read; 0 at the end.
fn read(source: &mut impl Read, to: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match source.read(to) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            other => return other.map(|count| count.min(to.len())),
        }
    }
}
