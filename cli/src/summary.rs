//! A summary as text.
use kafkarium_core::observe::report::{Finding, GroupSummary, Latency, Summary, Throughput};
use kafkarium_core::scenario::words::{show_duration, show_number};

/// Findings told of each word; `--json` has all.
const FINDINGS_SHOWN: usize = 5;
/// Records told of each finding.
const RECORDS_SHOWN: usize = 5;

/// The whole summary.
pub fn show(sum: &Summary) -> String {
    let mut text = format!("{} (seed {})\n", sum.title, sum.seed);
    let mut line = |label: &str, what: String| text.push_str(&format!("{label:<14}{what}\n"));
    line(
        "run",
        format!(
            "{} to {}, {} events, digest {}",
            show_duration(sum.from_us),
            show_duration(sum.until_us),
            show_number(sum.events),
            sum.digest
        ),
    );
    line("records in", throughput(&sum.records_in));
    line("records out", throughput(&sum.records_out));
    line("acknowledged", latency(&sum.produce_latency));
    line("delivered", latency(&sum.end_to_end_latency));
    for group in &sum.groups {
        line(
            "group",
            format!(
                "{}: {}, {}, lag {} (at most {}), {}",
                group.name,
                group.state,
                members(group),
                show_number(group.lag),
                show_number(group.lag_max),
                count(group.rebalances, "rebalance"),
            ),
        );
    }
    line(
        "partitions",
        format!(
            "{} offline, {} under-replicated, {}",
            show_number(sum.offline_partitions),
            show_number(sum.under_replicated_partitions),
            count(sum.leader_changes, "leader change"),
        ),
    );
    let gaps = |longest_ms: u64, each: &[(String, u64)]| {
        let mut gaps = match longest_ms {
            0 => return "never".into(),
            ms => format!("at most {}", ms_text(ms)),
        };
        let named: Vec<String> =
            each.iter().take(5).map(|(name, ms)| format!("{name} {}", ms_text(*ms))).collect();
        if !named.is_empty() {
            gaps.push_str(&format!(" ({})", named.join(", ")));
        }
        gaps
    };
    line("no writing", gaps(sum.unavailable_for_writing_ms, &sum.audit.unavailable_for_writing));
    line("no reading", gaps(sum.unavailable_for_reading_ms, &sum.audit.unavailable_for_reading));
    let audit = &sum.audit;
    line(
        "audit",
        format!(
            "{} acknowledged, {} failed, {} lost, {} duplicated",
            show_number(audit.acknowledged),
            show_number(audit.failed),
            show_number(audit.lost),
            show_number(audit.duplicated)
        ),
    );
    line(
        "",
        format!(
            "{} delivered, {} delivered twice, {} never delivered, {} never processed, {} skipped",
            show_number(audit.delivered),
            show_number(audit.delivered_twice),
            show_number(audit.never_delivered),
            show_number(audit.never_processed),
            show_number(audit.skipped)
        ),
    );
    for (at, finding) in audit.findings.iter().enumerate() {
        let alike = |others: &[Finding]| others.iter().filter(|other| other.word == finding.word).count();
        let (before, behind) = (alike(&audit.findings[..at]), alike(&audit.findings[at..]));
        if before > FINDINGS_SHOWN {
            continue;
        }
        if before == FINDINGS_SHOWN {
            line("  found", format!("{behind} more times: {}; --json tells all", finding.word));
            continue;
        }
        let mut records: Vec<&str> = finding.records.iter().map(String::as_str).collect();
        if records.len() > RECORDS_SHOWN {
            records.truncate(RECORDS_SHOWN);
            records.push("...");
        }
        let records = if records.is_empty() { String::new() } else { format!(": {}", records.join(", ")) };
        line(
            "  found",
            format!(
                "at {}: {} of {} from offset {} {}{records}",
                show_duration(finding.time_us / 1_000 * 1_000),
                count(finding.count, "record"),
                finding.partition,
                finding.first_offset,
                finding.word,
            ),
        );
        if !finding.why.is_empty() {
            line("", finding.why.clone());
        }
    }
    for broken in &audit.broken_invariants {
        line("BUG OF OURS", broken.clone());
    }
    for not_done in &sum.not_done {
        line("not done", not_done.clone());
    }
    let widest = sum.expectations.iter().map(|expectation| expectation.text.len()).fold(36, usize::max);
    for expectation in &sum.expectations {
        let verdict = if expectation.holds { "holds" } else { "BROKEN" };
        line("expected", format!("{:<widest$} {verdict} ({})", expectation.text, expectation.measured));
    }
    for note in &sum.notes {
        line("note", note.clone());
    }
    text
}

fn throughput(through: &Throughput) -> String {
    let (whole, part) = (through.milli_records_per_s / 1_000, through.milli_records_per_s % 1_000 / 100);
    let bytes = show_number(through.bytes_per_s);
    format!("{}, {}.{part}/s, {bytes} bytes/s", show_number(through.records), show_number(whole))
}

fn latency(latency: &Latency) -> String {
    if latency.count == 0 {
        return "none".into();
    }
    let [half, most, nearly_all, all] =
        [latency.p50_us, latency.p95_us, latency.p99_us, latency.max_us].map(show_duration);
    format!("after {half} (half), {most} (95 %), {nearly_all} (99 %), at most {all}")
}

fn members(group: &GroupSummary) -> String {
    let members = count(group.members, "member");
    if group.idle_members == 0 { members } else { format!("{members} ({} idle)", group.idle_members) }
}

fn ms_text(ms: u64) -> String {
    show_duration(ms.saturating_mul(1_000))
}

fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", show_number(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkarium_core::observe::report::{AuditReport, ExpectationResult};

    #[test]
    fn a_summary_reads_as_a_page() {
        let sum = Summary {
            title: "A leader dies".into(),
            seed: 7,
            from_us: 12_000_000,
            until_us: 60_000_000,
            events: 123_456,
            digest: "00000000deadbeef".into(),
            records_in: Throughput {
                records: 960,
                bytes: 192_000,
                milli_records_per_s: 20_050,
                bytes_per_s: 4_000,
            },
            produce_latency: Latency {
                count: 960,
                p50_us: 5_400,
                p95_us: 9_000,
                p99_us: 10_000,
                max_us: 1_200_000,
            },
            groups: vec![GroupSummary {
                name: "billing".into(),
                state: "Stable".into(),
                members: 1,
                lag: 3,
                lag_max: 1_400,
                rebalances: 0,
                idle_members: 0,
            }],
            not_done: vec!["start broker 2 at 20.000 s: broker 2: it runs already".into()],
            leader_changes: 1,
            unavailable_for_writing_ms: 8_200,
            audit: AuditReport {
                acknowledged: 960,
                lost: 5,
                unavailable_for_writing: vec![("orders-0".into(), 8_200)],
                findings: vec![Finding {
                    time_us: 28_400_900,
                    word: "lost".into(),
                    partition: "orders-0".into(),
                    first_offset: 395,
                    count: 5,
                    records: vec!["customer-1".into()],
                    picks: vec![String::new()],
                    why: "The new leader never had them.".into(),
                    ask: String::new(),
                }],
                ..AuditReport::default()
            },
            expectations: vec![ExpectationResult {
                text: "lost = 0".into(),
                measured: "5".into(),
                holds: false,
            }],
            ..Summary::default()
        };
        let expected = "\
A leader dies (seed 7)
run           12 s to 60 s, 123,456 events, digest 00000000deadbeef
records in    960, 20.0/s, 4,000 bytes/s
records out   0, 0.0/s, 0 bytes/s
acknowledged  after 5.4 ms (half), 9 ms (95 %), 10 ms (99 %), at most 1.2 s
delivered     none
group         billing: Stable, 1 member, lag 3 (at most 1,400), 0 rebalances
partitions    0 offline, 0 under-replicated, 1 leader change
no writing    at most 8.2 s (orders-0 8.2 s)
no reading    never
audit         960 acknowledged, 0 failed, 5 lost, 0 duplicated
              0 delivered, 0 delivered twice, 0 never delivered, 0 never processed, 0 skipped
  found       at 28.4 s: 5 records of orders-0 from offset 395 lost: customer-1
              The new leader never had them.
not done      start broker 2 at 20.000 s: broker 2: it runs already
expected      lost = 0                             BROKEN (5)
";
        assert_eq!(show(&sum), expected);
    }
}
