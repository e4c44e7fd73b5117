"""`tidb-dms grants` and the doctor's rows on privileges, against accounts of a real MySQL, a real MariaDB and a real TiDB.

Each account is tried by the server itself: what the program says of it has to be what the server lets it do.
"""
import re

import world
from database import CONTROL, NINE, Database, escaped, quoted
from runner import all_of, test

SERVERS = ["mysql", "mariadb", "tidb"]
# TiDB has no binary log to follow.
LOGGING = ["mysql", "mariadb"]
SCHEMA = "my_shop"


def said(answer):
    """What is missing, and where."""
    return {(one["privilege"], one["on"]) for one in answer["missing"]}


def rows(lines):
    """What SHOW GRANTS holds: each privilege with its place."""
    found = set()
    for line in lines:
        if given := re.match(r"GRANT (.*) ON (\S+) TO ", line):
            for privilege in re.split(", ?", given[1]):
                # The one row may be written with the name, the other with a pattern for it alone.
                found.add((privilege, given[2].replace("\\", "")))
    return found - {("USAGE", "*.*")}


def account(database, name, *grants):
    """Makes an account; `{}` in a grant stands for its name."""
    who = f"'{name}'@'%'"
    database.run(f"DROP USER IF EXISTS {who}", f"CREATE USER {who}", *[grant.format(who) for grant in grants])
    return name


def nine(schema, *, without=None, of=None):
    given = ", ".join(privilege for privilege in of or NINE if privilege != without)
    return f"GRANT {given} ON {escaped(schema)}.* TO {{}}"


def enough_for_target(database, user, work=False):
    """Asks the program and tries the server: it has to be enough for both."""
    session = database.login(user)
    answer = database.judge(session, "target", [SCHEMA])
    assert answer["verdict"] == "enough" and not answer["missing"] and not answer["grant"], answer
    for schema in (SCHEMA, CONTROL):
        tried = database.refused(session, schema) | (database.refused_work(session, schema) if work else set())
        assert not tried, f"{schema}: the server refuses {tried}"
    return rows(database.grants(session))


def cured(database, user, exact, answer):
    """Executes what was printed; afterwards it is enough, and there is nothing that isn't needed."""
    database.run(*answer["grant"])
    held = enough_for_target(database, user)
    assert held == exact, f"{answer['grant']}: {held - exact} too much, {exact - held} too little"


@all_of(SERVERS)
def exactly_enough_for_a_target(bench, name):
    """And one privilege less, each in turn, on the schema and on the control schema."""
    database = Database(bench, name)
    with database.schemas(SCHEMA, CONTROL):
        exact = enough_for_target(database, account(database, "exact", nine(SCHEMA), nine(CONTROL)), work=True)
        assert len(exact) == 18, exact
        for privilege in NINE:
            for poor, other in ((SCHEMA, CONTROL), (CONTROL, SCHEMA)):
                user = account(database, "less", nine(poor, without=privilege), nine(other))
                session = database.login(user)
                answer = database.judge(session, "target", [SCHEMA])
                assert answer["verdict"] == "lacking" and said(answer) == {(privilege, poor)}, answer
                assert database.refused_work(session, poor) == {privilege} == database.refused(session, poor)
                assert not database.refused(session, other)
                cured(database, user, exact, answer)
        user = account(database, "nothing")
        answer = database.judge(database.login(user), "target", [SCHEMA])
        assert said(answer) == {(privilege, schema) for privilege in NINE for schema in (SCHEMA, CONTROL)}, answer
        cured(database, user, exact, answer)


@all_of(LOGGING)
def exactly_enough_for_a_source(bench, name):
    """SELECT alone for a full load; for changes the two privileges on the binary log too."""
    database = Database(bench, name)
    client = "REPLICATION CLIENT" if database.is_mysql else "BINLOG MONITOR"
    select, log = f"GRANT SELECT ON {escaped(SCHEMA)}.* TO {{}}", "GRANT {} ON *.* TO {{}}"
    changes = ["--migration-type", "full-load-and-cdc"]

    def refused(session):
        return (database.refused(session, SCHEMA) & {"SELECT"}) | database.refused_replication(session)

    with database.schemas(SCHEMA):
        session = database.login(account(database, "loads", select))
        assert database.judge(session, "source", [SCHEMA], "--migration-type", "full-load")["verdict"] == "enough"
        assert refused(session) == {client, "REPLICATION SLAVE"}
        session = database.login(account(database, "exact", select, log.format(f"{client}, REPLICATION SLAVE")))
        assert database.judge(session, "source", [SCHEMA], *changes)["verdict"] == "enough"
        assert not refused(session)
        exact = rows(database.grants(session))
        for grants, privilege, on in (([log.format(f"{client}, REPLICATION SLAVE")], "SELECT", SCHEMA),
                                      ([select, log.format("REPLICATION SLAVE")], client, "*.*"),
                                      ([select, log.format(client)], "REPLICATION SLAVE", "*.*")):
            user = account(database, "less", *grants)
            session = database.login(user)
            answer = database.judge(session, "source", [SCHEMA], *changes)
            assert answer["verdict"] == "lacking" and said(answer) == {(privilege, on)}, answer
            assert refused(session) == {privilege}
            database.run(*answer["grant"])
            session = database.login(user)
            assert database.judge(session, "source", [SCHEMA], *changes)["verdict"] == "enough"
            assert not refused(session) and rows(database.grants(session)) == exact, answer["grant"]


@test
def a_source_without_a_binary_log(bench):
    """SELECT is all that there is to need, and it is needed."""
    database = Database(bench, "tidb")
    select = f"GRANT SELECT ON {escaped(SCHEMA)}.* TO {{}}"
    with database.schemas(SCHEMA):
        for flags in ((), ("--migration-type", "full-load"), ("--migration-type", "full-load-and-cdc")):
            session = database.login(account(database, "reads", select))
            assert database.judge(session, "source", [SCHEMA], *flags)["verdict"] == "enough"
            assert "SELECT" not in database.refused(session, SCHEMA)
            session = database.login(account(database, "reads", nine(SCHEMA, without="SELECT")))
            answer = database.judge(session, "source", [SCHEMA], *flags)
            assert answer["verdict"] == "lacking" and said(answer) == {("SELECT", SCHEMA)}, answer
            assert "SELECT" in database.refused(session, SCHEMA)
            database.run(*answer["grant"])
            assert not database.refused(session, SCHEMA), answer["grant"]


@all_of(SERVERS)
def roles(bench, name):
    """Active by default; granted and not active; active and one privilege short; a role of a role."""
    database = Database(bench, name)
    default = "SET DEFAULT ROLE loader TO {}" if database.has_hosts_of_roles else "SET DEFAULT ROLE loader FOR {}"
    shown = "loader@%" if database.has_hosts_of_roles else "loader"
    with database.schemas(SCHEMA, CONTROL):
        database.run("CREATE ROLE inner_loader", "CREATE ROLE loader", "GRANT inner_loader TO loader",
                     nine(SCHEMA).format("inner_loader"), nine(CONTROL).format("loader"))
        enough_for_target(database, account(database, "active", "GRANT loader TO {}", default))

        user = account(database, "inactive", "GRANT loader TO {}")
        session = database.login(user)
        answer = database.judge(session, "target", [SCHEMA])
        assert answer["verdict"] == "lacking" and answer["inactive_roles"] == [shown], answer
        assert database.refused(session, SCHEMA) == database.refused(session, CONTROL) == set(NINE)
        assert len(answer["grant"]) == 1 and answer["grant"][0].startswith("SET DEFAULT ROLE"), answer
        database.run(*answer["grant"])
        enough_for_target(database, user)
        own = "SHOW GRANTS FOR 'inactive'@'%'"
        assert not rows(database.column(own)), database.column(own)

        # Half by the role, half by itself: the one that the role lacks goes to the account alone.
        database.run(f"REVOKE INDEX ON {escaped(SCHEMA)}.* FROM inner_loader")
        session = database.login(user)
        answer = database.judge(session, "target", [SCHEMA])
        assert answer["verdict"] == "lacking" and said(answer) == {("INDEX", SCHEMA)}, answer
        assert database.refused(session, SCHEMA) == {"INDEX"}
        database.run(*answer["grant"])
        enough_for_target(database, user)
        assert rows(database.column(own)) == {("INDEX", quoted(SCHEMA) + ".*")}, database.column(own)


@all_of(SERVERS)
def wildcards(bench, name):
    """Patterns reach what the server says that they reach, and the row that counts may be a poor one."""
    database = Database(bench, name)
    given = ", ".join(NINE)
    with database.schemas(SCHEMA, "myxshop", CONTROL):
        def judged(*grants, unordered=False):
            user = account(database, "patterns", *grants, nine(CONTROL))
            session = database.login(user)
            answer = database.judge(session, "target", [SCHEMA, "myxshop"])
            tried = {(privilege, schema) for schema in (SCHEMA, "myxshop") for privilege in database.refused(session, schema)}
            if unordered:
                assert answer["verdict"] == "unknown", answer
            else:
                assert answer["verdict"] == ("lacking" if tried else "enough") and said(answer) == tried, f"{tried}\n{answer}"
            if answer["verdict"] != "enough":
                database.run(*answer["grant"])
                session = database.login(user)
                again = database.judge(session, "target", [SCHEMA, "myxshop"])
                assert again["verdict"] == "enough", f"{answer}\n{again}"
                assert not database.refused(session, SCHEMA) | database.refused(session, "myxshop"), answer["grant"]
            return {schema for _, schema in tried}

        for pattern, short in (("my%", set()), ("%", set()), ("my_shop", set()), (r"my\_shop", {"myxshop"}),
                               ("sh%", {SCHEMA, "myxshop"}), ("%shop", set()), ("my____", {SCHEMA, "myxshop"})):
            found = judged(f"GRANT {given} ON `{pattern}`.* TO {{}}")
            assert found == short, f"{pattern}: {found}"
        # Only the closest row counts, and it isn't the generous one. TiDB takes any row, in an order that doesn't show.
        poor = f"GRANT SELECT ON {escaped(SCHEMA)}.* TO {{}}"
        found = judged(f"GRANT {given} ON `my%`.* TO {{}}", poor, unordered=database.is_tidb)
        assert database.is_tidb or found == {SCHEMA}
        assert judged(f"GRANT {given} ON *.* TO {{}}", poor) == set()


@test
def partial_revokes(bench):
    """What a partial revoke takes is lacking; the printed GRANT lifts the revoke and adds no row."""
    database = Database(bench, "mysql")
    everywhere = f"GRANT {', '.join(NINE)} ON *.* TO {{}}"
    with database.schemas(SCHEMA, "myxshop", CONTROL, partial_revokes=True):
        exact = enough_for_target(database, account(database, "everywhere", everywhere))
        for privilege in NINE:
            for schema in (SCHEMA, CONTROL):
                user = account(database, "less", everywhere, f"REVOKE {privilege} ON {quoted(schema)}.* FROM {{}}")
                session = database.login(user)
                answer = database.judge(session, "target", [SCHEMA])
                assert said(answer) == {(privilege, schema)} and answer["verdict"] == "lacking", answer
                assert database.refused_work(session, schema) == {privilege} == database.refused(session, schema)
                cured(database, user, exact, answer)
                assert not [line for line in database.grants(database.login(user)) if line.startswith("REVOKE")]
        # A revoke elsewhere is of no account, and a wildcard is none here.
        enough_for_target(database, account(database, "elsewhere", everywhere, "REVOKE INSERT ON `myxshop`.* FROM {}",
                                            "REVOKE SELECT ON `my%`.* FROM {}"))
        for user in (account(database, "literal", f"GRANT {', '.join(NINE)} ON `my%`.* TO {{}}", nine(CONTROL)),
                     account(database, "nothing")):
            session = database.login(user)
            answer = database.judge(session, "target", [SCHEMA])
            assert said(answer) == {(privilege, schema) for privilege in NINE for schema in (SCHEMA, CONTROL)}, answer
            assert database.refused(session, SCHEMA) == database.refused(session, CONTROL) == set(NINE)
            database.run(*answer["grant"])
            enough_for_target(database, user)


def doctored(bench, name, side, grants, lacking, check, *flags):
    """The doctor finds the one thing that the account lacks, and once its SQL is executed nothing."""
    database = Database(bench, name)
    who = "'poor'@'%'"
    if database.is_tidb:
        topology, planted_for = "dedicated-nat-instance", {"host": world.REAL, "user": "poor"}
    else:
        topology = "dedicated-nat-instance" if side == "source" else "dedicated-nat-instance-source"
        host = bench.lab["names"]["rds" if name == "mysql" else "maria"]
        planted_for = {"database": host, "database_user": "poor"}
    with database.schemas():
        database.run(f"CREATE USER {who} IDENTIFIED BY '{bench.lab['password']}'", *[grant.format(who) for grant in grants])
        planted = bench.plant(topology, **planted_for)
        run = bench.doctor(*planted["arguments"], *flags)
        assert run.code == 1 and run.causes == {check}, run.described()
        (row,) = [row for row in run.rows if row["check"] == check and row["outcome"] == "fail"]
        (finding,) = row["findings"]
        assert f"lacks {lacking}" in finding["message"] and "poor@%" in finding["message"], finding
        commands = finding["remedy"]["commands"]
        assert commands, finding
        for command in commands:
            assert command in run.out.replace("\n", " ") or command.rstrip(";") in " ".join(run.out.split()), run.out
        database.run(*commands)
        run = bench.doctor(*planted["arguments"], *flags)
        assert run.code == 0 and not run.causes, run.described()


@all_of(SERVERS)
def the_doctor_cures_a_target(bench, name):
    doctored(bench, name, "target", [nine(world.SCHEMA, without="CREATE TEMPORARY TABLES"), nine(CONTROL)],
             f"CREATE TEMPORARY TABLES on {world.SCHEMA}", "mysql/target-privileges")


@all_of(LOGGING)
def the_doctor_cures_a_source(bench, name):
    client = "REPLICATION CLIENT" if name == "mysql" else "BINLOG MONITOR"
    doctored(bench, name, "source", [f"GRANT SELECT ON {world.SCHEMA}.* TO {{}}", "GRANT REPLICATION SLAVE ON *.* TO {}",
                                     "GRANT SELECT ON mysql.rds_configuration TO {}"],
             f"{client} on *.*", "mysql/source-privileges")
