//! `auto.offset.reset`, as `AutoOffsetResetStrategy` reads it.

/// Where a consumer starts that has no valid committed offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoOffsetReset {
    /// At the oldest record.
    Earliest,
    /// At the end: only what comes from now on.
    Latest,
    /// Nowhere: the consumer fails.
    None,
    /// At the first record not older than so many milliseconds (KIP-1106).
    ByDuration(u64),
}

impl AutoOffsetReset {
    /// Reads `earliest`, `latest`, `none`, or `by_duration:` and an ISO-8601 duration that is not negative.
    pub fn parse(text: &str) -> Option<AutoOffsetReset> {
        match text {
            "earliest" => Some(AutoOffsetReset::Earliest),
            "latest" => Some(AutoOffsetReset::Latest),
            "none" => Some(AutoOffsetReset::None),
            _ => parse_duration_ms(text.strip_prefix("by_duration:")?).map(AutoOffsetReset::ByDuration),
        }
    }

    /// As [`AutoOffsetReset::parse`] reads it.
    pub fn show(&self) -> String {
        match self {
            AutoOffsetReset::Earliest => "earliest".into(),
            AutoOffsetReset::Latest => "latest".into(),
            AutoOffsetReset::None => "none".into(),
            AutoOffsetReset::ByDuration(ms) if ms % 1_000 == 0 => format!("by_duration:PT{}S", ms / 1_000),
            AutoOffsetReset::ByDuration(ms) => format!("by_duration:PT{}.{:03}S", ms / 1_000, ms % 1_000),
        }
    }
}

/// `PnDTnHnMn.nS` in any case, as `java.time.Duration.parse`; every number may have a sign, the whole may not be
/// negative. In milliseconds, what is smaller is cut.
fn parse_duration_ms(text: &str) -> Option<u64> {
    let upper = text.to_ascii_uppercase();
    let (sign, body) = match upper.strip_prefix('-') {
        Some(body) => (-1, body),
        None => (1, upper.strip_prefix('+').unwrap_or(&upper)),
    };
    let body = body.strip_prefix('P')?;
    let (days, time) = match body.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (body, ""),
    };
    let mut us = sum_of_units(days, &[('D', 86_400_000_000)])?;
    us += sum_of_units(time, &[('H', 3_600_000_000), ('M', 60_000_000), ('S', 1_000_000)])?;
    if days.is_empty() && time.is_empty() {
        return None;
    }
    u64::try_from(sign * us / 1_000).ok()
}

/// Numbers, each with its unit, in the order of the units, each unit once at most. In microseconds.
fn sum_of_units(mut text: &str, units: &[(char, i128)]) -> Option<i128> {
    let mut sum = 0;
    for &(unit, unit_us) in units {
        let Some((number, rest)) = text.split_once(unit) else { continue };
        sum += scaled(number, unit_us, unit == 'S')?;
        text = rest;
    }
    text.is_empty().then_some(sum)
}

/// A number with an optional sign, and for seconds up to nine digits behind the point, times the unit.
fn scaled(number: &str, unit_us: i128, may_have_fraction: bool) -> Option<i128> {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let fits = !whole.is_empty() && whole.len() <= 18 && fraction.len() <= 9;
    if !fits || !are_digits(whole) || !are_digits(fraction) || (digits.contains('.') && !may_have_fraction) {
        return None;
    }
    let billionths = format!("{fraction:0<9}").parse::<i128>().ok()?;
    Some(sign * (whole.parse::<i128>().ok()? * unit_us + billionths * unit_us / 1_000_000_000))
}
