//! What became of the record so far, in one word and in a sentence.
use super::readers::Reader;
use super::{Copy, Follow, Gone};
use crate::observe::life::Fate;
use crate::observe::told::{listed, times};
use crate::world::World;

impl Follow {
    /// Says what became of it so far.
    pub(super) fn judge(&mut self, world: &World) {
        if self.life.steps.is_empty() {
            return;
        }
        let standing: Vec<&Copy> = self.copies.iter().filter(|copy| copy.stands()).collect();
        let gone = |what: Gone| self.copies.iter().any(|copy| copy.gone == Some(what));
        let waiting = |copy: &&Copy| copy.readers.iter().find(|reader| !reader.is_done()).cloned();
        let (fate, sentence) = if standing.is_empty() && gone(Gone::Lost) {
            (Fate::Lost, "Lost: its producer was told that it is safe, and it is gone.".to_owned())
        } else if standing.is_empty() && gone(Gone::Deleted) {
            (Fate::Deleted, "No longer retained: it is deleted from the log.".to_owned())
        } else if standing.is_empty() && self.failed {
            (Fate::Failed, "Failed: its producer was told so, and no log has it.".to_owned())
        } else if standing.is_empty() {
            (Fate::OnItsWay, "On its way: no leader has appended it yet.".to_owned())
        } else if standing.iter().any(|copy| !copy.passed) {
            (
                Fate::OnItsWay,
                "In the leader's log, but not on every in-sync replica: nobody can read it yet.".to_owned(),
            )
        } else if let Some(reader) = standing.iter().find_map(waiting) {
            (Fate::OnItsWay, awaited(world, &reader))
        } else if self.failed {
            (Fate::Failed, self.done(world, standing[0]))
        } else if self.acknowledged {
            (Fate::Done, self.done(world, standing[0]))
        } else {
            (Fate::OnItsWay, "In the log; its producer does not know yet.".to_owned())
        };
        self.life.fate = fate;
        self.life.sentence = sentence;
        if self.failed && fate == Fate::OnItsWay && !standing.is_empty() {
            self.life.sentence.push_str(" Its producer was told that it failed.");
        }
        if standing.len() > 1 {
            let times = times(standing.len() as u64);
            self.life.sentence.push_str(&format!(" It is in the log {times}: duplicated."));
        }
        if self.delivered_twice {
            self.life.sentence.push_str(" It was delivered twice.");
        }
    }

    pub(super) fn done(&self, world: &World, copy: &Copy) -> String {
        let names: Vec<String> = copy
            .readers
            .iter()
            .map(|reader| world.groups()[usize::from(reader.group.0)].name.clone())
            .collect();
        let (unread, done) = if self.failed {
            let failed = "Failed, as its producer was told, and yet in the log";
            (failed, failed)
        } else {
            ("In the log for good", "Done")
        };
        match names.len() {
            0 => format!("{unread}; no group reads its topic."),
            1 => format!("{done}: group {} has committed beyond it.", names[0]),
            _ => format!("{done}: groups {} have committed beyond it.", listed(&names)),
        }
    }
}

/// What a group still has to do.
fn awaited(world: &World, reader: &Reader) -> String {
    let name = &world.groups()[usize::from(reader.group.0)].name;
    match (reader.delivered, reader.processed) {
        (false, _) => format!("In the log: group {name} has not read it yet."),
        (true, false) => format!("Group {name} has it, and is processing it."),
        (true, true) => format!("Group {name} has processed it, and has not committed beyond it yet."),
    }
}
