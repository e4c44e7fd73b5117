//! One end of the migration: finding out where it is and who logs in, and probing it meanwhile.

use std::pin::Pin;

use secrecy::SecretString;
use tidb_dms_checks::facts::{self, Fact, Gap, Probe, Role, Unlock};
use tokio::{sync::watch::Sender, task::spawn_blocking};

use super::{Known, Looking, PROBE, side, side::Side};
use crate::{
    collect::{
        aws::Secret,
        probe::{Account, Credentials, Password, Target, probe},
        watch::{Event, Over},
    },
    passwords,
};

/// What was seen of one end.
#[derive(Debug, Default)]
pub(super) struct End {
    /// What the probe saw, if it came to one.
    pub probe: Option<Probe>,
    /// The secret that was read for it.
    pub secret: Option<facts::Secret>,
    /// What wasn't finished.
    pub unfinished: Option<String>,
}

/// An end, and its secret where that was needed to find it.
struct Found {
    side: Side,
    secret: Option<Fact<Secret>>,
    /// What of the secret may be told.
    told: Option<facts::Secret>,
}

/// Probes one end, as soon as it is known where it is. What its secret says is told at once.
pub(super) async fn look(
    looking: &Looking<'_>,
    role: Role,
    tell: Sender<Option<facts::Secret>>,
) -> End {
    let Looking { request, before, watch, .. } = looking;
    if !request.probe {
        return End::default();
    }
    if let Some(place) = side::at_once(&before.asked, role) {
        let mut secret = None;
        let credentials = async {
            let mut found = find(looking, role).await?;
            secret = found.told.take();
            tell.send_replace(secret.clone());
            drop(tell);
            Some(credentials(looking, role, found))
        };
        let end = Box::pin(probe_end(looking, role, place, credentials)).await;
        return End { secret, ..end };
    }
    let unfinished = |over: Over| End {
        unfinished: Some(format!("the {}: {over}", role.as_str())),
        ..End::default()
    };
    let mut found = match watch.wait(find(looking, role)).await {
        Err(over) => return unfinished(over),
        Ok(None) if watch.is_over() => return unfinished(watch.why()),
        Ok(None) => return End::default(),
        Ok(Some(found)) => found,
    };
    let (mut host, mut port) = (found.side.host.clone(), found.side.port);
    if let Some(Fact::Known(secret)) = &found.secret {
        host = host.or_else(|| secret.host.clone());
        port = port.or(secret.port);
    }
    let secret = found.told.take();
    tell.send_replace(secret.clone());
    drop(tell);
    let end = match (host, port) {
        (Some(host), Some(port)) => {
            let credentials = async { Some(credentials(looking, role, found)) };
            Box::pin(probe_end(looking, role, (host, port), credentials)).await
        }
        _ if watch.is_over() => unfinished(watch.why()),
        _ => End::default(),
    };
    End { secret, ..end }
}

async fn probe_end<'a>(
    looking: &Looking<'_>,
    role: Role,
    (host, port): (String, u16),
    credentials: impl Future<Output = Option<Credentials<'a>>>,
) -> End {
    let target = Target {
        host,
        port,
        role: Some(role),
        vantage: looking.request.vantage.clone(),
        danger_allow_unverified_login: looking.request.danger_allow_unverified_login,
    };
    let (seen, over) = probe(&target, credentials, PROBE, looking.watch).await;
    let unfinished =
        over.map(|over| format!("the {}, {}:{}: {over}", role.as_str(), target.host, target.port));
    End { probe: Some(seen), unfinished, secret: None }
}

/// Waits for what is known of an end; fetches the secret that says where it is, or who logs in.
async fn find(looking: &Looking<'_>, role: Role) -> Option<Found> {
    let Known { facts: known, aws } = looking.known().await?;
    let side = side::of(&known, role, &looking.request.authorities).ok()?;
    let given = match role {
        Role::Source => &looking.request.secrets.0,
        Role::Target => &looking.request.secrets.1,
    };
    let has_all = side.host.is_some()
        && side.port.is_some()
        && side.user.is_some()
        && looking.request.passwords.of(role).is_some();
    let id = given.as_ref().or(side.secret.as_ref()).filter(|_| !has_all);
    let secret = match (id, aws) {
        (Some(id), Some(aws)) => Some(match aws.secret(id, looking.watch).await {
            // Another secret, or a password, does as well.
            Fact::Unknown(gap) if gap.unlock == Unlock::Nothing => {
                Fact::Unknown(Gap::new(gap.about, gap.reason, Unlock::Login(role)))
            }
            secret => secret,
        }),
        (Some(id), None) => Some(Fact::Unknown(Gap::new(
            id,
            "AWS isn't looked at, so what the secret holds isn't known",
            Unlock::Flag("--live".into()),
        ))),
        (None, _) => None,
    };
    let told = id.zip(secret.as_ref().and_then(Fact::known)).map(|(id, secret)| facts::Secret {
        id: id.clone(),
        username: secret.username.clone(),
        has_password: secret.password.is_some(),
        host: secret.host.clone(),
        port: secret.port,
    });
    Some(Found { side, secret, told })
}

/// Who logs in: the password that was given, else that of the secret, else a person knows it.
fn credentials<'a>(looking: &'a Looking<'_>, role: Role, found: Found) -> Credentials<'a> {
    let Found { side, secret, .. } = found;
    let (secret, missing) = match secret {
        Some(Fact::Known(secret)) => (Some(secret), None),
        Some(Fact::Unknown(gap)) => (None, Some(gap)),
        None => (None, None),
    };
    let user = side.user.or_else(|| secret.as_ref()?.username.clone());
    let given = looking.request.passwords.of(role).cloned();
    let password = given.or_else(|| secret.and_then(|secret| secret.password));
    let account = match (user, password) {
        (Some(user), Some(password)) => Ok(Account { user, password: Password::Known(password) }),
        (Some(user), None) => {
            let host = side.host.unwrap_or_default();
            let password = Password::Later(ask(looking, role, user.clone(), host, missing));
            Ok(Account { user, password })
        }
        (None, _) => Err(missing.unwrap_or_else(|| {
            Gap::new("the login", "which user logs in isn't known", Unlock::Login(role))
        })),
    };
    Credentials { trust: side.trust, account }
}

/// Asks a person, if there is one, while the clock stands.
fn ask<'a>(
    looking: &'a Looking<'_>,
    role: Role,
    user: String,
    host: String,
    missing: Option<Gap>,
) -> Pin<Box<dyn Future<Output = Result<SecretString, Gap>> + Send + 'a>> {
    Box::pin(async move {
        let nobody = || {
            missing.unwrap_or_else(|| {
                Gap::new(
                    "the login",
                    format!(
                        "no password was given, neither by {} nor otherwise",
                        passwords::variable(role)
                    ),
                    Unlock::Login(role),
                )
            })
        };
        if !looking.request.may_ask {
            return Err(nobody());
        }
        let _turn = looking.person.lock().await;
        let _stopped = looking.watch.stop();
        looking.watch.tell(Event::Hushed(true));
        let answer = spawn_blocking(move || passwords::ask(&user, &host, role)).await;
        looking.watch.tell(Event::Hushed(false));
        match answer {
            Ok(Ok(Some(password))) => Ok(password),
            _ => Err(nobody()),
        }
    })
}
