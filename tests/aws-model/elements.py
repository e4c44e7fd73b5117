"""Compares what our reader of EC2's XML calls its elements with AWS's API model in botocore.

    elements.py SCHEMA.json NAMES.rs

SCHEMA.json is what `tidb-dms schema facts` prints, NAMES.rs the table of src/collect/aws. Of every field
of EC2's that is read or was reviewed, the element must become the field's name, and lists, flags and
numbers must be known as such: an empty list would else be no list at all.
"""

import json
import re
import sys

import botocore
import botocore.loaders
import botocore.model

from compare import ANSWERS, OTHER_KEYS

KINDS = {"list": "List", "boolean": "Flag", "integer": "Number", "long": "Number"}

# Elements that are cut out before anybody reads them.
CUT = {"tagSet"}

# Text in one place and a flag in another; whoever reads the flag reads it as text.
READ_AS_TEXT = {("AttributeBooleanValue", "Value")}

# Lists of the inventory that come from files alone, so nobody reads their XML.
FROM_FILES = {
    "EgressOnlyInternetGateways",
    "ManagedPrefixLists",
    "PrefixLists",
    "TransitGatewayAttachments",
    "TransitGatewayVpcAttachments",
}


def table(source):
    """The table in the Rust source: an element's name in JSON, and what it holds."""
    rows = re.findall(r'^    \("(\w+)", "(\w+)", (\w+)\),$', source, re.M)
    return {element: (name, kind) for element, name, kind in rows}


class Elements:
    """A walk over the schema and EC2's model side by side."""

    def __init__(self, schema, names):
        self.schema, self.names = schema, names
        document = botocore.loaders.Loader().load_service_model("ec2", "service-2")
        self.model = botocore.model.ServiceModel(document, "ec2")
        self.done, self.faults, self.used = set(), set(), set()

    def resolve(self, schema):
        """Follows references, and takes the part of an optional schema that isn't null."""
        while True:
            if "$ref" in schema:
                schema = self.schema["$defs"][schema["$ref"].removeprefix("#/$defs/")]
            elif "anyOf" in schema:
                schema = next(one for one in schema["anyOf"] if one != {"type": "null"})
            else:
                return schema

    def all(self):
        """Compares every list that EC2 answers with."""
        for key, schema in self.schema["$defs"]["Inventory"]["properties"].items():
            service, _, operation = schema.get("x-iam-action", "").partition(":")
            if service != "ec2" or key in FROM_FILES:
                continue
            answer = self.model.operation_model(operation).output_shape
            if key in ANSWERS:
                self.value(schema["items"], answer)
            else:
                member = OTHER_KEYS.get(key, key)
                self.field(answer.name, member, answer.members[member], True)
                self.value(schema, answer.members[member])
        for element in set(self.names) - self.used:
            self.faults.add(f"<{element}>: no field that is read or reviewed comes in it")

    def value(self, schema, shape):
        """Compares whatever stands in a place."""
        schema = self.resolve(schema)
        if shape.type_name == "list" and "items" in schema:
            self.value(schema["items"], shape.member)
        elif shape.type_name == "structure" and "properties" in schema:
            if (id(schema), shape.name) in self.done:
                return
            self.done.add((id(schema), shape.name))
            for name, member in shape.members.items():
                is_read = name in schema["properties"]
                if is_read or name in schema.get("x-irrelevant", {}):
                    self.field(shape.name, name, member, is_read)
                if is_read:
                    self.value(schema["properties"][name], member)

    def field(self, shape, name, member, is_read):
        """Compares the name of one element, and what it holds."""
        element = member.serialization.get("name", name)
        if element in CUT or (shape, name) in READ_AS_TEXT:
            return
        self.used.add(element)
        ours, kind = self.names.get(element, (element[0].upper() + element[1:], "Other"))
        if ours != name:
            self.faults.add(f"{shape}.{name} comes in <{element}>, which we call {ours}")
        theirs = KINDS.get(member.type_name, "Other")
        if is_read and kind != theirs:
            self.faults.add(f"{shape}.{name} in <{element}> is a {theirs}, and {kind} to us")


def faults(schema, names):
    """Everything that is wrong with a table."""
    elements = Elements(schema, names)
    elements.all()
    return elements


def main():
    """Compares, says what is wrong, and makes sure that it would have been noticed."""
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        names = table(file.read())
    found = faults(schema, names)
    for fault in sorted(found.faults):
        print(fault)
    count = len(found.used)
    print(f"botocore {botocore.__version__}: {count} elements compared; {len(found.faults)} faults")
    if found.faults:
        return 1
    for element in names:
        if not faults(schema, {one: of for one, of in names.items() if one != element}).faults:
            print(f"a table without <{element}> passes")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
