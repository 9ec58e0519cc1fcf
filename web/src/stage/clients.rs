//! Producers at the left, consumer groups with their members at the right.
use super::layout::{GroupPlace, MEMBER_HEAD, MEMBER_ROW, Rect};
use super::pen::{Align, Pen, bold, plain};
use super::{Scene, number};
use crate::order::by_rank;
use kafkarium_core::observe::view::{ConsumerView, NONE, Process};

/// More records than this that a member has not read are marked.
const MUCH_LAG: u64 = 100;
/// A member lower than this is a square without words.
const SQUARE_BELOW: f64 = 20.0;
/// On a producer's card narrower than this there is only room for its name.
const NAME_ALONE_BELOW: f64 = 90.0;

pub fn producers(pen: &Pen, scene: &Scene) {
    let theme = pen.theme;
    if let Some(first) = scene.plan.producers.first() {
        pen.text(
            "Producers",
            (first.x, first.y - 8.0),
            plain(12.0),
            &theme.ink_soft,
            Align::Left,
            first.width,
        );
    }
    for (at, (producer, &rect)) in scene.frame.producers.iter().zip(&scene.plan.producers).enumerate() {
        let none = (String::new(), String::new(), String::new());
        let (name, _, load) = scene.names.producers.get(at).unwrap_or(&none);
        let down = producer.process != Process::Running;
        let ink = if down { &theme.ink_faint } else { &theme.ink };
        pen.filled(rect, 10.0, &theme.panel);
        pen.dashed(down);
        pen.outlined(rect, 10.0, &theme.line, 1.0);
        pen.dashed(false);
        let (x, room) = (rect.x + 12.0, rect.width - 20.0);
        if rect.height < 40.0 || rect.width < NAME_ALONE_BELOW {
            pen.text(name, (x, rect.middle().1 + 3.5), plain(10.0), ink, Align::Left, room);
            continue;
        }
        pen.text(name, (x, rect.y + 20.0), bold(13.0), ink, Align::Left, room);
        let load =
            if pen.width(load, plain(11.0)) > room { load.replace(", keyed", "") } else { load.clone() };
        let load = load.replace("poisson ", "~");
        let high = rect.height > 70.0;
        let (first, second) = if high { in_two(pen, &load, room) } else { (load.as_str(), "") };
        pen.text(first, (x, rect.y + 37.0), plain(11.0), &theme.ink_soft, Align::Left, room);
        pen.text(second, (x, rect.y + 51.0), plain(11.0), &theme.ink_soft, Align::Left, room);
        let (text, color) = doing(scene, producer, &theme.ink_faint, &theme.bad);
        if rect.height >= 56.0 {
            let size = if pen.width(&text, plain(11.0)) <= room { 11.0 } else { 10.0 };
            let y = rect.y
                + if !second.is_empty() {
                    70.0
                } else if high {
                    58.0
                } else {
                    52.0
                };
            pen.text(&text, (x, y), plain(size), color, Align::Left, room);
        }
    }
}

/// A text in two lines, broken between words, where it has no room in one.
fn in_two<'a>(pen: &Pen, text: &'a str, room: f64) -> (&'a str, &'a str) {
    let fits = |text: &str| pen.width(text, plain(11.0)) <= room;
    let words = || text.rmatch_indices(' ').map(|(at, _)| (&text[..at], &text[at + 1..]));
    if fits(text) { (text, "") } else { words().find(|(first, _)| fits(first)).unwrap_or((text, "")) }
}

fn doing<'a>(
    scene: &Scene,
    producer: &kafkarium_core::observe::view::ProducerView,
    calm: &'a str,
    bad: &'a str,
) -> (String, &'a str) {
    if producer.process != Process::Running {
        return ("stopped".to_owned(), calm);
    }
    if producer.blocked {
        return ("send() blocks".to_owned(), bad);
    }
    if producer.waiting > 20 && producer.waiting_for != NONE {
        return (
            format!("{} wait for {}", number(producer.waiting), scene.partition_name(producer.waiting_for)),
            bad,
        );
    }
    (format!("{} acknowledged", number(producer.acknowledged)), calm)
}

pub fn groups(pen: &Pen, scene: &Scene) {
    let theme = pen.theme;
    for (at, place) in scene.plan.groups.iter().enumerate() {
        let name = scene.names.groups.get(at).map_or("", String::as_str);
        let rect = place.rect;
        pen.text(
            &format!("Group {name}"),
            (rect.x, rect.y + 12.0),
            plain(12.0),
            &theme.ink_soft,
            Align::Left,
            rect.width,
        );
        if let Some(group) = scene.frame.groups.get(at) {
            let lag = format!("lag {}", number(group.lag));
            let used = pen.width(&format!("Group {name} {lag}"), plain(12.0)) + 10.0;
            if group.lag > 0 && used <= rect.width {
                let place = (rect.right() - 2.0, rect.y + 12.0);
                pen.text(&lag, place, plain(12.0), &theme.ink_soft, Align::Right, rect.width);
            }
            let (word, color) = match group.state {
                0 => ("Empty", &theme.ink_faint),
                1 => ("PreparingRebalance", &theme.now),
                2 => ("CompletingRebalance", &theme.now),
                3 => ("Stable", &theme.good),
                _ => ("Dead", &theme.bad),
            };
            let (word, color) =
                if group.coordinator == NONE { ("no coordinator", &theme.bad) } else { (word, color) };
            pen.dot(rect.x + 4.0, rect.y + 25.0, 3.5, color);
            let long = format!("{word} · generation {}", group.generation);
            let fits = pen.width(&long, plain(12.0)) <= rect.width - 13.0;
            let text = if group.coordinator == NONE || !fits { word.to_owned() } else { long };
            // Part of a state is no state.
            let size = if pen.width(&text, plain(12.0)) <= rect.width - 13.0 { 12.0 } else { 11.0 };
            pen.text(
                &text,
                (rect.x + 13.0, rect.y + 29.0),
                plain(size),
                color,
                Align::Left,
                rect.width - 13.0,
            );
        }
        let lags = lags_of_squares(scene, place);
        let word = lag_word(scene, rect.width);
        for &(member, rect) in &place.members {
            let Some(consumer) = scene.frame.consumers.get(member) else { continue };
            if rect.height < SQUARE_BELOW {
                if consumer.process == Process::Running {
                    let lag: u64 = lags.get(member).copied().unwrap_or(0);
                    pen.filled(rect, 3.0, if lag > MUCH_LAG { &theme.bad } else { &theme.cell });
                } else {
                    pen.outlined(rect.grown(-0.75), 3.0, &theme.bad, 1.5);
                }
            } else {
                member_card(pen, scene, member, consumer, rect, word);
            }
        }
    }
}

/// What a member's lag, which is that from its position on, is called on a card: a consumer's `records-lag`, if there is
/// room for that beside the longest name.
fn lag_word(scene: &Scene, width: f64) -> &'static str {
    let shown = scene.names.partitions.iter().filter(|(_, _, internal)| !internal);
    let longest =
        shown.map(|(topic, index, _)| topic.len() as u32 + index.max(&1).ilog10()).max().unwrap_or(0);
    // What stands around them: `-0`, 24 pixels of edges, a space and a number of three digits.
    if f64::from(longest + 18) * 6.0 + 24.0 <= width { "records-lag" } else { "lag" }
}

/// The lag of each consumer, where members are squares.
fn lags_of_squares(scene: &Scene, place: &GroupPlace) -> Vec<u64> {
    let mut lags = vec![0; scene.frame.consumers.len()];
    if place.members.iter().any(|(_, rect)| rect.height < SQUARE_BELOW) {
        for owned in &scene.frame.owned {
            if let Some(lag) = lags.get_mut(owned.consumer as usize) {
                *lag += owned.lag;
            }
        }
    }
    lags
}

fn member_card(pen: &Pen, scene: &Scene, at: usize, consumer: &ConsumerView, rect: Rect, lag_word: &str) {
    let theme = pen.theme;
    let mut owned: Vec<_> = scene.frame.owned.iter().filter(|owned| owned.consumer as usize == at).collect();
    let idle = owned.is_empty();
    let gone = matches!(consumer.process, Process::Crashed | Process::Stopped | Process::MachineDown);
    let ink = if gone { &theme.ink_faint } else { &theme.ink };
    pen.filled(rect, 10.0, &theme.panel);
    pen.dashed(idle || gone);
    pen.outlined(
        rect,
        10.0,
        if consumer.process == Process::Crashed { &theme.bad } else { &theme.line },
        1.0,
    );
    pen.dashed(false);
    let (x, room) = (rect.x + 12.0, rect.width - 24.0);
    let name = scene.names.consumers.get(at).map_or("", |(name, _)| name.as_str());
    let state = match consumer.process {
        Process::Crashed | Process::MachineDown => "crashed",
        Process::Frozen => "frozen",
        Process::Stopped => "closed",
        Process::Stopping => "closes",
        _ if consumer.slowdown_percent > 100 => "slow",
        _ => "",
    };
    let used =
        pen.text(state, (rect.right() - 12.0, rect.y + 20.0), plain(11.0), &theme.bad, Align::Right, 60.0);
    pen.text(name, (x, rect.y + 20.0), bold(13.0), ink, Align::Left, room - used - 6.0);
    if idle {
        let text = if gone || !consumer.joined { "no partitions" } else { "idle: no partition left" };
        pen.text(text, (x, rect.y + 39.0), plain(11.0), &theme.ink_faint, Align::Left, room);
    }
    let mut rows: Vec<(String, u64)> = Vec::new();
    let room_for = (((rect.height - MEMBER_HEAD) / MEMBER_ROW).round() as usize).max(1);
    if owned.len() > room_for {
        // Of many, all together and those with much lag; in an order that does not change with every record.
        let all = owned.len();
        let name = if room_for > 1 { format!("all {all}") } else { format!("{all} partitions") };
        rows.push((name, owned.iter().map(|owned| owned.lag).sum()));
        owned = by_rank(owned, |owned| u64::from(owned.lag <= MUCH_LAG) << 32 | u64::from(owned.partition));
        owned.truncate(room_for - 1);
    }
    rows.extend(owned.iter().map(|owned| (scene.partition_name(owned.partition), owned.lag)));
    for (at, (name, lag)) in rows.iter().enumerate() {
        let y = rect.y + 39.0 + at as f64 * MEMBER_ROW;
        let text = format!("{lag_word} {}", number(*lag));
        let color = if *lag > MUCH_LAG { &theme.bad } else { &theme.ink };
        let used = pen.text(&text, (x + room, y), plain(11.0), color, Align::Right, room);
        pen.partition(name, (x, y), plain(11.0), &theme.ink_soft, room - used - 8.0);
    }
}
