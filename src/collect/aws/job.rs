//! One list of AWS as a job: what a call of it needs, and how its pages are read to the end.

use std::collections::BTreeSet;

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::Value;
use tidb_dms_checks::facts::Asked;

use super::{Aws, call::Failure, deliver::Listed};
use crate::collect::watch::Watch;

/// What every call of a look rests on: whom to ask, what for, and how long.
pub(super) struct Look<'a> {
    pub(super) aws: &'a Aws,
    pub(super) asked: &'a Asked,
    /// The IAM actions that the selected checks need.
    pub(super) needs: &'a BTreeSet<&'static str>,
    pub(super) watch: &'a Watch,
}

impl Look<'_> {
    /// Whether the selected checks need an IAM action.
    pub(super) fn needs(&self, action: &str) -> bool {
        self.needs.contains(action)
    }
}

/// A list that is to be had: its key, the IAM action that delivers it, and the calls.
pub(super) struct Job<'a> {
    pub(super) key: &'static str,
    pub(super) action: &'static str,
    pub(super) listing: BoxFuture<'a, Listed>,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        key: &'static str,
        action: &'static str,
        listing: impl Future<Output = Listed> + Send + 'a,
    ) -> Self {
        Self { key, action, listing: listing.boxed() }
    }
}

/// Asks page by page until there is no more, and keeps what came where one page fails.
pub(super) async fn pages<F>(
    key: &str,
    token: &str,
    read: fn(&[u8]) -> Result<Value, Failure>,
    ask: impl Fn(Option<String>) -> F,
) -> Listed
where
    F: Future<Output = Result<Vec<u8>, Failure>>,
{
    let mut listed = Listed::default();
    let mut next = None;
    loop {
        let page = match ask(next.clone()).await.and_then(|body| read(&body)) {
            Ok(page) => page,
            // DMS says so where a list is empty.
            Err(Failure::NotFound) => return listed,
            Err(failure) => {
                listed.failure = Some(failure);
                return listed;
            }
        };
        match page.get(key) {
            Some(Value::Array(items)) => listed.items.extend(items.iter().cloned()),
            _ => {
                let failure = Failure::Unreadable(format!("there is no list {key} in it"));
                listed.failure = Some(failure);
                return listed;
            }
        }
        let token = page.get(token).and_then(Value::as_str).filter(|token| !token.is_empty());
        let Some(token) = token else { return listed };
        if next.as_deref() == Some(token) {
            let failure = Failure::Unreadable("a page leads to itself".into());
            listed.failure = Some(failure);
            return listed;
        }
        next = Some(token.to_owned());
    }
}
