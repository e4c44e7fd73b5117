"""The SQL of every remedy, given to a real MySQL, a real MariaDB and a real TiDB: what a remedy prints must be the server's grammar."""
import json
import os
import subprocess

import pymysql
from database import Database
from pymysql.constants import ER
from runner import all_of
from trial import Skipped


def remedies(bench, *arguments):
    """What tests/examples/commands.rs prints: statements, with the version of the server that they are for."""
    example = os.path.join(os.path.dirname(bench.program), "examples", "commands")
    if not os.path.exists(example):
        raise Skipped("cargo build --example commands")
    done = subprocess.run([example, "sql", *arguments], capture_output=True, text=True, check=True, timeout=120)
    return [(remedy["server"], statement) for remedy in map(json.loads, done.stdout.splitlines())
            for statement in remedy["statements"]]


def family(version):
    assert version, "a remedy for a server that was never asked for its version"
    return next((known for known in ("TiDB", "MariaDB") if known.lower() in version.lower()), "MySQL")


def parses(database, statement):
    """Prepared, never run: of a missing account or procedure the server may complain, but not of the grammar."""
    with database.admin.cursor() as cursor:
        try:
            cursor.execute("PREPARE remedy FROM %s", [statement.rstrip(";")])
        except pymysql.MySQLError as error:
            return error.args[0] != ER.PARSE_ERROR
    return True


# Each family's name, and what of these two the server's grammar knows, so that a pass means something.
TO, FOR = "SET DEFAULT ROLE `r` TO `u`@`%`;", "SET DEFAULT ROLE `r` FOR `u`@`%`;"
FAMILIES = {"mysql": ("MySQL", [TO]), "mariadb": ("MariaDB", [FOR]), "tidb": ("TiDB", [TO])}


@all_of(FAMILIES)
def the_sql_of_remedies_parses(bench, name):
    database = Database(bench, name)
    ours, known = FAMILIES[name]
    assert [statement for statement in (TO, FOR) if parses(database, statement)] == known
    # Those that patients print, and those that they would print on a server of just this version.
    printed = [one for given in ((), (database.version,)) for one in remedies(bench, *given)]
    statements = sorted({statement for version, statement in printed if family(version) == ours})
    others = {statement for version, statement in printed if family(version) != ours}
    print(f"  {len(statements)} statements for {ours} {database.version}; {len(others)} are for other servers")
    assert statements
    wrong = [statement for statement in statements if not parses(database, statement)]
    assert not wrong, wrong
