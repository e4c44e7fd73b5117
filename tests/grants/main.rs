//! What five real servers let about forty accounts each do, against what is said of them: by the engine,
//! and by the checks that ask it.

#![expect(clippy::print_stdout, reason = "the table of counts is for the reader of the test")]
#![expect(clippy::unwrap_used, reason = "a recording of another shape is a failed test")]

use serde_json::Value;

mod engine;
mod rows;

const FILES: [(&str, &str); 5] = [
    ("mariadb-10.11.19", include_str!("../data/grants/mariadb-10.11.19.json")),
    ("mysql-9.7.4", include_str!("../data/grants/mysql-9.7.4.json")),
    (
        "mysql-9.7.4-partial-revokes-off",
        include_str!("../data/grants/mysql-9.7.4-partial-revokes-off.json"),
    ),
    ("tidb-7.5.7", include_str!("../data/grants/tidb-7.5.7.json")),
    ("tidb-8.5.4", include_str!("../data/grants/tidb-8.5.4.json")),
];

/// The schemas on which each account was tried.
const SCHEMAS: [&str; 4] = ["app", "my_app", "myxapp", "apple"];

/// What one server was recorded to do.
struct Recorded {
    file: &'static str,
    document: Value,
}

impl Recorded {
    fn all() -> impl Iterator<Item = Self> {
        FILES
            .into_iter()
            .map(|(file, text)| Self { file, document: serde_json::from_str(text).unwrap() })
    }

    fn accounts(&self) -> &[Value] {
        self.document["accounts"].as_array().unwrap()
    }
}
