"""One run of the program in the lab: its exit code, its report, what it asked of AWS."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "topologies"), os.path.join(HERE, "aws")]

import client  # noqa: E402
import seed  # noqa: E402
import tidb_cloud  # noqa: E402

UNDECIDED = ("unknown", "blocked")


class Run:
    """What one run came to."""

    def __init__(self, code, out, err, report, requests, seconds):
        self.code, self.out, self.err, self.requests, self.seconds = code, out, err, requests, seconds
        self.text = report
        self.report = json.loads(report) if report else None

    @property
    def rows(self):
        return self.report["rows"]

    @property
    def causes(self):
        return {cause["check"] for cause in self.report["root_causes"]}

    def outcomes(self):
        """The outcome of each check for each subject."""
        return {(row["check"], row["subject"]["kind"], row["subject"]["id"]): row["outcome"] for row in self.rows}

    def unlocking_actions(self):
        """IAM actions that would unlock something, with the checks that wait for them."""
        found = {}
        for row in self.rows:
            for gap in row["gaps"]:
                action = gap["unlock"].get("iam_action") if isinstance(gap["unlock"], dict) else None
                if action:
                    found.setdefault(action, set()).add(row["check"])
        return found

    @property
    def asked(self):
        """The actions that AWS saw, each as often as it came."""
        return [one["action"] for one in self.requests]

    def described(self):
        """For a failed assertion: what there was to see."""
        lines = [f"exit {self.code} after {self.seconds:.1f} s", self.err.strip()[-1500:]]
        for row in self.rows if self.report else []:
            if row["outcome"] in ("fail", "warn", *UNDECIDED):
                why = [one["reason"] for one in row["gaps"]] + [one.get("message") for one in row["findings"]]
                lines.append(f"  {row['outcome']:8} {row['level']:8} {row['check']}: {why}")
        return "\n".join(lines) + ("" if self.report else self.out[-1500:])


class Bench:
    """The lab and the program under test."""

    def __init__(self):
        with open(os.environ["TIDB_DMS_LAB"]) as file:
            self.lab = json.load(file)
        self.program = os.environ["TIDB_DMS"]
        self.cloud = client.Cloud(self.lab["aws"])
        self.api = tidb_cloud.Client(self.lab["tidb_cloud"])
        self.certificates = self.lab["certificates"]

    def plant(self, name, **differently):
        return seed.plant(self.cloud, self.api, self.certificates, name, **differently)

    def environment(self, cloud=None, **more):
        """Nothing of the developer's own."""
        password = self.lab["password"]
        whole = {"PATH": os.environ["PATH"], "HOME": self.lab["folder"], "TIDB_DMS_SOURCE_PASSWORD": password,
                 "TIDB_DMS_TARGET_PASSWORD": password, **(cloud or self.cloud).environment(),
                 **self.api.environment(), **more}
        return {name: value for name, value in whole.items() if value is not None}

    def run(self, *arguments, cloud=None, stdin="", **more):
        """Runs the program to its end."""
        began = time.monotonic()
        done = subprocess.run([self.program, *arguments], env=self.environment(cloud, **more), capture_output=True,
                              text=True, timeout=180, input=stdin)
        return done, time.monotonic() - began

    def checks(self):
        """The ids of the program's checks."""
        done, _ = self.run("checks")
        return set(re.findall(r"\b(?:network|access|cluster|tls|mysql|dms)/[a-z0-9-]+", done.stdout))

    def doctor(self, *arguments, cloud=None, **more):
        """Runs the doctor; its report, and what AWS was asked meanwhile."""
        self.cloud.lab("DELETE", "requests")
        with tempfile.TemporaryDirectory(dir=self.lab["folder"]) as folder:
            path = os.path.join(folder, "report.json")
            done, seconds = self.run("doctor", *arguments, "--report", "terminal", "--report", f"json={path}",
                                     cloud=cloud, **more)
            report = None
            if os.path.exists(path):
                with open(path) as file:
                    report = file.read()
        requests = self.cloud.lab("GET", "requests")["requests"]
        return Run(done.returncode, done.stdout, done.stderr, report, requests, seconds)


class Skipped(Exception):
    """What is missing."""


def needs(bench, *checks):
    """Skips a test of checks that this program doesn't have yet; a name may be a category's, with its slash."""
    had = bench.checks()
    for check in checks:
        if not any(one == check or one.startswith(check) and check.endswith("/") for one in had):
            raise Skipped(f"the program has no check {check}")


def against(bench, host, arguments=(), **differently):
    """A run against a server of the lab's, which DMS hasn't tested: its success would say more than we can see."""
    planted = bench.plant("dedicated-nat-instance", host=host, tested=False, **differently)
    return bench.doctor(*planted["arguments"], *arguments, "--timeout", "20")
