"""What a test can ask of the lab itself, under `/lab/`. See ../../README.md."""
import fnmatch
import json
import threading

from moto.core.base_backend import BackendDict
from moto.moto_api._internal import mock_random

from .dms import Dms
from .faults import KINDS
from .interfaces import every_backend


class Misuse(Exception):
    """A test asked for something that the lab doesn't have."""


class Control:
    """The lab's state beside AWS's own."""

    def __init__(self):
        self.lock = threading.RLock()
        self.clear()

    def clear(self):
        self.dms = Dms()
        self.delay = 0.0
        self.enforced = False
        self.requests, self.mistakes, self.faults = [], [], []

    def reset(self, seed=1):
        """Everything as new. The same seed gives the same ids and addresses to the same calls."""
        with self.lock:
            self.clear()
            BackendDict.reset()
            mock_random.seed(seed)

    def fault_for(self, call):
        """The fault that a test planted for this call, once less to come."""
        with self.lock:
            for planted in self.faults:
                if fnmatch.fnmatchcase(call.name, planted["action"]) and planted["times"] != 0:
                    if planted["times"] is not None:
                        planted["times"] -= 1
                    return planted
        return None

    def handle(self, method, path, body):
        """One control request: its answer, as JSON."""
        try:
            given = json.loads(body or b"{}")
        except ValueError:
            raise Misuse("that is no JSON") from None
        name = path.removeprefix("/lab/").strip("/")
        handler = HANDLERS.get((method, name))
        if handler is None:
            raise Misuse(f"no {method} /lab/{name}; there are " + ", ".join(f"{m} /lab/{n}" for m, n in HANDLERS))
        with self.lock:
            return handler(self, given) or {}


def health(control, given):
    return {"ready": True}


def reset(control, given):
    control.reset(given.get("seed", 1))


def set_delay(control, given):
    control.delay = given["milliseconds"] / 1000


def requests(control, given):
    return {"requests": list(control.requests)}


def forget(control, given):
    control.requests.clear()


def mistakes(control, given):
    return {"mistakes": list(control.mistakes)}


def plant(control, given):
    if given["kind"] not in (*KINDS, "denied", "silent"):
        raise Misuse(f"no fault {given['kind']}; there are denied, silent, " + ", ".join(KINDS))
    control.faults.append({"action": given["action"], "kind": given["kind"], "times": given.get("times"),
                           "seconds": given.get("seconds", 600)})


def heal(control, given):
    control.faults.clear()


def enforce(control, given):
    control.enforced = bool(given["enforce"])


def set_outcome(control, given):
    key = (given.get("instance", "*"), given.get("endpoint", "*"))
    control.dms.outcomes[key] = {name: given[name] for name in ("status", "message", "seconds") if name in given}


def set_password(control, given):
    control.dms.password = given["password"]


def set_state(control, given):
    """Puts a resource into a state that no call of a customer brings about."""
    name, state = given["id"], given["state"]
    for region in control.dms.regions.values():
        if name in region.instances:
            region.instances[name]["status"] = state
            return
        if name in region.endpoints:
            region.endpoints[name]["Status"] = state
            return
        if name in region.tasks:
            region.tasks[name]["Status"] = state
            for member in ("LastFailureMessage", "StopReason"):
                if member in given:
                    region.tasks[name][member] = given[member]
            return
        if name in region.replications:
            region.replications[name]["Status"] = state
            if "FailureMessages" in given:
                region.replications[name]["FailureMessages"] = given["FailureMessages"]
            return
    for backend in every_backend():
        for things in (backend.nat_gateways, backend.vpc_end_points):
            if name in things:
                things[name].state = state
                for member in ("failure_code", "failure_message"):
                    if member in given:
                        setattr(things[name], member, given[member])
                return
        if name in backend.vpc_pcxs:
            backend.vpc_pcxs[name]._status.code = state
            return
    raise Misuse(f"nothing is called {name}")


HANDLERS = {
    ("GET", "health"): health,
    ("POST", "reset"): reset,
    ("POST", "delay"): set_delay,
    ("GET", "requests"): requests,
    ("DELETE", "requests"): forget,
    ("GET", "mistakes"): mistakes,
    ("POST", "faults"): plant,
    ("DELETE", "faults"): heal,
    ("POST", "iam"): enforce,
    ("POST", "connections"): set_outcome,
    ("POST", "password"): set_password,
    ("POST", "state"): set_state,
}

