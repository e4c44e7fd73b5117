"""What the program asks of AWS, over every topology, healthy and broken, and what it does when AWS refuses; DMS's own test."""
import difflib
import json
import os
import sys

import record
import runner
import world
from runner import all_of, test
from trial import UNDECIDED, Skipped, client, seed

# What every user may do, and what only a flag asks for.
CREDENTIALS = {"sts:GetCallerIdentity", "sts:AssumeRole"}
# What AWS was asked over all topologies, and which these were.
SEEN, PLANTED = set(), set()


# The topologies.

@all_of(seed.HEALTHY)
def healthy(bench, name):
    planted = bench.plant(name)
    run = bench.doctor(*planted["arguments"])
    assert run.code == 0, run.described()
    assert not run.causes, run.described()
    open_rows = [row for row in run.rows if row["level"] == "error" and row["outcome"] in ("fail", *UNDECIDED)]
    assert not open_rows, run.described()
    logins = [row for row in run.rows if row["check"] == "mysql/login"]
    assert not logins or all(row["outcome"] == "pass" for row in logins), run.described()
    remember(name, run)
    budget(run)


def remember(name, run):
    PLANTED.add(name)
    SEEN.update(run.asked)


def budget(run):
    """At most 16 EC2 calls a VPC, one more for each thing that something refers to; DMS, IAM and STS once a region."""
    once = [one for one in run.requests if one["action"].split(":")[0] in ("dms", "sts")
            and not one["parameters"].get("Marker")]
    twice = {one["action"] for one in once if sum(other["action"] == one["action"] for other in once) > 1}
    assert not twice, f"more than once: {twice}"
    referred = ("ec2:GetManagedPrefixListEntries", "ec2:DescribeManagedPrefixLists", "ec2:DescribeDhcpOptions",
                "ec2:DescribeTransitGatewayVpcAttachments", "ec2:DescribeTransitGatewayAttachments")
    of_the_vpc = [one for one in run.requests if one["action"].startswith("ec2:") and one["action"] not in referred
                  and not any(name.startswith("NextToken") for name in one["parameters"])]
    assert len(of_the_vpc) <= 16, f"{len(of_the_vpc)} EC2 calls: {[one['action'] for one in of_the_vpc]}"


@all_of(seed.BROKEN)
def broken(bench, name):
    planted = bench.plant(name)
    run = bench.doctor(*planted["arguments"])
    remember(name, run)
    assert run.code == planted["exit"], run.described()
    # What isn't broken at error level shows as a warning, what can't be told stays open.
    found = run.causes if planted["exit"] else {row["check"] for row in run.rows if row["outcome"] == "warn"}
    if planted["exit"] == 3:
        found = {row["check"] for row in run.rows if row["outcome"] == "unknown"} & set(planted["causes"])
    assert found == set(planted["causes"]), f"{found} instead of {planted['causes']}\n{run.described()}"


# What is asked of AWS.

def policy(bench, *arguments):
    """The actions of the printed policy."""
    done, _ = bench.run("iam-policy", *arguments)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    return document, {action for statement in document["Statement"] for action in
                      (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])}


@test
def requests_are_the_declared_needs(bench):
    """Over all topologies, healthy and broken. Runs after them."""
    if PLANTED != {*seed.HEALTHY, *seed.BROKEN}:
        raise Skipped("not all topologies ran")
    # The secret that a DMS endpoint names is read as well.
    _, declared = policy(bench, "--secrets")
    unasked, undeclared = declared - SEEN - CREDENTIALS, SEEN - declared - CREDENTIALS
    assert not undeclared, f"asked though not declared: {sorted(undeclared)}"
    assert not unasked, f"declared though never asked: {sorted(unasked)}"


@test
def only_one_check_asks_exactly_for_its_needs(bench):
    """Each check alone: never for more, and over two topologies, which refer to different things, for all of them."""
    checks, asked, declared = bench.checks(), {}, {}
    assert len(checks) > 70, checks
    for check in checks:
        asked[check], declared[check] = set(), policy(bench, "--only", check)[1]
    for name in ("dedicated-nat-instance-prefix-list", "dedicated-nat-serverless"):
        planted = bench.plant(name)
        for check in sorted(checks):
            run = bench.doctor(*planted["arguments"], "--only", check, "--no-probe")
            assert {row["check"] for row in run.rows} == {check}, run.described()
            undeclared = set(run.asked) - declared[check] - CREDENTIALS
            assert not undeclared, f"{check} asked {sorted(undeclared)}, declared are {sorted(declared[check])}"
            asked[check].update(run.asked)
    unasked = {check: sorted(declared[check] - asked[check] - CREDENTIALS) for check in checks}
    assert not any(unasked.values()), f"declared though never asked: { {check: left for check, left in unasked.items() if left} }"


@test
def calls_are_at_most_four_deep(bench):
    """Judged with delays beside which what else this machine does is nothing; the figure of 100 ms is a benchmark."""
    planted = bench.plant("dedicated-nat-instance")

    def span(milliseconds):
        bench.cloud.lab("POST", "delay", milliseconds=milliseconds)
        run = bench.doctor(*planted["arguments"], "--no-probe")
        requests = [one for one in run.requests if one["until"]]
        begin = min(one["at"] for one in requests)
        lines = "\n".join(f"{one['at'] - begin:.3f}–{one['until'] - begin:.3f} {one['action']}" for one in requests)
        return max(one["until"] for one in requests) - begin, lines, len(requests)

    taken, _, count = span(100)
    print(f"  AWS part: {1000 * taken:.0f} ms for {count} calls of 100 ms each")
    taken, lines, _ = span(600)
    assert taken < 4.8 * 0.6, f"{taken:.3f} s\n{lines}"


# What a policy allows.

def user(bench, document):
    """An IAM user with just this policy, and the lab's enforcement on."""
    bench.cloud.iam.create_user(UserName="doctor")
    bench.cloud.iam.put_user_policy(UserName="doctor", PolicyName="doctor", PolicyDocument=json.dumps(document))
    key = bench.cloud.iam.create_access_key(UserName="doctor")["AccessKey"]
    bench.cloud.lab("POST", "iam", enforce=True)
    return client.Cloud(bench.lab["aws"], keys=(key["AccessKeyId"], key["SecretAccessKey"]))


def without(document, action):
    """The policy less one action."""
    statements = []
    for statement in document["Statement"]:
        listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if left := [one for one in listed if one != action]:
            statements.append({**statement, "Action": left})
    return {**document, "Statement": statements}


@all_of(["starter-nat-instance", "dedicated-private-endpoint-instance", "dedicated-nat-serverless",
         "dedicated-vpc-peering-instance", "dedicated-nat-instance-prefix-list"])
def the_printed_policy_is_enough(bench, name):
    planted = bench.plant(name)
    document, _ = policy(bench)
    run = bench.doctor(*planted["arguments"], cloud=user(bench, document))
    assert run.code == 0, run.described()
    assert not run.unlocking_actions(), f"{run.unlocking_actions()}\n{run.described()}"
    denied = [one for one in run.requests if one["error"]]
    assert not denied, denied


# The actions that were denied, those whose denial showed, and the topologies that it was done in.
DENIED, MISSED, DENYING = set(), set(), set()
EACH = ["starter-nat-instance", "dedicated-private-endpoint-instance"]
# What they don't refer to.
MORE = ["dedicated-nat-serverless", "dedicated-nat-instance-prefix-list", "dedicated-vpc-peering-instance"]


def deny_each(bench, name, but=()):
    """Without one action no verdict moves to pass or fail; a gap names it where it matters."""
    planted = bench.plant(name)
    document, actions = policy(bench)
    whole = bench.doctor(*planted["arguments"])
    expected = whole.outcomes()
    doctor = user(bench, document)
    DENYING.add(name)
    for action in sorted(set(whole.asked) & actions - set(but)):
        bench.cloud.iam.put_user_policy(UserName="doctor", PolicyName="doctor",
                                        PolicyDocument=json.dumps(without(document, action)))
        run = bench.doctor(*planted["arguments"], cloud=doctor)
        refused = {one["action"] for one in run.requests if one["error"]}
        assert refused == {action}, f"without {action}: {refused} was refused"
        DENIED.add(action)
        if run.code == 2:
            # Without this one nothing can be known of the migration; the one line must say so.
            assert action in run.err and len(run.err.strip().splitlines()) == 1, f"{action}: {run.err}"
            MISSED.add(action)
            continue
        changed = {row: (expected.get(row), now) for row, now in run.outcomes().items() if expected.get(row) != now}
        wrong = {row: moved for row, moved in changed.items() if moved[1] in ("pass", "fail") and moved[0] != "blocked"}
        assert not wrong, f"without {action}: {wrong}\n{run.described()}"
        if changed:
            MISSED.add(action)
            assert action in run.unlocking_actions(), f"no gap names {action}\n{run.described()}"


@all_of(EACH)
def without_one_action(bench, name):
    deny_each(bench, name)


@all_of(MORE)
def without_one_action_that_nobody_missed(bench, name):
    deny_each(bench, name, but=MISSED)


@test
def each_action_was_denied_once(bench):
    """Over these topologies. Runs after them."""
    if not DENYING >= {*EACH, *MORE}:
        raise Skipped("not all topologies ran")
    _, declared = policy(bench)
    assert DENIED == declared - CREDENTIALS, f"never denied: {sorted(declared - CREDENTIALS - DENIED)}"
    # These two tell the addresses of a NAT instance and of an instance's own Elastic IP, which no topology here has.
    idle = DENIED - MISSED - {"ec2:DescribeAddresses", "ec2:DescribeInstances"}
    assert not idle, f"missed by nobody: {sorted(idle)}"


if os.environ.get("TIDB_DMS_LONG"):
    @all_of([*seed.HEALTHY, *seed.BROKEN])
    def without_one_action_anywhere(bench, name):
        deny_each(bench, name)


@test
def one_denied_call_is_a_gap(bench):
    planted = bench.plant("dedicated-nat-instance")
    bench.cloud.lab("POST", "faults", action="ec2:DescribeNatGateways", kind="denied")
    run = bench.doctor(*planted["arguments"])
    assert run.code == 3, run.described()
    assert "network/nat-gateway" in run.unlocking_actions()["ec2:DescribeNatGateways"], run.described()
    assert "ec2:DescribeNatGateways" in run.out, run.out


@test
def throttled_calls_are_made_again(bench):
    planted = bench.plant("dedicated-nat-instance")
    for action in ("ec2:DescribeSubnets", "dms:DescribeEndpoints"):
        bench.cloud.lab("POST", "faults", action=action, kind="throttled", times=2)
    run = bench.doctor(*planted["arguments"])
    assert run.code == 0, run.described()
    assert run.asked.count("ec2:DescribeSubnets") == 3 and run.asked.count("dms:DescribeEndpoints") == 3, run.asked


@test
def a_call_that_hangs_is_a_gap_in_time(bench):
    planted = bench.plant("dedicated-nat-instance")
    bench.cloud.lab("POST", "faults", action="ec2:DescribeNetworkAcls", kind="silent", seconds=60)
    run = bench.doctor(*planted["arguments"], "--timeout", "8")
    assert run.code == 3 and run.seconds <= 8 * 1.05 + 0.5, run.described()
    assert "network/network-acl" in {row["check"] for row in run.rows if row["outcome"] in UNDECIDED}, run.described()


# The patients of tests/patients.

@all_of(seed.HEALTHY)
def recorded(bench, name):
    """Whether the lab still shows what was recorded of it."""
    is_planned = name.endswith("-planned")
    if not is_planned and "mysql" in bench.lab["skipped"]:
        raise Skipped(bench.lab["skipped"]["mysql"])
    with open(record.path(name)) as file:
        kept = json.load(file)
    fresh = record.record(bench, name)
    databases = [probe for facts in (kept, fresh) for probe in facts["probes"] if probe["host"] == world.RDS]
    versions = {probe["session"]["version"]["seen"]["known"] for probe in databases}
    assert len(databases) == (0 if is_planned else 2), databases
    if len(versions) > 1:
        # Debian has another MySQL than when this was recorded.
        for probe in databases:
            del probe["session"], probe["greeting"]
    differences = difflib.unified_diff(record.shown(kept).splitlines(), record.shown(fresh).splitlines(), "kept", "fresh", n=1)
    assert kept == fresh, "\n".join(line[:200] for line in list(differences)[:40]) + "\nrecord.py makes it anew"


@test
def the_patients_are_the_healthy_topologies(bench):
    files = {os.path.splitext(name)[0] for name in os.listdir(record.FOLDER) if name.endswith(".json")}
    assert files == set(seed.HEALTHY), files ^ set(seed.HEALTHY)


# What is kept, and what never is.

@all_of(["starter-nat-instance", "nat-without-internet-route"])
def saved_facts_say_the_same(bench, name):
    planted = bench.plant(name)
    facts, flags = os.path.join(bench.lab["folder"], "facts.json"), ["--report", "json"]
    live, _ = bench.run("doctor", *planted["arguments"], "--save-facts", facts, *flags)
    again, _ = bench.run("doctor", "--facts", facts, *flags)
    assert live.returncode == again.returncode and live.returncode in (0, 1), live.stderr + again.stderr
    assert live.stdout == again.stdout
    in_full, _ = bench.run("doctor", *planted["arguments"][:2], "--facts", facts, *flags)
    assert in_full.stdout == live.stdout


def tests_take_a_second(bench):
    """As long as nobody sees a test under way, its result may be that of an earlier one."""
    bench.cloud.lab("POST", "connections", instance="*", endpoint="*", status="successful", seconds=1)


@test
def dms_tests_the_connections(bench):
    planted = bench.plant("dedicated-nat-instance")
    tests_take_a_second(bench)
    message = ("Test Endpoint failed: Application-Status: 1020912, Application-Message: Cannot connect to ODBC provider ODBC "
               "general error., Application-Detailed-Message: RetCode: SQL_ERROR SqlState: HY000 NativeError: 2003 Message: "
               f"Can't connect to MySQL server on '{planted['host']}' (110)")
    bench.cloud.lab("POST", "connections", endpoint="orders-tidb", status="failed", message=message, seconds=1)
    run = bench.doctor(*planted["arguments"], "--test-connection")
    assert run.asked.count("dms:TestConnection") == 2, run.asked
    assert run.code in (1, 3), run.described()
    last = [row for row in run.rows if row["check"] == "dms/last-test"]
    assert any(row["outcome"] in ("fail", "warn") for row in last), run.described()


@test
def a_fresh_test_of_dms_proves_the_way(bench):
    planted = bench.plant("dedicated-nat-instance")
    bench.cloud.lab("POST", "faults", action="ec2:DescribeNatGateways", kind="denied")
    assert bench.doctor(*planted["arguments"]).code == 3
    tests_take_a_second(bench)
    run = bench.doctor(*planted["arguments"], "--test-connection")
    assert run.code == 0, run.described()
    proved = {row["check"]: row["outcome"] for row in run.rows if any("tested" in one["field"] for one in row["evidence"])}
    assert proved["network/nat-gateway"] == proved["access/list-covers-egress"] == "pass", proved


@test
def what_dms_saw_outweighs_the_model(bench):
    planted = bench.plant("access-list-without-egress")
    tests_take_a_second(bench)
    run = bench.doctor(*planted["arguments"], "--test-connection")
    assert run.code == 3, run.described()
    assert "the model disagrees with what DMS saw" in run.out, run.out


if __name__ == "__main__":
    sys.exit(runner.main())
