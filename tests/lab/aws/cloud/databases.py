"""Endpoints, the certificates they verify with, and tests of connections."""
import time
import warnings
from datetime import datetime, timezone

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .faults import Fault
from .replication import by_arn

SETTINGS = "MySQLSettings"


# Endpoints.

def create_endpoint(dms, region, given):
    name = given["EndpointIdentifier"].lower()
    if name in region.endpoints:
        raise Fault("ResourceAlreadyExistsFault", f"The endpoint {name} already exists")
    settings = given.get(SETTINGS, {})
    secret = settings.get("SecretsManagerSecretId")
    clear = [member for member in ("Username", "Password", "ServerName", "Port") if member in given or member in settings]
    if secret and clear:
        raise Fault("InvalidParameterCombinationException",
                    f"Clear text {clear[0]} and a Secrets Manager secret can't both be given")
    if given.get("SslMode", "none").startswith("verify") and "CertificateArn" not in given:
        raise Fault("InvalidParameterCombinationException", f"The SSL mode {given['SslMode']} needs a certificate")
    arn = region.arn("endpoint", given.get("ResourceIdentifier"))
    endpoint = {"EndpointIdentifier": name, "EndpointArn": arn, "EndpointType": given["EndpointType"].upper(),
                "EngineName": given["EngineName"], "Status": "active", "SslMode": given.get("SslMode", "none"),
                "EngineDisplayName": {"mysql": "MySQL", "mariadb": "MariaDB", "aurora": "Amazon Aurora MySQL"}.get(
                    given["EngineName"], given["EngineName"]),
                "KmsKeyId": given.get("KmsKeyId") or region.key}
    region.endpoints[name] = endpoint
    update(region, endpoint, given)
    region.tag(arn, given.get("Tags"))
    return {"Endpoint": shown(dms, endpoint)}


def update(region, endpoint, given):
    if given.get("CertificateArn"):
        certificate(region, given["CertificateArn"])
    for member in ("EngineName", "Username", "ServerName", "Port", "DatabaseName", "ExtraConnectionAttributes",
                   "CertificateArn", "SslMode", "ServiceAccessRoleArn"):
        if given.get(member) not in (None, ""):
            endpoint[member] = given[member]
        elif member in given:
            endpoint.pop(member, None)
    # The password stays with DMS: no answer has it.
    settings = {member: value for member, value in given.get(SETTINGS, {}).items() if member != "Password"}
    for member in ("Username", "ServerName", "Port", "DatabaseName"):
        if member in settings:
            endpoint[member] = settings[member]
    if settings or SETTINGS in endpoint:
        endpoint[SETTINGS] = {**({} if given.get("ExactSettings") else endpoint.get(SETTINGS, {})), **settings}


def shown(dms, endpoint):
    """An endpoint; with the member that AWS never sends, when a test wants it."""
    if dms.password is None:
        return endpoint
    settings = {**endpoint.get(SETTINGS, {}), "Password": dms.password}
    return {**endpoint, SETTINGS: settings}


def endpoints(dms, region):
    return [shown(dms, one) for one in region.endpoints.values()]


def endpoint_by_arn(region, arn):
    found = next((one for one in region.endpoints.values() if one["EndpointArn"] == arn), None)
    if found is None:
        raise Fault("ResourceNotFoundFault", f"Endpoint {arn} not found.")
    return found


def modify_endpoint(dms, region, given):
    endpoint = endpoint_by_arn(region, given["EndpointArn"])
    update(region, endpoint, given)
    return {"Endpoint": shown(dms, endpoint)}


def delete_endpoint(dms, region, given):
    endpoint = endpoint_by_arn(region, given["EndpointArn"])
    arn = endpoint["EndpointArn"]
    if any(arn in (task["SourceEndpointArn"], task["TargetEndpointArn"])
           for task in [*region.tasks.values(), *region.configs.values()]):
        raise Fault("InvalidResourceStateFault", "The endpoint is in use")
    del region.endpoints[endpoint["EndpointIdentifier"]]
    region.connections = {key: one for key, one in region.connections.items() if key[1] != arn}
    return {"Endpoint": {**endpoint, "Status": "deleting"}}


def settings(given):
    """What may be set on a MySQL endpoint; other engines aren't the lab's."""
    if given["EngineName"] not in ("mysql", "mariadb", "aurora"):
        raise NotImplementedError(f"the lab knows no settings of {given['EngineName']}")
    kinds = {"AfterConnectScript": "string", "CleanSourceMetadataOnMismatch": "boolean", "EventsPollInterval": "integer",
             "ExecuteTimeout": "integer", "MaxFileSize": "integer", "ParallelLoadThreads": "integer",
             "ServerTimezone": "string", "TargetDbType": "enum"}
    return [{"Name": name, "Type": kind, "Sensitive": False,
             **({"EnumValues": ["SPECIFIC_DATABASE", "MULTIPLE_DATABASES"]} if kind == "enum" else {})}
            for name, kind in kinds.items()]


# Certificates.

def import_certificate(dms, region, given):
    name = given["CertificateIdentifier"].lower()
    if name in region.certificates:
        raise Fault("ResourceAlreadyExistsFault", f"The certificate {name} already exists")
    if "CertificatePem" not in given:
        raise Fault("InvalidCertificateFault", "A PEM is needed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            first = x509.load_pem_x509_certificates(given["CertificatePem"].encode())[0]
            first.public_bytes(Encoding.DER)
    except (ValueError, IndexError) as error:
        raise Fault("InvalidCertificateFault", f"The certificate was not valid: {error}") from None
    key = first.public_key()
    algorithm = first.signature_algorithm_oid._name
    arn = region.arn("cert")
    region.certificates[name] = {
        "CertificateIdentifier": name, "CertificateArn": arn, "CertificatePem": given["CertificatePem"],
        "CertificateCreationDate": round(datetime.now(timezone.utc).timestamp(), 3),
        "CertificateOwner": region.account, "ValidFromDate": first.not_valid_before_utc.timestamp(),
        "ValidToDate": first.not_valid_after_utc.timestamp(), "SigningAlgorithm": algorithm,
        "KeyLength": getattr(key, "key_size", 0)}
    region.tag(arn, given.get("Tags"))
    return {"Certificate": region.certificates[name]}


def certificate(region, arn):
    found = next((one for one in region.certificates.values() if one["CertificateArn"] == arn), None)
    if found is None:
        raise Fault("ResourceNotFoundFault", f"Certificate {arn} not found.")
    return found


def delete_certificate(dms, region, given):
    found = certificate(region, given["CertificateArn"])
    del region.certificates[found["CertificateIdentifier"]]
    return {"Certificate": found}


# Connections.

def test_connection(dms, region, given):
    instance = by_arn(region, given["ReplicationInstanceArn"])
    endpoint = endpoint_by_arn(region, given["EndpointArn"])
    if instance["status"] != "available":
        raise Fault("InvalidResourceStateFault",
                    f"Replication instance {instance['arn']} is in the state {instance['status']}")
    outcome = outcome_of(dms, instance, endpoint)
    region.connections[instance["arn"], endpoint["EndpointArn"]] = {
        "said": names(instance, endpoint), "until": time.monotonic() + outcome.get("seconds", 0),
        "status": outcome.get("status", "successful"), "message": outcome.get("message", "")}
    return {"Connection": {**names(instance, endpoint), "Status": "testing", "LastFailureMessage": ""}}


def names(instance, endpoint):
    return {"ReplicationInstanceArn": instance["arn"], "EndpointArn": endpoint["EndpointArn"],
            "EndpointIdentifier": endpoint["EndpointIdentifier"],
            "ReplicationInstanceIdentifier": instance["said"]["ReplicationInstanceIdentifier"]}


def outcome_of(dms, instance, endpoint):
    """What a test set for this instance and endpoint, by identifier or ARN; else success at once."""
    for by_instance in (instance["arn"], instance["said"]["ReplicationInstanceIdentifier"], "*"):
        for by_endpoint in (endpoint["EndpointArn"], endpoint["EndpointIdentifier"], "*"):
            if (by_instance, by_endpoint) in dms.outcomes:
                return dms.outcomes[by_instance, by_endpoint]
    return {}


def connections(dms, region):
    result = []
    for one in region.connections.values():
        running = time.monotonic() < one["until"]
        result.append({**one["said"], "Status": "testing" if running else one["status"],
                       "LastFailureMessage": "" if running else one["message"]})
    return result


def delete_connection(dms, region, given):
    one = region.connections.pop((given["ReplicationInstanceArn"], given["EndpointArn"]), None)
    if one is None:
        raise Fault("ResourceNotFoundFault", "The connection was not found.")
    return {"Connection": {**one["said"], "Status": "deleting", "LastFailureMessage": ""}}
