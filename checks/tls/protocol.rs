//! The server speaks the version of TLS that DMS speaks, in suites that DMS can be sure to have.

use crate::{
    case::{Case, Server, verification::no_session},
    check::{Check, Judge, TestStep},
    facts::{
        Fact, Gap, Probe, Unlock,
        probe::{HelloOutcome, TlsOutcome},
    },
    judgement::Judgement,
    severity::Severity,
};

use super::suite;

pub(crate) static CHECK: Check = Check {
    id: "tls/protocol",
    requirement: "The server speaks TLS 1.2, the only version that DMS speaks with MySQL endpoints, and from MySQL 8.4 on in GCM suites",
    severity: Severity::Error,
    why: "DMS offers TLS 1.2 alone. A handshake that ended in TLS 1.3 says nothing of 1.2, so it takes one of its own to know. With MySQL and Aurora MySQL from 8.4 on, which have no suite of CBC mode any more, DMS negotiates a GCM suite: whatever ends TLS there has to take one.",
    fix: "Let the server take TLS 1.2 beside 1.3, with a GCM suite such as ECDHE-RSA-AES128-GCM-SHA256.",
    references: &[
        super::SECURITY,
        super::SOURCE,
        super::TARGET,
        super::STARTER,
        super::DEDICATED,
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.MySQL84.html",
        "https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html",
    ],
    controls: &[],
    needs: super::NEEDS,
    after: &["tls/offered"],
    proved_by: Some(TestStep::Certificates),
    judge: Judge::Endpoint(judge),
};

/// The alert that proves a refusal; others may be about ciphers.
const PROOF: &str = "protocol_version";
/// The alerts of a server that has none of the suites.
const NO_SUITE: [&str; 2] = ["handshake_failure", "insufficient_security"];
const VERSION: &str = "TLSv1.2";

/// What a probe saw of TLS 1.2.
enum Seen<'p> {
    /// A session in this suite.
    Session(&'p str),
    /// The server refuses the version, with the alert that says so.
    Refused,
    /// The server answers with this older version.
    Older(&'p str),
    /// The server takes this suite, and refuses all that are AEAD.
    CbcAlone(&'p str),
}

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    j.undecided_at(Severity::Warning);
    let Some(_) = super::encrypts(j, server) else {
        return;
    };
    let seen = server.witness(case, "the TLS 1.2 handshake", |probe| seen(server, probe));
    let Some((seen, _)) = j.look(seen) else {
        return;
    };
    let resource = server.resource();
    let name = &server.name;
    match seen {
        Seen::Session(cipher) => {
            j.note(resource, "TLS 1.2", cipher);
            if suite::is_cbc(cipher) {
                session_in_cbc(j, case, server, cipher);
            }
        }
        Seen::Refused => {
            j.note(resource, "TLS 1.2", PROOF);
            j.fail(format!(
                "{name} refuses TLS 1.2 with the alert {PROOF}, and DMS speaks no other"
            ));
        }
        Seen::Older(version) => {
            j.note(resource, "TLS 1.2", version);
            j.fail(format!("{name} answers TLS 1.2 with {version}, and DMS speaks no other"));
        }
        Seen::CbcAlone(cipher) => {
            j.note(resource, "TLS 1.2", cipher);
            cbc_alone(j, case, server, cipher);
        }
    }
}

/// A session in a suite of CBC mode: what a server does who has them still.
fn session_in_cbc(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>, cipher: &str) {
    // TiDB, whatever version it gives itself, has both kinds.
    if server.is_cluster() {
        return;
    }
    match version(case, server) {
        Fact::Known(version) if suite::is_aead_alone(&version) => {
            only_cbc(j, server, &version, &format!("a session of TLS 1.2 ended in {cipher}"));
        }
        Fact::Known(_) => {}
        // One from 8.4 on would be another's TLS.
        Fact::Unknown(gap) => j.gap(Gap::new(
            gap.about,
            format!(
                "a session of TLS 1.2 ended in {cipher}, of CBC mode, which MySQL has no more from \
                 8.4 on; {}",
                gap.reason
            ),
            gap.unlock,
        )),
    }
}

/// No suite but those of CBC mode: not enough from 8.4 on, and of others it is for DMS to say.
fn cbc_alone(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>, cipher: &str) {
    let version = version(case, server);
    let is_known = |version: &&String| !server.is_cluster() && suite::is_aead_alone(version);
    match version.known().filter(is_known) {
        Some(version) => {
            let what = format!("it refuses every AEAD suite of TLS 1.2 and takes {cipher}");
            only_cbc(j, server, version, &what);
        }
        None => j.gap(Gap::new(
            about(server),
            format!(
                "it refuses every AEAD suite and takes {cipher}, of CBC mode; AWS doesn't say \
                 whether DMS has that"
            ),
            openssl_decides(),
        )),
    }
}

fn only_cbc(j: &mut Judgement, server: &Server<'_>, version: &str, what: &str) {
    j.note(server.resource(), "version", version);
    j.fail(format!(
        "{} says it is {version}, and {what}, of CBC mode; from 8.4 on DMS is only known to \
         connect with a GCM suite",
        server.name
    ))
    .advise(format!(
        "Let what ends TLS there take {}: put it into the server's ssl_cipher, on Aurora in the \
         cluster's parameter group. MySQL from 8.4 on has no CBC suite itself, so look for a \
         proxy in front of it.",
        suite::NEEDED
    ));
}

fn version(case: &Case<'_>, server: &Server<'_>) -> Fact<String> {
    match server.witness(case, "the version", super::version) {
        Fact::Known((version, _)) => Fact::Known(version),
        Fact::Unknown(gap) => Fact::Unknown(gap),
    }
}

fn about(server: &Server<'_>) -> String {
    format!("TLS 1.2 of {}", server.name)
}

fn openssl_decides() -> Unlock {
    Unlock::Vantage("DMS itself: its connection test, in which OpenSSL decides".into())
}

/// What a probe saw, or why it saw nothing that decides.
fn seen<'p>(server: &Server<'_>, probe: &'p Probe) -> Option<Result<Seen<'p>, Gap>> {
    let tls12 = probe.tls12.as_ref();
    let sessions = [tls12, probe.tls.as_ref()].into_iter().flatten().filter_map(|look| match look
        .seen
        .known()?
    {
        TlsOutcome::Session(session) if session.protocol == VERSION => Some(&*session.cipher),
        _ => None,
    });
    // A server may choose CBC where it has better.
    if let Some(cipher) = sessions.min_by_key(|cipher| suite::is_cbc(cipher)) {
        return Some(Ok(Seen::Session(cipher)));
    }
    let about = about(server);
    let Some(look) = tls12 else {
        // A handshake that offers both ends in 1.3 wherever the server knows it.
        probe.tls.as_ref()?;
        return Some(Err(Gap::new(
            about,
            "no handshake offered it alone",
            Unlock::Vantage(format!(
                "a place that reaches it, with `tidb-dms probe {}:{}`",
                probe.host, probe.port
            )),
        )));
    };
    let Some(outcome) = look.seen.known() else {
        return look.seen.gap().map(|gap| Err(gap.clone()));
    };
    let suites = probe.tls12_suites.as_ref().and_then(|look| look.seen.known());
    let undecided = |reason: String| Err(Gap::new(about.clone(), reason, openssl_decides()));
    Some(match (outcome, suites) {
        (TlsOutcome::Refused { alert, .. }, _) if alert == PROOF => Ok(Seen::Refused),
        (TlsOutcome::Refused { .. }, Some(HelloOutcome::Refused { alert })) if alert == PROOF => {
            Ok(Seen::Refused)
        }
        (
            TlsOutcome::Refused { .. } | TlsOutcome::Broken { .. },
            Some(HelloOutcome::Chosen { protocol, .. }),
        ) if protocol != VERSION => Ok(Seen::Older(protocol)),
        (TlsOutcome::Refused { alert, .. }, Some(HelloOutcome::Chosen { cipher, .. }))
            if NO_SUITE.contains(&alert.as_str()) && suite::is_cbc(cipher) =>
        {
            Ok(Seen::CbcAlone(cipher))
        }
        (
            TlsOutcome::Refused { .. } | TlsOutcome::Broken { .. },
            Some(HelloOutcome::Chosen { cipher, .. }),
        ) => undecided(format!(
            "the server takes {cipher}, and none of the suites that this program can go on with; \
             AWS doesn't say whether DMS has that"
        )),
        (TlsOutcome::Refused { alert, .. }, _) => undecided(format!(
            "a handshake that offers it alone was refused with the alert {alert}, which may be \
             about ciphers that DMS has and this program hasn't"
        )),
        (other, _) => Err(no_session(server, other)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, MODE, TLS, look, probes},
    };

    const TLS12: &str = "/probes/0/tls12/seen";

    #[test]
    fn only_a_version_alert_proves_a_refusal() {
        let saw = |outcome: Value| [probes(), (TLS12, json!({"known": outcome}))];
        let refused = |alert: &str| saw(json!({"refused": {"alert": alert}}));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Unknown, "nobody looked"),
                (&[probes()], Outcome::Pass, ""),
                (&[probes(), (MODE, json!("require"))], Outcome::Pass, ""),
                (&[probes(), (MODE, json!("none"))], Outcome::NotApplicable, ""),
                (&refused("protocol_version"), Outcome::Fail, "refuses TLS 1.2"),
                (&refused("handshake_failure"), Outcome::Unknown, "about ciphers"),
                (&saw(json!({"broken": {"how": "closed"}})), Outcome::Unknown, "closed"),
                (&saw(json!("timed_out")), Outcome::Unknown, "fell silent"),
            ],
        );
    }

    #[test]
    fn a_handshake_that_ended_in_1_3_says_nothing() {
        let without = ("/probes/0/tls12", json!(null));
        let protocol = "/probes/0/tls/seen/known/session/protocol";
        testing::check(
            CHECK.id,
            &[
                (&[probes(), without.clone()], Outcome::Unknown, "no handshake offered it alone"),
                (&[probes(), without, (protocol, json!("TLSv1.2"))], Outcome::Pass, ""),
            ],
        );
        let gap = json!({"unknown": {"about": "x", "reason": "hung", "unlock": "nothing"}});
        let both = [probes(), (TLS, gap.clone()), (TLS12, gap)];
        testing::check(CHECK.id, &[(&both, Outcome::Unknown, "hung")]);
    }

    const SOURCE_MODE: &str = "/inventory/Endpoints/0/SslMode";
    const IANA: &str = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384";
    const OPENSSL: &str = "ECDHE-RSA-AES256-SHA384";

    /// [`probes`], and what the same place saw of the source, which DMS speaks TLS with as well.
    fn source(version: Option<&str>, looks: &Value) -> [(&'static str, Value); 2] {
        let (path, mut both) = probes();
        let mut seen = json!({"host": "orders.x.us-east-1.rds.amazonaws.com", "port": 3306,
            "vantage": {"seat": "subnet-a"}, "role": "source"});
        if let Some(version) = version {
            seen["greeting"] = look(json!({"greeting": {"server_version": version, "tls": true}}));
        }
        for (name, outcome) in looks.as_object().unwrap() {
            seen[name] = look(outcome.clone());
        }
        both.as_array_mut().unwrap().push(seen);
        [(path, both), (SOURCE_MODE, json!("verify-full"))]
    }

    fn session(cipher: &str) -> Value {
        json!({"session": {"protocol": "TLSv1.2", "cipher": cipher, "chain": [], "key_proved": true}})
    }

    /// A server that refused our suites with an alert, and what it chose of others.
    fn refused(alert: &str, suites: &Value) -> Value {
        json!({"tls12": {"refused": {"alert": alert}}, "tls12_suites": suites})
    }

    fn chosen(cipher: &str) -> Value {
        json!({"chosen": {"protocol": "TLSv1.2", "cipher": cipher}})
    }

    /// F-16, second half. Naive: it is TLS 1.2, so it is fine; or CBC never is.
    #[test]
    fn from_8_4_on_no_suite_of_cbc_mode_will_do() {
        let alone = refused("handshake_failure", &chosen(IANA));
        for version in ["8.4.7", "9.1.0-log", "8.4.mysql_aurora.8.4.7"] {
            testing::check(
                CHECK.id,
                &[
                    (&source(Some(version), &alone), Outcome::Fail, "refuses every AEAD suite"),
                    (&source(Some(version), &alone), Outcome::Fail, version),
                    (&source(Some(version), &json!({"tls12": session(IANA)})), Outcome::Fail, IANA),
                    (
                        &source(Some(version), &json!({"tls": session(OPENSSL)})),
                        Outcome::Fail,
                        "GCM",
                    ),
                ],
            );
        }
        let insufficient = refused("insufficient_security", &chosen(IANA));
        let better = json!({"tls12": session(IANA), "tls": session("ECDHE-RSA-AES128-GCM-SHA256")});
        let plain = [&source(Some("8.4.7"), &alone)[..1], &[(SOURCE_MODE, json!("none"))]].concat();
        testing::check(
            CHECK.id,
            &[
                (&source(Some("8.4.7"), &insufficient), Outcome::Fail, IANA),
                // A server that chose it once may have better.
                (&source(Some("8.4.7"), &better), Outcome::Pass, ""),
                // DMS speaks no TLS with it.
                (&plain, Outcome::Pass, ""),
            ],
        );
        let draft = testing::say(CHECK.id, &source(Some("8.4.7"), &alone));
        assert_eq!(draft.level(), Severity::Error);
    }

    #[test]
    fn what_older_servers_have_is_for_dms_to_say() {
        let alone = refused("handshake_failure", &chosen(IANA));
        let in_cbc = json!({"tls12": session(OPENSSL)});
        for version in
            ["8.0.39", "5.7.44", "8.0.mysql_aurora.3.08.0", "11.8.3-MariaDB", "8.4.0-Vitess"]
        {
            testing::check(
                CHECK.id,
                &[
                    (&source(Some(version), &alone), Outcome::Unknown, IANA),
                    (&source(Some(version), &alone), Outcome::Unknown, "whether DMS has that"),
                    (&source(Some(version), &in_cbc), Outcome::Pass, ""),
                ],
            );
        }
        testing::check(
            CHECK.id,
            &[
                // Without the version it may be either.
                (&source(None, &alone), Outcome::Unknown, "whether DMS has that"),
                (&source(None, &in_cbc), Outcome::Unknown, "no more from 8.4 on"),
            ],
        );
        // The cluster is TiDB, by its host.
        let cluster = |looks: &[(&'static str, Value)]| [&[probes()], looks].concat();
        let took = ("/probes/0/tls12/seen/known/session/cipher", json!(IANA));
        let greeting = ("/probes/0/greeting", json!(null));
        testing::check(CHECK.id, &[(&cluster(&[took, greeting]), Outcome::Pass, "")]);
    }

    #[test]
    fn only_a_refusal_for_want_of_suites_shows_what_there_is() {
        let broken = json!({"tls12": {"broken": {"how": "closed"}}, "tls12_suites": chosen(IANA)});
        let older =
            json!({"chosen": {"protocol": "TLSv1", "cipher": "TLS_RSA_WITH_AES_128_CBC_SHA"}});
        let dhe = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
        let no_more = json!({"refused": {"alert": "handshake_failure"}});
        let version = json!({"refused": {"alert": PROOF}});
        for (looks, outcome, says) in [
            (broken, Outcome::Unknown, IANA),
            (refused("internal_error", &chosen(IANA)), Outcome::Unknown, IANA),
            (refused("handshake_failure", &chosen(dhe)), Outcome::Unknown, dhe),
            (refused("handshake_failure", &no_more), Outcome::Unknown, "about ciphers"),
            (refused("handshake_failure", &json!("timed_out")), Outcome::Unknown, "about ciphers"),
            (refused("handshake_failure", &version), Outcome::Fail, "refuses TLS 1.2"),
            (refused("handshake_failure", &older), Outcome::Fail, "answers TLS 1.2 with TLSv1"),
            (refused(PROOF, &chosen(IANA)), Outcome::Fail, "refuses TLS 1.2"),
        ] {
            testing::check(CHECK.id, &[(&source(Some("8.4.7"), &looks), outcome, says)]);
        }
    }
}
