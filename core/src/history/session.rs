//! A run one can move through: play, seek both ways, act, undo.
use crate::kernel::SimTime;
use crate::observe::report::{
    AuditReport, Description, Inspection, Names, Series, StoryLine, Subject, Summary, Timeline,
};
use crate::observe::view::{Frame, FrameOptions};
use crate::scenario::{Command, CommandError, Scenario, TimedCommand};

/// A run: `run(scenario, seed, commands)`, known up to some moment, standing at some moment.
#[derive(Clone, Debug)]
pub struct Session {
    scenario: Scenario,
    seed: u64,
    commands: Vec<TimedCommand>,
}

impl Session {
    /// A run at its beginning. The scenario's own timeline is part of the scenario, not of `commands`.
    pub fn open(scenario: Scenario, seed: u64, commands: Vec<TimedCommand>) -> Self {
        Session { scenario, seed, commands }
    }
    /// Moves towards `to`, forward or back, handling at most `max_events` events; true once it stands there.
    pub fn advance(&mut self, _to: SimTime, _max_events: u64) -> bool {
        false
    }
    /// Where it stands.
    pub fn now(&self) -> SimTime {
        SimTime::ZERO
    }
    /// How far the run was ever simulated under the present commands.
    pub fn known_until(&self) -> SimTime {
        SimTime::ZERO
    }
    /// When the next (or, for `back`, the last) thing a person would step to happens: a message leaving or arriving.
    pub fn step_time(&mut self, _back: bool) -> Option<SimTime> {
        None
    }
    /// The window from `from` to the moment it stands at.
    pub fn frame(&mut self, _from: SimTime, _options: &FrameOptions) -> Frame {
        Frame::default()
    }
    /// Acts at the moment it stands at: what was known beyond is forgotten.
    pub fn act(&mut self, _command: Command) -> Result<(), CommandError> {
        Ok(())
    }
    /// Takes the last live command back and returns to its moment.
    pub fn undo(&mut self) -> Option<TimedCommand> {
        self.commands.pop()
    }
    /// Does the command last taken back again.
    pub fn redo(&mut self) -> Option<TimedCommand> {
        None
    }
    /// The live commands.
    pub fn commands(&self) -> &[TimedCommand] {
        &self.commands
    }
    /// What it was opened with.
    pub fn scenario(&self) -> (&Scenario, u64) {
        (&self.scenario, self.seed)
    }
    /// The digest at the moment it stands at.
    pub fn digest(&self) -> u64 {
        0
    }
    /// The names behind the numbers.
    pub fn names(&self) -> Names {
        Names::default()
    }
    /// The story up to what is known, from its `from`-th line on.
    pub fn story(&self, _from: u32) -> Vec<StoryLine> {
        Vec::new()
    }
    /// Everything about one subject at the moment it stands at.
    pub fn inspect(&self, subject: Subject) -> Inspection {
        Inspection {
            subject,
            title: String::new(),
            sentence: String::new(),
            state: Vec::new(),
            config: Vec::new(),
            commands: Vec::new(),
        }
    }
    /// The audit up to the moment it stands at.
    pub fn audit(&self) -> AuditReport {
        AuditReport::default()
    }
    /// Markers of the whole run, and the bands of one subject, over all time known.
    pub fn timeline(&self, _of: Subject) -> Timeline {
        Timeline::default()
    }
    /// The metrics over all time known.
    pub fn series(&self) -> Vec<Series> {
        Vec::new()
    }
    /// The run in figures, from the end of the warm-up to the moment it stands at.
    pub fn summary(&self) -> Summary {
        Summary { title: self.scenario.title.clone(), seed: self.seed, ..Summary::default() }
    }
    /// Topics and groups as Kafka's own tools describe them, at the moment it stands at.
    pub fn describe(&self) -> Description {
        Description::default()
    }
}
