//! What a serverless replication can't do.

use crate::{
    case::Case,
    check::{Check, Judge},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/serverless-limits",
    requirement: "A serverless replication isn't planned with what only an instance has",
    severity: Severity::Error,
    why: "A serverless replication never has a public address, and its connections can't be tested before it starts: a failure shows in Replication.FailureMessages, after the start.",
    fix: "Give the serverless replication private subnets with NAT, a private endpoint or VPC peering.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Limitations.html",
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#create-an-aws-dms-replication-instance",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    if !case.is_serverless() {
        j.not_applicable("the replication isn't serverless");
        return;
    }
    let Some(public) = case.facts.asked.publicly_accessible else {
        j.not_applicable("nothing was asked that a serverless replication can't do");
        return;
    };
    j.note("asked", "publicly_accessible", public);
    if public {
        j.fail("A serverless replication is to be publicly accessible, which it can't be");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn a_serverless_replication_has_no_public_address() {
        let subnets = ("/asked/subnets", json!(["subnet-a", "subnet-b"]));
        let serverless = ("/asked/serverless", json!(true));
        let public = ("/asked/publicly_accessible", json!(true));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::NotApplicable, ""),
                (&[subnets.clone(), public.clone()], Outcome::NotApplicable, ""),
                (&[subnets.clone(), serverless.clone()], Outcome::NotApplicable, ""),
                (&[subnets, serverless, public], Outcome::Fail, "publicly accessible"),
            ],
        );
    }
}
