"""What a request asks: which service, which action, whose, with which parameters."""
import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

CREDENTIAL = re.compile(r"Credential=([^/,]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass
class Call:
    """One request to an AWS service."""

    service: str
    action: str
    region: str
    access_key: str
    method: str
    path: str
    query: str
    headers: dict
    body: bytes
    parameters: dict = field(default_factory=dict)

    @property
    def name(self):
        """As IAM calls the action."""
        return f"{self.service}:{self.action}"

    @property
    def json(self):
        """Whether the service speaks JSON (else the query protocols' XML)."""
        return "x-amz-target" in self.headers


def read(environ):
    """The call that a WSGI request carries, or None when it isn't one of AWS's."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    headers = {name[5:].replace("_", "-").lower(): value
               for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    found = CREDENTIAL.search(headers.get("authorization", ""))
    key, region, service = found.groups() if found else ("", "us-east-1", "")
    target = headers.get("x-amz-target")
    query = environ.get("QUERY_STRING", "")
    if target:
        action = target.rsplit(".", 1)[-1]
        try:
            parameters = json.loads(body or b"{}")
        except ValueError:
            parameters = {}
    else:
        text = body.decode("utf-8", "replace") or query
        parameters = dict(parse_qsl(text, keep_blank_values=True))
        action = parameters.get("Action", "")
    if not service and action.startswith("AssumeRoleWith"):
        service = "sts"
    if not service or not action:
        return None, body
    return Call(service, action, region, key, environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/"),
                query, headers, body, parameters), body
