//! The scenarios that come with Kafkarium.

/// A scenario that comes with Kafkarium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its name in links and on the command line.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(Shipped { name: $name, text: include_str!(concat!("../../../scenarios/", $name, ".toml")) }),*]
    };
}

/// The scenarios that come with Kafkarium; the first is what a page opens with.
pub const fn shipped() -> &'static [Shipped] {
    shipped![
        "website-activity",
        "metrics-without-keys",
        "slow-consumer",
        "more-consumers-than-partitions",
        "at-most-once-at-least-once",
        "leader-dies-acks-all",
        "leader-dies-acks-1",
        "follower-freezes",
        "too-few-in-sync",
        "rack-lost",
    ]
}

/// The shipped scenario of that name.
pub fn shipped_named(name: &str) -> Option<&'static Shipped> {
    shipped().iter().find(|shipped| shipped.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_scenario_is_faultless_and_complete() {
        for shipped in shipped() {
            let scenario = crate::scenario::read(shipped.text)
                .unwrap_or_else(|errors| panic!("{}: {}", shipped.name, errors[0]));
            // What goes wrong on purpose is warned of; nothing is without effect.
            let idle: Vec<_> = scenario.notes.iter().filter(|note| !note.is_warning).collect();
            assert!(idle.is_empty(), "{}: {idle:?}", shipped.name);
            let written = !scenario.title.is_empty() && !scenario.try_this.is_empty();
            assert!(written && scenario.about.matches(['.', ':']).count() >= 2, "{}", shipped.name);
            assert!(!scenario.expectations.is_empty(), "{}", shipped.name);
        }
    }
}
