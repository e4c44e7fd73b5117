//! Prints what every recorded patient suffers from, with the outcome of each check.
#![allow(missing_docs)]
#[path = "../tests/laws/patients.rs"]
mod patients;
use tidb_dms_checks::{examine, judgement::Outcome, policy::Policy};
fn main() {
    for p in patients::all().into_iter().chain(patients::unseen()) {
        let r = match examine(&p.facts, &Policy::default()) {
            Ok(r) => r,
            Err(e) => {
                println!("=== {} ERR {e}", p.name);
                continue;
            }
        };
        println!(
            "=== {} exit {} of {}",
            p.name,
            r.exit_code,
            p.illness.as_ref().map_or("-", |i| i.of.as_str())
        );
        for row in &r.rows {
            if matches!(row.outcome, Outcome::Pass | Outcome::NotApplicable) {
                continue;
            }
            println!(
                "  {:8} {} {}",
                row.outcome.as_str(),
                row.check,
                row.subject.id
            );
            for f in &row.findings {
                println!("      ! {} [{:?}]", f.message, f.level);
                println!("        -> {}", f.remedy.advice);
                for c in &f.remedy.commands {
                    println!("        $ {c}");
                }
            }
            for g in &row.gaps {
                println!("      ? {g} ({})", g.unlock);
            }
        }
        if let Some(x) = &r.rehearsal {
            println!("  rehearsal {x:?}");
        }
        let mut s: Vec<&str> = r
            .rows
            .iter()
            .filter(|r| {
                !matches!(
                    r.outcome,
                    Outcome::Pass | Outcome::NotApplicable | Outcome::Blocked
                )
            })
            .map(|r| r.check.as_str())
            .collect();
        s.dedup();
        println!("  ILL {}", serde_json::to_string(&s).unwrap());
    }
}
