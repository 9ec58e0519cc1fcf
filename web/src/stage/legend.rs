//! What the signs mean; only those that are on the stage.
use super::Scene;
use super::layout::{Detail, Rect};
use super::pen::{Align, Pen, plain};
use super::squares::Square;

pub fn draw(pen: &Pen, scene: &Scene) {
    let theme = pen.theme;
    let Rect { x: left, .. } = scene.plan.window;
    let last = scene.plan.window.right();
    let (start, mut x, mut y) = (left + 4.0, left + 4.0, scene.plan.legend);
    if scene.plan.detail == Detail::Heat {
        let signs = [
            ("leader", Square::Leader),
            ("follower", Square::Follower),
            ("under-replicated", Square::UnderReplicated),
            ("not in sync", Square::OutOfSync),
            ("offline", Square::Offline),
        ];
        for (text, square) in signs {
            let width = pen.width(text, plain(11.0)) + 28.0;
            if x + width > last && x > start {
                (x, y) = (start, y + 15.0);
            }
            square.sample(pen, Rect::new(x, y - 8.0, 9.0, 9.0));
            pen.text(text, (x + 14.0, y), plain(11.0), &theme.ink_faint, Align::Left, last - x);
            x += width;
        }
        return;
    }
    let bars = [
        (Sign::Leader, "leader"),
        (Sign::Cell, "log"),
        (Sign::High, "high watermark"),
        (Sign::Square(Square::UnderReplicated), "under-replicated"),
        (Sign::Out, "not in sync"),
        (Sign::Square(Square::Offline), "offline"),
    ];
    let lanes = [
        (Sign::Cell, "record, with its key"),
        (Sign::Open, "above this copy's high watermark"),
        (Sign::High, "high watermark"),
        (Sign::End, "log end"),
        (Sign::Committed, "committed offset"),
        (Sign::Position, "position"),
        (Sign::Leader, "leader"),
    ];
    let signs = if scene.plan.detail == Detail::Bars { &bars[..] } else { &lanes[..] };
    for &(sign, text) in signs {
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
    Out,
    Square(Square),
}

impl Sign {
    fn draw(self, pen: &Pen, x: f64, y: f64) {
        let theme = pen.theme;
        let square = Rect::new(x - 4.5, y - 4.5, 9.0, 9.0);
        match self {
            Sign::Square(of) => of.sample(pen, square),
            Sign::Cell => pen.filled(square, 2.0, &theme.cell),
            Sign::Out => {
                pen.dashed(true);
                pen.outlined(square, 2.0, &theme.bad, 1.0);
                pen.dashed(false);
            }
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
