//! How quantities are written in files, links and commands: `12 s`, `24/s`, `20 %`, `10 Gbit/s`.
//!
//! Every quantity is read into whole numbers exactly, or not at all: nothing is rounded.
use crate::client::Rate;
pub use crate::config::nearest_word as nearest;
use crate::kernel::SimTime;

/// The longest stretch of time that can be written: a year.
const DURATION_US_MAX: u64 = 366 * 24 * 3_600_000_000;

/// The units of time, in microseconds.
const UNITS_OF_TIME: [(&str, u64); 6] =
    [("us", 1), ("µs", 1), ("ms", 1_000), ("s", 1_000_000), ("min", 60_000_000), ("h", 3_600_000_000)];

/// Reads a stretch of time: `12 s`, `12.5s`, `250 ms`, `100 us`, `5 min`, `2 h`. In microseconds.
pub fn parse_duration_us(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text);
    let (_, unit_us) = UNITS_OF_TIME.iter().find(|(name, _)| *name == unit)?;
    parse_scaled(number, *unit_us).filter(|us| *us <= DURATION_US_MAX)
}

/// Writes a stretch of time so that [`parse_duration_us`] reads the same: `12.5 s`, `250 ms`, `100 us`.
pub fn show_duration(us: u64) -> String {
    match us {
        0 => "0 s".into(),
        1..1_000 => format!("{us} us"),
        1_000..1_000_000 => format!("{} ms", show_scaled(us, 3)),
        _ => format!("{} s", show_scaled(us, 6)),
    }
}

/// Writes a moment as links do, without a space: `12.5s`.
pub fn show_moment(at: SimTime) -> String {
    format!("{}s", show_scaled(at.0, 6))
}

/// Reads a rate of records: `24/s`, `0.5/s`, `poisson 24/s`, `bursts 10/s 500/s 2 s every 10 s`.
pub fn parse_rate(text: &str) -> Option<Rate> {
    let mut words = Words::new(text);
    let rate = words.rate()?;
    words.is_at_end().then_some(rate)
}

/// Writes a rate so that [`parse_rate`] reads the same.
pub fn show_rate(rate: &Rate) -> String {
    match *rate {
        Rate::Constant { milli_per_s } => show_per_s(milli_per_s),
        Rate::Poisson { milli_per_s } => format!("poisson {}", show_per_s(milli_per_s)),
        Rate::Bursts { base_milli_per_s, burst_milli_per_s, period_ms, burst_ms } => format!(
            "bursts {} {} {} every {}",
            show_per_s(base_milli_per_s),
            show_per_s(burst_milli_per_s),
            show_duration(burst_ms * 1_000),
            show_duration(period_ms * 1_000),
        ),
    }
}

/// What a rate looks like, for sentences about one that could not be read.
pub const RATE_FORMS: &str = "a rate such as `24/s`, `poisson 24/s` or `bursts 10/s 500/s 2 s every 10 s`";

/// The most records a second that one rate may name.
pub const RATE_PER_S_MAX: u64 = 10_000_000;

/// Reads a share: `20 %`, `20%`.
pub fn parse_percent(text: &str) -> Option<u32> {
    let (number, unit) = split_unit(text);
    if unit != "%" {
        return None;
    }
    parse_scaled(number, 1)?.try_into().ok()
}

/// Reads what a link carries, in bytes a second: `10 Gbit/s`, `100 Mbit/s`, `50 MB/s`.
pub fn parse_bandwidth(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text);
    let bits = match unit {
        "kbit/s" => 1_000,
        "Mbit/s" => 1_000_000,
        "Gbit/s" => 1_000_000_000,
        "kB/s" => 8_000,
        "MB/s" => 8_000_000,
        "GB/s" => 8_000_000_000,
        _ => return None,
    };
    parse_scaled(number, bits).map(|bits| bits / 8)
}

/// Reads a number in thousandths: `1.1`.
pub fn parse_milli(text: &str) -> Option<u64> {
    parse_scaled(text.trim(), 1_000)
}

/// Reads a range of sizes: `100..2000`, or one size.
pub fn parse_range(text: &str) -> Option<(u32, u32)> {
    let number = |part: &str| parse_scaled(part.trim(), 1)?.try_into().ok();
    match text.split_once("..") {
        Some((low, high)) => Some((number(low)?, number(high)?)),
        None => number(text).map(|size| (size, size)),
    }
}

/// Reads a speed as a share of real time, `1/2000`, `0.25` or `10x`, in microseconds a second.
pub fn parse_speed(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches('x');
    match text.split_once('/') {
        Some((above, below)) => {
            let above = parse_scaled(above.trim(), 1)?.checked_mul(1_000_000)?;
            above.checked_div(parse_scaled(below.trim(), 1)?)
        }
        None => parse_scaled(text, 1_000_000),
    }
}

/// Whether Kafka allows the name for a topic, and this project's limit of 100 characters too.
pub fn is_legal_name(name: &str) -> bool {
    let legal = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    (1..=100).contains(&name.len()) && name != "." && name != ".." && name.bytes().all(legal)
}

/// What a name looks like, for sentences about one that is not.
pub const NAME_FORM: &str = "1 to 100 letters, digits, `.`, `_` and `-`";

/// A text as a sentence shows it: on one line, at most so many characters long.
pub fn show_clipped(text: &str, chars_max: usize) -> String {
    let mut shown: String =
        text.chars().take(chars_max + 1).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if let Some((end, _)) = shown.char_indices().nth(chars_max) {
        let cut = shown.char_indices().nth(chars_max.saturating_sub(3)).map_or(end, |(at, _)| at);
        shown.replace_range(cut.., "...");
    }
    shown
}

/// Writes a number with its thousands parted: `10,000`.
pub fn show_number(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

fn show_per_s(milli_per_s: u64) -> String {
    format!("{}/s", show_scaled(milli_per_s, 3))
}

/// A number and what follows it, without the space between.
fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// `12.5` times `scale`, if that is a whole number. `_` may part digits, as in TOML.
fn parse_scaled(number: &str, scale: u64) -> Option<u64> {
    let number = number.replace('_', "");
    let (whole, part) = number.split_once('.').unwrap_or((&number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 9 {
        return None;
    }
    let one = 10_u64.pow(part.len() as u32);
    let fraction = part.parse::<u64>().ok()?.checked_mul(scale)?;
    if !fraction.is_multiple_of(one) {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(fraction / one)
}

/// `value / 10^digits` without needless zeros.
fn show_scaled(value: u64, digits: u32) -> String {
    let one = 10_u64.pow(digits);
    let (whole, part) = (value / one, value % one);
    if part == 0 {
        return whole.to_string();
    }
    let part = format!("{part:0width$}", width = digits as usize);
    format!("{whole}.{}", part.trim_end_matches('0'))
}

/// A text taken word by word.
#[derive(Clone, Debug)]
pub(super) struct Words<'t> {
    rest: &'t str,
}

impl<'t> Words<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Words { rest: text.trim() }
    }

    /// What is left, trimmed.
    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next word; empty at the end.
    pub(super) fn next(&mut self) -> &'t str {
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        self.rest = self.rest[end..].trim_start();
        word
    }

    /// Takes the next word if it is this one.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let mut after = self.clone();
        let taken = after.next() == word;
        if taken {
            *self = after;
        }
        taken
    }

    /// A number and its unit, whether a space parts them or not.
    fn with_unit(&mut self) -> String {
        let word = self.next();
        if word.ends_with(|c: char| c.is_ascii_digit()) {
            format!("{word}{}", self.next())
        } else {
            word.into()
        }
    }

    pub(super) fn duration_us(&mut self) -> Option<u64> {
        parse_duration_us(&self.with_unit())
    }

    pub(super) fn percent(&mut self) -> Option<u32> {
        parse_percent(&self.with_unit())
    }

    fn milli_per_s(&mut self) -> Option<u64> {
        let milli = parse_scaled(self.next().strip_suffix("/s")?, 1_000)?;
        (milli <= RATE_PER_S_MAX * 1_000).then_some(milli)
    }

    pub(super) fn rate(&mut self) -> Option<Rate> {
        if self.take("poisson") {
            return Some(Rate::Poisson { milli_per_s: self.milli_per_s()? });
        }
        if !self.take("bursts") {
            return Some(Rate::Constant { milli_per_s: self.milli_per_s()? });
        }
        let (base_milli_per_s, burst_milli_per_s) = (self.milli_per_s()?, self.milli_per_s()?);
        let burst_us = self.duration_us()?;
        let period_us = self.take("every").then(|| self.duration_us()).flatten()?;
        let whole_ms = burst_us.is_multiple_of(1_000) && period_us.is_multiple_of(1_000);
        (whole_ms && 0 < burst_us && burst_us < period_us).then_some(Rate::Bursts {
            base_milli_per_s,
            burst_milli_per_s,
            period_ms: period_us / 1_000,
            burst_ms: burst_us / 1_000,
        })
    }

    /// A text in quotation marks; `\"`, `\\`, `\n`, `\t`, `\r` and `\u{...}` as in Rust.
    pub(super) fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.rest.strip_prefix('"')?.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => text.push(match chars.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'u' => {
                        let (code, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                        chars = rest.chars();
                        char::from_u32(u32::from_str_radix(code, 16).ok()?)?
                    }
                    same @ ('"' | '\\') => same,
                    _ => return None,
                }),
                c if c.is_control() => return None,
                c => text.push(c),
            }
        }
        self.rest = chars.as_str().trim_start();
        Some(text)
    }
}

/// Writes a text so that [`Words::quoted`] reads the same.
pub(super) fn quote(text: &str) -> String {
    quote_as(text, |code| format!("\\u{{{code:x}}}"))
}

/// A text in quotation marks; `control` writes the code of a control character that has no letter.
pub(super) fn quote_as(text: &str, control: impl Fn(u32) -> String) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => quoted.push_str(&control(c.into())),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_exactly_or_not_at_all() {
        let cases: [(&str, Option<u64>); 12] = [
            ("12 s", Some(12_000_000)),
            ("12.5s", Some(12_500_000)),
            ("1_000 ms", Some(1_000_000)),
            ("100 us", Some(100)),
            ("1.5 us", None),
            ("5 min", Some(300_000_000)),
            ("24 h", Some(86_400_000_000)),
            ("12", None),
            ("-1 s", None),
            ("s", None),
            ("1.", None),
            ("99999999999999999999 s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration_us(text), expected, "{text}");
        }
        assert_eq!(parse_bandwidth("10 Gbit/s"), Some(1_250_000_000));
        assert_eq!(parse_percent("20 %"), Some(20));
        assert_eq!(parse_percent("20"), None);
        assert_eq!(parse_range("100..2000"), Some((100, 2000)));
        assert_eq!(parse_speed("1/2000"), Some(500));
        assert_eq!(parse_speed("1/0"), None);
        assert_eq!(parse_speed("10x"), Some(10_000_000));
    }

    #[test]
    fn durations_and_rates_round_trip() {
        for us in [0, 1, 999, 1_000, 1_500, 999_999, 1_000_000, 12_500_000, 86_400_000_000, 1_000_001] {
            assert_eq!(parse_duration_us(&show_duration(us)), Some(us));
            assert_eq!(parse_duration_us(&show_moment(SimTime(us))), Some(us));
        }
        for text in ["24/s", "0.5/s", "poisson 24/s", "bursts 10/s 500/s 2 s every 10 s"] {
            assert_eq!(parse_rate(text).map(|rate| show_rate(&rate)).as_deref(), Some(text));
        }
        for text in ["24", "24 /s x", "bursts 10/s 500/s 10 s every 2 s", "poisson", "10000001/s", "0.0001/s"]
        {
            assert_eq!(parse_rate(text), None, "{text}");
        }
    }

    #[test]
    fn the_nearest_word_is_found_only_when_near() {
        let keys = ["linger.ms", "batch.size", "acks"];
        assert_eq!(nearest("lingr.ms", keys), Some("linger.ms"));
        assert_eq!(nearest("ackss", keys), Some("acks"));
        assert_eq!(nearest("kasc", keys), None);
        assert_eq!(nearest("something.else", keys), None);
        assert_eq!(show_number(10_000_000), "10,000,000");
    }
}
