//! A description as text, letter by letter as `kafka-topics.sh` and `kafka-consumer-groups.sh` of Kafka 4.3 print it.
//! Lines that begin with `#` are not theirs: they say where the tool would wait, or print nothing.
use super::report::{Description, GroupDescription, GroupRow, TopicDescription};

/// As `kafka-topics.sh --describe`: fields parted by tabs, ids by commas, no leader is `none`.
pub fn topics<'a>(topics: impl IntoIterator<Item = &'a TopicDescription>) -> String {
    let mut text = String::new();
    topics.into_iter().for_each(|found| topic(found, &mut text));
    text
}

/// As `kafka-consumer-groups.sh --describe --all-groups`.
pub fn offsets(description: &Description) -> String {
    let mut text = notes(description);
    for group in listed(description) {
        // A group without rows is only announced.
        if announce(group, &mut text) && !group.rows.is_empty() {
            group_offsets(group, &mut text);
        }
    }
    text
}

/// As `kafka-consumer-groups.sh --describe --all-groups --state`.
pub fn states(description: &Description) -> String {
    let mut text = String::new();
    for group in listed(description) {
        if !announce(group, &mut text) {
            continue;
        }
        let coordinator =
            group.coordinator.map_or_else(String::new, |id| format!("broker-{id}:9092  ({id})"));
        let (first, second) = (widest(&group.name, 15), widest(&coordinator, 25));
        let mut line = |cells: [&str; 5]| {
            let [name, coordinator, strategy, state, members] = cells;
            text.push_str(&format!(
                "\n{name:<first$} {coordinator:<second$} {strategy:<20} {state:<20} {members}"
            ));
        };
        line(["GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"]);
        let members = group.members.len().to_string();
        line([&group.name, &coordinator, or_dash(&group.assignment_strategy), &group.state, &members]);
        text.push('\n');
    }
    text
}

/// As `kafka-consumer-groups.sh --describe --all-groups --members`.
pub fn members(description: &Description) -> String {
    let mut text = String::new();
    for group in listed(description) {
        if announce(group, &mut text) {
            group_members(group, &mut text);
        }
    }
    text
}

/// What the tool lists: groups that their coordinators know, and those whose coordinator does not answer.
fn listed(description: &Description) -> impl Iterator<Item = &GroupDescription> {
    description.groups.iter().filter(|group| group.state != "Dead")
}

fn notes(description: &Description) -> String {
    let waits = description.silent_leaders.iter().map(|broker| {
        format!(
            "# Broker {broker} still counts as a leader and does not answer: the tool would wait for it, and end with a \
             TimeoutException.\n"
        )
    });
    waits.collect()
}

/// What the tool says of a group before its table; false if there is no table.
fn announce(group: &GroupDescription, text: &mut String) -> bool {
    let name = &group.name;
    match group.state.as_str() {
        "" => text.push_str(&format!(
            "\n# Group {name}: no coordinator answers. The tool would wait for one, and end with a TimeoutException.\n"
        )),
        "Empty" => text.push_str(&format!("\nConsumer group '{name}' has no active members.\n")),
        "PreparingRebalance" | "CompletingRebalance" => {
            text.push_str(&format!("\nWarning: Consumer group '{name}' is rebalancing.\n"));
        }
        _ => {}
    }
    !group.state.is_empty()
}

fn topic(topic: &TopicDescription, text: &mut String) {
    let configs: Vec<String> = topic.configs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    text.push_str(&format!(
        "Topic: {}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {}\tConfigs: {}\n",
        topic.name,
        topic.topic_id,
        topic.partitions.len(),
        topic.replication_factor,
        configs.join(",")
    ));
    let ids = |ids: &[u32]| ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    for partition in &topic.partitions {
        text.push_str(&format!(
            "\tTopic: {}\tPartition: {}\tLeader: {}\tReplicas: {}\tIsr: {}\tElr: {}\tLastKnownElr: {}\n",
            topic.name,
            partition.partition,
            partition.leader.map_or("none".into(), |id| id.to_string()),
            ids(&partition.replicas),
            ids(&partition.isr),
            ids(&partition.elr),
            ids(&partition.last_known_elr)
        ));
    }
}

fn group_offsets(group: &GroupDescription, text: &mut String) {
    let width = |cell: fn(&GroupRow) -> &str| group.rows.iter().fold(15, |most, row| widest(cell(row), most));
    let name_width = widest(&group.name, 15);
    let (topic_width, consumer_width) = (width(|row| &row.topic), width(|row| &row.consumer_id));
    let host_width = width(|row| &row.host);
    let mut line = |cells: [&str; 9]| {
        let [name, topic, partition, current, end, lag, consumer, host, client] = cells;
        text.push_str(&format!(
            "\n{name:<name_width$} {topic:<topic_width$} {partition:<10} {current:<15} {end:<15} {lag:<15} \
             {consumer:<consumer_width$} {host:<host_width$} {client}"
        ));
    };
    let (current, end) = ("CURRENT-OFFSET", "LOG-END-OFFSET");
    line(["GROUP", "TOPIC", "PARTITION", current, end, "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"]);
    for row in &group.rows {
        let number = |number: Option<u64>| number.map_or("-".into(), |number| number.to_string());
        line([
            &group.name,
            &row.topic,
            &row.partition.to_string(),
            &number(row.current_offset),
            &number(row.log_end_offset),
            &lag(row),
            or_dash(&row.consumer_id),
            or_dash(&row.host),
            or_dash(&row.client_id),
        ]);
    }
    text.push('\n');
}

/// The tool subtracts, whatever comes: after lost records a group can be ahead of its log.
fn lag(row: &GroupRow) -> String {
    let lag = row.current_offset.zip(row.log_end_offset).map(|(current, end)| end as i64 - current as i64);
    lag.map_or("-".into(), |lag| lag.to_string())
}

fn group_members(group: &GroupDescription, text: &mut String) {
    let width = |at: usize, least: usize| {
        let cell = |member: &super::report::MemberDescription| {
            [member.consumer_id.len(), member.host.len(), member.client_id.len()][at]
        };
        group.members.iter().map(cell).fold(least, usize::max)
    };
    let name_width = widest(&group.name, 15);
    let (consumer_width, host_width, client_width) = (width(0, 15), width(1, 15), width(2, 15));
    text.push('\n');
    let mut line = |cells: [&str; 5]| {
        let [name, consumer, host, client, partitions] = cells;
        text.push_str(&format!(
            "{name:<name_width$} {consumer:<consumer_width$} {host:<host_width$} {client:<client_width$} \
             {partitions:<15} \n"
        ));
    };
    line(["GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"]);
    for member in &group.members {
        let partitions = member.partitions.to_string();
        line([&group.name, &member.consumer_id, &member.host, &member.client_id, &partitions]);
    }
}

fn widest(text: &str, least: usize) -> usize {
    text.len().max(least)
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::report::{MemberDescription, PartitionDescription};

    fn described() -> Description {
        let partition = |partition, leader| PartitionDescription {
            partition,
            leader,
            replicas: vec![2, 3, 1],
            isr: vec![3, 1],
            elr: vec![2],
            last_known_elr: vec![],
        };
        let row = |partition, current_offset, client: &str| GroupRow {
            topic: "orders".into(),
            partition,
            current_offset,
            log_end_offset: Some(120),
            consumer_id: client.replace("billing", "billing-1-id"),
            host: if client.is_empty() { String::new() } else { "/10.0.0.9".into() },
            client_id: client.into(),
        };
        let member = |client: &str, partitions| MemberDescription {
            consumer_id: format!("{client}-id"),
            host: "/10.0.0.9".into(),
            client_id: client.into(),
            partitions,
        };
        Description {
            time_us: 0,
            topics: vec![TopicDescription {
                name: "orders".into(),
                topic_id: "AAAAAAAAAAAAAAAAAAAAAQ".into(),
                replication_factor: 3,
                configs: vec![("min.insync.replicas".into(), "2".into())],
                partitions: vec![partition(0, Some(3)), partition(1, None)],
                internal: false,
            }],
            groups: vec![
                GroupDescription {
                    name: "billing".into(),
                    state: "Stable".into(),
                    coordinator: Some(1),
                    assignment_strategy: "range".into(),
                    members: vec![member("billing-1", 1), member("billing-2", 0)],
                    rows: vec![row(0, Some(100), "billing-1"), row(1, Some(130), ""), row(2, None, "")],
                },
                GroupDescription {
                    name: "idle".into(),
                    state: "Empty".into(),
                    ..GroupDescription::default()
                },
                GroupDescription { name: "lost".into(), ..GroupDescription::default() },
            ],
            silent_leaders: vec![],
        }
    }

    #[test]
    fn topics_look_like_kafkas_own_tool() {
        let expected = [
            "Topic: orders\tTopicId: AAAAAAAAAAAAAAAAAAAAAQ\tPartitionCount: 2\tReplicationFactor: 3\tConfigs: \
             min.insync.replicas=2",
            "\tTopic: orders\tPartition: 0\tLeader: 3\tReplicas: 2,3,1\tIsr: 3,1\tElr: 2\tLastKnownElr: ",
            "\tTopic: orders\tPartition: 1\tLeader: none\tReplicas: 2,3,1\tIsr: 3,1\tElr: 2\tLastKnownElr: ",
            "",
        ];
        assert_eq!(topics(&described().topics), expected.join("\n"));
    }

    #[test]
    fn offsets_look_like_kafkas_own_tool() {
        let expected = [
            "",
            "GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     \
             HOST            CLIENT-ID",
            "billing         orders          0          100             120             20              \
             billing-1-id-1  /10.0.0.9       billing-1",
            "billing         orders          1          130             120             -10             -               \
             -               -",
            "billing         orders          2          -               120             -               -               \
             -               -",
            "",
            "Consumer group 'idle' has no active members.",
            "",
            "# Group lost: no coordinator answers. The tool would wait for one, and end with a TimeoutException.",
            "",
        ];
        assert_eq!(offsets(&described()), expected.join("\n"));
        let waiting = Description { silent_leaders: vec![2], ..described() };
        assert!(offsets(&waiting).starts_with("# Broker 2 still counts as a leader"));
    }

    #[test]
    fn states_look_like_kafkas_own_tool() {
        let text = states(&described());
        let lines: Vec<&str> = text.lines().collect();
        let header =
            "GROUP           COORDINATOR (ID)          ASSIGNMENT-STRATEGY  STATE                #MEMBERS";
        assert_eq!(lines[1], header);
        let row = "billing         broker-1:9092  (1)        range                Stable               2";
        assert_eq!(lines[2], row);
        assert_eq!(lines[4], "Consumer group 'idle' has no active members.");
    }

    #[test]
    fn members_look_like_kafkas_own_tool() {
        let text = members(&described());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1].trim_end(),
            "GROUP           CONSUMER-ID     HOST            CLIENT-ID       #PARTITIONS"
        );
        assert_eq!(lines[2].trim_end(), "billing         billing-1-id    /10.0.0.9       billing-1       1");
        assert_eq!(lines[3].trim_end(), "billing         billing-2-id    /10.0.0.9       billing-2       0");
        assert_eq!(
            lines[1].trim_end().find("#PARTITIONS"),
            lines[2].rfind('1'),
            "columns stand under their names"
        );
    }
}
