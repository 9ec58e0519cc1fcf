//! What the signs mean; only those that are on the stage.
use super::Scene;
use super::layout::{Detail, Rect};
use super::pen::{Align, Pen, plain};

pub fn draw(pen: &Pen, scene: &Scene) {
    let theme = pen.theme;
    let first = scene.plan.brokers.first().map_or(Rect::default(), |broker| broker.rect);
    let last = scene.plan.brokers.iter().map(|broker| broker.rect.right()).fold(0.0, f64::max);
    let (start, mut x, mut y) = (first.x + 4.0, first.x + 4.0, scene.plan.legend);
    if scene.plan.detail == Detail::Heat {
        let signs = [("leader", true, true), ("follower", false, true), ("not in sync", false, false)];
        for (text, leads, in_sync) in signs {
            super::brokers::heat_cell(pen, Rect::new(x, y - 8.0, 9.0, 9.0), leads, in_sync);
            x += 14.0;
            x += pen.text(text, (x, y), plain(11.0), &theme.ink_faint, Align::Left, last - x) + 14.0;
        }
        return;
    }
    let signs: [(Sign, &str); 7] = [
        (Sign::Cell, "record, with its key"),
        (Sign::Open, "not on every in-sync replica yet"),
        (Sign::High, "high watermark"),
        (Sign::End, "log end"),
        (Sign::Committed, "committed offset"),
        (Sign::Position, "position"),
        (Sign::Leader, "leader"),
    ];
    for (sign, text) in signs {
        let width = pen.width(text, plain(11.0)) + 28.0;
        if x + width > last && x > start {
            (x, y) = (start, y + 15.0);
        }
        sign.draw(pen, x + 5.0, y - 4.0);
        pen.text(text, (x + 14.0, y), plain(11.0), &theme.ink_faint, Align::Left, last - x);
        x += width;
    }
}

#[derive(Clone, Copy)]
enum Sign {
    Cell,
    Open,
    High,
    End,
    Committed,
    Position,
    Leader,
}

impl Sign {
    fn draw(self, pen: &Pen, x: f64, y: f64) {
        let theme = pen.theme;
        let square = Rect::new(x - 4.5, y - 4.5, 9.0, 9.0);
        match self {
            Sign::Cell => pen.filled(square, 2.0, &theme.cell),
            Sign::Open => pen.outlined(square, 2.0, &theme.cell, 1.3),
            Sign::High => pen.line((x, y - 5.0), (x, y + 5.0), &theme.ink_soft, 1.8),
            Sign::End => pen.chevron(x - 2.0, y, &theme.ink_soft),
            Sign::Committed => pen.triangle(x, y - 3.0, true, &theme.ink_soft),
            Sign::Position => pen.triangle(x, y - 3.0, false, &theme.ink_soft),
            Sign::Leader => {
                pen.text("♛", (x, y + 4.0), plain(11.0), &theme.ink_soft, Align::Center, 20.0);
            }
        }
    }
}
