//! Looking at AWS: the account's DMS resources, the VPC that the replication sits in, and what both
//! refer to.
//!
//! Requests are the SDK's own (credentials, signing, retries). Answers are read as the bytes that AWS
//! sent, in the same form that the AWS CLI prints: the SDK's types drop fields that they don't know,
//! and a new field of AWS's must not pass unseen. Nothing in here judges.

use std::{sync::Mutex, time::Duration};

use aws_config::{
    BehaviorVersion, ConfigLoader, Region, SdkConfig, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use tidb_dms_checks::{
    facts::{Asked, Gap, Run},
    migration::SelectError,
};

mod account;
mod call;
mod deliver;
mod dms;
mod ec2;
mod job;
mod look;
mod names;
mod place;
mod secret;
mod test_connection;
#[cfg(test)]
mod tests;
mod xml;

pub use secret::Secret;

/// Where to look, and as whom.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// A profile of the AWS configuration.
    pub profile: Option<String>,
    /// The region; else that of an ARN in what was asked, else the profile's or the environment's.
    pub region: Option<String>,
}

/// Why AWS can't be looked at.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AwsError {
    /// No provider of the chain has credentials, or the chosen one fails.
    #[error(
        "no AWS credentials: {0}; log in (`aws sso login`), choose a --profile, or give --evidence"
    )]
    NoCredentials(String),
    /// AWS doesn't take the credentials: expired, unknown, or of no use in this region.
    #[error("AWS refuses the credentials in {region}: {said}")]
    Credentials {
        /// The region that was asked.
        region: String,
        /// What AWS says.
        said: String,
    },
    /// Nothing says which region is meant.
    #[error("no AWS region: give --region, AWS_REGION, a profile that has one, or an ARN")]
    NoRegion,
    /// What was given as a region can't be one.
    #[error("`{0}` is no AWS region")]
    NotARegion(String),
    /// Nothing of AWS answered: no such region, or no way there.
    #[error("nothing of AWS answers in {region}: {said}")]
    Unreachable {
        /// The region.
        region: String,
        /// What the connection met.
        said: String,
    },
    /// A named thing doesn't exist in this region and account.
    #[error("no {what} `{name}` in {region}; {}", what_there_is(.known))]
    Unknown {
        /// What was named: `task`, `subnet`, ….
        what: &'static str,
        /// The name.
        name: String,
        /// The region.
        region: String,
        /// What there is of its kind.
        known: Vec<String>,
    },
    /// Nothing was named, and there are several migrations.
    #[error("there are several {what} in {region}; choose one with {flag}: {}", .known.join(", "))]
    Several {
        /// What they are.
        what: &'static str,
        /// The flag that chooses.
        flag: &'static str,
        /// The region.
        region: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Things of one name.
    #[error("{} {what}s in {region} are called `{name}`; name one by its ARN: {}", known.len(), known.join(", "))]
    SameName {
        /// What was named.
        what: &'static str,
        /// The name.
        name: String,
        /// Where.
        region: String,
        /// Their ARNs.
        known: Vec<String>,
    },
    /// What was named doesn't go together.
    #[error("{0}")]
    Contradiction(SelectError),
    /// Nothing was named, and there is no migration.
    #[error("no replication task, configuration or instance in {0}; plan one with --subnets")]
    Nothing(String),
    /// The list in which the named thing would stand could not be had.
    #[error("which migration it is can't be told: {} ({})", .0, .0.unlock)]
    NotSeen(Gap),
}

fn what_there_is(names: &[String]) -> String {
    if names.is_empty() {
        return "there is none".to_owned();
    }
    format!("there is: {}", names.join(", "))
}

impl AwsError {
    /// Why no migration could be taken, said of a region.
    fn of_selection(error: SelectError, region: &str) -> Self {
        let region = region.to_owned();
        match error {
            SelectError::Unknown { what, name, known } => {
                Self::Unknown { what, name, region, known }
            }
            SelectError::Several { what, flag, known } => {
                Self::Several { what, flag, region, known }
            }
            SelectError::SameName { what, name, known } => {
                Self::SameName { what, name, region, known }
            }
            SelectError::RunsElsewhere { .. } | SelectError::Both { .. } => {
                Self::Contradiction(error)
            }
            SelectError::Nothing => Self::Nothing(region),
        }
    }
}

/// One account and region of AWS, ready to be asked.
#[derive(Clone, Debug)]
pub struct Aws {
    region: String,
    dms: aws_sdk_databasemigration::Client,
    ec2: aws_sdk_ec2::Client,
    iam: aws_sdk_iam::Client,
    kms: aws_sdk_kms::Client,
    secrets: aws_sdk_secretsmanager::Client,
    effort: call::Effort,
}

impl Aws {
    fn new(region: String, config: &SdkConfig) -> Self {
        Self {
            region,
            dms: aws_sdk_databasemigration::Client::new(config),
            ec2: aws_sdk_ec2::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            secrets: aws_sdk_secretsmanager::Client::new(config),
            effort: call::Effort::default(),
        }
    }

    /// The region that is asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// What was called so far, how often, and what had no answer in time.
    pub fn run(&self) -> Run {
        self.effort.run()
    }
}

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one answer may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long a call may take with all its repetitions.
const CALL: Duration = Duration::from_secs(30);
/// How often a call is made at most, where the user's own AWS settings say nothing else. Throttled calls are
/// made again more and more slowly: up to 1, 2, 4, 8 and 16 s later. The SDK's adaptive mode isn't for a run of
/// seconds: after one refusal each repetition waits 10 s for its rate limiter, which first calls of others share.
const ATTEMPTS: u32 = 6;

/// Finds the region and the credentials, by AWS's own chain: environment, profile, SSO, assumed role,
/// web identity, container, instance.
pub async fn connect(choice: &Choice, asked: &Asked) -> Result<Aws, AwsError> {
    let region = choice.region.clone().or_else(|| region_of(asked));
    if let Some(region) = &region
        && !is_region(region)
    {
        return Err(AwsError::NotARegion(region.clone()));
    }
    let mut loader = loader();
    if let Some(profile) = &choice.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    // On the heap: what finds a configuration is large.
    let config = repeating(Box::pin(loader.load()).await);
    // A variable that is set to nothing isn't set.
    let region = config.region().map(ToString::to_string).filter(|region| !region.is_empty());
    let region = region.ok_or(AwsError::NoRegion)?;
    if !is_region(&region) {
        return Err(AwsError::NotARegion(region));
    }
    let config = Box::pin(with_credentials(config, choice.profile.as_deref())).await?;
    Ok(Aws::new(region, &config))
}

/// How often calls are repeated: as `AWS_RETRY_MODE`, `AWS_MAX_ATTEMPTS` and their like in a profile say
/// (adaptive among it), else more patiently than the SDK does by itself.
fn repeating(config: SdkConfig) -> SdkConfig {
    let chosen = config.retry_config().filter(|found| **found != RetryConfig::standard()).cloned();
    let retries = chosen.unwrap_or_else(|| RetryConfig::standard().with_max_attempts(ATTEMPTS));
    config.into_builder().retry_config(retries).build()
}

/// How long calls may take, for all services.
fn loader() -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts)
}

/// Asks for the credentials once, before anything is called: one clear error instead of one for each
/// call, and one prompt of whoever prompts.
async fn with_credentials(config: SdkConfig, profile: Option<&str>) -> Result<SdkConfig, AwsError> {
    let chain = match profile {
        Some(profile) => of_profile(&config, profile),
        None => config
            .credentials_provider()
            .ok_or_else(|| AwsError::NoCredentials("no provider is configured".into()))?,
    };
    let first = chain.provide_credentials().await.map_err(|error| {
        AwsError::NoCredentials(match (&error, profile) {
            (CredentialsError::CredentialsNotLoaded(_), Some(profile)) => {
                format!("there is no profile `{profile}`, or it has none")
            }
            (CredentialsError::CredentialsNotLoaded(_), None) => {
                "none in the environment, a profile, a container or an instance".to_owned()
            }
            _ => call::innermost(&error),
        })
    })?;
    let primed = Primed { first: Mutex::new(Some(first)), chain };
    let provider = SharedCredentialsProvider::new(primed);
    Ok(config.into_builder().credentials_provider(provider).build())
}

/// The credentials of a profile and no others, as with the AWS CLI: whoever names one must not be shown the
/// account whose keys happen to stand in the environment.
fn of_profile(config: &SdkConfig, profile: &str) -> SharedCredentialsProvider {
    let around = ProviderConfig::without_region().with_region(config.region().cloned());
    let provider =
        ProfileFileCredentialsProvider::builder().configure(&around).profile_name(profile).build();
    SharedCredentialsProvider::new(provider)
}

/// The chain of credentials, with what it gave already.
#[derive(Debug)]
struct Primed {
    first: Mutex<Option<Credentials>>,
    chain: SharedCredentialsProvider,
}

impl ProvideCredentials for Primed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        match self.first.lock().ok().and_then(|mut first| first.take()) {
            Some(first) => future::ProvideCredentials::ready(Ok(first)),
            None => self.chain.provide_credentials(),
        }
    }
}

/// The region of the first ARN in what was asked.
fn region_of(asked: &Asked) -> Option<String> {
    let names = [
        &asked.task,
        &asked.replication_instance,
        &asked.replication_config,
        &asked.source_endpoint,
        &asked.target_endpoint,
    ];
    names.into_iter().flatten().find_map(|name| {
        let mut parts = name.strip_prefix("arn:")?.split(':');
        let region = parts.nth(2)?;
        (!region.is_empty()).then(|| region.to_owned())
    })
}

/// Whether it has the form of a region's name, which becomes part of a host name.
fn is_region(name: &str) -> bool {
    name.contains('-')
        && name.len() <= 40
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '-'))
}
