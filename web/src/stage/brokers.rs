//! Brokers with their replicas, and the controller above them.
use super::cards::{self, SECOND_LINE, SMALL_BELOW, TWO_LINES_BELOW};
use super::layout::{BrokerPlace, CELL_PITCH, Detail, LanePlace, Rect};
use super::pen::{Align, Pen, Type, bold, plain};
use super::squares::{self, Square};
use super::{Scene, number, seconds};
use kafkarium_core::observe::view::{BrokerView, Cell, Links, NONE, Process, ReplicaView};

/// On a card narrower than this there is only room to say how many partitions a broker leads.
const LEADS_ALONE_BELOW: f64 = 168.0;
const DOWN_ALPHA: f64 = 0.42;
const CELL: f64 = 13.0;
/// What stands in a cell.
const CELL_TYPE: Type = plain(8.5);
/// A bar is no thicker.
const BAR_MOST: f64 = 16.0;
/// How far behind the end of a lane a remark stands.
const END_GAP: f64 = 12.0;

pub fn controller(pen: &Pen, scene: &Scene) {
    let rect = scene.plan.controller;
    let y = rect.y + 16.5;
    pen.text("Controller", (rect.x - 8.0, y), plain(12.0), &pen.theme.ink_soft, Align::Right, 80.0);
    pen.filled(rect, 12.0, &pen.theme.ground);
    pen.outlined(rect, 12.0, &pen.theme.ink, 1.0);
    pen.text("active", (rect.middle().0, y), plain(12.0), &pen.theme.ink_soft, Align::Center, rect.width);
}

/// Racks and all brokers.
pub fn draw(pen: &Pen, scene: &Scene) {
    in_window(pen, scene, || {
        racks(pen, scene);
        (0..scene.frame.brokers.len()).for_each(|at| one(pen, scene, at));
    });
}

/// Some brokers in the place of what stands there, and the racks' names where there is nothing yet.
pub fn draw_again(pen: &Pen, scene: &Scene, blank: bool, which: &[usize]) {
    in_window(pen, scene, || {
        if blank {
            racks(pen, scene);
        }
        for &at in which {
            let rect = scene.plan.brokers[at].rect.grown(1.0);
            pen.ctx.clear_rect(rect.x, rect.y, rect.width, rect.height);
            one(pen, scene, at);
        }
    });
}

fn in_window(pen: &Pen, scene: &Scene, draw: impl FnOnce()) {
    let window = scene.plan.window.grown(3.0);
    pen.ctx.save();
    if scene.plan.extent.0 > window.width || scene.plan.extent.1 > window.height {
        clip(pen, window);
    }
    draw();
    pen.ctx.restore();
}

fn racks(pen: &Pen, scene: &Scene) {
    let window = scene.plan.window.grown(3.0);
    for (rack, rect) in scene.plan.racks.iter().filter(|(_, rect)| rect.meets(window)) {
        let place = (rect.x + 2.0, rect.bottom() - 5.0);
        pen.text(&format!("rack {rack}"), place, plain(11.0), &pen.theme.ink_soft, Align::Left, rect.width);
    }
}

/// A broker's card and its replicas, if it is in sight.
fn one(pen: &Pen, scene: &Scene, at: usize) {
    let window = scene.plan.window.grown(3.0);
    let (Some(broker), Some(place)) = (scene.frame.brokers.get(at), scene.plan.brokers.get(at)) else {
        return;
    };
    if !place.rect.meets(window) {
        return;
    }
    card(pen, broker, place.rect);
    replicas(pen, scene, broker, place, window);
    pen.alpha(1.0);
    let top = cards::head(place.rect, scene.plan.window);
    if top.y > place.rect.y {
        pen.filled(
            Rect::new(top.x + 1.0, top.y - 3.0, top.width - 2.0, top.height + 3.0),
            0.0,
            &pen.theme.panel,
        );
        pen.line((top.x + 1.0, top.bottom()), (top.right() - 1.0, top.bottom()), &pen.theme.line, 1.0);
    }
    head(pen, scene, at, broker, (place.rect.width, top));
}

fn replicas(pen: &Pen, scene: &Scene, broker: &BrokerView, place: &BrokerPlace, window: Rect) {
    if scene.plan.detail == Detail::Heat {
        pen.alpha(if is_down(broker) { DOWN_ALPHA } else { 1.0 });
        return squares::draw(pen, scene, place);
    }
    let seen = || place.lanes.iter().filter(|lane| lane.rect.meets(window));
    for lane in seen() {
        let replica = &scene.frame.replicas[lane.replica];
        match scene.plan.detail {
            Detail::Lanes => full_lane(pen, scene, broker, replica, lane),
            _ => bar(pen, scene, broker, replica, lane),
        }
    }
    pen.alpha(1.0);
    if scene.plan.detail == Detail::Lanes && !is_down(broker) {
        // On top of the lanes, because they stand between two.
        seen().for_each(|lane| markers(pen, scene, lane));
    }
}

/// Beside the number of a small card: how many partitions the broker leads, for the broker that leads most.
fn share_of_leaders(pen: &Pen, broker: &BrokerView, rect: Rect, most: u32) {
    let room = Rect::new(rect.x + 27.0, rect.y + 7.0, rect.width - 27.0 - 16.0, 4.0);
    if room.width > 6.0 && most > 0 {
        let width = room.width * f64::from(broker.leads) / f64::from(most);
        pen.filled(room, 2.0, &pen.theme.lane);
        pen.filled(Rect { width: width.max(1.0), ..room }, 2.0, &pen.theme.ink_faint);
    }
}

fn is_down(broker: &BrokerView) -> bool {
    matches!(broker.process, Process::Stopped | Process::Crashed | Process::MachineDown)
}

fn is_troubled(broker: &BrokerView) -> bool {
    is_down(broker) || broker.process == Process::Frozen
}

fn card(pen: &Pen, broker: &BrokerView, rect: Rect) {
    let (theme, troubled) = (pen.theme, is_troubled(broker));
    pen.filled(rect, 12.0, &theme.panel);
    pen.dashed(troubled);
    pen.outlined(rect, 12.0, if troubled { &theme.bad } else { &theme.line }, 1.0);
    pen.dashed(false);
}

/// Whose card it is and how that broker is, in `rect` at the top of a card so wide.
fn head(pen: &Pen, scene: &Scene, at: usize, broker: &BrokerView, (card_width, rect): (f64, Rect)) {
    let theme = pen.theme;
    let narrow = rect.width < LEADS_ALONE_BELOW;
    let (state, color) = state_of(pen, broker, narrow, true);
    let small = card_width < SMALL_BELOW;
    if small {
        share_of_leaders(pen, broker, rect, scene.most_led());
    }
    let y = rect.y + if small { 12.0 } else { 22.0 };
    let ink = if is_down(broker) { &theme.ink_faint } else { &theme.ink };
    let size = if small { 9.5 } else { 14.0 };
    // Where brokers stand by rack, the rack's name stands above them.
    let rack = scene.names.racks.get(at).filter(|rack| !rack.is_empty() && scene.plan.racks.is_empty());
    let rack = rack.map(|rack| format!("rack {rack}")).unwrap_or_default();
    let name = if small { broker.id.to_string() } else { format!("Broker {}", broker.id) };
    let inset = if small { 6.0 } else { 18.0 };
    let mut x = rect.x + inset;
    x += pen.text(&name, (x, y), bold(size), ink, Align::Left, rect.width - 2.0 * inset) + 8.0;
    if small {
        if is_troubled(broker) || broker.fenced {
            pen.text("✕", (rect.right() - 5.0, y), bold(size), &theme.bad, Align::Right, 12.0);
        }
        if rect.width > 80.0 {
            pen.text(&rack, (x, y), plain(size), &theme.ink_faint, Align::Left, rect.right() - x - 20.0);
        }
        return;
    }
    let right = rect.right() - 16.0;
    let used = if card_width < TWO_LINES_BELOW {
        let state = state.split(", fenced").next().unwrap_or_default();
        let below = (rect.x + inset, y + SECOND_LINE);
        pen.text(state, below, plain(12.0), color, Align::Left, right - below.0);
        0.0
    } else {
        let room = right - x - 20.0;
        let fits = pen.width(&state, plain(12.0)) <= room;
        // Without its times a state is still whole.
        let state = if fits { state } else { state_of(pen, broker, narrow, false).0 };
        pen.text(&state, (right, y), plain(12.0), color, Align::Right, room)
    };
    let room = right - used - x - 10.0;
    // Part of a name is no name.
    if !rack.is_empty() && pen.width(&rack, plain(12.0)) <= room {
        x += pen.text(&rack, (x, y), plain(12.0), &theme.ink_faint, Align::Left, room) + 10.0;
    }
    let links = match broker.links {
        Links::Good => return,
        Links::Slow => "links slowed",
        Links::Cut => "links cut",
    };
    let color = if broker.links == Links::Cut { &theme.bad } else { &theme.now };
    pen.text(links, (x, y), plain(12.0), color, Align::Left, right - used - x - 10.0);
}

/// What stands at the right of a broker's card, with the times since when or without, and in which colour.
fn state_of<'a>(pen: &'a Pen, broker: &BrokerView, narrow: bool, timed: bool) -> (String, &'a str) {
    let theme = pen.theme;
    let at = |us| if timed { format!(" at {}", seconds(us)) } else { String::new() };
    let since = at(broker.since_us);
    let fenced =
        if broker.fenced { format!(", fenced{}", at(broker.fenced_since_us)) } else { String::new() };
    match broker.process {
        Process::Running if broker.fenced => (format!("fenced{}", at(broker.fenced_since_us)), &theme.bad),
        Process::Running if narrow => (format!("leads {}", broker.leads), &theme.ink_soft),
        Process::Running => (format!("leads {}, follows {}", broker.leads, broker.follows), &theme.ink_soft),
        Process::Starting => (format!("starts{fenced}"), &theme.now),
        Process::Stopping => ("shuts down".to_owned(), &theme.now),
        Process::Stopped => (format!("shut down{since}{fenced}"), &theme.ink_faint),
        Process::Crashed => (format!("✕ crashed{since}{fenced}"), &theme.bad),
        Process::MachineDown => (format!("✕ machine off{since}{fenced}"), &theme.bad),
        Process::Frozen => (format!("❄ frozen{since}{fenced}"), &theme.bad),
    }
}

/// Whether the controller's image says that this replica leads.
fn leads(scene: &Scene, replica: &ReplicaView) -> bool {
    scene.partition(replica.partition).is_some_and(|partition| partition.leader == replica.broker)
}

fn full_lane(pen: &Pen, scene: &Scene, broker: &BrokerView, replica: &ReplicaView, lane: &LanePlace) {
    let theme = pen.theme;
    let rect = lane.rect;
    let leader = leads(scene, replica);
    let (track, middle) = track_of(scene, lane);
    let name_x = rect.x + 26.0;
    let ink = match (is_down(broker), leader) {
        (true, _) => &theme.ink_faint,
        (false, true) => &theme.ink,
        (false, false) => &theme.ink_soft,
    };
    // What is faded can still be read.
    pen.alpha(1.0);
    if leader {
        pen.text("♛", (rect.x + 8.0, middle + 4.5), plain(13.0), ink, Align::Left, 20.0);
    }
    let name = scene.partition_name(replica.partition);
    let kind = if leader { bold(12.0) } else { plain(12.0) };
    pen.partition(&name, (name_x, middle + 4.5), kind, ink, scene.plan.name_width - 22.0);
    pen.alpha(if is_down(broker) { DOWN_ALPHA } else { 1.0 });
    pen.filled(track, 5.0, &theme.lane);
    let ruler = Ruler::new(scene, replica, track);
    let cells =
        &scene.frame.cells[replica.first_cell as usize..(replica.first_cell + replica.cells) as usize];
    pen.ctx.save();
    clip(pen, track);
    // Once for all of them: there are hundreds.
    pen.font(CELL_TYPE);
    for (at, one) in cells.iter().enumerate() {
        let x = ruler.cell(one, at, cells.len());
        // What a dead broker knew of the high watermark says nothing any more.
        let committed = is_down(broker) || one.offset + u64::from(one.count) <= replica.high_watermark;
        cell(pen, scene, one, (x, middle), committed, leader);
    }
    pen.ctx.restore();
    // Where time flies, more came than the last window shows: what is beyond the lane stands at its end.
    let last = track.right() - 8.0;
    let high = ruler.offset(replica.high_watermark).min(last);
    if high > track.x && !is_down(broker) {
        pen.line((high - 1.5, middle - 11.0), (high - 1.5, middle + 11.0), &theme.ink, 1.8);
    }
    let end = ruler.offset(replica.log_end).min(last);
    if end > track.x {
        pen.chevron(end + 2.0, middle, &theme.ink);
    }
    pen.alpha(1.0);
    remarks(pen, scene, replica, cells, (end.max(track.x) + END_GAP, middle), track);
}

/// The cells that can be seen of a lane, each with its place.
pub(super) fn cells_of<'a>(scene: &Scene<'a>, lane: &LanePlace) -> Vec<(&'a Cell, Rect)> {
    let replica = &scene.frame.replicas[lane.replica];
    let (track, middle) = track_of(scene, lane);
    let ruler = Ruler::new(scene, replica, track);
    let cells =
        &scene.frame.cells[replica.first_cell as usize..(replica.first_cell + replica.cells) as usize];
    let place = |(at, one)| {
        let x = ruler.cell(one, at, cells.len()) + 1.0;
        (one, Rect::new(x, middle - CELL / 2.0, CELL, CELL))
    };
    cells
        .iter()
        .enumerate()
        .map(place)
        .filter(|(_, rect)| rect.x >= track.x && rect.right() <= track.right())
        .collect()
}

pub(super) fn clip(pen: &Pen, rect: Rect) {
    pen.ctx.begin_path();
    pen.ctx.rect(rect.x, rect.y, rect.width, rect.height);
    pen.ctx.clip();
}

/// Where offsets stand in a lane. All lanes of a partition share it, so that copies line up.
struct Ruler {
    right: f64,
    /// The offset that stands at `right`.
    end: f64,
    /// Cells are batches: they stand by their number, not by offset.
    batches: bool,
    high_in_cells: f64,
    log_end: u64,
}

impl Ruler {
    fn new(scene: &Scene, replica: &ReplicaView, track: Rect) -> Self {
        let cells =
            &scene.frame.cells[replica.first_cell as usize..(replica.first_cell + replica.cells) as usize];
        let batches = cells.iter().any(|cell| cell.count > 1);
        let end =
            scene.ends.get(replica.partition as usize).copied().flatten().unwrap_or(replica.log_end as f64);
        let below =
            cells.iter().filter(|cell| cell.offset + u64::from(cell.count) <= replica.high_watermark).count();
        let high_in_cells = cells.len() as f64 - below as f64;
        Ruler { right: track.right() - 22.0, end, batches, high_in_cells, log_end: replica.log_end }
    }

    /// The left edge of a record's place.
    fn offset(&self, offset: u64) -> f64 {
        if self.batches {
            let behind = if offset >= self.log_end { 0.0 } else { self.high_in_cells };
            return self.right - behind * CELL_PITCH;
        }
        self.right - (self.end - offset as f64) * CELL_PITCH
    }

    fn cell(&self, cell: &Cell, at: usize, count: usize) -> f64 {
        if self.batches { self.right - (count - at) as f64 * CELL_PITCH } else { self.offset(cell.offset) }
    }
}

fn cell(pen: &Pen, scene: &Scene, one: &Cell, (x, middle): (f64, f64), committed: bool, leader: bool) {
    let theme = pen.theme;
    let rect = Rect::new(x + 1.0, middle - CELL / 2.0, CELL, CELL);
    let color = if one.followed { &theme.follow } else { &theme.cell };
    let mut ink = match (one.followed, leader) {
        (true, true) => &theme.follow_ink,
        (true, false) => &theme.follow_copy_ink,
        (false, _) => &theme.cell_ink,
    };
    let before = pen.ctx.global_alpha();
    if committed && leader {
        pen.filled(rect, 3.0, color);
    } else if committed {
        pen.alpha(before * 0.72);
        pen.filled(rect, 3.0, color);
        pen.alpha(before);
    } else {
        // Not on every in-sync replica yet: an outline.
        pen.outlined(rect.grown(-0.75), 3.0, color, 1.5);
        ink = if one.followed { &theme.follow } else { &theme.ink_soft };
    }
    let label = if one.count > 1 { short_count(one.count) } else { key_label(scene, one.key) };
    let place = (x + 1.0 + CELL / 2.0, middle + 3.0);
    if before < 1.0 {
        // What is faded can still be read.
        pen.alpha(1.0);
        ink = if one.followed { &theme.ink } else { &theme.ink_soft };
    }
    pen.text_again(&label, place, CELL_TYPE, ink, Align::Center, CELL);
    if before < 1.0 {
        pen.alpha(before);
    }
}

fn short_count(count: u32) -> String {
    if count < 1_000 { count.to_string() } else { format!("{}k", count / 1_000) }
}

/// A key in a cell: what tells it from others, in two characters.
fn key_label(scene: &Scene, key: u32) -> String {
    if key == NONE {
        return String::new();
    }
    let Some(key) = scene.names.keys.get(key as usize) else { return String::new() };
    let tail = key.rsplit(['-', '_', ':', '.']).next().unwrap_or(key);
    tail.chars().take(2).collect()
}

/// Beside the end of a lane: out of sync, how far behind (of one in sync where none of its cells can be seen), what is
/// only here.
fn remarks(pen: &Pen, scene: &Scene, replica: &ReplicaView, cells: &[Cell], at: (f64, f64), track: Rect) {
    let theme = pen.theme;
    let ahead =
        scene.frame.replicas.iter().filter(|other| other.partition == replica.partition && other.leads);
    let leader_end = ahead.map(|leader| leader.log_end).max().unwrap_or(replica.log_end);
    let behind = leader_end.saturating_sub(replica.log_end);
    let alone = cells.iter().any(|cell| cell.only_here) && !replica.leads;
    let room = track.right() - at.0 - 2.0;
    if alone {
        let width = pen.width("only here", plain(11.0));
        let x = if room < width { track.right() - width - 4.0 } else { at.0 };
        pen.filled(Rect::new(x - 4.0, at.1 - 9.0, width + 8.0, 18.0), 5.0, &theme.panel);
        pen.text("only here", (x, at.1 + 4.0), plain(11.0), &theme.bad, Align::Left, width + 1.0);
    } else if behind > 0 && (!replica.in_sync || at.0 <= track.x + END_GAP) {
        let text = format!("{} behind", number(behind));
        let x = if room < 70.0 { track.x + 8.0 } else { at.0 };
        pen.text(&text, (x, at.1 + 4.0), plain(11.0), &theme.ink_soft, Align::Left, 120.0);
    } else if !replica.in_sync {
        let width = pen.width("not in sync", plain(11.0));
        let under = Rect::new(track.x + 2.0, at.1 - 9.0, width + 8.0, 18.0);
        pen.filled(under, 5.0, &theme.panel);
        let place = (under.x + 4.0, at.1 + 4.0);
        pen.text("not in sync", place, plain(11.0), &theme.bad, Align::Left, width + 1.0);
    }
}

/// Under the leader's lane: what groups committed, and where their members are.
fn markers(pen: &Pen, scene: &Scene, lane: &LanePlace) {
    let replica = &scene.frame.replicas[lane.replica];
    if !leads(scene, replica) {
        return;
    }
    let (track, middle) = track_of(scene, lane);
    let ruler = Ruler::new(scene, replica, track);
    if ruler.batches {
        return;
    }
    let y = middle + if lane.rect.height > 30.0 { 12.5 } else { 9.0 };
    let inside = |x: f64| x.clamp(track.x + 4.0, track.right() - 4.0);
    for owned in scene.frame.owned.iter().filter(|owned| owned.partition == replica.partition) {
        pen.triangle(inside(ruler.offset(owned.position)), y, false, &pen.theme.ink_soft);
        if owned.committed != u64::MAX {
            pen.triangle(inside(ruler.offset(owned.committed)), y, true, &pen.theme.ink);
        }
    }
}

/// Where a lane's cells stand, and its middle line.
pub(super) fn track_of(scene: &Scene, lane: &LanePlace) -> (Rect, f64) {
    let rect = lane.rect;
    let middle = rect.y + rect.height / 2.0 - if rect.height > 30.0 { 3.0 } else { 0.0 };
    let left = scene.plan.name_width + 6.0;
    (Rect::new(rect.x + left, middle - 11.0, rect.width - left - 6.0, 22.0), middle)
}

fn bar(pen: &Pen, scene: &Scene, broker: &BrokerView, replica: &ReplicaView, lane: &LanePlace) {
    let theme = pen.theme;
    let leader = leads(scene, replica);
    let rect = lane.rect;
    let y = rect.y + rect.height / 2.0;
    pen.alpha(1.0);
    let name = scene.partition_name(replica.partition);
    let kind = if leader { bold(10.0) } else { plain(10.0) };
    let place = (rect.x + 10.0, y + 3.5);
    pen.partition(&name, place, kind, &theme.ink_soft, scene.plan.name_width - 6.0);
    let state = Square::of(replica, scene.partition(replica.partition));
    let sign = match state {
        Square::Offline => Some(("✕", &theme.bad)),
        Square::UnderReplicated => Some(("♛", &theme.bad)),
        _ if leader => Some(("♛", &theme.ink)),
        _ => None,
    };
    if let Some((sign, color)) = sign {
        pen.text(sign, (rect.x - 2.0, y + 3.5), plain(9.0), color, Align::Left, 12.0);
    }
    pen.alpha(if is_down(broker) { DOWN_ALPHA } else { 1.0 });
    // What is high enough for a finger is no thicker for that.
    let height = (rect.height - 4.0).min(BAR_MOST);
    let track = Rect::new(
        rect.x + scene.plan.name_width + 6.0,
        y - height / 2.0,
        rect.width - scene.plan.name_width - 12.0,
        height,
    );
    pen.filled(track, 3.0, &theme.lane);
    let most = scene.longest_log.max(1) as f64;
    let part = |offset: u64| track.width * offset as f64 / most;
    let color = match state {
        Square::UnderReplicated => &theme.bad,
        _ if leader => &theme.ink_faint,
        _ => &theme.cell,
    };
    pen.filled(Rect { width: part(replica.log_end).max(1.0), ..track }, 3.0, color);
    let high = track.x + part(replica.high_watermark);
    pen.line((high, track.y), (high, track.bottom()), &theme.ink, 1.2);
    if !replica.in_sync {
        pen.dashed(true);
        pen.outlined(track, 3.0, &theme.bad, 1.0);
        pen.dashed(false);
    }
}
