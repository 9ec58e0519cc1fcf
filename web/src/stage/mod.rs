//! The stage: a canvas that shows one moment of the cluster. It knows frames and pixels, no panels and no Leptos.
mod brokers;
mod cards;
mod find;
mod clients;
mod flights;
mod layer;
mod layout;
mod legend;
mod pen;
mod record;
mod squares;
mod theme;
mod words;
mod zoom;

pub use find::Found;
use kafkarium_core::observe::life::{Life, Pick};
use kafkarium_core::observe::report::{Names, Subject};
use kafkarium_core::observe::view::{Flight, Frame, PartitionView};
use layer::Layer;
use layout::{Detail, Layout, Room, layout};
pub use layout::{Rect, STACKED_BELOW};
use pen::Pen;
use theme::Theme;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};
use zoom::{Aim, Zoom};

/// The part of the way to where it should be that a log slides in one animation frame.
const SLIDE: f64 = 0.22;

/// What is lower than this is marked with small corners.
const SMALL: f64 = 20.0;

/// A canvas and what is on it.
pub struct Stage {
    canvas: HtmlCanvasElement,
    ctx: CanvasRenderingContext2d,
    theme: Theme,
    names: Names,
    frame: Frame,
    /// Messages of the last windows that may still be under way, in the order of their ids.
    flights: Vec<Flight>,
    plan: Layout,
    room: Room,
    /// Device pixels to a CSS pixel.
    ratio: f64,
    /// The brokers, where they are too many to draw in every animation frame.
    many: Option<Layer>,
    zoom: Zoom,
    aim: Option<Aim>,
    selection: Option<Subject>,
    hover: Option<Subject>,
    /// The record followed, and the one pointed at.
    life: Option<Life>,
    pointed: Option<Pick>,
    reduced_motion: bool,
    /// Where the end of each partition's lanes is drawn, sliding: by partition.
    ends: Vec<Option<f64>>,
    longest_log: u64,
}

/// Something on the stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// What it is.
    pub subject: Subject,
    /// Where it stands, in CSS pixels of the canvas.
    pub rect: Rect,
}

impl Stage {
    /// A stage on a canvas; `None` if the browser cannot draw.
    pub fn new(canvas: HtmlCanvasElement) -> Option<Stage> {
        let ctx: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let theme = Theme::read(&canvas);
        Some(Stage {
            canvas,
            ctx,
            theme,
            names: Names::default(),
            frame: Frame::default(),
            flights: Vec::new(),
            plan: Layout::default(),
            room: Room::default(),
            ratio: 1.0,
            many: Layer::new(),
            zoom: Zoom::WHOLE,
            aim: None,
            selection: None,
            hover: None,
            life: None,
            pointed: None,
            reduced_motion: false,
            ends: Vec::new(),
            longest_log: 0,
        })
    }

    /// Reads the colours again, after light and dark changed.
    pub fn set_theme(&mut self) {
        self.theme = Theme::read(&self.canvas);
        self.many.iter_mut().for_each(Layer::forget);
    }

    /// Takes the names behind the numbers.
    pub fn set_names(&mut self, names: Names) {
        let others = (self.names.racks.len(), self.names.partitions.len())
            != (names.racks.len(), names.partitions.len());
        self.names = names;
        if others {
            self.zoom = Zoom::WHOLE;
            self.aim = None;
        }
        self.lay_out();
    }

    /// Takes a window: its state is shown from now on, its messages while they are under way.
    pub fn set_frame(&mut self, frame: Frame) {
        if frame.to_us < self.frame.to_us {
            self.flights.clear();
            self.ends.clear();
        }
        let from = frame.from_us;
        self.flights.retain(|flight| flight.end_us >= from);
        for flight in &frame.flights {
            match self.flights.binary_search_by_key(&flight.id, |known| known.id) {
                Ok(at) => self.flights[at] = *flight,
                Err(at) => self.flights.insert(at, *flight),
            }
        }
        let shape = |frame: &Frame| {
            let owned = frame.owned.iter().map(|owned| owned.consumer).collect::<Vec<_>>();
            (frame.brokers.len(), frame.replicas.len(), frame.producers.len(), frame.consumers.len(), owned)
        };
        let same = shape(&frame) == shape(&self.frame);
        self.longest_log = frame.replicas.iter().map(|replica| replica.log_end).max().unwrap_or(0);
        self.frame = frame;
        self.many.iter_mut().for_each(Layer::outdated);
        if !same {
            self.lay_out();
        }
    }

    /// Marks a subject as selected.
    pub fn set_selection(&mut self, subject: Option<Subject>) {
        self.selection = subject;
    }

    /// Marks a subject as pointed at.
    pub fn set_hover(&mut self, subject: Option<Subject>) {
        self.hover = subject;
    }

    /// Marks the record followed, and draws its way.
    pub fn set_life(&mut self, life: Option<Life>) {
        self.life = life;
    }

    /// Marks a record as pointed at.
    pub fn set_pointed(&mut self, record: Option<Pick>) {
        self.pointed = record;
    }

    /// The record whose cell stands at a point.
    pub fn record_at(&self, x: f64, y: f64) -> Option<Pick> {
        let on_lane = matches!(self.hit(x, y)?.subject, Subject::Replica(..));
        on_lane.then(|| record::at(&self.scene(), x, y)).flatten()
    }

    fn scene(&self) -> Scene<'_> {
        let (frame, names, plan, ends) = (&self.frame, &self.names, &self.plan, &self.ends);
        Scene { frame, names, plan, ends, longest_log: self.longest_log }
    }

    /// Says that it is only looked at.
    pub fn leave_untouched(&mut self) {
        self.room.untouched = true;
    }

    /// Whether things jump instead of sliding.
    pub fn set_reduced_motion(&mut self, reduced: bool) {
        self.reduced_motion = reduced;
    }

    /// Gives it so much room; the height it needs in CSS pixels.
    pub fn resize(&mut self, width: f64, height: f64, ratio: f64) -> f64 {
        self.room = Room { width, height, ..self.room };
        self.ratio = ratio;
        self.lay_out();
        let (_, needed) = self.extent();
        let (wide, high) = ((width * ratio).round() as u32, (needed * ratio).round() as u32);
        if self.canvas.width() != wide || self.canvas.height() != high {
            self.canvas.set_width(wide);
            self.canvas.set_height(high);
        }
        let _ = self.ctx.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        needed
    }

    fn lay_out(&mut self) {
        self.plan = self.laid_out(self.zoom);
        self.many.iter_mut().for_each(Layer::forget);
    }

    fn laid_out(&self, zoom: Zoom) -> Layout {
        layout(self.room, zoom, &self.frame, &self.names)
    }

    /// Whether there is anything to show yet.
    pub fn has_brokers(&self) -> bool {
        !self.frame.brokers.is_empty()
    }

    /// Whether the brokers are so many that they are not shown lane by lane, or not large enough for a finger.
    pub fn is_crowded(&self) -> bool {
        let small = match self.plan.detail {
            Detail::Lanes => false,
            Detail::Bars => self.plan.target > 0.0,
            Detail::Heat => true,
        };
        self.frame.brokers.len() > 6 || small
    }

    /// Whether the page or the stage is scrolled to see all of it.
    pub fn is_higher_than_its_room(&self) -> bool {
        self.plan.stacked || self.plan.height > self.room.height + 2.0
    }

    /// At most so many things called so, the best first.
    pub fn find(&self, text: &str, most: usize) -> Vec<Found> {
        find::find(text, most, &self.frame, &self.names)
    }

    /// The height it needs in CSS pixels.
    pub fn needed_height(&self) -> f64 {
        self.plan.height
    }

    /// How many cells a lane shows: what the next frame is to hold.
    pub fn cells_per_lane(&self) -> u32 {
        if self.plan.detail == Detail::Lanes { self.plan.cells_per_lane } else { 0 }
    }

    /// Draws the moment `time_us`.
    pub fn draw(&mut self, time_us: f64) {
        self.go_nearer();
        self.slide();
        self.draw_many();
        self.ctx.clear_rect(0.0, 0.0, self.room.width, self.plan.height.max(self.room.height) + 4.0);
        let pen = Pen { ctx: &self.ctx, theme: &self.theme };
        self.paint(&pen, time_us, self.many.as_ref());
    }

    /// Draws the moment `time_us` elsewhere: for a picture, or a file of lines and letters.
    pub fn draw_on(&self, ctx: &CanvasRenderingContext2d, time_us: f64) {
        self.paint(&Pen { ctx, theme: &self.theme }, time_us, None);
    }

    /// The width and height of all that is drawn, CSS pixels.
    pub fn extent(&self) -> (f64, f64) {
        (self.room.width, self.plan.height.max(if self.plan.stacked { 0.0 } else { self.room.height }))
    }

    fn paint(&self, pen: &Pen, time_us: f64, many: Option<&Layer>) {
        pen.alpha(1.0);
        if self.frame.brokers.is_empty() {
            return;
        }
        let scene = self.scene();
        flights::links(pen, &scene);
        brokers::controller(pen, &scene);
        // Squares are drawn again where they changed: 15,000 of them cost more than an animation frame has.
        match many {
            Some(layer) if self.plan.detail == Detail::Heat => layer.draw_onto(pen.ctx, self.ratio),
            _ => brokers::draw(pen, &scene),
        }
        clients::producers(pen, &scene);
        clients::groups(pen, &scene);
        legend::draw(pen, &scene);
        self.mark(pen, self.hover, &self.theme.ink_faint, 1.0);
        self.mark(pen, self.selection, &self.theme.now, 1.6);
        if let Some(pointed) = self.pointed {
            record::pointed(pen, &scene, pointed);
        }
        if let Some(life) = &self.life {
            record::draw(pen, &scene, life, time_us);
        }
        // Who asked for less motion sees states change; of messages only those that stand still.
        let shown = self.flights.iter().filter(|flight| !self.reduced_motion || flight.end_us == u64::MAX);
        flights::draw(pen, &scene, shown, time_us);
    }

    /// Whether a message is under way at `time_us`: the picture of any later moment is another then. Who asked for less
    /// motion sees none.
    pub fn flies(&self, time_us: f64) -> bool {
        let under_way = |flight: &Flight| flight.start_us as f64 <= time_us && time_us < flight.end_us as f64;
        self.reduced_motion || self.flights.iter().any(under_way)
    }

    fn draw_many(&mut self) {
        let Some(mut layer) = self.many.take() else { return };
        if self.plan.detail == Detail::Heat {
            let scene = self.scene();
            let blank = layer.is_blank();
            if blank {
                layer.begin_as(&self.canvas, self.ratio);
            }
            let due = layer.due(|| squares::faces(&scene));
            brokers::draw_again(&Pen { ctx: &layer.ctx, theme: &self.theme }, &scene, blank, &due);
        }
        self.many = Some(layer);
    }

    fn mark(&self, pen: &Pen, subject: Option<Subject>, color: &str, width: f64) {
        let Some(subject) = subject else { return };
        let Some(rect) = self.plan.rect_of(&self.frame, subject) else { return };
        let marked = match subject {
            // A group's head stands close above its first member.
            Subject::Group(_) => Rect { height: rect.height + 5.0, ..rect.grown(5.0) },
            _ => rect.grown(1.0),
        };
        pen.ctx.save();
        if matches!(subject, Subject::Broker(_) | Subject::Replica(..) | Subject::Partition(_)) {
            brokers::clip(pen, self.plan.window.grown(4.0));
        }
        let radius = if rect.height < SMALL { 3.0 } else { 9.0 };
        pen.outlined(marked, radius, color, width);
        pen.ctx.restore();
    }

    fn slide(&mut self) {
        if self.plan.detail != Detail::Lanes {
            return self.ends.clear();
        }
        let mut wanted: Vec<Option<u64>> = Vec::new();
        for replica in &self.frame.replicas {
            let at = replica.partition as usize;
            wanted.resize(wanted.len().max(at + 1), None);
            wanted[at] = wanted[at].max(Some(replica.log_end));
        }
        self.ends.resize(wanted.len(), None);
        for (shown, end) in self.ends.iter_mut().zip(wanted) {
            let Some(end) = end.map(|end| end as f64) else { continue };
            let from = shown.unwrap_or(end);
            let far = (end - from).abs() > 30.0;
            *shown = Some(if self.reduced_motion || far { end } else { from + (end - from) * SLIDE });
        }
    }

    /// What stands at a point: the smallest thing there.
    pub fn hit(&self, x: f64, y: f64) -> Option<Hit> {
        self.plan.hit(&self.frame, x, y).map(|(subject, rect)| Hit { subject, rect })
    }

    /// Where a subject stands.
    pub fn rect_of(&self, subject: Subject) -> Option<Rect> {
        self.plan.rect_of(&self.frame, subject)
    }

    /// Everything on it, in the order of the keyboard; `all` with every replica where they are too many to name.
    pub fn subjects_in_order(&self, all: bool) -> Vec<Subject> {
        if self.frame.brokers.is_empty() {
            return Vec::new();
        }
        self.plan.subjects(&self.frame, all || self.plan.detail == Detail::Lanes)
    }

    /// All of it in a few sentences.
    pub fn summary(&self) -> String {
        words::summary(&self.frame, &self.names)
    }

    /// One thing on it in words.
    pub fn words_of(&self, subject: Subject) -> String {
        words::subject(&self.frame, &self.names, subject)
    }

    /// Every number on it, in tables.
    pub fn tables(&self) -> String {
        words::tables(&self.frame, &self.names)
    }
}

/// What the drawing functions look at.
struct Scene<'a> {
    frame: &'a Frame,
    names: &'a Names,
    plan: &'a Layout,
    ends: &'a [Option<f64>],
    /// The log end offset of the longest log.
    longest_log: u64,
}

impl Scene<'_> {
    /// How many partitions the broker leads that leads most.
    fn most_led(&self) -> u32 {
        self.frame.brokers.iter().map(|broker| broker.leads).max().unwrap_or(0)
    }

    fn partition(&self, partition: u32) -> Option<&PartitionView> {
        let partitions = &self.frame.partitions;
        // Nearly always each stands where its number says.
        let there = partitions.get(partition as usize).filter(|view| view.partition == partition);
        let search = || partitions.binary_search_by_key(&partition, |view| view.partition).ok();
        there.or_else(|| partitions.get(search()?))
    }

    fn partition_name(&self, partition: u32) -> String {
        let name = self.names.partitions.get(partition as usize);
        name.map_or_else(|| format!("partition {partition}"), |(topic, index, _)| format!("{topic}-{index}"))
    }
}

/// Moments in seconds, as they stand beside things: `20.604`.
fn seconds(us: u64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000)
}

/// A number with thin gaps between thousands.
fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}
