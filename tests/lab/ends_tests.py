"""What the ends of a migration show: servers that misbehave, hosts that nobody reaches, databases, accounts, certificates."""
import json
import os
import socket
import sys

import accounts  # noqa: F401, registers its tests.
import certificate_tests  # noqa: F401, registers its tests.
import patterns  # noqa: F401, registers its tests.
import privileges  # noqa: F401, registers its tests.
import runner
import secrets_tests  # noqa: F401, registers its tests.
import statements  # noqa: F401, registers its tests.
import tidb_tests  # noqa: F401, registers its tests.
import trial
import world
from runner import all_of, test
from trial import UNDECIDED, Skipped, against, client, needs

# Errors of use: exit code 2, one line.

def one_line(run, *words):
    lines = [line for line in run.err.strip().splitlines() if line.strip()]
    assert run.code == 2 and len(lines) == 1 and lines[0].startswith("error: "), f"exit {run.code}\n{run.err}"
    for word in words:
        assert word.lower() in lines[0].lower(), lines[0]


@test
def expired_credentials(bench):
    planted = bench.plant("dedicated-nat-instance")
    bench.cloud.lab("POST", "faults", action="*", kind="expired")
    one_line(bench.doctor(*planted["arguments"], "--quiet"), "expired")


@test
def no_credentials(bench):
    planted = bench.plant("dedicated-nat-instance")
    one_line(bench.doctor(*planted["arguments"], "--quiet", AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None), "credentials")


@test
def wrong_secret_key(bench):
    planted = bench.plant("dedicated-nat-instance")
    bench.cloud.lab("POST", "iam", enforce=True)
    stranger = client.Cloud(bench.lab["aws"], keys=("AKIASTRANGER00000000", "x"))
    one_line(bench.doctor(*planted["arguments"], "--quiet", cloud=stranger))


@test
def wrong_region(bench):
    planted = bench.plant("dedicated-nat-instance")
    one_line(bench.doctor(*planted["arguments"], "--quiet", "--region", "eu-west-1"), "orders-to-tidb", "eu-west-1")


@test
def unknown_task(bench):
    bench.plant("dedicated-nat-instance")
    one_line(bench.doctor("--task", "no-such-task", "--quiet"), "no-such-task")


# Servers that misbehave. None of them makes a path fail: the laptop isn't the replication.

# What a user reads of each.
MISBEHAVIOUR = {
    "silent": "the server sent no greeting in time",
    "plain": "orders-tidb offers no TLS, and SSL mode verify-full asks for it",
    "garbage": "what answers isn't a MySQL server",
    "web": "what answers isn't a MySQL server",
    "cut": "the connection was closed before a greeting",
    "stuck": "the TLS handshake of orders-tidb: the server fell silent",
}


def reads(run, words):
    """Whether the text holds these words, however its lines are broken."""
    assert words in " ".join(run.out.split()), f"no word of: {words}\n{run.out}"


@all_of(MISBEHAVIOUR)
def server(bench, how):
    if how == "plain":
        needs(bench, "tls/")
    run = against(bench, bench.lab["names"]["bad"][how])
    # No TLS for one who offers none is a finding; the rest can't be told from here.
    assert run.code == (1 if how == "plain" else 3), run.described()
    reaching = [row for row in run.rows if row["check"].startswith("network/") and row["outcome"] == "fail"]
    assert not reaching, run.described()
    reads(run, MISBEHAVIOUR[how])
    reads(run, "the grants of orders-tidb: nobody got in")


UNREACHED = {
    "refused": "no TCP connection came about (44.219.0.1 refused it)",
    "dropped": "no TCP connection came about (44.218.0.1 didn't answer in time)",
    "no_name": "10.51.0.2 knows no such name, and DMS may ask another resolver",
    "silent_name": "10.51.0.2",
    "broken_name": "error response: Server Failure",
}


@all_of(UNREACHED)
def host(bench, how):
    run = against(bench, bench.lab["names"][how])
    assert run.code == 3, run.described()
    assert not [row for row in run.rows if row["outcome"] == "fail"], run.described()
    reads(run, UNREACHED[how])


@test
def a_poor_account(bench):
    needs(bench, "mysql/target-privileges")
    run = against(bench, bench.lab["names"]["bad"]["poor"])
    assert run.code == 1, run.described()
    assert "mysql/target-privileges" in run.causes, run.described()


@test
def wrong_password(bench):
    planted = bench.plant("starter-nat-instance", tested=False)
    run = bench.doctor(*planted["arguments"], TIDB_DMS_TARGET_PASSWORD="not-the-password")
    # DMS may have another password, and its address may match another account: it can't be told.
    assert run.code == 3, run.described()
    row = [row for row in run.rows if row["check"] == "mysql/login" and row["outcome"] not in ("pass", "not_applicable")]
    assert row, run.described()
    assert "not-the-password" not in run.out + run.err + run.text
    reads(run, "(error 1045) (the password is wrong, there is no such user, or no account of that name lets this address in)")


@test
def user_without_the_prefix(bench):
    run = bench.doctor(*bench.plant("starter-nat-instance", user="dms", tested=False)["arguments"])
    assert run.code in (1, 3), run.described()
    assert any("prefix" in json.dumps(row) for row in run.rows if row["check"] == "mysql/login"), run.described()


@test
def without_the_api_the_list_may_be_typed(bench):
    planted = bench.plant("starter-nat-instance")
    without = {"TIDBCLOUD_PUBLIC_KEY": None, "TIDBCLOUD_PRIVATE_KEY": None}
    run = bench.doctor(*planted["arguments"], **without)
    assert run.code == 3, run.described()
    undecided = {row["check"] for row in run.rows if row["outcome"] in UNDECIDED}
    assert "access/list-covers-egress" in undecided, run.described()
    run = bench.doctor(*planted["arguments"], "--ip-access-list", ",".join(planted["access list"]), **without)
    assert run.code == 0, run.described()
    run = bench.doctor(*planted["arguments"], TIDBCLOUD_PRIVATE_KEY="another")
    assert run.code == 3, run.described()


@all_of(["mysql", "mariadb"])
def a_real_source(bench, name):
    if name in bench.lab["skipped"]:
        raise Skipped(bench.lab["skipped"][name])
    host_name = bench.lab["names"]["rds" if name == "mysql" else "maria"]
    with socket.create_connection((bench.lab["hosts"][host_name]["addresses"][0], 3306), 5):
        pass
    with trial.tempfile.TemporaryDirectory() as folder:
        facts = os.path.join(folder, "facts.json")
        done, _ = bench.run("probe", f"{host_name}:3306", "--user", "dms", "--as", "source", "--ca",
                            os.path.join(bench.certificates, "rds-ca.pem"), "--save-facts", facts,
                            TIDB_DMS_PASSWORD=bench.lab["password"])
        assert done.returncode == 0, done.stderr
        with open(facts) as file:
            session = json.load(file)["probes"][0]["session"]
    assert any("REPLICATION" in line or "BINLOG" in line for line in session["grants"]["seen"]["known"]), session["grants"]
    assert world.SCHEMA in session["schemas"]["seen"]["known"], session["schemas"]


if __name__ == "__main__":
    sys.exit(runner.main())
