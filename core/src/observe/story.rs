//! What a fact is in words: what happened, why, what comes next. Sentences only; nothing is kept here.
use super::report::{Finding, StoryKind, StoryLine, Subject};
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::scenario::Command;
use crate::trace::{Fact, GroupCause, GroupState, Process};
use crate::wire::{ErrorCode, NodeId};
use crate::world::World;

/// A line, and what makes a later one the same thing going on.
pub(super) struct Told {
    pub line: StoryLine,
    /// Equal and soon after: not told again.
    pub again: Option<String>,
    /// On the timeline, for turning points.
    pub marker: String,
}

/// Tells one fact; `None` if it is no story. Changes of partitions are told by [`super::changes`].
pub(super) fn tell(world: &World, fact: &Fact) -> Option<Told> {
    match fact {
        Fact::CommandDone { text } => Some(command(world, text)),
        Fact::ProcessChanged { node, process } => process_changed(world, *node, *process),
        Fact::BrokerRegistered { broker } => Some(registered(*broker)),
        Fact::BrokerFenced { broker, .. } => Some(fenced(world, *broker, fact)),
        Fact::BrokerUnfenced { broker } => Some(unfenced(*broker)),
        Fact::ControlledShutdown { broker } => Some(shutting_down(*broker)),
        Fact::GroupChanged { group, state, generation, cause } => {
            group_changed(world, *group, *state, *generation, cause)
        }
        Fact::CoordinatorLoaded { group, broker } => Some(coordinator(world, *group, *broker)),
        Fact::Retrying { producer, partition, error, .. } => {
            Some(retrying(world, *producer, *partition, *error))
        }
        Fact::SendFailed { producer, partition, error, .. } => {
            Some(failed(world, *producer, *partition, *error))
        }
        Fact::Blocked { producer, blocked } => Some(blocked_line(world, *producer, *blocked)),
        Fact::ProduceRefused { broker, partition, error } => refused(world, *broker, *partition, *error),
        Fact::DuplicateRefused { broker, partition, .. } => Some(duplicate(world, *broker, *partition)),
        Fact::Truncated { broker, partition, to, removed } => {
            let records = removed.iter().map(|batch| u64::from(batch.count)).sum();
            (records > 0).then(|| truncated(world, *broker, *partition, *to, records))
        }
        Fact::ConsumerFailed { consumer, error, .. } => Some(consumer_failed(world, *consumer, *error)),
        _ => None,
    }
}

/// Tells a finding of the audit.
pub(super) fn found(finding: &Finding) -> Told {
    let records = if finding.count == 1 { "record" } else { "records" };
    let (verb, weight) = match finding.word.as_str() {
        "lost" => ("lost although acknowledged", 3),
        "duplicated" => ("written twice", 3),
        "delivered twice" => ("delivered twice", 2),
        "skipped" => ("skipped by auto.offset.reset", 1),
        _ => ("never delivered although below a committed offset", 3),
    };
    let what = format!("{} {records} of {} {verb}.", finding.count, finding.partition);
    let mut told =
        told(StoryKind::Audit, weight, what, finding.why.clone(), String::new(), vec![Subject::Cluster]);
    told.again = Some(format!("{} {}", finding.word, finding.partition));
    told.marker = format!("{} {}", finding.count, finding.word);
    told
}

fn told(kind: StoryKind, weight: u8, what: String, why: String, next: String, about: Vec<Subject>) -> Told {
    let line = StoryLine { time_us: 0, kind, what, why, next, about, weight };
    Told { line, again: None, marker: String::new() }
}

impl Told {
    fn unless_told(mut self, key: String) -> Self {
        self.again = Some(key);
        self
    }

    fn marked(mut self, label: String) -> Self {
        self.marker = label;
        self
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn command(world: &World, text: &str) -> Told {
    let parsed: Option<Command> = text.parse().ok();
    let (next, about) = parsed.as_ref().map_or_else(Default::default, |command| after(world, command));
    let what = format!("Command: {text}.");
    told(StoryKind::Command, 3, what, String::new(), next, about).marked(text.to_owned())
}

/// What follows a command, and whom it is about.
fn after(world: &World, command: &Command) -> (String, Vec<Subject>) {
    let session_ms = world.controller().image().broker_config.broker_session_timeout_ms;
    let session = seconds(session_ms * 1_000);
    let broker = |id: &BrokerId| vec![Subject::Broker(id.0)];
    match command {
        Command::CrashBroker(id) => (
            format!(
                "Its connections break at once, so clients know; the controller waits {session} for a heartbeat (broker.session.timeout.ms)."
            ),
            broker(id),
        ),
        Command::CrashMachine(id) | Command::FreezeBroker(id) => (
            format!(
                "Nobody is told: clients wait for request.timeout.ms, the controller {session} for a heartbeat (broker.session.timeout.ms)."
            ),
            broker(id),
        ),
        Command::StopBroker(id) => {
            ("It asks the controller to move its leaderships away before it ends.".to_owned(), broker(id))
        }
        Command::StartBroker(id) => {
            ("It registers, reads the metadata, and fetches what it missed.".to_owned(), broker(id))
        }
        Command::ThawBroker(id) => {
            ("It goes on as if no time had passed, until others tell it what changed.".to_owned(), broker(id))
        }
        Command::CrashConsumer(name) | Command::FreezeConsumer(name) => (
            "Its group waits session.timeout.ms for a heartbeat before it gives its partitions to others."
                .to_owned(),
            consumer(world, name),
        ),
        Command::StopConsumer(name) => {
            ("It leaves its group, so the others take over at once.".to_owned(), consumer(world, name))
        }
        Command::StartConsumer(name) => {
            ("It joins its group as a new member.".to_owned(), consumer(world, name))
        }
        Command::SlowConsumer { consumer: name, .. } => (String::new(), consumer(world, name)),
        Command::AddConsumer { group } => {
            let at = world.groups().iter().position(|other| other.name == *group);
            (
                "It joins, and the group shares its partitions out again.".to_owned(),
                at.map(|at| Subject::Group(at as u32)).into_iter().collect(),
            )
        }
        _ => (String::new(), Vec::new()),
    }
}

fn consumer(world: &World, name: &str) -> Vec<Subject> {
    let at = (0..world.consumer_count()).find(|&at| *world.consumer_slot(at).spec.client_id == *name);
    at.map(|at| Subject::Consumer(u32::from(at))).into_iter().collect()
}

/// A time in words: `9 s`, `500 ms`.
fn seconds(us: u64) -> String {
    crate::scenario::words::show_duration(us)
}

fn process_changed(world: &World, node: NodeId, process: Process) -> Option<Told> {
    let name = capital(&world.node_name(node));
    let (weight, what) = match (node, process) {
        (NodeId::Broker(_), Process::Starting) => (1, format!("{name} starts.")),
        (NodeId::Broker(_), Process::Stopped) => (2, format!("{name} has shut down cleanly.")),
        (NodeId::Consumer(_), Process::Stopped) => (1, format!("{name} has closed.")),
        _ => return None,
    };
    let about = match node {
        NodeId::Broker(id) => Subject::Broker(u32::from(id)),
        NodeId::Consumer(at) => Subject::Consumer(u32::from(at)),
        NodeId::Producer(at) => Subject::Producer(u32::from(at)),
        NodeId::Controller(_) => Subject::Controller,
    };
    // At the beginning of a run everything starts; that is no news.
    (world.now().0 > 0)
        .then(|| told(StoryKind::Broker, weight, what, String::new(), String::new(), vec![about]))
}

fn registered(broker: BrokerId) -> Told {
    let what = format!("Broker {} registered with the controller.", broker.0);
    let why = "Every start of a broker begins with it: it is given a broker epoch, and stays fenced until it has caught up with the metadata.";
    told(StoryKind::Broker, 1, what, why.to_owned(), String::new(), vec![Subject::Broker(broker.0)])
}

fn fenced(world: &World, broker: BrokerId, fact: &Fact) -> Told {
    let Fact::BrokerFenced { last_contact, .. } = fact else { unreachable!("called for this fact alone") };
    let session_ms = world.controller().image().broker_config.broker_session_timeout_ms;
    let why = match last_contact {
        Some(at) => format!(
            "Its last heartbeat came at {at} s, and broker.session.timeout.ms is {}.",
            seconds(session_ms * 1_000)
        ),
        None => "Its controlled shutdown is complete.".to_owned(),
    };
    let next = "Partitions it led get another leader out of their in-sync replicas.".to_owned();
    let what = format!("The controller fenced broker {}: it may not lead or be in sync.", broker.0);
    let about = vec![Subject::Broker(broker.0), Subject::Controller];
    told(StoryKind::Broker, 3, what, why, next, about).marked(format!("broker {} fenced", broker.0))
}

fn unfenced(broker: BrokerId) -> Told {
    let what = format!("Broker {} is unfenced: it takes part again.", broker.0);
    let why = "Its heartbeat shows that it has caught up with the metadata.".to_owned();
    let next =
        "Its replicas fetch what they missed; then their leaders take them back into the ISR.".to_owned();
    let about = vec![Subject::Broker(broker.0), Subject::Controller];
    told(StoryKind::Broker, 2, what, why, next, about)
}

fn shutting_down(broker: BrokerId) -> Told {
    let what = format!("Broker {} asked for a controlled shutdown.", broker.0);
    let next =
        "The controller moves its leaderships to other in-sync replicas first, so that nobody notices."
            .to_owned();
    told(
        StoryKind::Broker,
        2,
        what,
        String::new(),
        next,
        vec![Subject::Broker(broker.0), Subject::Controller],
    )
}

fn group_changed(
    world: &World,
    group: GroupId,
    state: GroupState,
    generation: u32,
    cause: &GroupCause,
) -> Option<Told> {
    let name = &world.groups()[usize::from(group.0)].name;
    let why = group_why(world, group, cause);
    let members = super::lag::group_of(world, group).map_or(0, |group| group.members.len());
    let (weight, what, next) = match state {
        GroupState::PreparingRebalance => (
            2,
            format!("Group {name} rebalances: its members must join again."),
            "Members hear of it with their next heartbeat, and give their partitions back first.".to_owned(),
        ),
        GroupState::CompletingRebalance => (
            1,
            format!("The members of group {name} have joined: generation {generation}."),
            "Its leader computes who gets which partitions.".to_owned(),
        ),
        GroupState::Stable => {
            let word = if members == 1 { "member" } else { "members" };
            (
                2,
                format!("Group {name} is stable in generation {generation}, with {members} {word}."),
                String::new(),
            )
        }
        GroupState::Empty => (2, format!("Group {name} has no members left."), String::new()),
        GroupState::Dead => return None,
    };
    let kind = StoryKind::Group;
    Some(told(kind, weight, what, why, next, vec![Subject::Group(u32::from(group.0))]))
}

fn group_why(world: &World, group: GroupId, cause: &GroupCause) -> String {
    let config = &world.groups()[usize::from(group.0)].config;
    match cause {
        GroupCause::MemberJoined(id) => format!("Member {} joined.", short(id)),
        GroupCause::MemberLeft(id) => format!("Member {} left.", short(id)),
        GroupCause::SessionExpired(id) => format!(
            "No heartbeat of member {} came for session.timeout.ms ({}).",
            short(id),
            seconds(config.session_timeout_ms * 1_000)
        ),
        GroupCause::MemberRejoined(id) => format!("Member {} joined again.", short(id)),
        GroupCause::MemberTimedOut(id) => format!(
            "Member {} did not join within max.poll.interval.ms ({}).",
            short(id),
            seconds(config.max_poll_interval_ms * 1_000)
        ),
        GroupCause::JoinPhaseEnded => "Every member joined, or the time for it was over.".to_owned(),
        GroupCause::AssignmentReceived => "Its leader's assignment arrived.".to_owned(),
        GroupCause::CoordinatorMoved => "Its coordinator moved to another broker.".to_owned(),
    }
}

/// A member id without the UUID that Kafka adds to the client id.
fn short(member: &str) -> &str {
    const UUID_CHARS: usize = 36;
    let cut = member.len().saturating_sub(UUID_CHARS + 1);
    if cut > 0 && member.is_char_boundary(cut) { &member[..cut] } else { member }
}

fn coordinator(world: &World, group: GroupId, broker: BrokerId) -> Told {
    let name = &world.groups()[usize::from(group.0)].name;
    let what = format!("Broker {} now coordinates group {name}.", broker.0);
    let why = "It leads the group's partition of __consumer_offsets, and read the group's members and offsets back from it.";
    let about = vec![Subject::Group(u32::from(group.0)), Subject::Broker(broker.0)];
    told(StoryKind::Group, 2, what, why.to_owned(), String::new(), about)
}

fn names(world: &World, producer: u16, partition: TopicPartition) -> (String, String) {
    let name = world.producer_spec(producer).client_id.to_string();
    (name, world.controller().image().partition_name(partition))
}

fn retrying(world: &World, producer: u16, partition: TopicPartition, error: ErrorCode) -> Told {
    let (name, of) = names(world, producer, partition);
    let what = format!("Producer {name} sends records of {of} again.");
    let why = error_sentence(error);
    let next = "It goes on until delivery.timeout.ms is over.".to_owned();
    let about = vec![Subject::Producer(u32::from(producer)), Subject::Partition(partition.0)];
    told(StoryKind::Producer, 1, what, why, next, about).unless_told(format!("retry {name} {}", error.name()))
}

fn failed(world: &World, producer: u16, partition: TopicPartition, error: ErrorCode) -> Told {
    let (name, of) = names(world, producer, partition);
    let what = format!("Producer {name} gave records of {of} up: their send failed.");
    let about = vec![Subject::Producer(u32::from(producer)), Subject::Partition(partition.0)];
    let told = told(StoryKind::Producer, 3, what, error_sentence(error), String::new(), about);
    told.marked(format!("{name}: send failed")).unless_told(format!("failed {name} {}", error.name()))
}

fn blocked_line(world: &World, producer: u16, blocked: bool) -> Told {
    let name = &world.producer_spec(producer).client_id;
    let (what, why, next) = if blocked {
        (
            format!("Producer {name} blocks in send()."),
            "Its buffer.memory is full of records that no broker has confirmed.",
            "The application waits, at most max.block.ms.",
        )
    } else {
        (format!("Producer {name} can send again."), "Room became free in its buffer.memory.", "")
    };
    let about = vec![Subject::Producer(u32::from(producer))];
    let told = told(StoryKind::Producer, 2, what, why.to_owned(), next.to_owned(), about);
    told.unless_told(format!("blocked {name} {blocked}"))
}

fn refused(world: &World, broker: BrokerId, partition: TopicPartition, error: ErrorCode) -> Option<Told> {
    if !matches!(error, ErrorCode::NotEnoughReplicas | ErrorCode::NotEnoughReplicasAfterAppend) {
        return None;
    }
    let of = world.controller().image().partition_name(partition);
    let what = format!("Broker {} refuses records of {of}: {}.", broker.0, error.name());
    let why = error_sentence(error);
    let about = vec![Subject::Partition(partition.0), Subject::Broker(broker.0)];
    let told = told(
        StoryKind::Isr,
        2,
        what,
        why,
        "Producers try again until delivery.timeout.ms is over.".to_owned(),
        about,
    );
    Some(told.unless_told(format!("refused {of}")))
}

fn duplicate(world: &World, broker: BrokerId, partition: TopicPartition) -> Told {
    let of = world.controller().image().partition_name(partition);
    let what = format!(
        "Broker {} recognised a batch of {of} that it has already, and did not append it again.",
        broker.0
    );
    let why =
        "enable.idempotence numbers every batch of a producer, so the leader knows a second copy.".to_owned();
    let about = vec![Subject::Partition(partition.0), Subject::Broker(broker.0)];
    told(StoryKind::Log, 1, what, why, String::new(), about).unless_told(format!("duplicate {of}"))
}

fn truncated(world: &World, broker: BrokerId, partition: TopicPartition, to: u64, records: u64) -> Told {
    let of = world.controller().image().partition_name(partition);
    let what =
        format!("Broker {} cut its log of {of} back to offset {to}: {records} records removed.", broker.0);
    let why = "Where a follower's log differs from its leader's, the leader's is the truth; leader epochs tell where they part.".to_owned();
    let about = vec![Subject::Replica(partition.0, broker.0), Subject::Partition(partition.0)];
    told(StoryKind::Log, 3, what, why, String::new(), about).marked(format!("{of} truncated on {}", broker.0))
}

fn consumer_failed(world: &World, consumer: u16, error: ErrorCode) -> Told {
    let name = &world.consumer_slot(consumer).spec.client_id;
    let what = format!("Consumer {name} ended with an error.");
    let about = vec![Subject::Consumer(u32::from(consumer))];
    let told = told(StoryKind::Consumer, 3, what, error_sentence(error), String::new(), about);
    told.marked(format!("{name} failed"))
}

/// An error in words, with Kafka's name.
fn error_sentence(error: ErrorCode) -> String {
    let words = match error {
        ErrorCode::NotLeaderOrFollower => "the broker asked does not lead the partition any more",
        ErrorCode::NetworkException => "the connection broke before an answer came",
        ErrorCode::RequestTimedOut => "no answer came within request.timeout.ms",
        ErrorCode::NotEnoughReplicas => "fewer replicas are in sync than min.insync.replicas asks for",
        ErrorCode::NotEnoughReplicasAfterAppend => {
            "too many replicas left the ISR while the leader waited for them"
        }
        ErrorCode::DeliveryTimeout => "delivery.timeout.ms passed without success",
        ErrorCode::BufferExhausted => "max.block.ms passed without room in buffer.memory",
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => {
            "the batch is larger than max.message.bytes allows"
        }
        ErrorCode::OutOfOrderSequenceNumber => "a batch before it is missing in the leader's log",
        ErrorCode::UnknownTopicOrPartition => "the broker does not know the partition yet",
        ErrorCode::LeaderNotAvailable => "the partition has no leader",
        ErrorCode::NoOffsetForPartition => "there is no committed offset, and auto.offset.reset is none",
        _ => return format!("The error is {}.", error.name()),
    };
    format!("{}: {words}.", error.name())
}
