"""NAT gateways: zonal ones with an interface in their subnet, regional ones with a table of their own."""
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.responses import EC2Response
from moto.ec2.utils import add_tag_specification, random_nat_gateway_id

from .faults import Ec2Fault
from .interfaces import OwnedInterface


def install():
    EC2Response.create_nat_gateway = create_nat_gateway
    EC2Response.describe_nat_gateways = describe_nat_gateways
    EC2Backend.create_nat_gateway = lambda self, subnet_id, allocation_id, tags=None, connectivity_type="public": (
        zonal(self, subnet_id, [allocation_id] if allocation_id else [], connectivity_type, tags))
    EC2Backend.delete_nat_gateway = delete_nat_gateway


class Gateway(TaggedEC2Resource):
    """A NAT gateway, with the members that AWS shows."""

    def __init__(self, backend, vpc_id, mode, connectivity, tags):
        self.ec2_backend, self.id = backend, random_nat_gateway_id()
        self.nat_gateway_id, self.vpc_id = self.id, vpc_id
        self.subnet_id = None
        self.state, self.create_time, self.delete_time = "available", utcnow(), None
        self.failure_code = self.failure_message = None
        self.connectivity_type, self.availability_mode = connectivity, mode
        self.nat_gateway_addresses = []
        self.auto_scaling_ips = self.auto_provision_zones = self.route_table_id = None
        self.add_tags(tags or {})
        backend.nat_gateways[self.id] = self


def attached(backend, vpc_id):
    """The internet gateway of a VPC."""
    return next((gateway for gateway in backend.internet_gateways.values()
                 if gateway.vpc is not None and gateway.vpc.id == vpc_id), None)


def zonal(backend, subnet_id, allocations, connectivity, tags):
    subnet = backend.get_subnet(subnet_id)
    for allocation in allocations:
        backend.address_by_allocation([allocation])
    gateway = Gateway(backend, subnet.vpc_id, "zonal", connectivity, tags)
    gateway.subnet_id = subnet_id
    if connectivity == "public" and attached(backend, subnet.vpc_id) is None:
        gateway.state, gateway.failure_code = "failed", "Gateway.NotAttached"
        gateway.failure_message = f"Network {subnet.vpc_id} has no Internet gateway attached"
        gateway.nat_gateway_addresses = [
            {"AllocationId": one, "IsPrimary": place == 0, "Status": "failed"} for place, one in enumerate(allocations)]
        return gateway
    for place, allocation in enumerate(allocations or [None]):
        interface = OwnedInterface(backend, subnet, kind="nat_gateway", requester="AROALABNATGATEWAY000:NatGateway",
                                   description=f"Interface for NAT Gateway {gateway.id}")
        address = {"NetworkInterfaceId": interface.id, "PrivateIp": interface.private_ip_address,
                   "IsPrimary": place == 0, "Status": "succeeded"}
        if allocation:
            elastic = backend.associate_address(eni=interface, allocation_id=allocation)
            address |= {"AllocationId": allocation, "PublicIp": elastic.public_ip,
                        "AssociationId": elastic.association_id}
        gateway.nat_gateway_addresses.append(address)
    return gateway


def regional(backend, vpc_id, zones, tags):
    backend.get_vpc(vpc_id)
    gateway = Gateway(backend, vpc_id, "regional", "public", tags)
    by_hand = bool(zones)
    gateway.auto_scaling_ips = gateway.auto_provision_zones = "disabled" if by_hand else "enabled"
    if not by_hand:
        used = {subnet.availability_zone: subnet for zone in backend.subnets.values() for subnet in zone.values()
                if subnet.vpc_id == vpc_id}
        zones = [{"AvailabilityZone": name, "AllocationIds": [backend.allocate_address("vpc").allocation_id]}
                 for name in sorted(used)]
    ids = {subnet.availability_zone: subnet.availability_zone_id for zone in backend.subnets.values()
           for subnet in zone.values()}
    names = {zone_id: name for name, zone_id in ids.items()}
    for zone in zones:
        name = zone.get("AvailabilityZone") or names.get(zone.get("AvailabilityZoneId"))
        for allocation in zone.get("AllocationIds", []):
            elastic = backend.address_by_allocation([allocation])[0]
            if not by_hand:
                elastic.service_managed = "rnat"
            gateway.nat_gateway_addresses.append(
                {"AllocationId": allocation, "PublicIp": elastic.public_ip, "AvailabilityZone": name,
                 "AvailabilityZoneId": ids.get(name), "Status": "succeeded"})
    table = backend.create_route_table(vpc_id)
    way_out = attached(backend, vpc_id)
    if way_out is not None:
        backend.create_route(table.id, "0.0.0.0/0", gateway_id=way_out.id)
    gateway.route_table_id = table.id
    return gateway


def create_nat_gateway(self):
    tags = add_tag_specification(self._get_param("TagSpecifications", []))
    subnet, vpc = self._get_param("SubnetId"), self._get_param("VpcId")
    allocation = self._get_param("AllocationId")
    connectivity = self._get_param("ConnectivityType") or "public"
    if (self._get_param("AvailabilityMode") or "zonal") == "regional":
        if subnet or not vpc or allocation or connectivity != "public":
            raise Ec2Fault("InvalidParameterCombination",
                           "A regional NAT gateway takes a VPC, no subnet and no allocation, and is public.")
        made = regional(self.ec2_backend, vpc, self._get_param("AvailabilityZoneAddresses", []), tags)
    else:
        if not subnet:
            raise Ec2Fault("MissingParameter", "The request must contain the parameter SubnetId")
        if connectivity == "public" and not allocation:
            raise Ec2Fault("MissingParameter", "The request must contain the parameter AllocationId")
        allocations = [allocation, *self._get_param("SecondaryAllocationIds", [])] if allocation else []
        made = zonal(self.ec2_backend, subnet, allocations, connectivity, tags)
    return ActionResult({"NatGateway": made})


def delete_nat_gateway(self, nat_gateway_id):
    """Frees its addresses; the gateway itself stays to be seen for about an hour, as in AWS."""
    gateway = self.nat_gateways.get(nat_gateway_id)
    if gateway is None:
        raise Ec2Fault("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
    for address in gateway.nat_gateway_addresses:
        if address.get("AssociationId"):
            self.disassociate_address(association_id=address["AssociationId"])
        self.enis.pop(address.get("NetworkInterfaceId"), None)
    gateway.state, gateway.delete_time = "deleted", utcnow()
    return gateway


def describe_nat_gateways(self):
    filters = self._filters_from_querystring()
    wanted = self._get_param("NatGatewayIds", [])
    found = [gateway for gateway in self.ec2_backend.nat_gateways.values() if not wanted or gateway.id in wanted]
    if len(found) < len(wanted):
        missing = next(one for one in wanted if one not in self.ec2_backend.nat_gateways)
        raise Ec2Fault("NatGatewayNotFound", f"The Nat Gateway {missing} was not found")
    attributes = {"vpc-id": "vpc_id", "subnet-id": "subnet_id", "state": "state", "nat-gateway-id": "id"}
    for name, values in filters.items():
        if name not in attributes and not name.startswith("tag"):
            raise Ec2Fault("InvalidParameterValue", f"The filter '{name}' is invalid")
        reader = (lambda one, name=name: one.get_filter_value(name, "DescribeNatGateways")) \
            if name.startswith("tag") else (lambda one, name=name: getattr(one, attributes[name]))
        found = [gateway for gateway in found if reader(gateway) in values]
    return ActionResult({"NatGateways": found})
