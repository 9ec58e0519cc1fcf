//! How near the brokers are looked at, and which part of them; how the stage goes from one to the other.
use super::Stage;
use super::cards::BARS_FROM;
use super::layout::{Layout, Rect};
use kafkarium_core::observe::report::Subject;
use kafkarium_core::observe::view::Frame;

/// The part of the way to where it should be that the zoom goes in one animation frame.
const NEARER: f64 = 0.2;
/// A zoom this near to where it should be is there.
const THERE: f64 = 0.004;
/// A lane lower than this cannot be read: what is looked for in it is looked at from nearer.
const READABLE: f64 = 12.0;

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

/// Where the zoom goes: a factor, and where what it keeps its eye on is to stand then.
#[derive(Clone, Copy, Debug)]
pub struct Aim {
    factor: f64,
    anchor: Anchor,
    place: (f64, f64),
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

impl Stage {
    /// How many times nearer than all of them the brokers are looked at, and the most that is possible.
    pub fn zoom(&self) -> (f64, f64) {
        (self.zoom.factor, self.plan.nearest)
    }

    /// Looks at what stands at a point from nearer (or farther), which stays where it is.
    pub fn zoom_at(&mut self, x: f64, y: f64, by: f64) {
        if let Some(anchor) = Anchor::point(&self.plan, x, y) {
            self.aim = None;
            self.look(self.zoom.factor * by, anchor);
        }
    }

    /// Looks at the middle of what is seen from nearer or farther, in a moment.
    pub fn zoom_by(&mut self, by: f64) {
        let (x, y) = self.plan.window.middle();
        let factor = self.aim.map_or(self.zoom.factor, |aim| aim.factor) * by;
        self.aim = Anchor::point(&self.plan, x, y).map(|anchor| Aim { factor, anchor, place: (x, y) });
    }

    /// Looks at all brokers, in a moment.
    pub fn show_whole(&mut self) {
        self.zoom_by(0.0);
    }

    /// Goes to a thing, as near as it takes to read it, or to touch what it holds; false if it stands there already.
    pub fn show(&mut self, subject: Subject) -> bool {
        let Some(rect) = self.plan.rect_of(&self.frame, subject) else { return false };
        let card = matches!(subject, Subject::Broker(_));
        let among_brokers = card || matches!(subject, Subject::Replica(..) | Subject::Partition(_));
        let touched = || {
            self.plan
                .brokers
                .iter()
                .flat_map(|broker| &broker.lanes)
                .all(|lane| self.plan.is_target(lane.rect))
        };
        let small = !touched() || if card { rect.width < BARS_FROM } else { rect.height < READABLE };
        let factor = if small { self.plan.nearest } else { self.zoom.factor };
        let goes = among_brokers && (small || !self.zoom.is_whole());
        if goes {
            let anchor = Anchor::thing(&self.plan, &self.frame, subject);
            let place = self.plan.window.middle();
            self.aim = anchor.map(|anchor| Aim { factor, anchor, place });
        }
        goes
    }

    /// Moves what is looked at from near; false if there is nothing beyond.
    pub fn move_by(&mut self, x: f64, y: f64) -> bool {
        if self.zoom.is_whole() {
            return false;
        }
        self.aim = None;
        let before = self.plan.pan;
        self.zoom.pan = (before.0 - x, before.1 - y);
        self.lay_out();
        self.zoom.pan = self.plan.pan;
        self.plan.pan != before
    }

    fn look(&mut self, factor: f64, anchor: Anchor) {
        let factor = factor.clamp(1.0, self.plan.nearest.max(1.0));
        let unmoved = self.laid_out(Zoom { factor, pan: (0.0, 0.0) });
        let pan = if factor > 1.0 { anchor.pan(&unmoved, &self.frame) } else { (0.0, 0.0) };
        self.zoom = Zoom { factor, pan };
        self.lay_out();
        self.zoom.pan = self.plan.pan;
    }

    /// A step of the zoom towards where it goes.
    pub(super) fn go_nearer(&mut self) {
        let Some(Aim { factor: goal, mut anchor, place }) = self.aim else { return };
        let goal = goal.clamp(1.0, self.plan.nearest.max(1.0));
        let part = if self.reduced_motion { 1.0 } else { NEARER };
        let mut factor = self.zoom.factor * ((goal / self.zoom.factor).ln() * part).exp();
        anchor.at.0 += (place.0 - anchor.at.0) * part;
        anchor.at.1 += (place.1 - anchor.at.1) * part;
        let there = (factor / goal - 1.0).abs() < THERE && (anchor.at.1 - place.1).abs() < 1.0;
        if there {
            (factor, anchor.at) = (goal, place);
        }
        self.look(factor, anchor);
        self.aim = (!there).then_some(Aim { factor: goal, anchor, place });
    }
}
