"""AWS DMS: its calls, filters, pages and faults. What they are about is in `replication`, `databases`, `migrations`."""
import base64
import json
from datetime import datetime, timezone

from botocore.validate import ParamValidator
from moto.ec2.models import ec2_backends
from moto.iam.models import get_account_id_from
from moto.kms.models import kms_backends
from moto.moto_api._internal import mock_random as random
from moto.utilities.utils import get_partition

from . import databases, migrations, replication
from .faults import Fault
from .shapes import operation

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def now():
    """The present, as the JSON protocol writes it."""
    return round(datetime.now(timezone.utc).timestamp(), 3)


class Region:
    """What an account has of DMS in one region."""

    def __init__(self, account, region):
        self.account, self.region = account, region
        self.partition = get_partition(region)
        self.groups, self.instances, self.endpoints, self.certificates = {}, {}, {}, {}
        self.tasks, self.configs, self.replications, self.connections = {}, {}, {}, {}
        self.tags = {}
        self._key = None

    @property
    def ec2(self):
        return ec2_backends[self.account][self.region]

    @property
    def key(self):
        """The key that AWS keeps for DMS in every region: `aws/dms`."""
        if self._key is None:
            backend = kms_backends[self.account][self.region]
            made = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Default key of DMS", None)
            made.key_manager = "AWS"
            self._key = made.arn
        return self._key

    def arn(self, kind, name=None):
        name = name or "".join(random.choice(LETTERS) for _ in range(26))
        return f"arn:{self.partition}:dms:{self.region}:{self.account}:{kind}:{name}"

    def tag(self, arn, tags):
        self.tags.setdefault(arn, {}).update({tag["Key"]: tag.get("Value", "") for tag in tags or []})


class Dms:
    """The service: regions of accounts, and what a test wants of them."""

    def __init__(self):
        self.regions = {}
        self.outcomes = {}
        self.password = None

    def region(self, call):
        key = (get_account_id_from(call.access_key), call.region)
        return self.regions.setdefault(key, Region(*key))

    def answer(self, call):
        """The answer to one call, as the JSON to send."""
        known = operation("dms", call.action)
        handler = HANDLERS.get(call.action)
        if known is None:
            raise Fault("UnknownOperationException", "")
        if handler is None:
            raise NotImplementedError(f"the lab knows no {call.name}")
        report = ParamValidator().validate(call.parameters, known.input_shape)
        if report.has_errors():
            raise Fault("InvalidParameterValueException", report.generate_report())
        return handler(self, self.region(call), call.parameters)


# Lists.

def describe(member, things, filters, known_as, default=100):
    """A Describe call over one kind of thing: filters, then pages."""
    def handler(dms, region, given):
        found = things(dms, region, given)
        for wanted in given.get("Filters", []):
            reader = filters.get(wanted["Name"])
            if reader is None:
                raise Fault("InvalidParameterValueException", f"The filter {wanted['Name']} is not supported")
            found = [one for one in found if set(reader(one)) & set(wanted["Values"])]
        if given.get("Filters") and not found:
            values = [value for wanted in given["Filters"] for value in wanted["Values"]]
            raise Fault("ResourceNotFoundFault", f"{known_as} {', '.join(values)} not found.")
        size = given.get("MaxRecords", default)
        if "MaxRecords" in given and not 20 <= size <= 100:
            raise Fault("InvalidParameterValueException",
                        "Invalid value for MaxRecords. The value must be between 20 and 100.")
        start = place(given.get("Marker"))
        page = {member: found[start:start + size]}
        if start + size < len(found):
            page["Marker"] = base64.b64encode(json.dumps({"from": start + size}).encode()).decode()
        return page
    return handler


def place(marker):
    if not marker:
        return 0
    try:
        return json.loads(base64.b64decode(marker))["from"]
    except (ValueError, KeyError):
        raise Fault("InvalidParameterValueException", "The marker is not valid") from None


def of(*members):
    """Reads one member of a thing, for a filter."""
    return lambda one: [one[member] for member in members if one.get(member) is not None]


def engine(one):
    return [one["EngineName"]]


def kind(one):
    """Endpoint types are told in capitals and asked for in any case."""
    return [one["EndpointType"], one["EndpointType"].lower()]


HANDLERS = {
    "CreateReplicationSubnetGroup": replication.create_group,
    "ModifyReplicationSubnetGroup": replication.modify_group,
    "DeleteReplicationSubnetGroup": replication.delete_group,
    "DescribeReplicationSubnetGroups": describe(
        "ReplicationSubnetGroups", lambda dms, region, _: replication.groups(region),
        {"replication-subnet-group-id": of("ReplicationSubnetGroupIdentifier")}, "Replication subnet group"),
    "CreateReplicationInstance": replication.create_instance,
    "ModifyReplicationInstance": replication.modify_instance,
    "DeleteReplicationInstance": replication.delete_instance,
    "DescribeReplicationInstances": describe(
        "ReplicationInstances", lambda dms, region, _: replication.instances(region),
        {"replication-instance-arn": of("ReplicationInstanceArn"),
         "replication-instance-id": of("ReplicationInstanceIdentifier"),
         "replication-instance-class": of("ReplicationInstanceClass"),
         "engine-version": of("EngineVersion")}, "Replication instance"),
    "DescribeEngineVersions": describe(
        "EngineVersions", lambda dms, region, _: replication.engine_versions(), {}, "Engine version"),
    "DescribePendingMaintenanceActions": describe(
        "PendingMaintenanceActions", lambda dms, region, _: [], {}, "Pending maintenance action"),
    "DescribeAccountAttributes": replication.account_attributes,
    "CreateEndpoint": databases.create_endpoint,
    "ModifyEndpoint": databases.modify_endpoint,
    "DeleteEndpoint": databases.delete_endpoint,
    "DescribeEndpoints": describe(
        "Endpoints", lambda dms, region, _: databases.endpoints(dms, region),
        {"endpoint-arn": of("EndpointArn"), "endpoint-id": of("EndpointIdentifier"),
         "endpoint-type": kind, "engine-name": engine}, "Endpoint"),
    "DescribeEndpointSettings": describe(
        "EndpointSettings", lambda dms, region, given: databases.settings(given), {}, "Endpoint setting"),
    "ImportCertificate": databases.import_certificate,
    "DeleteCertificate": databases.delete_certificate,
    "DescribeCertificates": describe(
        "Certificates", lambda dms, region, _: list(region.certificates.values()),
        {"certificate-arn": of("CertificateArn"), "certificate-id": of("CertificateIdentifier")},
        "Certificate", default=10),
    "TestConnection": databases.test_connection,
    "DeleteConnection": databases.delete_connection,
    "DescribeConnections": describe(
        "Connections", lambda dms, region, _: databases.connections(dms, region),
        {"endpoint-arn": of("EndpointArn"), "replication-instance-arn": of("ReplicationInstanceArn")}, "Connection"),
    "CreateReplicationTask": migrations.create_task,
    "ModifyReplicationTask": migrations.modify_task,
    "DeleteReplicationTask": migrations.delete_task,
    "DescribeReplicationTasks": describe(
        "ReplicationTasks", lambda dms, region, given: migrations.tasks(region, given),
        {"replication-task-arn": of("ReplicationTaskArn"), "replication-task-id": of("ReplicationTaskIdentifier"),
         "migration-type": of("MigrationType"), "endpoint-arn": of("SourceEndpointArn", "TargetEndpointArn"),
         "replication-instance-arn": of("ReplicationInstanceArn")}, "Replication task"),
    "CreateReplicationConfig": migrations.create_config,
    "ModifyReplicationConfig": migrations.modify_config,
    "DeleteReplicationConfig": migrations.delete_config,
    "DescribeReplicationConfigs": describe(
        "ReplicationConfigs", lambda dms, region, _: list(region.configs.values()),
        {"replication-config-arn": of("ReplicationConfigArn"),
         "replication-config-id": of("ReplicationConfigIdentifier")}, "Replication config"),
    "StartReplication": migrations.start_replication,
    "StopReplication": migrations.stop_replication,
    "DescribeReplications": describe(
        "Replications", lambda dms, region, _: list(region.replications.values()),
        {"replication-config-arn": of("ReplicationConfigArn"),
         "replication-config-id": of("ReplicationConfigIdentifier")}, "Replication"),
    "AddTagsToResource": lambda dms, region, given: region.tag(given["ResourceArn"], given["Tags"]) or {},
    "ListTagsForResource": lambda dms, region, given: {"TagList": [
        {"Key": key, "Value": value, "ResourceArn": arn}
        for arn in [given.get("ResourceArn"), *given.get("ResourceArnList", [])] if arn
        for key, value in region.tags.get(arn, {}).items()]},
}
