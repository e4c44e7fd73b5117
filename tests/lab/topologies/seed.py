"""Seeds the lab with one topology, healthy or broken: seed.py --url URL --tidb-cloud URL --certificates FOLDER NAME

Prints JSON: the arguments of a doctor run, the environment it needs, the exit code and the root causes it must find.
Without NAME: the list of all, one JSON object a line.
"""
import argparse
import json

from build import Topology, world

import client
import tidb_cloud

HEALTHY = {f"{tier}-{path}-{compute}": {"tier": tier, "path": path, "compute": compute}
           for tier, paths in (("starter", ("public-subnet", "nat", "private-endpoint")),
                               ("dedicated", ("public-subnet", "nat", "private-endpoint", "vpc-peering")))
           for path in paths for compute in ("instance", "serverless", "planned")
           # A serverless replication has no public address.
           if (path, compute) != ("public-subnet", "serverless")}
HEALTHY["dedicated-nat-instance-source"] = {"tier": "dedicated", "path": "nat", "tidb": "source"}
HEALTHY["dedicated-nat-instance-prefix-list"] = {"tier": "dedicated", "path": "nat", "prefix_list": True}
HEALTHY["dedicated-nat-instance-multi-az"] = {"tier": "dedicated", "path": "nat", "multi_az": True}
HEALTHY["starter-nat-instance-secret"] = {"tier": "starter", "path": "nat", "secret": True}
# In clear inside the VPC, as the guide allows on a private path.
for name in ("starter-private-endpoint-instance", "dedicated-vpc-peering-serverless"):
    HEALTHY[name]["ssl_mode"] = "none"
for name in ("starter-nat-planned", "dedicated-private-endpoint-planned"):
    HEALTHY[name]["serverless"] = True
for name in ("starter-nat-serverless", "dedicated-nat-planned"):
    HEALTHY[name]["main_table"] = True
# All of AWS in the cluster's region.
HEALTHY["starter-nat-serverless"]["access_list"] = ["169.254.65.87-169.254.65.87"]
# Nobody knows the address of an instance that is to come.
HEALTHY["starter-public-subnet-planned"]["access_list"] = ["0.0.0.0-255.255.255.255"]
HEALTHY["dedicated-public-subnet-planned"]["access_list"] = ["0.0.0.0/0"]

# Name, what it is built on, how it is broken, which checks name the cause.
BROKEN = {}


def broken(base, *causes, code=1, **built):
    """A way to break a topology. The function gets it when it stands."""
    def keep(function):
        BROKEN[function.__name__.replace("_", "-")] = (base, built, function, list(causes), code)
        return function
    return keep


@broken("dedicated-nat-instance", "network/nat-gateway")
def nat_without_internet_route(made):
    made.ec2.delete_route(RouteTableId=made.open_table, DestinationCidrBlock="0.0.0.0/0")


@broken("dedicated-nat-instance", "network/route")
def blackhole_route(made):
    made.ec2.delete_nat_gateway(NatGatewayId=made.nat_gateway)


@broken("starter-nat-instance-secret", "dms/secret")
def secret_beyond_reach(made):
    made.ec2.revoke_security_group_egress(GroupId=made.instance_group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])


@broken("starter-nat-instance", "network/security-group")
def egress_closed(made):
    made.ec2.revoke_security_group_egress(GroupId=made.instance_group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 4000, "ToPort": 4000, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])


@broken("dedicated-nat-instance", "network/network-acl")
def network_acl_closed(made):
    acl = made.ec2.create_network_acl(VpcId=made.vpc)["NetworkAcl"]["NetworkAclId"]
    for outward in (True, False):
        made.ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Protocol="6", RuleAction="allow",
                                          Egress=outward, CidrBlock="10.51.0.0/16", PortRange={"From": 0, "To": 65535})
    listed = made.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [made.vpc]}])["NetworkAcls"]
    for one in listed:
        for association in one["Associations"]:
            if association["SubnetId"] in made.private:
                made.ec2.replace_network_acl_association(
                    AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)


@broken("starter-public-subnet-instance", "network/public-accessibility", public=False)
def not_publicly_accessible(made):
    pass


@broken("dedicated-private-endpoint-instance", "network/private-endpoint", "cluster/private-endpoint-accepted", accepted=False)
def private_endpoint_pending(made):
    pass


# The VPC's own resolver, asked from a subnet of the replication, then doesn't know the name.
@broken("dedicated-private-endpoint-instance", "network/dns-resolves", private_dns=False, host=world.NO_PRIVATE_NAME)
def private_dns_off(made):
    pass


@broken("dedicated-private-endpoint-instance", "network/endpoint-security-group")
def endpoint_security_group(made):
    made.ec2.revoke_security_group_ingress(GroupId=made.endpoint_group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 4000, "ToPort": 4000, "IpRanges": [{"CidrIp": "10.51.0.0/16"}]}])


@broken("dedicated-vpc-peering-instance", "network/route")
def peering_route_missing(made):
    made.ec2.delete_route(RouteTableId=made.private_table, DestinationCidrBlock="10.250.0.0/21")


# A route to a peering that waits for its acceptance is a blackhole, as AWS documents.
@broken("dedicated-vpc-peering-instance", "network/route", "cluster/vpc-peering-active", accepted=False)
def peering_pending(made):
    pass


@broken("dedicated-nat-instance", "access/list-covers-egress")
def access_list_without_egress(made):
    made.egress = "203.0.113.7"


@broken("starter-nat-instance", "dms/ssl-mode", ssl_mode="none")
def ssl_mode_none(made):
    pass


@broken("starter-nat-instance", "dms/host-and-port", port=3306)
def port_of_mysql(made):
    pass


@broken("starter-public-subnet-instance", "network/block-public-access")
def block_public_access(made):
    made.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-bidirectional")


# The NAT gateway's route to it turns into a blackhole.
@broken("dedicated-nat-instance", "network/nat-gateway")
def internet_gateway_detached(made):
    made.ec2.detach_internet_gateway(InternetGatewayId=made.gateway, VpcId=made.vpc)


@broken("dedicated-nat-instance-source", "dms/tidb-source-full-load")
def changes_from_tidb(made):
    task = made.dms.describe_replication_tasks()["ReplicationTasks"][0]["ReplicationTaskArn"]
    made.dms.modify_replication_task(ReplicationTaskArn=task, MigrationType="full-load-and-cdc")


@broken("dedicated-nat-instance", "network/vpc-dns-attributes")
def no_name_resolution(made):
    made.ec2.modify_vpc_attribute(VpcId=made.vpc, EnableDnsSupport={"Value": False})


# The replication stands already; only a new one would miss it.
@broken("dedicated-nat-instance", "dms/vpc-role", code=0)
def no_vpc_role(made):
    made.cloud.iam.detach_role_policy(RoleName="dms-vpc-role",
                                      PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole")


def plant(cloud, api, certificates, name, **differently):
    """Builds one of them in a lab made new, and says what a doctor must find."""
    cloud.lab("POST", "reset", seed=1)
    base, built, breaks, causes, code = BROKEN.get(name, (name, {}, lambda made: None, [], 0))
    made = Topology(cloud, certificates, **{**HEALTHY[base], **built, **differently})
    breaks(made)
    api.answer(made.answers())
    mistakes = cloud.lab("GET", "mistakes")["mistakes"]
    if mistakes:
        raise SystemExit(f"the lab's own mistakes: {mistakes}")
    cloud.lab("DELETE", "requests")
    return {"name": name, "region": cloud.region, "arguments": made.arguments(),
            "environment": {**cloud.environment(), **api.environment()}, "exit": code, "causes": causes, "host": made.host,
            "access list": made.listed(), "seats": made.seats, "group": made.instance_group}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url")
    parser.add_argument("--tidb-cloud")
    parser.add_argument("--certificates")
    parser.add_argument("name", nargs="?")
    arguments = parser.parse_args()
    if arguments.name is None:
        for name in [*HEALTHY, *BROKEN]:
            print(json.dumps({"name": name, "causes": BROKEN[name][3] if name in BROKEN else []}))
        return
    if arguments.name not in HEALTHY and arguments.name not in BROKEN:
        parser.error(f"no topology {arguments.name}")
    api = tidb_cloud.Client(arguments.tidb_cloud)
    print(json.dumps(plant(client.Cloud(arguments.url), api, arguments.certificates, arguments.name)))


if __name__ == "__main__":
    main()
