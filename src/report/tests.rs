//! What all formats promise, on all samples.

use super::{samples, terminal, text::Style};

#[test]
fn show() {
    let width = std::env::var("W").map_or(80, |w| w.parse().unwrap());
    let colour = std::env::var("C").is_ok();
    let only = std::env::var("S").unwrap_or_default();
    let mut all = String::new();
    for (name, report) in samples::all() {
        if name.contains(&only) {
            all += &format!("######## {name}\n");
            all += &terminal::render(&report, &Style { width, colour }, None);
        }
    }
    all += &super::trace::render(&samples::crooked(), &Style { width, colour });
    std::fs::write("/tmp/show.txt", all).unwrap();
    std::fs::write(
        "/tmp/show.xml",
        super::junit::render(
            &samples::all().into_iter().map(|x| x.1).collect::<Vec<_>>(),
            tidb_dms_checks::severity::Severity::Error,
        ),
    )
    .unwrap();
}
