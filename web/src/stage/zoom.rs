//! How near the brokers are looked at, and which part of them: numbers only.
use super::layout::{Layout, Rect};
use kafkarium_core::observe::report::Subject;
use kafkarium_core::observe::view::Frame;

/// What of the brokers is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zoom {
    /// How many times wider than the room for them they are; 1: all of them.
    pub factor: f64,
    /// How far the upper left corner of what can be seen is from that of everything, CSS pixels.
    pub pan: (f64, f64),
}

impl Zoom {
    /// All of them.
    pub const WHOLE: Zoom = Zoom { factor: 1.0, pan: (0.0, 0.0) };

    /// Whether nothing is out of sight on purpose.
    pub fn is_whole(self) -> bool {
        self.factor <= 1.0
    }
}

/// What stays in its place, or moves to another, while the zoom changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    what: What,
    /// Where it is to stand.
    pub at: (f64, f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    /// A point of a broker's card, as a part of its width and height.
    Point {
        broker: usize,
        part: (f64, f64),
    },
    Thing(Subject),
}

impl Anchor {
    /// What stands at a point, or nearest to it.
    pub fn point(plan: &Layout, x: f64, y: f64) -> Option<Anchor> {
        let far = |rect: Rect| {
            let near = (x.clamp(rect.x, rect.right()), y.clamp(rect.y, rect.bottom()));
            (near.0 - x).abs() + (near.1 - y).abs()
        };
        let places = plan.brokers.iter().enumerate();
        let (broker, place) = places.min_by(|a, b| far(a.1.rect).total_cmp(&far(b.1.rect)))?;
        let rect = place.rect;
        let part = |value: f64, from: f64, size: f64| ((value - from) / size.max(1.0)).clamp(0.0, 1.0);
        let part = (part(x, rect.x, rect.width), part(y, rect.y, rect.height));
        Some(Anchor { what: What::Point { broker, part }, at: (x, y) })
    }

    /// A thing, where it stands now.
    pub fn thing(plan: &Layout, frame: &Frame, subject: Subject) -> Option<Anchor> {
        let mut anchor = Anchor { what: What::Thing(subject), at: (0.0, 0.0) };
        anchor.at = anchor.stands(plan, frame)?;
        Some(anchor)
    }

    /// How far a plan that shows nothing moved aside is to be moved, for the anchor to stand where it should.
    pub fn pan(&self, unmoved: &Layout, frame: &Frame) -> (f64, f64) {
        let stands = self.stands(unmoved, frame).unwrap_or(self.at);
        (stands.0 - self.at.0, stands.1 - self.at.1)
    }

    fn stands(&self, plan: &Layout, frame: &Frame) -> Option<(f64, f64)> {
        match self.what {
            What::Point { broker, part } => {
                let rect = plan.brokers.get(broker)?.rect;
                Some((rect.x + part.0 * rect.width, rect.y + part.1 * rect.height))
            }
            What::Thing(subject) => {
                let rect = plan.rect_of(frame, subject)?;
                // Of what is higher than can be seen, the upper part.
                Some((rect.middle().0, rect.y + rect.height.min(plan.window.height) / 2.0))
            }
        }
    }
}

/// A distance moved aside that leaves no gap at any edge.
pub fn within(pan: (f64, f64), window: Rect, extent: (f64, f64)) -> (f64, f64) {
    let most = |extent: f64, room: f64| (extent - room).max(0.0);
    (pan.0.clamp(0.0, most(extent.0, window.width)), pan.1.clamp(0.0, most(extent.1, window.height)))
}
