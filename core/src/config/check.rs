//! Whether a value is of its key's type and in its range.
//!
//! The forms of a row's fourth column: `0..` and `1..9` are ranges, `-1 or 1..9` too; `a/b/c` one of these
//! (`~` before them: in any case; for a list, each of its texts); `non-empty`; `reset` a moment to start
//! reading from (`with none`: or none); `replicas` what `*.replication.throttled.replicas` takes.
use super::error::ConfigError;
use super::offset_reset::AutoOffsetReset;
use super::spec::{KeySpec, Kind};

impl KeySpec {
    /// Checks a value by Kafka's own type and range, without regard to other keys.
    pub fn check(&self, value: &str) -> Result<(), ConfigError> {
        let fits = match self.kind {
            Kind::Boolean => ["true", "false"].contains(&value.trim().to_ascii_lowercase().as_str()),
            Kind::Short => self.is_whole(value, i64::from(i16::MIN)..=i64::from(i16::MAX)),
            Kind::Int => self.is_whole(value, i64::from(i32::MIN)..=i64::from(i32::MAX)),
            Kind::Long => self.is_whole(value, i64::MIN..=i64::MAX),
            Kind::Double => billionths(value.trim()).is_some_and(|number| self.is_in_range(number)),
            Kind::List => self.is_list(value),
            Kind::String => self.is_text(value),
            Kind::Class | Kind::Password => true,
        };
        if fits { Ok(()) } else { Err(self.refuse(value)) }
    }

    /// The error for a value that the key cannot have.
    pub(super) fn refuse(&self, value: &str) -> ConfigError {
        ConfigError::Value { key: self.name, value: value.into(), expected: self.expected() }
    }

    /// What its value is, in words: `a whole number from 0`.
    pub fn expected(&self) -> String {
        let number = if self.kind == Kind::Double { "a number" } else { "a whole number" };
        match (self.kind, self.valid) {
            (Kind::Boolean, _) => "`true` or `false`".into(),
            (Kind::Short, valid) => in_words(number, valid, &i16::MAX.to_string()),
            (Kind::Int, valid) => in_words(number, valid, &i32::MAX.to_string()),
            (Kind::Long | Kind::Double, valid) => in_words(number, valid, ""),
            (_, "reset") => "`earliest`, `latest` or `by_duration:PT1H`".into(),
            (_, "reset with none") => "`earliest`, `latest`, `none` or `by_duration:PT1H`".into(),
            (_, "replicas") => "`*`, or partitions and brokers such as `0:1,0:2`".into(),
            (Kind::List, "") => "a list of texts".into(),
            (Kind::List, valid) if valid != "non-empty" => {
                format!("a list of {}", in_quotation_marks(valid, " and "))
            }
            (_, "") => "a text".into(),
            (_, "non-empty") => "a text that is not empty".into(),
            (_, valid) => in_quotation_marks(valid.trim_start_matches('~'), " or "),
        }
    }

    /// The values it can have, if they are a few words; none if it can have others.
    pub fn choices(&self) -> Vec<String> {
        match (self.kind, self.valid) {
            (Kind::Boolean, _) => ["true", "false"].map(String::from).to_vec(),
            (Kind::String | Kind::Class, valid) if valid.contains('/') => {
                valid.trim_start_matches('~').split('/').map(String::from).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What its number counts, read off its name as Kafka's are; empty for none.
    pub fn unit(&self) -> &'static str {
        const BYTES: [&str; 3] = ["batch.size", "buffer.memory", "max.request.size"];
        const UNITS: [(&str, &str); 5] =
            [(".ms", "ms"), (".bytes", "bytes"), (".seconds", "s"), (".minutes", "min"), (".hours", "h")];
        if BYTES.contains(&self.name) {
            return "bytes";
        }
        UNITS.iter().find(|(end, _)| self.name.ends_with(end)).map_or("", |(_, unit)| unit)
    }

    fn is_whole(&self, value: &str, of_type: std::ops::RangeInclusive<i64>) -> bool {
        let number = value.trim().parse::<i64>().ok().filter(|number| of_type.contains(number));
        number.is_some_and(|number| self.is_in_range(i128::from(number) * BILLION))
    }

    fn is_in_range(&self, number: i128) -> bool {
        let (exception, range) = self.valid.split_once(" or ").unwrap_or(("", self.valid));
        if billionths(exception) == Some(number) {
            return true;
        }
        let (low, high) = range.split_once("..").unwrap_or(("", ""));
        billionths(low).is_none_or(|low| low <= number) && billionths(high).is_none_or(|high| number <= high)
    }

    fn is_text(&self, value: &str) -> bool {
        match self.valid {
            "" => true,
            "non-empty" => !value.is_empty(),
            "reset with none" => AutoOffsetReset::parse(value).is_some(),
            "reset" => !matches!(AutoOffsetReset::parse(value), None | Some(AutoOffsetReset::None)),
            valid => match valid.strip_prefix('~') {
                Some(words) => words.split('/').any(|word| word == value.to_ascii_lowercase()),
                None => valid.split('/').any(|word| word == value),
            },
        }
    }

    fn is_list(&self, value: &str) -> bool {
        let mut texts = value.split(',').map(str::trim).filter(|text| !text.is_empty());
        match self.valid {
            "" => true,
            "non-empty" => texts.next().is_some(),
            "replicas" => value.trim() == "*" || texts.all(is_replica),
            valid => texts.all(|text| valid.split('/').any(|word| word == text)),
        }
    }
}

const BILLION: i128 = 1_000_000_000;

/// `0:1`: a partition and a broker.
fn is_replica(text: &str) -> bool {
    let is_number = |part: &str| part.parse::<u32>().is_ok();
    text.split_once(':').is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
}

/// A range in words; `most` is what the type holds at most, empty for more than anybody writes.
fn in_words(number: &str, valid: &str, most: &str) -> String {
    let (exception, range) = valid.split_once(" or ").unwrap_or(("", valid));
    let or = if exception.is_empty() { String::new() } else { format!(", or {exception}") };
    let (low, high) = range.split_once("..").unwrap_or_default();
    let high = if high.is_empty() { most } else { high };
    match (low, high) {
        ("", "") => number.into(),
        ("", high) => format!("{number} up to {high}"),
        (low, "") => format!("{number} from {low}{or}"),
        (low, high) => format!("{number} from {low} to {high}{or}"),
    }
}

fn in_quotation_marks(words: &str, last: &str) -> String {
    let words: Vec<String> = words.split('/').map(|word| format!("`{word}`")).collect();
    let (end, front) = words.split_last().expect("splitting makes one part at least");
    if front.is_empty() { end.clone() } else { format!("{}{last}{end}", front.join(", ")) }
}

/// A decimal number (`0.5`, `1.5E3`) in billionths; what is too large for them is as large as can be.
fn billionths(text: &str) -> Option<i128> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, part].concat();
    if all.is_empty() || !all.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let mut number =
        all.bytes().fold(0_i128, |n, c| n.saturating_mul(10).saturating_add(i128::from(c - b'0')));
    let shift = i64::from(exponent) + 9 - i64::try_from(part.len()).unwrap_or(i64::MAX);
    for _ in 0..shift.unsigned_abs().min(400) {
        number = if shift > 0 { number.saturating_mul(10) } else { number / 10 };
    }
    Some(sign * number)
}
