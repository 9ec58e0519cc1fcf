//! What is worth watching: one table, the most first. Story pace slows for it, each in its own measure.
use kafkarium_core::observe::report::{StoryLine, Subject};

/// Something worth watching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// A step in the life of the record that is followed.
    StepOfTheRecord,
    /// A turning point: a fault, another leader, refused writes, a loss (weight 3 in the story).
    TurningPoint,
    /// What the caption says (weight 2).
    Told,
    /// A lesser line of the story about what is selected (weight 1).
    AboutTheSelection,
}

/// How many kinds there are.
pub const KINDS: usize = 4;

/// The table: each kind with the speed at which it is watched, virtual time for real time. At a thousandth, a request of
/// a quarter of a millisecond flies for a quarter of a second.
pub const TABLE: [(Worth, f64); KINDS] = [
    (Worth::StepOfTheRecord, 1.0 / 1_000.0),
    (Worth::TurningPoint, 1.0 / 500.0),
    (Worth::Told, 1.0 / 400.0),
    (Worth::AboutTheSelection, 1.0 / 200.0),
];

impl Worth {
    /// What a line of the story is worth while `selection` is selected; `None`: nobody need slow down for it.
    pub fn of(line: &StoryLine, selection: Subject) -> Option<Worth> {
        match line.weight {
            3.. => Some(Worth::TurningPoint),
            2 => Some(Worth::Told),
            1 if selection != Subject::Cluster && line.concerns(selection) => Some(Worth::AboutTheSelection),
            _ => None,
        }
    }
}

/// What is nearest to the playhead, by kind in the order of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nearest {
    /// Virtual microseconds since the last.
    pub after_us: [Option<f64>; KINDS],
    /// Virtual microseconds to the next one known.
    pub before_us: [Option<f64>; KINDS],
}

impl Nearest {
    /// What is nearest to `now_us` of the story and of the steps (moments in microseconds) of the record followed; both
    /// in the order of time.
    pub fn of(story: &[StoryLine], steps: &[u64], selection: Subject, now_us: f64) -> Nearest {
        let mut nearest = Nearest::default();
        steps.iter().for_each(|&step| nearest.see(Worth::StepOfTheRecord, step as f64 - now_us));
        for line in story {
            if let Some(worth) = Worth::of(line, selection) {
                nearest.see(worth, line.time_us as f64 - now_us);
            }
        }
        nearest
    }

    fn see(&mut self, worth: Worth, in_us: f64) {
        if in_us <= 0.0 {
            self.after_us[worth as usize] = Some(-in_us);
        } else {
            self.before_us[worth as usize].get_or_insert(in_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkarium_core::observe::report::StoryKind;

    fn line(time_us: u64, weight: u8, about: Subject) -> StoryLine {
        let text = String::new;
        let about = vec![about];
        let (what, why, next, ask) = (text(), text(), text(), text());
        StoryLine { time_us, kind: StoryKind::Isr, what, why, next, about, weight, ask }
    }

    #[test]
    fn the_table_is_in_the_order_of_the_kinds_and_slowest_first() {
        assert!(TABLE.iter().enumerate().all(|(at, (worth, _))| *worth as usize == at));
        assert!(TABLE.is_sorted_by(|a, b| a.1 < b.1));
        assert!(TABLE.iter().all(|(_, speed)| (1.0 / 2_000.0..=1.0 / 200.0).contains(speed)));
    }

    #[test]
    fn a_lesser_line_is_worth_watching_only_for_who_selected_what_it_is_about() {
        let lesser = line(7, 1, Subject::Partition(2));
        assert_eq!(Worth::of(&lesser, Subject::Cluster), None);
        assert_eq!(Worth::of(&lesser, Subject::Partition(3)), None);
        assert_eq!(Worth::of(&lesser, Subject::Partition(2)), Some(Worth::AboutTheSelection));
        assert_eq!(Worth::of(&lesser, Subject::Replica(2, 1)), Some(Worth::AboutTheSelection));
        let turning = line(7, 3, Subject::Partition(2));
        assert_eq!(Worth::of(&turning, Subject::Broker(1)), Some(Worth::TurningPoint));
        assert_eq!(Worth::of(&line(7, 0, Subject::Broker(1)), Subject::Broker(1)), None);
    }

    #[test]
    fn the_nearest_of_each_kind_on_either_side() {
        let story =
            [line(10, 3, Subject::Cluster), line(20, 2, Subject::Cluster), line(50, 2, Subject::Cluster)];
        let nearest = Nearest::of(&story, &[5, 26, 40], Subject::Cluster, 26.0);
        assert_eq!(nearest.after_us, [Some(0.0), Some(16.0), Some(6.0), None]);
        assert_eq!(nearest.before_us, [Some(14.0), None, Some(24.0), None]);
    }
}
