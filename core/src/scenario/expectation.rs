//! Expectations: their words, and whether they hold.
use super::words::{parse_duration_us, show_duration};
use super::{Comparison, Expectation, Fact, Whole};
use std::fmt;

impl Fact {
    /// Every fact with the word a scenario uses for it.
    pub const WORDS: [(Fact, &'static str); 21] = [
        (Fact::Lost, "lost"),
        (Fact::Duplicated, "duplicated"),
        (Fact::DeliveredTwice, "delivered-twice"),
        (Fact::NeverDelivered, "never-delivered"),
        (Fact::NeverProcessed, "never-processed"),
        (Fact::Skipped, "skipped"),
        (Fact::DeletedByRetention, "deleted-by-retention"),
        (Fact::Acknowledged, "acknowledged"),
        (Fact::Failed, "failed"),
        (Fact::Delivered, "delivered"),
        (Fact::SlowestAcknowledgementMs, "slowest-acknowledgement"),
        (Fact::UnavailableForWritingMs, "unavailable-for-writing"),
        (Fact::UnavailableForReadingMs, "unavailable-for-reading"),
        (Fact::LeaderChanges, "leader-changes"),
        (Fact::IsrShrinks, "isr-shrinks"),
        (Fact::IsrExpands, "isr-expands"),
        (Fact::Rebalances, "rebalances"),
        (Fact::IdleMembersAtEnd, "idle-members-at-end"),
        (Fact::LagAtEnd, "lag-at-end"),
        (Fact::LagMax, "lag-max"),
        (Fact::UnderReplicatedAtEnd, "under-replicated-at-end"),
    ];

    /// The word a scenario uses for it.
    pub fn word(self) -> &'static str {
        Fact::WORDS.iter().find(|(fact, _)| *fact == self).map_or("", |(_, word)| word)
    }

    /// Whether its values are milliseconds.
    pub const fn is_time(self) -> bool {
        matches!(
            self,
            Fact::UnavailableForWritingMs | Fact::UnavailableForReadingMs | Fact::SlowestAcknowledgementMs
        )
    }

    /// Whether it can be measured of one topic.
    pub const fn is_of_topics(self) -> bool {
        !matches!(self, Fact::SlowestAcknowledgementMs) && !self.is_of_groups_alone()
    }

    /// Whether it can be measured of one group.
    pub const fn is_of_groups(self) -> bool {
        self.is_of_groups_alone()
            || matches!(
                self,
                Fact::Delivered
                    | Fact::DeliveredTwice
                    | Fact::NeverDelivered
                    | Fact::NeverProcessed
                    | Fact::Skipped
            )
    }

    const fn is_of_groups_alone(self) -> bool {
        matches!(self, Fact::Rebalances | Fact::IdleMembersAtEnd | Fact::LagAtEnd | Fact::LagMax)
    }

    /// A value of it as a person writes it: `3`, `9.2 s`.
    pub fn show(self, value: u64) -> String {
        if self.is_time() { show_duration(value.saturating_mul(1_000)) } else { value.to_string() }
    }

    /// Reads what is expected of it: `0`, `>= 1`, `<= 9.5 s`.
    pub(super) fn expect(self, of: &Whole, text: &str) -> Option<Expectation> {
        let text = text.trim();
        let (comparison, value) = if let Some(value) = text.strip_prefix(">=") {
            (Comparison::AtLeast, value)
        } else if let Some(value) = text.strip_prefix("<=") {
            (Comparison::AtMost, value)
        } else {
            (Comparison::Equal, text.strip_prefix('=').unwrap_or(text))
        };
        let value = value.trim();
        let value = if self.is_time() {
            let us = parse_duration_us(value)?;
            us.is_multiple_of(1_000).then_some(us / 1_000)?
        } else {
            value.parse().ok()?
        };
        Some(Expectation { fact: self, of: of.clone(), comparison, value })
    }
}

impl Expectation {
    /// Whether it holds for what was measured.
    pub const fn holds(&self, measured: u64) -> bool {
        match self.comparison {
            Comparison::Equal => measured == self.value,
            Comparison::AtLeast => measured >= self.value,
            Comparison::AtMost => measured <= self.value,
        }
    }
}

impl fmt::Display for Expectation {
    /// `lost = 0`, `unavailable-for-writing of topic orders <= 12 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.comparison {
            Comparison::Equal => "=",
            Comparison::AtLeast => ">=",
            Comparison::AtMost => "<=",
        };
        let of = match &self.of {
            Whole::Cluster => String::new(),
            Whole::Topic(name) => format!(" of topic {name}"),
            Whole::Group(name) => format!(" of group {name}"),
        };
        write!(f, "{}{of} {sign} {}", self.fact.word(), self.fact.show(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_written_as_they_are_read() {
        for (fact, word) in Fact::WORDS {
            let value = if fact.is_time() { "12 s" } else { "3" };
            for sign in ["=", ">=", "<="] {
                let expectation = fact.expect(&Whole::Cluster, &format!("{sign} {value}")).unwrap();
                assert_eq!(expectation.to_string(), format!("{word} {sign} {value}"));
            }
        }
        let at_least = Fact::Lost.expect(&Whole::Topic("orders".into()), ">=1").unwrap();
        assert_eq!(at_least.to_string(), "lost of topic orders >= 1");
        assert!(at_least.holds(1) && at_least.holds(2) && !at_least.holds(0));
        assert_eq!(Fact::Lost.expect(&Whole::Cluster, "> 1"), None);
        assert_eq!(Fact::UnavailableForWritingMs.expect(&Whole::Cluster, "3"), None);
    }
}
