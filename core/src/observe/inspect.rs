//! Everything about one subject: a plain sentence, its state under Kafka's names, its configuration, its commands.
use super::lag;
use super::observers::Observers;
use super::offers::offers;
use super::report::{Inspection, StateRow, Subject};
use crate::broker::BrokerState;
use crate::client::ConsumerState;
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::trace::Process;
use crate::wire::NodeId;
use crate::world::World;

/// Looks at a subject as it is now. One that does not exist (any more) says so.
pub fn inspect(world: &World, observers: &Observers, subject: Subject) -> Inspection {
    let found = match subject {
        Subject::Cluster => Some(cluster(world)),
        Subject::Controller => Some(controller(world)),
        Subject::Broker(id) => broker(world, observers, id),
        Subject::Partition(at) => partition(world, at),
        Subject::Replica(at, id) => replica(world, at, id),
        Subject::Producer(at) => producer(world, at),
        Subject::Group(at) => group(world, at),
        Subject::Consumer(at) => consumer(world, at),
    };
    let missing = || Seen {
        title: "Nothing here".to_owned(),
        sentence: "It does not exist at this moment.".to_owned(),
        state: Vec::new(),
    };
    let Seen { title, sentence, state } = found.unwrap_or_else(missing);
    let config = super::settings::settings(world, subject);
    Inspection { subject, title, sentence, state, config, commands: offers(world, subject) }
}

struct Seen {
    title: String,
    sentence: String,
    state: Vec<StateRow>,
}

fn row(name: &str, value: impl ToString) -> StateRow {
    StateRow { name: name.to_owned(), value: value.to_string(), was: None }
}

fn ids(list: &[BrokerId]) -> String {
    let names: Vec<String> = list.iter().map(|broker| broker.0.to_string()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn id_or_none(id: Option<BrokerId>) -> String {
    id.map_or_else(|| "none".to_owned(), |id| id.0.to_string())
}

fn cluster(world: &World) -> Seen {
    let image = world.controller().image();
    let (under_replicated, offline) = super::metrics::replication(world, None);
    let active = image.brokers.iter().filter(|broker| broker.is_active()).count();
    let topics = image.topics.iter().filter(|topic| !topic.internal);
    let names: Vec<&str> = topics.map(|topic| topic.name.as_str()).collect();
    Seen {
        title: "The cluster".to_owned(),
        sentence: "Brokers keep copies of partitions, which are logs of records; one broker leads each partition, others follow it; a controller watches over them.".to_owned(),
        state: vec![
            row("brokers", format!("{active} of {} active", world.brokers().len())),
            row("topics", if names.is_empty() { "none".to_owned() } else { names.join(", ") }),
            row("UnderReplicatedPartitions", under_replicated),
            row("OfflinePartitionsCount", offline),
            row("metadata offset", image.offset),
            row("events", world.events()),
        ],
    }
}

fn controller(world: &World) -> Seen {
    let image = world.controller().image();
    let fenced: Vec<BrokerId> = (0..image.brokers.len() as u32)
        .map(|at| BrokerId(at + 1))
        .filter(|&id| image.broker(id).is_some_and(|broker| broker.fenced))
        .collect();
    Seen {
        title: "The controller".to_owned(),
        sentence: "It keeps the cluster's metadata: who is alive, who leads what, who is in sync. Brokers send it heartbeats and fetch its records.".to_owned(),
        state: vec![
            row("metadata offset", image.offset),
            row("fenced brokers", ids(&fenced)),
            row("partitions", image.partitions.len()),
        ],
    }
}

fn broker(world: &World, observers: &Observers, id: u32) -> Option<Seen> {
    let broker = world.brokers().iter().find(|broker| broker.id.0 == id)?;
    let node = NodeId::from(broker.id);
    let image = world.controller().image();
    let (process, since) = world.process(node);
    let leads = image.partitions.iter().filter(|partition| partition.leader == Some(broker.id)).count();
    let holds = image.partitions.iter().filter(|partition| partition.replicas.contains(&broker.id)).count();
    let lags = |partition: &std::sync::Arc<crate::metadata::PartitionRegistration>| {
        partition.leader == Some(broker.id) && partition.isr.len() < partition.replicas.len()
    };
    let under_replicated = image.partitions.iter().filter(|partition| lags(partition)).count();
    let fenced = image.broker(broker.id).is_none_or(|registration| registration.fenced);
    let starts = matches!(broker.state(), BrokerState::Starting | BrokerState::Recovery);
    let seen = if process == Process::Running && starts { Process::Starting } else { process };
    let sentence = broker_sentence(seen, fenced, leads, holds);
    let mut state = vec![
        row("process", format!("{} since {since}\u{a0}s", super::bands::process_words(process).0)),
        row("fenced", format!("{fenced} since {}\u{a0}s", observers.fenced_since(broker.id))),
        row("leaders", leads),
        row("replicas", holds),
        row("UnderReplicatedPartitions", under_replicated),
        row(
            "log bytes",
            broker
                .replicas()
                .map(|replica| replica.log.end().position - replica.log.start().position)
                .sum::<u64>(),
        ),
        row("metadata offset", broker.image().offset),
    ];
    if let Some(registration) = image.broker(broker.id) {
        state.push(row("broker epoch", registration.epoch));
    }
    if !broker.rack().is_empty() {
        state.push(row("rack", broker.rack()));
    }
    Some(Seen { title: format!("Broker {id}"), sentence, state })
}

fn broker_sentence(process: Process, fenced: bool, leads: usize, holds: usize) -> String {
    let now = match (process, fenced) {
        (Process::Running, false) => {
            format!("It leads {leads} partitions and holds copies of {holds}, internal ones included.")
        }
        (Process::Running, true) => {
            "It runs, but the controller has fenced it: it may not lead, and clients do not see it."
                .to_owned()
        }
        (Process::Starting, _) => {
            "It starts: it registers, loads the metadata, and looks its logs through.".to_owned()
        }
        (Process::Stopping, _) => "It shuts down, and its leaderships move away first.".to_owned(),
        (Process::Stopped, _) => "It is shut down.".to_owned(),
        (Process::Crashed, false) => {
            "Its process is dead, but the controller does not know yet: it still waits for a heartbeat."
                .to_owned()
        }
        (Process::MachineDown, false) => {
            "Its machine is off, but nobody knows yet: the controller still waits for a heartbeat.".to_owned()
        }
        (Process::Crashed | Process::MachineDown, true) => {
            "It is down, and the controller has fenced it.".to_owned()
        }
        (Process::Frozen, _) => "It is frozen: it holds its connections open and answers nobody.".to_owned(),
    };
    format!("A broker keeps logs on its disk and serves producers and consumers. {now}")
}

fn partition(world: &World, at: u32) -> Option<Seen> {
    let image = world.controller().image();
    let partition = TopicPartition(at);
    let registration = image.partitions.get(at as usize)?;
    let answers = |leader: BrokerId| {
        matches!(world.process(NodeId::from(leader)).0, Process::Running | Process::Stopping)
    };
    let sentence = match registration.leader {
        Some(leader) if !answers(leader) => format!(
            "One log of records, in the order they were written. Broker {} still counts as its leader, but does not answer: until it does, or the controller elects another, nobody can write to it or read from it.",
            leader.0
        ),
        Some(leader) => format!(
            "One log of records, in the order they were written. Broker {} leads it: everybody writes to it and reads from it there. {}",
            leader.0,
            followers(registration.replicas.len() - 1)
        ),
        None => {
            "One log of records. It has no leader now, so nobody can write to it or read from it.".to_owned()
        }
    };
    // What lies on the disk of a leader that is down is told with that replica.
    let leader = registration.leader.filter(|&leader| answers(leader));
    let replica = leader.and_then(|leader| world.broker(leader).replica(partition));
    let mut state = vec![
        row("leader", id_or_none(registration.leader)),
        row("leaderEpoch", registration.leader_epoch),
        row("replicas", ids(&registration.replicas)),
        row("isr", ids(&registration.isr)),
        row("elr", ids(&registration.elr)),
        row("lastKnownElr", ids(&registration.last_known_elr)),
    ];
    if let Some(replica) = replica {
        state.push(row("logStartOffset", replica.log.start().offset));
        state.push(row("highWatermark", replica.high_watermark()));
        state.push(row("logEndOffset", replica.log.end().offset));
    }
    state.push(row("min.insync.replicas", image.min_insync_replicas(partition)));
    state.push(row("partitionEpoch", registration.partition_epoch));
    Some(Seen { title: image.partition_name(partition), sentence, state })
}

fn followers(count: usize) -> String {
    match count {
        0 => "There is no other copy.".to_owned(),
        1 => "Another broker keeps a copy.".to_owned(),
        more => format!("{more} other brokers keep copies."),
    }
}

fn replica(world: &World, at: u32, id: u32) -> Option<Seen> {
    let image = world.controller().image();
    let partition = TopicPartition(at);
    let registration = image.partitions.get(at as usize)?;
    let broker = world.brokers().iter().find(|broker| broker.id.0 == id)?;
    let replica = broker.replica(partition)?;
    let in_sync = registration.isr.contains(&broker.id);
    let sentence = match (&replica.leading, replica.follows) {
        (Some(_), _) => {
            "The leader's copy: producers append here, and everybody fetches from here.".to_owned()
        }
        (None, Some(leader)) => format!(
            "A follower's copy: it fetches from broker {} what is appended there; it {} in sync.",
            leader.0,
            if in_sync { "is" } else { "is not" }
        ),
        (None, None) if broker.state() == BrokerState::NotRunning => {
            "A copy on the disk of a broker that is down.".to_owned()
        }
        (None, None) => "A copy that knows no leader to fetch from now.".to_owned(),
    };
    let epochs: Vec<String> =
        replica.log.epochs.entries().iter().map(|(epoch, start)| format!("{epoch} from {start}")).collect();
    let state = vec![
        row("role", if replica.leading.is_some() { "leader" } else { "follower" }),
        row("in ISR", in_sync),
        row("leaderEpoch", replica.leader_epoch),
        row("logStartOffset", replica.log.start().offset),
        row("highWatermark", replica.high_watermark()),
        row("logEndOffset", replica.log.end().offset),
        row("segments", replica.log.segments().count()),
        row("leader epochs", epochs.join(", ")),
    ];
    Some(Seen { title: format!("{} on broker {id}", image.partition_name(partition)), sentence, state })
}

fn producer(world: &World, at: u32) -> Option<Seen> {
    let at = u16::try_from(at).ok().filter(|&at| at < world.producer_count())?;
    let (producer, spec) = (world.producer(at), world.producer_spec(at));
    let totals = producer.totals();
    let used = producer.memory_used(world.now());
    let waiting: u64 = (0..producer.partitions().len() as u32)
        .map(|index| producer.backlog(world.now(), index).records)
        .sum();
    let sentence = format!(
        "An application that writes to {}. It gathers records into batches, one for each partition, and sends them to the partitions' leaders.",
        spec.topic
    );
    let state = vec![
        row("process", super::bands::process_words(world.process(NodeId::Producer(at)).0).0),
        row("load", crate::scenario::words::show_rate(&spec.workload.rate)),
        row("records waiting", waiting),
        row("buffer-available-bytes", spec.config.buffer_memory_bytes.saturating_sub(used)),
        row("send() blocks", producer.is_blocked()),
        row("record-send-total", totals.sent),
        row("acknowledged", totals.acknowledged),
        row("record-retry-total", totals.retried),
        row("record-error-total", totals.failed),
    ];
    Some(Seen { title: format!("Producer {}", spec.client_id), sentence, state })
}

fn group(world: &World, at: u32) -> Option<Seen> {
    let spec = world.groups().get(at as usize)?;
    let id = GroupId(at as u16);
    let coordinator = lag::coordinator_of(world, id);
    let mut state = Vec::new();
    let found = lag::group_of(world, id);
    if let Some(group) = found {
        state.push(row("state", format!("{:?}", group.state)));
        state.push(row("generation", group.generation));
        state.push(row("members", group.members.len()));
        state.push(row("leader", group.leader.as_deref().unwrap_or("none")));
    }
    state.push(row("coordinator", id_or_none(coordinator)));
    if let Some(partition) = world.group_partition(id) {
        state.push(row("kept in", world.controller().image().partition_name(partition)));
    }
    // The word of kafka-consumer-groups: from committed offsets, where records-lag of a consumer goes by its position.
    state.push(row("LAG (from committed)", lag::group_lag(world, id)));
    for partition in lag::partitions_of(world, id) {
        let Some(commit) = found.and_then(|group| group.offset(partition)) else { continue };
        state.push(row(
            &format!("committed {}", world.controller().image().partition_name(partition)),
            commit.offset,
        ));
    }
    let sentence = format!(
        "A consumer group: its members share the partitions of {}, each partition has one owner, and the group remembers how far it has come.",
        spec.topics.join(" and ")
    );
    Some(Seen { title: format!("Group {}", spec.name), sentence, state })
}

fn consumer(world: &World, at: u32) -> Option<Seen> {
    let at = u16::try_from(at).ok().filter(|&at| at < world.consumer_count())?;
    let (slot, consumer) = (world.consumer_slot(at), world.consumer(at));
    let image = world.controller().image();
    let process = world.process(NodeId::Consumer(at)).0;
    let doing = match consumer.state() {
        ConsumerState::Joining => "It takes part in a rebalance, and has no partitions yet.",
        ConsumerState::Polling => "It waits for records in poll().",
        ConsumerState::Processing => "It processes the records of its last poll().",
        ConsumerState::Committing => "It waits for its commit.",
        ConsumerState::Closing => "It closes.",
        ConsumerState::Stopped => "It has closed.",
    };
    let word = super::bands::process_words(process).0;
    let doing = match process {
        Process::Running | Process::Stopping => doing.to_owned(),
        _ => format!("It is {word} now."),
    };
    let mut state = vec![
        row("process", word),
        row("member.id", consumer.member().map_or("none", |id| id)),
        row(
            "generation",
            consumer.generation().map_or_else(|| "none".to_owned(), |generation| generation.to_string()),
        ),
        row("buffered records", consumer.buffered()),
        row("processing time", format!("{} %", slot.slowdown_percent)),
    ];
    for owned in consumer.assignment() {
        let name = image.partition_name(owned.partition);
        let position = owned.position.map_or_else(|| "not known yet".to_owned(), |offset| offset.to_string());
        state.push(row(&format!("position {name}"), position));
    }
    let group = &world.groups()[usize::from(slot.spec.group.0)].name;
    let sentence = format!("An application that reads, as a member of group {group}. {doing}");
    Some(Seen { title: format!("Consumer {}", slot.spec.client_id), sentence, state })
}
