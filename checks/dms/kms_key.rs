//! The keys that DMS encrypts with can be used.

use crate::{
    case::Case,
    change::PlaceChange,
    check::{Check, Judge},
    facts::Gap,
    judgement::Judgement,
    migration::{Kind, Side},
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/kms-key",
    requirement: "The KMS keys of the replication and of its endpoints are enabled",
    severity: Severity::Error,
    why: "DMS keeps its storage and the endpoints' passwords encrypted: with a key that is disabled or about to be deleted nothing starts (KMSKeyNotAccessibleFault).",
    fix: "Enable the key, or cancel its deletion.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.html",
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html",
    ],
    controls: &[],
    needs: &needs::joined::<5>(&needs::MIGRATION, &["kms:DescribeKey"]),
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // AWS's own key is the default and always enabled; which key it is, its ARN doesn't tell.
    j.undecided_at(Severity::Advice);
    for side in [&case.migration.source, &case.migration.target] {
        if let Side::Unseen(gap) = side {
            j.gap(gap.clone());
        }
    }
    let keys = keys(case);
    if keys.is_empty() {
        j.not_applicable("no KMS key is named: AWS's own keeps the data");
        return;
    }
    let list = &case.facts.inventory.kms_keys;
    for (place, key) in keys {
        j.note(place, "KmsKeyId", key);
        let found = list.items.iter().find(|known| {
            let known = &known.key_metadata;
            known.arn == key || known.key_id.as_deref() == Some(key)
        });
        let state = found.and_then(|known| known.key_metadata.key_state.as_deref());
        let Some(state) = state else {
            // The list says why the key isn't on it.
            let gap = list.gap().filter(|_| found.is_none());
            j.gap(gap.map_or_else(
                || super::not_delivered(key, "state", "kms:DescribeKey"),
                |gap| Gap { about: key.to_owned(), ..gap.clone() },
            ));
            continue;
        };
        j.note(key, "KeyState", state);
        if state == "Enabled" {
            continue;
        }
        let draft = j.fail(format!("The KMS key {key} is {state}"));
        match (state, case.region(), found) {
            ("Disabled", Some(region), Some(found)) => {
                draft
                    .change(PlaceChange::EnableKey { region, key: found.key_metadata.arn.clone() });
            }
            ("PendingDeletion", _, _) => {
                draft.advise("Cancel the key's deletion, then enable it");
            }
            _ => {}
        }
    }
}

/// Every key with the resource that names it.
fn keys<'a>(case: &Case<'a>) -> Vec<(&'a str, &'a str)> {
    let mut keys: Vec<(&str, &str)> = Vec::new();
    let replication = match case.migration.kind {
        Kind::Task(_, Some(instance)) | Kind::Instance(instance) => {
            Some((instance.replication_instance_arn.as_str(), instance.kms_key_id.as_deref()))
        }
        Kind::Config(config) => Some((
            config.replication_config_arn.as_str(),
            config.compute_config.as_ref().and_then(|compute| compute.kms_key_id.as_deref()),
        )),
        Kind::Task(_, None) | Kind::Planned => None,
    };
    let endpoints = [&case.migration.source, &case.migration.target]
        .into_iter()
        .filter_map(Side::endpoint)
        .map(|endpoint| (endpoint.endpoint_arn.as_str(), endpoint.kms_key_id.as_deref()));
    for (place, key) in replication.into_iter().chain(endpoints) {
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            keys.push((place, key));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn a_key_is_enabled_or_it_is_told() {
        let arn = "arn:aws:kms:us-east-1:1:key/k";
        let named = ("/inventory/Endpoints/1/KmsKeyId", json!(arn));
        let state = |state: Value| {
            let key = json!([{"KeyMetadata": {"Arn": arn, "KeyId": "k", "KeyState": state}}]);
            ("/inventory/KmsKeys", key)
        };
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::NotApplicable, ""),
                (std::slice::from_ref(&named), Outcome::Unknown, "not delivered"),
                (&[named.clone(), state(json!(null))], Outcome::Unknown, "its state was not"),
                (&[named.clone(), state(json!("Enabled"))], Outcome::Pass, ""),
                (&[named.clone(), state(json!("Disabled"))], Outcome::Fail, "Disabled"),
                (
                    &[named.clone(), state(json!("PendingDeletion"))],
                    Outcome::Fail,
                    "PendingDeletion",
                ),
            ],
        );
    }
}
