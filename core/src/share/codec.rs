//! The two forms of a link: short, for a person to read, and packed.
use super::{Link, LinkError, LinkScenario, base64};
use crate::kernel::SimTime;
use crate::scenario::words::{nearest, parse_duration_us, show_clipped, show_moment};
use crate::scenario::{self, TimedCommand, limits};

/// The longest link.
pub const ENCODED_CHARS_MAX: usize = 8_000;
/// The most a link may hold when unpacked.
pub const INFLATED_BYTES_MAX: usize = limits::TEXT_BYTES;
/// The longest selection.
pub const SELECTION_CHARS_MAX: usize = 200;

/// What a fragment begins with that asks for the stage alone.
const EMBED: &str = "embed";
/// What a packed link begins with.
const PACKED: &str = "k1.";
/// How hard to deflate: the most miniz does.
const LEVEL: u8 = 10;

/// Writes a link, without `#`. Short if it can be: a shipped scenario, no commands.
pub fn encode(link: &Link) -> Result<String, LinkError> {
    let encoded = match &link.scenario {
        LinkScenario::Shipped(name) if link.commands.is_empty() => encode_short(name, link)?,
        _ => encode_packed(link)?,
    };
    if encoded.len() > ENCODED_CHARS_MAX {
        return Err(LinkError::TooLong { chars: encoded.len() as u32 });
    }
    Ok(encoded)
}

/// Whether a fragment asks for the stage alone, to stand in somebody's page; and the link that is left of it, which is empty
/// for the first scenario that ships.
pub fn split_embed(fragment: &str) -> (bool, &str) {
    match fragment.strip_prefix(EMBED) {
        Some("") => (true, ""),
        Some(rest) => rest.strip_prefix('&').map_or((false, fragment), |link| (true, link)),
        None => (false, fragment),
    }
}

/// Reads a link, with or without `#` before it; that it is to be shown as the stage alone changes nothing of it.
pub fn decode(text: &str) -> Result<Link, LinkError> {
    let text = text.trim();
    let (_, text) = split_embed(text.strip_prefix('#').unwrap_or(text));
    if text.is_empty() {
        return Err(LinkError::Empty);
    }
    if text.len() > ENCODED_CHARS_MAX {
        return Err(LinkError::TooLong { chars: text.chars().count().try_into().unwrap_or(u32::MAX) });
    }
    if let Some(packed) = text.strip_prefix(PACKED) {
        return decode_packed(packed);
    }
    let version = text.strip_prefix('k').and_then(|rest| rest.split_once('.'));
    if version.is_some_and(|(number, _)| number.parse::<u32>().is_ok_and(|number| number > 1)) {
        return Err(LinkError::Newer);
    }
    if text.starts_with("s=") || text.contains("&s=") { decode_short(text) } else { Err(LinkError::NotALink) }
}

fn encode_short(name: &str, link: &Link) -> Result<String, LinkError> {
    check(link)?;
    let mut text = format!("s={name}&seed={}&t={}", link.seed, show_moment(link.moment));
    if !link.selection.is_empty() {
        text.push_str("&select=");
        for byte in link.selection.bytes() {
            match byte {
                b' ' => text.push('+'),
                _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => text.push(byte as char),
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    if let Some(digest) = link.digest {
        text.push_str(&format!("&d={digest:016x}"));
    }
    Ok(text)
}

fn decode_short(text: &str) -> Result<Link, LinkError> {
    let mut parts = Parts::default();
    for part in text.split('&') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = unescape(value).ok_or(LinkError::Damaged)?;
        parts.take(if name == "d" { "digest" } else { name }, &value)?;
    }
    parts.into_link("")
}

/// `%2F` and `+` as browsers write them.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                (digit(rest.next()?)? * 16 + digit(rest.next()?)?) as u8
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The packed form unpacked: one line a part, an empty line, the scenario's text.
fn encode_packed(link: &Link) -> Result<String, LinkError> {
    check(link)?;
    let mut text = String::new();
    if let LinkScenario::Shipped(name) = &link.scenario {
        text.push_str(&format!("s {name}\n"));
    }
    text.push_str(&format!("seed {}\nt {}\n", link.seed, show_moment(link.moment)));
    if !link.selection.is_empty() {
        text.push_str(&format!("select {}\n", link.selection));
    }
    if let Some(digest) = link.digest {
        text.push_str(&format!("digest {digest:016x}\n"));
    }
    for (number, timed) in (1..).zip(&link.commands) {
        let written = timed.command.to_string();
        if written.parse().as_ref() != Ok(&timed.command) {
            let why = format!("`{written}` names something that no command can name");
            return Err(LinkError::BadCommand { number, why });
        }
        text.push_str(&format!("do {timed}\n"));
    }
    if let LinkScenario::Text(scenario) = &link.scenario {
        text.push('\n');
        text.push_str(scenario);
    }
    if text.len() > INFLATED_BYTES_MAX {
        return Err(LinkError::TooMuch);
    }
    let deflated = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), LEVEL);
    let mut bytes = crc32(&deflated).to_le_bytes().to_vec();
    bytes.extend_from_slice(&deflated);
    Ok(format!("{PACKED}{}", base64::encode(&bytes)))
}

fn decode_packed(packed: &str) -> Result<Link, LinkError> {
    let bytes = base64::decode(packed).ok_or(LinkError::Damaged)?;
    let (checksum, deflated) = bytes.split_first_chunk::<4>().ok_or(LinkError::Damaged)?;
    if u32::from_le_bytes(*checksum) != crc32(deflated) {
        return Err(LinkError::Damaged);
    }
    let inflated = miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, INFLATED_BYTES_MAX);
    let inflated = inflated.map_err(|error| match error.status {
        miniz_oxide::inflate::TINFLStatus::HasMoreOutput => LinkError::TooMuch,
        _ => LinkError::Damaged,
    })?;
    let text = String::from_utf8(inflated).map_err(|_| LinkError::Damaged)?;
    // The header ends at the first empty line; a shipped scenario's link is header alone.
    let (header, scenario) = match text.split_once("\n\n") {
        Some((header, scenario)) => (header, scenario),
        None => (text.as_str(), ""),
    };
    let mut parts = Parts::default();
    for line in header.lines() {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        parts.take(name, value)?;
    }
    parts.into_link(scenario)
}

/// What a reader would refuse is not written.
fn check(link: &Link) -> Result<(), LinkError> {
    if let LinkScenario::Shipped(name) = &link.scenario {
        shipped(name)?;
    }
    selection(&link.selection).map(|_| ())
}

/// The parts of a link as they were found.
#[derive(Default)]
struct Parts {
    shipped: Option<String>,
    seed: Option<u64>,
    moment: Option<SimTime>,
    selection: Option<String>,
    digest: Option<u64>,
    commands: Vec<TimedCommand>,
}

impl Parts {
    fn take(&mut self, name: &str, value: &str) -> Result<(), LinkError> {
        let bad = |expected: &str| LinkError::BadPart { part: name.into(), expected: expected.into() };
        let again = match name {
            "s" => self.shipped.replace(shipped(value)?).is_some(),
            "seed" => {
                let seed = value.parse().ok().ok_or_else(|| bad("a whole number"))?;
                self.seed.replace(seed).is_some()
            }
            "t" => {
                let at = moment(value).ok_or_else(|| bad("a moment such as `12.5s`, within a day"))?;
                self.moment.replace(at).is_some()
            }
            "select" => self.selection.replace(selection(value)?).is_some(),
            "digest" => {
                let is_hex = value.len() == 16 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
                let digest = u64::from_str_radix(value, 16).ok().filter(|_| is_hex);
                self.digest.replace(digest.ok_or_else(|| bad("16 hexadecimal digits"))?).is_some()
            }
            "do" => {
                self.command(value)?;
                false
            }
            _ => {
                let part = show_clipped(name, 40);
                let parts = "`s`, `seed`, `t`, `select` or `d`, unless a newer Kafkarium made it";
                return Err(LinkError::BadPart { part, expected: parts.into() });
            }
        };
        if again { Err(bad("there once")) } else { Ok(()) }
    }

    fn command(&mut self, text: &str) -> Result<(), LinkError> {
        let number = self.commands.len() as u32 + 1;
        let bad = |why: String| LinkError::BadCommand { number, why };
        if u64::from(number) > limits::TIMELINE {
            return Err(bad(format!("a link holds at most {}", limits::TIMELINE)));
        }
        let (at, command) = text.split_once(' ').unwrap_or((text, ""));
        let at = moment(at).ok_or_else(|| bad("it has no moment such as `12.5s`".into()))?;
        if self.commands.last().is_some_and(|last| last.at > at) {
            return Err(bad("it comes before the one before it".into()));
        }
        let command = command.parse().map_err(|error: scenario::CommandError| bad(error.to_string()))?;
        self.commands.push(TimedCommand { at, command });
        Ok(())
    }

    /// What is not said is the scenario's own.
    fn into_link(self, text: &str) -> Result<Link, LinkError> {
        let scenario = match self.shipped {
            Some(name) => LinkScenario::Shipped(name),
            None if text.is_empty() => return Err(LinkError::Damaged),
            None => LinkScenario::Text(text.into()),
        };
        let mut link = Link {
            scenario,
            seed: self.seed.unwrap_or(0),
            commands: self.commands,
            moment: self.moment.unwrap_or(SimTime::ZERO),
            selection: self.selection.unwrap_or_default(),
            digest: self.digest,
        };
        if (self.seed.is_none() || self.moment.is_none())
            && let Ok(scenario) = link.read()
        {
            link.seed = self.seed.unwrap_or(scenario.seed);
            link.moment = self.moment.unwrap_or(scenario.warm_up);
        }
        Ok(link)
    }
}

fn shipped(name: &str) -> Result<String, LinkError> {
    if scenario::shipped_named(name).is_some() {
        return Ok(name.into());
    }
    let near = nearest(name, scenario::shipped().iter().map(|shipped| shipped.name)).map(Into::into);
    Err(LinkError::NoSuchScenario { name: show_clipped(name, 60), nearest: near })
}

fn moment(text: &str) -> Option<SimTime> {
    parse_duration_us(text).filter(|us| *us <= limits::DURATION_US).map(SimTime)
}

fn selection(text: &str) -> Result<String, LinkError> {
    let bad = text.chars().count() > SELECTION_CHARS_MAX || text.contains(|c: char| c.is_control());
    let expected = format!("one line of at most {SELECTION_CHARS_MAX} characters");
    if bad { Err(LinkError::BadPart { part: "select".into(), expected }) } else { Ok(text.trim().into()) }
}

/// CRC-32 as in PNG and zip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests;
