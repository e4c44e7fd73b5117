"""Records the healthy patients of `tests/patients` from the lab: each healthy topology, as a live run of the program saves it.

    TIDB_DMS=target/debug/tidb-dms tests/lab/run $(tests/lab/aws/python) tests/lab/record.py [NAME…]

The program runs as if in a subnet of the replication. What two runs can't have in common is set to one value, and nothing
else is touched: when the facts were taken, when each look began and how long it took. What was called how often is left out.
The lab gives the same ids to the same topology, and its good certificates are the same every day (`certificates.py`).
What the database on AWS's side shows is what Debian's newest MySQL shows: it changes with its version.
"""
import json
import os
import sys

import world
from trial import Bench, seed

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "patients")
TAKEN_AT, SEEN_AT = "2026-11-24T10:02:00Z", "2026-11-24T10:00:00Z"


def record(bench, name):
    """The facts of a topology, such that two recordings are equal."""
    planted = bench.plant(name)
    given = planted["arguments"]
    if "--seat" not in given:
        given += ["--seat", planted["seats"][0]]
    if "private-endpoint" not in name:
        # A private endpoint's addresses are in the inventory.
        given += ["--tidb-address", ",".join(world.ADDRESSES[planted["host"]])]
    saved = os.path.join(bench.lab["folder"], "recorded.json")
    done, _ = bench.run("doctor", *given, "--save-facts", saved)
    if done.returncode != 0:
        raise RuntimeError(f"{name} isn't healthy: exit {done.returncode}\n{done.stdout}{done.stderr}")
    with open(saved) as file:
        facts = json.load(file)
    del facts["run"]
    facts["taken_at"] = TAKEN_AT
    settle(facts["probes"])
    return facts


def settle(value):
    """Each look at one time, and as long as any other."""
    if isinstance(value, dict):
        if "at" in value:
            value |= {"at": SEEN_AT, "milliseconds": 1}
        value = value.values()
    if not isinstance(value, (str, int, float, type(None))):
        for item in value:
            settle(item)


def shown(value, indent=0, room=150):
    """JSON in which what is short stays on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= room or not value or not isinstance(value, (dict, list)):
        return line
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {shown(item, indent + 2)}" for key, item in value.items()]
    else:
        parts = [shown(item, indent + 2) for item in value]
        if all(isinstance(item, str) and len(item) < 60 for item in value):
            return filled(parts, pad, indent, room)
    ends = "{}" if isinstance(value, dict) else "[]"
    return f"{ends[0]}\n{pad}" + f",\n{pad}".join(parts) + f"\n{' ' * indent}{ends[1]}"


def filled(words, pad, indent, room):
    """A long list of words, as many on each line as fit."""
    lines = [""]
    for word in words:
        if len(pad) + len(lines[-1]) + len(word) > room:
            lines.append("")
        lines[-1] += f"{word}, "
    return "[\n" + "\n".join(pad + line.rstrip() for line in lines).rstrip(",") + f"\n{' ' * indent}]"


def path(name):
    return os.path.join(FOLDER, f"{name}.json")


def main():
    bench = Bench()
    for name in sys.argv[1:] or seed.HEALTHY:
        with open(path(name), "w") as file:
            file.write(shown(record(bench, name)) + "\n")
        print(name)


if __name__ == "__main__":
    main()
