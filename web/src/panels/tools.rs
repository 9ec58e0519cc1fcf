//! The same cluster in the words of Kafka's own tools: a text twin of the stage.
use crate::state::App;
use kafkarium_core::observe::report::{Description, GroupDescription, TopicDescription};
use leptos::prelude::*;

#[component]
pub fn Tools(app: App) -> impl IntoView {
    app.with_engine(|engine| engine.describe());
    // Asked for again as time goes by, twice a second of the viewer at most.
    let second = Memo::new(move |_| app.now_us.get() / 500_000);
    Effect::new(move |_| {
        second.track();
        app.with_engine(|engine| engine.describe());
    });
    let text = Memo::new(move |_| app.description.read().as_ref().map(show).unwrap_or_default());
    view! {
        <h2>"In the words of Kafka's tools"</h2>
        <pre class="tools" tabindex="0">{text}</pre>
    }
}

fn show(description: &Description) -> String {
    let mut out = String::from("$ kafka-topics.sh --describe\n");
    description.topics.iter().filter(|topic| !topic.internal).for_each(|found| topic(&mut out, found));
    out.push_str("\n$ kafka-consumer-groups.sh --describe --all-groups\n");
    description.groups.iter().for_each(|found| group(&mut out, found));
    out
}

fn list(ids: &[u32]) -> String {
    ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

fn topic(out: &mut String, topic: &TopicDescription) {
    let configs: Vec<String> = topic.configs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    out.push_str(&format!(
        "Topic: {}\tPartitionCount: {}\tReplicationFactor: {}\n\tConfigs: {}\n",
        topic.name,
        topic.partitions.len(),
        topic.replication_factor,
        configs.join(",")
    ));
    for partition in &topic.partitions {
        let leader = partition.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string());
        out.push_str(&format!(
            "\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}\tElr: {}\n",
            partition.partition,
            list(&partition.replicas),
            list(&partition.isr),
            list(&partition.elr)
        ));
    }
}

fn group(out: &mut String, group: &GroupDescription) {
    let coordinator = group.coordinator.map_or_else(|| "none".to_owned(), |broker| broker.to_string());
    out.push_str(&format!(
        "\nGROUP {}  COORDINATOR {coordinator}  STATE {}  #MEMBERS {}\n",
        group.name, group.state, group.members
    ));
    out.push_str("TOPIC\tPARTITION\tCURRENT-OFFSET\tLOG-END-OFFSET\tLAG\tCLIENT-ID\n");
    let dash = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    for row in &group.rows {
        let lag =
            row.log_end_offset.zip(row.current_offset).map(|(end, current)| end.saturating_sub(current));
        out.push_str(&format!(
            "{}\t{}\t{}\t{}\t{}\t{}\n",
            row.topic,
            row.partition,
            dash(row.current_offset),
            dash(row.log_end_offset),
            dash(lag),
            row.client_id
        ));
    }
}
