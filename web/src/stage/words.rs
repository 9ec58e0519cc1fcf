//! What is on the stage, in words: for those who hear the page, and for whatever Kafka has no tool.
use crate::order::by_rank;
use kafkarium_core::observe::report::{Names, Subject};
use kafkarium_core::observe::view::{Frame, Links, NONE, Process, ReplicaView};

/// Rows of the longest table.
const ROWS_MAX: usize = 300;

/// The whole stage in a few short sentences.
pub fn summary(frame: &Frame, names: &Names) -> String {
    let mut parts = Vec::new();
    let up = frame.brokers.iter().filter(|broker| broker.process == Process::Running && !broker.fenced);
    parts.push(of_all(up.count(), frame.brokers.len(), "broker", "works", "work"));
    let led = frame.partitions.iter().filter(|partition| partition.leader != NONE);
    parts.push(of_all(led.count(), frame.partitions.len(), "partition", "has a leader", "have a leader"));
    let whole = frame.partitions.iter().filter(|partition| partition.in_sync >= partition.replicas);
    parts.push(of_all(whole.count(), frame.partitions.len(), "partition", "is in sync", "are in sync"));
    let sending = frame.producers.iter().filter(|producer| producer.process == Process::Running);
    parts.push(of_all(sending.count(), frame.producers.len(), "producer", "sends", "send"));
    for (at, group) in frame.groups.iter().enumerate() {
        let name = names.groups.get(at).map_or("", String::as_str);
        parts.push(format!("Group {name}: {}, {} records behind.", group_state(group.state), group.lag));
    }
    parts.join(" ")
}

/// `All 3 brokers work.`, `2 of 3 brokers work.`
fn of_all(count: usize, all: usize, what: &str, does: &str, do_: &str) -> String {
    match (count, all) {
        (_, 0) => format!("There is no {what}."),
        (1, 1) => format!("The one {what} {does}."),
        (2, 2) => format!("Both {what}s {do_}."),
        _ if count == all => format!("All {all} {what}s {do_}."),
        _ => format!("{count} of {all} {what}s {}.", if count == 1 { does } else { do_ }),
    }
}

/// One thing on the stage, as it is heard when the keyboard comes to it.
pub fn subject(frame: &Frame, names: &Names, subject: Subject) -> String {
    match subject {
        Subject::Cluster => "The whole cluster".to_owned(),
        Subject::Controller => "Controller, active".to_owned(),
        Subject::Broker(id) => {
            let Some(at) = frame.brokers.iter().position(|broker| broker.id == id) else {
                return String::new();
            };
            let broker = &frame.brokers[at];
            let rack = names.racks.get(at).filter(|rack| !rack.is_empty());
            let rack = rack.map_or_else(String::new, |rack| format!(" in rack {rack}"));
            let fenced = if broker.fenced { ", fenced" } else { "" };
            format!(
                "Broker {id}{rack}, {}{fenced}{}, leads {}, follows {}",
                process(broker.process),
                links(broker.links),
                broker.leads,
                broker.follows
            )
        }
        Subject::Partition(number) => format!("Partition {}", partition_name(names, number)),
        Subject::Replica(number, broker) => {
            let found =
                frame.replicas.iter().find(|replica| replica.partition == number && replica.broker == broker);
            let role = found.map_or_else(String::new, |replica| {
                format!(", {}, log end offset {}", role(frame, replica), replica.log_end)
            });
            format!("{} on broker {broker}{role}", partition_name(names, number))
        }
        Subject::Producer(at) => {
            let name = names.producers.get(at as usize).map_or("", |(name, ..)| name.as_str());
            let state = frame.producers.get(at as usize).map_or("", |producer| process(producer.process));
            format!("Producer {name}, {state}")
        }
        Subject::Group(at) => {
            let name = names.groups.get(at as usize).map_or("", String::as_str);
            let state = frame.groups.get(at as usize).map_or("", |group| group_state(group.state));
            format!("Group {name}, {state}")
        }
        Subject::Consumer(at) => {
            let name = names.consumers.get(at as usize).map_or("", |(name, _)| name.as_str());
            let state = frame.consumers.get(at as usize).map_or("", |consumer| process(consumer.process));
            let owned = frame.owned.iter().filter(|owned| owned.consumer == at);
            let owned: Vec<String> = owned.map(|owned| partition_name(names, owned.partition)).collect();
            let owns = if owned.is_empty() { "no partition".to_owned() } else { owned.join(", ") };
            format!("Consumer {name}, {state}, owns {owns}")
        }
    }
}

/// Every number of the stage, in tables.
pub fn tables(frame: &Frame, names: &Names) -> String {
    let parts =
        [brokers(frame, names), replicas(frame, names), producers(frame, names), consumers(frame, names)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn brokers(frame: &Frame, names: &Names) -> String {
    let rows = frame.brokers.iter().enumerate().map(|(at, broker)| {
        let rack = names.racks.get(at).filter(|rack| !rack.is_empty()).cloned();
        let links = match broker.links {
            Links::Good => "good",
            Links::Slow => "slowed",
            Links::Cut => "cut",
        };
        vec![
            broker.id.to_string(),
            rack.unwrap_or_else(|| "-".to_owned()),
            process(broker.process).to_owned(),
            if broker.fenced { "yes" } else { "no" }.to_owned(),
            links.to_owned(),
            broker.leads.to_string(),
            broker.follows.to_string(),
        ]
    });
    table(["BROKER", "RACK", "PROCESS", "FENCED", "LINKS", "LEADS", "FOLLOWS"], rows)
}

/// Where there are too many, those that are not in sync come first.
fn replicas(frame: &Frame, names: &Names) -> String {
    let mut all: Vec<&ReplicaView> = frame.replicas.iter().collect();
    let left = all.len().saturating_sub(ROWS_MAX);
    if left > 0 {
        all = by_rank(all, |replica| replica.in_sync.into());
        all.truncate(ROWS_MAX);
    }
    let rows = all.into_iter().map(|replica| {
        vec![
            partition_name(names, replica.partition),
            replica.broker.to_string(),
            role(frame, replica).to_owned(),
            replica.log_start.to_string(),
            replica.high_watermark.to_string(),
            replica.log_end.to_string(),
        ]
    });
    let columns = ["REPLICA OF", "BROKER", "ROLE", "LOG-START-OFFSET", "HIGH-WATERMARK", "LOG-END-OFFSET"];
    let mut text = table(columns, rows);
    if left > 0 {
        text.push_str(&format!("and {left} more\n"));
    }
    text
}

fn producers(frame: &Frame, names: &Names) -> String {
    let rows = frame.producers.iter().enumerate().map(|(at, producer)| {
        let state = if producer.blocked { "send() blocks" } else { process(producer.process) };
        vec![
            names.producers.get(at).map_or("-", |(name, ..)| name).to_owned(),
            state.to_owned(),
            producer.waiting.to_string(),
            producer.in_flight.to_string(),
            producer.acknowledged.to_string(),
            producer.failed.to_string(),
        ]
    });
    table(["PRODUCER", "PROCESS", "WAITING", "IN-FLIGHT", "ACKNOWLEDGED", "FAILED"], rows)
}

fn consumers(frame: &Frame, names: &Names) -> String {
    let name = |at: usize| names.consumers.get(at).map_or("-", |(name, _)| name).to_owned();
    let mut rows = Vec::new();
    for (at, consumer) in frame.consumers.iter().enumerate() {
        let head = vec![name(at), process(consumer.process).to_owned()];
        let owned: Vec<_> = frame.owned.iter().filter(|owned| owned.consumer as usize == at).collect();
        if owned.is_empty() {
            rows.push([head, vec!["-".to_owned(); 3]].concat());
            continue;
        }
        for owned in owned {
            let place = partition_name(names, owned.partition);
            rows.push(
                [head.clone(), vec![place, owned.position.to_string(), owned.lag.to_string()]].concat(),
            );
        }
    }
    let left = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    let mut text = table(["CONSUMER", "PROCESS", "OWNS", "POSITION", "RECORDS-LAG"], rows.into_iter());
    if left > 0 {
        text.push_str(&format!("and {left} more\n"));
    }
    text
}

/// Columns as wide as their widest cell; empty without rows.
fn table<const N: usize>(columns: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let width =
        |at: usize| rows.iter().map(|row| row[at].chars().count()).fold(columns[at].len(), usize::max);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &[&str]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    };
    line(&columns);
    rows.iter().for_each(|row| line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    text
}

fn partition_name(names: &Names, partition: u32) -> String {
    let name = names.partitions.get(partition as usize);
    name.map_or_else(|| format!("partition {partition}"), |(topic, index, _)| format!("{topic}-{index}"))
}

fn role(frame: &Frame, replica: &ReplicaView) -> &'static str {
    let partition = frame.partitions.iter().find(|partition| partition.partition == replica.partition);
    let leader = partition.map_or(NONE, |partition| partition.leader);
    match (leader == replica.broker, replica.in_sync, leader) {
        (true, ..) => "leader",
        (_, true, NONE) => "in sync, no leader",
        (_, false, NONE) => "not in sync, no leader",
        (_, true, _) => "follower in sync",
        (_, false, _) => "follower not in sync",
    }
}

fn process(process: Process) -> &'static str {
    match process {
        Process::Running => "running",
        Process::Starting => "starts",
        Process::Stopping => "shuts down",
        Process::Stopped => "shut down",
        Process::Crashed => "crashed",
        Process::MachineDown => "machine off",
        Process::Frozen => "frozen",
    }
}

fn links(links: Links) -> &'static str {
    match links {
        Links::Good => "",
        Links::Slow => ", links slowed",
        Links::Cut => ", links cut",
    }
}

fn group_state(state: u32) -> &'static str {
    ["Empty", "PreparingRebalance", "CompletingRebalance", "Stable"]
        .get(state as usize)
        .copied()
        .unwrap_or("Dead")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkarium_core::observe::view::{BrokerView, GroupView, PartitionView, ProducerView};

    fn scene() -> (Frame, Names) {
        let broker = |id, process| BrokerView { id, process, leads: 1, ..BrokerView::default() };
        let replica = |broker, in_sync| ReplicaView { broker, in_sync, log_end: 7, ..ReplicaView::default() };
        let frame = Frame {
            brokers: vec![broker(1, Process::Running), broker(2, Process::Crashed)],
            partitions: vec![PartitionView {
                leader: 1,
                replicas: 2,
                in_sync: 1,
                ..PartitionView::default()
            }],
            replicas: vec![replica(1, true), replica(2, false)],
            producers: vec![ProducerView::default()],
            groups: vec![GroupView { state: 3, lag: 4, ..GroupView::default() }],
            ..Frame::default()
        };
        let names = Names {
            partitions: vec![("orders".into(), 0, false)],
            producers: vec![("checkout".into(), "orders".into(), String::new())],
            groups: vec!["billing".into()],
            racks: vec!["a".into(), String::new()],
            ..Names::default()
        };
        (frame, names)
    }

    #[test]
    fn the_stage_in_a_few_sentences() {
        let (frame, names) = scene();
        let expected = "1 of 2 brokers works. The one partition has a leader. 0 of 1 partitions are in sync. \
                        The one producer sends. Group billing: Stable, 4 records behind.";
        assert_eq!(summary(&frame, &names), expected);
    }

    #[test]
    fn every_thing_has_words() {
        let (frame, names) = scene();
        let said = |what| subject(&frame, &names, what);
        assert_eq!(said(Subject::Broker(1)), "Broker 1 in rack a, running, leads 1, follows 0");
        assert_eq!(said(Subject::Broker(2)), "Broker 2, crashed, leads 1, follows 0");
        assert_eq!(
            said(Subject::Replica(0, 2)),
            "orders-0 on broker 2, follower not in sync, log end offset 7"
        );
        assert_eq!(said(Subject::Producer(0)), "Producer checkout, running");
    }

    #[test]
    fn tables_have_columns_under_their_names() {
        let (frame, names) = scene();
        let text = tables(&frame, &names);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "BROKER  RACK  PROCESS  FENCED  LINKS  LEADS  FOLLOWS");
        assert_eq!(lines[2], "2       -     crashed  no      good   1      0");
        assert!(text.contains("orders-0    2       follower not in sync"), "{text}");
        assert!(!text.contains("CONSUMER"), "what is not there has no table");
    }
}
