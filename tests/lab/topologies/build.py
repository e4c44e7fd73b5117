"""Builds the guide's topologies in the AWS lab, through AWS's own API.

One VPC, 10.51.0.0/16: two private subnets, two public ones, one for the database on AWS's side. What differs is the
way to the cluster: a public subnet, a NAT gateway, a private endpoint, a VPC peering.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "aws")]

import cluster  # noqa: E402
import world  # noqa: E402

TIDB_CLOUD_ACCOUNT = "380838443567"
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "dms.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
MAPPINGS = os.path.join(HERE, "mappings.json")
HOSTS = {("starter", "public-subnet"): world.STARTER, ("starter", "nat"): world.STARTER,
         ("starter", "private-endpoint"): world.STARTER_PRIVATE,
         ("dedicated", "public-subnet"): world.DEDICATED, ("dedicated", "nat"): world.DEDICATED,
         ("dedicated", "private-endpoint"): world.DEDICATED_PRIVATE,
         ("dedicated", "vpc-peering"): world.DEDICATED_PEERED}


class Topology:
    """One migration and all that it stands on; ids are attributes, for a later hand to break."""

    def __init__(self, cloud, certificates, tier, path, *, compute="instance", tidb="target", ssl_mode="verify-full", port=4000,
                 host=None, public=None, accepted=True, private_dns=True, user=None, multi_az=False, prefix_list=False, tested=True,
                 authority="ca.pem", access_list=None, serverless=False, main_table=False, database=world.RDS,
                 database_user="dms", secret=False):
        self.cloud, self.ec2, self.dms = cloud, cloud.ec2, cloud.dms
        self.certificates, self.tier, self.path, self.compute, self.tidb = certificates, tier, path, compute, tidb
        self.host, self.port = host or HOSTS[tier, path], port
        self.user = user or (f"{world.PREFIX}.dms" if tier == "starter" else "dms")
        self.ssl_mode = ssl_mode
        self.authority, self.access_list, self.serverless = authority, access_list, serverless
        self.main_table, self.secret = main_table, secret
        self.public = path == "public-subnet" if public is None else public
        self.accepted, self.private_dns, self.multi_az, self.prefix_list, self.tested = (
            accepted, private_dns, multi_az, prefix_list, tested)
        self.database, self.database_user, self.service = database, database_user, None
        self.network()
        self.filters()
        getattr(self, path.replace("-", "_"))()
        self.role()
        self.dms.create_replication_subnet_group(
            ReplicationSubnetGroupIdentifier="orders", ReplicationSubnetGroupDescription="orders", SubnetIds=self.seats)
        if compute != "planned":
            self.databases()
            self.replication()

    # The VPC.

    def subnet(self, third, zone):
        return self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.51.{third}.0/24",
                                      AvailabilityZone=zone)["Subnet"]["SubnetId"]

    def table(self, *subnets):
        made = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)
        return made

    def main(self):
        filters = [{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "association.main", "Values": ["true"]}]
        return self.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]

    def network(self):
        self.vpc = self.ec2.create_vpc(CidrBlock="10.51.0.0/16")["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.private = [self.subnet(11, "us-east-1a"), self.subnet(12, "us-east-1b")]
        self.open = [self.subnet(1, "us-east-1a"), self.subnet(2, "us-east-1b")]
        self.data = self.subnet(21, "us-east-1a")
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.open_table = self.table(*self.open)
        # Subnets without a table of their own have the VPC's main one.
        self.private_table = self.main() if self.main_table else self.table(*self.private)
        self.ec2.create_route(RouteTableId=self.open_table, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway)

    def group(self, name, inward=(), outward=()):
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
        if inward:
            self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=rules(inward))
        if outward:
            self.ec2.revoke_security_group_egress(GroupId=made, IpPermissions=[
                {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
            self.ec2.authorize_security_group_egress(GroupId=made, IpPermissions=rules(outward))
        return made

    def filters(self):
        to_secrets = [(443, "0.0.0.0/0")] if self.secret else []
        self.instance_group = self.group(
            "dms-replication", outward=[(4000, self.abroad()), (3306, "10.51.0.0/16"), *to_secrets])
        self.endpoint_group = self.group("tidb-cloud-endpoint", inward=[(self.port, "10.51.0.0/16")])
        self.database_group = self.group("orders-db", inward=[(3306, "10.51.0.0/16")])
        # The database's own interface, as RDS has one.
        self.ec2.create_network_interface(SubnetId=self.data, PrivateIpAddress=world.ADDRESSES[self.database][0],
                                          Groups=[self.database_group], Description="RDSNetworkInterface")

    def abroad(self):
        """Where the replication may go, and where its NAT gateway is the way to: anywhere, or the clusters' addresses on a list."""
        if not self.prefix_list:
            return "0.0.0.0/0"
        self.clusters = self.ec2.create_managed_prefix_list(
            PrefixListName="tidb-cloud", AddressFamily="IPv4", MaxEntries=2,
            Entries=[{"Cidr": "44.210.0.0/16"}, {"Cidr": "44.211.0.0/16"}])["PrefixList"]["PrefixListId"]
        return self.clusters

    # The ways to the cluster.

    def public_subnet(self):
        self.seats, self.egress = self.open, None

    def nat(self):
        self.seats = self.private
        elastic = self.ec2.allocate_address(Domain="vpc")
        self.allocation, self.egress = elastic["AllocationId"], elastic["PublicIp"]
        self.nat_gateway = self.ec2.create_nat_gateway(
            SubnetId=self.open[0], AllocationId=self.allocation)["NatGateway"]["NatGatewayId"]
        to = {"DestinationPrefixListId": self.clusters} if self.prefix_list else {"DestinationCidrBlock": "0.0.0.0/0"}
        self.ec2.create_route(RouteTableId=self.private_table, NatGatewayId=self.nat_gateway, **to)

    def theirs(self, block):
        """TiDB Cloud's own VPC, in its own account."""
        owner = self.owner = self.cloud.account(TIDB_CLOUD_ACCOUNT)
        vpc = owner.ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        start = block.rsplit(".", 2)[0]
        subnets = [owner.ec2.create_subnet(VpcId=vpc, CidrBlock=f"{start}.{third}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
                   for third, zone in ((1, "us-east-1a"), (2, "us-east-1b"))]
        return vpc, subnets

    def private_endpoint(self):
        self.seats, self.egress = self.private, None
        _, subnets = self.theirs("10.250.0.0/21")
        balancer = self.owner.elbv2.create_load_balancer(Name="tidb", Type="network", Subnets=subnets)["LoadBalancers"][0]
        service = self.owner.ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[balancer["LoadBalancerArn"]], AcceptanceRequired=True,
            PrivateDnsName=self.host)["ServiceConfiguration"]
        theirs = self.owner.ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
        self.service = service["ServiceName"], sorted(subnet["AvailabilityZoneId"] for subnet in theirs)
        addresses = world.ADDRESSES[HOSTS[self.tier, self.path]]
        self.endpoint = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc, VpcEndpointType="Interface", ServiceName=service["ServiceName"], SubnetIds=self.private,
            SecurityGroupIds=[self.endpoint_group], PrivateDnsEnabled=False,
            SubnetConfigurations=[{"SubnetId": subnet, "Ipv4": address} for subnet, address in zip(self.private, addresses)],
        )["VpcEndpoint"]["VpcEndpointId"]
        if self.accepted:
            self.owner.ec2.accept_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=[self.endpoint])
            if self.private_dns:
                self.ec2.modify_vpc_endpoint(VpcEndpointId=self.endpoint, PrivateDnsEnabled=True)

    def vpc_peering(self):
        self.seats, self.egress = self.private, None
        vpc, _ = self.theirs("10.250.0.0/21")
        self.peering = self.owner.ec2.create_vpc_peering_connection(
            VpcId=vpc, PeerVpcId=self.vpc, PeerOwnerId="123456789012")["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        if self.accepted:
            self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=self.peering)
        self.ec2.create_route(RouteTableId=self.private_table, DestinationCidrBlock="10.250.0.0/21",
                              VpcPeeringConnectionId=self.peering)

    # DMS.

    def databases(self):
        tidb = {"EndpointIdentifier": "orders-tidb", "ServerName": self.host, "Port": self.port, "Username": self.user,
                "Password": world.PASSWORD, "SslMode": self.ssl_mode}
        authority = self.imported("tidb-cloud-ca", self.authority)
        if self.ssl_mode.startswith("verify"):
            tidb["CertificateArn"] = authority
        rds = {"EndpointIdentifier": "orders-rds", "ServerName": self.database, "Port": 3306, "Username": self.database_user,
               "Password": world.PASSWORD, "SslMode": "verify-full", "CertificateArn": self.imported("rds-global-bundle", "rds-ca.pem")}
        if self.secret:
            self.into_a_secret(tidb)
        source, target = (rds, tidb) if self.tidb == "target" else (tidb, rds)
        target["ExtraConnectionAttributes"] = "Initstmt=SET FOREIGN_KEY_CHECKS=0;"
        self.endpoints = {kind: self.dms.create_endpoint(
            EndpointType=kind, EngineName="mysql", **given)["Endpoint"]["EndpointArn"]
            for kind, given in (("source", source), ("target", target))}

    def into_a_secret(self, endpoint):
        """Lets DMS fetch where the cluster is, and who logs in, from Secrets Manager."""
        held = {"host": endpoint.pop("ServerName"), "port": endpoint.pop("Port"), "username": endpoint.pop("Username"),
                "password": endpoint.pop("Password")}
        role = self.cloud.iam.create_role(RoleName="orders-secret", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        secret = self.cloud.secretsmanager.create_secret(Name="orders-tidb", SecretString=json.dumps(held))["ARN"]
        endpoint["MySQLSettings"] = {"SecretsManagerSecretId": secret, "SecretsManagerAccessRoleArn": role}

    def imported(self, name, file):
        with open(os.path.join(self.certificates, file)) as text:
            return self.dms.import_certificate(
                CertificateIdentifier=name, CertificatePem=text.read())["Certificate"]["CertificateArn"]

    def replication(self):
        kind = "full-load-and-cdc" if self.tidb == "target" else "full-load"
        with open(MAPPINGS) as mappings:
            sides = {"SourceEndpointArn": self.endpoints["source"], "TargetEndpointArn": self.endpoints["target"],
                     "TableMappings": mappings.read()}
        if self.compute == "serverless":
            self.dms.create_replication_config(
                ReplicationConfigIdentifier="orders", ReplicationType=kind, **sides,
                ComputeConfig={"MaxCapacityUnits": 8, "MinCapacityUnits": 2, "MultiAZ": self.multi_az,
                               "ReplicationSubnetGroupId": "orders", "VpcSecurityGroupIds": [self.instance_group]})
            return
        self.instance = self.dms.create_replication_instance(
            ReplicationInstanceIdentifier="orders-replication", ReplicationInstanceClass="dms.r6i.large",
            ReplicationSubnetGroupIdentifier="orders", VpcSecurityGroupIds=[self.instance_group],
            PubliclyAccessible=self.public, MultiAZ=self.multi_az,
            **({} if self.multi_az else {"AvailabilityZone": "us-east-1a"}))["ReplicationInstance"]["ReplicationInstanceArn"]
        said = self.dms.describe_replication_instances()["ReplicationInstances"][0]
        if self.path == "public-subnet":
            self.egress = said.get("ReplicationInstancePublicIpAddress")
        for arn in self.endpoints.values() if self.tested else ():
            self.dms.test_connection(ReplicationInstanceArn=self.instance, EndpointArn=arn)
        self.dms.create_replication_task(ReplicationTaskIdentifier="orders-to-tidb", MigrationType=kind,
                                         ReplicationInstanceArn=self.instance, **sides)

    def role(self):
        self.cloud.iam.create_role(RoleName="dms-vpc-role", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.cloud.iam.attach_role_policy(
            RoleName="dms-vpc-role", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole")

    # What a doctor is told.

    def listed(self):
        """The cluster's IP access list."""
        if self.access_list is not None:
            return self.access_list
        office = "64.125.8.0-64.125.8.255" if self.tier == "starter" else "64.125.8.0/24"
        if self.path not in ("public-subnet", "nat"):
            return [office]
        egress = self.egress or "203.0.113.7"
        return [f"{egress}-{egress}"] if self.tier == "starter" else [f"{egress}/32", office]

    def answers(self):
        """What TiDB Cloud's API says of the cluster."""
        return cluster.answers(self)

    def arguments(self):
        """The flags of a run that neither AWS nor TiDB Cloud can answer."""
        given = {"serverless": ["--replication-config", "orders"], "instance": ["--task", "orders-to-tidb"],
                 "planned": self.plan()}[self.compute]
        if self.path not in ("public-subnet", "nat"):
            # The lab answers as the VPC does, so the program runs as if in one of its subnets.
            given += ["--seat", self.seats[0]]
        if self.compute == "planned" or self.ssl_mode == "none":
            # Then no endpoint names a CA, and without a CA nobody logs in.
            given += ["--ca", os.path.join(self.certificates, "ca.pem")]
        return given

    def plan(self):
        """A replication that is to come: on an instance in these subnets, or a serverless one in their group."""
        where = (["--subnet-group", "orders", "--serverless"] if self.serverless else
                 ["--subnets", ",".join(self.seats), "--publicly-accessible" if self.public else "--no-publicly-accessible"])
        return [*where, "--security-groups", self.instance_group, "--ssl-mode", self.ssl_mode,
                "--migration-type", "full-load-and-cdc", "--table-mappings", MAPPINGS, "--tidb-host", self.host,
                "--tidb-port", str(self.port), "--tidb-user", self.user, "--tidb-as", "target"]


def rules(listed):
    """Security group rules for (port, CIDR or prefix list)."""
    def to(where):
        return {"PrefixListIds": [{"PrefixListId": where}]} if where.startswith("pl-") else {"IpRanges": [{"CidrIp": where}]}
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **to(where)} for port, where in listed]
