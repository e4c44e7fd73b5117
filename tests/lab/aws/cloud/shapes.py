"""Checks every answer against botocore's model of it, so that the lab can't invent a field."""
import json
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from functools import cache

import botocore.session

# Where AWS itself doesn't keep to its model's enums: `available` for `Available`, an attached internet
# gateway that is `available`, an interface that is `nat_gateway` (all seen in real answers), endpoint
# types in capitals (the AWS CLI's own examples have them so).
LOOSE = {"State", "AttachmentStatus", "NetworkInterfaceType", "ReplicationEndpointTypeValue"}


# Members that moto makes up, to be left out.
MADE_UP = {"secretsmanager:DescribeSecret": ["SecretVersionsToStages"]}
# Services that sign with another name than botocore loads them by; of ELB's two the lab has the newer.
SIGNED_AS = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}


@cache
def model(service):
    return botocore.session.get_session().get_service_model(service)


def operation(service, action):
    """The model of an action, or None when AWS has none of that name."""
    try:
        loaded = model(SIGNED_AS.get(service, service))
    except botocore.exceptions.UnknownServiceError:
        return None
    return loaded.operation_model(action) if action in loaded.operation_names else None


def mistakes(shape, value, path="answer"):
    """What in a JSON answer the model doesn't know."""
    kind = shape.type_name
    if value is None:
        return
    if kind == "structure":
        if not isinstance(value, dict):
            yield f"{path} is no structure"
            return
        for name, inner in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is no member of {shape.name}"
            else:
                yield from mistakes(shape.members[name], inner, f"{path}.{name}")
    elif kind == "list":
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for place, inner in enumerate(value):
            yield from mistakes(shape.member, inner, f"{path}[{place}]")
    elif kind == "string":
        if not isinstance(value, str):
            yield f"{path} is {type(value).__name__}, not a string"
        elif shape.enum and shape.name not in LOOSE and value not in shape.enum:
            yield f"{path} is {value}, none of {shape.name}'s values"
    elif kind == "boolean" and not isinstance(value, bool):
        yield f"{path} is no boolean"
    elif kind in ("integer", "long") and (isinstance(value, bool) or not isinstance(value, int)):
        yield f"{path} is no whole number"
    elif kind == "timestamp" and not isinstance(value, (int, float, datetime)):
        yield f"{path} is no time"


def located(shape):
    """A structure's members by the names that XML gives them."""
    names = {}
    for name, member in shape.members.items():
        names[member.serialization.get("name", name)] = member
        if member.type_name == "list" and member.serialization.get("flattened"):
            inner = member.member.serialization.get("name")
            if inner:
                names[inner] = member
    return names


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def xml_mistakes(shape, element, path):
    """What in an XML answer the model doesn't know."""
    kind = shape.type_name
    if kind == "structure":
        names = located(shape)
        for child in element:
            name = local(child)
            if name not in names:
                yield f"{path}.{name} is no member of {shape.name}"
                continue
            member = names[name]
            if member.type_name == "list" and member.serialization.get("flattened"):
                yield from xml_mistakes(member.member, child, f"{path}.{name}")
            else:
                yield from xml_mistakes(member, child, f"{path}.{name}")
    elif kind == "list":
        for child in element:
            yield from xml_mistakes(shape.member, child, f"{path}[]")
    elif kind == "string" and shape.enum and shape.name not in LOOSE:
        if element.text and element.text not in shape.enum:
            yield f"{path} is {element.text}, none of {shape.name}'s values"


def without_made_up(call, body):
    """An answer of moto's without what AWS doesn't have."""
    names = MADE_UP.get(call.name)
    if not names:
        return body
    answer = json.loads(body)
    return json.dumps({name: value for name, value in answer.items() if name not in names}).encode()


def answer_mistakes(call, body):
    """What is wrong with the body of a good answer."""
    known = operation(call.service, call.action)
    if known is None:
        return [f"{call.name} is no action of AWS"]
    shape = known.output_shape
    if shape is None:
        return []
    if call.json:
        return list(mistakes(shape, json.loads(body or b"{}")))
    root = ElementTree.fromstring(body)
    wrapper = shape.serialization.get("resultWrapper")
    if wrapper:
        root = next((child for child in root if local(child) == wrapper), None)
        if root is None:
            return [f"{call.action} has no {wrapper}"]
    elif call.service == "ec2":
        for child in [child for child in root if local(child) == "requestId"]:
            root.remove(child)
    return list(xml_mistakes(shape, root, call.action))
