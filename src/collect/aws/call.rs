//! One call to AWS: what came back, or why nothing did; and how many it took.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
            },
        },
        result::SdkError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    config_bag::ConfigBag,
    error::{display::DisplayErrorContext, metadata::ProvideErrorMetadata},
};
use serde_json::Value;
use tidb_dms_checks::facts::{Gap, Run, Unlock};

use super::{AwsError, xml};

/// What a look costs.
#[derive(Clone, Debug, Default)]
pub(super) struct Effort(Arc<Spent>);

#[derive(Debug, Default)]
struct Spent {
    run: Mutex<Run>,
    /// Whether anything has answered at all, good or bad.
    answered: AtomicBool,
}

impl Effort {
    /// What was spent so far.
    pub(super) fn run(&self) -> Run {
        self.0.run.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether anything of AWS has answered at all, good or bad.
    pub(super) fn has_answer(&self) -> bool {
        self.0.answered.load(Ordering::Relaxed)
    }

    /// Puts on record that a call had no answer when its time was up.
    pub(super) fn unfinished(&self, action: &str) {
        let mut run = self.0.run.lock().unwrap_or_else(PoisonError::into_inner);
        if !run.unfinished.iter().any(|known| known == action) {
            run.unfinished.push(action.to_owned());
        }
    }

    fn attempt(&self, action: &str, is_first: bool) {
        let mut run = self.0.run.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = if is_first { &mut run.calls } else { &mut run.retries };
        *counts.entry(action.to_owned()).or_default() += 1;
    }
}

/// Listens to one call: counts its attempts, and keeps the answer's own bytes. The SDK's types drop
/// what they don't know, and a new field of AWS's must not pass unseen.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    action: &'static str,
    effort: Effort,
    heard: Arc<Heard>,
    keeps_answer: bool,
}

#[derive(Debug, Default)]
struct Heard {
    has_begun: AtomicBool,
    /// Of the last answer, if AWS called it good.
    body: Mutex<Option<Vec<u8>>>,
}

impl Recorder {
    pub(super) fn new(action: &'static str, effort: &Effort) -> Self {
        Self { action, effort: effort.clone(), heard: Arc::default(), keeps_answer: true }
    }

    /// One that leaves the answer alone, since it holds a password.
    pub(super) fn of_secret(action: &'static str, effort: &Effort) -> Self {
        Self { keeps_answer: false, ..Self::new(action, effort) }
    }

    /// What came of the call. An answer that AWS calls good is good, whether or not the SDK can read
    /// it: DMS prints nulls in lists, where the SDK takes none.
    pub(super) fn answer<T, E, R>(
        &self,
        sent: Result<T, SdkError<E, R>>,
    ) -> Result<Vec<u8>, Failure>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let body = self.heard.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (sent, body) {
            (_, Some(body)) => Ok(body),
            (Err(error), None) => Err(Failure::of(&error)),
            (Ok(_), None) => Err(Failure::Unreadable("it is empty".into())),
        }
    }
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_first = !self.heard.has_begun.swap(true, Ordering::Relaxed);
        self.effort.attempt(self.action, is_first);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.effort.0.answered.store(true, Ordering::Relaxed);
        if !self.keeps_answer {
            return Ok(());
        }
        let response = context.response();
        let is_good = response.status().is_success();
        let bytes = response.body().bytes().filter(|_| is_good).map(<[u8]>::to_vec);
        *self.heard.body.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        Ok(())
    }
}

/// Why a call brought nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// The credentials are no good, so no other call will do better: the code and AWS's words.
    Credentials(String),
    /// The caller may not: what AWS says of it.
    Denied(String),
    /// Nothing matches. DMS calls a filter without a hit an error.
    NotFound,
    /// AWS refused it for another reason, such as a call that the region doesn't know.
    Refused(String),
    /// AWS wanted fewer calls, again and again.
    Throttled,
    /// No connection, or a connection that ended.
    Unreachable(String),
    /// A connection, and no answer in the time that one call has.
    Silent,
    /// The run's time was up.
    TimeUp,
    /// An answer that isn't what AWS answers.
    Unreadable(String),
}

/// EC2's, then those of the JSON services. DMS's own `AccessDeniedFault` is about the roles of DMS.
const DENIED: &[&str] = &[
    "UnauthorizedOperation",
    "Client.UnauthorizedOperation",
    "AccessDeniedException",
    "AccessDenied",
];

const CREDENTIALS: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

const THROTTLED: &[&str] = &[
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
];

const NOT_FOUND: &[&str] =
    &["NoSuchEntity", "NotFoundException", "ResourceNotFoundFault", "ResourceNotFoundException"];

impl Failure {
    /// Reads the SDK's error.
    pub(super) fn of<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        match error {
            SdkError::ServiceError(refusal) => {
                let refusal = refusal.err();
                Self::of_code(
                    refusal.code().unwrap_or("no code"),
                    refusal.message().unwrap_or_default(),
                )
            }
            SdkError::TimeoutError(_) => Self::Silent,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Self::Silent,
            SdkError::DispatchFailure(failure) if failure.is_io() => Self::Unreachable(
                failure.as_connector_error().map_or_else(String::new, |error| innermost(error)),
            ),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                // Credentials that can't be had again look like a connection that can't be made.
                Some(error) if DisplayErrorContext(error).to_string().contains("credential") => {
                    Self::Credentials(innermost(error))
                }
                Some(error) => Self::Unreachable(innermost(error)),
                None => Self::Unreachable("no reason given".into()),
            },
            SdkError::ResponseError(_) => Self::Unreadable(innermost(error)),
            _ => Self::Refused(innermost(error)),
        }
    }

    fn of_code(code: &str, message: &str) -> Self {
        let said = || match short(message) {
            message if message.is_empty() => code.to_owned(),
            message => format!("{code}: {message}"),
        };
        if DENIED.contains(&code) {
            Self::Denied(because(message))
        } else if CREDENTIALS.contains(&code) {
            Self::Credentials(said())
        } else if THROTTLED.contains(&code) {
            Self::Throttled
        } else if NOT_FOUND.contains(&code) || code.ends_with(".NotFound") {
            Self::NotFound
        } else {
            Self::Refused(said())
        }
    }

    /// The gap that it leaves in what was asked for.
    pub(super) fn gap(&self, about: &str, action: &str) -> Gap {
        let again = || Unlock::Flag("the same run once more".into());
        let (reason, unlock) = match self {
            Self::Denied(because) if because.is_empty() => {
                ("access was denied".to_owned(), Unlock::IamAction(action.into()))
            }
            Self::Denied(because) => {
                (format!("access was denied, {because}"), Unlock::IamAction(action.into()))
            }
            Self::NotFound => ("AWS knows nothing of it".to_owned(), Unlock::Nothing),
            Self::Refused(said) if is_of_aws(said) => {
                (format!("{action} failed at AWS: {said}"), again())
            }
            Self::Refused(said) => (format!("{action} was refused: {said}"), Unlock::Nothing),
            Self::Throttled => (format!("AWS throttled {action}, time after time"), again()),
            Self::Unreachable(said) => (
                format!("{action} had no connection: {said}"),
                Unlock::Vantage("a place that reaches AWS".into()),
            ),
            Self::Silent => (format!("{action} was asked, and nothing answered"), again()),
            Self::TimeUp => (
                format!("{action} had not answered when the looking ended"),
                Unlock::Flag("--timeout".into()),
            ),
            Self::Unreadable(said) => {
                (format!("the answer to {action} can't be read: {said}"), Unlock::Nothing)
            }
            // Such a run ends; where it doesn't, the gap says the same.
            Self::Credentials(said) => (format!("AWS refuses the credentials: {said}"), again()),
        };
        Gap::new(about, reason, unlock)
    }

    /// The error that ends the run, where it is one.
    pub(super) fn fatal(&self, region: &str) -> Option<AwsError> {
        match self {
            Self::Credentials(said) => {
                Some(AwsError::Credentials { region: region.to_owned(), said: said.clone() })
            }
            _ => None,
        }
    }
}

/// Whether a refusal is a fault of AWS's own, which may be gone next time.
fn is_of_aws(said: &str) -> bool {
    ["Internal", "ServiceUnavailable", "Unavailable"].iter().any(|code| said.starts_with(code))
}

/// The reason of a denial, which AWS puts last: "… because no identity-based policy allows …".
fn because(message: &str) -> String {
    match message.rfind("because ") {
        Some(place) => {
            let reason = message[place..].split(". ").next().unwrap_or_default();
            short(reason).trim_end_matches('.').to_owned()
        }
        None => String::new(),
    }
}

/// AWS's words on one line, and not a whole page of them.
fn short(message: &str) -> String {
    const LONGEST: usize = 200;
    let line = message.split_whitespace().collect::<Vec<&str>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain("…".chars()).collect()
}

/// The cause behind an error of the SDK, whose own words are about its inside.
pub(super) fn innermost(mut error: &(dyn std::error::Error + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    short(&error.to_string())
}

/// Reads an answer of DMS, KMS or Secrets Manager.
pub(super) fn read_json(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::Unreadable(error.to_string()))
}

/// Reads an answer of EC2 or IAM.
pub(super) fn read_xml(body: &[u8]) -> Result<Value, Failure> {
    xml::json(body).map_err(|error| Failure::Unreadable(error.to_string()))
}

/// Sends one request and gives the bytes of its answer, or the failure.
///
/// A macro, since each request of the SDK is a type of its own.
macro_rules! send {
    ($look:expr, $action:expr, $request:expr) => {{
        let recorder = $crate::collect::aws::call::Recorder::new($action, &$look.aws.effort);
        let sent = $request.customize().interceptor(recorder.clone()).send();
        match $look.watch.wait(sent).await {
            Ok(sent) => recorder.answer(sent),
            Err(_) => {
                $look.aws.effort.unfinished($action);
                Err($crate::collect::aws::call::Failure::TimeUp)
            }
        }
    }};
}
pub(super) use send;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_are_told_from_faults() {
        let denial = "User: arn:aws:iam::1:user/u is not authorized to perform: dms:DescribeEndpoints \
                      on resource: * because no identity-based policy allows the dms:DescribeEndpoints action";
        let reason = "because no identity-based policy allows the dms:DescribeEndpoints action";
        for (code, message, failure) in [
            ("AccessDeniedException", denial, Failure::Denied(reason.into())),
            ("UnauthorizedOperation", "You are not authorized.", Failure::Denied(String::new())),
            // That is about the roles of DMS, and no action of the caller's would help.
            (
                "AccessDeniedFault",
                "The IAM Role …",
                Failure::Refused("AccessDeniedFault: The IAM Role …".into()),
            ),
            ("ResourceNotFoundFault", "No Certificates found", Failure::NotFound),
            ("InvalidSubnetID.NotFound", "…", Failure::NotFound),
            ("RequestLimitExceeded", "Request limit exceeded.", Failure::Throttled),
            ("ExpiredTokenException", "", Failure::Credentials("ExpiredTokenException".into())),
            ("UnknownOperation", "no\n such", Failure::Refused("UnknownOperation: no such".into())),
        ] {
            assert_eq!(Failure::of_code(code, message), failure, "{code}");
        }
    }

    #[test]
    fn a_denial_is_a_gap_that_names_the_action() {
        let gap = Failure::Denied("because of x".into()).gap("Subnets", "ec2:DescribeSubnets");
        assert_eq!(gap.to_string(), "Subnets: access was denied, because of x");
        assert_eq!(gap.unlock, Unlock::IamAction("ec2:DescribeSubnets".into()));
        let gap = Failure::of_code("InternalFailure", "…").gap("Subnets", "ec2:DescribeSubnets");
        assert_eq!(gap.unlock, Unlock::Flag("the same run once more".into()));
        let gap = Failure::TimeUp.gap("Subnets", "ec2:DescribeSubnets");
        assert_eq!(gap.unlock, Unlock::Flag("--timeout".into()));
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(short(&"x".repeat(999)).chars().count(), 201);
    }
}
