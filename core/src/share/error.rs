//! Why a link cannot be read or made.
use std::fmt;

/// Why a link cannot be read or made: each is one sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// There is nothing in it.
    Empty,
    /// It is longer than a link may be.
    TooLong {
        /// Its length.
        chars: u32,
    },
    /// It is of a version that this Kafkarium does not know.
    Newer,
    /// It is neither of the short nor of the packed form.
    NotALink,
    /// A character that no link has, or a checksum that does not fit: changed or cut short on its way.
    Damaged,
    /// It holds more than a link may hold.
    TooMuch,
    /// Its name of a scenario is none that ships.
    NoSuchScenario {
        /// The name, shortened.
        name: String,
        /// The one that was perhaps meant.
        nearest: Option<String>,
    },
    /// A part of it is not what it should be.
    BadPart {
        /// `seed`, `t` and so on, shortened.
        part: String,
        /// What it should be.
        expected: String,
    },
    /// A command in it cannot be read.
    BadCommand {
        /// Which, counted from 1.
        number: u32,
        /// Why.
        why: String,
    },
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Empty => f.write_str("this link is empty"),
            LinkError::TooLong { chars } => {
                let most = super::ENCODED_CHARS_MAX;
                write!(
                    f,
                    "this link has {chars} characters, and more than {most} do not travel well: send the scenario as a \
                     file instead"
                )
            }
            LinkError::Newer => {
                f.write_str("this link was made by a newer Kafkarium: reload the page, or update")
            }
            LinkError::NotALink => {
                f.write_str("this is not a Kafkarium link: one begins with `s=` or with `k1.` after the `#`")
            }
            LinkError::Damaged => {
                f.write_str("this link was changed or cut short on its way: copy it again, as a whole")
            }
            LinkError::TooMuch => {
                write!(f, "this link holds more than {} KiB", super::INFLATED_BYTES_MAX / 1024)
            }
            LinkError::NoSuchScenario { name, nearest } => {
                write!(f, "no scenario named `{name}` comes with this Kafkarium")?;
                nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; the nearest is `{nearest}`"))
            }
            LinkError::BadPart { part, expected } => write!(f, "`{part}` of this link should be {expected}"),
            LinkError::BadCommand { number, why } => write!(f, "command {number} of this link: {why}"),
        }
    }
}

impl std::error::Error for LinkError {}
