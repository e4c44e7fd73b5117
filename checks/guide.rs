//! The guide that this program implements, sentence by sentence: what it asks for, and which checks hold
//! a migration to it.
//!
//! The guide is "Connect AWS DMS to TiDB Cloud clusters". Sentences are shortened to what they ask for;
//! those that only say where to click are left out.

/// Something that the guide asks for.
pub struct Sentence {
    /// The guide's section.
    pub section: &'static str,
    /// What it asks for.
    pub asks: &'static str,
    /// The checks that hold a migration to it.
    pub checks: &'static [&'static str],
}

/// The guide's address.
pub const PAGE: &str = "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms";

const PREREQUISITES: &str = "Prerequisites";
const NETWORK: &str = "Configure network";
const INSTANCE: &str = "Create an AWS DMS replication instance";
const ENDPOINTS: &str = "Create TiDB Cloud DMS endpoints";

const fn sentence(
    section: &'static str,
    asks: &'static str,
    checks: &'static [&'static str],
) -> Sentence {
    Sentence { section, asks, checks }
}

/// Everything that the guide asks for, in its order.
pub static SENTENCES: &[Sentence] = &[
    sentence(
        PREREQUISITES,
        "You have an AWS account with enough access to manage DMS-related resources",
        &["dms/vpc-role"],
    ),
    sentence(PREREQUISITES, "You have a TiDB Cloud cluster", &["cluster/running"]),
    sentence(
        NETWORK,
        "Serverless (Starter, Essential): clients connect via public endpoint or private endpoint",
        &["cluster/supports-path", "cluster/public-endpoint-enabled", "network/dns-class"],
    ),
    sentence(
        NETWORK,
        "Dedicated: clients connect via public endpoint, private endpoint, or VPC peering",
        &["cluster/supports-path", "cluster/public-endpoint-enabled", "network/dns-class"],
    ),
    sentence(
        NETWORK,
        "Public endpoint: make sure that the replication instance can access the internet",
        &[
            "network/route",
            "network/internet-gateway",
            "network/security-group",
            "network/network-acl",
            "network/block-public-access",
            "network/custom-dns",
            "network/reserved-range",
            "network/dns-resolves",
            "network/tcp-connects",
        ],
    ),
    sentence(
        NETWORK,
        "Public endpoint: deploy the replication instance in public subnets and enable Public accessible",
        &["network/subnet-group", "network/internet-gateway", "network/public-accessibility"],
    ),
    sentence(
        NETWORK,
        "Public endpoint: or deploy it in private subnets and route their traffic to public subnets",
        &["network/subnet-group", "network/route"],
    ),
    sentence(
        NETWORK,
        "You need at least three subnets: two private ones that form the subnet group, and a public one",
        &["network/subnet-group"],
    ),
    sentence(
        NETWORK,
        "Create a NAT gateway in the public subnet and route the two private subnets to it",
        &["network/nat-gateway", "network/route"],
    ),
    sentence(
        NETWORK,
        "Dedicated, public endpoint: add the public IP address of the replication instance or NAT gateway to the cluster's IP access list",
        &[
            "access/list-covers-egress",
            "access/egress-is-stable",
            "access/list-not-open",
            "access/list-has-private-addresses",
        ],
    ),
    sentence(
        NETWORK,
        "Private endpoint: set up a private endpoint first",
        &[
            "network/private-endpoint",
            "cluster/private-endpoint-accepted",
            "network/endpoint-security-group",
            "network/endpoint-zones",
            "network/vpc-dns-attributes",
        ],
    ),
    sentence(
        NETWORK,
        "Dedicated, VPC peering: set up a VPC peering connection first",
        &[
            "network/vpc-peering",
            "cluster/vpc-peering-active",
            "network/peering-cidr",
            "network/vpc-dns-attributes",
        ],
    ),
    sentence(
        NETWORK,
        "Private endpoint, VPC peering: deploy the replication instance in private subnets",
        &["network/subnet-group", "network/route"],
    ),
    sentence(
        INSTANCE,
        "It is recommended to use the same region for AWS DMS as TiDB Cloud",
        &["network/dms-region"],
    ),
    sentence(INSTANCE, "Select an appropriate instance class", &["dms/instance-class"]),
    sentence(
        INSTANCE,
        "Engine version: keep the default configuration",
        &["dms/engine-version", "dms/auto-minor-version-upgrade"],
    ),
    sentence(
        INSTANCE,
        "High Availability: Multi-AZ or Single-AZ (every zone that the instance may move to is judged)",
        &["network/subnet-group", "network/route"],
    ),
    sentence(INSTANCE, "Configure the storage", &["dms/instance-state"]),
    sentence(INSTANCE, "Network type: select IPv4", &["network/network-type"]),
    sentence(
        INSTANCE,
        "Select the VPC and the replication subnet group",
        &["network/subnet-group"],
    ),
    sentence(
        INSTANCE,
        "Public accessible: set it based on your network configuration",
        &["network/public-accessibility"],
    ),
    sentence(
        INSTANCE,
        "Serverless replications do not provide the Public accessible option",
        &["dms/serverless-limits", "network/public-accessibility"],
    ),
    sentence(
        ENDPOINTS,
        "DMS has different database setting requirements for source and target",
        &[
            "dms/attributes-fit",
            "dms/database-name",
            "dms/target-schema",
            "dms/parallel-load",
            "dms/table-mappings",
            "mysql/sql-mode",
            "mysql/timeouts",
            "mysql/read-only",
            "mysql/row-limits",
            "mysql/collations",
            "mysql/letter-case",
            "mysql/local-infile",
            "mysql/binlog",
        ],
    ),
    sentence(
        ENDPOINTS,
        "TiDB Cloud as a source: you can only migrate existing data",
        &["dms/tidb-source-full-load", "mysql/tidb-recognised"],
    ),
    sentence(ENDPOINTS, "Select Source endpoint or Target endpoint", &["dms/endpoint-role"]),
    sentence(ENDPOINTS, "Select MySQL as the engine", &["dms/endpoint-engine"]),
    sentence(ENDPOINTS, "Server name and port: those of the cluster", &["dms/host-and-port"]),
    sentence(
        ENDPOINTS,
        "User name and password: those of the cluster's user for the migration",
        &["mysql/login", "mysql/user-prefix", "dms/password-characters", "dms/secret"],
    ),
    sentence(
        ENDPOINTS,
        "User name: make sure that it meets DMS requirements",
        &[
            "mysql/target-privileges",
            "mysql/source-privileges",
            "mysql/role-active",
            "mysql/account-host",
        ],
    ),
    sentence(
        ENDPOINTS,
        "Public endpoint: it is highly recommended to set the SSL mode to verify-full",
        &[
            "dms/ssl-mode",
            "tls/offered",
            "tls/protocol",
            "tls/chain-trusted",
            "tls/host-name",
            "tls/validity",
        ],
    ),
    sentence(
        ENDPOINTS,
        "Private endpoint: you can set the SSL mode to none",
        &["dms/ssl-mode", "tls/ssl-mode-matches-server"],
    ),
    sentence(
        ENDPOINTS,
        "Serverless (Starter, Essential): the CA certificate is ISRG Root X1",
        &["tls/dms-certificate", "tls/chain-trusted"],
    ),
    sentence(
        ENDPOINTS,
        "Dedicated: the CA certificate is the one that TiDB Cloud gives for the cluster",
        &["tls/dms-certificate", "tls/chain-trusted"],
    ),
    sentence(
        ENDPOINTS,
        "Target endpoint: extra connection attributes Initstmt=SET FOREIGN_KEY_CHECKS=0;",
        &["dms/foreign-key-checks", "dms/attributes-fit"],
    ),
    sentence(ENDPOINTS, "Configure the KMS key", &["dms/kms-key"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::checks;

    #[test]
    fn every_sentence_is_held_by_checks_of_the_catalogue() {
        let catalogue: BTreeSet<&str> = checks().map(|check| check.id).collect();
        let mut seen = BTreeSet::new();
        for sentence in SENTENCES {
            assert!(seen.insert(sentence.asks), "{} stands twice", sentence.asks);
            assert!(!sentence.checks.is_empty(), "{}", sentence.asks);
            for id in sentence.checks {
                assert!(catalogue.contains(id), "{}: no check {id}", sentence.asks);
            }
        }
    }
}
