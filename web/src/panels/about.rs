//! What this is, and how far it was held against a real cluster.
use leptos::prelude::*;

/// Written by `cargo xtask fidelity`; a test fails when it is out of date.
const TOTALS: &str = include_str!("../../../docs/fidelity-totals.txt");

/// A total by its word.
fn total(word: &str) -> &'static str {
    let line = TOTALS.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    line.unwrap_or_default()
}

#[component]
pub fn About() -> impl IntoView {
    let row = |what: &'static str, word| view! { <tr><th scope="row">{what}</th><td>{total(word)}</td></tr> };
    let kafka = total("kafka");
    view! {
        <p>"Kafkarium simulates Apache Kafka 4.3 in KRaft mode: brokers, a controller, producers and consumer groups, request by request. The same scenario, seed and commands always give the same run."</p>
        <p>{format!("A real cluster of Apache Kafka {kafka} was recorded, and the simulation is held against what it did:")}</p>
        <table class="totals">
            {row("situations recorded", "recorded")}
            {row("of them played here", "played")}
            {row("facts that are the same", "same")}
            {row("durations and counts within their stated margin", "within")}
            {row("known differences", "different")}
            {row("situations that wait for a feature", "waiting")}
        </table>
        <p class="soft">"Every situation, fact and margin stands in docs/fidelity.md of the sources; what is simplified, in docs/simplified.md."</p>
        <p class="soft">"Nothing leaves this page. Apache Kafka is a trademark of the Apache Software Foundation, with which this project is not affiliated."</p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_total_is_there() {
        for word in ["kafka", "recorded", "played", "same", "within", "different", "waiting"] {
            assert!(!total(word).is_empty(), "{word}");
        }
    }
}
