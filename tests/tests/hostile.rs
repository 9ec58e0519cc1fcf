//! The link decoder and the scenario reader against inputs that mean harm: whatever arrives, they answer, soon,
//! with a value or a sentence.
//!
//! Half of the inputs are links, half are scenarios. `KAFKARIUM_HOSTILE` sets their number.
use kafkarium_core::scenario::draft::{self, Change, NewPart};
use kafkarium_core::scenario::{self, COMMAND_FORMS, Part, shipped};
use kafkarium_core::share::{self, Link, LinkScenario};
use std::sync::LazyLock;
use std::thread;

const INPUTS: u64 = 1_000_000;

#[test]
fn a_million_hostile_inputs_are_answered() {
    let wanted = std::env::var("KAFKARIUM_HOSTILE").ok().and_then(|text| text.parse().ok());
    let answered = hostile_scenarios(wanted.unwrap_or(INPUTS));
    // The mutations must reach both sides of every reader, or they prove nothing.
    assert!(answered.scenarios_read > 0 && answered.scenarios_refused > 0, "{answered:?}");
    assert!(answered.links_read > 0 && answered.links_refused > 0, "{answered:?}");
}

/// How inputs were answered.
#[derive(Clone, Copy, Debug, Default)]
struct Answered {
    scenarios_read: u64,
    scenarios_refused: u64,
    links_read: u64,
    links_refused: u64,
}

/// Tries `n` inputs, on all processors.
fn hostile_scenarios(n: u64) -> Answered {
    let workers = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let work = |worker: u64| {
        let mut answered = Answered::default();
        let mut input = worker;
        while input < n {
            if input.is_multiple_of(2) {
                try_scenario(input, &mut answered)
            } else {
                try_link(input, &mut answered)
            }
            input += workers;
        }
        answered
    };
    let mut all = Answered::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        for worker in workers {
            let answered = worker.join().expect("an input made a reader panic");
            all.scenarios_read += answered.scenarios_read;
            all.scenarios_refused += answered.scenarios_refused;
            all.links_read += answered.links_read;
            all.links_refused += answered.links_refused;
        }
    });
    all
}

fn try_scenario(input: u64, answered: &mut Answered) {
    let mut luck = Luck::new(input);
    let text = hostile_text(&mut luck);
    // It reads the text many times over.
    if input.is_multiple_of(100) {
        try_editor(input, &text, &mut luck);
    }
    match scenario::read(&text) {
        Ok(_) => answered.scenarios_read += 1,
        Err(errors) => {
            answered.scenarios_refused += 1;
            assert!(!errors.is_empty() && errors.len() <= scenario::limits::ERRORS + 1, "input {input}");
            let lines = text.matches('\n').count() as u32 + 1;
            for error in &errors {
                let sentence = error.to_string();
                let is_one = !sentence.contains('\n') && sentence.chars().count() < 1_500;
                assert!(is_one && (1..=lines).contains(&error.line), "input {input}: {sentence:?}");
            }
        }
    }
}

/// The editor has an answer too: the change done to a text that stays TOML, or a sentence.
fn try_editor(input: u64, text: &str, luck: &mut Luck) {
    let n = luck.below(3);
    let (topic, value) = (Part::Topic(n), luck.of::<String>(&SNIPPETS).clone());
    let changes = [
        Change::Set { part: topic.clone(), key: "name".into(), value: value.clone() },
        Change::Set { part: Part::Broker(n), key: "rack".into(), value: value.clone() },
        Change::Set { part: Part::Links, key: "jitter".into(), value: value.clone() },
        Change::Configure { part: topic.clone(), key: "retention.ms".into(), value: value.clone() },
        Change::Configure { part: Part::Cluster, key: "min.insync.replicas".into(), value: String::new() },
        Change::Configure { part: Part::Producer(n), key: "linger.ms".into(), value },
        Change::Add(NewPart::Topic),
        Change::Add(NewPart::Rack),
        Change::Remove(topic),
        Change::Remove(Part::Broker(n)),
        Change::Remove(Part::Group(n)),
    ];
    for change in changes {
        match draft::change(text, &change) {
            Ok((changed, part)) => {
                assert!(draft::review(&changed, &part).parts.is_some(), "input {input}: {change:?}");
            }
            Err(why) => assert!(!why.is_empty() && !why.contains('\n'), "input {input}: {why:?}"),
        }
    }
}

fn try_link(input: u64, answered: &mut Answered) {
    let mut luck = Luck::new(input);
    let link = hostile_link(&mut luck);
    match share::decode(&link) {
        Ok(read) => {
            answered.links_read += 1;
            // What was read can be written, and is then read the same, unless it had grown too long.
            if let Ok(again) = share::encode(&read) {
                assert_eq!(share::decode(&again), Ok(read), "input {input}");
            }
        }
        Err(error) => {
            answered.links_refused += 1;
            let sentence = error.to_string();
            assert!(
                !sentence.contains('\n') && sentence.chars().count() < 1_500,
                "input {input}: {sentence:?}"
            );
        }
    }
}

/// A scenario, changed in a few places; or noise.
fn hostile_text(luck: &mut Luck) -> String {
    if luck.one_in(20) {
        let bytes: Vec<u8> = (0..luck.below(300)).map(|_| luck.below(256) as u8).collect();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    if luck.one_in(50) {
        return nested(luck);
    }
    let mut text = luck.of::<String>(&SCENARIOS).clone();
    for _ in 0..luck.below(5) {
        mutate(&mut text, luck);
    }
    text
}

/// What grows deep, wide or long.
fn nested(luck: &mut Luck) -> String {
    let n = 1 + luck.below(400) as usize;
    match luck.below(7) {
        0 => format!("format = 1\nseed = {}{}", "[".repeat(n), "]".repeat(n)),
        1 => format!("format = 1\n{} = 1", vec!["a"; n].join(".")),
        2 => format!("format = 1\n{}", "[[timeline]]\n".repeat(n)),
        3 => format!("format = 1\nseed = {}", "9".repeat(n)),
        4 => format!(
            "format = 1\n[cluster.config]\n{}",
            (0..n).map(|i| format!("k{i}.a = 1\n")).collect::<String>()
        ),
        5 => format!("format = 1\ntitle = \"{}\"", "é".repeat(n)),
        _ => format!("format = 1\nseed = {}1{}", "{a=".repeat(n), "}".repeat(n)),
    }
}

/// Changes one thing: a letter, a word, a line, a number.
fn mutate(text: &mut String, luck: &mut Luck) {
    let at = luck.place_in(text);
    match luck.below(7) {
        0 => text.insert_str(at, luck.of::<String>(&SNIPPETS)),
        1 if !text.is_empty() => drop(text.remove(at.min(luck.before(text, text.len() - 1)))),
        2 => {
            let end = luck.place_in(text).clamp(at, text.len());
            let end = luck.before(text, end.min(at + 40)).max(at);
            text.replace_range(at..end, luck.of::<String>(&SNIPPETS));
        }
        3 => text.truncate(at),
        4 => {
            let lines: Vec<&str> = text.lines().collect();
            let line = if lines.is_empty() { String::new() } else { (*luck.of(&lines)).to_string() + "\n" };
            text.insert_str(at, &line);
        }
        5 => {
            let digit = text[at..].find(|c: char| c.is_ascii_digit()).map(|found| at + found);
            if let Some(digit) = digit {
                text.replace_range(digit..=digit, luck.of::<&str>(&NUMBERS));
            }
        }
        _ => {
            let letter = char::from_u32(luck.below(0x3000)).unwrap_or('?');
            text.insert(at, letter);
        }
    }
}

/// A link, changed somewhere between its text and its characters; or noise.
fn hostile_link(luck: &mut Luck) -> String {
    let letters = b"k1.s=&%+seed-_AZaz09#t \x7f";
    match luck.below(8) {
        0 => (0..luck.below(200)).map(|_| *luck.of(letters) as char).collect(),
        1 => format!(
            "k1.{}",
            (0..luck.below(400)).map(|_| *luck.of(b"AZaz09-_=.") as char).collect::<String>()
        ),
        2 | 3 => {
            let mut link = luck.of::<String>(&LINKS).clone();
            mutate(&mut link, luck);
            link
        }
        4 => {
            let mut deflated =
                miniz_oxide::deflate::compress_to_vec(luck.of::<String>(&INSIDES).as_bytes(), 6);
            for _ in 0..1 + luck.below(4) {
                let at = luck.below(deflated.len() as u32) as usize;
                deflated[at] = luck.below(256) as u8;
            }
            pack(&deflated)
        }
        5 if luck.one_in(200) => pack(&miniz_oxide::deflate::compress_to_vec(&vec![0; 3_000_000], 1)),
        _ => {
            let mut inside = luck.of::<String>(&INSIDES).clone();
            for _ in 0..luck.below(4) {
                mutate(&mut inside, luck);
            }
            pack(&miniz_oxide::deflate::compress_to_vec(inside.as_bytes(), 1))
        }
    }
}

/// Short texts that matter to a reader.
static SNIPPETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut snippets: Vec<String> = [
        "\"",
        "'",
        "\"\"\"",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ".",
        ",",
        "\n",
        "#",
        " = ",
        "\\u0000",
        "\u{0}",
        "\r",
        "-1",
        "1e999",
        "nan",
        "true",
        "1979-05-27",
        "[cluster]",
        "[[topic]]\n",
        "[topic]\n",
        "[[producer]]\n",
        "do = ",
        "name = \"a\"\n",
        "rate = \"",
        "poisson ",
        "bursts 1/s 2/s 1 s every 2 s",
        "18446744073709551615",
        "0x",
        " ms",
        "\u{feff}",
        "\u{202e}",
        "config.",
        "linger.ms = 1\n",
        "partitions = 10000\n",
        "count = 200\n",
        "members = 500\n",
        "placement = [[1,2]]\n",
        "select = \"orders-4294967295\"\n",
        "key \"\\u{110000}\"",
        "broker 4294967296",
    ]
    .map(String::from)
    .to_vec();
    snippets.extend(COMMAND_FORMS.iter().map(|(form, _)| (*form).to_string()));
    snippets
});

const NUMBERS: [&str; 9] =
    ["0", "-1", "1", "100001", "4294967296", "18446744073709551616", "1.5", "00", "0xffff"];

/// The scenarios that ship, and one that touches every part in few words.
static SCENARIOS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let small = "format = 1\ntitle = \"t\"\nwarm-up = \"1 s\"\n[cluster]\nbrokers = 2\nracks = [\"a\"]\n[cluster.config]\n\
                 min.insync.replicas = 1\n[[topic]]\nname = \"t\"\nplacement = [[1,2]]\n[[producer]]\nrate = \"1/s\"\n\
                 keys = \"zipf 9 1.1\"\nvalue-bytes = \"1..9\"\nconfig = { acks = 1 }\n[[group]]\nname = \"g\"\n[links]\n\
                 jitter = \"5 %\"\n[[timeline]]\nat = \"1 s\"\ndo = \"crash broker 1\"\n[expect]\nlost = \">= 0\"\n[view]\n\
                 select = \"t-0\"\nspeed = \"1/9\"\n";
    // The small one is the quickest to read: most of the inputs are its.
    let mut scenarios = vec![small.to_string(); 30];
    scenarios.extend(shipped().iter().map(|shipped| shipped.text.to_string()));
    scenarios
});

/// What packed links hold.
static INSIDES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let head = "seed 5\nt 12.5s\nselect group g\ndigest 0123456789abcdef\ndo 12.5s crash broker 1\n\
                do 13s send by producer-1 key \"a\" value \"b\"\n";
    vec![
        format!("s slow-consumer\n{head}"),
        format!("{head}\n{}", SCENARIOS[0]),
        format!("{head}\n{}", shipped()[0].text),
    ]
});

/// Links as they are sent.
static LINKS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let scenarios = [LinkScenario::Shipped("slow-consumer".into()), LinkScenario::Text(SCENARIOS[0].clone())];
    let links = scenarios.map(|scenario| Link::to(scenario).expect("a faultless scenario"));
    let mut links = links.map(|link| share::encode(&link).expect("a short one")).to_vec();
    links.push("s=leader-dies-acks-1&seed=42&t=12.5s&select=group+billing&d=0123456789abcdef".into());
    links
});

/// A link with the right checksum around anything: what the decoder meets once that does not protect it.
fn pack(deflated: &[u8]) -> String {
    let crc = !deflated.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    let bytes: Vec<u8> = crc.to_le_bytes().into_iter().chain(deflated.iter().copied()).collect();
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::from("k1.");
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        text.extend((0..=three.len()).map(|i| letters[(bits >> (18 - 6 * i) & 63) as usize] as char));
    }
    text
}

/// Draws for one input; the same input is always the same.
struct Luck(u64);

impl Luck {
    fn new(input: u64) -> Self {
        Luck(input.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u32) -> u32 {
        (((self.next() >> 32) * u64::from(n)) >> 32) as u32
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u32) as usize]
    }

    /// A place between two characters.
    fn place_in(&mut self, text: &str) -> usize {
        let at = self.below(text.len() as u32 + 1) as usize;
        self.before(text, at)
    }

    /// The nearest place between two characters at `at` or before.
    fn before(&self, text: &str, at: usize) -> usize {
        (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    }
}
