"""What moto's EC2 lacks or has too simply for a path to be judged, put onto its own classes."""
import base64

from moto.core.responses import ActionResult, PaginatedResult
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend, elastic_ip_addresses, elastic_network_interfaces
from moto.ec2.models.internet_gateways import InternetGateway
from moto.ec2.models.route_tables import Route
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnection
from moto.ec2.models.vpcs import VPC
from moto.ec2.responses import EC2Response
from moto.moto_api._internal import mock_random as random

from . import endpoints, gateways
from .faults import Ec2Fault
from .interfaces import public_address
from .shapes import operation


def install():
    """Puts all of it in place, once per process."""
    elastic_ip_addresses.random_ip = public_address
    elastic_network_interfaces.random_public_ip = public_address
    Route.state = property(route_state)
    for kind in (Subnet, VPC):
        kind.block_public_access_states = property(block_public_access_states)
    VPCPeeringConnection.requester_vpc_info = property(lambda pcx: peer(pcx, pcx.vpc, pcx.requester_options, True))
    VPCPeeringConnection.accepter_vpc_info = property(lambda pcx: peer(pcx, pcx.peer_vpc, pcx.accepter_options, False))
    VPC.dhcp_options_id = property(dhcp_options_id)
    plain = EC2Backend.describe_dhcp_options
    EC2Backend.describe_dhcp_options = lambda self, *given, **named: (
        default_dhcp_options(self) and plain(self, *given, **named))
    EC2Response.describe_vpc_peering_connections = describe_vpc_peering_connections
    EC2Response.serialized = serialized(EC2Response.serialized)
    for name in ("describe_vpc_block_public_access_options", "modify_vpc_block_public_access_options",
                 "create_vpc_block_public_access_exclusion", "describe_vpc_block_public_access_exclusions",
                 "delete_vpc_block_public_access_exclusion"):
        setattr(EC2Response, name, globals()[name])
    gateways.install()
    endpoints.install()


# Routes.

def route_state(route):
    """`blackhole` once what a route leads to is gone."""
    target = route.nat_gateway
    if target is not None and target.state in ("deleting", "deleted", "failed"):
        return "blackhole"
    if route.vpc_pcx is not None and route.vpc_pcx._status.code != "active":
        return "blackhole"
    gateway = route.gateway
    if isinstance(gateway, InternetGateway) and (
            gateway.id not in gateway.ec2_backend.internet_gateways
            or gateway.vpc is None or gateway.vpc.id != route.route_table.vpc_id):
        return "blackhole"
    backend = route.route_table.ec2_backend
    if route.interface is not None and route.interface.id not in backend.enis:
        return "blackhole"
    return "active"


# DHCP options.

def default_dhcp_options(backend):
    """The set that each region has from the start, and each VPC unless told otherwise."""
    if not hasattr(backend, "default_dhcp"):
        domain = "ec2.internal" if backend.region_name == "us-east-1" else f"{backend.region_name}.compute.internal"
        backend.default_dhcp = backend.create_dhcp_options(["AmazonProvidedDNS"], [domain])
    return backend.default_dhcp


def dhcp_options_id(vpc):
    return (vpc.dhcp_options or default_dhcp_options(vpc.ec2_backend)).id


# Block Public Access.

def settings(backend):
    """The account's mode and exclusions in this region; gone with the backend when it is reset."""
    if not hasattr(backend, "block_public_access"):
        backend.block_public_access = {"mode": "off", "since": utcnow(), "exclusions": {}}
    return backend.block_public_access


def block_public_access_states(thing):
    backend = thing.ec2_backend
    stated = settings(backend)
    mode = stated["mode"]
    arns = {f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:subnet/{thing.id}",
            f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:vpc/{getattr(thing, 'vpc_id', thing.id)}"}
    for exclusion in stated["exclusions"].values():
        if exclusion["ResourceArn"] in arns and exclusion["State"] == "create-complete":
            if exclusion["InternetGatewayExclusionMode"] == "allow-bidirectional":
                mode = "off"
            elif mode == "block-bidirectional":
                mode = "block-ingress"
    return {"InternetGatewayBlockMode": mode}


def options(backend):
    stated = settings(backend)
    state = "default-state" if stated["mode"] == "off" else "update-complete"
    return {"AwsAccountId": backend.account_id, "AwsRegion": backend.region_name, "State": state,
            "InternetGatewayBlockMode": stated["mode"], "LastUpdateTimestamp": stated["since"],
            "ManagedBy": "account", "ExclusionsAllowed": "allowed"}


def describe_vpc_block_public_access_options(self):
    return ActionResult({"VpcBlockPublicAccessOptions": options(self.ec2_backend)})


def modify_vpc_block_public_access_options(self):
    settings(self.ec2_backend).update(mode=self._get_param("InternetGatewayBlockMode"), since=utcnow())
    return ActionResult({"VpcBlockPublicAccessOptions": options(self.ec2_backend)})


def create_vpc_block_public_access_exclusion(self):
    backend = self.ec2_backend
    subnet, vpc = self._get_param("SubnetId"), self._get_param("VpcId")
    if bool(subnet) == bool(vpc):
        raise Ec2Fault("InvalidParameterCombination", "Specify either a subnet or a VPC.")
    (backend.get_subnet if subnet else backend.get_vpc)(subnet or vpc)
    resource = f"subnet/{subnet}" if subnet else f"vpc/{vpc}"
    exclusion = {"ExclusionId": f"vpcbpa-exclude-0{random.get_random_hex(16)}",
                 "InternetGatewayExclusionMode": self._get_param("InternetGatewayExclusionMode"),
                 "ResourceArn": f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:{resource}",
                 "State": "create-complete", "CreationTimestamp": utcnow(), "LastUpdateTimestamp": utcnow()}
    settings(backend)["exclusions"][exclusion["ExclusionId"]] = exclusion
    return ActionResult({"VpcBlockPublicAccessExclusion": {**exclusion, "State": "create-in-progress"}})


def describe_vpc_block_public_access_exclusions(self):
    wanted = self._get_param("ExclusionIds", [])
    exclusions = settings(self.ec2_backend)["exclusions"]
    shown = [one for name, one in exclusions.items() if not wanted or name in wanted]
    return ActionResult({"VpcBlockPublicAccessExclusions": shown})


def delete_vpc_block_public_access_exclusion(self):
    exclusion = settings(self.ec2_backend)["exclusions"].pop(self._get_param("ExclusionId"), None)
    if exclusion is None:
        raise Ec2Fault("InvalidVpcBlockPublicAccessExclusionId.NotFound", "The exclusion does not exist.")
    return ActionResult({"VpcBlockPublicAccessExclusion": {**exclusion, "State": "delete-in-progress"}})


# Peering.

def peer(connection, vpc, given, known_before):
    """One side of a peering; the other side's blocks show only once it is active."""
    shown = {"OwnerId": vpc.owner_id, "Region": vpc.region, "VpcId": vpc.id}
    if known_before or connection._status.code == "active":
        blocks = [one["cidr_block"] for one in vpc.get_cidr_block_association_set()]
        shown |= {"CidrBlock": vpc.cidr_block, "CidrBlockSet": [{"CidrBlock": block} for block in blocks],
                  "PeeringOptions": given}
    return shown


def describe_vpc_peering_connections(self):
    filters = self._filters_from_querystring()
    readers = {
        "accepter-vpc-info.vpc-id": lambda pcx: pcx.peer_vpc.id,
        "accepter-vpc-info.owner-id": lambda pcx: pcx.peer_vpc.owner_id,
        "requester-vpc-info.vpc-id": lambda pcx: pcx.vpc.id,
        "requester-vpc-info.owner-id": lambda pcx: pcx.vpc.owner_id,
        "status-code": lambda pcx: pcx._status.code,
        "vpc-peering-connection-id": lambda pcx: pcx.id,
    }
    unknown = [name for name in filters if name not in readers]
    if unknown:
        raise Ec2Fault("InvalidParameterValue", f"The filter '{unknown[0]}' is invalid")
    found = self.ec2_backend.describe_vpc_peering_connections(self._get_param("VpcPeeringConnectionIds", []))
    for name, values in filters.items():
        found = [pcx for pcx in found if readers[name](pcx) in values]
    return ActionResult({"VpcPeeringConnections": found})


# Paging, with each call's own bounds.

def serialized(original):
    """Cuts a list into pages as the call's model has it; moto gives most lists whole."""
    def cut(self, result):
        action = self._get_action()
        model = operation("ec2", action)
        if (isinstance(result, PaginatedResult) or not isinstance(result.result, dict) or model is None
                or "NextToken" not in model.output_shape.members or result.result.get("NextToken")):
            return original(self, result)
        size, token = self._get_int_param("MaxResults"), self._get_param("NextToken")
        bounds = model.input_shape.members.get("MaxResults")
        if size is not None and bounds is not None:
            least, most = bounds.metadata.get("min", 1), bounds.metadata.get("max", 1000)
            if not least <= size <= most:
                return original(self, ActionResult(Ec2Fault(
                    "InvalidParameterValue", f"Value ( {size} ) for parameter maxResults is invalid. "
                    f"Expecting a value between {least} and {most}.")))
            ids = [name for name, value in self._get_params().items() if name.endswith("Ids") and value]
            if ids:
                return original(self, ActionResult(Ec2Fault(
                    "InvalidParameterCombination", f"The parameter {ids[0]} cannot be used with the parameter maxResults")))
        names = [name for name, value in result.result.items() if isinstance(value, (list, tuple))]
        if size is None or len(names) != 1:
            return original(self, result)
        start = int(base64.b64decode(token)) if token else 0
        whole = result.result[names[0]]
        shown = {**result.result, names[0]: whole[start:start + size]}
        if start + size < len(whole):
            shown["NextToken"] = base64.b64encode(str(start + size).encode()).decode()
        return original(self, ActionResult(shown))
    return cut
