//! What is left to believe of resources whose descriptions contradict each other.
//!
//! What is looked up by its id is then as good as not seen; the index sees to it. A migration's own
//! resources are read where they stand, so what contradicts is taken out of them before anybody judges.

use serde_json::{Map, Value};

use super::{Conflict, Inventory, List, Resource};

/// A replication instance or a configuration says a good deal by what it doesn't have, so only what
/// tells which it is stays.
const INSTANCE: &[&str] = &["ReplicationInstanceArn", "ReplicationInstanceIdentifier"];
const CONFIG: &[&str] = &[
    "ReplicationConfigArn",
    "ReplicationConfigIdentifier",
    "SourceEndpointArn",
    "TargetEndpointArn",
    "IsReadOnly",
];

impl Inventory {
    /// Takes out what is contradicted, of the lists that are read without looking up ids.
    pub(crate) fn forget_contradictions(&mut self) {
        let conflicts = std::mem::take(&mut self.conflicts);
        forget(&mut self.replication_instances, "ReplicationInstances", &conflicts, Some(INSTANCE));
        forget(&mut self.replication_configs, "ReplicationConfigs", &conflicts, Some(CONFIG));
        forget(&mut self.replication_tasks, "ReplicationTasks", &conflicts, None);
        forget(&mut self.replications, "Replications", &conflicts, None);
        forget(&mut self.connections, "Connections", &conflicts, None);
        forget(&mut self.dhcp_options, "DhcpOptions", &conflicts, None);
        forget(&mut self.roles, "Roles", &conflicts, None);
        forget(&mut self.kms_keys, "KmsKeys", &conflicts, None);
        self.conflicts = conflicts;
    }
}

/// Takes the contradicted fields out of a list's resources; where some are to be kept, all others too.
fn forget<T: Resource>(
    list: &mut List<T>,
    key: &str,
    conflicts: &[Conflict],
    kept: Option<&[&str]>,
) {
    for conflict in conflicts.iter().filter(|conflict| conflict.list == key) {
        for item in list.items.iter_mut().filter(|item| item.id() == conflict.id) {
            let Ok(Value::Object(mut members)) = serde_json::to_value(&*item) else {
                continue;
            };
            if let Some(kept) = kept {
                members.retain(|name, _| kept.contains(&name.as_str()));
            }
            for field in &conflict.fields {
                take_out(&mut members, field);
            }
            if let Ok(left) = serde_json::from_value(Value::Object(members)) {
                *item = left;
            }
        }
    }
}

/// Takes out a field, named by its path.
fn take_out(members: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        None => {
            members.remove(path);
        }
        Some((name, rest)) => {
            if let Some(Value::Object(inner)) = members.get_mut(name) {
                take_out(inner, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn believed(one: Value, other: Value) -> Value {
        let mut merged: Inventory = serde_json::from_value(one).unwrap();
        merged.merge(serde_json::from_value(other).unwrap());
        merged.forget_contradictions();
        serde_json::to_value(merged).unwrap()
    }

    #[test]
    fn what_contradicts_goes_and_the_rest_stays() {
        let task = |kind: &str| {
            json!({"ReplicationTasks": [{"ReplicationTaskArn": "arn:t", "MigrationType": kind,
                "TableMappings": "{}"}]})
        };
        assert_eq!(
            believed(task("cdc"), task("full-load"))["ReplicationTasks"],
            json!([{"ReplicationTaskArn": "arn:t", "TableMappings": "{}"}])
        );
        let key = |state: &str| json!({"KmsKeys": [{"KeyMetadata": {"Arn": "arn:k", "KeyState": state}}]});
        assert_eq!(
            believed(key("Enabled"), key("Disabled"))["KmsKeys"],
            json!([{"KeyMetadata": {"Arn": "arn:k"}}])
        );
    }

    #[test]
    fn of_an_instance_only_its_name_stays() {
        let instance = |class: &str| {
            json!({"ReplicationInstances": [{"ReplicationInstanceArn": "arn:i",
                "ReplicationInstanceIdentifier": "i", "ReplicationInstanceClass": class,
                "PubliclyAccessible": false}]})
        };
        assert_eq!(
            believed(instance("dms.t3.micro"), instance("dms.t3.large"))["ReplicationInstances"],
            json!([{"ReplicationInstanceArn": "arn:i", "ReplicationInstanceIdentifier": "i"}])
        );
    }
}
