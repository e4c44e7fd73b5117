//! The server's chain leads to the CA that DMS holds.

use crate::{
    case::{
        Case, Server,
        verification::{Authority, Source},
    },
    check::{Check, Judge, TestStep},
    facts::{Gap, Unlock},
    judgement::Judgement,
    severity::Severity,
    trust::{self, Certificate},
};

use super::Owner;

pub(crate) static CHECK: Check = Check {
    id: "tls/chain-trusted",
    requirement: "The chain that the server sends leads to the one CA that DMS holds",
    severity: Severity::Error,
    why: "DMS verifies with one imported CA and no other: a chain with a hole, or under another root, ends every connection in an SSL error.",
    fix: "Let the server send every certificate between its own and the root; where another server than the cluster answers, mend the host name or the route.",
    references: &[
        super::SECURITY,
        super::STARTER,
        super::DEDICATED,
        "https://letsencrypt.org/certificates/",
    ],
    controls: &[],
    needs: super::NEEDS,
    after: &["tls/offered", "tls/dms-certificate"],
    proved_by: Some(TestStep::Certificates),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    let Some(_) = super::verifies(j, server) else {
        return;
    };
    let judged = server.verification(case);
    let presented = j.look(judged.presented.clone());
    let authority = j.look(judged.authority.clone());
    let (Some(presented), Some(authority)) = (presented, authority) else {
        return;
    };
    let names: Vec<String> = presented.chain.certificates().iter().map(Certificate::name).collect();
    j.note(server.resource(), "chain", names.join(" ← "));
    note_authority(j, server, &authority);

    // What one chain is refused for is one thing to mend.
    let causes = judged.causes(case, server, Owner::Chain);
    if !causes.is_empty() {
        let details: Vec<&str> = causes.iter().map(|cause| cause.detail.as_str()).collect();
        j.fail(format!("{}: {}", server.name, details.join("; ")));
    }
    if !judged.causes(case, server, Owner::Certificate).is_empty() {
        j.gap(Gap::new(
            format!("the chain of {}", server.name),
            "DMS doesn't hold the CA that it could be judged with",
            Unlock::File("the right CA, imported into DMS".into()),
        ));
    }
    for gap in judged.gaps(server, |about| about != trust::HOST_NAME) {
        j.gap(gap);
    }
    if !presented.key_proved {
        j.gap(Gap::new(
            format!("the chain of {}", server.name),
            "whoever sent it didn't prove to hold the key of its first certificate",
            Unlock::Vantage(format!("a place that ends the handshake with {}", server.name)),
        ));
    }
}

/// How many certificates of a bundle are named.
const SHOWN: usize = 3;

fn note_authority(j: &mut Judgement, server: &Server<'_>, authority: &Authority) {
    let roots: Vec<String> = authority.ca.certificates().iter().map(Certificate::name).collect();
    let resource = match &authority.source {
        Source::Imported(arn) => arn,
        Source::Asked => "asked",
        Source::Documented => server.resource(),
    };
    let more = if roots.len() > SHOWN { ", …" } else { "" };
    j.note(resource, "CA", format!("{}{more}", roots[..roots.len().min(SHOWN)].join(", ")));
}
