"""Who calls, and what their policies allow: IAM users and roles of moto, enforced here.

moto can enforce too, but words every denial as IAM does and looks at no resource.
"""
import hmac
import json
from fnmatch import fnmatchcase

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, get_account_id_from, iam_backends
from moto.utilities.utils import get_partition

from . import faults

# The account's owner: may do all, whatever is enforced. The seeds work as this one.
OWNER = "AKIALABOWNER00000000"


class Caller:
    """An access key and what stands behind it."""

    def __init__(self, call):
        self.call = call
        self.account = get_account_id_from(call.access_key)
        headers = {"X-Amz-Security-Token": call.headers["x-amz-security-token"]} \
            if "x-amz-security-token" in call.headers else {}
        try:
            self.key = create_access_key(self.account, get_partition(call.region), call.access_key, headers)
        except CreateAccessKeyFailure:
            raise faults.unknown_key(call) from None

    @property
    def arn(self):
        return self.key.arn

    def check_signature(self):
        """Computes the signature anew with the key's secret."""
        call, credentials = self.call, self.key.create_credentials()
        authorization = call.headers["authorization"]
        part = {item.split("=", 1)[0].strip(): item.split("=", 1)[1] for item in
                authorization.split(" ", 1)[1].split(",")}
        signed = part["SignedHeaders"].split(";")
        request = AWSRequest(method=call.method,
                             url=f"http://{call.headers['host']}{call.path}" + (f"?{call.query}" if call.query else ""),
                             data=call.body,
                             headers={name: call.headers[name] for name in signed if name in call.headers})
        request.context["timestamp"] = call.headers["x-amz-date"]
        signer = SigV4Auth(Credentials(credentials.access_key, credentials.secret_key), call.service, call.region)
        canonical = signer.canonical_request(request)
        expected = signer.signature(signer.string_to_sign(request, canonical), request)
        if not hmac.compare_digest(expected, part["Signature"]):
            raise faults.wrong_signature(call)

    def statements(self):
        """Every statement of the key's policies."""
        for policy in self.key.collect_policies():
            if isinstance(policy, str):
                document = policy
            elif isinstance(policy, dict):
                document = policy["policy_document"]
            else:
                document = next(version.document for version in policy.versions if version.is_default)
            stated = json.loads(document)["Statement"]
            yield from stated if isinstance(stated, list) else [stated]

    def check_allowed(self):
        """Raises the denial that AWS would answer."""
        call = self.call
        if call.name == "sts:GetCallerIdentity":
            return
        resources = resources_of(call, self.account)
        for resource in resources:
            effects = [statement["Effect"] for statement in self.statements()
                       if concerns(statement, call.name, resource)]
            if "Deny" in effects or "Allow" not in effects:
                raise faults.denied(call, self.arn, resource)


def resources_of(call, account):
    """The resources that AWS holds against a policy; most reading calls have `*` alone."""
    partition, region, given = get_partition(call.region), call.region, call.parameters
    if call.service == "iam" and "RoleName" in given:
        role = iam_backends[account][partition].roles.values()
        return [next((one.arn for one in role if one.name == given["RoleName"]),
                     f"arn:{partition}:iam::{account}:role/{given['RoleName']}")]
    if call.service == "secretsmanager" and "SecretId" in given:
        from moto.secretsmanager.models import secretsmanager_backends
        secrets = secretsmanager_backends[account][region].secrets
        name = given["SecretId"]
        found = next((one.arn for one in secrets.values() if name in (one.arn, one.name)), None)
        return [found or f"arn:{partition}:secretsmanager:{region}:{account}:secret:{name}"]
    if call.service == "kms" and "KeyId" in given:
        name = given["KeyId"]
        return [name if name.startswith("arn:") else f"arn:{partition}:kms:{region}:{account}:key/{name}"]
    if call.name == "dms:TestConnection":
        return [given.get("ReplicationInstanceArn", "*"), given.get("EndpointArn", "*")]
    return ["*"]


def listed(value):
    return value if isinstance(value, list) else [value]


def concerns(statement, action, resource):
    """Whether a statement speaks of this action on this resource. Conditions aren't looked at."""
    def matches(patterns, text):
        return any(fnmatchcase(text, pattern) for pattern in listed(patterns))
    if "Action" in statement:
        about = any(fnmatchcase(action.lower(), pattern.lower()) for pattern in listed(statement["Action"]))
    else:
        about = not matches(statement.get("NotAction", []), action)
    if not about:
        return False
    if "NotResource" in statement:
        return not matches(statement["NotResource"], resource)
    # A call on no certain resource is allowed by any statement that gives the action on everything.
    return matches(statement.get("Resource", []), resource)


def install():
    """Keeps of AWS's 1,300 managed policies those that a test can meet; all of them would cost every reset a second."""
    whole = json.loads(aws_managed_policies_data)
    kept = {name: policy for name, policy in whole.items()
            if name.startswith("AmazonDMS") or name in ("AdministratorAccess", "ReadOnlyAccess")}
    IAMBackend._init_aws_policies = lambda self: [
        AWSManagedPolicy.from_data(name, self.account_id, self.region_name, policy) for name, policy in kept.items()]
