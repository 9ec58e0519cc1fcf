//! What just changed about the subject a person looks at.
use crate::kernel::SimTime;
use crate::observe::report::{Inspection, Subject};

/// A change is shown for this long, microseconds of virtual time.
const SHOWN_US: u64 = 2_000_000;

/// The rows of the subject last inspected, and what each was before it changed.
#[derive(Clone, Debug, Default)]
pub(super) struct JustChanged {
    subject: Option<Subject>,
    looked_at: SimTime,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    name: String,
    value: String,
    /// The value before, and when it was seen to have changed.
    was: Option<(String, SimTime)>,
}

impl JustChanged {
    /// Fills in what rows were before they changed; forgets all when the subject is another or time went back.
    pub fn mark(&mut self, now: SimTime, found: &mut Inspection) {
        if self.subject != Some(found.subject) || now < self.looked_at {
            *self = JustChanged { subject: Some(found.subject), ..JustChanged::default() };
        }
        self.looked_at = now;
        let mut rows = Vec::with_capacity(found.state.len());
        for row in &mut found.state {
            let before = self.rows.iter().find(|before| before.name == row.name);
            let was = before.and_then(|before| match before.value == row.value {
                true => before.was.clone(),
                false => Some((before.value.clone(), now)),
            });
            let was = was.filter(|(_, since)| now.since_us(*since) < SHOWN_US);
            row.was = was.as_ref().map(|(value, _)| value.clone());
            rows.push(Row { name: row.name.clone(), value: row.value.clone(), was });
        }
        self.rows = rows;
    }
}
