"""A topology's cluster as TiDB Cloud's API shows it, in the shapes of its published specifications."""
import world

CLUSTER, GROUP, PROJECT = "10379661", "1910", "1372813089"
REGION = "aws-us-east-1"


def answers(made):
    """All that is asked about it, by path."""
    return starter(made) if made.tier == "starter" else dedicated(made)


def is_public(made):
    return made.path in ("public-subnet", "nat")


def starter(made):
    # Every region's gateway has one.
    name, zones = made.service or ("com.amazonaws.vpce.us-east-1.vpce-svc-03342995daa04a3ad", ["use1-az1", "use1-az6"])
    cluster = {
        "name": f"clusters/{CLUSTER}", "clusterId": CLUSTER, "displayName": "orders",
        "region": {"name": f"regions/{REGION}", "regionId": REGION, "cloudProvider": "aws", "displayName": "N. Virginia (us-east-1)"},
        "endpoints": {
            "public": {"host": made.host if is_public(made) else world.STARTER, "port": 4000, "disabled": not is_public(made),
                       "authorizedNetworks": [dict(zip(("startIpAddress", "endIpAddress"), one.split("-"))) for one in made.listed()]},
            "private": {"host": world.STARTER_PRIVATE if is_public(made) else made.host, "port": 4000,
                        "aws": {"serviceName": name, "availabilityZone": zones}}},
        "version": "v8.5.4-serverless", "userPrefix": world.PREFIX, "state": "ACTIVE", "clusterPlan": "STARTER",
        "servicePlan": "Starter", "labels": {"tidb.cloud/project": PROJECT}}
    return {"/v1beta1/clusters": {"clusters": [cluster], "totalSize": 1, "nextPageToken": ""},
            f"/v1beta1/clusters/{CLUSTER}": cluster,
            f"/v1beta1/clusters/{CLUSTER}/branches": {"branches": [], "totalSize": 0, "nextPageToken": ""}}


def dedicated(made):
    name, zones = made.service or (None, [])
    ways = {"PUBLIC": world.DEDICATED, "VPC_PEERING": world.DEDICATED_PEERED, "PRIVATE_ENDPOINT": world.DEDICATED_PRIVATE}
    ways["PUBLIC" if is_public(made) else made.path.upper().replace("-", "_")] = made.host
    group = {"name": f"tidbNodeGroups/{GROUP}", "tidbNodeGroupId": GROUP, "clusterId": CLUSTER, "displayName": "DefaultGroup",
             "nodeCount": 2, "isDefaultGroup": True, "state": "ACTIVE",
             "endpoints": [{"host": host, "port": 4000, "connectionType": way} for way, host in ways.items()]}
    cluster = {"name": f"clusters/{CLUSTER}", "clusterId": CLUSTER, "displayName": "orders", "regionId": REGION,
               "cloudProvider": "aws", "port": 4000, "state": "ACTIVE", "version": "v8.5.4",
               "labels": {"tidb.cloud/project": PROJECT}, "tidbNodeSetting": {"nodeSpecKey": "8C16G", "tidbNodeGroups": [group]}}
    of_group = f"/v1beta1/clusters/{CLUSTER}/tidbNodeGroups/{GROUP}"
    found = {
        "/v1beta1/clusters": {"clusters": [cluster], "totalSize": 1, "nextPageToken": ""},
        f"{of_group}/publicEndpointSetting": {
            "name": f"tidbNodeGroups/{GROUP}/publicEndpointSetting", "tidbNodeGroupId": GROUP, "enabled": is_public(made),
            "ipAccessList": [{"cidrNotation": one, "description": ""} for one in made.listed()]},
        f"{of_group}/privateEndpointConnections": {"privateEndpointConnections": connections(made), "nextPageToken": ""},
        "/v1beta1/vpcPeerings": {"vpcPeerings": peerings(made), "nextPageToken": ""}}
    # One that nobody has asked for isn't there.
    if name:
        found[f"{of_group}/privateLinkService"] = {
            "name": f"tidbNodeGroups/{GROUP}/privateLinkService", "tidbNodeGroupId": GROUP, "serviceName": name,
            "serviceDnsName": made.host, "availableZones": zones, "state": "ACTIVE"}
    return found


def connections(made):
    """Whose endpoints TiDB Cloud takes. One that nobody has accepted was never registered there."""
    if made.path != "private-endpoint" or not made.accepted:
        return []
    return [{"tidbNodeGroupId": GROUP, "privateEndpointConnectionId": "1", "clusterId": CLUSTER, "endpointId": made.endpoint,
             "endpointState": "ACTIVE", "message": "", "host": made.host, "port": 4000}]


def peerings(made):
    if made.path != "vpc-peering":
        return []
    return [{"vpcPeeringId": "1", "tidbCloudRegionId": REGION, "customerRegionId": REGION, "customerAccountId": "123456789012",
             "customerVpcId": made.vpc, "customerVpcCidr": "10.51.0.0/16", "tidbCloudVpcCidr": "10.250.0.0/21",
             "state": "ACTIVE" if made.accepted else "PENDING", "awsVpcPeeringConnectionId": made.peering}]
