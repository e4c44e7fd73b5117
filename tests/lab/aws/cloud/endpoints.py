"""Interface endpoints: interfaces with their own security groups, acceptance by the service's owner."""
from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_vpc_ep_id
from moto.moto_api._internal import mock_random as random

from .faults import Ec2Fault
from .interfaces import OwnedInterface, every_backend


def install():
    asked = EC2Response.create_vpc_endpoint
    EC2Response.create_vpc_endpoint = lambda self: with_addresses(self, asked)
    plain = EC2Backend.create_vpc_endpoint
    EC2Backend.create_vpc_endpoint = lambda self, *given, **named: create(self, plain, *given, **named)
    service = EC2Backend.create_vpc_endpoint_service_configuration
    EC2Backend.create_vpc_endpoint_service_configuration = (
        lambda self, *given, **named: with_real_id(self, service(self, *given, **named)))
    modify = EC2Response.modify_vpc_endpoint
    EC2Response.modify_vpc_endpoint = lambda self: modified(self, modify)
    EC2Response.accept_vpc_endpoint_connections = lambda self: answered(self, "available")
    EC2Response.reject_vpc_endpoint_connections = lambda self: answered(self, "rejected")
    EC2Response.describe_vpc_endpoint_connections = describe_vpc_endpoint_connections


def with_addresses(self, asked):
    """Notes which addresses the customer wants in which subnet; moto doesn't pass it on."""
    self.ec2_backend.wanted_addresses = {
        one["SubnetId"]: one["Ipv4"] for one in self._get_param("SubnetConfigurations", []) if "Ipv4" in one}
    return asked(self)


def with_real_id(backend, service):
    """moto's ids are short ones."""
    del backend.configurations[service.id]
    service.id = f"vpce-svc-0{random.get_random_hex(16)}"
    service.service_name = f"com.amazonaws.vpce.{backend.region_name}.{service.id}"
    service.endpoint_dns_name = f"{service.id}.{backend.region_name}.vpce.amazonaws.com"
    backend.configurations[service.id] = service
    return service


def service_named(name):
    """The endpoint service of any account."""
    return next((one for backend in every_backend() for one in backend.configurations.values()
                 if one.service_name == name), None)


def create(backend, plain, *given, **named):
    kind = named.get("endpoint_type") or ""
    if kind.lower() != "interface":
        return plain(backend, *given, **named)
    name = named["service_name"]
    service = service_named(name)
    if service is None and ".vpce-svc-" in name:
        raise Ec2Fault("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    waits = service is not None and service.acceptance_required
    if waits and named.get("private_dns_enabled"):
        raise Ec2Fault("InvalidParameter", "Private DNS can only be enabled after the endpoint connection is accepted by the owner.")
    backend.get_vpc(named["vpc_id"])
    groups = named.get("security_group_ids") or [backend.get_default_security_group(named["vpc_id"]).id]
    endpoint_id = random_vpc_ep_id()
    subnets = [backend.get_subnet(one) for one in named.get("subnet_ids") or []]
    wanted = getattr(backend, "wanted_addresses", {})
    interfaces = [OwnedInterface(backend, subnet, kind="vpc_endpoint", groups=groups, private=wanted.get(subnet.id),
                                 requester="AROALABPRIVATELINK00:VpcEndpoint",
                                 description=f"VPC Endpoint Interface {endpoint_id}") for subnet in subnets]
    endpoint = VPCEndPoint(backend, endpoint_id, named["vpc_id"], name, "Interface", named.get("policy_document"), [],
                           [subnet.id for subnet in subnets], [one.id for one in interfaces], dns_entries=[],
                           client_token=named.get("client_token"), security_group_ids=groups, tags=named.get("tags"),
                           private_dns_enabled=bool(named.get("private_dns_enabled")))
    endpoint.ip_address_type, endpoint.requester_managed = "ipv4", False
    endpoint.service_region = backend.region_name
    endpoint.suffix = random.get_random_hex(8)
    endpoint.state = "pendingAcceptance" if waits else "available"
    backend.vpc_end_points[endpoint_id] = endpoint
    name_it(endpoint)
    return endpoint


def name_it(endpoint):
    """The DNS names: the endpoint's own, and the service's private name where that is switched on."""
    service = service_named(endpoint.service_name)
    last = endpoint.service_name.rsplit(".", 1)[-1]
    names = [f"{endpoint.id}-{endpoint.suffix}.{last}.{endpoint.ec2_backend.region_name}.vpce.amazonaws.com"]
    if endpoint.private_dns_enabled:
        names += [service.private_dns_name] if service and service.private_dns_name else []
        names += [f"{last}.{endpoint.ec2_backend.region_name}.amazonaws.com"] if service is None else []
    endpoint.dns_entries = [{"DnsName": name, "HostedZoneId": "Z7HUB22UULQXV" if place == 0 else "Z0LABPRIVATEDNS"}
                            for place, name in enumerate(names)]


def modified(self, modify):
    endpoint = self.ec2_backend.vpc_end_points.get(self._get_param("VpcEndpointId"))
    if endpoint is None:
        raise Ec2Fault("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id does not exist")
    switched = self._get_bool_param("PrivateDnsEnabled")
    if switched and endpoint.state != "available":
        raise Ec2Fault("InvalidParameter", "Private DNS can only be enabled after the endpoint connection is accepted by the owner.")
    result = modify(self)
    for one in endpoint.network_interface_ids:
        self.ec2_backend.enis[one]._group_set = [self.ec2_backend.get_security_group_from_id(group)
                                                 for group in endpoint.security_group_ids]
    if switched is not None:
        endpoint.private_dns_enabled = switched
        name_it(endpoint)
    return result


def connected(service):
    return [(backend, one) for backend in every_backend() for one in backend.vpc_end_points.values()
            if one.service_name == service.service_name]


def answered(self, state):
    service = self.ec2_backend.configurations.get(self._get_param("ServiceId"))
    wanted = self._get_param("VpcEndpointIds", [])
    missing = set(wanted)
    for _, endpoint in connected(service) if service else []:
        if endpoint.id in wanted:
            endpoint.state = state
            missing.discard(endpoint.id)
    return ActionResult({"Unsuccessful": [
        {"ResourceId": one, "Error": {"Code": "InvalidVpcEndpointId.NotFound",
                                      "Message": f"The Vpc Endpoint Id '{one}' does not exist"}} for one in sorted(missing)]})


def describe_vpc_endpoint_connections(self):
    shown = [{"ServiceId": service.id, "VpcEndpointId": endpoint.id, "VpcEndpointOwner": backend.account_id,
              "VpcEndpointState": endpoint.state, "CreationTimestamp": endpoint.creation_timestamp,
              "IpAddressType": "ipv4", "VpcEndpointRegion": backend.region_name}
             for service in self.ec2_backend.configurations.values() for backend, endpoint in connected(service)]
    return ActionResult({"VpcEndpointConnections": shown})
