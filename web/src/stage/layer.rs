//! A picture of what changes with each window and not with each animation frame.
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// A canvas of its own, out of sight.
pub struct Layer {
    canvas: HtmlCanvasElement,
    pub ctx: CanvasRenderingContext2d,
    /// It shows what is to be shown now.
    pub fresh: bool,
}

impl Layer {
    /// `None` where the browser has no second canvas to give.
    pub fn new() -> Option<Layer> {
        let document = web_sys::window()?.document()?;
        let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
        let ctx = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Layer { canvas, ctx, fresh: false })
    }

    /// As large as another canvas, empty.
    pub fn begin_as(&mut self, other: &HtmlCanvasElement, ratio: f64) {
        self.canvas.set_width(other.width());
        self.canvas.set_height(other.height());
        let _ = self.ctx.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        self.fresh = true;
    }

    /// Draws it onto another canvas, whose pixels are `ratio` to a CSS pixel.
    pub fn draw_onto(&self, ctx: &CanvasRenderingContext2d, ratio: f64) {
        let (width, height) =
            (f64::from(self.canvas.width()) / ratio, f64::from(self.canvas.height()) / ratio);
        let _ = ctx.draw_image_with_html_canvas_element_and_dw_and_dh(&self.canvas, 0.0, 0.0, width, height);
    }
}
