"""Errors, worded as AWS words them: each protocol and service has its own forms."""
import json
import uuid
from xml.sax.saxutils import escape

from moto.core.exceptions import ServiceException


class Ec2Fault(ServiceException):
    """An error that moto's EC2 raises for us."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


class Fault(Exception):
    """An answer that is an error."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def rendered(call, fault):
    """Status, headers and body of a fault, in the protocol of the call."""
    request = str(uuid.uuid4())
    headers = [("x-amzn-RequestId", request)]
    if call.json:
        body = json.dumps({"__type": fault.code, "message": fault.message})
        return fault.status, [*headers, ("Content-Type", "application/x-amz-json-1.1")], body.encode()
    code, message = escape(fault.code), escape(fault.message)
    if call.service == "ec2":
        body = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
                f"<Message>{message}</Message></Error></Errors><RequestID>{request}</RequestID></Response>")
    else:
        body = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
                f"</Error><RequestId>{request}</RequestId></ErrorResponse>")
    return fault.status, [*headers, ("Content-Type", "text/xml;charset=UTF-8")], body.encode()


def denied(call, who, resource="*"):
    """The caller's policies don't allow the action."""
    because = f"because no identity-based policy allows the {call.name} action"
    said = f"User: {who} is not authorized to perform: {call.name}"
    if call.service == "ec2":
        return Fault("UnauthorizedOperation",
                     f"You are not authorized to perform this operation. {said} {because}", 403)
    code, status = ("AccessDeniedException", 400) if call.json else ("AccessDenied", 403)
    return Fault(code, f"{said} on resource: {resource} {because}", status)


def throttled(call):
    """Too many calls at once."""
    if call.service == "ec2":
        return Fault("RequestLimitExceeded", "Request limit exceeded.", 503)
    return Fault("ThrottlingException" if call.json else "Throttling", "Rate exceeded", 400)


def expired(call):
    """The session's token is of yesterday."""
    if call.service == "ec2":
        return Fault("RequestExpired", "Request has expired.", 400)
    said = "The security token included in the request is expired"
    return Fault("ExpiredTokenException", said, 400) if call.json else Fault("ExpiredToken", said, 403)


def unknown_key(call):
    """Nobody has this access key."""
    if call.service == "ec2":
        return Fault("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    said = "The security token included in the request is invalid."
    if call.json:
        return Fault("UnrecognizedClientException", said, 400)
    return Fault("InvalidClientTokenId", said, 403)


def wrong_signature(call):
    """The secret key isn't this access key's."""
    if call.service == "ec2":
        return Fault("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    said = ("The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.")
    if call.json:
        return Fault("InvalidSignatureException", said, 400)
    return Fault("SignatureDoesNotMatch", said, 403)


def internal(call):
    """AWS's own bad day."""
    if call.service == "ec2":
        return Fault("InternalError", "An internal error has occurred", 500)
    return Fault("InternalFailure", "The request processing has failed because of an unknown error.", 500)


def unsupported(call):
    """A region or partition without this call."""
    if call.service == "ec2":
        return Fault("UnsupportedOperation", "The functionality you requested is not available in this region.", 400)
    return Fault("UnknownOperationException", "", 400)


KINDS = {"throttled": throttled, "expired": expired, "internal": internal, "unsupported": unsupported}
