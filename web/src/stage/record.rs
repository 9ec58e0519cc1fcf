//! The record that is followed: its cell in every replica that has it, and its way from place to place.
use super::Scene;
use super::brokers::{cells_of, track_of};
use super::flights::{Curve, curve, rect_of};
use super::layout::{Detail, LanePlace, Rect};
use super::pen::{Align, Pen, bold};
use kafkarium_core::observe::life::{Life, Pick, Step, StepKind};
use kafkarium_core::observe::view::{Cell, Place, ReplicaView};

/// The size of a step's number, and how far numbers at one place stand apart.
const NUMBER: f64 = 7.5;
const NUMBER_PITCH: f64 = 17.0;

/// The record whose cell stands at a point, or nearest to it where a finger points.
pub fn at(scene: &Scene, x: f64, y: f64) -> Option<Pick> {
    // A finger finds the nearest; who meant another picks it among the partition's newest records.
    let near = |rect: Rect| {
        let ((middle, line), room) = (rect.middle(), scene.plan.target.max(rect.width + 2.0) / 2.0);
        let away = (x - middle).abs();
        (away <= room && (y - line).abs() <= room).then_some(away)
    };
    lanes(scene).find_map(|(lane, replica)| {
        let inside = lane.rect.contains(x, y).then(|| cells_of(scene, lane));
        let reached = inside?.into_iter().filter_map(|(cell, rect)| Some((near(rect)?, cell.offset)));
        let (_, offset) = reached.min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Pick::Offset { partition: replica.partition, broker: replica.broker, offset })
    })
}

/// All lanes with cells, and their replicas.
fn lanes<'a>(scene: &'a Scene) -> impl Iterator<Item = (&'a LanePlace, &'a ReplicaView)> {
    let shown = scene.plan.detail == Detail::Lanes;
    let lanes = scene.plan.brokers.iter().filter(move |_| shown).flat_map(|broker| &broker.lanes);
    lanes.filter_map(|lane| Some((lane, scene.frame.replicas.get(lane.replica)?)))
}

/// Marks the record pointed at.
pub fn pointed(pen: &Pen, scene: &Scene, record: Pick) {
    let Pick::Offset { partition, broker, offset } = record else { return };
    for (lane, _) in lanes(scene).filter(|(_, of)| (of.partition, of.broker) == (partition, broker)) {
        for (_, rect) in cells_of(scene, lane).into_iter().filter(|(cell, _)| cell.offset == offset) {
            pen.outlined(rect.grown(2.0), 4.5, &pen.theme.ink_soft, 1.2);
        }
    }
}

/// Draws the followed record at the moment `time_us`: where it is, the way it came, and paler the way it will go.
pub fn draw(pen: &Pen, scene: &Scene, life: &Life, time_us: f64) {
    let reached = life.steps.iter().take_while(|step| step.time_us as f64 <= time_us).count();
    ways(pen, scene, life, reached);
    copies(pen, scene, life, reached);
    if scene.plan.detail != Detail::Heat {
        numbers(pen, scene, life, reached);
    }
    pen.alpha(1.0);
}

fn ways(pen: &Pen, scene: &Scene, life: &Life, reached: usize) {
    for (at, step) in life.steps.iter().enumerate() {
        let Some(way) = step.from.and_then(|from| curve(scene, from, step.at)) else { continue };
        let (now, to_come) = (at + 1 == reached, at >= reached);
        // Where all stands one below the other, ways run over cards: cells are still to be read.
        pen.alpha(match (now, to_come) {
            (true, _) => 0.95,
            (_, true) => 0.35,
            _ if scene.plan.stacked => 0.45,
            _ => 0.95,
        });
        pen.dashed(to_come);
        pen.stroke(&pen.theme.follow, if now { 2.6 } else { 1.4 });
        stroke(pen, &way);
    }
    pen.dashed(false);
}

fn stroke(pen: &Pen, way: &Curve) {
    let Curve { from, bend_from, bend_to, to } = *way;
    pen.ctx.begin_path();
    pen.ctx.move_to(from.0, from.1);
    pen.ctx.bezier_curve_to(bend_from.0, bend_from.1, bend_to.0, bend_to.1, to.0, to.1);
    pen.ctx.stroke();
}

/// A ring around the record in every log that has it; where older cells are out of sight, a mark at the edge.
fn copies(pen: &Pen, scene: &Scene, life: &Life, reached: usize) {
    pen.alpha(1.0);
    let (follow, panel) = (&pen.theme.follow, &pen.theme.panel);
    for (lane, replica) in lanes(scene).filter(|(_, replica)| Some(replica.partition) == life.partition) {
        let cells = cells_of(scene, lane);
        for &(offset, epoch) in &life.copies {
            let its = |cell: &Cell| {
                (cell.offset..cell.offset + u64::from(cell.count)).contains(&offset)
                    && cell.leader_epoch == epoch
            };
            if let Some((_, rect)) = cells.iter().find(|(cell, _)| its(cell)) {
                pen.outlined(rect.grown(2.5), 5.0, panel, 4.0);
                pen.outlined(rect.grown(2.5), 5.0, follow, 2.2);
            } else if older(&cells, offset) && has_it(life, replica.broker, reached) {
                let (track, middle) = track_of(scene, lane);
                pen.filled(Rect::new(track.x - 3.0, middle - 8.0, 4.0, 16.0), 2.0, follow);
            }
        }
    }
}

fn older(cells: &[(&Cell, Rect)], offset: u64) -> bool {
    cells.first().is_some_and(|(cell, _)| offset < cell.offset)
}

/// Whether a broker's log has the record after so many steps.
fn has_it(life: &Life, broker: u32, reached: usize) -> bool {
    let there = |step: &&Step| step.at == Place::Broker(broker);
    let of = life.steps[..reached].iter().filter(there).rev().find_map(|step| match step.kind {
        StepKind::Append | StepKind::Replicate => Some(true),
        StepKind::Truncate | StepKind::Retention => Some(false),
        _ => None,
    });
    of.unwrap_or(false)
}

/// The steps' numbers, as in the list, at the places where they happen.
fn numbers(pen: &Pen, scene: &Scene, life: &Life, reached: usize) {
    let mut places: Vec<(Place, u32)> = Vec::new();
    for (at, step) in life.steps.iter().enumerate() {
        let place = if step.kind == StepKind::Batch { step.from.unwrap_or(step.at) } else { step.at };
        let known = places.iter().position(|(other, _)| *other == place).unwrap_or_else(|| {
            places.push((place, 0));
            places.len() - 1
        });
        let column = f64::from(places[known].1);
        places[known].1 += 1;
        let Some(rect) = rect_of(scene, place) else { continue };
        // Beside the name that stands at the left, on the card or above it.
        let x = rect.x + (rect.width * 0.42).clamp(68.0, 90.0) + column * NUMBER_PITCH;
        if x + NUMBER <= rect.right() {
            number(pen, (x, rect.y), at, reached);
        }
    }
}

fn number(pen: &Pen, (x, y): (f64, f64), at: usize, reached: usize) {
    let theme = pen.theme;
    let now = at + 1 == reached;
    pen.alpha(1.0);
    let circle = Rect::new(x - NUMBER, y - NUMBER, 2.0 * NUMBER, 2.0 * NUMBER);
    if at < reached {
        pen.filled(circle.grown(if now { 1.5 } else { 0.0 }), NUMBER + 2.0, &theme.follow);
    } else {
        pen.filled(circle, NUMBER, &theme.panel);
        pen.outlined(circle, NUMBER, &theme.line, 1.0);
    }
    let ink = if at < reached { &theme.follow_ink } else { &theme.ink_faint };
    pen.text(&(at + 1).to_string(), (x, y + 3.2), bold(9.0), ink, Align::Center, 16.0);
}
