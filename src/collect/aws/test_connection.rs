//! DMS's own test of an endpoint: the only one that speaks from the replication instance itself. It
//! writes state, so it is run on request alone.

use std::time::Duration;

use tidb_dms_checks::facts::{Fact, Gap, Inventory, Unlock, inventory::dms::Connection};
use tokio::time::sleep;

use super::{
    Aws,
    call::{Failure, Recorder, read_json},
};
use crate::collect::watch::{Event, Watch};

const TEST: &str = "dms:TestConnection";
const RESULT: &str = "dms:DescribeConnections";

/// How long to wait between two questions for the result. DMS's own waiter waits 5 s; the first
/// results are there sooner.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

impl Aws {
    /// Lets DMS test an endpoint from a replication instance, and waits for the result, at most for
    /// `limit`. The connection's status is `successful` or `failed`; anything else is a gap.
    pub async fn test_connection(
        &self,
        instance_arn: &str,
        endpoint_arn: &str,
        limit: Duration,
        watch: &Watch,
    ) -> Fact<Connection> {
        watch.tell(Event::Expected("AWS", 1));
        let tested = tokio::time::timeout(limit, self.test(instance_arn, endpoint_arn)).await;
        watch.tell(Event::Answered("AWS"));
        match tested {
            Ok(Ok(connection)) => Fact::Known(connection),
            Ok(Err((failure, action))) => Fact::Unknown(failure.gap(endpoint_arn, action)),
            Err(_) => {
                self.effort.unfinished(TEST);
                Fact::Unknown(Gap::new(
                    endpoint_arn,
                    format!("DMS's test had no result within {} s", limit.as_secs()),
                    Unlock::Flag("--test-timeout".into()),
                ))
            }
        }
    }

    async fn test(
        &self,
        instance: &str,
        endpoint: &str,
    ) -> Result<Connection, (Failure, &'static str)> {
        let recorder = Recorder::new(TEST, &self.effort);
        let request = self
            .dms
            .test_connection()
            .replication_instance_arn(instance)
            .endpoint_arn(endpoint)
            .customize()
            .interceptor(recorder.clone());
        recorder.answer(request.send().await).map_err(|failure| (failure, TEST))?;
        let mut is_under_way = false;
        let mut pauses = PAUSES.into_iter();
        loop {
            let pause = pauses.next();
            sleep(pause.unwrap_or(PAUSES[PAUSES.len() - 1])).await;
            let connection =
                self.result(instance, endpoint).await.map_err(|error| (error, RESULT))?;
            let status = connection.as_ref().and_then(|connection| connection.status.as_deref());
            match (status, connection.as_ref()) {
                // The record of an earlier test may stand there for a moment.
                (Some("successful"), Some(connection)) if is_under_way => {
                    return Ok(connection.clone());
                }
                (Some("failed"), Some(connection)) if is_under_way || pause.is_none() => {
                    return Ok(connection.clone());
                }
                (Some("testing"), _) => is_under_way = true,
                (Some("deleting"), _) => {
                    return Err((Failure::Refused("the connection is being deleted".into()), TEST));
                }
                _ => {}
            }
        }
    }

    /// The recorded result, where there is one.
    async fn result(&self, instance: &str, endpoint: &str) -> Result<Option<Connection>, Failure> {
        let filter = |name: &str, value: &str| {
            aws_sdk_databasemigration::types::Filter::builder().name(name).values(value).build()
        };
        let both = [filter("endpoint-arn", endpoint), filter("replication-instance-arn", instance)];
        let mut filters = Vec::new();
        for filter in both {
            filters.push(filter.map_err(|error| Failure::Refused(error.to_string()))?);
        }
        let recorder = Recorder::new(RESULT, &self.effort);
        let request = self
            .dms
            .describe_connections()
            .set_filters(Some(filters))
            .customize()
            .interceptor(recorder.clone());
        let answer = match recorder.answer(request.send().await) {
            Ok(body) => read_json(&body)?,
            Err(Failure::NotFound) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let list = serde_json::json!({ "Connections": answer["Connections"] });
        let inventory: Inventory =
            serde_json::from_value(list).map_err(|error| Failure::Unreadable(error.to_string()))?;
        Ok(inventory.connections.items.into_iter().find(|connection| {
            connection.endpoint_arn == endpoint && connection.replication_instance_arn == instance
        }))
    }
}
