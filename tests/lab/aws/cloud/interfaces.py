"""Network interfaces that AWS services own: of replication instances, NAT gateways, endpoints."""
import ipaddress

from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.utils import generate_dns_from_ip
from moto.moto_api._internal import mock_random as random


def every_backend():
    """Each account's EC2 in each region."""
    for account in list(ec2_backends):
        yield from ec2_backends[account].values()


def public_address():
    """A public address as AWS gives them out; never one of the lab's clusters (44.…)."""
    return f"52.{random.randint(20, 23)}.{random.randint(1, 254)}.{random.randint(1, 254)}"


def private_address(backend, subnet):
    """A free address of the subnet; AWS keeps the first four and the last."""
    taken = {item["PrivateIpAddress"] for eni in backend.enis.values() if eni.subnet.id == subnet.id
             for item in eni.private_ip_addresses}
    network = ipaddress.ip_network(subnet.cidr_block)
    while True:
        address = str(network[random.randint(4, network.num_addresses - 2)])
        if address not in taken:
            return address


class OwnedInterface(NetworkInterface):
    """An interface in the customer's subnet that a service made and manages."""

    def __init__(self, backend, subnet, *, kind, description, requester, groups=(), public=None, private=None):
        super().__init__(backend, subnet, private or private_address(backend, subnet), description=description)
        self._group_set = [backend.get_security_group_from_id(group) for group in groups]
        self.interface_type = kind
        self.requester_managed = True
        self.requester_id = requester
        self.status = "in-use"
        self.source_dest_check = kind != "nat_gateway"
        self.public_ip = public
        self.attachment_id = f"ela-attach-0{random.get_random_hex(16)}"
        backend.enis[self.id] = self

    @property
    def availability_zone_id(self):
        return self.subnet.availability_zone_id

    @property
    def attachment(self):
        return {"AttachmentId": self.attachment_id, "InstanceOwnerId": "amazon-aws", "DeviceIndex": 1,
                "Status": "attached", "DeleteOnTermination": False}

    @property
    def association(self):
        if not self.public_ip:
            return {}
        shown = {"PublicIp": self.public_ip,
                 "PublicDnsName": f"ec2-{self.public_ip.replace('.', '-')}.compute-1.amazonaws.com"}
        elastic = next((one for one in self.ec2_backend.addresses if one.public_ip == self.public_ip), None)
        if elastic is None:
            return {**shown, "IpOwnerId": "amazon"}
        return {**shown, "IpOwnerId": self.ec2_backend.account_id,
                "AllocationId": elastic.allocation_id, "AssociationId": elastic.association_id}

    @property
    def private_dns(self):
        return generate_dns_from_ip(self.private_ip_address)

    @property
    def group_set(self):
        return self._group_set
