//! The IAM actions that many checks share. Where the replication sits, and which way a packet takes, is
//! found out anew in each run, from these.

/// Which migration it is, and its endpoints.
pub(crate) const MIGRATION: [&str; 4] = [
    "dms:DescribeReplicationTasks",
    "dms:DescribeReplicationInstances",
    "dms:DescribeReplicationConfigs",
    "dms:DescribeEndpoints",
];

/// And the subnets that the replication may sit in, with what DMS said of its last failures: where that
/// contradicts what was computed, nothing that rests on it is believed.
pub(crate) const SEATS: [&str; 9] = joined(
    &MIGRATION,
    &[
        "dms:DescribeReplicationSubnetGroups",
        "dms:DescribeConnections",
        "dms:DescribeReplications",
        "ec2:DescribeSubnets",
        "ec2:DescribeNetworkInterfaces",
    ],
);

/// And the way from there to the cluster, but for the rules that filter on it: a gateway that wasn't
/// seen would end it early, and what lies behind wouldn't be judged.
pub(crate) const WAY: [&str; 18] = joined(
    &SEATS,
    &[
        "ec2:DescribeVpcs",
        "ec2:DescribeRouteTables",
        "ec2:GetManagedPrefixListEntries",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNatGateways",
        "ec2:DescribeAddresses",
        "ec2:DescribeInstances",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcPeeringConnections",
    ],
);

/// Both lists as one. A wrong length doesn't compile.
pub(crate) const fn joined<const N: usize>(
    one: &[&'static str],
    other: &[&'static str],
) -> [&'static str; N] {
    assert!(one.len() + other.len() == N, "the length of the joined list");
    let mut all = [""; N];
    let mut place = 0;
    while place < N {
        all[place] = if place < one.len() { one[place] } else { other[place - one.len()] };
        place += 1;
    }
    all
}
