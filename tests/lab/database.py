"""A real MySQL, MariaDB or TiDB of the lab: its administrator, its accounts, and what it lets an account really do."""
import contextlib
import json
import os
import re
import struct

import pymysql
from pymysql.constants import COMMAND
from trial import Skipped

CONTROL = "awsdms_control"
# The nine that DMS needs on a target's schemas, in the order in which the program names them.
NINE = ["ALTER", "CREATE", "CREATE TEMPORARY TABLES", "DROP", "INDEX", "INSERT", "UPDATE", "DELETE", "SELECT"]
# A table is granted all of them but this one.
OF_TABLES = [privilege for privilege in NINE if privilege != "CREATE TEMPORARY TABLES"]
# By these errors a server says that an account may not: on a schema, on the server, on a table, on a column; TiDB's own.
DENIED = (1044, 1045, 1142, 1143, 1227, 8121)
# By these it says that an account might, if only the thing were there already, or weren't.
ALLOWED = {"CREATE": (1050,), "CREATE TEMPORARY TABLES": (1050,), "ALTER": (1060,), "INDEX": (1061,), "INSERT": (1062,),
           # A foreign key of another table refers to it.
           "DROP": (3730, 1451)}

TABLE = "(a INT PRIMARY KEY, b INT, KEY k (b))"
# Each tries one privilege and changes nothing, so that hundreds of accounts can try it on the same tables.
ATTEMPTS = {
    "ALTER": "ALTER TABLE {table} ADD COLUMN b INT",
    "DROP": "DROP TABLE {table}",
    "INDEX": "CREATE INDEX k ON {table} (b)",
    "INSERT": "INSERT INTO {table} VALUES (1, 0)",
    "UPDATE": "UPDATE {table} SET b = 0",
    "DELETE": "DELETE FROM {table} LIMIT 0",
    "SELECT": "SELECT * FROM {table}",
}
ATTEMPTS_ON_SCHEMA = {
    "CREATE": "CREATE TABLE {schema}.child (a INT)",
    "CREATE TEMPORARY TABLES": "CREATE TEMPORARY TABLE {schema}.scratch (a INT) ENGINE=MEMORY",
}
# What DMS really does, each with the privilege that it needs.
WORK = [
    ("CREATE", "CREATE TABLE {schema}.made (a INT PRIMARY KEY, b INT)"),
    ("INSERT", "INSERT INTO {schema}.loaded VALUES (7, 7)"),
    ("SELECT", "SELECT * FROM {schema}.loaded"),
    ("UPDATE", "UPDATE {schema}.loaded SET b = 8"),
    ("ALTER", "ALTER TABLE {schema}.loaded ADD COLUMN c INT"),
    ("INDEX", "CREATE INDEX made ON {schema}.loaded (b)"),
    ("CREATE TEMPORARY TABLES", "CREATE TEMPORARY TABLE {schema}.scratch (a INT)"),
    ("DELETE", "DELETE FROM {schema}.loaded"),
    ("DROP", "DROP TABLE {schema}.loaded"),
]


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def escaped(name):
    """A schema as a pattern that matches it alone."""
    return quoted(name.replace("_", r"\_"))


class Database:
    """One of the servers, by its administrator's session."""

    def __init__(self, bench, name):
        if name in bench.lab["skipped"]:
            raise Skipped(bench.lab["skipped"][name])
        self.bench, self.name, self.is_mysql, self.is_tidb = bench, name, name == "mysql", name == "tidb"
        # MariaDB's roles have no host.
        self.has_hosts_of_roles = name != "mariadb"
        self.socket = os.path.join(bench.lab["folder"], name, "socket")
        self.admin = self.login("root")
        self.version = self.value("SELECT VERSION()")
        self.text = os.path.join(bench.lab["folder"], f"{name}-grants.txt")

    def login(self, user):
        """A session; accounts of these tests have no password."""
        return pymysql.connect(unix_socket=self.socket, user=user, autocommit=True)

    def run(self, *statements):
        """By the administrator."""
        with self.admin.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def column(self, statement, session=None):
        with (session or self.admin).cursor() as cursor:
            cursor.execute(statement)
            return [row[0] for row in cursor.fetchall()]

    def value(self, statement, session=None):
        return self.column(statement, session)[0]

    @contextlib.contextmanager
    def schemas(self, *names, partial_revokes=False):
        """Schemas with two tables each, and the server as it was once they aren't needed any more."""
        # Nothing of this has to outlive the machine.
        quick = {} if self.is_tidb else {"innodb_flush_log_at_trx_commit": 0, "sync_binlog": 0}
        before = {name: self.value(f"SELECT @@global.{name}") for name in quick}
        kept = set(self.accounts())
        try:
            self.run(*[f"SET GLOBAL {name} = {value}" for name, value in quick.items()])
            if self.is_mysql:
                self.run(f"SET GLOBAL partial_revokes = {'ON' if partial_revokes else 'OFF'}")
            for name in names:
                self.run(f"CREATE DATABASE {quoted(name)}", *[
                    statement.format(schema=quoted(name)) for statement in (
                        f"CREATE TABLE {{schema}}.t {TABLE}", f"CREATE TABLE {{schema}}.t2 {TABLE}",
                        "INSERT INTO {schema}.t VALUES (1, 0)", "INSERT INTO {schema}.t2 VALUES (1, 0)",
                        "CREATE TABLE {schema}.child (a INT, b INT, FOREIGN KEY (a) REFERENCES t (a),"
                        " FOREIGN KEY (b) REFERENCES t2 (a))")])
            yield
        finally:
            for account in set(self.accounts()) - kept:
                self.run(f"DROP {'ROLE' if '@' not in account else 'USER'} {account}")
            self.run(*[f"DROP DATABASE IF EXISTS {quoted(name)}" for name in names],
                     *[f"SET GLOBAL {name} = {value}" for name, value in before.items()])
            if self.is_mysql:
                self.run("SET GLOBAL partial_revokes = OFF")

    def accounts(self):
        """Accounts and roles; a role of MariaDB has no host."""
        found = self.column("SELECT CONCAT(QUOTE(User), '@', QUOTE(Host)) FROM mysql.user")
        return [name.removesuffix("@''") for name in found]

    # What the server does.

    def denied(self, session, statement, privilege):
        """The privilege for want of which the server refuses it, or None; another error is one of the test.

        The server may name another one than that which is tried: TiDB updates nobody who may not read.
        """
        try:
            with session.cursor() as cursor:
                cursor.execute(statement)
        except pymysql.MySQLError as error:
            if error.args[0] in DENIED:
                named = re.match(r"([A-Z]+) command denied", error.args[1])
                return named[1] if named and named[1] in NINE else privilege
            assert error.args[0] in ALLOWED.get(privilege, ()), f"{statement}: {error}"
        return None

    def refused(self, session, schema):
        """The privileges that the account turns out to lack on the schema or on one of its tables."""
        lacking = self.refused_on_schema(session, schema)
        for table in ("t", "t2"):
            lacking |= self.refused_on_table(session, schema, table)
        return lacking

    def refused_on_schema(self, session, schema):
        return {self.denied(session, attempt.format(schema=quoted(schema)), privilege)
                for privilege, attempt in ATTEMPTS_ON_SCHEMA.items()} - {None}

    def refused_on_table(self, session, schema, table):
        table = f"{quoted(schema)}.{table}"
        lacking = {self.denied(session, attempt.format(table=table), privilege) for privilege, attempt in ATTEMPTS.items()}
        if self.is_tidb and "SELECT" in lacking:
            # TiDB names SELECT before UPDATE. What is granted on everything leaves the rows of other levels as they are.
            who = "'{}'@'{}'".format(*self.value("SELECT CURRENT_USER()", session).rsplit("@", 1))
            self.run(f"GRANT SELECT ON *.* TO {who}")
            lacking.add(self.denied(session, ATTEMPTS["UPDATE"].format(table=table), "UPDATE"))
            self.run(f"REVOKE SELECT ON *.* FROM {who}")
        return lacking - {None}

    def refused_work(self, session, schema):
        """The privileges for want of which the server refuses a step of the real work."""
        schema = quoted(schema)
        self.run(f"DROP TABLE IF EXISTS {schema}.made, {schema}.loaded",
                 f"CREATE TABLE {schema}.loaded (a INT PRIMARY KEY, b INT)")
        lacking = {self.denied(session, statement.format(schema=schema), privilege) for privilege, statement in WORK} - {None}
        made = self.column(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema.replace('`', chr(39))}")
        assert ("made" in made) == ("CREATE" not in lacking) and ("loaded" in made) == ("DROP" in lacking), made
        return lacking

    def refused_replication(self, session):
        """What the account lacks to follow the binary log, tried as a replica does."""
        status, client = (("SHOW BINARY LOG STATUS", "REPLICATION CLIENT") if self.is_mysql else
                          ("SHOW BINLOG STATUS", "BINLOG MONITOR"))
        lacking = {self.denied(session, status, client)} - {None}
        try:
            # Server id, host, user, password, port, rank, source id.
            session._execute_command(COMMAND.COM_REGISTER_SLAVE, struct.pack("<IBBBHII", 99, 0, 0, 0, 0, 0, 0))
            session._read_packet()
        except pymysql.MySQLError as error:
            assert error.args[0] in DENIED, error
            lacking.add("REPLICATION SLAVE")
        return lacking

    # What the program says.

    def grants(self, session):
        return self.column("SHOW GRANTS", session)

    def judge(self, session, side, schemas, *flags, settings=True, of="--schemas"):
        """The program's answer about the account's own SHOW GRANTS, and its exit code."""
        with open(self.text, "w") as file:
            file.write("\n".join(self.grants(session)) + "\n")
        if settings:
            shown = "SELECT {}"
            flags += ("--current-role", self.value(shown.format("CURRENT_ROLE()"), session) or "NULL",
                      "--lower-case-table-names", str(self.value(shown.format("@@lower_case_table_names"))))
            if self.is_mysql:
                flags += ("--partial-revokes", "on" if self.value(shown.format("@@partial_revokes")) else "off")
        done, _ = self.bench.run("grants", "--server", self.version, "--as", side, of, ",".join(schemas),
                                 "--json", *flags, self.text)
        assert done.returncode in (0, 1, 3), done.stderr
        answer = json.loads(done.stdout)
        assert done.returncode == {"enough": 0, "lacking": 1, "unknown": 3}[answer["verdict"]], answer
        return answer
