"""Replication tasks, and serverless replications."""
import json
from datetime import datetime, timezone

from . import databases, replication
from .faults import Fault

DEFAULT_SETTINGS = {
    "TargetMetadata": {"TargetSchema": "", "SupportLobs": True, "FullLobMode": False, "LimitedSizeLobMode": True,
                       "LobMaxSize": 32, "BatchApplyEnabled": False},
    "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING", "MaxFullLoadSubTasks": 8, "CommitRate": 10000},
    "Logging": {"EnableLogging": True},
    "ControlTablesSettings": {"ControlSchema": ""},
}


def now():
    return round(datetime.now(timezone.utc).timestamp(), 3)


def settings(text):
    """The settings given, over DMS's defaults, as DMS gives them back: JSON in a string."""
    try:
        given = json.loads(text or "{}")
    except ValueError:
        raise Fault("InvalidParameterValueException", "The task settings are not valid JSON") from None
    whole = {name: {**DEFAULT_SETTINGS.get(name, {}), **given.get(name, {})} for name in {**DEFAULT_SETTINGS, **given}}
    return json.dumps(whole)


def mappings(text):
    try:
        json.loads(text)
    except ValueError:
        raise Fault("InvalidParameterValueException", "The table mappings are not valid JSON") from None
    return text


def sides(region, given):
    """Both endpoints, each in its role."""
    for member, role in (("SourceEndpointArn", "SOURCE"), ("TargetEndpointArn", "TARGET")):
        endpoint = databases.endpoint_by_arn(region, given[member])
        if endpoint["EndpointType"] != role:
            raise Fault("InvalidParameterValueException", f"{given[member]} is no {role.lower()} endpoint")
    return {member: given[member] for member in ("SourceEndpointArn", "TargetEndpointArn")}


# Tasks.

def create_task(dms, region, given):
    name = given["ReplicationTaskIdentifier"].lower()
    if name in region.tasks:
        raise Fault("ResourceAlreadyExistsFault", f"The replication task {name} already exists")
    replication.by_arn(region, given["ReplicationInstanceArn"])
    arn = region.arn("task", given.get("ResourceIdentifier"))
    region.tasks[name] = {
        "ReplicationTaskIdentifier": name, "ReplicationTaskArn": arn, **sides(region, given),
        "ReplicationInstanceArn": given["ReplicationInstanceArn"], "MigrationType": given["MigrationType"],
        "TableMappings": mappings(given["TableMappings"]),
        "ReplicationTaskSettings": settings(given.get("ReplicationTaskSettings")), "Status": "ready",
        "ReplicationTaskCreationDate": now()}
    region.tag(arn, given.get("Tags"))
    return {"ReplicationTask": {**region.tasks[name], "Status": "creating"}}


def tasks(region, given):
    if not given.get("WithoutSettings"):
        return list(region.tasks.values())
    return [{name: value for name, value in task.items() if name != "ReplicationTaskSettings"}
            for task in region.tasks.values()]


def task(region, arn):
    found = next((one for one in region.tasks.values() if one["ReplicationTaskArn"] == arn), None)
    if found is None:
        raise Fault("ResourceNotFoundFault", f"Replication task {arn} not found.")
    return found


def modify_task(dms, region, given):
    found = task(region, given["ReplicationTaskArn"])
    if "MigrationType" in given:
        found["MigrationType"] = given["MigrationType"]
    if "TableMappings" in given:
        found["TableMappings"] = mappings(given["TableMappings"])
    if "ReplicationTaskSettings" in given:
        found["ReplicationTaskSettings"] = settings(given["ReplicationTaskSettings"])
    return {"ReplicationTask": {**found, "Status": "modifying"}}


def delete_task(dms, region, given):
    found = task(region, given["ReplicationTaskArn"])
    del region.tasks[found["ReplicationTaskIdentifier"]]
    return {"ReplicationTask": {**found, "Status": "deleting"}}


# Serverless.

def create_config(dms, region, given):
    name = given["ReplicationConfigIdentifier"].lower()
    if name in region.configs:
        raise Fault("ResourceAlreadyExistsFault", f"The replication config {name} already exists")
    compute = {**given["ComputeConfig"]}
    chosen = compute.get("ReplicationSubnetGroupId")
    if chosen:
        replication.group(region, chosen.lower())
    arn = region.arn("replication-config", given.get("ResourceIdentifier"))
    config = {"ReplicationConfigIdentifier": name, "ReplicationConfigArn": arn, **sides(region, given),
              "ReplicationType": given["ReplicationType"], "ComputeConfig": compute,
              "ReplicationSettings": settings(given.get("ReplicationSettings")),
              "TableMappings": mappings(given["TableMappings"]), "ReplicationConfigCreateTime": now(),
              "ReplicationConfigUpdateTime": now()}
    region.configs[name] = config
    region.replications[name] = {
        "ReplicationConfigIdentifier": name, "ReplicationConfigArn": arn, **sides(region, given),
        "ReplicationType": given["ReplicationType"], "Status": "created", "ReplicationCreateTime": now(),
        "ReplicationUpdateTime": now()}
    region.tag(arn, given.get("Tags"))
    return {"ReplicationConfig": config}


def config(region, arn):
    found = next((one for one in region.configs.values() if one["ReplicationConfigArn"] == arn), None)
    if found is None:
        raise Fault("ResourceNotFoundFault", f"Replication config {arn} not found.")
    return found


def modify_config(dms, region, given):
    found = config(region, given["ReplicationConfigArn"])
    for member in ("ReplicationType", "SourceEndpointArn", "TargetEndpointArn"):
        if member in given:
            found[member] = given[member]
    if "ComputeConfig" in given:
        found["ComputeConfig"] = {**found["ComputeConfig"], **given["ComputeConfig"]}
    if "TableMappings" in given:
        found["TableMappings"] = mappings(given["TableMappings"])
    if "ReplicationSettings" in given:
        found["ReplicationSettings"] = settings(given["ReplicationSettings"])
    found["ReplicationConfigUpdateTime"] = now()
    return {"ReplicationConfig": found}


def delete_config(dms, region, given):
    found = config(region, given["ReplicationConfigArn"])
    name = found["ReplicationConfigIdentifier"]
    del region.configs[name], region.replications[name]
    return {"ReplicationConfig": found}


def start_replication(dms, region, given):
    """Provisions, tests the connections as DMS does at the start, and runs or fails."""
    found = config(region, given["ReplicationConfigArn"])
    name = found["ReplicationConfigIdentifier"]
    one = region.replications[name]
    failed = []
    for member in ("SourceEndpointArn", "TargetEndpointArn"):
        endpoint = databases.endpoint_by_arn(region, found[member])
        outcome = next((dms.outcomes[key] for key in ((name, endpoint["EndpointIdentifier"]), (name, "*"))
                        if key in dms.outcomes), {})
        if outcome.get("status") == "failed":
            failed.append(f"Test connection failed for endpoint '{endpoint['EndpointIdentifier']}' and replication "
                          f"config '{name}'. Failure Message: '{outcome.get('message', '')}'")
    one.update({"StartReplicationType": given["StartReplicationType"], "ReplicationUpdateTime": now(),
                "ProvisionData": {"ProvisionState": "provisioned", "ProvisionedCapacityUnits":
                                  found["ComputeConfig"].get("MinCapacityUnits", 2), "DateProvisioned": now()}})
    if failed:
        one.update({"Status": "failed", "FailureMessages": failed})
    else:
        one.update({"Status": "running", "FailureMessages": []})
    return {"Replication": {**one, "Status": "initializing"}}


def stop_replication(dms, region, given):
    found = config(region, given["ReplicationConfigArn"])
    one = region.replications[found["ReplicationConfigIdentifier"]]
    if one["Status"] != "running":
        raise Fault("InvalidResourceStateFault", "The replication is not running")
    one["Status"] = "stopped"
    return {"Replication": {**one, "Status": "stopping"}}
