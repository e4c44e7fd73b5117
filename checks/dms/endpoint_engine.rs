//! The cluster's endpoint speaks MySQL.

use crate::{
    case::Case,
    change::{DmsChange, EndpointFields},
    check::{Check, Judge},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/endpoint-engine",
    requirement: "The engine of the cluster's DMS endpoint is MySQL",
    severity: Severity::Error,
    why: "TiDB speaks the MySQL protocol; an endpoint of another engine can't talk to it.",
    fix: "Choose MySQL as the endpoint's engine.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#create-tidb-cloud-dms-endpoints",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    j.undecided_at(Severity::Warning);
    let Some(endpoint) = super::of_cluster(j, case) else {
        return;
    };
    let arn = endpoint.endpoint_arn.as_str();
    let Some(engine) = endpoint.engine_name.as_deref() else {
        j.gap(super::not_delivered(arn, "engine", "dms:DescribeEndpoints"));
        return;
    };
    j.note(arn, "EngineName", engine);
    if engine.eq_ignore_ascii_case("mysql") {
        return;
    }
    let compatible = super::speaks_mysql(endpoint) == Some(true);
    let draft = if compatible {
        j.fail(format!(
            "The engine of {} is {engine}, which speaks MySQL too; the guide asks for mysql",
            super::name(endpoint)
        ))
        .at(Severity::Warning)
    } else {
        j.fail(format!(
            "The engine of {} is {engine}, and TiDB speaks MySQL",
            super::name(endpoint)
        ))
    };
    if let Some(region) = case.region() {
        draft.change(DmsChange::ModifyEndpoint {
            region,
            endpoint: arn.to_owned(),
            fields: EndpointFields { engine: Some("mysql".into()), ..EndpointFields::default() },
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn tidb_speaks_mysql() {
        let place = "/inventory/Endpoints/1/EngineName";
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(place, json!("MySQL"))], Outcome::Pass, ""),
                (&[(place, json!("postgres"))], Outcome::Fail, "postgres"),
                (&[(place, json!("mariadb"))], Outcome::Warn, "mariadb"),
                (&[(place, json!(null))], Outcome::Unknown, "engine was not"),
                // The other side may be whatever it is.
                (&[("/inventory/Endpoints/0/EngineName", json!("oracle"))], Outcome::Pass, ""),
            ],
        );
    }
}
