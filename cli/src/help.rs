//! `--help`: teaches by example.
use kafkarium_core::scenario::{COMMAND_FORMS, shipped};

const ALL: &str = "\
Kafkarium simulates an Apache Kafka 4.3.0 cluster: the same scenario, seed and commands give the same run, always.

  kafkarium run FILE|LINK [--until T] [--seed N] [--story] [--why] [--json] [--csv FILE]
                                                             runs it and sums it up
  kafkarium check FILE|LINK                                  tells everything that is wrong with it
  kafkarium link FILE [--seed N] [-t T] [--page URL]         makes a link to it
  kafkarium describe FILE|LINK [--at T] [--internal] [--json]
                                                             the cluster at T, as Kafka's own tools show it

FILE is a scenario (docs/scenario-format.md), `-` for standard input, or the name of a scenario that ships;
LINK is a whole URL or what follows its `#` (quote it: shells cut at `&`); T is a moment such as 12.5s or 2min.

Try:
  kafkarium run leader-dies-acks-1            a leader dies with acks=1: what was acknowledged, and is lost?
  kafkarium run leader-dies-acks-1 --story    what happened, and why
  kafkarium run leader-dies-acks-1 --why      the same, with the whole chain of causes of what went wrong
  kafkarium run leader-dies-acks-1 --seed 8   the same with other luck
  kafkarium describe slow-consumer --at 45s   who reads what, and how far behind
  kafkarium run 's=slow-consumer&seed=3'      what somebody sent you

`kafkarium VERB --help` says more. It ends with 0 if all is well, 1 if an expectation of the scenario is broken,
2 if the input is wrong.

Scenarios that ship:
";

const RUN: &str = "\
kafkarium run FILE|LINK [--until T] [--seed N] [--story] [--why] [--json] [--csv FILE]

Runs the scenario from its beginning to T (its own `duration` if not given) and sums up what came after the warm-up:
throughput, latency, lag, unavailability, and the audit: what was lost, duplicated, delivered twice. Then it tells
which expectations of the scenario hold; it ends with 1 if one is broken. Expectations are judged at T.

  --until T   stop there: 90s, 1.5min
  --seed N    other luck than the scenario's own
  --story     first what happened since the warm-up, each with why and what comes next; `*` marks turning points
  --why       the story, and under each turn (leader change, pause of a group, refusal, record lost or twice) the
              chain of its causes: earliest first, with the configuration that decided; what came of it follows
  --json      the same as JSON, for programs; times in microseconds
  --csv FILE  also writes the metrics of every second to FILE: rates, lag, latencies, under-replicated partitions

  kafkarium run website-activity --until 30s
  kafkarium run website-activity --csv metrics.csv
  kafkarium run my.toml --json | jq .audit.lost
  for seed in 1 2 3 4; do kafkarium run my.toml --seed $seed || echo \"seed $seed breaks it\"; done
";

const CHECK: &str = "\
kafkarium check FILE|LINK

Reads the scenario and tells everything that is wrong with it at once, with lines and the nearest valid names; if
nothing is, tells what real Kafka would warn of and which keys have no effect here. Ends with 2 if something is wrong.

  kafkarium check my.toml

Commands of a timeline, one of each form:
";

const LINK: &str = "\
kafkarium link FILE|LINK [--seed N] [-t T] [--page URL]

Prints what follows the `#` of a link to the scenario: its name if it ships, otherwise its whole text, packed.

  --seed N    the seed of the link
  -t T        the moment it opens at, instead of the end of the warm-up
  --page URL  where Kafkarium is served, to print the whole link

  kafkarium link my.toml -t 20s --page http://127.0.0.1:8080/
";

const DESCRIBE: &str = "\
kafkarium describe FILE|LINK [--at T] [--seed N] [--internal] [--json]

Prints the cluster at T (the link's moment, or the end of the warm-up) in the columns of `kafka-topics.sh --describe`
and `kafka-consumer-groups.sh --describe`.

  --at T      the moment
  --internal  also __consumer_offsets
  --json      the same as JSON, for programs

  kafkarium describe leader-dies-acks-all --at 19s
  kafkarium describe leader-dies-acks-all --at 35s     and after the crash
";

/// The help of everything.
pub fn all() -> String {
    let mut text = String::from(ALL);
    for one in shipped() {
        let title =
            kafkarium_core::scenario::read(one.text).map(|scenario| scenario.title).unwrap_or_default();
        text.push_str(&format!("  {:<24}{title}\n", one.name));
    }
    text
}

/// The help of one verb.
pub fn of(verb: &str) -> String {
    match verb {
        "run" => RUN.into(),
        "link" => LINK.into(),
        "describe" => DESCRIBE.into(),
        _ => {
            let forms = COMMAND_FORMS.iter().map(|(form, what)| format!("  {form:<42}  {what}\n"));
            forms.fold(CHECK.into(), |text, line| text + &line)
        }
    }
}
