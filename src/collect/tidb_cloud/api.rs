//! One API of TiDB Cloud, asked over HTTP with digest authentication (RFC 7616).
//!
//! The private half of the key answers a challenge and is never sent. A server that asks for it in
//! another way doesn't get it, and a redirection isn't followed.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http_auth::{DigestClient, PasswordParams};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE},
    redirect::Policy,
};
use secrecy::ExposeSecret;
use serde::{Deserialize, de::DeserializeOwned};
use tidb_dms_checks::facts::{Run, Unlock};

use super::services::Keys;
use crate::collect::watch::{Event, Watch};

/// How long one call may take. Nothing in a run depends on it, so it needn't wait until the end.
const LONGEST: Duration = Duration::from_secs(15);
/// How much of an answer is read: a page of a hundred clusters is some 500 KB.
const LARGEST: usize = 16 * 1024 * 1024;
/// How many pages are asked for; a key has a hundred calls a minute.
const PAGES: usize = 50;

/// A call that told nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Failure {
    /// Why, as a reason in a gap.
    pub(super) reason: String,
    /// What would let it tell; nothing when only somebody else can.
    pub(super) unlock: Option<Unlock>,
}

impl Failure {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), unlock: None }
    }

    fn later(reason: impl Into<String>) -> Self {
        let later = Unlock::Vantage("the same place, in a minute".into());
        Self { reason: reason.into(), unlock: Some(later) }
    }
}

/// An API.
#[derive(Debug)]
pub(super) struct Api {
    base: Url,
    client: Result<Client, Failure>,
    keys: Keys,
    watch: Watch,
    /// The last challenge: its nonce serves several calls, which saves each a round trip.
    challenge: Mutex<Option<DigestClient>>,
    effort: Arc<Mutex<Run>>,
}

impl Api {
    pub(super) fn new(base: &Url, keys: &Keys, watch: &Watch, effort: &Arc<Mutex<Run>>) -> Self {
        let mut client = Client::builder()
            .redirect(Policy::none())
            .user_agent(concat!("tidb-dms/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // What is in the clear doesn't leave the neighbourhood.
            client = client.no_proxy();
        }
        let mut base = base.clone();
        base.set_path("/v1beta1");
        Self {
            base,
            client: client
                .build()
                .map_err(|error| Failure::new(format!("no HTTPS client: {}", deepest(&error)))),
            keys: keys.clone(),
            watch: watch.clone(),
            challenge: Mutex::new(None),
            effort: Arc::clone(effort),
        }
    }

    /// All items of a list, page by page; with the reason why the rest is missing, where it is.
    pub(super) async fn list<P: DeserializeOwned + Page>(
        &self,
        operation: &str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> (Vec<P::Item>, Option<Failure>) {
        let mut items = Vec::new();
        let mut token = String::new();
        for _ in 0..PAGES {
            let mut query = query.to_vec();
            query.push(("pageSize", "100"));
            if !token.is_empty() {
                query.push(("pageToken", &token));
            }
            let page: P = match self.get(operation, path, &query).await {
                Ok(page) => page,
                Err(failure) => return (items, Some(failure)),
            };
            let (more, next) = page.into_parts();
            items.extend(more);
            match next.filter(|next| !next.is_empty()) {
                None => return (items, None),
                Some(next) if next == token => break,
                Some(next) => token = next,
            }
        }
        let failure = Failure::new(format!("{operation} has no end of pages"));
        (items, Some(failure))
    }

    /// One answer.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        operation: &str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let name = format!("tidbcloud:{operation}");
        *self.effort().calls.entry(name.clone()).or_default() += 1;
        self.watch.tell(Event::Expected("TiDB Cloud", 1));
        let limit = LONGEST.min(self.watch.left());
        let answer = tokio::time::timeout(limit, self.answer(operation, path, query)).await;
        self.watch.tell(Event::Answered("TiDB Cloud"));
        let body = match answer {
            Ok(answer) => answer?,
            Err(_) if self.watch.left().is_zero() => {
                self.effort().unfinished.push(name);
                return Err(Failure::later(format!("{operation} was not finished in time")));
            }
            Err(_) => {
                let reason = format!("no answer to {operation} within {} s", limit.as_secs());
                return Err(Failure::later(reason));
            }
        };
        // A list would be taken for an object whose members stand in order.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(Failure::new(format!("the answer to {operation} is no JSON object")));
        }
        serde_json::from_slice(&body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Failure::new(format!(
                "the answer to {operation} is none that the API documents (line {line}, column {column})"
            ))
        })
    }

    /// The body of a good answer, after as many challenges as a fair server sets.
    async fn answer(
        &self,
        operation: &str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<u8>, Failure> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let url = self.url(path, query);
        let mut authorization = self.respond(&url)?;
        let mut is_fresh = false;
        loop {
            let mut request = client.get(url.clone()).header("accept", "application/json");
            if let Some(value) = &authorization {
                request = request.header(AUTHORIZATION, value.clone());
            }
            let response = request.send().await.map_err(|error| {
                Failure::later(format!(
                    "{operation} got no answer: {}",
                    self.hushed(&deepest(&error))
                ))
            })?;
            let status = response.status();
            if status == StatusCode::OK {
                return body(response, operation).await;
            }
            if status != StatusCode::UNAUTHORIZED {
                return Err(self.refused(operation, response).await);
            }
            let challenge = challenge(response.headers());
            let is_stale = challenge.as_ref().is_some_and(DigestClient::stale);
            // A nonce of the last call may have worn out; the one of just now has not.
            if is_fresh && !is_stale {
                return Err(self.refused(operation, response).await);
            }
            let Some(challenge) = challenge else {
                return Err(Failure::new(format!(
                    "TiDB Cloud answered 401 to {operation} and asked for no digest, so nothing was sent"
                )));
            };
            if is_fresh {
                return Err(Failure::later(format!("{operation}: each nonce was stale at once")));
            }
            *self.challenge() = Some(challenge);
            authorization = self.respond(&url)?;
            is_fresh = true;
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The answer to the last challenge, if there was one.
    fn respond(&self, url: &Url) -> Result<Option<HeaderValue>, Failure> {
        let mut challenge = self.challenge();
        let Some(challenge) = challenge.as_mut() else {
            return Ok(None);
        };
        let uri = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let answer = challenge.respond(&PasswordParams {
            username: &self.keys.public,
            password: self.keys.private.expose_secret(),
            uri: &uri,
            method: "GET",
            body: None,
        });
        let value = answer.ok().and_then(|answer| HeaderValue::try_from(answer).ok());
        let Some(mut value) = value else {
            return Err(Failure::new("TiDB Cloud asked for a digest that this program can't make"));
        };
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// An answer that isn't a good one, in a sentence.
    async fn refused(&self, operation: &str, response: Response) -> Failure {
        let status = response.status();
        let reset = response.headers().get("x-ratelimit-reset");
        let reset = reset.and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
        let body = body(response, operation).await.unwrap_or_default();
        let said = serde_json::from_slice::<Envelope>(&body).ok().and_then(|body| body.message);
        let said = said.filter(|said| !said.is_empty());
        let said = said.map(|said| format!(" ({})", self.hushed(&shortened(&said))));
        let said = said.unwrap_or_default();
        match status {
            StatusCode::UNAUTHORIZED => Failure {
                reason: format!("TiDB Cloud doesn't take the API key{said}"),
                unlock: Some(Unlock::Flag(
                    "a valid key in TIDBCLOUD_PUBLIC_KEY and TIDBCLOUD_PRIVATE_KEY".into(),
                )),
            },
            StatusCode::FORBIDDEN => {
                Failure::new(format!("the API key has no right to {operation}{said}"))
            }
            StatusCode::NOT_FOUND => {
                Failure::new(format!("TiDB Cloud has nothing to tell by {operation}{said}"))
            }
            StatusCode::TOO_MANY_REQUESTS => {
                let when = reset.map(|reset| format!(", again in {reset} s")).unwrap_or_default();
                Failure::later(format!("the API key's calls are used up{when}{said}"))
            }
            status if status.is_server_error() => Failure::later(format!(
                "TiDB Cloud answered {} to {operation}{said}",
                status.as_u16()
            )),
            status => Failure::new(format!(
                "TiDB Cloud answered {} to {operation}{said}",
                status.as_u16()
            )),
        }
    }

    /// Whoever answers has never seen the private half, and still it shall not come back.
    fn hushed(&self, text: &str) -> String {
        match self.keys.private.expose_secret() {
            "" => text.to_owned(),
            secret => text.replace(secret, "…"),
        }
    }

    fn challenge(&self) -> std::sync::MutexGuard<'_, Option<DigestClient>> {
        self.challenge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn effort(&self) -> std::sync::MutexGuard<'_, Run> {
        self.effort.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page of a list.
pub(super) trait Page {
    /// What it lists.
    type Item;
    /// Its items, and the token of the page after it.
    fn into_parts(self) -> (Vec<Self::Item>, Option<String>);
}

/// What every refusal has.
#[derive(Deserialize)]
struct Envelope {
    message: Option<String>,
}

/// The first digest challenge that we can meet; servers name the best one first.
fn challenge(headers: &HeaderMap) -> Option<DigestClient> {
    headers.get_all(WWW_AUTHENTICATE).iter().find_map(|value| {
        let challenges = http_auth::parse_challenges(value.to_str().ok()?).ok()?;
        challenges.iter().find_map(|challenge| DigestClient::try_from(challenge).ok())
    })
}

async fn body(mut response: Response, operation: &str) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST => body.extend(chunk),
            Ok(Some(_)) => {
                return Err(Failure::new(format!("the answer to {operation} is too large")));
            }
            Err(error) => {
                let reason = format!("the answer to {operation} broke off: {}", deepest(&error));
                return Err(Failure::later(reason));
            }
        }
    }
}

/// The cause behind an error's causes, which is what a user can act on; without the URL.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    shortened(&cause.to_string())
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
