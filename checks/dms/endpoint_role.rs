//! Sources are sources, targets are targets.

use crate::{
    case::Case,
    change::{DmsChange, EndpointFields},
    check::{Check, Judge},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/endpoint-role",
    requirement: "The source's DMS endpoint is a source endpoint, the target's a target endpoint",
    severity: Severity::Error,
    why: "DMS has two kinds of endpoints; a task takes one of each, and settings of the one mean nothing on the other.",
    fix: "Create the endpoint anew with the right type, or change its type.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#create-tidb-cloud-dms-endpoints",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Endpoints.Creating.html",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // An endpoint that wasn't seen is told by those checks that need more of it.
    j.undecided_at(Severity::Warning);
    for (role, endpoint) in super::both(j, case) {
        let arn = endpoint.endpoint_arn.as_str();
        let Some(kind) = endpoint.endpoint_type.as_deref() else {
            j.gap(super::not_delivered(arn, "type", "dms:DescribeEndpoints"));
            continue;
        };
        j.note(arn, "EndpointType", kind);
        if kind.eq_ignore_ascii_case(role.as_str()) {
            continue;
        }
        let draft = j.fail(format!(
            "{} is the migration's {}, and its type is {}",
            super::name(endpoint),
            role.as_str(),
            kind.to_ascii_lowercase()
        ));
        if let Some(region) = case.region() {
            draft.change(DmsChange::ModifyEndpoint {
                region,
                endpoint: arn.to_owned(),
                fields: EndpointFields {
                    endpoint_type: Some(role.as_str().into()),
                    ..EndpointFields::default()
                },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn letter_case_is_not_a_type() {
        let place = "/inventory/Endpoints/1/EndpointType";
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(place, json!("target"))], Outcome::Pass, ""),
                (&[(place, json!("SOURCE"))], Outcome::Fail, "type is source"),
                (&[(place, json!(null))], Outcome::Unknown, "type was not"),
                (&[("/inventory/Endpoints/0", json!(null))], Outcome::Unknown, "endpoint:S"),
            ],
        );
    }
}
