"""The door of the lab's AWS: every request is logged, delayed, refused or let through here, every answer checked."""
import io
import json
import time
import traceback

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from . import calls, faults, identity, shapes
from .control import Control, Misuse


# Those that moto answers.
SERVICES = ("ec2", "elbv2", "iam", "kms", "secretsmanager", "sts")


class Front:
    """A WSGI application before moto's."""

    def __init__(self):
        self.control = Control()
        self.moto = DomainDispatcherApplication(create_backend_app)
        # To make one draws random numbers: not among those that a seed gives to calls.
        for service in SERVICES:
            self.moto.app_instances[service] = create_backend_app(service)
        self.control.reset()

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "/")
        if path.startswith("/lab/"):
            return self.steer(environ, start_response, path)
        call, body = calls.read(environ)
        if call is None:
            return send(start_response, 400, [("Content-Type", "text/plain")], b"that is no request to AWS\n")
        entry = {"action": call.name, "region": call.region, "at": round(time.time(), 4), "key": call.access_key,
                 "parameters": call.parameters, "status": None, "error": None}
        with self.control.lock:
            self.control.requests.append(entry)
        if self.control.delay:
            time.sleep(self.control.delay)
        try:
            status, headers, answer = self.answer(call, environ, body)
        except faults.Fault as fault:
            entry["error"] = fault.code
            status, headers, answer = faults.rendered(call, fault)
        except Exception as error:
            with self.control.lock:
                self.control.mistakes.append({"action": call.name, "mistake": f"{type(error).__name__}: {error}",
                                              "trace": traceback.format_exc()})
            traceback.print_exc()
            entry["error"] = "InternalFailure"
            status, headers, answer = faults.rendered(call, faults.Fault(
                "InternalFailure", f"the lab itself is at fault: {error}", 501))
        entry["status"], entry["until"] = status, round(time.time(), 4)
        return send(start_response, status, headers, answer)

    def answer(self, call, environ, body):
        planted = self.control.fault_for(call)
        if planted is not None:
            raise self.planted(call, planted)
        if self.control.enforced and call.access_key != identity.OWNER:
            caller = identity.Caller(call)
            caller.check_signature()
            caller.check_allowed()
        if call.service == "dms":
            with self.control.lock:
                answer = json.dumps(self.control.dms.answer(call)).encode()
            status, headers = 200, [("Content-Type", "application/x-amz-json-1.1")]
        else:
            status, headers, answer = self.ask_moto(environ, body)
            answer = shapes.without_made_up(call, answer)
        if status == 200:
            wrong = shapes.answer_mistakes(call, answer)
            if wrong:
                raise ValueError("; ".join(wrong[:5]))
        return status, headers, answer

    def planted(self, call, planted):
        if planted["kind"] == "silent":
            time.sleep(planted["seconds"])
            return faults.internal(call)
        if planted["kind"] == "denied":
            try:
                who = identity.Caller(call).arn
            except (faults.Fault, KeyError):
                who = "arn:aws:iam::123456789012:user/doctor"
            return faults.denied(call, who)
        return faults.KINDS[planted["kind"]](call)

    def ask_moto(self, environ, body):
        environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        seen = {}

        def start(status, headers, _=None):
            seen.update(status=int(status.split()[0]), headers=headers)
            return lambda _: None

        with self.control.lock:
            parts = self.moto(environ, start)
            try:
                answer = b"".join(parts)
            finally:
                if hasattr(parts, "close"):
                    parts.close()
        headers = [(name, value) for name, value in seen["headers"] if name.lower() not in ("content-length", "date", "server")]
        return seen["status"], headers, answer

    def steer(self, environ, start_response, path):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        try:
            status, answer = 200, self.control.handle(environ["REQUEST_METHOD"], path, body)
        except (Misuse, KeyError, TypeError) as error:
            status, answer = 400, {"error": str(error)}
        return send(start_response, status, [("Content-Type", "application/json")], json.dumps(answer).encode() + b"\n")


def send(start_response, status, headers, body):
    start_response(f"{status} {'OK' if status < 300 else 'Error'}", [*headers, ("Content-Length", str(len(body)))])
    return [body]
