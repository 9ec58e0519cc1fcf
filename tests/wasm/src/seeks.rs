//! Seeking in ten simulated minutes of the default scene, as the page does.
use kafkarium_core::history::Session;
use kafkarium_core::kernel::SimTime;
use kafkarium_core::observe::frame_codec;
use kafkarium_core::observe::view::FrameOptions;
use kafkarium_core::scenario;
use std::cell::RefCell;

const LENGTH_US: u64 = 600_000_000;

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Opens the run and plays it to its end.
pub fn open() {
    let read = scenario::read(scenario::shipped()[0].text).expect("what ships can be read");
    let seed = read.seed;
    let mut session = Session::open(read, seed, Vec::new());
    session.advance(SimTime(LENGTH_US), u64::MAX);
    SESSION.set(Some(session));
}

/// Goes to one of many moments and makes a frame of it.
pub fn seek(n: u32) -> u32 {
    let moment = SimTime(u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) % LENGTH_US);
    let options = FrameOptions { cells_per_lane: 30, flights: true, ..FrameOptions::default() };
    SESSION.with_borrow_mut(|session| {
        let session = session.as_mut().expect("opened");
        session.advance(moment, u64::MAX);
        frame_codec::encode(&session.frame(moment, &options)).len() as u32
    })
}
