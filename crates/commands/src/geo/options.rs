//! What a search asks for: its words, read in order, so that of several mistakes the first is told.
//!
//! The set is looked at while words are read, since the place of a member may be among them. If the set is missing
//! its members are, too: that is no mistake, and the rest is read all the same.

use engine::{Arg, CommandError, Result};
use keyspace::SortedSetView;
use resp::Argv;

use super::hash::Place;
use super::shape::Shape;
use super::{UNIT, number, place, unit};

/// The commands that search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Search,
    SearchStore,
    /// `may_store`: not the _RO forms.
    Radius {
        may_store: bool,
    },
    RadiusByMember {
        may_store: bool,
    },
}

impl Form {
    /// Index of the key that is searched.
    pub fn source(self) -> usize {
        if self == Form::SearchStore { 2 } else { 1 }
    }

    fn is_search(self) -> bool {
        matches!(self, Form::Search | Form::SearchStore)
    }

    fn may_name_target(self) -> bool {
        matches!(self, Form::Radius { may_store: true } | Form::RadiusByMember { may_store: true })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Near,
    Far,
}

/// The shape as it is known so far.
#[derive(Clone, Debug)]
enum Outline {
    Circle { radius: f64, unit: f64 },
    Box { width: f64, height: f64, unit: f64 },
    Polygon(Vec<Place>),
}

#[derive(Clone, Copy, Debug)]
enum From {
    Place(Place),
    /// Of a member; unknown if the set is missing.
    Member(Option<Place>),
}

#[derive(Debug, Default)]
pub struct Query {
    from: Option<From>,
    outline: Option<Outline>,
    pub with_distance: bool,
    pub with_hash: bool,
    pub with_place: bool,
    pub order: Option<Order>,
    /// How many at most; 0 = all.
    pub count: usize,
    /// As many as `count`, but not the nearest ones.
    pub any: bool,
    /// Index of the key to store the result under.
    pub target: Option<usize>,
    pub store_distance: bool,
}

impl Query {
    /// The shape to search in; `None` if there is nothing to search.
    pub fn shape(&mut self) -> Option<Shape> {
        if let Some(Outline::Polygon(vertices)) = &mut self.outline {
            return Some(Shape::polygon(std::mem::take(vertices)));
        }
        let (From::Place(center) | From::Member(Some(center))) = self.from? else { return None };
        match *self.outline.as_ref()? {
            Outline::Circle { radius, unit } => Some(Shape::Circle { center, radius: radius * unit }),
            Outline::Box { width, height, unit } => Some(Shape::Box { center, width, height, unit }),
            Outline::Polygon(_) => None,
        }
    }

    /// Meters of the unit that distances are told in.
    pub fn unit(&self) -> f64 {
        match self.outline {
            Some(Outline::Circle { unit, .. } | Outline::Box { unit, .. }) => unit,
            Some(Outline::Polygon(_)) | None => 1.0,
        }
    }
}

/// Reads a request.
pub fn parse(argv: Argv<'_>, form: Form, set: Option<SortedSetView<'_>>) -> Result<Query> {
    let mut reader = Reader { argv, at: form.source() + 1, form, set, query: Query::default() };
    reader.fixed_words()?;
    while let Some(word) = argv.get(reader.at) {
        reader.at += 1;
        let known = reader.result_word(word)? || reader.store_word(word) || reader.place_word(word)?;
        if !known {
            return Err(CommandError::Syntax);
        }
    }
    reader.query.check(argv.at(0), form)?;
    Ok(reader.query)
}

struct Reader<'a> {
    argv: Argv<'a>,
    /// The next word.
    at: usize,
    form: Form,
    set: Option<SortedSetView<'a>>,
    query: Query,
}

impl<'a> Reader<'a> {
    /// The words that GEORADIUS and GEORADIUSBYMEMBER begin with.
    fn fixed_words(&mut self) -> Result {
        match self.form {
            Form::Search => {}
            Form::SearchStore => self.query.target = Some(1),
            Form::Radius { .. } => {
                self.read_place()?;
                self.circle()?;
            }
            // Of a missing set nothing is read, not even the radius.
            Form::RadiusByMember { .. } if self.set.is_none() => self.at += 3,
            Form::RadiusByMember { .. } => {
                self.read_member()?;
                self.circle()?;
            }
        }
        Ok(())
    }

    /// Whether so many words follow.
    fn follow(&self, words: usize) -> bool {
        self.at + words <= self.argv.len()
    }

    fn next(&mut self) -> &'a [u8] {
        self.at += 1;
        self.argv.at(self.at - 1)
    }

    /// What is told of what was found.
    fn result_word(&mut self, word: &[u8]) -> Result<bool> {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if is("WITHDIST") {
            self.query.with_distance = true;
        } else if is("WITHHASH") {
            self.query.with_hash = true;
        } else if is("WITHCOORD") {
            self.query.with_place = true;
        } else if is("ANY") {
            self.query.any = true;
        } else if is("ASC") {
            self.query.order = Some(Order::Near);
        } else if is("DESC") {
            self.query.order = Some(Order::Far);
        } else if is("COUNT") && self.follow(1) {
            let count = stdx::num::parse_i64(self.next()).ok_or(CommandError::NotInteger)?;
            let count = usize::try_from(count).ok().filter(|count| *count > 0);
            self.query.count = count.ok_or(CommandError::Line("ERR COUNT must be > 0"))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn store_word(&mut self, word: &[u8]) -> bool {
        let store_distance = word.eq_ignore_ascii_case(b"STOREDIST");
        if self.form == Form::SearchStore && store_distance {
            self.query.store_distance = true;
            return true;
        }
        let names_target = store_distance || word.eq_ignore_ascii_case(b"STORE");
        if !names_target || !self.form.may_name_target() || !self.follow(1) {
            return false;
        }
        self.query.target = Some(self.at);
        self.query.store_distance = store_distance;
        self.at += 1;
        true
    }

    /// Where to search.
    fn place_word(&mut self, word: &[u8]) -> Result<bool> {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        let Query { from, outline, .. } = &self.query;
        let from_member = matches!(from, Some(From::Member(_)));
        let from_place = matches!(from, Some(From::Place(_)));
        let circle = matches!(outline, Some(Outline::Circle { .. }));
        let boxed = matches!(outline, Some(Outline::Box { .. }));
        let polygon = matches!(outline, Some(Outline::Polygon(_)));
        if !self.form.is_search() {
            return Ok(false);
        } else if is("FROMMEMBER") && self.follow(1) && !from_place && !polygon {
            self.read_member()?;
        } else if is("FROMLONLAT") && self.follow(2) && !from_member && !polygon {
            self.read_place()?;
        } else if is("BYRADIUS") && self.follow(2) && !boxed && !polygon {
            self.circle()?;
        } else if is("BYBOX") && self.follow(3) && !circle && !polygon {
            self.boxed()?;
        } else if is("BYPOLYGON") && self.follow(2) && !circle && !boxed && from.is_none() {
            self.polygon()?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn read_place(&mut self) -> Result {
        self.query.from = Some(From::Place(place(self.next(), self.next())?));
        Ok(())
    }

    fn read_member(&mut self) -> Result {
        let member = self.next();
        let Some(set) = self.set else {
            self.query.from = Some(From::Member(None));
            return Ok(());
        };
        let Some(score) = set.score(member) else {
            let member = String::from_utf8_lossy(member);
            return Err(CommandError::told(format!("ERR member {member} does not exist")));
        };
        self.query.from = Some(From::Member(Some(Place::of_score(score))));
        Ok(())
    }

    fn length(&mut self, wrong: &'static str) -> Result<f64> {
        number(self.next()).map_err(|_| CommandError::Line(wrong))
    }

    fn circle(&mut self) -> Result {
        let radius = self.length("ERR need numeric radius")?;
        if radius < 0.0 {
            return Err(CommandError::Line("ERR radius cannot be negative"));
        }
        self.query.outline = Some(Outline::Circle { radius, unit: unit(self.next())? });
        Ok(())
    }

    fn boxed(&mut self) -> Result {
        let width = self.length("ERR need numeric width")?;
        let height = self.length("ERR need numeric height")?;
        if width < 0.0 || height < 0.0 {
            return Err(CommandError::Line("ERR height or width cannot be negative"));
        }
        self.query.outline = Some(Outline::Box { width, height, unit: unit(self.next())? });
        Ok(())
    }

    /// A number of vertices, and so many places.
    fn polygon(&mut self) -> Result {
        let count = stdx::num::parse_i64(self.next()).and_then(|count| i32::try_from(count).ok());
        let count = count.ok_or(CommandError::Line("ERR invalid number of vertices"))?;
        let count = usize::try_from(count).ok().filter(|count| *count >= 3 && self.follow(2 * count));
        let count =
            count.ok_or(CommandError::Line("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices"))?;
        let mut vertices = Vec::with_capacity(count);
        for _ in 0..count {
            vertices.push(place(self.next(), self.next())?);
        }
        self.query.outline = Some(Outline::Polygon(vertices));
        Ok(())
    }
}

impl Query {
    /// What does not go together, or is missing.
    fn check(&self, name: &[u8], form: Form) -> Result {
        let name = || String::from_utf8_lossy(name);
        let polygon = matches!(self.outline, Some(Outline::Polygon(_)));
        if self.target.is_some() && (self.with_distance || self.with_hash || self.with_place) {
            return Err(CommandError::Line(match form {
                Form::SearchStore => {
                    "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
                }
                _ => {
                    "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
                }
            }));
        }
        if form.is_search() && self.from.is_none() && !polygon {
            let what = "exactly one of FROMMEMBER or FROMLONLAT can be specified for";
            return Err(CommandError::told(format!("ERR {what} {}", name())));
        }
        if form.is_search() && self.outline.is_none() {
            let what = "exactly one of BYRADIUS, BYBOX and BYPOLYGON can be specified for";
            return Err(CommandError::told(format!("ERR {what} {}", name())));
        }
        if self.any && self.count == 0 {
            return Err(CommandError::Line("ERR the ANY argument requires COUNT argument"));
        }
        Ok(())
    }
}

// Of the records: the words of all searches, and those of some.

pub const CIRCLE: Arg = Arg::block("circle", &[Arg::double("radius").token("BYRADIUS"), UNIT]);
pub const BOX: Arg = Arg::block("box", &[Arg::double("width").token("BYBOX"), Arg::double("height"), UNIT]);
pub const POLYGON: Arg = Arg::block(
    "polygon",
    &[
        Arg::integer("num-vertices").token("BYPOLYGON"),
        Arg::block("vertices", &[Arg::double("longitude"), Arg::double("latitude")]).many(),
    ],
)
.since("9.0.0");
pub const FROM: Arg = Arg::one_of(
    "from",
    &[
        Arg::string("member").token("FROMMEMBER"),
        Arg::block("fromlonlat", &[Arg::double("longitude"), Arg::double("latitude")]).token("FROMLONLAT"),
    ],
)
.optional();
pub const ORDER: Arg = Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional();
pub const COUNT: Arg =
    Arg::block("count-block", &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional()])
        .optional();
/// Of commands that were there before ANY.
pub const COUNT_ANY_LATER: Arg = Arg::block(
    "count-block",
    &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional().since("6.2.0")],
)
.optional();
pub const WITH_COORD: Arg = Arg::word("withcoord", "WITHCOORD").optional();
pub const WITH_DIST: Arg = Arg::word("withdist", "WITHDIST").optional();
pub const WITH_HASH: Arg = Arg::word("withhash", "WITHHASH").optional();
