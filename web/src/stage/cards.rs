//! Where the brokers' cards stand, and how much of each replica there is room for.
use super::layout::{BrokerPlace, CELL_PITCH, Detail, LanePlace, Layout, Rect};
use super::zoom::{Zoom, within};

const CARD_HEAD: f64 = 34.0;
const SMALL_HEAD: f64 = 15.0;
/// A broker's card narrower than this shows little more than its number.
pub const SMALL_BELOW: f64 = 130.0;
/// One narrower than this says its state on a second line.
pub const TWO_LINES_BELOW: f64 = 260.0;
/// How far the second line stands below the first.
pub const SECOND_LINE: f64 = 16.0;
pub const GAP: f64 = 10.0;
const SMALL_GAP: f64 = 3.0;
/// What is under the replicas of a card.
const FOOT: f64 = 8.0;
const SMALL_FOOT: f64 = 4.0;
/// The line that names a rack, above its brokers.
const RACK_LINE: f64 = 16.0;
/// The least and the most that a replica's square measures.
const SQUARE_LEAST: f64 = 2.0;
const SQUARE_MOST: f64 = 16.0;

/// A card with bars in it is at least so wide.
pub const BARS_FROM: f64 = 108.0;
/// A card of a grid with lanes in it is at least so wide.
const LANES_FROM: f64 = 400.0;
const BAR_LEAST: f64 = 13.0;
const BAR_MOST: f64 = 20.0;
const LANE_LEAST: f64 = 24.0;
const LANE_MOST: f64 = 38.0;
/// With more replicas than this, none is shown record by record: all of them would have to be told.
const LANES_MOST: usize = 240;
/// The nearest that a column of cards is looked at.
const COLUMN_NEAREST: f64 = 3.0;
/// The same where bars become targets.
const TOUCH_NEAREST: f64 = 1.6;

/// The brokers of one rack, or all of them.
pub struct Band {
    /// The rack's name; empty where there are none.
    pub rack: String,
    /// Indices of brokers.
    pub brokers: Vec<usize>,
}

/// The brokers by rack, in the order in which racks come; one band where racks say nothing.
pub fn bands(count: usize, racks: &[String]) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for at in 0..count {
        let rack = racks.get(at).cloned().unwrap_or_default();
        match bands.iter_mut().find(|band| band.rack == rack) {
            Some(band) => band.brokers.push(at),
            None => bands.push(Band { rack, brokers: vec![at] }),
        }
    }
    // A rack for each broker is no order.
    if bands.len() == count {
        return vec![Band { rack: String::new(), brokers: (0..count).collect() }];
    }
    bands
}

/// Places the brokers' cards in the room for them; where they end.
pub fn place(plan: &mut Layout, room: Rect, zoom: Zoom, replicas: &[Vec<usize>], racks: &[String]) -> f64 {
    let most = replicas.iter().map(Vec::len).max().unwrap_or(0);
    plan.window = room;
    match (replicas.len(), most) {
        (0..=6, 0..=6) => column(plan, room, zoom, replicas, Detail::Lanes),
        (0..=6, 0..=24) => column(plan, room, zoom, replicas, Detail::Bars),
        _ => grid(plan, room, zoom, replicas, racks, most.max(1)),
    }
    if zoom.is_whole() {
        plan.window.height = plan.extent.1;
    }
    let (x, y) = within(zoom.pan, plan.window, plan.extent);
    plan.pan = (x, y);
    plan.move_brokers(-x, -y);
    plan.window.bottom()
}

/// One below the other.
fn column(plan: &mut Layout, room: Rect, zoom: Zoom, replicas: &[Vec<usize>], detail: Detail) {
    let (least, most) = heights(plan.target, detail, zoom);
    let lanes: usize = replicas.iter().map(Vec::len).sum();
    let fixed = replicas.len() as f64 * (CARD_HEAD + FOOT + GAP);
    let lane = ((room.height - fixed) / lanes.max(1) as f64).clamp(least, most);
    // Bars that are only to become high enough for a finger stay as wide as their names and lengths can be read.
    let for_touch = plan.target > 0.0 && detail == Detail::Bars;
    let width = room.width * if for_touch { 1.0 } else { zoom.factor };
    plan.detail = detail;
    plan.nearest = if for_touch { TOUCH_NEAREST } else { COLUMN_NEAREST };
    plan.name_width = (room.width * 0.19).clamp(104.0, 128.0);
    count_cells(plan, width);
    let mut y = room.y;
    for list in replicas {
        let card = Rect::new(room.x, y, width, CARD_HEAD + list.len() as f64 * lane + FOOT);
        plan.brokers.push(BrokerPlace { rect: card, lanes: rows(card, CARD_HEAD, lane, list) });
        y = card.bottom() + GAP;
    }
    plan.extent = (width, y - GAP - room.y);
}

/// The least and the most height of a lane or a bar. Where fingers are to find them, lanes are as high as that takes;
/// bars, of which there are many, only from near.
fn heights(target: f64, detail: Detail, zoom: Zoom) -> (f64, f64) {
    let (least, most) = if detail == Detail::Lanes { (LANE_LEAST, LANE_MOST) } else { (BAR_LEAST, BAR_MOST) };
    let touched = detail == Detail::Lanes || !zoom.is_whole();
    if touched { (least.max(target), most.max(target)) } else { (least, most) }
}

fn count_cells(plan: &mut Layout, card_width: f64) {
    if plan.detail == Detail::Lanes {
        // What a lane has beside its name and its cells.
        let room = card_width - plan.name_width - 50.0;
        plan.cells_per_lane = ((room / CELL_PITCH) as u32).clamp(4, 60);
    }
}

fn rows(card: Rect, head: f64, lane: f64, list: &[usize]) -> Vec<LanePlace> {
    let place = |(row, &replica): (usize, &usize)| LanePlace {
        replica,
        rect: Rect::new(card.x + 8.0, card.y + head + row as f64 * lane, card.width - 16.0, lane),
    };
    list.iter().enumerate().map(place).collect()
}

/// How high the head of a card is.
fn head_height(width: f64) -> f64 {
    match width {
        ..SMALL_BELOW => SMALL_HEAD,
        ..TWO_LINES_BELOW => CARD_HEAD + SECOND_LINE,
        _ => CARD_HEAD,
    }
}

/// Where a card's head stands: at the window's edge where the card begins beyond it, so that its name is in sight.
pub fn head(card: Rect, window: Rect) -> Rect {
    let (seen, height) = (card.within(window), head_height(card.width));
    Rect::new(seen.x, seen.y.min(card.bottom() - height), seen.width, height)
}

/// What all cards of a grid have in common.
#[derive(Clone, Copy)]
struct Grid {
    gap: f64,
    width: f64,
    head: f64,
    foot: f64,
    /// The room for the replicas of one card.
    body: f64,
    rows: f64,
    /// What the names of racks take, all together.
    lines: f64,
}

impl Grid {
    fn new(room: Rect, factor: f64, across: f64, bands: &[Band]) -> Grid {
        let gap = if across > 5.0 { SMALL_GAP } else { GAP };
        let width = (room.width * factor - gap * (across - 1.0)) / across;
        let head = head_height(width);
        let foot = if width < SMALL_BELOW { SMALL_FOOT } else { FOOT };
        let rows: f64 = bands.iter().map(|band| (band.brokers.len() as f64 / across).ceil()).sum();
        let lines = bands.iter().filter(|band| !band.rack.is_empty()).count() as f64 * RACK_LINE;
        let body = (room.height * factor - lines) / rows - head - gap - foot;
        Grid { gap, width, head, foot, body, rows, lines }
    }

    /// The side of the squares that show replicas.
    fn square(&self, most: usize) -> f64 {
        let side = ((self.width - 12.0) * self.body.max(0.0) / most as f64).sqrt().floor();
        side.clamp(SQUARE_LEAST, SQUARE_MOST)
    }

    /// The height of all squares of a card.
    fn squares_height(&self, most: usize) -> f64 {
        let side = self.square(most);
        let per_row = ((self.width - 12.0) / side).floor().max(1.0);
        (most as f64 / per_row).ceil() * side
    }

    /// How good it is: first that all of it can be seen, then that squares are large.
    fn score(&self, most: usize, height: f64) -> f64 {
        if self.width < 44.0 {
            return f64::MIN;
        }
        let card = self.head + self.squares_height(most) + self.foot + self.gap;
        let too_high = (self.lines + self.rows * card - height).max(0.0);
        self.square(most) + self.width.min(BARS_FROM) / 1_000.0 - too_high
    }
}

/// Side by side, rack by rack.
fn grid(plan: &mut Layout, room: Rect, zoom: Zoom, replicas: &[Vec<usize>], racks: &[String], most: usize) {
    let bands = bands(replicas.len(), racks);
    let widest = bands.iter().map(|band| band.brokers.len()).max().unwrap_or(1).min(14);
    let score = |across: usize| Grid::new(room, 1.0, across as f64, &bands).score(most, room.height);
    let across = (1..=widest).max_by(|a, b| score(*a).total_cmp(&score(*b))).unwrap_or(1) as f64;
    let grid = Grid::new(room, zoom.factor, across, &bands);
    plan.nearest = (across * 1.02).max(COLUMN_NEAREST);
    let all: usize = replicas.iter().map(Vec::len).sum();
    let fits = |least: f64| !zoom.is_whole() || most as f64 * least <= grid.body;
    plan.detail = if grid.width >= LANES_FROM && all <= LANES_MOST && fits(LANE_LEAST) {
        Detail::Lanes
    } else if grid.width >= BARS_FROM && fits(BAR_LEAST) {
        Detail::Bars
    } else {
        Detail::Heat
    };
    // On a narrow card the name needs most of a bar's line.
    plan.name_width =
        (grid.width * if grid.width < TWO_LINES_BELOW { 0.62 } else { 0.42 }).clamp(54.0, 120.0);
    count_cells(plan, grid.width);
    let (lane, height) = card_height(plan, &grid, most, zoom);
    plan.brokers = vec![BrokerPlace::default(); replicas.len()];
    let mut y = room.y;
    for band in &bands {
        if !band.rack.is_empty() {
            plan.racks.push((band.rack.clone(), Rect::new(room.x, y, room.width * zoom.factor, RACK_LINE)));
            y += RACK_LINE;
        }
        for (at, &broker) in band.brokers.iter().enumerate() {
            let (column, row) = (at as f64 % across, (at as f64 / across).floor());
            let (x, y) = (room.x + column * (grid.width + grid.gap), y + row * (height + grid.gap));
            let card = Rect::new(x, y, grid.width, height);
            let lanes = match plan.detail {
                Detail::Heat => squares(card, grid.head, lane, &replicas[broker]),
                _ => rows(card, grid.head, lane, &replicas[broker]),
            };
            plan.brokers[broker] = BrokerPlace { rect: card, lanes };
        }
        y += (band.brokers.len() as f64 / across).ceil() * (height + grid.gap);
    }
    plan.extent = (room.width * zoom.factor, y - grid.gap - room.y);
}

/// The height of a lane (or the side of a square), and that of the whole card.
fn card_height(plan: &Layout, grid: &Grid, most: usize, zoom: Zoom) -> (f64, f64) {
    let most_rows = most as f64;
    let (lane, body) = if plan.detail == Detail::Heat {
        (grid.square(most), grid.squares_height(most))
    } else {
        let (least, highest) = heights(plan.target, plan.detail, zoom);
        let lane = (grid.body / most_rows).clamp(least, highest);
        (lane, most_rows * lane)
    };
    (lane, (grid.head + body + grid.foot).max(plan.target))
}

fn squares(card: Rect, head: f64, side: f64, list: &[usize]) -> Vec<LanePlace> {
    let per_row = ((card.width - 12.0) / side).floor().max(1.0);
    // The smallest stand without a gap, or nothing would be left of them.
    let gap = if side < 3.0 { 0.0 } else { 1.0 };
    let place = |(at, &replica): (usize, &usize)| {
        let (column, row) = (at as f64 % per_row, (at as f64 / per_row).floor());
        let (x, y) = (card.x + 6.0 + column * side, card.y + head + row * side);
        LanePlace { replica, rect: Rect::new(x, y, side - gap, side - gap) }
    };
    list.iter().enumerate().map(place).collect()
}
