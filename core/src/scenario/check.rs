//! Whether what a command names can be there: one place for timelines, links and live commands.
use super::words::nearest;
use super::{Command, CommandError, ConfigTarget, Place, Scenario, TimedCommand, limits};
use crate::config::{Note, Scope, check_at_run_time, check_pair, find as find_key};
use crate::metadata::BrokerId;

/// The names in a scenario, and those that commands have added.
#[derive(Clone, Debug)]
pub struct Targets<'s> {
    scenario: &'s Scenario,
    /// Names of producers added, each `<like>-<n>`.
    added_producers: Vec<String>,
    /// Members ever started, by group.
    members: Vec<u32>,
}

impl<'s> Targets<'s> {
    /// Those of the scenario itself, before any command.
    pub fn of(scenario: &'s Scenario) -> Self {
        Targets {
            scenario,
            added_producers: Vec::new(),
            members: scenario.groups.iter().map(|group| group.members).collect(),
        }
    }

    /// Checks a command and counts what it adds.
    ///
    /// Whether it makes sense at its moment (a broker that is down cannot crash) only a run can tell.
    pub fn check(&mut self, command: &Command) -> Result<(), CommandError> {
        match command {
            Command::CrashBroker(id)
            | Command::CrashMachine(id)
            | Command::StopBroker(id)
            | Command::FreezeBroker(id)
            | Command::ThawBroker(id)
            | Command::StartBroker(id) => self.broker(*id),
            Command::SlowLinks { of, .. } | Command::CutLinks(of) | Command::HealLinks(of) => self.place(of),
            Command::AddConsumer { group } => {
                let index = self.group(group)?;
                let members: u64 = self.members.iter().map(|members| u64::from(*members)).sum();
                if members >= limits::MEMBERS {
                    let why = format!("there are {members} consumers already, and no more can be added");
                    return Err(CommandError::NotNow { why });
                }
                self.members[index] += 1;
                Ok(())
            }
            Command::StopConsumer(name)
            | Command::CrashConsumer(name)
            | Command::FreezeConsumer(name)
            | Command::ThawConsumer(name)
            | Command::StartConsumer(name)
            | Command::SlowConsumer { consumer: name, .. } => self.consumer(name),
            Command::AddProducer { like } => {
                self.producer(like)?;
                let count = self.scenario.producers.len() + self.added_producers.len();
                if count as u64 >= limits::PRODUCERS {
                    let why = format!("there are {count} producers already, and no more can be added");
                    return Err(CommandError::NotNow { why });
                }
                let name = name_for_another(like, |name| self.producers().any(|other| other == name));
                self.added_producers.push(name);
                Ok(())
            }
            Command::StopProducer(name)
            | Command::SetRate { producer: name, .. }
            | Command::SendRecord { producer: name, .. } => self.producer(name),
            Command::SetConfig { target, key, value } => self.config(target, key, value),
        }
    }

    fn producers(&self) -> impl Iterator<Item = &str> {
        let own = self.scenario.producers.iter().map(|producer| producer.name.as_str());
        own.chain(self.added_producers.iter().map(String::as_str))
    }

    fn broker(&self, id: BrokerId) -> Result<(), CommandError> {
        let known = (1..=self.scenario.brokers.len() as u64).contains(&u64::from(id.0));
        known.then_some(()).ok_or(CommandError::NoSuch { what: "broker", name: id.0.to_string() })
    }

    fn place(&self, place: &Place) -> Result<(), CommandError> {
        match place {
            Place::Broker(id) => self.broker(*id),
            Place::Rack(rack) => {
                find("rack", rack, self.scenario.brokers.iter().map(|broker| broker.rack.as_str()))
                    .map(|_| ())
            }
        }
    }

    fn group(&self, name: &str) -> Result<usize, CommandError> {
        find("group", name, self.scenario.groups.iter().map(|group| group.name.as_str()))
    }

    fn producer(&self, name: &str) -> Result<(), CommandError> {
        find("producer", name, self.producers()).map(|_| ())
    }

    fn consumer(&self, name: &str) -> Result<(), CommandError> {
        let no_such = || CommandError::NoSuch { what: "consumer", name: name.into() };
        let known = |group: usize, number: &str| {
            let canonical = !number.starts_with('0');
            canonical && number.parse::<u32>().is_ok_and(|n| (1..=self.members[group]).contains(&n))
        };
        let mut groups = self.scenario.groups.iter().enumerate();
        let is_member = groups.any(|(index, group)| {
            let number = name.strip_prefix(&group.name).and_then(|rest| rest.strip_prefix('-'));
            number.is_some_and(|number| known(index, number))
        });
        is_member.then_some(()).ok_or_else(no_such)
    }

    fn config(&self, target: &ConfigTarget, key: &str, value: &str) -> Result<(), CommandError> {
        match target {
            ConfigTarget::Brokers => {}
            ConfigTarget::Topic(name) => {
                find("topic", name, self.scenario.topics.iter().map(|topic| topic.name.as_str()))?;
            }
            ConfigTarget::Producer(name) => self.producer(name)?,
            ConfigTarget::Group(name) => self.group(name).map(|_| ())?,
        }
        let checked = match scope_of(target) {
            Scope::Broker => check_at_run_time(key, value),
            scope => check_pair(scope, key, value).map(|_| ()),
        };
        checked.map_err(|error| CommandError::Config { why: error.to_string() })
    }
}

/// What a configuration command has to say of a key that changes nothing here.
pub(super) fn note_without_effect(command: &Command) -> Option<Note> {
    let Command::SetConfig { target, key, .. } = command else { return None };
    Note::without_effect(&find_key(scope_of(target), key)?)
}

fn scope_of(target: &ConfigTarget) -> Scope {
    match target {
        ConfigTarget::Brokers => Scope::Broker,
        ConfigTarget::Topic(_) => Scope::Topic,
        ConfigTarget::Producer(_) => Scope::Producer,
        ConfigTarget::Group(_) => Scope::Consumer,
    }
}

impl Scenario {
    /// Checks commands given beside the scenario's own timeline, in time order: the index of each that names
    /// what cannot be there, and why.
    pub fn check_commands(&self, commands: &[TimedCommand]) -> Vec<(u32, CommandError)> {
        let mut targets = Targets::of(self);
        let mut timeline = self.timeline.iter().peekable();
        let mut wrong = Vec::new();
        for (index, timed) in (0..).zip(commands) {
            while let Some(earlier) = timeline.next_if(|earlier| earlier.at <= timed.at) {
                // The timeline was checked when it was read; here it only adds its members and producers.
                let _ = targets.check(&earlier.command);
            }
            if let Err(error) = targets.check(&timed.command) {
                wrong.push((index, error));
            }
        }
        wrong
    }
}

/// The name of a producer added like another: `checkout-2` after `checkout`, the first that is not taken.
pub fn name_for_another(like: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut n = 2_u32;
    loop {
        let name = format!("{like}-{n}");
        if !is_taken(&name) {
            return name;
        }
        n += 1;
    }
}

/// The index of `name`, or the error that there is none.
fn find<'n>(
    what: &'static str,
    name: &str,
    mut names: impl Iterator<Item = &'n str>,
) -> Result<usize, CommandError> {
    names.position(|other| other == name).ok_or_else(|| CommandError::NoSuch { what, name: name.into() })
}

/// The nearest name to one that a command names in vain.
pub(super) fn nearest_to(error: &CommandError, scenario: &Scenario) -> Option<String> {
    let CommandError::NoSuch { what, name } = error else { return None };
    let names: Vec<&str> = match *what {
        "topic" => scenario.topics.iter().map(|topic| topic.name.as_str()).collect(),
        "producer" => scenario.producers.iter().map(|producer| producer.name.as_str()).collect(),
        "group" => scenario.groups.iter().map(|group| group.name.as_str()).collect(),
        "rack" => scenario.brokers.iter().map(|broker| broker.rack.as_str()).collect(),
        _ => return None,
    };
    nearest(name, names).map(Into::into)
}
