//! Collects what does not hold, and reads JSON briefly.
use serde_json::Value;
use std::fmt::Debug;

/// The checks of one kind.
pub struct Check {
    kind: &'static str,
    case: String,
    cases: u64,
    failures: Vec<String>,
}

impl Check {
    pub fn new(kind: &'static str) -> Self {
        Self { kind, case: String::new(), cases: 0, failures: Vec::new() }
    }

    /// Begins a vector; `input` says which when something fails.
    pub fn case(&mut self, input: &Value) {
        self.case = input.get("id").or(input.get("name")).unwrap_or(input).to_string();
        self.cases += 1;
    }

    /// One expectation of the vector.
    pub fn same<T: PartialEq + Debug>(&mut self, what: &str, got: T, want: T) {
        if got != want {
            self.failures.push(format!("{} {}: {what} is {got:?}, not {want:?}", self.kind, self.case));
        }
    }

    pub fn cases(&self) -> u64 {
        self.cases
    }

    pub fn into_failures(self) -> Vec<String> {
        self.failures
    }
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub fn int(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

pub fn number(value: &Value) -> u32 {
    u32::try_from(int(value)).unwrap()
}

pub fn numbers(value: &Value) -> Vec<u32> {
    list(value).iter().map(number).collect()
}

/// A length, -1 being null.
pub fn length(value: &Value) -> Option<u32> {
    u32::try_from(int(value)).ok()
}
