//! A description as text, in the columns of Kafka's own tools.
use kafkarium_core::observe::report::{Description, GroupDescription, TopicDescription};

/// The whole description.
pub fn show(description: &Description) -> String {
    let mut text = String::new();
    for topic in &description.topics {
        show_topic(topic, &mut text);
    }
    for group in &description.groups {
        show_group(group, &mut text);
    }
    text
}

/// As `kafka-topics.sh --describe`: fields parted by tabs, ids by commas, no leader is `none`.
fn show_topic(topic: &TopicDescription, text: &mut String) {
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

/// As `kafka-consumer-groups.sh --describe`: an empty line, then columns; what is not there is `-`.
fn show_group(group: &GroupDescription, text: &mut String) {
    if group.members == 0 && group.rows.is_empty() {
        text.push_str(&format!("\nConsumer group '{}' has no active members.\n", group.name));
        return;
    }
    if group.members == 0 {
        text.push_str(&format!("\nConsumer group '{}' has no active members.\n", group.name));
    } else if group.state == "PreparingRebalance" || group.state == "CompletingRebalance" {
        text.push_str(&format!("\nWarning: Consumer group '{}' is rebalancing.\n", group.name));
    }
    text.push('\n');
    let width = |of: &mut dyn Iterator<Item = usize>| of.fold(15, usize::max);
    let group_width = width(&mut std::iter::once(group.name.len()));
    let topic_width = width(&mut group.rows.iter().map(|row| row.topic.len()));
    let consumer_width = width(&mut group.rows.iter().map(|row| row.consumer_id.len()));
    let mut line = |cells: [&str; 9]| {
        let [name, topic, partition, current, end, lag, consumer, host, client] = cells;
        let line = format!(
            "{name:<group_width$} {topic:<topic_width$} {partition:<10} {current:<15} {end:<15} {lag:<15} \
             {consumer:<consumer_width$} {host:<15} {client}"
        );
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line([
        "GROUP",
        "TOPIC",
        "PARTITION",
        "CURRENT-OFFSET",
        "LOG-END-OFFSET",
        "LAG",
        "CONSUMER-ID",
        "HOST",
        "CLIENT-ID",
    ]);
    for row in &group.rows {
        let number = |number: Option<u64>| number.map_or("-".into(), |number| number.to_string());
        let lag =
            row.current_offset.zip(row.log_end_offset).map(|(current, end)| end.saturating_sub(current));
        let or_dash = |text: &str| if text.is_empty() { "-".into() } else { text.to_string() };
        line([
            &group.name,
            &row.topic,
            &row.partition.to_string(),
            &number(row.current_offset),
            &number(row.log_end_offset),
            &number(lag),
            &or_dash(&row.consumer_id),
            &or_dash(&row.host),
            &or_dash(&row.client_id),
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkarium_core::observe::report::{GroupRow, PartitionDescription};

    #[test]
    fn a_description_looks_like_kafkas_own_tools() {
        let partition = |partition, leader| PartitionDescription {
            partition,
            leader,
            replicas: vec![2, 3, 1],
            isr: vec![3, 1],
            elr: vec![],
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
        let description = Description {
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
                    members: 1,
                    rows: vec![row(0, Some(100), "billing-1"), row(1, None, "")],
                },
                GroupDescription { name: "idle".into(), ..GroupDescription::default() },
            ],
        };
        let expected = [
            "Topic: orders\tTopicId: AAAAAAAAAAAAAAAAAAAAAQ\tPartitionCount: 2\tReplicationFactor: 3\tConfigs: \
             min.insync.replicas=2",
            "\tTopic: orders\tPartition: 0\tLeader: 3\tReplicas: 2,3,1\tIsr: 3,1\tElr: \tLastKnownElr: ",
            "\tTopic: orders\tPartition: 1\tLeader: none\tReplicas: 2,3,1\tIsr: 3,1\tElr: \tLastKnownElr: ",
            "",
            "GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     \
             HOST            CLIENT-ID",
            "billing         orders          0          100             120             20              \
             billing-1-id-1  /10.0.0.9       billing-1",
            "billing         orders          1          -               120             -               -               \
              -               -",
            "",
            "Consumer group 'idle' has no active members.",
            "",
        ];
        assert_eq!(show(&description), expected.join("\n"));
    }
}
