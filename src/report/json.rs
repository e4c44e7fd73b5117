//! The report as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use tidb_dms_checks::report::Report;

use super::text::is_unsafe;

/// One report is an object; several are an array of them. Ends with a line feed.
pub fn render(reports: &[Report]) -> String {
    match reports {
        [report] => pretty(report),
        reports => pretty(&reports),
    }
}

/// Any document of ours, pretty, with a final line feed.
///
/// Characters that could control a terminal or hide text are escaped, so that the document can be
/// shown anywhere; to a reader of JSON it is the same.
pub fn pretty(document: &impl Serialize) -> String {
    // Our documents have string keys only and no values that JSON lacks.
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    let mut safe = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        // Outside of strings there is nothing unsafe but the line feeds of the layout.
        if letter != '\n' && is_unsafe(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(letter);
        }
    }
    safe.push('\n');
    safe
}
