"""A server that speaks like TiDB 8.5.4: greeting, refusals, variables and grants as a real one was recorded to give them.

What the doctor asks is answered from `tests/data/servers/tidb-8.5.4.json` and from what the account was given; any
other statement is refused with 1105 and kept in `mistakes`, so that a new question can't be overlooked.
"""
import json
import os
import re

from . import protocol
from .protocol import Channel, Gone, Greeting, Login, Refusal

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, "../../data/servers/tidb-8.5.4.json")

# What TiDB 8.5's documentation lists for SHOW COLLATION; the recording has only the two of 0900.
COLLATIONS = ["ascii_bin", "binary", "gbk_bin", "gbk_chinese_ci", "latin1_bin", "utf8_bin", "utf8_general_ci",
              "utf8_unicode_ci", "utf8mb4_0900_ai_ci", "utf8mb4_0900_bin", "utf8mb4_bin", "utf8mb4_general_ci",
              "utf8mb4_unicode_ci"]
# What the recording leaves out, since it could name a machine's files.
UNRECORDED = {"local_infile": "ON", "default_authentication_plugin": "mysql_native_password"}
# Of the system's schemas an account without privileges on them sees this one.
SYSTEM = ["INFORMATION_SCHEMA"]


class StandIn:
    """One cluster. `settings`: version, accounts, variables, schemas, require_tls, prefix (see ../README.md)."""

    def __init__(self, settings):
        with open(RECORDED) as file:
            self.recorded = json.load(file)
        self.settings = settings
        self.version = settings.get("version", self.recorded["SELECT VERSION()"][0][0])
        self.variables = {**self.recorded["variables"], **UNRECORDED, "version": self.version,
                          "have_ssl": "YES", **settings.get("variables", {})}
        self.mistakes = []

    def serve(self, connection, peer, context):
        channel = Channel(connection)
        try:
            self.talk(channel, peer, context)
        except Gone:
            pass
        finally:
            channel.connection.close()

    def talk(self, channel, peer, context):
        greeting = Greeting(bytes.fromhex(self.recorded["greeting_hex"]), self.version)
        channel.sequence = 0
        channel.write(greeting.packet(tls=context is not None))
        first = channel.read()
        safe = len(first) == 32
        if safe:
            channel.start_tls(context)
            first = channel.read()
        login = Login(first)
        try:
            account = self.admit(channel, login, greeting, peer, safe)
        except Refusal as refusal:
            channel.refuse(refusal)
            return
        channel.ok()
        session = {"schema": login.schema, "account": account}
        deprecate_eof = bool(login.capabilities & protocol.DEPRECATE_EOF)
        while True:
            packet = channel.read()
            command, rest = packet[0], packet[1:]
            try:
                if command == 0x01:
                    return
                if command == 0x0E or command == 0x1F:
                    channel.ok()
                elif command == 0x02:
                    self.use(session, rest.decode())
                    channel.ok()
                elif command == 0x03:
                    answer = self.answer(session, rest.decode().strip().rstrip(";"))
                    if answer is None:
                        channel.ok()
                    else:
                        channel.result(*answer, deprecate_eof)
                else:
                    raise Refusal(1047, f"command {command} not supported now", "08S01")
            except Refusal as refusal:
                channel.refuse(refusal)

    def admit(self, channel, login, greeting, peer, safe):
        """The account that logs in, or why it doesn't."""
        if self.settings.get("require_tls") and not safe:
            # The text of the shared gateway, as many reports quote it.
            raise Refusal(1105, "Connections using insecure transport are prohibited. See https://docs.pingcap.com/"
                          "tidbcloud/secure-connections-to-serverless-tier-clusters")
        prefix = self.settings.get("prefix")
        if prefix and not login.user.startswith(f"{prefix}."):
            raise Refusal(1105, "Missing user name prefix. See https://docs.pingcap.com/tidbcloud/select-cluster-tier"
                          "#user-name-prefix")
        proof = login.proof
        if login.plugin not in (None, protocol.NATIVE):
            channel.write(b"\xfe" + protocol.NATIVE + b"\0" + greeting.salt + b"\0")
            proof = channel.read()
        account = self.settings["accounts"].get(login.user)
        if account is None or not protocol.proves(account["password"], greeting.salt, proof):
            used = "YES" if proof else "NO"
            raise Refusal(1045, f"Access denied for user '{login.user}'@'{peer}' (using password: {used})", "28000")
        return {"user": login.user, **account}

    def use(self, session, name):
        if name.lower() not in [one.lower() for one in self.schemas(session)]:
            raise Refusal(1049, f"Unknown database '{name}'", "42000")
        session["schema"] = name

    def schemas(self, session):
        return [*SYSTEM, *self.settings.get("schemas", [])]

    def answer(self, session, statement):
        """Columns and rows, or None where there is nothing to show."""
        account = session["account"]
        plain = re.sub(r"\s+", " ", statement)
        upper = plain.upper()
        if upper == "SELECT VERSION()":
            return ["VERSION()"], [[self.version]]
        if upper == "SELECT CURRENT_USER()":
            return ["CURRENT_USER()"], [[f"{account['user']}@{account.get('host', '%')}"]]
        if upper == "SELECT CURRENT_ROLE()":
            return ["CURRENT_ROLE()"], [[account.get("role", "NONE")]]
        if upper == "SHOW GRANTS":
            return [f"Grants for {account['user']}@%"], [[line] for line in account["grants"]]
        if upper == "SHOW DATABASES":
            return ["Database"], [[name] for name in self.schemas(session)]
        if upper == "SHOW COLLATION":
            listed = self.settings.get("collations", COLLATIONS)
            return (["Collation", "Charset", "Id", "Default", "Compiled", "Sortlen", "Pad_attribute"],
                    [[name, name.split("_")[0], "0", "", "Yes", "1", "PAD SPACE"] for name in listed])
        found = re.fullmatch(r"SHOW VARIABLES WHERE VARIABLE_NAME IN \((.*)\)", plain, re.IGNORECASE)
        if found:
            names = [name.strip().strip("'").lower() for name in found[1].split(",")]
            return ["Variable_name", "Value"], [[name, self.variables[name]] for name in sorted(names) if name in self.variables]
        found = re.fullmatch(r"SELECT @@(?:GLOBAL\.|SESSION\.)?(\w+)(?: LIMIT 1)?", plain, re.IGNORECASE)
        if found and found[1].lower() in self.variables:
            return [f"@@{found[1]}"], [[self.variables[found[1].lower()]]]
        found = re.fullmatch(r"USE `?([^`]+)`?", plain, re.IGNORECASE)
        if found:
            self.use(session, found[1])
            return None
        if upper.startswith("SET NAMES"):
            return None
        self.mistakes.append(statement)
        raise Refusal(1105, f"the stand-in knows no answer to: {statement}")
