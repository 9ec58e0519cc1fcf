//! A frame as one flat little-endian buffer: the worker writes it, the page reads it.
//!
//! Every record has a fixed width, so nothing is allocated beyond what the buffer's own length allows.
use super::view::{
    BrokerView, Cell, ConsumerView, Flight, Frame, GroupView, Links, OwnedView, PartitionView, Place,
    Process, ProducerView, ReplicaView,
};
use std::fmt;

/// Grows with every change of the layout.
const VERSION: u32 = 1;

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// They end too early.
    Truncated,
    /// They are of another version of the page or its worker.
    Version(u32),
    /// A value that no frame has.
    Value,
    /// There is more than a frame.
    TooLong,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Truncated => f.write_str("the frame ends too early"),
            FrameError::Version(version) => {
                write!(f, "the frame is of version {version}, this page reads {VERSION}: reload the page")
            }
            FrameError::Value => f.write_str("the frame has a value that no frame has"),
            FrameError::TooLong => f.write_str("the frame has more bytes than it says"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Writes a frame.
pub fn encode(frame: &Frame) -> Vec<u8> {
    let rows = frame.cells.len() + frame.flights.len() + frame.replicas.len() + frame.owned.len();
    let mut out = Vec::with_capacity(256 + 48 * rows);
    VERSION.put(&mut out);
    frame.put(&mut out);
    out
}

/// Reads a frame.
///
/// # Errors
/// The bytes are not a frame of this version.
pub fn decode(bytes: &[u8]) -> Result<Frame, FrameError> {
    let mut input = Input { bytes };
    let version = u32::take(&mut input)?;
    if version != VERSION {
        return Err(FrameError::Version(version));
    }
    let frame = Frame::take(&mut input)?;
    if input.bytes.is_empty() { Ok(frame) } else { Err(FrameError::TooLong) }
}

struct Input<'a> {
    bytes: &'a [u8],
}

/// Something with a place in the buffer.
trait Flat: Sized {
    /// The least bytes it takes.
    const BYTES: usize;
    fn put(&self, out: &mut Vec<u8>);
    fn take(input: &mut Input) -> Result<Self, FrameError>;
}

macro_rules! numbers { ($($number:ty)*) => { $(
    impl Flat for $number {
        const BYTES: usize = size_of::<$number>();
        fn put(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.to_le_bytes());
        }
        fn take(input: &mut Input) -> Result<Self, FrameError> {
            let (bytes, rest) = input.bytes.split_first_chunk().ok_or(FrameError::Truncated)?;
            input.bytes = rest;
            Ok(<$number>::from_le_bytes(*bytes))
        }
    }
)* } }
numbers!(u8 u32 u64);

impl Flat for bool {
    const BYTES: usize = 1;
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(*self).put(out);
    }
    fn take(input: &mut Input) -> Result<Self, FrameError> {
        match u8::take(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(FrameError::Value),
        }
    }
}

impl<T: Flat> Flat for Vec<T> {
    const BYTES: usize = 4;
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        self.iter().for_each(|item| item.put(out));
    }
    fn take(input: &mut Input) -> Result<Self, FrameError> {
        let count = u32::take(input)?;
        if u64::from(count) * T::BYTES as u64 > input.bytes.len() as u64 {
            return Err(FrameError::Truncated);
        }
        (0..count).map(|_| T::take(input)).collect()
    }
}

/// Enums of few values, as one byte.
macro_rules! words { ($($word:ident: $($variant:ident)*;)*) => { $(
    impl Flat for $word {
        const BYTES: usize = 1;
        fn put(&self, out: &mut Vec<u8>) {
            (*self as u8).put(out);
        }
        fn take(input: &mut Input) -> Result<Self, FrameError> {
            let value = u8::take(input)?;
            $(if value == $word::$variant as u8 { return Ok($word::$variant); })*
            Err(FrameError::Value)
        }
    }
)* } }
words! {
    Process: Running Starting Stopping Stopped Crashed MachineDown Frozen;
    Links: Good Slow Cut;
}

impl Flat for Place {
    const BYTES: usize = 5;
    fn put(&self, out: &mut Vec<u8>) {
        let (kind, number) = match *self {
            Place::Controller => (0_u8, 0),
            Place::Broker(id) => (1, id),
            Place::Producer(at) => (2, at),
            Place::Consumer(at) => (3, at),
        };
        kind.put(out);
        number.put(out);
    }
    fn take(input: &mut Input) -> Result<Self, FrameError> {
        let (kind, number) = (u8::take(input)?, u32::take(input)?);
        match kind {
            0 => Ok(Place::Controller),
            1 => Ok(Place::Broker(number)),
            2 => Ok(Place::Producer(number)),
            3 => Ok(Place::Consumer(number)),
            _ => Err(FrameError::Value),
        }
    }
}

/// Structs, field by field.
macro_rules! records { ($($record:ident { $($field:ident: $kind:ty),* $(,)? })*) => { $(
    impl Flat for $record {
        const BYTES: usize = 0 $(+ <$kind as Flat>::BYTES)*;
        fn put(&self, out: &mut Vec<u8>) {
            $(self.$field.put(out);)*
        }
        fn take(input: &mut Input) -> Result<Self, FrameError> {
            Ok($record { $($field: <$kind>::take(input)?),* })
        }
    }
)* } }
records! {
    Frame {
        from_us: u64, to_us: u64, known_until_us: u64, digest: u64, events: u64, names_version: u32, story_len: u32,
        flights: Vec<Flight>, brokers: Vec<BrokerView>, partitions: Vec<PartitionView>, replicas: Vec<ReplicaView>,
        cells: Vec<Cell>, producers: Vec<ProducerView>, groups: Vec<GroupView>, consumers: Vec<ConsumerView>,
        owned: Vec<OwnedView>,
    }
    Flight {
        id: u64, from: Place, to: Place, start_us: u64, end_us: u64, api: u32, response: bool, partition: u32,
        records: u32, followed: bool, error: bool,
    }
    BrokerView {
        id: u32, process: Process, since_us: u64, fenced: bool, fenced_since_us: u64, links: Links, leads: u32,
        follows: u32,
    }
    PartitionView {
        partition: u32, leader: u32, leader_epoch: u32, replicas: u32, in_sync: u32, min_in_sync: u32,
        leader_since_us: u64,
    }
    ReplicaView {
        broker: u32, partition: u32, leads: bool, in_sync: bool, log_start: u64, high_watermark: u64, log_end: u64,
        first_cell: u32, cells: u32,
    }
    Cell {
        offset: u64, count: u32, key: u32, followed: bool, leader_epoch: u32, only_here: bool, acknowledged: bool,
        created_us: u64,
    }
    ProducerView {
        process: Process, waiting: u64, in_flight: u64, blocked: bool, acknowledged: u64, failed: u64,
        waiting_for: u32,
    }
    GroupView { state: u32, generation: u32, coordinator: u32, lag: u64, since_us: u64 }
    ConsumerView {
        group: u32, process: Process, processing: bool, joined: bool, buffered: u64, slowdown_percent: u32,
    }
    OwnedView { consumer: u32, partition: u32, position: u64, committed: u64, lag: u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            from_us: 1,
            to_us: 2,
            digest: u64::MAX,
            flights: vec![
                Flight {
                    to: Place::Consumer(7),
                    end_us: u64::MAX,
                    response: true,
                    ..Flight::default()
                };
                3
            ],
            brokers: vec![BrokerView {
                process: Process::Frozen,
                links: Links::Cut,
                ..BrokerView::default()
            }],
            cells: vec![Cell { offset: 9, acknowledged: true, ..Cell::default() }; 40],
            owned: vec![OwnedView { lag: 3, ..OwnedView::default() }],
            ..Frame::default()
        }
    }

    #[test]
    fn a_frame_comes_back_as_it_was() {
        assert_eq!(decode(&encode(&frame())), Ok(frame()));
    }

    #[test]
    fn broken_bytes_are_refused() {
        let bytes = encode(&frame());
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "{cut}");
        }
        assert_eq!(decode(&[&bytes[..], &[0]].concat()), Err(FrameError::TooLong));
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] = 0xff;
            let _ = decode(&wrong);
        }
    }
}
