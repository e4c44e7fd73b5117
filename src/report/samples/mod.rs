//! Reports to try the formats on, built by hand.

use tidb_dms_checks::{
    change::Change,
    facts::{Assumption, Gap, PathKind, Role, Run, Tier, Unlock},
    judgement::{Evidence, Outcome},
    path::{Code, Doubt, Leg, Verdict as PathVerdict},
    report::{How, MigrationSummary, OwnCheck, Rehearsal, Report, Standing, Verdict, Waived},
    severity::Severity,
};

use build::{cause, found, migration, not_applicable, pass, seat, settle, standing, thing, unseen};
use ways::{assumptions, paths, stopped, trace};

mod build;
mod ways;

pub(super) use ways::crooked;

const SEATS: [&str; 2] = ["subnet-0a11", "subnet-0a12"];

/// All samples by name.
pub(super) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("broken", broken()),
        ("healthy", healthy()),
        ("undecided", undecided()),
        ("blocked", blocked()),
        ("warnings", warnings()),
        ("hostile", hostile()),
    ]
}

fn base() -> Report {
    Report {
        version: 1,
        verdict: Verdict::Pass,
        exit_code: 0,
        taken_at: "2026-11-24T10:02:00Z".parse().unwrap(),
        migration: MigrationSummary {
            kind: "task".into(),
            name: "orders-to-tidb".into(),
            region: Some("us-east-1".into()),
            migration_type: Some("full-load-and-cdc".into()),
            source: "orders-db        RDS MySQL 8.0.39".into(),
            target: "tidb.abc.clusters.tidb-cloud.com:4000   Dedicated, public endpoint".into(),
            tidb_as: Some(Role::Target),
            tidb_host: Some("tidb.abc.clusters.tidb-cloud.com".into()),
            tidb_port: Some(4000),
            tidb_tier: Some(Tier::Dedicated),
            path: Some(PathKind::Public),
        },
        names: std::collections::BTreeMap::new(),
        counts: std::collections::BTreeMap::new(),
        left_out: 0,
        root_causes: Vec::new(),
        to_decide: Vec::new(),
        then_perhaps: Vec::new(),
        rehearsal: None,
        rows: vec![
            pass(
                "network/subnet-group",
                &migration(),
                "orders-subnets",
                "Availability Zones",
                "us-east-1a, us-east-1b",
            ),
            pass("network/route", &seat(SEATS[0]), "rtb-0b22", "route", "0.0.0.0/0 → nat-0a17"),
            pass("network/route", &seat(SEATS[1]), "rtb-0b22", "route", "0.0.0.0/0 → nat-0a17"),
            not_applicable("network/private-endpoint", "the path is public"),
            not_applicable("network/vpc-peering", "the path is public"),
        ],
        assumptions: assumptions(),
        paths: paths(trace),
        compliance: Vec::new(),
        own_checks: Vec::new(),
        notes: Vec::new(),
        run: Run::default(),
    }
}

pub(super) fn healthy() -> Report {
    let mut report = base();
    for id in SEATS {
        report.rows.push(pass(
            "network/nat-gateway",
            &seat(id),
            "nat-0a17",
            "State",
            "available, public, in subnet-0c30, whose 0.0.0.0/0 goes to igw-0e52",
        ));
    }
    for id in SEATS {
        report.rows.push(pass(
            "access/list-covers-egress",
            &seat(id),
            "tidb.abc.clusters.tidb-cloud.com",
            "IP access list",
            "52.1.2.3/32",
        ));
    }
    let mut waived = found(
        "dms/ssl-mode",
        &migration(),
        Severity::Error,
        "SSL mode is `require`, which verifies nothing",
        Vec::new(),
        "Use verify-full",
    );
    waived.outcome = Outcome::Waived;
    waived.reason = Some("until 2026-12-31 by ana: the certificate is on its way".into());
    report.rows.push(waived);
    settle(report)
}

pub(super) fn broken() -> Report {
    let mut report = base();
    let seats = SEATS.map(seat);
    let route = Change::PutRoute {
        region: "us-east-1".into(),
        table: "rtb-0d44".into(),
        destination: "0.0.0.0/0".into(),
        target: "igw-0e52".into(),
        replaces: false,
    };
    for subject in &seats {
        report.rows.push(found(
            "network/nat-gateway",
            subject,
            Severity::Error,
            "The NAT gateway has no way to the internet",
            vec![route.clone()],
            "Give the NAT gateway's subnet a route to an internet gateway",
        ));
    }
    for subject in &seats {
        report.rows.push(found(
            "access/list-covers-egress",
            subject,
            Severity::Error,
            "52.1.2.3, from which everything leaves (nat-0a17), is not on the cluster's IP access \
             list, which has 203.0.113.0/24",
            Vec::new(),
            "In the TiDB Cloud console, Networking, IP access list: add 52.1.2.3/32",
        ));
    }
    let ssl = found(
        "dms/ssl-mode",
        &migration(),
        Severity::Error,
        "SSL mode is `none`",
        vec![Change::SetSslMode {
            region: "us-east-1".into(),
            endpoint: Some(
                "arn:aws:dms:us-east-1:123456789012:endpoint:ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                    .into(),
            ),
            mode: "verify-full".into(),
            certificate: None,
            import_isrg_root_x1: true,
        }],
        "Set verify-full",
    );
    report.root_causes = vec![
        cause(&report.rows[5], &seats),
        cause(&report.rows[7], &seats),
        cause(&ssl, &[migration()]),
    ];
    report.rows.push(ssl);
    let gap = Gap::new(
        "the target",
        "nobody logged in",
        Unlock::Flag("TIDB_DMS_TARGET_PASSWORD, or the output of SHOW GRANTS".into()),
    );
    let names = [
        "login",
        "target-privileges",
        "role-active",
        "local-infile",
        "sql-mode",
        "foreign-keys",
        "server-version",
        "long-check-name-that-goes-on",
    ]
    .map(|name| format!("mysql/{name}"));
    for name in &names {
        report.rows.push(unseen(name, &migration(), gap.clone()));
    }
    let checks: Vec<&str> = names.iter().map(String::as_str).collect();
    report.to_decide.push(thing(
        &gap,
        Severity::Error,
        &checks,
        vec![How::Words(gap.unlock.to_string())],
    ));
    report.compliance = vec![
        standing(
            "DMS.1",
            Standing::CannotBeMet,
            "etl-1 is public, and leaves by its own public address",
            Some("Private subnets: route them to a NAT gateway"),
        ),
        standing("DMS.6", Standing::Met, "etl-1 takes minor upgrades by itself", None),
        standing("DMS.7", Standing::Undecided, "the logging of orders-to-tidb was not seen", None),
        standing("DMS.8", Standing::NotApplicable, "there is no task yet", None),
        standing(
            "DMS.9",
            Standing::Broken,
            "tidb has SSL mode none",
            Some("Set SSL mode verify-full"),
        ),
    ];
    report.rehearsal =
        Some(Rehearsal { cured: vec![1, 2, 3], still_failing: Vec::new(), undecided: Vec::new() });
    report.paths = paths(stopped);
    report.left_out = 3;
    settle(report)
}

pub(super) fn undecided() -> Report {
    let mut report = base();
    report.assumptions.clear();
    let gap = Gap::new(
        "nat-0a17",
        "the list of NAT gateways was not delivered",
        Unlock::IamAction("ec2:DescribeNatGateways".into()),
    );
    let beyond =
        Gap::new("tgw-0123", "what happens at the transit gateway can't be seen", Unlock::Nothing);
    for id in SEATS {
        report.rows.push(unseen("network/nat-gateway", &seat(id), gap.clone()));
    }
    report.rows.push(unseen("network/beyond", &seat(SEATS[0]), beyond.clone()));
    let mut light = unseen("access/egress-is-stable", &migration(), gap.clone());
    light.level = Severity::Advice;
    report.rows.push(light);
    report.to_decide = vec![
        thing(&beyond, Severity::Error, &["network/beyond"], Vec::new()),
        thing(
            &gap,
            Severity::Error,
            &["network/nat-gateway", "access/egress-is-stable"],
            vec![
                How::Command("aws ec2 describe-nat-gateways --region us-east-1".into()),
                How::Policy(
                    r#"{"Action":"ec2:DescribeNatGateways","Effect":"Allow","Resource":"*"}"#
                        .into(),
                ),
            ],
        ),
    ];
    report.then_perhaps = vec![Unlock::IamAction("ec2:DescribeAddresses".into())];
    for path in &mut report.paths {
        path.trace.verdict = PathVerdict::Unknown;
        path.trace.hops.truncate(4);
        path.trace.egress_addresses.clear();
        path.trace.gaps.push(Doubt { gap: gap.clone(), code: Code::BadState, leg: Leg::Nat });
    }
    settle(report)
}

pub(super) fn blocked() -> Report {
    let mut report = undecided();
    let gap = report.to_decide[1].gaps[0].clone();
    let (nat, stable) = ("network/nat-gateway", "access/egress-is-stable");
    for (check, by, level) in [
        ("access/list-covers-egress", nat, Severity::Error),
        ("access/list-in-order", stable, Severity::Error),
        ("access/list-is-short", nat, Severity::Warning),
    ] {
        let mut blocked = unseen(check, &seat(SEATS[0]), gap.clone());
        blocked.outcome = Outcome::Blocked;
        blocked.level = level;
        blocked.by = vec![by.into()];
        report.rows.push(blocked);
    }
    settle(report)
}

pub(super) fn warnings() -> Report {
    let mut report = healthy();
    let mut open = found(
        "access/list-not-open",
        &migration(),
        Severity::Warning,
        "The IP access list has 0.0.0.0/0: anyone may knock",
        Vec::new(),
        "Replace it by the addresses that the replication leaves from",
    );
    open.evidence.push(Evidence {
        resource: "tidb.abc.clusters.tidb-cloud.com".into(),
        field: "IP access list".into(),
        value: "0.0.0.0/0".into(),
    });
    report.rows.push(open);
    for id in SEATS {
        report.rows.push(found(
            "access/egress-is-stable",
            &seat(id),
            Severity::Advice,
            "52.1.2.3 is no Elastic IP address and may change",
            Vec::new(),
            "Use a NAT gateway with an Elastic IP address",
        ));
    }
    let mut waived = found(
        "dms/logging",
        &migration(),
        Severity::Error,
        "The task writes no log",
        Vec::new(),
        "Turn logging on",
    );
    waived.outcome = Outcome::Waived;
    waived.reason = Some("rehearsal only (dba@example.com, until 2026-12-31T00:00:00Z)".into());
    waived.waived = Some(Waived {
        was: Outcome::Fail,
        owner: "dba@example.com".into(),
        reason: "rehearsal only".into(),
        until: "2026-12-31T00:00:00Z".parse().unwrap(),
    });
    report.rows.push(waived);
    report.own_checks.push(OwnCheck {
        id: "acme/tags".into(),
        requirement: "The instance is tagged".into(),
        severity: Severity::Advice,
        why: "Nobody knows whose it is.".into(),
        fix: "Tag it.".into(),
    });
    settle(report)
}

/// Names and values that try everything.
pub(super) fn hostile() -> Report {
    let mut report = broken();
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}a]]>b<script>alert('1')</script>&amp;\0\u{202e}fdp.exe\n✗ \
                fake\u{9b}31m\u{ffff}\u{1b}]8;;http://evil";
    report.migration.name = format!("orders.{evil}");
    report.migration.source = evil.repeat(3);
    report.migration.tidb_host = Some(evil.into());
    report.migration.region = Some("数据库🦀".repeat(12));
    report.notes.push(evil.into());
    report.assumptions.push(Assumption::new(evil, evil, evil));
    let long = format!("subnet-{}", "0123456789abcdef".repeat(20));
    for subject in [seat(&long), seat("a.b"), seat("a_b"), seat(evil), seat("migration")] {
        let mut row = found(
            "network/odd",
            &subject,
            Severity::Error,
            &format!("{} {evil}", subject.id),
            Vec::new(),
            evil,
        );
        row.findings[0].remedy.commands = vec![format!("aws {evil} --x '{evil}'")];
        row.gaps.push(Gap::new(evil, evil, Unlock::File(evil.into())));
        row.evidence.push(Evidence {
            resource: evil.into(),
            field: evil.into(),
            value: long.clone(),
        });
        report.root_causes.push(cause(&row, &[subject]));
        report.rows.push(row);
    }
    let mut odd = not_applicable("network/数据库", evil);
    odd.subject.id = evil.into();
    report.rows.push(odd);
    report.rows.push(pass(evil, &migration(), evil, &long, evil));
    let gap = Gap::new(evil, evil, Unlock::Flag(evil.into()));
    let mut ways = vec![How::Command(format!("aws {evil}"))];
    ways.extend([How::Argument, How::Policy, How::Words].map(|way| way(evil.into())));
    report.to_decide.push(thing(&gap, Severity::Error, &[evil], ways));
    report.then_perhaps.push(gap.unlock);
    report.compliance.push(standing(evil, Standing::Broken, evil, Some(evil)));
    for path in &mut report.paths {
        path.role = evil.into();
        path.trace.hops[1].id.clone_from(&long);
        path.trace.hops[1].detail = evil.into();
        path.trace.stops[0].detail = evil.into();
    }
    settle(report)
}
