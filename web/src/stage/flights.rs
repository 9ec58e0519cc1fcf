//! Messages on their way: small moving shapes under their Kafka names, and the links they travel on.
use super::Scene;
use super::layout::{Detail, Rect};
use super::pen::{Align, Pen, plain};
use kafkarium_core::observe::view::{APIS, Flight, NONE, Place, Process};

/// With more messages than this at once, only what matters is named.
const NAMED_MAX: usize = 8;
/// With this few, even what goes on in the background is named.
const QUIET_MAX: usize = 3;
/// Drawn at most.
const DRAWN_MAX: usize = 400;

/// A cubic curve.
#[derive(Clone, Copy)]
pub(super) struct Curve {
    pub from: (f64, f64),
    pub bend_from: (f64, f64),
    pub bend_to: (f64, f64),
    pub to: (f64, f64),
}

impl Curve {
    fn at(&self, part: f64) -> (f64, f64) {
        let back = 1.0 - part;
        let mix = |a: f64, b: f64, c: f64, d: f64| {
            back * back * back * a
                + 3.0 * back * back * part * b
                + 3.0 * back * part * part * c
                + part * part * part * d
        };
        (
            mix(self.from.0, self.bend_from.0, self.bend_to.0, self.to.0),
            mix(self.from.1, self.bend_from.1, self.bend_to.1, self.to.1),
        )
    }
}

pub(super) fn rect_of(scene: &Scene, place: Place) -> Option<Rect> {
    match place {
        Place::Controller => Some(scene.plan.controller),
        Place::Broker(id) => {
            let at = scene.frame.brokers.binary_search_by_key(&id, |broker| broker.id).ok()?;
            let (rect, window) = (scene.plan.brokers.get(at)?.rect, scene.plan.window);
            // From near, nothing goes to or comes from what is out of sight.
            rect.meets(window).then(|| rect.within(window))
        }
        Place::Producer(at) => scene.plan.producers.get(at as usize).copied(),
        Place::Consumer(at) => {
            let members = scene.plan.groups.iter().flat_map(|group| &group.members);
            members.into_iter().find(|(member, _)| *member == at as usize).map(|&(_, rect)| rect)
        }
    }
}

/// The way between two places. A request and its response share it.
pub(super) fn curve(scene: &Scene, from: Place, to: Place) -> Option<Curve> {
    let (a, b) = (rect_of(scene, from)?, rect_of(scene, to)?);
    let side = |place: Place, rect: Rect, right: bool| {
        let x = if right { rect.right() } else { rect.x };
        let y = match place {
            Place::Broker(_) => rect.y + 22.0_f64.min(rect.height / 2.0),
            _ => rect.middle().1,
        };
        (x, y)
    };
    if scene.plan.stacked {
        let (from, to) = (a.middle(), b.middle());
        let middle = (from.1 + to.1) / 2.0;
        return Some(Curve { from, bend_from: (from.0, middle), bend_to: (to.0, middle), to });
    }
    let bend = 46.0;
    let curve = |from: (f64, f64), to: (f64, f64), from_by: f64, to_by: f64| Curve {
        from,
        bend_from: (from.0 + from_by, from.1),
        bend_to: (to.0 + to_by, to.1),
        to,
    };
    Some(match (from, to) {
        (Place::Producer(_), _) => curve(side(from, a, true), side(to, b, false), bend, -bend),
        (_, Place::Producer(_)) => curve(side(from, a, false), side(to, b, true), -bend, bend),
        (Place::Consumer(_), _) => curve(side(from, a, false), side(to, b, true), -bend, bend),
        (_, Place::Consumer(_)) => curve(side(from, a, true), side(to, b, false), bend, -bend),
        (Place::Controller, _) | (_, Place::Controller) => {
            curve(side(from, a, false), side(to, b, false), -bend * 0.8, -bend * 0.8)
        }
        _ => curve(side(from, a, true), side(to, b, true), bend * 0.8, bend * 0.8),
    })
}

/// The links between clients and the brokers they talk to, faint.
pub fn links(pen: &Pen, scene: &Scene) {
    if scene.plan.detail == Detail::Heat || scene.plan.stacked {
        return;
    }
    pen.alpha(0.8);
    for broker in &scene.frame.brokers {
        let gone = matches!(broker.process, Process::Crashed | Process::MachineDown | Process::Stopped);
        if gone {
            continue;
        }
        for at in 0..scene.plan.producers.len().min(6) {
            stroke(pen, curve(scene, Place::Producer(at as u32), Place::Broker(broker.id)));
        }
    }
    for owned in scene.frame.owned.iter().take(60) {
        let leader = scene.frame.partitions.iter().find(|partition| partition.partition == owned.partition);
        let Some(leader) = leader.filter(|partition| partition.leader != NONE) else { continue };
        stroke(pen, curve(scene, Place::Broker(leader.leader), Place::Consumer(owned.consumer)));
    }
    pen.alpha(1.0);
}

fn stroke(pen: &Pen, curve: Option<Curve>) {
    let Some(curve) = curve else { return };
    pen.stroke(&pen.theme.line, 1.0);
    pen.ctx.begin_path();
    pen.ctx.move_to(curve.from.0, curve.from.1);
    let Curve { bend_from, bend_to, to, .. } = curve;
    pen.ctx.bezier_curve_to(bend_from.0, bend_from.1, bend_to.0, bend_to.1, to.0, to.1);
    pen.ctx.stroke();
}

/// The left edge of a label so wide that would begin at `left`: not over the names on the cards of consumers, where these
/// stand beside the brokers.
fn beside_consumers(scene: &Scene, flight: &Flight, left: f64, width: f64) -> f64 {
    let ends = [flight.from, flight.to].into_iter();
    let consumer = { ends }.find(|place| !scene.plan.stacked && matches!(place, Place::Consumer(_)));
    let card = consumer.and_then(|place| rect_of(scene, place));
    card.map_or(left, |card| left.min(card.x - width - 2.0))
}

/// Draws what is under way at `time_us`.
pub fn draw<'a>(pen: &Pen, scene: &Scene, flights: impl Iterator<Item = &'a Flight>, time_us: f64) {
    let under_way = |flight: &&Flight| flight.start_us as f64 <= time_us && (flight.end_us as f64) > time_us;
    let now: Vec<&Flight> = flights.filter(under_way).take(DRAWN_MAX).collect();
    let many = now.len() > NAMED_MAX;
    // What matters most is drawn last, on top.
    for rank in 0..3 {
        for flight in now.iter().filter(|flight| rank_of(flight) == rank) {
            let Some(curve) = curve(scene, flight.from, flight.to) else { continue };
            let held = flight.end_us == u64::MAX;
            let part = if held {
                0.12
            } else {
                (time_us - flight.start_us as f64) / (flight.end_us - flight.start_us).max(1) as f64
            };
            let named = !flight.response && (rank > 0 || now.len() <= QUIET_MAX) && !(many && rank < 2);
            let named = named && scene.plan.detail != Detail::Heat;
            shape(pen, scene, flight, curve.at(part.clamp(0.0, 1.0)), named, held);
        }
    }
}

/// 2: followed, or an error; 1: a client's; 0: everything else.
fn rank_of(flight: &Flight) -> u8 {
    let client = |place: Place| matches!(place, Place::Producer(_) | Place::Consumer(_));
    if flight.followed || flight.error {
        2
    } else {
        u8::from((client(flight.from) || client(flight.to)) && (flight.records > 0 || flight.api > 1))
    }
}

fn shape(pen: &Pen, scene: &Scene, flight: &Flight, (x, y): (f64, f64), named: bool, held: bool) {
    let theme = pen.theme;
    let color = match (flight.error || held, flight.followed) {
        (true, _) => &theme.bad,
        (false, true) => &theme.follow,
        (false, false) => &theme.ink_soft,
    };
    if !named {
        // Small beside the small numbers of a heat map.
        let size = if scene.plan.detail == Detail::Heat { 0.65 } else { 1.0 };
        if flight.error {
            // Its colour says error; so does its shape.
            pen.line((x - 3.5, y - 3.5), (x + 3.5, y + 3.5), color, 2.0);
            pen.line((x - 3.5, y + 3.5), (x + 3.5, y - 3.5), color, 2.0);
        } else if held {
            pen.filled(Rect::new(x - 3.5, y - 3.5, 7.0, 7.0), 1.0, color);
        } else if flight.response {
            pen.dot(x, y, 3.4 * size, &theme.ground);
            pen.ring(x, y, 3.0 * size, color);
        } else {
            pen.dot(x, y, 3.2 * size, color);
        }
        return;
    }
    let api = APIS.get(flight.api as usize).copied().unwrap_or("");
    let of = if flight.partition == NONE || flight.records == 0 {
        String::new()
    } else {
        format!(" {} ×{}", scene.partition_name(flight.partition), flight.records)
    };
    let state = if flight.error {
        " ✕ error"
    } else if held {
        " held"
    } else {
        ""
    };
    let text = format!("{api}{of}{state}");
    let width = pen.width(&text, plain(10.5)) + 26.0;
    let left = beside_consumers(scene, flight, x - width / 2.0, width).max(4.0);
    let pill = Rect::new(left, y - 10.0, width, 20.0);
    pen.filled(pill, 10.0, &theme.ground);
    pen.outlined(pill, 10.0, color, 1.3);
    pen.dot(left + 11.0, y, 3.2, color);
    pen.text(&text, (left + 19.0, y + 3.7), plain(10.5), &theme.ink, Align::Left, width);
}
