//! Shapes to search in, distances, and the cells of the map that a search has to look at.
//!
//! Every expression is in the order of the peers', so that doubles are the same to the last digit that is printed,
//! and a place at the very edge is in or out for us as it is for them.

use std::cmp::Ordering;

use super::hash::{Area, Cell, Place, Range, STEPS};

/// The quadratic mean radius of the earth, as the peers have it.
const EARTH: f64 = 6_372_797.560_856;
/// Half the width of Mercator's map in meters.
const MERCATOR: f64 = 20_037_726.37;
const RADIAN: f64 = std::f64::consts::PI / 180.0;
/// Sine of half a difference of longitudes (about six nanometers) that is taken for none.
const SAME_MERIDIAN: f64 = 1e-15;

fn radians(degrees: f64) -> f64 {
    degrees * RADIAN
}

fn degrees(radians: f64) -> f64 {
    radians / RADIAN
}

/// Meters along a meridian.
fn latitude_distance(a: f64, b: f64) -> f64 {
    EARTH * (radians(b) - radians(a)).abs()
}

/// Meters from place to place on a sphere (haversine).
pub fn distance(a: Place, b: Place) -> f64 {
    let v = ((radians(b.longitude) - radians(a.longitude)) / 2.0).sin();
    if v.abs() <= SAME_MERIDIAN {
        return latitude_distance(a.latitude, b.latitude);
    }
    let (from, to) = (radians(a.latitude), radians(b.latitude));
    let u = ((to - from) / 2.0).sin();
    let a = u * u + from.cos() * to.cos() * v * v;
    2.0 * EARTH * a.sqrt().asin()
}

/// Where to search.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Meters.
    Circle { center: Place, radius: f64 },
    /// Lengths in units of `unit` meters.
    Box { center: Place, width: f64, height: f64, unit: f64 },
    /// Three vertices or more; `center` is the middle of them on the sphere.
    Polygon { center: Place, vertices: Vec<Place> },
}

/// The rectangle around a shape, in degrees. Not numbers where the shape reaches around everything.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    west: f64,
    east: f64,
    south: f64,
    north: f64,
}

/// The eight cells around one, as columns to the east and rows to the north, and itself before them.
const NINE: [(i32, i32); 9] = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];

impl Shape {
    pub fn polygon(vertices: Vec<Place>) -> Shape {
        Shape::Polygon { center: center_of(&vertices), vertices }
    }

    fn center(&self) -> Place {
        match self {
            Shape::Circle { center, .. } | Shape::Box { center, .. } | Shape::Polygon { center, .. } => {
                *center
            }
        }
    }

    /// The distance of a place from the center in meters, if it is in the shape.
    pub fn distance_within(&self, place: Place) -> Option<f64> {
        let center = self.center();
        match self {
            Shape::Circle { radius, .. } => {
                let far = distance(center, place);
                (far.partial_cmp(radius) != Some(Ordering::Greater)).then_some(far)
            }
            Shape::Box { width, height, unit, .. } => {
                let beside = Place { latitude: place.latitude, ..center };
                let out = latitude_distance(place.latitude, center.latitude) > height * unit / 2.0
                    || distance(place, beside) > width * unit / 2.0;
                (!out).then(|| distance(center, place))
            }
            Shape::Polygon { vertices, .. } => is_inside(vertices, place).then(|| distance(center, place)),
        }
    }

    fn bounds(&self) -> Bounds {
        match self {
            Shape::Circle { center, radius } => bounds_around(*center, *radius, *radius),
            Shape::Box { center, width, height, unit } => {
                bounds_around(*center, unit * width / 2.0, unit * height / 2.0)
            }
            Shape::Polygon { vertices, .. } => {
                let least = |of: fn(&Place) -> f64| vertices.iter().map(of).fold(f64::INFINITY, f64::min);
                let most = |of: fn(&Place) -> f64| vertices.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
                Bounds {
                    west: least(|vertex| vertex.longitude),
                    east: most(|vertex| vertex.longitude),
                    south: least(|vertex| vertex.latitude),
                    north: most(|vertex| vertex.latitude),
                }
            }
        }
    }

    /// Meters from the center that everything lies within.
    fn reach(&self, bounds: &Bounds) -> f64 {
        match self {
            Shape::Circle { radius, .. } => *radius,
            Shape::Box { width, height, unit, .. } => {
                ((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)).sqrt() * unit
            }
            Shape::Polygon { center, .. } => {
                let far = |longitude, latitude| distance(*center, Place { longitude, latitude });
                let Bounds { west, east, south, north } = *bounds;
                let others = [far(east, north), far(west, south), far(east, south)];
                others.into_iter().fold(far(west, north), |most, far| if far > most { far } else { most })
            }
        }
    }

    /// The cells to look at, in the order of the peers: the one in the middle, then those of its neighbours that the
    /// shape may reach into. Where the map is two cells wide, a neighbour may come again, but not twice in a row.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        let bounds = self.bounds();
        let middle = self.middle(&bounds);
        let (area, all) = (middle.area(), middle.steps() < 2);
        let mut before = None;
        NINE.into_iter()
            .filter(move |(east, north)| all || bounds.may_reach(&area, *east, *north))
            .map(move |(east, north)| middle.moved(east, north))
            .filter(move |cell| before.replace(*cell) != Some(*cell))
    }

    /// The cell around the center, of a size that it and its neighbours cover the shape.
    fn middle(&self, bounds: &Bounds) -> Cell {
        let center = self.center();
        let steps = steps_for(self.reach(bounds), center.latitude);
        let cell = Cell::around(center.on_map(), steps);
        let too_small = cell.moved(0, 1).area().latitude.max < bounds.north
            || cell.moved(0, -1).area().latitude.min > bounds.south
            || cell.moved(1, 0).area().longitude.max < bounds.east
            || cell.moved(-1, 0).area().longitude.min > bounds.west;
        if steps > 1 && too_small { Cell::around(center.on_map(), steps - 1) } else { cell }
    }
}

impl Bounds {
    /// Whether they may lie in a neighbour of an area: not if the area ends behind them on that side.
    fn may_reach(&self, area: &Area, east: i32, north: i32) -> bool {
        let beyond = |side: i32, range: Range, least: f64, most: f64| match side {
            0 => false,
            1.. => range.max > most,
            _ => range.min < least,
        };
        !beyond(east, area.longitude, self.west, self.east)
            && !beyond(north, area.latitude, self.south, self.north)
    }
}

/// Bounds of what reaches so many meters to the sides, and to the north and south. Of the two parallels at its ends,
/// the one nearer to a pole is longer in degrees.
fn bounds_around(center: Place, side: f64, end: f64) -> Bounds {
    let Place { longitude, latitude } = center;
    let delta = degrees(end / EARTH);
    let toward_pole = if latitude < 0.0 { latitude - delta } else { latitude + delta };
    let wide = degrees(side / EARTH / radians(toward_pole).cos());
    Bounds {
        west: longitude - wide,
        east: longitude + wide,
        south: latitude - delta,
        north: latitude + delta,
    }
}

/// Half as many bits as cells need that are as wide as so many meters, about.
fn steps_for(mut meters: f64, latitude: f64) -> u32 {
    if meters == 0.0 {
        return STEPS;
    }
    let mut steps = 1;
    while meters < MERCATOR {
        meters *= 2.0;
        steps += 1;
    }
    // The cells shall be wider than needed in most cases; toward the poles they are narrow.
    steps -= 2 + i32::from(latitude.abs() > 66.0) + i32::from(latitude.abs() > 80.0);
    steps.clamp(1, STEPS as i32) as u32
}

/// The middle of places as seen from the middle of the earth.
fn center_of(vertices: &[Place]) -> Place {
    let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
    for vertex in vertices {
        let (longitude, latitude) = (radians(vertex.longitude), radians(vertex.latitude));
        x += latitude.cos() * longitude.cos();
        y += latitude.cos() * longitude.sin();
        z += latitude.sin();
    }
    let level: f64 = x * x + y * y;
    Place { longitude: degrees(f64::atan2(y, x)), latitude: degrees(f64::atan2(z, level.sqrt())) }
}

/// Whether a ray from the place to the east crosses an odd number of edges, on a map of degrees.
fn is_inside(vertices: &[Place], place: Place) -> bool {
    let mut inside = false;
    let Some(mut before) = vertices.last() else { return false };
    for vertex in vertices {
        if (vertex.latitude > place.latitude) != (before.latitude > place.latitude) {
            let rise = place.latitude - vertex.latitude;
            let run = (before.longitude - vertex.longitude) * rise / (before.latitude - vertex.latitude);
            inside ^= place.longitude < run + vertex.longitude;
        }
        before = vertex;
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    const PALERMO: Place = Place { longitude: 13.361_389_338_970_184, latitude: 38.115_556_395_496_3 };
    const CATANIA: Place = Place { longitude: 15.087_267_458_438_873, latitude: 37.502_668_423_331_62 };

    fn place(longitude: f64, latitude: f64) -> Place {
        Place { longitude, latitude }
    }

    #[test]
    fn distances_are_those_of_a_sphere() {
        assert_eq!(format!("{:.4}", distance(PALERMO, CATANIA)), "166274.1516");
        assert_eq!(distance(PALERMO, PALERMO), 0.0);
        let quarter = std::f64::consts::PI / 2.0 * EARTH;
        assert!((distance(place(0.0, 0.0), place(90.0, 0.0)) - quarter).abs() < 1e-6);
        assert_eq!(distance(place(7.0, 10.0), place(7.0, 11.0)), latitude_distance(10.0, 11.0));
    }

    #[test]
    fn shapes_have_an_inside_and_an_outside() {
        let center = place(15.0, 37.0);
        let circle = |km: f64| Shape::Circle { center, radius: km * 1000.0 };
        assert!(circle(200.0).distance_within(PALERMO).is_some());
        assert!(circle(100.0).distance_within(PALERMO).is_none());
        let boxed = |width, height| Shape::Box { center, width, height, unit: 1000.0 };
        assert!(boxed(300.0, 250.0).distance_within(PALERMO).is_some());
        assert!(boxed(280.0, 250.0).distance_within(PALERMO).is_none());
        assert!(boxed(300.0, 240.0).distance_within(PALERMO).is_none());
        let triangle = Shape::polygon(vec![place(13.0, 38.0), place(16.0, 38.0), place(15.0, 37.0)]);
        assert!(triangle.distance_within(CATANIA).is_some());
        assert!(triangle.distance_within(PALERMO).is_none());
    }

    /// Whatever lies in a shape lies in one of its cells: where the shape neither reaches over the edge of the map nor
    /// is wider than the peers' rule of thumb is made for.
    #[test]
    fn cells_cover_the_shape() {
        let mut seed = 1u64;
        let mut dice = |least: f64, most: f64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            least + (seed >> 33) as f64 / 2f64.powi(31) * (most - least)
        };
        for _ in 0..2000 {
            let center = place(dice(-150.0, 150.0), dice(-60.0, 60.0));
            let meters = 10f64.powf(dice(0.0, 5.5));
            let shapes = [
                Shape::Circle { center, radius: meters },
                Shape::Box { center, width: meters, height: meters / 2.0, unit: 1.0 },
            ];
            let degrees = meters / 111_000.0;
            for shape in shapes {
                let cells: Vec<Cell> = shape.cells().collect();
                for _ in 0..20 {
                    let there = place(
                        center.longitude + dice(-1.5, 1.5) * degrees,
                        center.latitude + dice(-1.0, 1.0) * degrees,
                    );
                    let score = there.score();
                    if shape.distance_within(Place::of_score(score)).is_some() {
                        let score = score as u64;
                        assert!(
                            cells.iter().any(|cell| (cell.first()..cell.end()).contains(&score)),
                            "{shape:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn shapes_wider_than_the_world_are_searched_everywhere() {
        for radius in [2e7, 1e30, f64::INFINITY] {
            let cells: Vec<Cell> = Shape::Circle { center: CATANIA, radius }.cells().collect();
            let quarters: std::collections::BTreeSet<u64> = cells.iter().map(|cell| cell.first()).collect();
            assert_eq!(quarters.len(), 4);
        }
        let polar = Shape::polygon(vec![place(0.0, 85.0), place(120.0, 85.0), place(-120.0, 85.0)]);
        assert!(polar.cells().count() > 0);
    }
}
