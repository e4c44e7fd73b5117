//! The cluster runs.

use crate::{
    case::Case,
    change::PlaceChange,
    check::{Check, Judge, TestStep},
    facts::{Gap, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "cluster/running",
    requirement: "The cluster is running",
    severity: Severity::Error,
    why: "A paused cluster answers nobody, and from DMS it looks like a network that is broken.",
    fix: "Resume the cluster in the TiDB Cloud console, and wait until it is active.",
    references: &["https://docs.pingcap.com/tidbcloud/pause-or-resume-tidb-cluster"],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: Some(TestStep::Cluster),
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // Clusters run, as a rule; who can't ask TiDB Cloud isn't stopped by that.
    j.undecided_at(Severity::Warning);
    let fact = case.cluster_seen().and_then(|cluster| cluster.state.clone());
    let Some(state) = super::look(j, case, fact, "its state was") else {
        return;
    };
    let name = case.cluster.name();
    j.note(name, "state", &state);
    match state.to_ascii_uppercase().as_str() {
        // AVAILABLE is the older API's word.
        "ACTIVE" | "AVAILABLE" | "MODIFYING" => {}
        "PAUSED" | "PAUSING" => {
            let draft = j.fail(format!("{name} is {state}"));
            if let Some(host) = case.cluster.host.known() {
                draft.change(PlaceChange::ResumeCluster { host: host.clone() });
            }
        }
        "CREATING" | "DELETING" | "DELETED" | "UNAVAILABLE" => {
            j.fail(format!("{name} is {state}"))
                .advise("Wait until the cluster is active, or migrate into another");
        }
        "RESUMING" | "RESTORING" | "MAINTENANCE" | "MAINTAINING" | "UPGRADING" | "IMPORTING"
        | "INACTIVE" => {
            j.fail(format!("{name} is {state}: it may not take connections now"))
                .at(Severity::Warning)
                .advise("Wait until the cluster is active");
        }
        _ => j.gap(Gap::new(
            name,
            format!("its state `{state}` is none that this version knows"),
            Unlock::Nothing,
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn a_paused_cluster_answers_nobody() {
        let place = "/clusters/0/state";
        let state = |state: &str| (place, json!({ "known": state }));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[state("MODIFYING")], Outcome::Pass, ""),
                (&[state("PAUSED")], Outcome::Fail, "PAUSED"),
                (&[state("DELETED")], Outcome::Fail, "DELETED"),
                (&[state("UPGRADING")], Outcome::Warn, "may not"),
                (&[state("DREAMING")], Outcome::Unknown, "DREAMING"),
                (&[(place, json!(null))], Outcome::Unknown, "not delivered"),
            ],
        );
        let said = testing::say(CHECK.id, &[(place, json!(null))]);
        assert_eq!(said.level(), Severity::Warning);
    }

    /// Before the network is blamed.
    #[test]
    fn a_cluster_that_is_paused_is_told_first() {
        let facts = testing::facts(&[
            ("/clusters/0/state", json!({"known": "PAUSED"})),
            ("/inventory/NatGateways/0/State", json!("failed")),
        ]);
        let causes = crate::examine(&facts, &testing::without_probes()).unwrap().root_causes;
        let checks: Vec<&str> = causes.iter().map(|cause| cause.check.as_str()).collect();
        assert_eq!(checks, [CHECK.id, "network/nat-gateway"]);
    }
}
