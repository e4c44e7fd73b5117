"""Compares the facts schema with AWS's API model in botocore.

Two laws. Every field that is read or listed as irrelevant is a field of AWS's: a typo would read
nothing for ever. And of the shapes that decide a path, every field of AWS's has been reviewed: it is
read, or listed as irrelevant with a reason.
"""

import json
import sys

import botocore
import botocore.loaders
import botocore.model

# The shapes that decide a path: each must be compared, or the comparison itself is broken.
DECIDING = {
    "IpPermission",
    "NatGateway",
    "NetworkAclEntry",
    "NetworkInterface",
    "Route",
    "Subnet",
    "Vpc",
    "VpcEndpoint",
    "VpcPeeringConnection",
}

# Answers about one thing, which the inventory keeps as items of a list; with the members that the
# inventory adds to AWS's own.
ANSWERS = {
    "VpcAttributes": {"VpcId"},
    "PrefixListEntries": {"PrefixListId"},
    "KmsKeys": set(),
}

# Members that the inventory adds to a shape of AWS's.
ADDED = {"Role": {"AttachedPolicies"}}

# `describe-instances` prints its interfaces in shapes of their own, which have less. They are read as
# the interfaces they are.
OTHER_SHAPES = {
    "InstanceNetworkInterface": "NetworkInterface",
    "InstanceNetworkInterfaceAssociation": "NetworkInterfaceAssociation",
    "InstanceNetworkInterfaceAttachment": "NetworkInterfaceAttachment",
    "InstancePrivateIpAddress": "NetworkInterfacePrivateIpAddress",
}

# Lists that the inventory calls otherwise than the answer does: two calls answer with the same key.
OTHER_KEYS = {"ManagedPrefixLists": "PrefixLists"}

# One type reads both forms of an attachment.
JOINT = {
    "TransitGatewayAttachment": "TransitGatewayVpcAttachment",
    "TransitGatewayVpcAttachment": "TransitGatewayAttachment",
}


class Comparison:
    """A walk over the schema and the model side by side."""

    def __init__(self, schema):
        self.schema = schema
        self.models = {}
        self.faults = set()
        self.compared = set()
        self.reviewed = set()

    def model(self, service):
        """AWS's model of a service."""
        if service not in self.models:
            loader = botocore.loaders.Loader()
            document = loader.load_service_model(service, "service-2")
            self.models[service] = botocore.model.ServiceModel(document, service)
        return self.models[service]

    def resolve(self, schema):
        """Follows references, and takes the part of an optional schema that isn't null."""
        while True:
            if "$ref" in schema:
                name = schema["$ref"].removeprefix("#/$defs/")
                schema = self.schema["$defs"][name]
            elif "anyOf" in schema:
                schema = next(one for one in schema["anyOf"] if one != {"type": "null"})
            else:
                return schema

    def inventory(self):
        """Compares every list of the inventory with the answer of the call that delivers it."""
        for key, schema in self.schema["$defs"]["Inventory"]["properties"].items():
            action = schema.get("x-iam-action")
            if action is None:
                continue
            service, _, operation = action.partition(":")
            model = self.model(service)
            if operation not in model.operation_names:
                self.faults.add(f"{key}: {action} is no operation of AWS's")
                continue
            answer = model.operation_model(operation).output_shape
            if key in ANSWERS:
                self.shape(self.resolve(schema["items"]), answer, ANSWERS[key])
            elif OTHER_KEYS.get(key, key) in answer.members:
                self.value(schema, answer.members[OTHER_KEYS.get(key, key)])
            else:
                self.faults.add(f"{key}: {action} doesn't answer with it")

    def value(self, schema, shape):
        """Compares whatever stands in a place."""
        schema = self.resolve(schema)
        if "items" in schema and shape.type_name == "list":
            self.value(schema["items"], shape.member)
        elif "properties" in schema and shape.type_name == "structure":
            self.shape(schema, shape, ADDED.get(shape.name, set()))
        elif "items" in schema or "properties" in schema:
            self.faults.add(f"{shape.name} is a {shape.type_name} of AWS's")

    def shape(self, schema, shape, added):
        """Compares an object, member by member."""
        if (id(schema), shape.name) in self.compared:
            return
        self.compared.add((id(schema), shape.name))
        model = self.model(shape_service(self, shape))
        members = dict(shape.members)
        for other in (OTHER_SHAPES, JOINT):
            if shape.name in other:
                members = dict(model.shape_for(other[shape.name]).members) | members
        read = set(schema["properties"]) - added
        irrelevant = set(schema.get("x-irrelevant", {}))
        for name in sorted((read | irrelevant) - set(members)):
            self.faults.add(f"{shape.name}.{name} is no field of AWS's")
        for name in sorted(read & set(members)):
            self.value(schema["properties"][name], members[name])
        if "x-aws-shape" not in schema:
            return
        if OTHER_SHAPES.get(shape.name, shape.name) != schema["x-aws-shape"]:
            self.faults.add(f"{shape.name} is called {schema['x-aws-shape']} here")
        self.reviewed.add(schema["x-aws-shape"])
        for name in sorted(read & irrelevant):
            self.faults.add(f"{shape.name}.{name} is both read and irrelevant")
        for name, reason in schema["x-irrelevant"].items():
            if not reason:
                self.faults.add(f"{shape.name}.{name} is irrelevant without a reason")
        for name in sorted(set(members) - read - irrelevant):
            said = " ".join(words(members[name].documentation).split())
            self.faults.add(f"{shape.name}.{name}: nobody has reviewed it. AWS: {said}")


def shape_service(comparison, shape):
    """The service whose model a shape is part of."""
    for service, model in comparison.models.items():
        if shape._shape_resolver is model._shape_resolver:  # pylint: disable=protected-access
            return service
    raise LookupError(shape.name)


def words(html):
    """The text of botocore's documentation, which is HTML."""
    text, depth = [], 0
    for letter in html:
        depth += (letter == "<") - (letter == ">")
        if depth == 0 and letter != ">":
            text.append(letter)
    return "".join(text)


def faults(schema):
    """Everything that is wrong with a schema, and the comparison that found it."""
    comparison = Comparison(schema)
    comparison.inventory()
    for name in sorted(DECIDING - comparison.reviewed):
        comparison.faults.add(f"{name} decides paths, and its fields aren't reviewed")
    return comparison


def doctored(schema):
    """The schema with one fault each, and how that fault is to be called."""

    def with_fault(fault):
        copy = json.loads(json.dumps(schema))
        fault(copy["$defs"])
        return copy

    def forget(shapes):
        del shapes["Route"]["x-irrelevant"]["InstanceOwnerId"]

    def mistype(shapes):
        properties = shapes["Subnet"]["properties"]
        properties["CidrBlok"] = properties.pop("CidrBlock")

    def mistype_nested(shapes):
        shapes["PortRange"]["properties"]["Too"] = {}

    def give_no_reason(shapes):
        shapes["Vpc"]["x-irrelevant"]["Tags"] = ""

    def misname_action(shapes):
        vpcs = shapes["Inventory"]["properties"]["Vpcs"]
        vpcs["x-iam-action"] = "ec2:DescribeVPCs"

    def lose_review(shapes):
        del shapes["NatGateway"]["x-aws-shape"]

    yield "Route.InstanceOwnerId: nobody has reviewed it", with_fault(forget)
    yield "Subnet.CidrBlok is no field of AWS's", with_fault(mistype)
    yield "Subnet.CidrBlock: nobody has reviewed it", with_fault(mistype)
    yield "PortRange.Too is no field of AWS's", with_fault(mistype_nested)
    yield "Vpc.Tags is irrelevant without a reason", with_fault(give_no_reason)
    yield "Vpcs: ec2:DescribeVPCs is no operation of AWS's", with_fault(misname_action)
    yield "NatGateway decides paths, and its fields aren't", with_fault(lose_review)


def main():
    """Compares, and says what is wrong; then makes sure that it would have been noticed."""
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    comparison = faults(schema)
    for fault in sorted(comparison.faults):
        print(fault)
    shapes = {name for _, name in comparison.compared}
    print(
        f"botocore {botocore.__version__}: {len(shapes)} shapes compared, "
        f"{len(comparison.reviewed)} of them whole; {len(comparison.faults)} faults"
    )
    if comparison.faults:
        return 1
    for name, schema_with_fault in doctored(schema):
        found = faults(schema_with_fault).faults
        if not any(fault.startswith(name) for fault in found):
            print(f"a doctored schema passes: {name}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
