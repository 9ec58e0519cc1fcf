//! Where everything stands: pure numbers, from the size of the canvas, what there is to show, and how near it is
//! looked at.
use super::cards::{self, GAP};
use super::zoom::Zoom;
use kafkarium_core::observe::report::{Names, Subject};
use kafkarium_core::observe::view::Frame;

/// A rectangle in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

impl Rect {
    /// A rectangle from its corner and size.
    pub const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Rect { x, y, width, height }
    }

    /// Its right edge.
    pub fn right(self) -> f64 {
        self.x + self.width
    }

    /// Its lower edge.
    pub fn bottom(self) -> f64 {
        self.y + self.height
    }

    /// Its middle.
    pub fn middle(self) -> (f64, f64) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Whether a point is in it.
    pub fn contains(self, x: f64, y: f64) -> bool {
        x >= self.x && x <= self.right() && y >= self.y && y <= self.bottom()
    }

    /// What of it is inside another, which it meets.
    pub fn within(self, other: Rect) -> Self {
        let (x, y) = (self.x.clamp(other.x, other.right()), self.y.clamp(other.y, other.bottom()));
        let (right, bottom) =
            (self.right().clamp(x, other.right().max(x)), self.bottom().clamp(y, other.bottom().max(y)));
        Rect::new(x, y, right - x, bottom - y)
    }

    /// Whether the two share a point.
    pub fn meets(self, other: Rect) -> bool {
        self.x <= other.right()
            && other.x <= self.right()
            && self.y <= other.bottom()
            && other.y <= self.bottom()
    }

    /// The same, larger on every side.
    pub fn grown(self, by: f64) -> Self {
        Rect::new(self.x - by, self.y - by, self.width + 2.0 * by, self.height + 2.0 * by)
    }
}

/// How much of a replica there is room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// A lane of cells.
    #[default]
    Lanes,
    /// A bar: how much of the log is below the high watermark.
    Bars,
    /// A cell of a heat map.
    Heat,
}

/// The width of one cell and the gap after it.
pub const CELL_PITCH: f64 = 15.5;
/// How much of a group's place is its own, above its members'.
const GROUP_HEAD: f64 = 38.0;
const CONTROLLER_HEIGHT: f64 = 24.0;
/// About as high as all groups stand where everything stands one below the other, if there are many members.
const GROUPS_STACKED: f64 = 500.0;
/// How far below a group's upper edge its members begin.
const GROUP_PITCH: f64 = 40.0;
/// More members than this are squares.
const MANY_MEMBERS: usize = 16;
/// Up to so many members, their partitions are shown however high that is.
const FEW_MEMBERS: usize = 6;
/// Below this width the columns stand one below another.
pub const STACKED_BELOW: f64 = 720.0;
/// What a finger finds without looking twice, in either direction: where the columns stand one below another, nothing
/// smaller can be touched.
const TARGET: f64 = 44.0;

/// The room for everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    /// CSS pixels.
    pub width: f64,
    /// CSS pixels; what is higher is scrolled.
    pub height: f64,
    /// Whether it is only looked at: then nothing has to be large enough for a finger.
    pub untouched: bool,
}

/// A replica's place.
#[derive(Clone, Debug, PartialEq)]
pub struct LanePlace {
    /// Index into the frame's replicas.
    pub replica: usize,
    pub rect: Rect,
}

/// A broker's place and its replicas'.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerPlace {
    pub rect: Rect,
    pub lanes: Vec<LanePlace>,
}

/// A group's place and its members'.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupPlace {
    pub rect: Rect,
    /// Consumer index and place.
    pub members: Vec<(usize, Rect)>,
}

/// Where everything stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    pub detail: Detail,
    pub stacked: bool,
    pub height: f64,
    pub controller: Rect,
    pub producers: Vec<Rect>,
    /// By index.
    pub brokers: Vec<BrokerPlace>,
    /// Names of racks, and the lines they stand on.
    pub racks: Vec<(String, Rect)>,
    /// Where brokers can be seen; all of them stand in it unless they are looked at from near.
    pub window: Rect,
    /// How wide and high the brokers are together.
    pub extent: (f64, f64),
    /// How far they are moved aside.
    pub pan: (f64, f64),
    /// The largest factor by which they can be looked at.
    pub nearest: f64,
    pub groups: Vec<GroupPlace>,
    /// The width of a lane's name.
    pub name_width: f64,
    pub cells_per_lane: u32,
    /// The base line of the legend.
    pub legend: f64,
    /// The least width and height of what can be pointed at; 0 where a mouse does that, or nobody.
    pub target: f64,
}

/// A member's card: above its partitions, and for each.
pub const MEMBER_HEAD: f64 = 30.0;
pub const MEMBER_ROW: f64 = 19.0;
/// Partitions shown on it at most.
const ROWS: usize = 5;

/// Lays everything out.
pub fn layout(room: Room, zoom: Zoom, frame: &Frame, names: &Names) -> Layout {
    let mut plan = Layout { stacked: room.width < STACKED_BELOW, ..Layout::default() };
    let replicas = replicas_by_broker(frame);
    if plan.stacked {
        plan.target = if room.untouched { 0.0 } else { TARGET };
        stack(&mut plan, room.width, zoom, frame, names, &replicas);
    } else {
        columns(&mut plan, (room.width, room.height), zoom, frame, names, &replicas);
    }
    plan
}

/// The frame's replicas by broker index, in the order of partitions.
fn replicas_by_broker(frame: &Frame) -> Vec<Vec<usize>> {
    let mut lists = vec![Vec::new(); frame.brokers.len()];
    for (at, replica) in frame.replicas.iter().enumerate() {
        if let Ok(list) = frame.brokers.binary_search_by_key(&replica.broker, |broker| broker.id) {
            lists[list].push(at);
        }
    }
    lists
}

fn columns(
    plan: &mut Layout,
    (width, height): (f64, f64),
    zoom: Zoom,
    frame: &Frame,
    names: &Names,
    replicas: &[Vec<usize>],
) {
    let side = (width * 0.16).clamp(132.0, 190.0);
    let channel = (width * 0.055).clamp(34.0, 70.0);
    let (left, right) = (18.0, width - 18.0 - side);
    let middle = Rect::new(left + side + channel, 8.0, right - channel - (left + side + channel), 0.0);
    plan.controller = Rect::new(middle.x + 74.0, middle.y, 92.0, CONTROLLER_HEIGHT);
    let top = middle.y + CONTROLLER_HEIGHT + 8.0;
    let room = Rect::new(middle.x, top, middle.width, (height - top - 40.0).max(60.0));
    let bottom = cards::place(plan, room, zoom, replicas, &names.racks);
    let end = (bottom + 36.0).max(height - 4.0).max(200.0);
    place_producers(plan, Rect::new(left, top + 18.0, side, bottom - top - 18.0), frame.producers.len());
    place_groups(plan, Rect::new(right, top + 4.0, side, bottom - top - 4.0), frame, names);
    let lowest = plan.groups.iter().map(|group| group.rect.bottom()).fold(bottom, f64::max);
    plan.legend = bottom + 16.0;
    plan.height = end.max(lowest + 8.0);
}

fn stack(plan: &mut Layout, width: f64, zoom: Zoom, frame: &Frame, names: &Names, replicas: &[Vec<usize>]) {
    let (left, inner) = (10.0, width - 20.0);
    let count = frame.producers.len().max(1) as f64;
    // Many show their names alone: what they write to is to be seen too.
    let (across, gap, height) =
        if count > 6.0 { (5.0, 6.0, plan.target.max(28.0)) } else { (count.min(3.0), GAP, 58.0) };
    let each = (inner - gap * (across - 1.0)) / across;
    for at in 0..frame.producers.len() {
        let (row, column) = ((at as f64 / across).floor(), at as f64 % across);
        let rect =
            Rect::new(left + column * (each + gap), 24.0 + row * (height + gap.min(8.0)), each, height);
        plan.producers.push(rect);
    }
    let mut y = plan.producers.last().map_or(10.0, |rect| rect.bottom() + 14.0);
    plan.controller = Rect::new(left + 74.0, y, 92.0, CONTROLLER_HEIGHT);
    y += CONTROLLER_HEIGHT + 10.0;
    let whole = Rect::new(left, y, inner, 140.0 + 14.0 * replicas.len() as f64);
    let bottom = cards::place(plan, whole, Zoom::WHOLE, replicas, &names.racks);
    let bottom = if zoom.is_whole() {
        bottom
    } else {
        // What is looked at from near gets the room that all of it has.
        let room = Rect { height: plan.window.height, ..whole };
        plan.brokers.clear();
        plan.racks.clear();
        cards::place(plan, room, zoom, replicas, &names.racks)
    };
    plan.legend = bottom + 16.0;
    place_groups(plan, Rect::new(left, bottom + 58.0, inner, GROUPS_STACKED), frame, names);
    plan.height = plan.groups.iter().map(|group| group.rect.bottom()).fold(bottom + 40.0, f64::max) + 10.0;
}

fn place_producers(plan: &mut Layout, room: Rect, count: usize) {
    if count == 0 {
        return;
    }
    let each = ((room.height - GAP * (count as f64 - 1.0)) / count as f64).clamp(14.0, 84.0);
    let gap =
        if each < 30.0 { 2.0 } else { ((room.height - each * count as f64) / count as f64).clamp(GAP, 70.0) };
    for at in 0..count {
        plan.producers.push(Rect::new(room.x, room.y + at as f64 * (each + gap), room.width, each));
    }
}

fn place_groups(plan: &mut Layout, room: Rect, frame: &Frame, names: &Names) {
    let groups = names.groups.len().max(frame.groups.len());
    let all = frame.consumers.len();
    let mut y = room.y;
    for group in 0..groups {
        let members: Vec<usize> =
            (0..all).filter(|&at| frame.consumers[at].group as usize == group).collect();
        let below_head =
            Rect { y: y + GROUP_PITCH, height: room.height - GROUP_PITCH * groups as f64, ..room };
        let (members, bottom) = if all > MANY_MEMBERS {
            member_squares(&members, below_head)
        } else {
            member_cards(&members, below_head, plan.stacked, frame)
        };
        plan.groups.push(GroupPlace { rect: Rect::new(room.x, y, room.width, bottom - y), members });
        y = bottom;
    }
}

/// A square for each member, and where the next group begins.
fn member_squares(members: &[usize], room: Rect) -> (Vec<(usize, Rect)>, f64) {
    let cell = 14.0;
    let per_row = (room.width / cell).floor().max(1.0);
    let place = |(at, &member): (usize, &usize)| {
        let (column, row) = (at as f64 % per_row, (at as f64 / per_row).floor());
        (member, Rect::new(room.x + column * cell, room.y + row * cell, cell - 2.0, cell - 2.0))
    };
    let rows = (members.len() as f64 / per_row).ceil();
    (members.iter().enumerate().map(place).collect(), room.y + rows * cell + GAP)
}

/// A card for each member, and where the next group begins. `room` is as high as that of all groups' members together.
fn member_cards(members: &[usize], room: Rect, stacked: bool, frame: &Frame) -> (Vec<(usize, Rect)>, f64) {
    let all = frame.consumers.len();
    // One below the other there is room for two side by side.
    let across = if stacked && all > 1 { 2 } else { 1 };
    let width = (room.width - GAP * (across as f64 - 1.0)) / across as f64;
    // A number that changes only with the members: what is assigned comes and goes.
    let each = room.height * across as f64 / all as f64;
    let fit = ((each - GAP - MEMBER_HEAD) / MEMBER_ROW) as usize;
    let most_rows = if all <= FEW_MEMBERS { ROWS } else { fit.clamp(1, ROWS) };
    let owned_by = |member: usize| frame.owned.iter().filter(|own| own.consumer as usize == member).count();
    let mut places = Vec::new();
    let mut y = room.y;
    for row in members.chunks(across) {
        let most = row.iter().map(|&member| owned_by(member)).max().unwrap_or(0);
        let height = MEMBER_HEAD + MEMBER_ROW * most.clamp(1, most_rows) as f64;
        for (column, &member) in row.iter().enumerate() {
            places.push((member, Rect::new(room.x + column as f64 * (width + GAP), y, width, height)));
        }
        y += height + GAP;
    }
    (places, y)
}

impl Layout {
    /// Moves the brokers and all that stands with them.
    pub fn move_brokers(&mut self, x: f64, y: f64) {
        let lanes = self.brokers.iter_mut().flat_map(|broker| {
            let BrokerPlace { rect, lanes } = broker;
            std::iter::once(rect).chain(lanes.iter_mut().map(|lane| &mut lane.rect))
        });
        for rect in lanes.chain(self.racks.iter_mut().map(|(_, rect)| rect)) {
            rect.x += x;
            rect.y += y;
        }
    }

    /// Where something stands; a partition where its leader does.
    pub fn rect_of(&self, frame: &Frame, subject: Subject) -> Option<Rect> {
        let broker = |id: u32| frame.brokers.binary_search_by_key(&id, |broker| broker.id).ok();
        match subject {
            Subject::Cluster => None,
            Subject::Controller => Some(self.controller),
            Subject::Broker(id) => Some(self.brokers.get(broker(id)?)?.rect),
            Subject::Producer(at) => self.producers.get(at as usize).copied(),
            Subject::Partition(partition) => {
                let its = |lane: &&LanePlace| frame.replicas[lane.replica].partition == partition;
                // Also one that is down, as long as it counts as the leader.
                let known = frame.partitions.iter().find(|known| known.partition == partition);
                let leads = |lane: &&LanePlace| {
                    known.is_some_and(|known| known.leader == frame.replicas[lane.replica].broker)
                };
                let lanes = || self.brokers.iter().flat_map(|broker| &broker.lanes).filter(its);
                lanes().find(leads).or_else(|| lanes().next()).map(|lane| lane.rect)
            }
            Subject::Replica(partition, id) => {
                let lanes = &self.brokers.get(broker(id)?)?.lanes;
                let its = |lane: &&LanePlace| frame.replicas[lane.replica].partition == partition;
                lanes.iter().find(its).map(|lane| lane.rect)
            }
            Subject::Group(at) => {
                let rect = self.groups.get(at as usize)?.rect;
                Some(Rect { height: GROUP_HEAD.min(rect.height), ..rect })
            }
            Subject::Consumer(at) => {
                let members = self.groups.iter().flat_map(|group| &group.members);
                members.into_iter().find(|(member, _)| *member == at as usize).map(|&(_, rect)| rect)
            }
        }
    }

    /// What stands at a point: the smallest thing there.
    pub fn hit(&self, frame: &Frame, x: f64, y: f64) -> Option<(Subject, Rect)> {
        if self.window.contains(x, y) {
            let cards = frame.brokers.iter().zip(&self.brokers);
            if let Some((broker, place)) = { cards }.find(|(_, place)| place.rect.contains(x, y)) {
                // A head may stand above lanes that are farther up.
                let below_head = y >= cards::head(place.rect, self.window).bottom();
                let there = |lane: &&LanePlace| self.is_target(lane.rect) && lane.rect.contains(x, y);
                let lane = place.lanes.iter().find(there).filter(|_| below_head);
                return Some(match lane.map(|lane| (&frame.replicas[lane.replica], lane.rect)) {
                    Some((replica, rect)) => (Subject::Replica(replica.partition, replica.broker), rect),
                    None => (Subject::Broker(broker.id), place.rect),
                });
            }
        }
        let there = |(subject, rect): &(Subject, Rect)| match *subject {
            // Members too small to be touched are reached through their group, by name or by keys.
            Subject::Consumer(_) => self.is_target(*rect) && rect.contains(x, y),
            Subject::Group(at) => self.reach_of_group(at as usize, *rect).contains(x, y),
            _ => self.reach(*rect).contains(x, y),
        };
        let others = self.others().into_iter().filter(there);
        others.min_by(|a, b| (a.1.width * a.1.height).total_cmp(&(b.1.width * b.1.height)))
    }

    /// Whether something is large enough to be pointed at.
    pub fn is_target(&self, rect: Rect) -> bool {
        rect.width.min(rect.height) >= self.target
    }

    /// Where something answers that may be drawn smaller than it is to be found.
    fn reach(&self, rect: Rect) -> Rect {
        let missing = |length: f64| ((self.target - length) / 2.0).max(0.0);
        let (x, y) = (missing(rect.width), missing(rect.height));
        Rect::new(rect.x - x, rect.y - y, rect.width + 2.0 * x, rect.height + 2.0 * y)
    }

    /// A group's head; all of the group where its members are too small.
    fn reach_of_group(&self, at: usize, head: Rect) -> Rect {
        let group = &self.groups[at];
        if group.members.iter().all(|&(_, rect)| self.is_target(rect)) {
            self.reach(head)
        } else {
            group.rect
        }
    }

    /// What is no broker and no replica.
    fn others(&self) -> Vec<(Subject, Rect)> {
        let mut list = vec![(Subject::Controller, self.controller)];
        list.extend(
            self.producers.iter().enumerate().map(|(at, &rect)| (Subject::Producer(at as u32), rect)),
        );
        for (at, group) in self.groups.iter().enumerate() {
            let head = Rect { height: GROUP_HEAD.min(group.rect.height), ..group.rect };
            list.push((Subject::Group(at as u32), head));
            list.extend(group.members.iter().map(|&(at, rect)| (Subject::Consumer(at as u32), rect)));
        }
        list
    }

    /// Everything that can be reached, in the order of the keyboard; `all` with every replica.
    pub fn subjects(&self, frame: &Frame, all: bool) -> Vec<Subject> {
        let mut list: Vec<Subject> = self.others().into_iter().map(|(subject, _)| subject).collect();
        let clients_on_the_right = list.iter().position(|subject| matches!(subject, Subject::Group(_)));
        let mut brokers = Vec::new();
        for (broker, place) in frame.brokers.iter().zip(&self.brokers) {
            brokers.push(Subject::Broker(broker.id));
            let of = |lane: &LanePlace| {
                let replica = &frame.replicas[lane.replica];
                Subject::Replica(replica.partition, replica.broker)
            };
            brokers.extend(place.lanes.iter().filter(|_| all).map(of));
        }
        let at = clients_on_the_right.unwrap_or(list.len());
        list.splice(at..at, brokers);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::super::zoom::Anchor;
    use super::*;
    use kafkarium_core::observe::view::{BrokerView, ConsumerView, ProducerView, ReplicaView};
    use std::collections::BTreeMap;

    fn frame(brokers: u32, partitions: u32, factor: u32) -> Frame {
        let broker = |id| BrokerView { id, ..BrokerView::default() };
        let mut frame = Frame {
            brokers: (1..=brokers).map(broker).collect(),
            producers: vec![ProducerView::default(); 2],
            consumers: vec![ConsumerView::default(); 3],
            groups: vec![kafkarium_core::observe::view::GroupView::default()],
            ..Frame::default()
        };
        for partition in 0..partitions {
            for at in 0..factor {
                let broker = (partition + at) % brokers + 1;
                frame.replicas.push(ReplicaView { broker, partition, ..ReplicaView::default() });
            }
        }
        frame
    }

    fn room(width: f64, height: f64) -> Room {
        Room { width, height, untouched: false }
    }

    /// Where each thing answers, as far as every other point tells.
    fn answers(plan: &Layout, frame: &Frame, width: f64) -> BTreeMap<String, Rect> {
        let mut found = BTreeMap::<String, Rect>::new();
        let (across, down) = ((0..width as u32).step_by(2), (0..plan.height as u32).step_by(2));
        for (x, y) in across.flat_map(|x| down.clone().map(move |y| (f64::from(x), f64::from(y)))) {
            let Some((subject, _)) = plan.hit(frame, x, y) else { continue };
            let known = found.entry(format!("{subject:?}")).or_insert(Rect::new(x, y, 2.0, 2.0));
            let (left, top) = (known.x.min(x), known.y.min(y));
            let (right, bottom) = (known.right().max(x + 2.0), known.bottom().max(y + 2.0));
            *known = Rect::new(left, top, right - left, bottom - top);
        }
        found
    }

    #[test]
    fn on_a_phone_whatever_answers_a_finger_is_large_enough_for_it() {
        for ((brokers, partitions, factor), producers, consumers) in [
            ((1, 1, 1), 0, 1),
            ((3, 3, 3), 1, 2),
            ((3, 6, 3), 2, 3),
            ((5, 12, 3), 4, 40),
            ((9, 9, 1), 7, 3),
            ((12, 600, 3), 24, 72),
            ((100, 60, 1), 3, 3),
            ((100, 500, 3), 24, 40),
        ] {
            let mut frame = frame(brokers, partitions, factor);
            frame.producers.resize(producers, ProducerView::default());
            frame.consumers.resize(consumers, ConsumerView::default());
            let plan = layout(room(390.0, 500.0), Zoom::WHOLE, &frame, &Names::default());
            let found = answers(&plan, &frame, 390.0);
            assert!(found.len() > brokers as usize + producers + 1, "{found:?}");
            for (subject, rect) in found {
                let small = rect.width < TARGET - 1.0 || rect.height < TARGET - 1.0;
                assert!(!small, "{subject} of {brokers} brokers, {partitions} partitions: {rect:?}");
            }
        }
    }

    #[test]
    fn from_near_a_bar_answers_a_finger_too() {
        let frame = frame(3, 12, 3);
        let plan = |factor| {
            let zoom = Zoom { factor, pan: (0.0, 0.0) };
            layout(room(390.0, 500.0), zoom, &frame, &Names::default())
        };
        let lane = |plan: &Layout| plan.brokers[0].lanes[1].rect.middle();
        let hit = |plan: &Layout| {
            plan.hit(&frame, lane(plan).0.min(300.0), lane(plan).1).map(|(subject, _)| subject)
        };
        assert_eq!(plan(1.0).detail, Detail::Bars);
        assert_eq!(hit(&plan(1.0)), Some(Subject::Broker(1)));
        assert!(matches!(hit(&plan(1.6)), Some(Subject::Replica(_, 1))), "{:?}", hit(&plan(1.6)));
    }

    #[test]
    fn nothing_overlaps_and_nothing_leaves_the_canvas() {
        for (width, height) in [(1040.0, 560.0), (700.0, 480.0), (390.0, 500.0), (1400.0, 700.0)] {
            for (brokers, partitions, factor) in
                [(3, 3, 3), (1, 1, 1), (5, 12, 3), (12, 600, 3), (100, 5000, 3)]
            {
                let frame = frame(brokers, partitions, factor);
                let plan = layout(room(width, height), Zoom::WHOLE, &frame, &Names::default());
                let cards: Vec<Rect> =
                    plan.brokers.iter().map(|broker| broker.rect).chain(plan.producers.clone()).collect();
                for (at, one) in cards.iter().enumerate() {
                    assert!(one.x >= 0.0 && one.right() <= width, "{width} {brokers} {one:?}");
                    assert!(one.bottom() <= plan.height, "{width} {brokers} {one:?} {}", plan.height);
                    for other in &cards[at + 1..] {
                        let apart = one.right() <= other.x
                            || other.right() <= one.x
                            || one.bottom() <= other.y
                            || other.bottom() <= one.y;
                        assert!(apart, "{width}x{height}, {brokers} brokers: {one:?} {other:?}");
                    }
                }
                for broker in &plan.brokers {
                    assert!(
                        broker.lanes.iter().all(|lane| lane.rect.bottom() <= broker.rect.bottom() + 0.01)
                    );
                }
            }
        }
    }

    /// The brokers' cards do not leave the room for them, or only downwards.
    #[test]
    fn all_brokers_are_seen_at_once_where_the_room_allows() {
        let frame = frame(100, 5000, 3);
        let plan = layout(room(1100.0, 640.0), Zoom::WHOLE, &frame, &Names::default());
        assert!(plan.height <= 640.0, "{}", plan.height);
    }

    #[test]
    fn from_near_one_broker_fills_the_room_and_what_is_pointed_at_stays() {
        let frame = frame(100, 5000, 3);
        let plan = |zoom| layout(room(1100.0, 640.0), zoom, &frame, &Names::default());
        let whole = plan(Zoom::WHOLE);
        let (x, y) = (whole.brokers[41].rect.x + 10.0, whole.brokers[41].rect.y + 5.0);
        let anchor = Anchor::point(&whole, x, y).unwrap();
        let factor = whole.nearest;
        let pan = anchor.pan(&plan(Zoom { factor, pan: (0.0, 0.0) }), &frame);
        let near = plan(Zoom { factor, pan });
        assert_eq!(near.detail, Detail::Bars);
        let card = near.brokers[41].rect;
        assert!((card.width - near.window.width).abs() < 30.0, "{card:?} {:?}", near.window);
        assert!(card.contains(x, y), "{card:?} {x} {y}");
        assert_eq!(
            near.hit(&frame, x, y).map(|(_, rect)| card.contains(rect.middle().0, rect.y)),
            Some(true)
        );
        // Farther down the card's head is still in sight, and what it hides cannot be hit.
        let down = plan(Zoom { factor, pan: (pan.0, pan.1 + 300.0) });
        let (card, head) = (down.brokers[41].rect, cards::head(down.brokers[41].rect, down.window));
        assert!(card.y < down.window.y && head.y == down.window.y, "{card:?} {head:?}");
        let hit = down.hit(&frame, head.x + 20.0, head.bottom() - 4.0).map(|(subject, _)| subject);
        assert_eq!(hit, Some(Subject::Broker(42)));
    }

    #[test]
    fn detail_follows_the_size_of_the_cluster() {
        let detail = |brokers, partitions| {
            layout(room(1000.0, 500.0), Zoom::WHOLE, &frame(brokers, partitions, 1), &Names::default()).detail
        };
        assert_eq!(detail(3, 6), Detail::Lanes);
        assert_eq!(detail(3, 30), Detail::Bars);
        assert_eq!(detail(3, 300), Detail::Heat);
        assert_eq!(detail(12, 12), Detail::Bars, "there is room for names");
        assert_eq!(detail(100, 5000), Detail::Heat);
    }
}
