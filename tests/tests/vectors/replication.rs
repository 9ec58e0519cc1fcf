//! Vectors told as steps of a leader or a follower: where logs diverge, what is cut, how the high watermark moves.
use crate::check::{Check, list, number, text};
use crate::lab::{Lab, ORDERS, RECORD_BYTES, record};
use kafkarium_core::config::TopicConfig;
use kafkarium_core::log::EpochEnd;
use kafkarium_core::metadata::BrokerId;
use kafkarium_core::node::TimerKind;
use kafkarium_core::wire::{
    AlterPartitionResult, CONTROLLER, ErrorCode, FetchedPartition, ListOffsetsAt, ListedOffset, Message,
    NodeId,
};
use serde_json::Value;

fn offset(value: &Value) -> u64 {
    u64::from(number(value))
}

// --- the leader's answer to a follower whose log may differ ---

pub fn follower_fetch_divergence(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let mut leader = leader_with_epochs(kind, offset(&case["log_start"]));
        check.same("log start", leader.replica().log.start().offset, offset(&case["log_start"]));
        let fetched = leader.fetch(2, offset(&case["fetch_offset"]), number(&case["last_fetched_epoch"]));
        let fetched = fetched.expect("no wait").partitions.first().copied();
        let error = fetched.map_or(ErrorCode::None, |fetched| fetched.error);
        check.same("error", error.name(), case.get("error").map_or("NONE", |name| text(name)));
        let diverging = fetched.and_then(|fetched| fetched.diverging).map(|end| (end.epoch, end.end_offset));
        let wanted = case.get("diverging").and_then(Value::as_array);
        let wanted = wanted.map(|end| (number(&end[0]), offset(&end[1])));
        check.same("diverging", diverging, wanted);
        let counted = leader.leading().followers[0].log_end.is_some();
        check.same("it counts as a fetch", counted, error == ErrorCode::None && diverging.is_none());
    }
}

/// Segments of five records; retention by size takes those below `log_start`.
fn leader_with_epochs(kind: &Value, log_start: u64) -> Lab {
    let end = offset(&kind["leader_log_end_offset"]);
    let config = TopicConfig {
        segment_bytes: u64::from(5 * RECORD_BYTES),
        retention_bytes: (end - log_start) as i64 * i64::from(RECORD_BYTES),
        retention_ms: -1,
        ..TopicConfig::default()
    };
    let mut leader = Lab::new(1, 2, config);
    let entries = list(&kind["leader_epoch_entries"]);
    for (at, entry) in entries.iter().enumerate() {
        leader.learn(1, number(&entry[0]), &[1]);
        leader.append_up_to(entries.get(at + 1).map_or(end, |next| offset(&next[1])));
    }
    leader.timer(TimerKind::Retention);
    leader
}

// --- what a follower cuts ---

pub fn follower_truncation(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        match text(&case["name"]) {
            "testDivergingEpochs" => diverging_epochs(case, check),
            "testFollowerFetchOutOfRangeHigh" => fetch_out_of_range_high(case, check),
            // Every batch here has a leader epoch, so no follower knows none: that is the oldest format's lot.
            "testTruncateToHighWatermarkIfLeaderEpochInfoNotAvailable" => {}
            other => panic!("{other}"),
        }
    }
}

/// A broker that led alone and wrote these records.
fn with_log(id: u32, records: &Value) -> Lab {
    let mut lab = Lab::new(id, 2, TopicConfig::default());
    for record in list(records) {
        let epoch = number(&record["epoch"]);
        lab.learn(id, epoch, &[id]);
        lab.append(u64::from(text(&record["v"]).as_bytes()[0]));
    }
    lab
}

/// Carries the follower's fetch (or question for offsets) to the leader, and the answer back.
fn round(follower: &mut Lab, leader: &mut Lab) -> bool {
    let is_request = |message: &Message| matches!(message, Message::Fetch(_) | Message::ListOffsets(_));
    let Some((correlation, request)) = follower.take(NodeId::Broker(1), is_request) else { return false };
    leader.hear(NodeId::Broker(2), correlation, request);
    let Some((correlation, answer)) = leader.take(NodeId::Broker(2), Message::is_response) else {
        return false;
    };
    follower.hear(NodeId::Broker(1), correlation, answer);
    true
}

fn diverging_epochs(case: &Value, check: &mut Check) {
    check.case(case);
    let (mut leader, mut follower) = (with_log(1, &case["leader"]), with_log(2, &case["follower"]));
    let epoch = number(&case["leader_epoch"]);
    follower.learn(1, epoch, &[1]);
    round(&mut follower, &mut leader);
    let first = &case["after_first_round"];
    check.same("log end", follower.end(), offset(&first["log_end_offset"]));
    check.same("last epoch", follower.replica().log.last_epoch(), Some(number(&first["last_fetched_epoch"])));
    while round(&mut follower, &mut leader) {}
    check.same("the follower's log", follower.log(), leader.log());
    let last = number(&case["final_last_fetched_epoch"]);
    check.same("last epoch in the end", follower.replica().log.last_epoch(), Some(last));
}

fn fetch_out_of_range_high(case: &Value, check: &mut Check) {
    check.case(case);
    let mut leader = Lab::new(1, 2, TopicConfig::default());
    leader.learn(1, 1, &[1]);
    leader.append_up_to(offset(&case["leader_leo"]));
    let mut follower = Lab::new(2, 2, TopicConfig::default());
    follower.learn(2, 0, &[2]);
    follower.append_up_to(offset(&case["follower_leo"]));
    follower.learn(1, 1, &[1]);
    follower.answered(Vec::new(), FetchedPartition { error: ErrorCode::OffsetOutOfRange, ..answer(0) });
    round(&mut follower, &mut leader);
    let result = &case["result"];
    check.same("log end", follower.end(), offset(&result["follower_leo"]));
    check.same("log start", follower.replica().log.start().offset, offset(&result["follower_start"]));
    check.same("high watermark", follower.high_watermark(), offset(&result["follower_hw"]));
}

// --- the high watermark ---

pub fn high_watermark(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        match text(&case["name"]) {
            "testMaybeShrinkIsr" => shrinks(case, check),
            "testShouldNotShrinkIsrIfPreviousFetchIsCaughtUp" => caught_up_by_the_previous_fetch(case, check),
            "testShouldNotShrinkIsrIfFollowerCaughtUpToLogEnd" => at_the_log_end(case, check),
            "testFollowerDoesNotJoinISRUntilCaughtUpToOffsetWithinCurrentLeaderEpoch" => joins(case, check),
            "testHighWatermarkMaintenance" => maintenance(case, check),
            other => panic!("{other}"),
        }
    }
}

/// The ISR that the leader asks the controller for.
fn asked_isr(leader: &mut Lab) -> Option<Vec<u32>> {
    match leader.take(CONTROLLER, |message| matches!(message, Message::AlterPartition(_)))?.1 {
        Message::AlterPartition(asked) => {
            Some(asked.partitions[0].isr.iter().map(|(broker, _)| broker.0).collect())
        }
        _ => None,
    }
}

fn ids(brokers: &[BrokerId]) -> Vec<u32> {
    brokers.iter().map(|broker| broker.0).collect()
}

/// Who holds the high watermark back: the ISR, and who is asked for.
fn maximal_isr(leader: &Lab) -> Vec<u32> {
    let leading = leader.leading();
    let mut members = ids(&leading.isr);
    members.extend(leading.proposed_isr.iter().flatten().map(|broker| broker.0));
    members.sort_unstable();
    members.dedup();
    members
}

fn shrinks(case: &Value, check: &mut Check) {
    let (leo, lag_ms) = (offset(&case["leo"]), offset(&case["replica_lag_time_max_ms"]));
    let mut leader = Lab::new(1, 3, TopicConfig::default());
    leader.learn(1, 1, &[1, 2, 3]);
    leader.append_up_to(leo);
    leader.fetch(2, leo, 1);
    check.same("high watermark with a silent member", leader.high_watermark(), 0);
    leader.now = leader.now.plus_ms(lag_ms);
    leader.timer(TimerKind::IsrShrink);
    check.same("asked in time", asked_isr(&mut leader), None);
    leader.now = leader.now.plus_ms(1);
    leader.timer(TimerKind::IsrShrink);
    check.same("asked too late", asked_isr(&mut leader), Some(vec![1, 2]));
    check.same("ISR meanwhile", ids(&leader.leading().isr), vec![1, 2, 3]);
    check.same("maximal ISR meanwhile", maximal_isr(&leader), vec![1, 2, 3]);
    check.same("high watermark meanwhile", leader.high_watermark(), 0);
    let accepted = AlterPartitionResult {
        partition: ORDERS,
        error: ErrorCode::None,
        isr: vec![BrokerId(1), BrokerId(2)],
        leader_epoch: 1,
        partition_epoch: leader.leading().partition_epoch + 1,
    };
    leader.hear(CONTROLLER, 0, Message::AlterPartitionResponse(Ok(vec![accepted])));
    check.same("ISR in the end", ids(&leader.leading().isr), vec![1, 2]);
    check.same("high watermark in the end", leader.high_watermark(), leo);
}

fn caught_up_by_the_previous_fetch(case: &Value, check: &mut Check) {
    let mut leader = Lab::new(1, 2, TopicConfig::default());
    let elected = leader.now;
    leader.learn(1, 1, &[1, 2]);
    for step in list(&case["steps"]) {
        leader.now = elected.plus_ms(offset(&step["t"]));
        leader.append_up_to(offset(&step["leader_leo"]));
        leader.fetch(2, offset(&step["follower_fetch_offset"]), 1);
        let wanted = &step["last_caught_up"];
        let wanted = if wanted.is_string() { elected } else { elected.plus_ms(offset(wanted)) };
        check.same("last caught up", leader.leading().followers[0].last_caught_up, wanted);
        check.same("high watermark", leader.high_watermark(), offset(&step["hw"]));
    }
    leader.timer(TimerKind::IsrShrink);
    check.same("asked", asked_isr(&mut leader), None);
}

fn at_the_log_end(case: &Value, check: &mut Check) {
    let mut leader = Lab::new(1, 2, TopicConfig::default());
    leader.learn(1, 1, &[1, 2]);
    leader.append_up_to(offset(&case["leo"]));
    leader.fetch(2, offset(&case["follower_fetch_offset"]), 1);
    leader.now = leader.now.plus_ms(offset(&case["idle_ms"]));
    leader.timer(TimerKind::IsrShrink);
    check.same("shrinks", asked_isr(&mut leader).is_some(), case["shrinks"].as_bool().unwrap());
}

/// Epoch 8 wrote offsets 0 to 4 with a high watermark of 2; epoch 9 begins at 5 and writes two more.
fn joins(case: &Value, check: &mut Check) {
    let mut leader = Lab::new(1, 3, TopicConfig::default());
    leader.learn(1, 8, &[1, 3]);
    leader.append_up_to(5);
    leader.fetch(3, 2, 8);
    check.same("high watermark", leader.high_watermark(), 2);
    leader.learn(1, 9, &[1, 3]);
    leader.append_up_to(7);
    leader.fetch(2, 4, 8);
    check.same("asked at the high watermark, below the epoch's start", asked_isr(&mut leader), None);
    for fetch in list(&case["f1_fetch"]) {
        leader.fetch(2, offset(&fetch["offset"]), 8);
        let joins = !fetch["joins"].is_boolean();
        check.same("asked", asked_isr(&mut leader), joins.then(|| vec![1, 2, 3]));
        check.same("ISR", ids(&leader.leading().isr), vec![1, 3]);
        check.same("maximal ISR", maximal_isr(&leader), if joins { vec![1, 2, 3] } else { vec![1, 3] });
    }
    leader.fetch(3, 7, 9);
    check.same("high watermark, held back by who may join", leader.high_watermark(), 5);
}

/// What a leader tells with its answer.
fn answer(high_watermark: u64) -> FetchedPartition {
    FetchedPartition {
        partition: ORDERS,
        batches: 0,
        error: ErrorCode::None,
        high_watermark,
        log_start_offset: 0,
        diverging: None,
        leader: None,
    }
}

/// A follower does to its log what each step says, because its leader's answers say so.
fn maintenance(case: &Value, check: &mut Check) {
    let mut follower = Lab::new(2, 2, TopicConfig::default());
    follower.learn(1, 1, &[1]);
    for step in list(&case["steps"]) {
        if let Some(start) = step.get("truncate_fully_and_start_at") {
            start_anew(&mut follower, offset(start));
        } else if let Some(end) = step.get("truncate_to") {
            cut(&mut follower, offset(end));
        } else {
            let told = step.get("set").or(step.get("increment_to"));
            let told = told.map_or(follower.high_watermark(), offset);
            let count = step.get("append").map_or(0, offset);
            let from = follower.end();
            follower.answered((from..from + count).map(|at| record(at, 1, at)).collect(), answer(told));
        }
        check.same("high watermark", follower.high_watermark(), offset(&step["hw"]));
        if let Some(end) = step.get("leo") {
            check.same("log end", follower.end(), offset(end));
        }
        if let Some(start) = step.get("log_start") {
            check.same("log start", follower.replica().log.start().offset, offset(start));
        }
    }
}

fn cut(follower: &mut Lab, end_offset: u64) {
    let diverging = Some(EpochEnd { epoch: 1, end_offset });
    follower.answered(Vec::new(), FetchedPartition { diverging, ..answer(0) });
}

/// The leader's log begins after the follower's ends.
fn start_anew(follower: &mut Lab, start: u64) {
    cut(follower, start - 1);
    follower.answered(Vec::new(), FetchedPartition { error: ErrorCode::OffsetOutOfRange, ..answer(0) });
    let asked = follower.take(NodeId::Broker(1), |message| matches!(message, Message::ListOffsets(_)));
    let (correlation, _) = asked.expect("it asks where its leader begins");
    let listed = |at| ListedOffset {
        partition: ORDERS,
        at,
        error: ErrorCode::None,
        offset: Some(start),
        leader_epoch: 1,
    };
    let answer = vec![listed(ListOffsetsAt::LogEnd), listed(ListOffsetsAt::Earliest)];
    follower.hear(NodeId::Broker(1), correlation, Message::ListOffsetsResponse(answer));
}
