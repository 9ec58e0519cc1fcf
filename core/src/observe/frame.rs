//! Builds frames: what the page draws, read off the world.
use super::lag;
use super::names::NameBook;
use super::observers::Observers;
use super::view::{
    APIS, BrokerView, Cell, ConsumerView, Flight, Frame, FrameOptions, GroupView, Links, NONE, OwnedView,
    PartitionView, Place, ProducerView, ReplicaView,
};
use crate::broker::Replica;
use crate::client::ConsumerState;
use crate::kernel::SimTime;
use crate::log::Batch;
use crate::metadata::TopicPartition;
use crate::wire::NodeId;
use crate::world::{Sent, World};

/// Batches with more records than this are one cell each.
const RECORD_CELLS_MAX: u32 = 8;

/// The window from `from` to the moment the world stands at.
#[expect(clippy::too_many_arguments, reason = "everything a frame is made of, named once")]
pub fn build(
    world: &World,
    observers: &Observers,
    flights: &[Sent],
    from: SimTime,
    known_until: SimTime,
    story_len: u32,
    book: &mut NameBook,
    options: &FrameOptions,
) -> Frame {
    book.refresh(world);
    let mut frame = Frame {
        from_us: from.0,
        to_us: world.now().0,
        known_until_us: known_until.0,
        digest: world.digest(),
        events: world.events(),
        story_len,
        ..Frame::default()
    };
    if options.flights {
        frame.flights = flights.iter().map(|sent| flight(world, sent, options)).collect();
    }
    frame.brokers = brokers(world, observers, options);
    partitions(world, observers, options, &mut frame);
    replicas(world, observers, options, book, &mut frame);
    frame.producers = (0..world.producer_count()).map(|at| producer(world, at)).collect();
    frame.groups = lag::groups(world).map(|group| group_view(world, observers, group)).collect();
    for at in 0..world.consumer_count() {
        frame.consumers.push(consumer(world, at));
        owned(world, at, &mut frame.owned);
    }
    frame.names_version = book.version();
    frame
}

fn place(node: NodeId) -> Place {
    match node {
        NodeId::Controller(_) => Place::Controller,
        NodeId::Broker(id) => Place::Broker(u32::from(id)),
        NodeId::Producer(at) => Place::Producer(u32::from(at)),
        NodeId::Consumer(at) => Place::Consumer(u32::from(at)),
    }
}

fn flight(world: &World, sent: &Sent, options: &FrameOptions) -> Flight {
    let api = APIS.iter().position(|api| *api == sent.api).map_or(NONE, |at| at as u32);
    let followed = match (&options.follow_key, &sent.batch, sent.partition) {
        (Some(key), Some(batch), Some(partition)) => carries(world, partition, batch, key),
        _ => false,
    };
    Flight {
        id: sent.id,
        from: place(sent.from),
        to: place(sent.to),
        start_us: sent.start.0,
        end_us: sent.end.0,
        api,
        response: sent.response,
        partition: sent.partition.map_or(NONE, |partition| partition.0),
        records: sent.records,
        followed,
        error: sent.error,
    }
}

/// Whether a batch carries a record of that key; large ones are not searched.
fn carries(world: &World, partition: TopicPartition, batch: &Batch, key: &str) -> bool {
    let image = world.controller().image();
    let Some(&(_, index)) = image.partition_names.get(partition.index()) else { return false };
    batch.count <= RECORD_CELLS_MAX
        && (0..batch.count).any(|at| key_of(world, index, batch, at).is_some_and(|other| other == key))
}

fn key_of(world: &World, index: u32, batch: &Batch, at: u32) -> Option<String> {
    let producer = u16::try_from(batch.source.0).ok().filter(|&at| at < world.producer_count())?;
    world.producer(producer).record(index, batch, at)?.key
}

fn brokers(world: &World, observers: &Observers, options: &FrameOptions) -> Vec<BrokerView> {
    let image = world.controller().image();
    let mut views: Vec<BrokerView> = world
        .brokers()
        .iter()
        .map(|broker| {
            let node = NodeId::from(broker.id);
            let (process, since) = world.process(node);
            let links = match world.disturbances(node) {
                (_, true) => Links::Cut,
                (true, false) => Links::Slow,
                (false, false) => Links::Good,
            };
            BrokerView {
                id: broker.id.0,
                process,
                since_us: since.0,
                fenced: image.broker(broker.id).is_none_or(|registration| registration.fenced),
                fenced_since_us: observers.fenced_since(broker.id).0,
                links,
                leads: 0,
                follows: 0,
            }
        })
        .collect();
    for partition in shown(world, options) {
        let registration = image.partition(partition);
        for replica in &registration.replicas {
            let view = &mut views[replica.index()];
            let leads = registration.leader == Some(*replica);
            *if leads { &mut view.leads } else { &mut view.follows } += 1;
        }
    }
    views
}

/// The partitions a frame shows.
fn shown<'a>(world: &'a World, options: &'a FrameOptions) -> impl Iterator<Item = TopicPartition> + 'a {
    let image = world.controller().image();
    let all = (0..image.partitions.len() as u32).map(TopicPartition);
    all.filter(|&partition| options.internal_topics || !image.topic_of(partition).internal)
}

fn partitions(world: &World, observers: &Observers, options: &FrameOptions, frame: &mut Frame) {
    let image = world.controller().image();
    for partition in shown(world, options) {
        let registration = image.partition(partition);
        frame.partitions.push(PartitionView {
            partition: partition.0,
            leader: registration.leader.map_or(NONE, |leader| leader.0),
            leader_epoch: registration.leader_epoch,
            replicas: registration.replicas.len() as u32,
            in_sync: registration.isr.len() as u32,
            min_in_sync: image.min_insync_replicas(partition),
            leader_since_us: observers.leader_since(partition).0,
        });
    }
}

fn replicas(
    world: &World,
    observers: &Observers,
    options: &FrameOptions,
    book: &mut NameBook,
    frame: &mut Frame,
) {
    let image = world.controller().image();
    for partition in shown(world, options) {
        let registration = image.partition(partition);
        for &id in &registration.replicas {
            let Some(replica) = world.broker(id).replica(partition) else { continue };
            let first_cell = frame.cells.len() as u32;
            if options.cells_per_lane > 0 {
                let others: Vec<&Replica> = registration
                    .replicas
                    .iter()
                    .filter(|&&other| other != id)
                    .filter_map(|&other| world.broker(other).replica(partition))
                    .collect();
                cells(world, observers, replica, &others, options, book, &mut frame.cells);
            }
            frame.replicas.push(ReplicaView {
                broker: id.0,
                partition: partition.0,
                leads: replica.leading.is_some(),
                in_sync: registration.isr.contains(&id),
                log_start: replica.log.start().offset,
                high_watermark: replica.high_watermark(),
                log_end: replica.log.end().offset,
                first_cell,
                cells: frame.cells.len() as u32 - first_cell,
            });
        }
    }
}

/// The newest cells of a log, oldest first.
fn cells(
    world: &World,
    observers: &Observers,
    replica: &Replica,
    others: &[&Replica],
    options: &FrameOptions,
    book: &mut NameBook,
    out: &mut Vec<Cell>,
) {
    let first = out.len();
    let most = options.cells_per_lane as usize;
    'batches: for batch in replica.log.last_batches(u64::from(options.cells_per_lane)).rev() {
        let whole = batch.count > RECORD_CELLS_MAX;
        let elsewhere =
            others.iter().map(|other| end_in(other, batch.leader_epoch)).max().unwrap_or(u64::MAX);
        for at in (0..if whole { 1 } else { batch.count }).rev() {
            if out.len() - first >= most {
                break 'batches;
            }
            let offset = batch.base_offset + u64::from(at);
            let key = if whole { None } else { key_of(world, replica.index, &batch, at) };
            out.push(Cell {
                offset,
                count: if whole { batch.count } else { 1 },
                followed: key.is_some() && key == options.follow_key,
                key: key.and_then(|key| book.key_number(&key)).unwrap_or(NONE),
                leader_epoch: batch.leader_epoch,
                only_here: offset >= elsewhere,
                acknowledged: observers.is_acknowledged(replica.partition, batch.leader_epoch, offset),
                created_us: batch.record_time(at).0,
            });
        }
    }
    out[first..].reverse();
}

/// Up to where a log holds what was appended in that epoch.
fn end_in(replica: &Replica, epoch: u32) -> u64 {
    replica.log.end_of_epoch(epoch).filter(|end| end.epoch == epoch).map_or(0, |end| end.end_offset)
}

fn producer(world: &World, at: u16) -> ProducerView {
    let producer = world.producer(at);
    let totals = producer.totals();
    let (mut waiting, mut most) = (0, (0, NONE));
    let mut in_flight = 0;
    for (index, partition) in producer.partitions().iter().enumerate() {
        let backlog = producer.backlog(world.now(), index as u32);
        waiting += backlog.records;
        in_flight += u64::from(backlog.in_flight);
        if backlog.records > most.0 {
            most = (backlog.records, partition.0);
        }
    }
    ProducerView {
        process: world.process(NodeId::Producer(at)).0,
        waiting,
        in_flight,
        blocked: producer.is_blocked(),
        acknowledged: totals.acknowledged,
        failed: totals.failed,
        waiting_for: most.1,
    }
}

fn group_view(world: &World, observers: &Observers, group: crate::metadata::GroupId) -> GroupView {
    let found = lag::group_of(world, group);
    GroupView {
        state: found.map_or(0, |group| group.state as u32),
        generation: found.map_or(0, |group| group.generation),
        coordinator: lag::working_coordinator(world, group).map_or(NONE, |broker| broker.0),
        lag: lag::group_lag(world, group),
        since_us: observers.group_since(group).0,
    }
}

fn consumer(world: &World, at: u16) -> ConsumerView {
    let (slot, consumer) = (world.consumer_slot(at), world.consumer(at));
    ConsumerView {
        group: u32::from(slot.spec.group.0),
        process: world.process(NodeId::Consumer(at)).0,
        processing: consumer.state() == ConsumerState::Processing,
        joined: consumer.generation().is_some(),
        buffered: consumer.buffered(),
        slowdown_percent: slot.slowdown_percent,
    }
}

fn owned(world: &World, at: u16, out: &mut Vec<OwnedView>) {
    let group = world.consumer_slot(at).spec.group;
    let found = lag::group_of(world, group);
    for owned in world.consumer(at).assignment() {
        let committed = found.and_then(|group| group.offset(owned.partition)).map(|commit| commit.offset);
        let position = owned.position.or(committed).unwrap_or(0);
        let end = lag::high_watermark(world, owned.partition).unwrap_or(position);
        out.push(OwnedView {
            consumer: u32::from(at),
            partition: owned.partition.0,
            position,
            committed: committed.unwrap_or(u64::MAX),
            lag: end.saturating_sub(position),
        });
    }
}
