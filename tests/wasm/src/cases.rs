//! The benchmark cases: scenes, and beside each the bare event queue with as many events pending.
use kafkarium_core::kernel::SimTime;
use kafkarium_core::scenario;
use kafkarium_core::world::World;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A scene: its name, its text, where measuring begins, how long it is run, seconds.
struct Scene {
    name: &'static str,
    text: &'static str,
    from_s: u64,
    run_s: u64,
}

const SCENES: [Scene; 4] = [
    Scene {
        name: "default scene",
        text: include_str!("../../../scenarios/website-activity.toml"),
        from_s: 12,
        run_s: 600,
    },
    Scene {
        name: "large scene",
        text: include_str!("../../../scenarios/bench/large.toml"),
        from_s: 12,
        run_s: 5,
    },
    Scene {
        name: "large scene, keyed",
        text: include_str!("../../../scenarios/bench/large-keyed.toml"),
        from_s: 12,
        run_s: 2,
    },
    Scene {
        name: "large scene, defaults",
        text: include_str!("../../../scenarios/bench/large-defaults.toml"),
        from_s: 12,
        run_s: 2,
    },
];

/// Events of the bare queue.
const QUEUE_EVENTS: u64 = 5_000_000;
/// The bare queue with as many events pending as that scene has.
const QUEUE_BESIDE: &str = "bare queue beside the ";

thread_local! {
    static READY: RefCell<Option<(&'static str, World)>> = const { RefCell::new(None) };
    static NEXT: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// The names of all cases as a JSON array; each scene after the bare queue it is compared with.
pub fn names() -> String {
    let names = SCENES
        .iter()
        .flat_map(|scene| [format!("\"{QUEUE_BESIDE}{}\"", scene.name), format!("\"{}\"", scene.name)]);
    format!("[{}]", names.collect::<Vec<_>>().join(","))
}

fn scene(case: &str) -> &'static Scene {
    let name = case.strip_prefix(QUEUE_BESIDE).unwrap_or(case);
    SCENES.iter().find(|scene| scene.name == name).expect("one of bench_cases()")
}

/// How long a copy is run before it is measured, milliseconds: its logs grow into their room, and caches are filled.
const SETTLES_MS: u64 = 500;

/// Runs a scene up to shortly before measuring begins, once, and copies it for the next run.
pub fn prepare(case: &str) {
    let scene = scene(case);
    READY.with_borrow_mut(|ready| {
        if ready.as_ref().is_none_or(|(name, _)| *name != scene.name) {
            let read = scenario::read(scene.text).expect("what ships can be read");
            let mut world = World::new(&read, read.seed);
            world.run_until(SimTime::from_ms(scene.from_s * 1_000 - SETTLES_MS), u64::MAX);
            *ready = Some((scene.name, world));
        }
        let copy = ready.as_ref().map(|(_, world)| {
            let mut copy = world.clone();
            copy.run_until(SimTime::from_secs(scene.from_s), u64::MAX);
            copy
        });
        NEXT.set(copy);
    });
}

/// Runs a case.
pub fn run(case: &str) -> String {
    let scene = scene(case);
    let world = NEXT.take().expect("prepared");
    if case.starts_with(QUEUE_BESIDE) { queue(case, world.pending() as u64) } else { run_scene(scene, world) }
}

fn run_scene(scene: &Scene, mut world: World) -> String {
    let before = world.events();
    world.run_until(SimTime::from_secs(scene.from_s + scene.run_s), u64::MAX);
    result(scene.name, world.events() - before, scene.run_s * 1_000, world.pending() as u64, world.digest())
}

/// An event of the bare queue: 32 bytes, the earliest first, equal times in the order they went in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    time: Reverse<u64>,
    sequence: Reverse<u64>,
    event: [u32; 4],
}

/// Takes the earliest event out and puts one in, later by what a few multiplications make of it. The queue is the
/// standard library's: a yardstick of our own would move with what it measures.
fn queue(case: &str, pending: u64) -> String {
    let mut queue = BinaryHeap::new();
    let mut number = 1_u64;
    let mut entries = 0..;
    let mut later = |time: u64, event: [u32; 4]| {
        number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) ^ pending;
        let sequence = Reverse(entries.next().expect("more than are ever wanted"));
        Entry { time: Reverse(time + number % 10_000), sequence, event }
    };
    (0..pending).for_each(|_| queue.push(later(0, [0; 4])));
    let mut sum = 0_u64;
    for _ in 0..QUEUE_EVENTS {
        let Entry { time: Reverse(time), event, .. } = queue.pop().expect("as many as before");
        sum = sum.wrapping_mul(31).wrapping_add(time);
        queue.push(later(time + 1, event));
    }
    result(case, QUEUE_EVENTS, 0, pending, sum)
}

fn result(case: &str, events: u64, virtual_ms: u64, pending: u64, digest: u64) -> String {
    format!(
        r#"{{"case":"{case}","events":{events},"virtual_ms":{virtual_ms},"pending":{pending},"digest":"{digest:016x}"}}"#
    )
}
