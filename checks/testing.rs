//! A healthy migration for the tests of single checks, and how one check judges it with a few things
//! made otherwise.

use serde_json::{Value, json};

use crate::{
    examine,
    facts::{Facts, Gap},
    judgement::Outcome,
    policy::Policy,
    report::Row,
    severity::Severity,
};

/// A Dedicated cluster as the target of a task on a private instance behind NAT.
fn healthy() -> Value {
    json!({
        "version": 1,
        "taken_at": "2026-11-24T10:02:00Z",
        "asked": {},
        "inventory": {
            "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "DhcpOptionsId": "dopt-1",
                "CidrBlockAssociationSet": [{"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}}]}],
            "VpcAttributes": [{"VpcId": "vpc-1", "EnableDnsSupport": {"Value": true}, "EnableDnsHostnames": {"Value": true}}],
            "DhcpOptions": [{"DhcpOptionsId": "dopt-1", "DhcpConfigurations": [
                {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]}]}],
            "Subnets": [
                {"SubnetId": "subnet-a", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1"},
                {"SubnetId": "subnet-b", "VpcId": "vpc-1", "CidrBlock": "10.0.2.0/24", "AvailabilityZone": "us-east-1b", "AvailabilityZoneId": "use1-az2"},
                {"SubnetId": "subnet-p", "VpcId": "vpc-1", "CidrBlock": "10.0.3.0/24", "AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1"}],
            "RouteTables": [
                {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"Main": true}], "Routes": [
                    {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active", "Origin": "CreateRouteTable"},
                    {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active", "Origin": "CreateRoute"}]},
                {"RouteTableId": "rtb-2", "VpcId": "vpc-1", "Associations": [{"Main": false, "SubnetId": "subnet-p"}], "Routes": [
                    {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active", "Origin": "CreateRouteTable"},
                    {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active", "Origin": "CreateRoute"}]}],
            "InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": [{"State": "available", "VpcId": "vpc-1"}]}],
            "NatGateways": [{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-p", "State": "available",
                "ConnectivityType": "public", "NatGatewayAddresses": [{"PublicIp": "52.1.2.3", "PrivateIp": "10.0.3.17",
                "NetworkInterfaceId": "eni-n", "AllocationId": "eipalloc-1", "Status": "succeeded"}]}],
            "NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1",
                "Associations": [{"SubnetId": "subnet-a"}, {"SubnetId": "subnet-b"}, {"SubnetId": "subnet-p"}],
                "Entries": [
                    {"RuleNumber": 100, "Egress": true, "CidrBlock": "0.0.0.0/0", "Protocol": "-1", "RuleAction": "allow"},
                    {"RuleNumber": 100, "Egress": false, "CidrBlock": "0.0.0.0/0", "Protocol": "-1", "RuleAction": "allow"}]}],
            "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "dms", "VpcId": "vpc-1", "IpPermissions": [],
                "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}],
            "NetworkInterfaces": [], "Addresses": [], "VpcEndpoints": [], "VpcPeeringConnections": [],
            "ReplicationInstances": [{
                "ReplicationInstanceArn": "arn:aws:dms:us-east-1:1:rep:I", "ReplicationInstanceIdentifier": "etl",
                "ReplicationInstanceClass": "dms.t3.large", "ReplicationInstanceStatus": "available",
                "EngineVersion": "3.5.4", "AvailabilityZone": "us-east-1a", "MultiAZ": false,
                "AutoMinorVersionUpgrade": true, "PubliclyAccessible": false, "NetworkType": "IPV4",
                "ReplicationInstancePrivateIpAddress": "10.0.1.25",
                "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1", "Status": "active"}],
                "ReplicationSubnetGroup": {"ReplicationSubnetGroupIdentifier": "g", "VpcId": "vpc-1", "Subnets": [
                    {"SubnetIdentifier": "subnet-a", "SubnetAvailabilityZone": {"Name": "us-east-1a"}},
                    {"SubnetIdentifier": "subnet-b", "SubnetAvailabilityZone": {"Name": "us-east-1b"}}]}}],
            "Endpoints": [
                {"EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:S", "EndpointIdentifier": "orders-db", "EndpointType": "SOURCE",
                 "EngineName": "mysql", "ServerName": "orders.x.us-east-1.rds.amazonaws.com", "Port": 3306, "Username": "dms", "SslMode": "none"},
                {"EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:T", "EndpointIdentifier": "tidb", "EndpointType": "TARGET",
                 "EngineName": "mysql", "ServerName": "tidb.abc.clusters.tidb-cloud.com", "Port": 4000, "Username": "dms",
                 "SslMode": "verify-full", "ExtraConnectionAttributes": "Initstmt=SET FOREIGN_KEY_CHECKS=0;"}],
            "Connections": [
                {"ReplicationInstanceArn": "arn:aws:dms:us-east-1:1:rep:I", "EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:S", "Status": "successful"},
                {"ReplicationInstanceArn": "arn:aws:dms:us-east-1:1:rep:I", "EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:T", "Status": "successful"}],
            "ReplicationTasks": [{
                "ReplicationTaskArn": "arn:aws:dms:us-east-1:1:task:K", "ReplicationTaskIdentifier": "orders-to-tidb",
                "ReplicationInstanceArn": "arn:aws:dms:us-east-1:1:rep:I",
                "SourceEndpointArn": "arn:aws:dms:us-east-1:1:endpoint:S", "TargetEndpointArn": "arn:aws:dms:us-east-1:1:endpoint:T",
                "MigrationType": "full-load-and-cdc", "Status": "ready",
                "TableMappings": table_mappings("shop", "%"),
                "ReplicationTaskSettings": "{\"TargetMetadata\":{\"TargetSchema\":\"\"},\"Logging\":{\"EnableLogging\":true}}"}],
            "Roles": [{"RoleName": "dms-vpc-role", "Arn": "arn:aws:iam::1:role/dms-vpc-role",
                "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"Service": "dms.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
                "AttachedPolicies": [{"PolicyName": "AmazonDMSVPCManagementRole", "PolicyArn": "arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"}]}]
        },
        "clusters": [{"host": "tidb.abc.clusters.tidb-cloud.com", "tier": {"known": "dedicated"}, "state": {"known": "ACTIVE"},
            "region": {"known": "us-east-1"}, "public_endpoint_enabled": {"known": true}, "access_list": {"known": ["52.1.2.3"]}}],
        "probes": [
            probe("orders.x.us-east-1.rds.amazonaws.com", 3306, "8.0.39", &[
                "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `dms`@`%`",
                "GRANT SELECT ON `shop`.* TO `dms`@`%`"], &["information_schema", "performance_schema", "shop"]),
            probe("tidb.abc.clusters.tidb-cloud.com", 4000, "8.0.11-TiDB-v8.5.4", &[
                "GRANT USAGE ON *.* TO 'dms'@'%'",
                "GRANT SELECT,INSERT,UPDATE,DELETE,CREATE,DROP,INDEX,ALTER,CREATE TEMPORARY TABLES ON `awsdms_control`.* TO 'dms'@'%'",
                "GRANT SELECT,INSERT,UPDATE,DELETE,CREATE,DROP,INDEX,ALTER,CREATE TEMPORARY TABLES ON `shop`.* TO 'dms'@'%'"],
                &["INFORMATION_SCHEMA", "PERFORMANCE_SCHEMA", "shop"])]
    })
}

/// A login of DMS's user from elsewhere, and what its session showed.
fn probe(host: &str, port: u16, version: &str, grants: &[&str], schemas: &[&str]) -> Value {
    let variables = json!({"partial_revokes": "OFF", "lower_case_table_names": "0"});
    json!({"host": host, "port": port, "vantage": "elsewhere", "user": "dms",
        "login": look(json!({"accepted": {}})),
        "session": {"version": look(json!(version)), "current_user": look(json!("dms@%")),
            "current_role": look(json!("NONE")), "grants": look(json!(grants)),
            "variables": look(variables), "schemas": look(json!(schemas))}})
}

/// A look of a probe that saw this.
#[expect(clippy::needless_pass_by_value, reason = "it is called with what `json!` has just made")]
pub(crate) fn look(seen: Value) -> Value {
    json!({"at": "2026-11-24T10:00:00Z", "seen": {"known": seen}})
}

/// Table mappings of one rule that includes.
pub(crate) fn table_mappings(schema: &str, table: &str) -> String {
    json!({"rules": [{"rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include",
        "object-locator": {"schema-name": schema, "table-name": table}}]})
    .to_string()
}

/// The target's SSL mode.
pub(crate) const MODE: &str = "/inventory/Endpoints/1/SslMode";
/// What the first probe's TLS handshake came to.
pub(crate) const TLS: &str = "/probes/0/tls/seen";
/// The CA of the target in [`probes`].
pub(crate) const CA: &str = include_str!("testing/ca.pem");
const LEAF: &str = include_str!("testing/leaf.pem");

/// What a probe from a subnet of the replication's saw of the target, without a login. Its certificate
/// is valid from 2026-10-15 to 2027-01-13, and no CA is imported for it.
pub(crate) fn probes() -> (&'static str, Value) {
    probes_of("tidb.abc.clusters.tidb-cloud.com")
}

/// The same server under another name.
pub(crate) fn probes_of(host: &str) -> (&'static str, Value) {
    let leaf: String = LEAF.lines().filter(|line| !line.starts_with('-')).collect();
    let session = |protocol: &str, cipher: &str| {
        seen(
            json!({"session": {"protocol": protocol, "cipher": cipher, "chain": [leaf.as_str()], "key_proved": true}}),
        )
    };
    let probe = json!({"host": host, "port": 4000, "vantage": {"seat": "subnet-a"}, "role": "target",
        "dns": seen(json!({"answer": {"addresses": ["44.210.0.50"], "resolver": "10.0.0.2"}})),
        "tcp": seen(json!([{"address": "44.210.0.50", "outcome": "connected"}])),
        "greeting": seen(json!({"greeting": {"server_version": "8.0.11-TiDB-v8.5.4", "tls": true}})),
        "tls": session("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
        "tls12": session("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")});
    ("/probes", json!([probe]))
}

/// [`probes`], and what the same place saw of the source.
pub(crate) fn both_probed() -> (&'static str, Value) {
    let (path, mut probes) = probes();
    let source = json!({"host": "orders.x.us-east-1.rds.amazonaws.com", "port": 3306,
        "vantage": {"seat": "subnet-a"}, "role": "source",
        "dns": seen(json!({"answer": {"addresses": ["10.0.1.77"], "resolver": "10.0.0.2"}})),
        "tcp": seen(json!([{"address": "10.0.1.77", "outcome": "connected"}]))});
    probes.as_array_mut().unwrap().push(source);
    (path, probes)
}

fn seen(known: impl Into<Value>) -> Value {
    let known = known.into();
    json!({"at": "2026-11-24T10:00:00Z", "seen": {"known": known}})
}

/// The same cluster behind a private endpoint, a Starter one.
pub(crate) fn over_private_endpoint() -> Vec<(&'static str, Value)> {
    let host = "gateway01-privatelink.us-east-1.prod.aws.tidbcloud.com";
    vec![
        ("/inventory/Endpoints/1/ServerName", json!(host)),
        (
            "/clusters/0",
            json!({"host": host, "tier": {"known": "starter"}, "state": {"known": "ACTIVE"},
            "region": {"known": "us-east-1"},
            "private_service": {"known": "com.amazonaws.vpce.us-east-1.vpce-svc-1"},
            "private_service_zones": {"known": ["use1-az1"]}}),
        ),
        (
            "/inventory/VpcEndpoints",
            json!([{"VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "VpcId": "vpc-1",
            "ServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-1", "State": "available", "SubnetIds": ["subnet-a"],
            "NetworkInterfaceIds": ["eni-e"], "Groups": [{"GroupId": "sg-e"}], "PrivateDnsEnabled": true,
            "DnsEntries": [{"DnsName": "vpce-1.vpce-svc-1.us-east-1.vpce.amazonaws.com"}, {"DnsName": host}]}]),
        ),
        (
            "/inventory/NetworkInterfaces",
            json!([{"NetworkInterfaceId": "eni-e", "SubnetId": "subnet-a", "VpcId": "vpc-1",
            "PrivateIpAddress": "10.0.1.99", "InterfaceType": "vpc_endpoint", "Status": "in-use", "Groups": [{"GroupId": "sg-e"}]}]),
        ),
        (
            "/inventory/SecurityGroups/1",
            json!({"GroupId": "sg-e", "VpcId": "vpc-1", "IpPermissionsEgress": [],
            "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 4000, "ToPort": 4000, "UserIdGroupPairs": [{"GroupId": "sg-1"}]}]}),
        ),
    ]
}

/// The same cluster over VPC peering.
pub(crate) fn over_peering() -> Vec<(&'static str, Value)> {
    let host = "private-tidb.abc.clusters.tidb-cloud.com";
    vec![
        ("/asked/tidb_addresses", json!(["172.16.0.9"])),
        ("/inventory/Endpoints/1/ServerName", json!(host)),
        (
            "/clusters/0",
            json!({"host": host, "tier": {"known": "dedicated"}, "state": {"known": "ACTIVE"},
            "region": {"known": "us-east-1"}, "vpc_peerings": {"known": [{"connection_id": "pcx-1", "state": "ACTIVE",
            "customer_vpc_id": "vpc-1", "customer_vpc_cidr": "10.0.0.0/16", "tidb_cloud_vpc_cidr": "172.16.0.0/21"}]}}),
        ),
        (
            "/inventory/VpcPeeringConnections",
            json!([{"VpcPeeringConnectionId": "pcx-1", "Status": {"Code": "active"},
            "RequesterVpcInfo": {"VpcId": "vpc-9", "CidrBlock": "172.16.0.0/21"},
            "AccepterVpcInfo": {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}}]),
        ),
        (
            "/inventory/RouteTables/0/Routes/2",
            json!({"DestinationCidrBlock": "172.16.0.0/21",
            "VpcPeeringConnectionId": "pcx-1", "State": "active", "Origin": "CreateRoute"}),
        ),
    ]
}

/// Sets a place of a document; a null takes it away. An index behind the end of a list adds to it.
fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
    match parent {
        Value::Object(members) if value.is_null() => {
            members.remove(name);
        }
        Value::Object(members) => {
            members.insert(name.to_owned(), value);
        }
        Value::Array(items) => {
            let place: usize = name.parse().unwrap();
            if value.is_null() {
                items.remove(place);
            } else if place < items.len() {
                items[place] = value;
            } else {
                items.push(value);
            }
        }
        _ => panic!("{pointer}"),
    }
}

/// The facts of the healthy migration with some places made otherwise.
pub(crate) fn facts(changes: &[(&str, Value)]) -> Facts {
    let mut document = healthy();
    for (pointer, value) in changes {
        set(&mut document, pointer, value.clone());
    }
    serde_json::from_value(document).unwrap()
}

/// All checks but those that take a TLS provider, which this crate lacks, or a login.
pub(crate) fn without_probes() -> Policy {
    Policy { skip: vec!["tls".into(), "mysql".into()], ..Policy::default() }
}

/// What a check says.
pub(crate) struct Said {
    pub(crate) rows: Vec<Row>,
}

impl Said {
    /// The worst outcome of its rows.
    pub(crate) fn outcome(&self) -> Outcome {
        self.rows.iter().map(|row| row.outcome).min().unwrap()
    }

    /// The level of the worst row.
    pub(crate) fn level(&self) -> Severity {
        let worst = self.rows.iter().min_by_key(|row| row.outcome);
        worst.unwrap().level
    }

    /// Everything that it found, gaps too.
    pub(crate) fn text(&self) -> String {
        let found = self.rows.iter().flat_map(|row| {
            let findings = row.findings.iter().map(|finding| finding.message.clone());
            findings.chain(row.gaps.iter().map(Gap::to_string))
        });
        found.collect::<Vec<String>>().join("\n")
    }

    /// The commands of its remedies.
    pub(crate) fn commands(&self) -> Vec<String> {
        let findings = self.rows.iter().flat_map(|row| &row.findings);
        findings.flat_map(|finding| finding.remedy.commands.clone()).collect()
    }
}

/// What a check says of facts.
pub(crate) fn judged(check: &str, facts: &Facts) -> Said {
    let policy = Policy { only: vec![check.to_owned()], ..Policy::default() };
    let rows = examine(facts, &policy).unwrap().rows;
    assert!(!rows.is_empty(), "{check} has no row");
    Said { rows }
}

/// What a check says of the healthy migration with some places made otherwise.
pub(crate) fn say(check: &str, changes: &[(&str, Value)]) -> Said {
    judged(check, &facts(changes))
}

/// A table of tests: the changes, the outcome, and words of what was found.
pub(crate) type Table<'a> = &'a [(&'a [(&'a str, Value)], Outcome, &'a str)];

/// Judges each line of a table, and rehearses each repair: it must make the row better.
pub(crate) fn check(check: &str, table: Table<'_>) {
    check_on(check, &[], table);
}

/// The same on another migration than the healthy one behind NAT.
pub(crate) fn check_on(check: &str, base: &[(&'static str, Value)], table: Table<'_>) {
    for (changes, outcome, words) in table {
        let all: Vec<(&str, Value)> = base.iter().chain(*changes).cloned().collect();
        let mut facts = facts(&all);
        let said = judged(check, &facts);
        assert_eq!(said.outcome(), *outcome, "{changes:?}: {}", said.text());
        assert!(said.text().contains(words), "{changes:?}: {}", said.text());
        let mended: Vec<_> = said
            .rows
            .iter()
            .flat_map(|row| row.findings.iter().flat_map(|finding| &finding.remedy.changes))
            .collect();
        if mended.is_empty() {
            continue;
        }
        for change in mended {
            change.apply(&mut facts);
        }
        let again = judged(check, &facts);
        assert!(
            again.outcome() > *outcome,
            "{changes:?}: the repair leaves {:?}: {}",
            again.outcome(),
            again.text()
        );
    }
}
