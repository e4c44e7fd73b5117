"""The program against a real TiDB, where the machine has one: what it lets in and refuses, and whether its stand-in tells the truth."""
import contextlib
import json
import os
import subprocess

import world
from database import CONTROL, Database
from runner import all_of, test
from trial import UNDECIDED, Skipped, against

USER = "'dms'@'%'"
GRANTS = [f"GRANT ALL ON {CONTROL}.* TO {{}}", "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, CREATE TEMPORARY TABLES, ALTER, INDEX ON "
          f"{world.SCHEMA}.* TO {{}}"]


@contextlib.contextmanager
def cluster(bench, account=USER, more="", variables=()):
    """The real TiDB with the account that the stand-ins have, made by its administrator."""
    database = Database(bench, "tidb")
    before = {name: database.value(f"SELECT @@global.{name}") for name, _ in variables}
    with database.schemas(world.SCHEMA):
        database.run(f"CREATE USER {account} IDENTIFIED BY '{world.PASSWORD}' {more}", *[grant.format(account) for grant in GRANTS])
        try:
            database.run(*[f"SET GLOBAL {name} = {value}" for name, value in variables])
            yield database
        finally:
            database.run(*[f"SET GLOBAL {name} = {value}" for name, value in before.items()])


def of(run, check):
    """The rows of a check for the cluster's endpoint, or for the migration as a whole."""
    rows = [row for row in run.rows if row["check"] == check and row["outcome"] != "not_applicable"
            and row["subject"]["kind"] != "source"]
    assert rows, f"no row of {check}\n{run.described()}"
    return rows


def outcomes(run, check):
    return {row["outcome"] for row in of(run, check)}


@test
def a_real_tidb(bench):
    """Everything that a login shows is as DMS needs it, and nothing of it is undecided."""
    with cluster(bench) as database:
        run = against(bench, world.REAL)
        for check in ("login", "account-host", "tidb-recognised", "target-privileges", "local-infile", "collations",
                      "read-only", "row-limits"):
            assert outcomes(run, f"mysql/{check}") == {"pass"}, f"{check}\n{run.described()}"
        for check in ("offered", "chain-trusted", "host-name", "validity", "protocol"):
            assert outcomes(run, f"tls/{check}") == {"pass"}, f"{check}\n{run.described()}"
        assert not run.causes, run.described()
        undecided = {row["check"] for row in run.rows if row["outcome"] in UNDECIDED and row["check"].startswith(("mysql/", "tls/"))}
        assert not undecided, run.described()
        assert database.version in json.dumps(of(run, "mysql/tidb-recognised")), database.version


def probe(bench, host):
    """What a look at a server showed."""
    path = os.path.join(bench.lab["folder"], "probe.json")
    done, _ = bench.run("probe", f"{host}:4000", "--user", "dms", "--as", "target", "--ca", os.path.join(bench.certificates, "ca.pem"),
                        "--save-facts", path, TIDB_DMS_PASSWORD=world.PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(path) as file:
        return json.load(file)["probes"][0]


@test
def the_stand_in_answers_as_a_real_tidb(bench):
    """Of every question that the doctor asks. What Go and Python choose differently, the cipher, is no answer of TiDB's."""
    with cluster(bench) as database:
        if "v8.5." not in database.version:
            raise Skipped(f"the stand-in is one of 8.5, and this is {database.version}")
        real, ours = probe(bench, world.REAL), probe(bench, world.DEDICATED)
    version = real["session"]["version"]["seen"]["known"]
    assert version == database.version and real["greeting"]["seen"]["known"]["greeting"]["server_version"] == version, version
    recorded = ours["session"]["version"]["seen"]["known"]

    def told(look):
        return json.loads(json.dumps(look["seen"]).replace(version, recorded))

    assert set(real["session"]) == set(ours["session"]), set(real["session"]) ^ set(ours["session"])
    for about, look in {**ours["session"], "greeting": ours["greeting"]}.items():
        there = real["greeting"] if about == "greeting" else real["session"][about]
        assert told(there) == told(look), f"{about}: {told(there)}, and the stand-in says {told(look)}"
    for about in ("tls", "tls12"):
        there, here = (one[about]["seen"]["known"] for one in (real, ours))
        for one in (there, here):
            del one["session"]["cipher"]
        assert there == here, about


# What a refusal reads like, and what is said of it.
REFUSED = {
    "wrong-password": ("", "the password is wrong, there is no such user, or no account of that name lets this address in"),
    "locked": ("ACCOUNT LOCK", "locked"),
    "expired": ("PASSWORD EXPIRE", "expired"),
}


@all_of(REFUSED)
def a_real_tidb_refuses(bench, how):
    more, words = REFUSED[how]
    given = {"TIDB_DMS_TARGET_PASSWORD": "not-the-password"} if how == "wrong-password" else {}
    with cluster(bench, more=more):
        planted = bench.plant("dedicated-nat-instance", host=world.REAL, tested=False)
        run = bench.doctor(*planted["arguments"], **given)
    rows = [row for row in of(run, "mysql/login") if row["outcome"] in ("fail", "warn", *UNDECIDED)]
    assert rows and words in json.dumps(rows), run.described()
    assert "not-the-password" not in run.out + run.err + run.text
    assert not [row for row in run.rows if row["check"].startswith(("network/", "tls/")) and row["outcome"] == "fail"], run.described()


@test
def an_account_that_lets_some_addresses_in(bench):
    """CURRENT_USER() names the row that let us in; whether DMS gets in by it depends on where DMS comes from."""
    with cluster(bench, account="'dms'@'44.%'"):
        shown = probe(bench, world.REAL)["session"]
        run = against(bench, world.REAL)
    assert shown["current_user"]["seen"]["known"] == "dms@44.%", shown["current_user"]
    assert outcomes(run, "mysql/login") == {"pass"} == outcomes(run, "mysql/target-privileges"), run.described()
    assert "44.%" in json.dumps(of(run, "mysql/account-host")), run.described()


@all_of(["mysql_native_password", "caching_sha2_password", "tidb_sm3_password"])
def a_real_tidb_asks_for_the_password(bench, plugin):
    """By each of its own ways that a client may know."""
    with cluster(bench) as database:
        database.run(f"ALTER USER {USER} IDENTIFIED WITH {plugin} BY '{world.PASSWORD}'")
        run = against(bench, world.REAL)
    expected = {"unknown"} if plugin == "tidb_sm3_password" else {"pass"}
    assert outcomes(run, "mysql/login") == expected, run.described()


@all_of(["off", "on"])
def a_real_tidb_requires_tls(bench, setting):
    """What the setting says of an endpoint without TLS, and of one with it."""
    with cluster(bench, variables=[("require_secure_transport", setting.upper())]):
        plain = bench.doctor(*bench.plant("dedicated-nat-instance", host=world.REAL, tested=False, ssl_mode="none")["arguments"])
        safe = against(bench, world.REAL)
        shown = probe(bench, world.REAL)["session"]["variables"]["seen"]["known"]
    assert shown["require_secure_transport"] == setting.upper(), shown
    assert outcomes(safe, "tls/ssl-mode-matches-server") == {"pass"}, safe.described()
    assert outcomes(plain, "dms/ssl-mode") == {"fail"}, plain.described()
    assert outcomes(plain, "tls/ssl-mode-matches-server") == {"fail" if setting == "on" else "pass"}, plain.described()


@all_of(["tls1_2", "tls1_3", "tls1_1"])
def what_openssl_shows_of_a_real_tidb(bench, protocol):
    """The output that a customer sends, read as evidence."""
    Database(bench, "tidb")
    ca = os.path.join(bench.certificates, "ca.pem")
    shown = subprocess.run(["openssl", "s_client", "-starttls", "mysql", f"-{protocol}", "-showcerts", "-connect", f"{world.REAL}:4000",
                            "-servername", world.REAL], input="", capture_output=True, text=True, timeout=60)
    text = shown.stdout + shown.stderr
    asked = {host: bench.run("tls", "--host", host, "--ca", ca, stdin=text)[0] for host in (world.REAL, "tidb.example.com")}
    if protocol == "tls1_1":
        # It refuses the protocol and shows no certificate, or speaks it, which says nothing of 1.2.
        for host, done in asked.items():
            ended = "the handshake ended before the server sent one" in done.stderr
            assert done.returncode == (2 if ended else 3 if host == world.REAL else 1), done
        return
    assert asked[world.REAL].returncode == 0, asked[world.REAL].stdout
    assert asked["tidb.example.com"].returncode == 1, asked["tidb.example.com"].stdout
    stranger = os.path.join(bench.certificates, "rds-ca.pem")
    done, _ = bench.run("tls", "--host", world.REAL, "--ca", stranger, stdin=text)
    assert done.returncode == 1, done.stdout
