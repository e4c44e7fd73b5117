//! What would decide the undecided: the smallest set of things to supply, and how.

use std::{cmp::Reverse, collections::BTreeSet};

use crate::{
    case::Case,
    checks,
    facts::{Gap, Inventory, PathKind, Role, Unlock},
    judgement::Outcome,
    migration::Kind,
    report::{How, Row, ToDecide},
    severity::Severity,
};

/// What is to be supplied.
pub(crate) struct Plan {
    /// What is known to be needed.
    pub(crate) to_decide: Vec<ToDecide>,
    /// What may be needed then.
    pub(crate) then_perhaps: Vec<Unlock>,
}

/// The argument that stands for an answer of DNS.
const ADDRESS: &str = "--tidb-address";
/// The place that a probe sees the replication's world from.
const SEAT: &str = "a subnet of the replication";
/// The call that tells of a migration's endpoints.
const ENDPOINTS: &str = "dms:DescribeEndpoints";
/// The call that tells what a secret holds.
const SECRET: &str = "secretsmanager:GetSecretValue";
/// The argument that lets DMS itself look.
const TEST: &str = "--test-connection";
/// How unlocks begin that TiDB Cloud's API closes.
const CLOUD_API: &str = "what the TiDB Cloud API says of";

/// Plans what to supply for the rows that are undecided.
pub(crate) fn plan(case: &Case<'_>, rows: &[Row]) -> Plan {
    let open: Vec<&Row> = rows.iter().filter(|row| is_open(row, rows)).collect();
    let mut things: Vec<ToDecide> = Vec::new();
    for row in &open {
        // What blocks a row is behind what nothing else would show.
        let is_blocked = row.outcome == Outcome::Blocked;
        for gap in row.gaps.iter().filter(|gap| !is_blocked || gap.unlock != Unlock::Nothing) {
            let unlock =
                if is_beyond_reach(case, &gap.unlock) { &Unlock::Nothing } else { &gap.unlock };
            add(&mut things, unlock, gap, &row.check, row.level);
        }
    }
    let (mut to_decide, mut then_perhaps) = fewest(case, things);
    for thing in &mut to_decide {
        thing.how = how(case, thing);
    }
    // What nothing can decide comes last.
    to_decide.sort_by_key(|thing| {
        (thing.unlock == Unlock::Nothing, Reverse(thing.level), Reverse(thing.checks.len()))
    });
    for unlock in hidden(case, &open, &to_decide) {
        if !then_perhaps.contains(&unlock) {
            then_perhaps.push(unlock);
        }
    }
    Plan { to_decide, then_perhaps }
}

/// Whether only DMS's own test could tell, and none can be made: a serverless replication has no test
/// before it starts, a planned one isn't there, and one that was made has told what it could.
fn is_beyond_reach(case: &Case<'_>, unlock: &Unlock) -> bool {
    let is_test = matches!(unlock, Unlock::Flag(flag) if flag == TEST);
    let (instance, endpoint) = (case.migration.instance(), case.tidb_endpoint());
    is_test
        && instance.is_none_or(|instance| {
            let arn = &instance.replication_instance_arn;
            endpoint.is_some_and(|endpoint| case.facts.fresh_test(arn, endpoint).is_some())
        })
}

/// Whether something would have to be supplied for a row: it can't be told, and no broken check is the
/// reason.
fn is_open(row: &Row, rows: &[Row]) -> bool {
    let is_broken = |row: &Row| {
        row.outcome == Outcome::Fail
            || row.waived.as_ref().is_some_and(|waived| waived.was == Outcome::Fail)
    };
    match row.outcome {
        Outcome::Unknown => true,
        Outcome::Blocked => {
            !rows.iter().any(|other| row.by.contains(&other.check) && is_broken(other))
        }
        _ => false,
    }
}

fn add(things: &mut Vec<ToDecide>, unlock: &Unlock, gap: &Gap, check: &str, level: Severity) {
    let place = things.iter().position(|thing| thing.unlock == *unlock).unwrap_or_else(|| {
        things.push(ToDecide {
            unlock: unlock.clone(),
            level,
            how: Vec::new(),
            gaps: Vec::new(),
            checks: Vec::new(),
        });
        things.len() - 1
    });
    let thing = &mut things[place];
    thing.level = thing.level.max(level);
    if !thing.gaps.contains(gap) {
        thing.gaps.push(gap.clone());
    }
    if !thing.checks.iter().any(|known| known == check) {
        thing.checks.push(check.to_owned());
    }
}

/// Whether supplying one thing supplies another too.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Supplies {
    No,
    /// Most likely: what is missing isn't known only because something before it wasn't seen.
    Perhaps,
    Surely,
}

/// Whether supplying one thing supplies another too.
///
/// This is a partial order, so the things that no other supplies are the smallest set that supplies
/// all.
fn supplies(case: &Case<'_>, one: &Unlock, other: &Unlock) -> Supplies {
    let surely = match (one, other) {
        // An endpoint that exists tells the cluster: its host, and with it tier, path and side.
        (Unlock::IamAction(action), other) if action == ENDPOINTS => {
            is_behind_endpoints(case, other)
        }
        // So does the secret that an endpoint keeps its host in.
        (Unlock::IamAction(action), Unlock::Flag(flag)) if action == SECRET => {
            is_behind_secret(case)
                && matches!(
                    flag.as_str(),
                    "--path" | "--tidb-as" | "--tidb-host" | "--tidb-port" | "--tidb-tier"
                )
        }
        // The API tells tier, access list, endpoints and peerings in one go; what a flag says of them
        // is one thing only.
        (Unlock::File(one), Unlock::File(other)) => {
            one == &cloud_api() && other.starts_with(CLOUD_API) && one != other
        }
        (Unlock::File(file), Unlock::Flag(flag)) => {
            file == &cloud_api() && matches!(flag.as_str(), "--ip-access-list" | "--tidb-tier")
        }
        // Who logs in has looked the name up, connected and seen the certificates.
        (Unlock::Login(role), Unlock::Vantage(_)) => *other == case.server(*role).unlook(),
        // A probe from the replication's own subnet asks for the name there.
        (Unlock::Vantage(place), Unlock::Flag(flag)) => place == SEAT && flag == ADDRESS,
        _ => false,
    };
    let perhaps = match (one, other) {
        // What says where the cluster is may be all that is missing; and the interfaces of a private
        // endpoint have its addresses.
        (Unlock::IamAction(action), Unlock::Flag(flag)) if flag == ADDRESS => {
            (action == ENDPOINTS && case.cluster.host.known().is_none())
                || (action == SECRET && is_behind_secret(case))
                || case.path_kind() == Some(PathKind::PrivateEndpoint)
                    && (is_of_place(case, action)
                        || matches!(
                            action.as_str(),
                            "ec2:DescribeVpcEndpoints" | "ec2:DescribeNetworkInterfaces"
                        ))
        }
        // Where the VPC isn't known, nothing in it is found in lists that are there.
        (Unlock::IamAction(one), Unlock::IamAction(other)) => {
            is_of_place(case, one) && !case.facts.inventory.undelivered().contains(&other.as_str())
        }
        _ => false,
    };
    match (surely, perhaps) {
        (true, _) => Supplies::Surely,
        (false, true) => Supplies::Perhaps,
        (false, false) => Supplies::No,
    }
}

/// Whether a call would tell where the replication sits, which isn't known.
fn is_of_place(case: &Case<'_>, action: &str) -> bool {
    let calls = [
        "ec2:DescribeSubnets",
        "dms:DescribeReplicationInstances",
        "dms:DescribeReplicationSubnetGroups",
    ];
    case.vpc().is_none()
        && calls.contains(&action)
        && case.facts.inventory.undelivered().contains(&action)
}

/// Whether a thing isn't known only because the endpoint that tells it wasn't seen.
fn is_behind_endpoints(case: &Case<'_>, thing: &Unlock) -> bool {
    let is_planned = matches!(case.migration.kind, Kind::Planned);
    match thing {
        _ if is_planned => false,
        Unlock::Flag(flag) => matches!(
            flag.as_str(),
            "--path"
                | "--tidb-as"
                | "--tidb-host"
                | "--tidb-port"
                | "--tidb-tier"
                | "--ssl-mode"
                | "--ip-access-list"
        ),
        // Clusters are known by their host.
        Unlock::File(file) => {
            file.starts_with(CLOUD_API)
                && case.cluster.host.known().is_none()
                && !case.facts.clusters.is_empty()
        }
        _ => false,
    }
}

/// Whether the cluster's host isn't known because the endpoint keeps it in a secret.
fn is_behind_secret(case: &Case<'_>) -> bool {
    let gap = case.cluster.host.gap();
    gap.is_some_and(|gap| gap.unlock == Unlock::IamAction(SECRET.into()))
}

fn cloud_api() -> String {
    format!("{CLOUD_API} the cluster")
}

/// The fewest things that supply all, and what they may not supply after all.
///
/// Things that another thing supplies are taken up by it; and where two or more could be had from one
/// thing that nothing asks for by itself, by that.
fn fewest(case: &Case<'_>, mut things: Vec<ToDecide>) -> (Vec<ToDecide>, Vec<Unlock>) {
    let broad = Unlock::File(cloud_api());
    let served = things
        .iter()
        .filter(|thing| supplies(case, &broad, &thing.unlock) == Supplies::Surely)
        .count();
    if served > 1 && things.iter().all(|thing| thing.unlock != broad) {
        things.push(ToDecide {
            unlock: broad,
            level: Severity::Advice,
            how: Vec::new(),
            gaps: Vec::new(),
            checks: Vec::new(),
        });
    }
    let mut kept: Vec<ToDecide> = Vec::new();
    let mut taken_up: Vec<(Unlock, ToDecide)> = Vec::new();
    let mut perhaps: Vec<Unlock> = Vec::new();
    let unlocks: Vec<Unlock> = things.iter().map(|thing| thing.unlock.clone()).collect();
    for thing in things {
        let by = |wanted: Supplies| {
            unlocks.iter().find(|other| supplies(case, other, &thing.unlock) == wanted)
        };
        if let Some(other) = by(Supplies::Surely) {
            taken_up.push((other.clone(), thing));
        } else if let Some(other) = by(Supplies::Perhaps) {
            perhaps.push(thing.unlock.clone());
            taken_up.push((other.clone(), thing));
        } else {
            kept.push(thing);
        }
    }
    for (unlock, thing) in taken_up {
        for gap in &thing.gaps {
            for check in &thing.checks {
                add(&mut kept, &unlock, gap, check, thing.level);
            }
        }
    }
    (kept, perhaps)
}

/// What may be missing behind what is: a list that the open checks read and that wasn't delivered at
/// all. A resource that wasn't seen can lead to others, so this is only known when it is.
fn hidden(case: &Case<'_>, open: &[&Row], to_decide: &[ToDecide]) -> Vec<Unlock> {
    let hides = |gap: &Gap| match &gap.unlock {
        Unlock::IamAction(action) => Inventory::LISTS.iter().any(|(_, known)| known == action),
        Unlock::Flag(flag) => matches!(
            flag.as_str(),
            "--subnets"
                | "--tidb-host"
                | "--path"
                | "--tidb-as"
                | "--source-endpoint"
                | "--target-endpoint"
                | ADDRESS
        ),
        _ => false,
    };
    let checks_that_hide: BTreeSet<&str> = open
        .iter()
        .filter(|row| row.gaps.iter().any(hides))
        .map(|row| row.check.as_str())
        .collect();
    let needs: BTreeSet<&str> = checks()
        .filter(|check| checks_that_hide.contains(check.id))
        .flat_map(|check| check.needs)
        .copied()
        .collect();
    let undelivered = case.facts.inventory.undelivered();
    let actions = undelivered.into_iter().filter(|action| needs.contains(action));
    let mut hidden: Vec<Unlock> =
        actions.map(|action| Unlock::IamAction(action.to_owned())).collect();
    // A cluster that isn't known yet was not looked up either.
    let has_address = case.facts.asked.tidb_addresses.is_some() || !case.facts.probes.is_empty();
    if case.cluster.host.known().is_none() && !has_address && !checks_that_hide.is_empty() {
        hidden.push(Unlock::Flag(ADDRESS.into()));
    }
    hidden.retain(|unlock| to_decide.iter().all(|thing| thing.unlock != *unlock));
    hidden
}

/// How a thing is supplied.
fn how(case: &Case<'_>, thing: &ToDecide) -> Vec<How> {
    match &thing.unlock {
        Unlock::IamAction(action) => permission(case, action, &thing.gaps),
        Unlock::Flag(flag) if flag == TEST => vec![How::Words(format!("a live run with it: {TESTED}"))],
        Unlock::Flag(flag) if flag == "--timeout" => {
            vec![How::Words("a run that has more time, and that nobody interrupts".into())]
        }
        Unlock::Flag(flag) if flag.starts_with("--") => {
            flag.split(" or ").map(|flag| How::Argument(flag.to_owned())).collect()
        }
        Unlock::Flag(words) => vec![How::Words(words.clone())],
        Unlock::Grant(grant) => vec![How::Words(format!("the server's administrator grants {grant}"))],
        Unlock::Vantage(place) => vantage(case, place),
        Unlock::Login(role) => login(case, *role),
        Unlock::File(file) if file.starts_with(CLOUD_API) => vec![How::Words(
            "TIDBCLOUD_PUBLIC_KEY and TIDBCLOUD_PRIVATE_KEY in the environment, or the API's answer in \
             a file with --evidence"
                .into(),
        )],
        Unlock::File(file) => vec![How::Words(format!("{file}, in a file with --evidence"))],
        Unlock::Nothing => Vec::new(),
    }
}

/// What `--test-connection` does.
const TESTED: &str = "DMS tests both endpoints from the instance, and keeps the result";

/// A line of an IAM policy for a live run, and where `--evidence` reads the answer, the call.
fn permission(case: &Case<'_>, action: &str, gaps: &[Gap]) -> Vec<How> {
    if action == "dms:TestConnection" {
        return vec![How::Argument("--test-connection".into()), allow(action, "*")];
    }
    // Secrets and keys are opened one by one.
    let is_narrow = action.starts_with("secretsmanager:") || action.starts_with("kms:");
    let arn = gaps.iter().map(|gap| gap.about.as_str()).find(|about| about.starts_with("arn:"));
    let resource = arn.filter(|_| is_narrow).unwrap_or("*");
    let mut ways = Vec::new();
    if action == "ec2:DescribeVpcAttribute" {
        if let (Some(vpc), Some(region)) = (case.vpc(), case.region()) {
            for attribute in ["enableDnsSupport", "enableDnsHostnames"] {
                ways.push(How::Command(format!(
                    "aws ec2 describe-vpc-attribute --region {region} --vpc-id {vpc} --attribute {attribute}"
                )));
            }
        }
    } else if let Some((call, option, start)) =
        ONE_AT_A_TIME.iter().find_map(|(known, how)| (*known == action).then_some(how))
    {
        for about in things(gaps, start) {
            let region = about.split(':').nth(3).map(str::to_owned).or_else(|| case.region());
            let region = region.map_or_else(String::new, |region| format!(" --region {region}"));
            ways.push(How::Command(format!("aws {call}{region} {option} {about}")));
        }
    } else if Inventory::LISTS.iter().any(|(_, known)| *known == action)
        && let Some(call) = crate::facts::cli_call(action)
    {
        let region = case.region().filter(|_| !action.starts_with("iam:"));
        let region = region.map_or_else(String::new, |region| format!(" --region {region}"));
        ways.push(How::Command(format!("{call}{region}")));
    }
    ways.push(allow(action, resource));
    let is_nowhere = case.cluster.host.known().is_none() || case.cluster.port.known().is_none();
    if action == SECRET && is_nowhere {
        ways.push(How::Words(
            "or, without it, --tidb-as, --tidb-host, --tidb-port and --tidb-user".into(),
        ));
    }
    ways
}

/// Calls that answer about one thing, the option that names it, and how its name begins.
const ONE_AT_A_TIME: [(&str, (&str, &str, &str)); 2] = [
    (
        "ec2:GetManagedPrefixListEntries",
        ("ec2 get-managed-prefix-list-entries", "--prefix-list-id", "pl-"),
    ),
    ("kms:DescribeKey", ("kms describe-key", "--key-id", "arn:aws")),
];

/// The things that gaps are about, each once, of those whose names begin like this and need no quotes.
fn things<'a>(gaps: &'a [Gap], start: &str) -> BTreeSet<&'a str> {
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | ':' | '/');
    let about = gaps.iter().map(|gap| gap.about.as_str());
    about.filter(|about| about.starts_with(start) && about.chars().all(is_plain)).collect()
}

fn allow(action: &str, resource: &str) -> How {
    let statement = serde_json::json!({"Effect": "Allow", "Action": action, "Resource": resource});
    How::Policy(statement.to_string())
}

/// A probe from the replication's own subnet, as far as the facts know which; words otherwise.
fn vantage(case: &Case<'_>, place: &str) -> Vec<How> {
    let seat = case.seats.known().and_then(|seats| seats.first());
    let there = |command: &str| {
        vec![
            How::Command(format!("{command} --save-facts seen.json")),
            How::Words("there, then --facts seen.json here".into()),
        ]
    };
    match (case.cluster.host.known(), case.cluster.port.known(), seat) {
        // Nobody runs this program there.
        _ if place.starts_with("DMS itself") => match case.migration.instance() {
            Some(_) => vec![How::Words(format!("--test-connection: {TESTED}"))],
            None => vec![How::Words(
                "DMS tests endpoints from a replication instance, and there is none yet".into(),
            )],
        },
        (Some(host), Some(port), Some(seat)) if place == SEAT && is_a_word(host) => {
            there(&format!("tidb-dms probe {host}:{port} --seat {}", seat.id))
        }
        _ if let Some((_, command)) = place.split_once(", with `")
            && command.trim_end_matches('`').split(' ').all(is_argument) =>
        {
            there(command.trim_end_matches('`'))
        }
        _ => vec![How::Words(
            "`tidb-dms probe HOST:PORT --save-facts seen.json` there, then --facts seen.json here"
                .into(),
        )],
    }
}

/// A password for a live run, a login from where the server can be reached, or what the account's own
/// session shows.
fn login(case: &Case<'_>, role: Role) -> Vec<How> {
    let (name, server) = (role.as_str(), case.server(role));
    let variable = format!("TIDB_DMS_{}_PASSWORD", name.to_ascii_uppercase());
    let mut ways = vec![How::Words(format!("a run with {variable} in its environment"))];
    if let (Some(host), Some(port), Some(user)) =
        (server.host.known(), server.port.known(), server.user.known())
        && is_a_word(host)
        && is_a_word(user)
    {
        // The CA of Starter and Essential is known; any other has to be given, or no password is sent.
        let shared = case.cluster.tier.known().is_some_and(|tier| tier.is_shared_gateway());
        let (ca, with) = if server.is_cluster() && shared {
            ("", "")
        } else {
            (" --ca ca.pem", "with the server's CA in ca.pem, ")
        };
        ways.push(How::Command(format!(
            "tidb-dms probe {host}:{port} --user {user} --as {name}{ca} --save-facts {name}.json"
        )));
        ways.push(How::Words(format!(
            "{with}from where the server can be reached; then --facts {name}.json here"
        )));
    }
    ways
}

/// A host may come from a file of anybody's; only what needs no quotes goes into a command.
fn is_a_word(host: &str) -> bool {
    host.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && host
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_'))
}

/// What needs no quotes in a command: a host with its port, an option.
fn is_argument(word: &str) -> bool {
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | ':');
    !word.is_empty() && word.chars().all(is_plain)
}

#[cfg(test)]
mod tests;
