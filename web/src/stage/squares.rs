//! Replicas as the squares of a heat map, where there are too many for more.
use super::Scene;
use super::layout::{BrokerPlace, LanePlace, Rect};
use super::pen::Pen;
use kafkarium_core::observe::view::{BrokerView, NONE, PartitionView, ReplicaView};

/// The squares of a card.
pub fn draw(pen: &Pen, scene: &Scene, place: &BrokerPlace) {
    let mut kinds: [Vec<Rect>; 5] = Default::default();
    for lane in &place.lanes {
        let square = square_of(scene, lane);
        let at = Square::ALL.iter().position(|kind| *kind == square).unwrap_or(0);
        kinds[at].push(lane.rect);
    }
    // A colour is set once for all squares of a card that have it: that is most of what they cost.
    for (kind, rects) in Square::ALL.iter().zip(&kinds).filter(|(_, rects)| !rects.is_empty()) {
        kind.ink(pen, rects[0].width);
        rects.iter().for_each(|rect| kind.draw(pen, *rect));
    }
}

/// What the card of each broker shows where replicas are squares, as a number: of two that are equal the pictures are.
pub fn faces(scene: &Scene) -> Vec<u64> {
    let face = |(broker, place): (&BrokerView, &BrokerPlace)| {
        let mut face = Face::default();
        let states = [broker.process as u64, u64::from(broker.fenced), broker.links as u64];
        states.into_iter().for_each(|state| face.add(state));
        face.add(broker.since_us);
        face.add(broker.fenced_since_us);
        face.add(u64::from(broker.leads) << 32 | u64::from(broker.follows));
        face.add(u64::from(scene.most_led()));
        place.lanes.iter().for_each(|lane| face.add(square_of(scene, lane) as u64));
        face.0
    };
    scene.frame.brokers.iter().zip(&scene.plan.brokers).map(face).collect()
}

/// FNV-1a, a number at a time.
struct Face(u64);

impl Default for Face {
    fn default() -> Self {
        Face(0xcbf2_9ce4_8422_2325)
    }
}

impl Face {
    fn add(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x0000_0100_0000_01b3);
    }
}

fn square_of(scene: &Scene, lane: &LanePlace) -> Square {
    let replica = &scene.frame.replicas[lane.replica];
    Square::of(replica, scene.partition(replica.partition))
}

/// What a square of a heat map says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Square {
    Leader,
    Follower,
    /// It leads a partition that has fewer replicas in sync than replicas.
    UnderReplicated,
    OutOfSync,
    /// Its partition has no leader.
    Offline,
}

impl Square {
    /// In the order in which they are drawn: what is wrong last, on top.
    const ALL: [Square; 5] =
        [Square::Follower, Square::Leader, Square::OutOfSync, Square::UnderReplicated, Square::Offline];

    pub(super) fn of(replica: &ReplicaView, partition: Option<&PartitionView>) -> Square {
        let Some(partition) = partition else { return Square::Follower };
        if partition.leader == NONE {
            Square::Offline
        } else if !replica.in_sync {
            Square::OutOfSync
        } else if partition.leader != replica.broker {
            Square::Follower
        } else if partition.in_sync < partition.replicas {
            Square::UnderReplicated
        } else {
            Square::Leader
        }
    }

    /// Sets the colour for many of it.
    fn ink(self, pen: &Pen, side: f64) {
        match self {
            Square::Leader => pen.fill(&pen.theme.ink_soft),
            Square::Follower => pen.fill(&pen.theme.cell),
            Square::UnderReplicated => pen.fill(&pen.theme.bad),
            Square::OutOfSync => pen.stroke(&pen.theme.bad, (side * 0.2).clamp(0.8, 1.6)),
            Square::Offline => pen.stroke(&pen.theme.bad, (side * 0.25).clamp(1.2, 2.0)),
        }
    }

    /// Shape says what colour says: a leader is full, a follower its lower half, a replica out of sync hollow, one
    /// without a leader a cross.
    fn draw(self, pen: &Pen, rect: Rect) {
        // The smallest are a little larger where something is wrong.
        let small = rect.width < 4.0 && !matches!(self, Square::Leader | Square::Follower);
        let Rect { x, y, width, height } = if small { rect.grown(0.75) } else { rect };
        match self {
            Square::Leader | Square::UnderReplicated => pen.ctx.fill_rect(x, y, width, height),
            Square::Follower => pen.ctx.fill_rect(x, y + height / 2.0, width, height / 2.0),
            Square::OutOfSync => pen.ctx.stroke_rect(x + 0.5, y + 0.5, width - 1.0, height - 1.0),
            Square::Offline => {
                pen.ctx.begin_path();
                pen.ctx.move_to(x, y);
                pen.ctx.line_to(x + width, y + height);
                pen.ctx.move_to(x, y + height);
                pen.ctx.line_to(x + width, y);
                pen.ctx.stroke();
            }
        }
    }

    /// One of it, for the legend.
    pub(super) fn sample(self, pen: &Pen, rect: Rect) {
        self.ink(pen, rect.width);
        self.draw(pen, rect);
    }
}
