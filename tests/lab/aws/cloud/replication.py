"""Subnet groups and replication instances, joined with EC2: real subnets, real interfaces."""
from datetime import datetime, timezone

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from .faults import Fault
from .interfaces import OwnedInterface, public_address


def time(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


# As AWS's release notes of autumn 2026 have them.
VERSIONS = [
    {"Version": "3.5.3", "ReleaseStatus": "prod", "LaunchDate": time("2024-05-17"),
     "DeprecationDate": time("2026-06-30"), "AvailableUpgrades": ["3.5.4", "3.6.1"]},
    {"Version": "3.5.4", "ReleaseStatus": "prod", "LaunchDate": time("2024-11-15"),
     "DeprecationDate": time("2027-03-31"), "AvailableUpgrades": ["3.6.1"]},
    {"Version": "3.6.1", "ReleaseStatus": "prod", "LaunchDate": time("2025-06-05"), "AvailableUpgrades": []},
]
DEFAULT_VERSION = "3.5.4"


def subnet(region, name):
    try:
        return region.ec2.get_subnet(name)
    except (ServiceException, HTTPException):
        raise Fault("InvalidSubnet", f"The subnet {name} does not exist") from None


# Subnet groups.

def checked(region, names):
    """The subnets of a group: of one VPC, in two zones at least."""
    subnets = [subnet(region, name) for name in names]
    if len({one.vpc_id for one in subnets}) != 1:
        raise Fault("InvalidSubnet", "The subnets are not all in the same VPC")
    if len({one.availability_zone for one in subnets}) < 2:
        raise Fault("ReplicationSubnetGroupDoesNotCoverEnoughAZs",
                    "The Replication Subnet Group should contain subnets from at least two Availability Zones")
    return [one.id for one in subnets]


def create_group(dms, region, given):
    name = given["ReplicationSubnetGroupIdentifier"].lower()
    if name in region.groups:
        raise Fault("ResourceAlreadyExistsFault", f"The replication subnet group {name} already exists")
    region.groups[name] = {"description": given["ReplicationSubnetGroupDescription"],
                           "subnets": checked(region, given["SubnetIds"])}
    region.tag(region.arn("subgrp", name), given.get("Tags"))
    return {"ReplicationSubnetGroup": group(region, name)}


def modify_group(dms, region, given):
    name = given["ReplicationSubnetGroupIdentifier"].lower()
    group(region, name)
    region.groups[name]["subnets"] = checked(region, given["SubnetIds"])
    return {"ReplicationSubnetGroup": group(region, name)}


def delete_group(dms, region, given):
    name = given["ReplicationSubnetGroupIdentifier"].lower()
    group(region, name)
    if any(one["group"] == name for one in region.instances.values()):
        raise Fault("InvalidResourceStateFault", f"The replication subnet group {name} is in use")
    del region.groups[name]
    return {}


def group(region, name):
    if name not in region.groups:
        raise Fault("ResourceNotFoundFault", f"Replication subnet group {name} not found.")
    stated = region.groups[name]
    subnets = [subnet(region, one) for one in stated["subnets"]]
    return {"ReplicationSubnetGroupIdentifier": name,
            "ReplicationSubnetGroupDescription": stated["description"],
            "VpcId": subnets[0].vpc_id, "SubnetGroupStatus": "Complete",
            "Subnets": [{"SubnetIdentifier": one.id, "SubnetAvailabilityZone": {"Name": one.availability_zone},
                         "SubnetStatus": "Active"} for one in subnets],
            "SupportedNetworkTypes": ["IPV4"]}


def groups(region):
    return [group(region, name) for name in sorted(region.groups)]


def default_group(region):
    """DMS makes the group `default` out of the default VPC's subnets."""
    if "default" not in region.groups:
        vpc = region.ec2.get_default_vpc()
        if vpc is None:
            raise Fault("InvalidSubnet", "There is no default VPC")
        names = [one.id for zone in region.ec2.subnets.values() for one in zone.values() if one.vpc_id == vpc.id]
        region.groups["default"] = {"description": "default group created by console for vpc id " + vpc.id,
                                    "subnets": names}
    return "default"


# Instances.

def create_instance(dms, region, given):
    name = given["ReplicationInstanceIdentifier"].lower()
    if name in region.instances:
        raise Fault("ResourceAlreadyExistsFault", f"The replication instance {name} already exists")
    if given.get("EngineVersion", DEFAULT_VERSION) not in [one["Version"] for one in VERSIONS]:
        raise Fault("InvalidParameterValueException", f"No replication engine found with version: {given['EngineVersion']}")
    chosen = given.get("ReplicationSubnetGroupIdentifier", "").lower() or default_group(region)
    shown = group(region, chosen)
    zone = given.get("AvailabilityZone")
    in_zone = [one for one in shown["Subnets"] if zone in (None, one["SubnetAvailabilityZone"]["Name"])]
    if not in_zone:
        raise Fault("InvalidParameterValueException", f"The subnet group {chosen} has no subnet in {zone}")
    first = in_zone[0]
    seats = [first["SubnetIdentifier"]]
    if given.get("MultiAZ"):
        other = next(one for one in shown["Subnets"] if one["SubnetAvailabilityZone"] != first["SubnetAvailabilityZone"])
        seats.append(other["SubnetIdentifier"])
    security = given.get("VpcSecurityGroupIds") or [region.ec2.get_default_security_group(shown["VpcId"]).id]
    missing = [one for one in security if region.ec2.get_security_group_from_id(one) is None]
    if missing:
        raise Fault("InvalidParameterValueException", f"The security group {missing[0]} does not exist")
    public = given.get("PubliclyAccessible", True)
    interfaces = [OwnedInterface(region.ec2, subnet(region, seat), kind="interface", groups=security,
                                 description="DMSNetworkInterface", requester="AROALABDMSVPCROLE000:Default",
                                 public=public_address() if public else None) for seat in seats]
    arn = region.arn("rep", given.get("ResourceIdentifier"))
    region.instances[name] = {
        "arn": arn, "group": chosen, "interfaces": [one.id for one in interfaces], "seats": seats,
        "security": security, "public": public, "status": "available", "pending": {},
        "said": {"ReplicationInstanceIdentifier": name,
                 "ReplicationInstanceClass": given["ReplicationInstanceClass"],
                 "AllocatedStorage": given.get("AllocatedStorage", 50),
                 "InstanceCreateTime": round(datetime.now(timezone.utc).timestamp(), 3),
                 "PreferredMaintenanceWindow": given.get("PreferredMaintenanceWindow", "sun:06:00-sun:14:00"),
                 "MultiAZ": given.get("MultiAZ", False),
                 "EngineVersion": given.get("EngineVersion", DEFAULT_VERSION),
                 "AutoMinorVersionUpgrade": given.get("AutoMinorVersionUpgrade", True),
                 "KmsKeyId": given.get("KmsKeyId") or region.key,
                 "ReplicationInstanceArn": arn, "PubliclyAccessible": public,
                 "NetworkType": given.get("NetworkType", "IPV4"),
                 **({"DnsNameServers": given["DnsNameServers"]} if given.get("DnsNameServers") else {})}}
    region.tag(arn, given.get("Tags"))
    made = instance(region, region.instances[name])
    for address in ("PublicIpAddress", "PrivateIpAddress"):
        made.pop(f"ReplicationInstance{address}", None)
        made.pop(f"ReplicationInstance{address}es", None)
    return {"ReplicationInstance": {**made, "ReplicationInstanceStatus": "creating"}}


def instance(region, one):
    """An instance as DMS describes it: addresses are those of its interfaces."""
    interfaces = [region.ec2.enis[name] for name in one["interfaces"]]
    private = [each.private_ip_address for each in interfaces]
    public = [each.public_ip for each in interfaces]
    zones = [subnet(region, seat).availability_zone for seat in one["seats"]]
    shown = {**one["said"], "ReplicationInstanceStatus": one["status"],
             "VpcSecurityGroups": [{"VpcSecurityGroupId": name, "Status": "active"} for name in one["security"]],
             "AvailabilityZone": zones[0], "ReplicationSubnetGroup": group(region, one["group"]),
             "PendingModifiedValues": one["pending"],
             "ReplicationInstancePrivateIpAddress": private[0], "ReplicationInstancePrivateIpAddresses": private,
             # Without a public address DMS shows a list with a null in it.
             "ReplicationInstancePublicIpAddresses": public, "ReplicationInstanceIpv6Addresses": []}
    if public[0]:
        shown["ReplicationInstancePublicIpAddress"] = public[0]
    if len(zones) > 1:
        shown["SecondaryAvailabilityZone"] = zones[1]
    return shown


def instances(region):
    return [instance(region, one) for one in region.instances.values()]


def by_arn(region, arn):
    found = next((one for one in region.instances.values() if one["arn"] == arn), None)
    if found is None:
        raise Fault("ResourceNotFoundFault", f"Replication instance {arn} not found.")
    return found


def modify_instance(dms, region, given):
    one = by_arn(region, given["ReplicationInstanceArn"])
    if given.get("VpcSecurityGroupIds"):
        one["security"] = given["VpcSecurityGroupIds"]
        for name in one["interfaces"]:
            region.ec2.enis[name]._group_set = [region.ec2.get_security_group_from_id(each) for each in one["security"]]
    later = {name: given[name] for name in ("ReplicationInstanceClass", "AllocatedStorage", "MultiAZ", "EngineVersion",
                                            "NetworkType") if name in given}
    if given.get("ApplyImmediately"):
        one["said"].update(later)
    else:
        one["pending"].update(later)
    if "AutoMinorVersionUpgrade" in given:
        one["said"]["AutoMinorVersionUpgrade"] = given["AutoMinorVersionUpgrade"]
    return {"ReplicationInstance": instance(region, one)}


def delete_instance(dms, region, given):
    one = by_arn(region, given["ReplicationInstanceArn"])
    if any(task["ReplicationInstanceArn"] == one["arn"] for task in region.tasks.values()):
        raise Fault("InvalidResourceStateFault", "The replication instance has tasks")
    shown = instance(region, one)
    for name in one["interfaces"]:
        del region.ec2.enis[name]
    del region.instances[one["said"]["ReplicationInstanceIdentifier"]]
    return {"ReplicationInstance": {**shown, "ReplicationInstanceStatus": "deleting"}}


def engine_versions():
    return [dict(one) for one in VERSIONS]


def account_attributes(dms, region, given):
    used = {"ReplicationInstances": (len(region.instances), 60), "Endpoints": (len(region.endpoints), 1000),
            "ReplicationSubnetGroups": (len(region.groups), 60), "ReplicationTasks": (len(region.tasks), 600),
            "Certificates": (len(region.certificates), 100)}
    return {"AccountQuotas": [{"AccountQuotaName": name, "Used": now, "Max": most} for name, (now, most) in used.items()],
            "UniqueAccountIdentifier": f"dms-lab-{region.account}"}
