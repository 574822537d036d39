//! A place as a number: 26 bits of latitude and 26 of longitude, one by one in turn, so that places whose numbers
//! begin alike are close to each other, and a range of numbers is a rectangle on the map.
//!
//! ```text
//!   bit   51   50   49   48  ...  1    0
//!         lon  lat  lon  lat      lon  lat
//! ```
//!
//! The map goes from -180 to 180 degrees of longitude and to ±85.05112878 of latitude, where Mercator's is a square.
//! A number of 52 bits is a double without loss, and thus the score of a member.

/// Bits of each coordinate in a score.
pub const STEPS: u32 = 26;

pub const LONGITUDE: Range = Range { min: -180.0, max: 180.0 };
pub const LATITUDE: Range = Range { min: -85.051_128_78, max: 85.051_128_78 };
/// Of the geohashes that others use.
const LATITUDE_OF_OTHERS: Range = Range { min: -90.0, max: 90.0 };

/// Degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub min: f64,
    pub max: f64,
}

impl Range {
    pub fn has(self, degrees: f64) -> bool {
        degrees >= self.min && degrees <= self.max
    }

    /// Which of the 2^steps equal parts.
    fn part(self, degrees: f64, steps: u32) -> u32 {
        let offset = (degrees - self.min) / (self.max - self.min);
        (offset * (1u64 << steps) as f64) as u64 as u32
    }

    /// Where a part begins and ends.
    fn of_part(self, part: u32, steps: u32) -> Range {
        let scale = self.max - self.min;
        let at = |part: u32| self.min + f64::from(part) / (1u64 << steps) as f64 * scale;
        Range { min: at(part), max: at(part.wrapping_add(1)) }
    }

    fn middle(self) -> f64 {
        (self.min + self.max) / 2.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub longitude: f64,
    pub latitude: f64,
}

impl Place {
    pub fn is_on_map(self) -> bool {
        LONGITUDE.has(self.longitude) && LATITUDE.has(self.latitude)
    }

    /// The nearest place that is on the map.
    pub fn on_map(self) -> Place {
        Place {
            longitude: self.longitude.clamp(LONGITUDE.min, LONGITUDE.max),
            latitude: self.latitude.clamp(LATITUDE.min, LATITUDE.max),
        }
    }

    /// The number of a place on the map.
    pub fn score(self) -> f64 {
        Cell::around(self, STEPS).first() as f64
    }

    /// The middle of what a score stands for. Any score stands for something: what is beyond 52 bits is taken for a
    /// place at the edge, as the peers take it.
    pub fn of_score(score: f64) -> Place {
        let Area { longitude, latitude } = Cell { bits: to_bits(score), steps: STEPS }.area();
        Place { longitude: longitude.middle(), latitude: latitude.middle() }.on_map()
    }

    /// The geohash others use, in 11 letters. Of 55 bits that it could hold we know 52; the last letter is always 0.
    pub fn letters(self) -> [u8; 11] {
        const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        let longitude = LONGITUDE.part(self.longitude, STEPS);
        let bits = interleave(LATITUDE_OF_OTHERS.part(self.latitude, STEPS), longitude);
        let mut letters = [b'0'; 11];
        for (n, letter) in letters[..10].iter_mut().enumerate() {
            *letter = ALPHABET[(bits >> (47 - 5 * n)) as usize & 31];
        }
        letters
    }
}

/// A double as an unsigned number the way x86-64 processors are made to do it: negative ones wrap around, what is
/// too big is zero.
fn to_bits(score: f64) -> u64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if score < LIMIT {
        return if score >= -LIMIT { score as i64 as u64 } else { 1 << 63 };
    }
    if score < 2.0 * LIMIT { score as u64 } else { 0 }
}

/// A rectangle of the map: all places whose numbers begin with 2 · `steps` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    bits: u64,
    /// 1 to [`STEPS`].
    steps: u32,
}

/// From where to where a cell goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub longitude: Range,
    pub latitude: Range,
}

impl Cell {
    /// The cell of 2 · `steps` bits that a place on the map is in.
    pub fn around(place: Place, steps: u32) -> Cell {
        let latitude = LATITUDE.part(place.latitude, steps);
        Cell { bits: interleave(latitude, LONGITUDE.part(place.longitude, steps)), steps }
    }

    /// Half of the bits that it is given by.
    pub fn steps(self) -> u32 {
        self.steps
    }

    pub fn area(self) -> Area {
        let (latitude, longitude) = deinterleave(self.bits);
        Area {
            longitude: LONGITUDE.of_part(longitude, self.steps),
            latitude: LATITUDE.of_part(latitude, self.steps),
        }
    }

    /// The least score in it.
    pub fn first(self) -> u64 {
        self.bits << (2 * (STEPS - self.steps))
    }

    /// The least score behind it.
    pub fn end(self) -> u64 {
        (self.bits + 1) << (2 * (STEPS - self.steps))
    }

    /// The cell so many columns to the east and so many rows to the north; beyond the edge the map begins anew.
    ///
    /// A place on the edge itself is in a row or column of its own behind the last one, where such places are found.
    pub fn moved(self, east: i32, north: i32) -> Cell {
        let (latitude, longitude) = deinterleave(self.bits);
        let mask = (1u32 << self.steps) - 1;
        let step = |from: u32, by: i32| if by == 0 { from } else { from.wrapping_add_signed(by) & mask };
        Cell { bits: interleave(step(latitude, north), step(longitude, east)), ..self }
    }
}

/// Bits of `even` and `odd` in turn, from bit 0 on.
fn interleave(even: u32, odd: u32) -> u64 {
    spread(even) | spread(odd) << 1
}

fn deinterleave(bits: u64) -> (u32, u32) {
    (gather(bits), gather(bits >> 1))
}

/// A zero before each bit: halves apart, quarters apart, and so on.
fn spread(bits: u32) -> u64 {
    let mut wide = u64::from(bits);
    for (shift, mask) in HALVES {
        wide = (wide | wide << shift) & mask;
    }
    wide
}

fn gather(wide: u64) -> u32 {
    let mut bits = wide & HALVES[4].1;
    for n in (0..4).rev() {
        bits = (bits | bits >> HALVES[n + 1].0) & HALVES[n].1;
    }
    (bits | bits >> HALVES[0].0) as u32
}

const HALVES: [(u32, u64); 5] = [
    (16, 0x0000_ffff_0000_ffff),
    (8, 0x00ff_00ff_00ff_00ff),
    (4, 0x0f0f_0f0f_0f0f_0f0f),
    (2, 0x3333_3333_3333_3333),
    (1, 0x5555_5555_5555_5555),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_interleaved_and_back() {
        for (even, odd) in [(0, 0), (1, 0), (0, 1), (u32::MAX, 0), (0, u32::MAX), (0x1234_5678, 0x9abc_def0)]
        {
            assert_eq!(deinterleave(interleave(even, odd)), (even, odd));
            let slow: u64 = (0..32)
                .map(|n| u64::from(even >> n & 1) << (2 * n) | u64::from(odd >> n & 1) << (2 * n + 1))
                .sum();
            assert_eq!(interleave(even, odd), slow);
        }
    }

    /// Read from Valkey 9.1.2.
    #[test]
    fn scores_are_the_peers() {
        let palermo = Place { longitude: 13.361389, latitude: 38.115556 };
        assert_eq!(palermo.score(), 3_479_099_956_230_698.0);
        let there = Place::of_score(palermo.score());
        assert_eq!((there.longitude, there.latitude), (13.361_389_338_970_184, 38.115_556_395_496_3));
        assert_eq!(&there.letters(), b"sqc8b49rny0");
    }

    /// ZADD, then GEOPOS, of Valkey 9.1.2.
    #[test]
    fn any_score_is_a_place_on_the_map() {
        const WEST: f64 = -179.999_997_317_790_98;
        const SOUTH: f64 = -85.051_127_512_639_43;
        let table = [
            (-5.0, 180.0, LATITUDE.max),
            (1e30, WEST, SOUTH),
            (-1e30, 180.0, SOUTH),
            (f64::INFINITY, WEST, SOUTH),
            (f64::NEG_INFINITY, 180.0, SOUTH),
            (4_503_599_627_370_497.0, WEST, LATITUDE.max),
            (9_007_199_254_740_993.0, 180.0, SOUTH),
            (1e19, 180.0, LATITUDE.max),
            (0.0, WEST, SOUTH),
            (0.5, WEST, SOUTH),
        ];
        for (score, longitude, latitude) in table {
            assert_eq!(Place::of_score(score), Place { longitude, latitude }, "{score}");
        }
    }

    #[test]
    fn neighbours_wrap_around_the_edge() {
        let cell = Cell::around(Place { longitude: 179.0, latitude: 84.0 }, 3);
        assert_eq!(cell.moved(1, 0), Cell::around(Place { longitude: -179.0, latitude: 84.0 }, 3));
        assert_eq!(cell.moved(0, 1), Cell::around(Place { longitude: 179.0, latitude: -84.0 }, 3));
        assert_eq!(cell.moved(1, 1).moved(-1, -1), cell);
        let corner = Place { longitude: LONGITUDE.max, latitude: LATITUDE.max };
        assert_eq!(corner.score(), 13_510_798_882_111_488.0);
        assert_eq!(Cell::around(corner, 3).moved(0, 0).first(), 13_510_798_882_111_488);
        assert_eq!(cell.end() - cell.first(), 1 << 46);
    }
}
