//! Cards that are too many to draw in every animation frame: a canvas out of sight, on which a card is drawn again when
//! what it shows is another. It knows no brokers, only what a card shows as a number.
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Cards drawn again in one animation frame, of those that show something else now.
const CARDS_A_FRAME: usize = 20;

/// A canvas of its own.
pub struct Layer {
    canvas: HtmlCanvasElement,
    pub ctx: CanvasRenderingContext2d,
    /// What each card is to show; none while that is not known.
    wanted: Vec<u64>,
    /// What each card shows; none after everything moved or changed its colour.
    shown: Vec<u64>,
}

impl Layer {
    /// `None` where the browser has no second canvas to give.
    pub fn new() -> Option<Layer> {
        let document = web_sys::window()?.document()?;
        let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
        let ctx = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Layer { canvas, ctx, wanted: Vec::new(), shown: Vec::new() })
    }

    /// What is to be shown may be another now.
    pub fn outdated(&mut self) {
        self.wanted.clear();
    }

    /// Nothing that was drawn is of use.
    pub fn forget(&mut self) {
        self.wanted.clear();
        self.shown.clear();
    }

    /// Whether it is empty, to be begun by [`Layer::begin_as`].
    pub fn is_blank(&self) -> bool {
        self.shown.is_empty()
    }

    /// As large as another canvas, empty.
    pub fn begin_as(&mut self, other: &HtmlCanvasElement, ratio: f64) {
        self.canvas.set_width(other.width());
        self.canvas.set_height(other.height());
        let _ = self.ctx.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    }

    /// The cards to draw now: all of a blank layer, else some of those that changed. `faces` is what each is to show.
    pub fn due(&mut self, faces: impl FnOnce() -> Vec<u64>) -> Vec<usize> {
        if self.wanted.is_empty() {
            self.wanted = faces();
        }
        let all = self.shown.len() != self.wanted.len();
        if all {
            self.shown = self.wanted.clone();
            return (0..self.shown.len()).collect();
        }
        let changed = (0..self.shown.len()).filter(|&at| self.shown[at] != self.wanted[at]);
        let due: Vec<usize> = changed.take(CARDS_A_FRAME).collect();
        due.iter().for_each(|&at| self.shown[at] = self.wanted[at]);
        due
    }

    /// Draws it onto another canvas, whose pixels are `ratio` to a CSS pixel.
    pub fn draw_onto(&self, ctx: &CanvasRenderingContext2d, ratio: f64) {
        let (width, height) =
            (f64::from(self.canvas.width()) / ratio, f64::from(self.canvas.height()) / ratio);
        let _ = ctx.draw_image_with_html_canvas_element_and_dw_and_dh(&self.canvas, 0.0, 0.0, width, height);
    }
}
