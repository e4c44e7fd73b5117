//! The collectors against a server on loopback that speaks AWS's protocols over real HTTP.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use aws_config::{Region, retry::RetryConfig};
use aws_sdk_ec2::config::Credentials;
use tidb_dms_checks::{
    check::Check,
    checks, examine,
    facts::{Asked, Facts},
    judgement::Outcome,
    policy::Policy,
};

use super::{Aws, AwsError};
use crate::collect::watch::Watch;

mod credentials;
mod failures;
mod names;
mod pages;
mod server;
mod wire;
mod world;

use server::{Answer, Server};
use world::{World, patients};

/// The account behind a server.
async fn at(server: &Server) -> Aws {
    at_url(&server.url()).await
}

async fn at_url(url: &str) -> Aws {
    let retries = RetryConfig::standard()
        .with_max_attempts(super::ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(5));
    let config = super::loader()
        .retry_config(retries)
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(Credentials::new("AKIATEST", "secret", None, None, "tests"))
        .load()
        .await;
    Aws::new("us-east-1".into(), &config)
}

fn watch() -> Watch {
    Watch::new(Duration::from_mins(1), |_| {})
}

/// The IAM actions that some checks need, but for the one that only a user's own wish justifies.
fn needs<'a>(checks: impl Iterator<Item = &'a Check>) -> BTreeSet<&'static str> {
    let needs = checks.flat_map(|check| check.needs).copied();
    needs.filter(|need| need.contains(':') && *need != "secretsmanager:GetSecretValue").collect()
}

/// All of them.
fn all_needs() -> BTreeSet<&'static str> {
    needs(checks())
}

/// A look at a patient's account, with what other looks knew of the patient.
async fn look(world: &World, server: &Server, needs: &BTreeSet<&'static str>) -> Facts {
    let aws = at(server).await;
    let mut facts = aws.look(&world.facts.asked, needs, &watch()).await.unwrap();
    facts.taken_at = world.facts.taken_at;
    facts.clusters.clone_from(&world.facts.clusters);
    facts.probes.clone_from(&world.facts.probes);
    facts.secrets.clone_from(&world.facts.secrets);
    facts
}

/// Outcomes by check and subject.
fn outcomes(facts: &Facts, only: &[&str]) -> BTreeMap<(String, String), Outcome> {
    let only = only.iter().map(|id| (*id).to_owned()).collect();
    let report = examine(facts, &Policy { only, ..Policy::default() }).unwrap();
    report.rows.into_iter().map(|row| ((row.check, row.subject.id), row.outcome)).collect()
}

fn task(name: &str) -> Asked {
    Asked { task: Some(name.into()), ..Asked::default() }
}
