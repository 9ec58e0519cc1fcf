//! From keys and values to a typed configuration: the same way for every scope.
use super::error::{ConfigError, Note};
use super::offset_reset::AutoOffsetReset;
use super::spec::{KeySpec, Scope, find, nearest};
use super::{BrokerConfig, ConsumerConfig, ProducerConfig, TopicConfig};

/// A configuration with what its author should know, or everything that is wrong, each with the index of its pair.
pub type Built<C> = Result<(C, Vec<Note>), Vec<(usize, ConfigError)>>;

/// The keys that were said, with their values as written, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(Vec<(&'static str, String)>);

impl Overrides {
    /// The value that was said.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(name, _)| (*name).cmp(key)).ok()?;
        Some(&self.0[at].1)
    }

    /// Whether the key was said.
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All that was said, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(key, value)| (*key, value.as_str()))
    }

    fn set(&mut self, key: &'static str, value: &str) {
        match self.0.binary_search_by(|(name, _)| (*name).cmp(key)) {
            Ok(at) => self.0[at].1 = value.into(),
            Err(at) => self.0.insert(at, (key, value.into())),
        }
    }
}

/// What the configurations of all scopes can do.
pub(super) trait Typed: Clone {
    const SCOPE: Scope;

    fn overrides(&self) -> &Overrides;

    fn overrides_mut(&mut self) -> &mut Overrides;

    /// Sets the field that stands for the key, or says what the field can hold.
    fn set_field(&mut self, key: &str, value: &str) -> Result<(), &'static str>;

    /// The value of the field that stands for the key.
    fn field(&self, key: &str) -> Option<String>;

    /// Applies Kafka's rules between keys; what is derived from several keys is derived again.
    fn resolve(&mut self, notes: &mut Vec<Note>) -> Vec<ConfigError>;

    /// Sets one key, without looking at the others.
    fn set(&mut self, key: &str, value: &str) -> Result<KeySpec, ConfigError> {
        let spec = known(Self::SCOPE, key)?;
        spec.check(value)?;
        let beyond = |expected: &str| ConfigError::Value {
            key: spec.name,
            value: value.into(),
            expected: expected.into(),
        };
        self.set_field(key, value).map_err(beyond)?;
        self.overrides_mut().set(spec.name, value);
        Ok(spec)
    }
}

/// The key's row, or an error with the nearest key and the scope that has one of this name.
fn known(scope: Scope, key: &str) -> Result<KeySpec, ConfigError> {
    find(scope, key).ok_or_else(|| {
        let mut scopes = [Scope::Producer, Scope::Consumer, Scope::Topic, Scope::Broker].into_iter();
        let elsewhere = scopes.find(|&other| find(other, key).is_some());
        ConfigError::Unknown { scope, key: key.into(), nearest: nearest(scope, key), elsewhere }
    })
}

/// Checks that the key is known and that it may have this value, without regard to other keys.
///
/// # Errors
/// An unknown key, or a value out of its range.
pub fn check_pair(scope: Scope, key: &str, value: &str) -> Result<KeySpec, ConfigError> {
    match scope {
        Scope::Producer => ProducerConfig::default().set(key, value),
        Scope::Consumer => ConsumerConfig::default().set(key, value),
        Scope::Topic => TopicConfig::default().set(key, value),
        Scope::Broker => BrokerConfig::default().set(key, value),
        Scope::Group => known(scope, key).and_then(|spec| spec.check(value).map(|()| spec)),
    }
}

/// Sets all pairs over a base; everything that is wrong at once, each with the index of its pair.
pub(super) fn build<C: Typed>(mut config: C, pairs: &[(String, String)]) -> Built<C> {
    let mut notes = Vec::new();
    let mut errors = Vec::new();
    for (index, (key, value)) in pairs.iter().enumerate() {
        match config.set(key, value) {
            Ok(spec) => notes.extend(Note::without_effect(&spec)),
            Err(error) => errors.push((index, error)),
        }
    }
    // A contradiction may come from a value that was not understood: only sure errors are told beside others.
    let contradictions = if errors.is_empty() { config.resolve(&mut notes) } else { Vec::new() };
    for error in contradictions {
        let index = pairs.iter().rposition(|(key, _)| key == error.key()).unwrap_or(0);
        errors.push((index, error));
    }
    if errors.is_empty() { Ok((config, notes)) } else { Err(errors) }
}

/// The configuration with one key changed.
pub(super) fn change<C: Typed>(config: &C, key: &str, value: &str) -> Result<C, ConfigError> {
    let mut changed = config.clone();
    changed.set(key, value)?;
    match changed.resolve(&mut Vec::new()).into_iter().next() {
        None => Ok(changed),
        Some(error) => Err(error),
    }
}

/// The value of a key, as Kafka's tools would show it: as said, or derived, or the default.
pub(super) fn value<C: Typed>(config: &C, key: &str) -> Option<String> {
    let said = config.overrides().get(key).map(Into::into);
    said.or_else(|| config.field(key)).or_else(|| find(C::SCOPE, key).map(|spec| spec.default.into()))
}

/// A type of field: how it is read from a value and written as one.
pub(super) trait Field: Sized {
    /// What it can hold, in words.
    const EXPECTED: &'static str;
    fn read(text: &str) -> Option<Self>;
    fn show(&self) -> String;
}

macro_rules! whole_number_fields {
    ($($number:ty, $expected:literal;)*) => { $(impl Field for $number {
        const EXPECTED: &'static str = $expected;
        fn read(text: &str) -> Option<Self> {
            text.trim().parse().ok()
        }
        fn show(&self) -> String {
            self.to_string()
        }
    })* }
}
whole_number_fields!(u32, "a whole number from 0"; u64, "a whole number from 0"; i64, "a whole number";);

impl Field for bool {
    const EXPECTED: &'static str = "`true` or `false`";
    fn read(text: &str) -> Option<Self> {
        text.trim().to_ascii_lowercase().parse().ok()
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Field for AutoOffsetReset {
    const EXPECTED: &'static str = "a moment to start reading from";
    fn read(text: &str) -> Option<Self> {
        AutoOffsetReset::parse(text)
    }
    fn show(&self) -> String {
        AutoOffsetReset::show(self)
    }
}

/// Reads a value into its field, or says what the field can hold.
pub(super) fn read_into<F: Field>(field: &mut F, value: &str) -> Result<(), &'static str> {
    *field = F::read(value).ok_or(F::EXPECTED)?;
    Ok(())
}

/// Says which field stands for which key, and gives the configuration its public methods.
macro_rules! typed {
    ($config:ident, $scope:expr, $($key:literal $($field:ident).+,)*) => {
        impl $crate::config::build::Typed for $config {
            const SCOPE: $crate::config::Scope = $scope;

            fn overrides(&self) -> &$crate::config::Overrides {
                &self.overrides
            }

            fn overrides_mut(&mut self) -> &mut $crate::config::Overrides {
                &mut self.overrides
            }

            fn set_field(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
                match key {
                    $($key => $crate::config::build::read_into(&mut self.$($field).+, value),)*
                    _ => Ok(()),
                }
            }

            fn field(&self, key: &str) -> Option<String> {
                match key {
                    $($key => Some($crate::config::build::Field::show(&self.$($field).+)),)*
                    _ => None,
                }
            }

            fn resolve(
                &mut self,
                notes: &mut Vec<$crate::config::Note>,
            ) -> Vec<$crate::config::ConfigError> {
                $config::resolve(self, notes)
            }
        }

        impl $config {
            /// The configuration with one key changed.
            ///
            /// # Errors
            /// An unknown key, a value out of its range, or one that contradicts another key.
            pub fn with(&self, key: &str, value: &str) -> Result<Self, $crate::config::ConfigError> {
                $crate::config::build::change(self, key, value)
            }

            /// The value of any key, as Kafka's tools would show it; `None` for an unknown key.
            pub fn value(&self, key: &str) -> Option<String> {
                $crate::config::build::value(self, key)
            }
        }
    };
}
pub(super) use typed;
