//! Where everything stands: pure numbers, from the size of the canvas and what there is to show.
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
const CARD_HEAD: f64 = 34.0;
/// A broker's card narrower than this shows little more than its number.
pub const SMALL_BELOW: f64 = 130.0;
/// One narrower than this says its state on a second line.
pub const TWO_LINES_BELOW: f64 = 260.0;
/// How far the second line stands below the first.
pub const SECOND_LINE: f64 = 16.0;
const GAP: f64 = 10.0;
const CONTROLLER_HEIGHT: f64 = 24.0;
/// Below this width the columns stand one below another.
const STACKED_BELOW: f64 = 720.0;

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
    pub brokers: Vec<BrokerPlace>,
    pub groups: Vec<GroupPlace>,
    /// The width of a lane's name.
    pub name_width: f64,
    pub cells_per_lane: u32,
    /// The base line of the legend.
    pub legend: f64,
}

/// Lays everything out.
pub fn layout(width: f64, height: f64, frame: &Frame, names: &Names) -> Layout {
    let stacked = width < STACKED_BELOW;
    let replicas = replicas_by_broker(frame);
    let most = replicas.iter().map(Vec::len).max().unwrap_or(0);
    let detail = match (frame.brokers.len(), most) {
        (0..=6, 0..=6) => Detail::Lanes,
        (0..=6, 0..=24) => Detail::Bars,
        _ => Detail::Heat,
    };
    let mut plan = Layout { detail, stacked, ..Layout::default() };
    if stacked {
        stack(&mut plan, width, frame, names, &replicas);
    } else {
        columns(&mut plan, width, height, frame, names, &replicas);
    }
    plan
}

/// The frame's replicas by broker index, in the order of partitions.
fn replicas_by_broker(frame: &Frame) -> Vec<Vec<usize>> {
    let mut lists = vec![Vec::new(); frame.brokers.len()];
    for (at, replica) in frame.replicas.iter().enumerate() {
        if let Some(list) = frame.brokers.iter().position(|broker| broker.id == replica.broker) {
            lists[list].push(at);
        }
    }
    lists
}

fn columns(
    plan: &mut Layout,
    width: f64,
    height: f64,
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
    let bottom = place_brokers(plan, Rect::new(middle.x, top, middle.width, height - top - 40.0), replicas);
    let end = (bottom + 36.0).max(height - 4.0).max(200.0);
    place_producers(plan, Rect::new(left, top + 18.0, side, bottom - top - 18.0), frame.producers.len());
    place_groups(plan, Rect::new(right, top + 4.0, side, bottom - top - 4.0), frame, names);
    let lowest = plan.groups.iter().map(|group| group.rect.bottom()).fold(bottom, f64::max);
    plan.legend = bottom + 16.0;
    plan.height = end.max(lowest + 8.0);
}

fn stack(plan: &mut Layout, width: f64, frame: &Frame, names: &Names, replicas: &[Vec<usize>]) {
    let (left, inner) = (10.0, width - 20.0);
    let count = frame.producers.len().max(1) as f64;
    let across = count.min(3.0);
    let each = (inner - GAP * (across - 1.0)) / across;
    for at in 0..frame.producers.len() {
        let (row, column) = (at as f64 / across, at as f64 % across);
        let rect = Rect::new(left + column.floor() * (each + GAP), 24.0 + row.floor() * 66.0, each, 58.0);
        plan.producers.push(rect);
    }
    let mut y = plan.producers.last().map_or(8.0, |rect| rect.bottom() + 14.0);
    plan.controller = Rect::new(left + 74.0, y, 92.0, CONTROLLER_HEIGHT);
    y += CONTROLLER_HEIGHT + 8.0;
    let bottom = place_brokers(plan, Rect::new(left, y, inner, 0.0), replicas);
    plan.legend = bottom + 16.0;
    place_groups(plan, Rect::new(left, bottom + 58.0, inner, 0.0), frame, names);
    plan.height = plan.groups.iter().map(|group| group.rect.bottom()).fold(bottom + 40.0, f64::max) + 10.0;
}

/// Places the brokers' cards; where they end.
fn place_brokers(plan: &mut Layout, room: Rect, replicas: &[Vec<usize>]) -> f64 {
    if plan.detail == Detail::Heat {
        return heat_cards(plan, room, replicas);
    }
    let (least, most) = if plan.detail == Detail::Lanes { (24.0, 38.0) } else { (13.0, 20.0) };
    let lanes: usize = replicas.iter().map(Vec::len).sum();
    let fixed = replicas.len() as f64 * (CARD_HEAD + 8.0 + GAP);
    let lane = ((room.height - fixed) / lanes.max(1) as f64).clamp(least, most);
    plan.name_width = (room.width * 0.17).clamp(94.0, 120.0);
    let cells_room = room.width - plan.name_width - 16.0 - 14.0;
    if plan.detail == Detail::Lanes {
        plan.cells_per_lane = ((cells_room / CELL_PITCH) as u32).saturating_sub(1).clamp(4, 60);
    }
    let mut y = room.y;
    for list in replicas {
        let height = CARD_HEAD + list.len() as f64 * lane + 8.0;
        let rect = Rect::new(room.x, y, room.width, height);
        let place = |(row, &replica): (usize, &usize)| LanePlace {
            replica,
            rect: Rect::new(room.x + 8.0, y + CARD_HEAD + row as f64 * lane, room.width - 16.0, lane),
        };
        plan.brokers.push(BrokerPlace { rect, lanes: list.iter().enumerate().map(place).collect() });
        y += height + GAP;
    }
    y - GAP
}

fn heat_cards(plan: &mut Layout, room: Rect, replicas: &[Vec<usize>]) -> f64 {
    let count = replicas.len().max(1);
    let across = match count {
        0..=3 => 1,
        4..=12 => 3,
        13..=40 => 5,
        _ => 10,
    } as f64;
    let gap = if across > 5.0 { 4.0 } else { GAP };
    let width = (room.width - gap * (across - 1.0)) / across;
    let second_line = if (SMALL_BELOW..TWO_LINES_BELOW).contains(&width) { SECOND_LINE } else { 0.0 };
    let head = if across > 5.0 { 16.0 } else { CARD_HEAD + second_line };
    let most = replicas.iter().map(Vec::len).max().unwrap_or(1).max(1) as f64;
    let rows_of_cards = (count as f64 / across).ceil();
    let free = ((room.height / rows_of_cards) - head - gap - 8.0).max(28.0);
    let cell = (((width - 12.0) * free / most).sqrt()).clamp(3.0, 16.0).floor();
    let per_row = ((width - 12.0) / cell).floor().max(1.0);
    let height = head + (most / per_row).ceil() * cell + 8.0;
    for (at, list) in replicas.iter().enumerate() {
        let (column, row) = (at as f64 % across, (at as f64 / across).floor());
        let rect = Rect::new(room.x + column * (width + gap), room.y + row * (height + gap), width, height);
        let place = |(at, &replica): (usize, &usize)| {
            let (column, row) = (at as f64 % per_row, (at as f64 / per_row).floor());
            let (x, y) = (rect.x + 6.0 + column * cell, rect.y + head + row * cell);
            LanePlace { replica, rect: Rect::new(x, y, cell - 1.0, cell - 1.0) }
        };
        plan.brokers.push(BrokerPlace { rect, lanes: list.iter().enumerate().map(place).collect() });
    }
    room.y + rows_of_cards * (height + gap) - gap
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
    const HEAD: f64 = 40.0;
    let groups = names.groups.len().max(frame.groups.len());
    let all = frame.consumers.len();
    let mut y = room.y;
    for group in 0..groups {
        let members: Vec<usize> =
            (0..all).filter(|&at| frame.consumers[at].group as usize == group).collect();
        let mut place = GroupPlace { rect: Rect::new(room.x, y, room.width, HEAD), members: Vec::new() };
        if all > 16 {
            // Too many for cards: a square each.
            let cell = 14.0;
            let per_row = (room.width / cell).floor().max(1.0);
            for (at, &member) in members.iter().enumerate() {
                let (column, row) = (at as f64 % per_row, (at as f64 / per_row).floor());
                let rect = Rect::new(room.x + column * cell, y + HEAD + row * cell, cell - 2.0, cell - 2.0);
                place.members.push((member, rect));
            }
            y += HEAD + (members.len() as f64 / per_row).ceil() * cell + GAP;
        } else {
            y += HEAD;
            for &member in &members {
                let owned = frame.owned.iter().filter(|owned| owned.consumer as usize == member).count();
                let height = 30.0 + 19.0 * (owned.clamp(1, 5) as f64);
                place.members.push((member, Rect::new(room.x, y, room.width, height)));
                y += height + GAP;
            }
        }
        place.rect.height = y - place.rect.y;
        plan.groups.push(place);
    }
}

impl Layout {
    /// Everything that can be hit, in the order of the keyboard.
    pub fn subjects(&self, frame: &Frame) -> Vec<(Subject, Rect)> {
        let mut list = vec![(Subject::Controller, self.controller)];
        list.extend(
            self.producers.iter().enumerate().map(|(at, &rect)| (Subject::Producer(at as u32), rect)),
        );
        for (broker, place) in frame.brokers.iter().zip(&self.brokers) {
            list.push((Subject::Broker(broker.id), place.rect));
            let lane = |lane: &LanePlace| {
                let replica = &frame.replicas[lane.replica];
                (Subject::Replica(replica.partition, replica.broker), lane.rect)
            };
            list.extend(place.lanes.iter().map(lane));
        }
        for (at, group) in self.groups.iter().enumerate() {
            list.push((
                Subject::Group(at as u32),
                Rect { height: 38.0_f64.min(group.rect.height), ..group.rect },
            ));
            list.extend(group.members.iter().map(|&(at, rect)| (Subject::Consumer(at as u32), rect)));
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkarium_core::observe::view::{BrokerView, ConsumerView, ProducerView, ReplicaView};

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

    #[test]
    fn nothing_overlaps_and_nothing_leaves_the_canvas() {
        for (width, height) in [(1040.0, 560.0), (700.0, 480.0), (390.0, 500.0), (1400.0, 700.0)] {
            for (brokers, partitions, factor) in
                [(3, 3, 3), (1, 1, 1), (5, 12, 3), (12, 600, 3), (100, 5000, 3)]
            {
                let frame = frame(brokers, partitions, factor);
                let plan = layout(width, height, &frame, &Names::default());
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

    #[test]
    fn detail_follows_the_size_of_the_cluster() {
        let detail = |brokers, partitions| {
            layout(1000.0, 500.0, &frame(brokers, partitions, 1), &Names::default()).detail
        };
        assert_eq!(detail(3, 6), Detail::Lanes);
        assert_eq!(detail(3, 30), Detail::Bars);
        assert_eq!(detail(3, 300), Detail::Heat);
        assert_eq!(detail(12, 12), Detail::Heat);
    }
}
