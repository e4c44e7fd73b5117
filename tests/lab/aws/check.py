"""Whether the lab answers as AWS would. Its witness is boto3: it parses every answer by AWS's own model."""
import json
import sys
import time
import traceback

from botocore.exceptions import ClientError

import client

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def code(call, **given):
    """The error code of a call that must fail."""
    try:
        call(**given)
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError("the call succeeded")


def vpc(cloud, block="10.51.0.0/16"):
    """A VPC with an internet gateway, two private subnets and a public one."""
    ec2 = cloud.ec2
    made = ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
    start = block.rsplit(".", 2)[0]
    names = [ec2.create_subnet(VpcId=made, CidrBlock=f"{start}.{third}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
             for third, zone in ((11, "us-east-1a"), (12, "us-east-1b"), (1, "us-east-1a"))]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=made)
    return made, names, gateway


def group(cloud, subnets, name="group"):
    cloud.dms.create_replication_subnet_group(ReplicationSubnetGroupIdentifier=name, SubnetIds=subnets,
                                              ReplicationSubnetGroupDescription=name)


def instance(cloud, name="orders", **given):
    given.setdefault("ReplicationSubnetGroupIdentifier", "group")
    made = cloud.dms.create_replication_instance(ReplicationInstanceIdentifier=name,
                                                 ReplicationInstanceClass="dms.r6i.large", **given)
    assert made["ReplicationInstance"]["ReplicationInstanceStatus"] == "creating"
    return cloud.dms.describe_replication_instances(
        Filters=[{"Name": "replication-instance-id", "Values": [name]}])["ReplicationInstances"][0]


def endpoint(cloud, name, kind="target", **given):
    return cloud.dms.create_endpoint(EndpointIdentifier=name, EndpointType=kind, EngineName="mysql", Username="u",
                                     Password="never-shown-1", ServerName=f"{name}.example", Port=4000,
                                     **given)["Endpoint"]["EndpointArn"]


@test
def instances_sit_in_their_subnets(cloud):
    _, subnets, _ = vpc(cloud)
    group(cloud, subnets[:2])
    one = instance(cloud, MultiAZ=True, PubliclyAccessible=True)
    assert one["ReplicationInstanceStatus"] == "available"
    found = cloud.ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": subnets[:2]}])["NetworkInterfaces"]
    assert {each["PrivateIpAddress"] for each in found} == set(one["ReplicationInstancePrivateIpAddresses"])
    assert {each["Association"]["PublicIp"] for each in found} == set(one["ReplicationInstancePublicIpAddresses"])
    assert all(each["Description"] == "DMSNetworkInterface" and each["RequesterManaged"] for each in found)
    assert one["AvailabilityZone"] != one["SecondaryAvailabilityZone"]
    inside = instance(cloud, "inside", PubliclyAccessible=False)
    assert "ReplicationInstancePublicIpAddress" not in inside
    # DMS says null in this list; botocore drops it.
    assert [each for each in inside["ReplicationInstancePublicIpAddresses"] if each] == []


@test
def subnet_groups_need_two_zones_of_one_vpc(cloud):
    _, subnets, _ = vpc(cloud)
    make = cloud.dms.create_replication_subnet_group
    given = {"ReplicationSubnetGroupIdentifier": "G", "ReplicationSubnetGroupDescription": "d"}
    assert code(make, **given, SubnetIds=[subnets[0], subnets[2]]) == "ReplicationSubnetGroupDoesNotCoverEnoughAZs"
    assert code(make, **given, SubnetIds=[subnets[0], "subnet-0123"]) == "InvalidSubnet"
    made = make(**given, SubnetIds=subnets[:2])["ReplicationSubnetGroup"]
    assert made["ReplicationSubnetGroupIdentifier"] == "g" and made["VpcId"].startswith("vpc-")


@test
def filters_and_pages_are_those_of_dms(cloud):
    dms = cloud.dms
    assert dms.describe_endpoints()["Endpoints"] == []
    assert code(dms.describe_endpoints, Filters=[{"Name": "endpoint-id", "Values": ["x"]}]) == "ResourceNotFoundFault"
    assert code(dms.describe_endpoints, MaxRecords=10) == "InvalidParameterValueException"
    for number in range(25):
        endpoint(cloud, f"e{number}")
    first = dms.describe_endpoints(MaxRecords=20)
    assert len(first["Endpoints"]) == 20
    assert len(dms.describe_endpoints(MaxRecords=20, Marker=first["Marker"])["Endpoints"]) == 5
    pages = dms.get_paginator("describe_endpoints").paginate(PaginationConfig={"PageSize": 20})
    assert len(list(pages)) == 2
    assert len(dms.describe_endpoints(Filters=[{"Name": "endpoint-type", "Values": ["target"]}])["Endpoints"]) == 25


@test
def certificates_come_ten_at_a_time(cloud):
    import glob
    import os
    pem = open(glob.glob(os.path.join(client.HERE, "../../data/chains/isrg-root-x1.pem"))[0]).read()
    assert code(cloud.dms.import_certificate, CertificateIdentifier="bad", CertificatePem="nothing") == "InvalidCertificateFault"
    for number in range(11):
        made = cloud.dms.import_certificate(CertificateIdentifier=f"c{number}", CertificatePem=pem)["Certificate"]
    assert made["KeyLength"] == 4096 and made["ValidToDate"].year == 2035 and made["CertificatePem"] == pem
    first = cloud.dms.describe_certificates()
    assert len(first["Certificates"]) == 10 and "Marker" in first
    assert len(cloud.dms.describe_certificates(Marker=first["Marker"])["Certificates"]) == 1


@test
def endpoints_never_show_their_password(cloud):
    arn = endpoint(cloud, "e", MySQLSettings={"Password": "never-shown-2", "AfterConnectScript": "SELECT 1"})
    said = cloud.dms.describe_endpoints()["Endpoints"][0]
    assert "never-shown" not in json.dumps(said) and said["MySQLSettings"] == {"AfterConnectScript": "SELECT 1"}
    assert code(cloud.dms.create_endpoint, EndpointIdentifier="v", EndpointType="target", EngineName="mysql",
                SslMode="verify-full") == "InvalidParameterCombinationException"
    cloud.lab("POST", "password", password="planted")
    assert cloud.dms.describe_endpoints()["Endpoints"][0]["MySQLSettings"]["Password"] == "planted"
    cloud.dms.modify_endpoint(EndpointArn=arn, Port=3306)
    assert cloud.dms.describe_endpoints()["Endpoints"][0]["Port"] == 3306


@test
def connections_end_as_a_test_wants(cloud):
    _, subnets, _ = vpc(cloud)
    group(cloud, subnets[:2])
    one, target = instance(cloud)["ReplicationInstanceArn"], endpoint(cloud, "tidb")
    assert cloud.dms.describe_connections()["Connections"] == []
    cloud.lab("POST", "connections", instance="orders", endpoint="tidb", status="failed", message="(110)", seconds=0.3)
    asked = {"ReplicationInstanceArn": one, "EndpointArn": target}
    assert cloud.dms.test_connection(**asked)["Connection"]["Status"] == "testing"
    assert cloud.dms.describe_connections()["Connections"][0]["Status"] == "testing"
    time.sleep(0.4)
    last = cloud.dms.describe_connections(Filters=[{"Name": "endpoint-arn", "Values": [target]}])["Connections"][0]
    assert (last["Status"], last["LastFailureMessage"]) == ("failed", "(110)")
    cloud.lab("POST", "state", id="orders", state="modifying")
    assert code(cloud.dms.test_connection, **asked) == "InvalidResourceStateFault"


@test
def tasks_and_serverless_replications(cloud):
    _, subnets, _ = vpc(cloud)
    group(cloud, subnets[:2])
    source, target = endpoint(cloud, "rds", "source"), endpoint(cloud, "tidb")
    sides = {"SourceEndpointArn": source, "TargetEndpointArn": target, "TableMappings": '{"rules": []}'}
    arn = instance(cloud)["ReplicationInstanceArn"]
    cloud.dms.create_replication_task(ReplicationTaskIdentifier="T", ReplicationInstanceArn=arn,
                                      MigrationType="full-load", **sides)
    task = cloud.dms.describe_replication_tasks(
        Filters=[{"Name": "replication-task-id", "Values": ["t"]}])["ReplicationTasks"][0]
    assert task["Status"] == "ready" and "TargetMetadata" in json.loads(task["ReplicationTaskSettings"])
    assert "ReplicationTaskSettings" not in cloud.dms.describe_replication_tasks(WithoutSettings=True)["ReplicationTasks"][0]
    config = cloud.dms.create_replication_config(
        ReplicationConfigIdentifier="s", ReplicationType="full-load", **sides,
        ComputeConfig={"MaxCapacityUnits": 4, "ReplicationSubnetGroupId": "group"})["ReplicationConfig"]["ReplicationConfigArn"]
    assert cloud.dms.describe_replications()["Replications"][0]["Status"] == "created"
    cloud.lab("POST", "connections", instance="s", endpoint="tidb", status="failed", message="i/o timeout")
    cloud.dms.start_replication(ReplicationConfigArn=config, StartReplicationType="start-replication")
    ended = cloud.dms.describe_replications()["Replications"][0]
    assert ended["Status"] == "failed" and "i/o timeout" in ended["FailureMessages"][0]
    assert cloud.dms.describe_replication_configs()["ReplicationConfigs"][0]["ComputeConfig"]["MaxCapacityUnits"] == 4
    assert [one["Version"] for one in cloud.dms.describe_engine_versions()["EngineVersions"]][-1] == "3.6.1"
    assert cloud.dms.describe_account_attributes()["AccountQuotas"]


@test
def nat_gateways_and_blackholes(cloud):
    ec2 = cloud.ec2
    made, subnets, gateway = vpc(cloud)
    elastic = ec2.allocate_address(Domain="vpc")
    nat = ec2.create_nat_gateway(SubnetId=subnets[2], AllocationId=elastic["AllocationId"])["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=made)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)

    def state():
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return next(one["State"] for one in routes if "NatGatewayId" in one)
    said = ec2.describe_nat_gateways(Filter=[{"Name": "vpc-id", "Values": [made]}])["NatGateways"][0]
    address = said["NatGatewayAddresses"][0]
    assert (said["AvailabilityMode"], address["PublicIp"], address["Status"]) == ("zonal", elastic["PublicIp"], "succeeded")
    own = ec2.describe_network_interfaces(NetworkInterfaceIds=[address["NetworkInterfaceId"]])["NetworkInterfaces"][0]
    assert own["InterfaceType"] == "nat_gateway" and own["SubnetId"] == subnets[2] and not own["SourceDestCheck"]
    assert state() == "active"
    ec2.delete_nat_gateway(NatGatewayId=nat)
    assert state() == "blackhole"
    alone = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=alone, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    failed = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"])
    assert failed["NatGateway"]["FailureCode"] == "Gateway.NotAttached"


@test
def regional_nat_gateways(cloud):
    made, _, gateway = vpc(cloud)
    said = cloud.ec2.create_nat_gateway(AvailabilityMode="regional", VpcId=made)["NatGateway"]
    assert "SubnetId" not in said and len(said["NatGatewayAddresses"]) == 2 and said["AutoScalingIps"] == "enabled"
    table = cloud.ec2.describe_route_tables(RouteTableIds=[said["RouteTableId"]])["RouteTables"][0]
    assert gateway in [one.get("GatewayId") for one in table["Routes"]]
    assert {one.get("ServiceManaged") for one in cloud.ec2.describe_addresses()["Addresses"]} == {"rnat"}
    fixed = cloud.ec2.allocate_address(Domain="vpc")["AllocationId"]
    by_hand = cloud.ec2.create_nat_gateway(AvailabilityMode="regional", VpcId=made, AvailabilityZoneAddresses=[
        {"AvailabilityZone": "us-east-1a", "AllocationIds": [fixed]}])["NatGateway"]
    assert by_hand["AutoProvisionZones"] == "disabled" and by_hand["NatGatewayAddresses"][0]["AllocationId"] == fixed
    assert code(cloud.ec2.create_nat_gateway, AvailabilityMode="regional") == "InvalidParameterCombination"


@test
def block_public_access(cloud):
    made, subnets, _ = vpc(cloud)

    def mode(subnet):
        said = cloud.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
        return said["BlockPublicAccessStates"]["InternetGatewayBlockMode"]
    assert mode(subnets[0]) == "off"
    cloud.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-bidirectional")
    said = cloud.ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    assert said["InternetGatewayBlockMode"] == mode(subnets[0]) == "block-bidirectional"
    make = cloud.ec2.create_vpc_block_public_access_exclusion
    make(SubnetId=subnets[0], InternetGatewayExclusionMode="allow-bidirectional")
    one = make(SubnetId=subnets[1], InternetGatewayExclusionMode="allow-egress")["VpcBlockPublicAccessExclusion"]
    assert [mode(subnet) for subnet in subnets] == ["off", "block-ingress", "block-bidirectional"]
    assert len(cloud.ec2.describe_vpc_block_public_access_exclusions()["VpcBlockPublicAccessExclusions"]) == 2
    cloud.ec2.delete_vpc_block_public_access_exclusion(ExclusionId=one["ExclusionId"])
    assert mode(subnets[1]) == "block-bidirectional"
    assert cloud.ec2.describe_vpcs(VpcIds=[made])["Vpcs"][0]["BlockPublicAccessStates"]


@test
def private_endpoints_wait_for_their_owner(cloud):
    made, subnets, _ = vpc(cloud)
    owner = cloud.account("380838443567")
    theirs, rooms, _ = vpc(owner, "10.250.0.0/16")
    balancer = owner.elbv2.create_load_balancer(Name="tidb", Type="network", Subnets=rooms[:2])["LoadBalancers"][0]
    service = owner.ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[balancer["LoadBalancerArn"]], AcceptanceRequired=True,
        PrivateDnsName="privatelink-1.abc.clusters.tidb-cloud.com")["ServiceConfiguration"]
    make = cloud.ec2.create_vpc_endpoint
    asked = {"VpcId": made, "ServiceName": service["ServiceName"], "VpcEndpointType": "Interface", "SubnetIds": subnets[:2]}
    assert code(make, **asked, PrivateDnsEnabled=True) == "InvalidParameter"
    name = make(**asked, PrivateDnsEnabled=False)["VpcEndpoint"]["VpcEndpointId"]

    def said():
        found = cloud.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [made]}])["VpcEndpoints"]
        assert len(found) == 1
        return found[0]
    assert said()["State"] == "pendingAcceptance" and len(said()["NetworkInterfaceIds"]) == 2
    owner.ec2.accept_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=[name])
    cloud.ec2.modify_vpc_endpoint(VpcEndpointId=name, PrivateDnsEnabled=True)
    assert said()["State"] == "available" and said()["PrivateDnsEnabled"]
    assert service["PrivateDnsName"] in [one["DnsName"] for one in said()["DnsEntries"]]
    other = cloud.ec2.create_security_group(GroupName="g", Description="g", VpcId=made)["GroupId"]
    cloud.ec2.modify_vpc_endpoint(VpcEndpointId=name, AddSecurityGroupIds=[other])
    interfaces = cloud.ec2.describe_network_interfaces(NetworkInterfaceIds=said()["NetworkInterfaceIds"])["NetworkInterfaces"]
    assert all(other in [one["GroupId"] for one in each["Groups"]] for each in interfaces)
    assert all(each["InterfaceType"] == "vpc_endpoint" for each in interfaces)


@test
def peering_across_accounts(cloud):
    made, _, _ = vpc(cloud)
    owner = cloud.account("380838443567")
    theirs, _, _ = vpc(owner, "10.250.0.0/16")
    peering = owner.ec2.create_vpc_peering_connection(VpcId=theirs, PeerVpcId=made,
                                                      PeerOwnerId="123456789012")["VpcPeeringConnection"]["VpcPeeringConnectionId"]

    def said():
        return cloud.ec2.describe_vpc_peering_connections(
            Filters=[{"Name": "accepter-vpc-info.vpc-id", "Values": [made]}])["VpcPeeringConnections"][0]
    assert said()["Status"]["Code"] == "pending-acceptance" and "CidrBlock" not in said()["AccepterVpcInfo"]
    cloud.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert said()["Status"]["Code"] == "active" and said()["AccepterVpcInfo"]["CidrBlock"] == "10.51.0.0/16"
    assert said()["RequesterVpcInfo"]["CidrBlockSet"] == [{"CidrBlock": "10.250.0.0/16"}]
    assert cloud.ec2.describe_vpc_peering_connections(
        Filters=[{"Name": "requester-vpc-info.vpc-id", "Values": [made]}])["VpcPeeringConnections"] == []


@test
def lists_of_ec2_have_their_bounds(cloud):
    made, _, _ = vpc(cloud)
    assert code(cloud.ec2.describe_route_tables, MaxResults=1000) == "InvalidParameterValue"
    assert code(cloud.ec2.describe_route_tables, MaxResults=5, RouteTableIds=["rtb-1"]) in (
        "InvalidParameterCombination", "InvalidRouteTableID.NotFound")
    first = cloud.ec2.describe_subnets(MaxResults=5)
    assert len(first["Subnets"]) == 5
    rest = cloud.ec2.describe_subnets(MaxResults=1000, NextToken=first["NextToken"])["Subnets"]
    assert len(rest) == len(cloud.ec2.describe_subnets()["Subnets"]) - 5
    options = cloud.ec2.describe_vpcs(VpcIds=[made])["Vpcs"][0]["DhcpOptionsId"]
    assert cloud.ec2.describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"][0]["DhcpConfigurations"]


@test
def every_other_reading_call(cloud):
    vpc(cloud)
    for name in ("describe_instances", "describe_internet_gateways", "describe_egress_only_internet_gateways",
                 "describe_network_acls", "describe_security_groups", "describe_security_group_rules",
                 "describe_managed_prefix_lists", "describe_prefix_lists", "describe_availability_zones",
                 "describe_transit_gateway_vpc_attachments", "describe_transit_gateway_attachments",
                 "describe_transit_gateway_route_tables", "describe_transit_gateways", "describe_network_interfaces"):
        getattr(cloud.ec2, name)()
    listed = cloud.ec2.describe_managed_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    assert cloud.ec2.get_managed_prefix_list_entries(PrefixListId=listed)["Entries"]
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "dms.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    cloud.iam.create_role(RoleName="dms-vpc-role", AssumeRolePolicyDocument=trust)
    cloud.iam.attach_role_policy(RoleName="dms-vpc-role",
                                 PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole")
    assert cloud.iam.get_role(RoleName="dms-vpc-role")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert len(cloud.iam.list_attached_role_policies(RoleName="dms-vpc-role")["AttachedPolicies"]) == 1
    assert code(cloud.iam.get_role, RoleName="nobody") == "NoSuchEntity"
    assert cloud.iam.list_roles()["Roles"]
    key = cloud.kms.create_key()["KeyMetadata"]["KeyId"]
    assert cloud.kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
    cloud.secretsmanager.create_secret(Name="tidb", SecretString='{"password": "p"}')
    assert cloud.secretsmanager.get_secret_value(SecretId="tidb")["SecretString"]
    assert cloud.secretsmanager.describe_secret(SecretId="tidb")["ARN"]


@test
def policies_are_enforced(cloud):
    made, _, _ = vpc(cloud)
    cloud.iam.create_user(UserName="doctor")
    allowed = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ec2:DescribeVpcs", "dms:DescribeEndpoints"], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "arn:aws:iam::*:role/dms-vpc-role"}]}
    cloud.iam.put_user_policy(UserName="doctor", PolicyName="doctor", PolicyDocument=json.dumps(allowed))
    key = cloud.iam.create_access_key(UserName="doctor")["AccessKey"]
    cloud.lab("POST", "iam", enforce=True)
    doctor = client.Cloud(cloud.url, keys=(key["AccessKeyId"], key["SecretAccessKey"]))
    assert doctor.sts.get_caller_identity()["Arn"].endswith(":user/doctor")
    assert doctor.ec2.describe_vpcs()["Vpcs"] and doctor.dms.describe_endpoints()["Endpoints"] == []
    assert code(doctor.ec2.describe_subnets) == "UnauthorizedOperation"
    assert code(doctor.dms.describe_certificates) == "AccessDeniedException"
    assert code(doctor.iam.get_role, RoleName="dms-vpc-role") == "NoSuchEntity"
    assert code(doctor.iam.get_role, RoleName="other") == "AccessDenied"
    assert code(doctor.secretsmanager.get_secret_value, SecretId="x") == "AccessDeniedException"
    stranger = client.Cloud(cloud.url, keys=("AKIASTRANGER00000000", "x"))
    assert code(stranger.ec2.describe_vpcs) == "AuthFailure"
    assert code(stranger.dms.describe_endpoints) == "UnrecognizedClientException"
    assert code(stranger.sts.get_caller_identity) == "InvalidClientTokenId"
    liar = client.Cloud(cloud.url, keys=(key["AccessKeyId"], "wrong"))
    assert code(liar.dms.describe_endpoints) == "InvalidSignatureException"
    assert code(liar.sts.get_caller_identity) == "SignatureDoesNotMatch"
    assert cloud.ec2.describe_subnets()["Subnets"]


@test
def planted_faults(cloud):
    cloud.lab("POST", "faults", action="ec2:DescribeVpcs", kind="denied", times=1)
    assert code(cloud.ec2.describe_vpcs) == "UnauthorizedOperation"
    assert cloud.ec2.describe_vpcs()["Vpcs"]
    for kind, ours, theirs in (("throttled", "RequestLimitExceeded", "ThrottlingException"),
                               ("expired", "RequestExpired", "ExpiredTokenException"),
                               ("internal", "InternalError", "InternalFailure"),
                               ("unsupported", "UnsupportedOperation", "UnknownOperationException")):
        cloud.lab("POST", "faults", action="*", kind=kind)
        assert code(cloud.ec2.describe_vpcs) == ours
        assert code(cloud.dms.describe_endpoints) == theirs
        cloud.lab("DELETE", "faults")
    assert cloud.ec2.describe_vpcs()["Vpcs"]


@test
def requests_are_logged_and_slowed(cloud):
    cloud.lab("DELETE", "requests")
    cloud.lab("POST", "delay", milliseconds=150)
    began = time.monotonic()
    cloud.ec2.describe_vpcs(VpcIds=[cloud.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]])
    cloud.dms.describe_endpoints()
    assert time.monotonic() - began >= 0.45
    seen = cloud.lab("GET", "requests")["requests"]
    assert [one["action"] for one in seen] == ["ec2:CreateVpc", "ec2:DescribeVpcs", "dms:DescribeEndpoints"]
    assert seen[0]["at"] < seen[1]["at"] and seen[1]["status"] == 200 and seen[1]["region"] == "us-east-1"


@test
def the_same_seed_gives_the_same_ids(cloud):
    def ids(of):
        of.lab("POST", "reset", seed=7)
        return vpc(of)
    another, process = client.start()
    try:
        assert ids(cloud) == ids(cloud) == ids(another)
    finally:
        process.terminate()
        process.wait()


def main():
    cloud, process = client.start()
    passed, failed = 0, []
    try:
        for function in TESTS:
            cloud.lab("POST", "reset")
            try:
                function(cloud)
                wrong = cloud.lab("GET", "mistakes")["mistakes"]
                assert not wrong, f"the lab's own mistakes: {wrong}"
                passed += 1
            except Exception:
                failed.append(function.__name__)
                print(f"FAILED {function.__name__}", file=sys.stderr)
                traceback.print_exc()
    finally:
        process.terminate()
        process.wait()
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
