//! The charts: what each shows is decided in `plot`, round axes in `axis`, drawing with plotters in `draw`.
mod axis;
mod draw;
mod plot;

pub use draw::{ChartError, ChartTheme, LEFT_PX, RIGHT_PX, draw};
pub use plot::{Chart, Dash, Line, Plot, Tint, Window};
