//! The future that a run was not given: what was done before a command in the past made another one of it.
use super::Session;
use crate::kernel::SimTime;
use crate::scenario::TimedCommand;

/// The commands of one future of a run, and the moment at which it was left.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Future {
    pub commands: Vec<TimedCommand>,
    pub undone: Vec<TimedCommand>,
    pub left_at: SimTime,
}

impl Session {
    /// The future there would be without a command now, with all that was done, and taken back, beyond this moment.
    pub(super) fn whole_future(&self) -> Future {
        let commands = self.commands.iter().chain(self.undone.iter().rev()).cloned().collect();
        Future { commands, undone: Vec::new(), left_at: self.now() }
    }

    /// Keeps a future beside the present one; whichever was kept before is forgotten.
    pub(super) fn keep_future(&mut self, future: Future) {
        self.other_future = Some(future);
    }

    /// Forgets the future that is kept beside the present one.
    pub fn forget_other_future(&mut self) {
        self.other_future = None;
    }

    /// Where the future kept beside this one leaves it, and what is done in it from there on; `None` if there is
    /// no other.
    pub fn other_future(&self) -> Option<(SimTime, &[TimedCommand])> {
        let other = self.other_future.as_ref()?;
        let same = self.commands_shared_with(other);
        let parts_at = self.parts_from(other)?;
        Some((parts_at, &other.commands[same..]))
    }

    /// Goes into the future kept beside this one, to the moment at which it was left, and keeps this one instead.
    /// False, and nothing done, if there is no other.
    pub fn switch_future(&mut self) -> bool {
        let Some((parts_at, other)) =
            self.other_future.take().and_then(|other| Some((self.parts_from(&other)?, other)))
        else {
            return false;
        };
        let same = self.commands_shared_with(&other);
        let left_at = self.now();
        let commands = self.commands.clone();
        self.return_to(parts_at, same);
        self.commands = other.commands;
        let undone = std::mem::replace(&mut self.undone, other.undone);
        self.other_future = Some(Future { commands, undone, left_at });
        self.advance(other.left_at, u64::MAX);
        true
    }

    fn commands_shared_with(&self, other: &Future) -> usize {
        self.commands.iter().zip(&other.commands).take_while(|(own, theirs)| own == theirs).count()
    }

    /// When the first command is done that the two do not share.
    fn parts_from(&self, other: &Future) -> Option<SimTime> {
        let same = self.commands_shared_with(other);
        let first = |commands: &[TimedCommand]| commands.get(same).map(|command| command.at);
        [first(&self.commands), first(&other.commands)].into_iter().flatten().min()
    }
}
