"""Random accounts on a real MySQL, a real MariaDB and a real TiDB: what the program says of each, against what the server lets it do.

A difference is a wrong verdict. TIDB_DMS_LONG=1 makes ten times as many. The seed is fixed, so a failure comes again.
"""
import collections
import os
import random

import pymysql
from database import CONTROL, NINE, OF_TABLES, Database, quoted
from runner import all_of

ACCOUNTS = 50 * (10 if os.environ.get("TIDB_DMS_LONG") else 1)
SEED = 20261128
ASKED = ["shop", "my_shop"]
# Not part of the migration: a cure must leave it as it is.
BYSTANDER = "myxshop"
# Names as they are granted; some match several schemas, some one, some none.
PATTERNS = ["shop", "my_shop", r"my\_shop", "myxshop", "my%", "sh%", "%shop", "%", "s_op", "my_shop%", "m%p", "_y%", "%_shop",
            "other", CONTROL, r"awsdms\_control", "aws%", "%control", "SHOP", r"My\_shop", "MY%", r"sh\op"]
# Of no account for DMS, and printed on lines of their own.
DYNAMIC = {"mysql": "BACKUP_ADMIN, ROLE_ADMIN", "tidb": "BACKUP_ADMIN, RESTRICTED_TABLES_ADMIN", "mariadb": "PROCESS"}


class Account:
    """How one account is made: its statements, in order."""

    def __init__(self, dice, database, number, partial_revokes):
        self.dice, self.database, self.partial_revokes = dice, database, partial_revokes
        self.user, self.statements, self.granted = f"u{number}", [f"CREATE USER 'u{number}'@'%'"], []
        host = "@'%'" if database.has_hosts_of_roles else ""
        self.rows(f"'{self.user}'@'%'", dice.random() < 0.8)
        roles = [f"'r{number}{letter}'{host}" for letter in "ab"[:dice.choice((0, 0, 0, 1, 2))]]
        for role in roles:
            self.statements.append(f"CREATE ROLE {role}")
            self.rows(role, dice.random() < 0.6)
        if roles:
            self.give(roles)
        if dice.random() < 0.3:
            self.take_back()
        if dice.random() < 0.1:
            self.statements.append(f"GRANT {DYNAMIC[database.name]} ON *.* TO '{self.user}'@'%'")

    def give(self, roles):
        """Side by side or one in the other, active from login on or not."""
        who = f"'{self.user}'@'%'"
        nested = len(roles) == 2 and self.dice.random() < 0.5
        granted = roles[:1] if nested else roles
        if nested:
            self.statements.append(f"GRANT {roles[1]} TO {roles[0]}")
        self.statements += [f"GRANT {role} TO {who}" for role in granted]
        if self.dice.random() < 0.75:
            if self.database.has_hosts_of_roles:
                active = ", ".join(self.dice.sample(granted, self.dice.randint(1, len(granted))))
                self.statements.append(f"SET DEFAULT ROLE {active} TO {who}")
            else:
                self.statements.append(f"SET DEFAULT ROLE {self.dice.choice(granted)} FOR {who}")

    def privileges(self, known):
        """Mostly all or nearly all, so that being enough isn't a rare thing."""
        kind = self.dice.random()
        if kind < 0.45:
            return list(known)
        if kind < 0.75:
            return self.dice.sample(known, len(known) - 1)
        return self.dice.sample(known, self.dice.randint(1, len(known)))

    def rows(self, grantee, whole):
        """Rows of every level for one grantee; `whole` begins with what a target needs."""
        dice = self.dice

        def grant(known, place):
            listed = ["ALL"] if dice.random() < 0.1 else self.privileges(known)
            option = " WITH GRANT OPTION" if dice.random() < 0.05 else ""
            self.statements.append(f"GRANT {', '.join(listed)} ON {place} TO {grantee}{option}")
            self.granted.append((place, grantee))

        if whole and dice.random() < 0.5:
            for schema in (*ASKED, CONTROL):
                name = schema if self.partial_revokes or dice.random() < 0.5 else schema.replace("_", r"\_")
                grant(NINE, f"{quoted(name)}.*")
        elif whole:
            grant(NINE, "*.*")
        for pattern in dice.sample(PATTERNS, dice.choice((0, 0, 1, 1, 2, 3))):
            grant(NINE, f"{quoted(pattern)}.*")
        if dice.random() < 0.2:
            grant(OF_TABLES, f"{quoted(dice.choice(ASKED))}.{dice.choice(('t', 't2'))}")
        if dice.random() < 0.1:
            self.statements.append(f"GRANT SELECT (a), UPDATE (b) ON {quoted(dice.choice(ASKED))}.t TO {grantee}")
        if self.partial_revokes and dice.random() < 0.6:
            # Of a privilege that isn't held on everything nothing can be revoked in part: such a statement is left out.
            for schema in dice.sample([*ASKED, BYSTANDER, CONTROL], dice.randint(1, 2)):
                taken = ", ".join(dice.sample(NINE, dice.randint(1, 3)))
                self.statements.append(f"REVOKE {taken} ON {quoted(schema)}.* FROM {grantee}")

    def take_back(self):
        """Some of what a row gives, or all of it; a grant option may stay behind."""
        for place, grantee in self.dice.sample(self.granted, min(len(self.granted), self.dice.randint(1, 2))):
            taken = ["ALL"] if self.dice.random() < 0.3 else self.dice.sample(OF_TABLES, self.dice.randint(1, 3))
            self.statements.append(f"REVOKE {', '.join(taken)} ON {place} FROM {grantee}")

    def make(self):
        for statement in self.statements:
            try:
                self.database.run(statement)
            except pymysql.MySQLError:
                if not statement.startswith("REVOKE"):
                    raise


class Comparison:
    """What a verdict has to do with what the server did, counted."""

    def __init__(self, database):
        self.database, self.counts, self.wrong = database, collections.Counter(), []

    def compare(self, account, answer, refused, what):
        """One answer: the verdict as a whole, and what it says of each schema."""
        server = "lacking" if any(refused.values()) else "enough"
        self.counts[what, answer["verdict"]] += 1
        missing = {schema: {one["privilege"] for one in answer["missing"] if one["on"] == schema} for schema in refused}
        # TiDB takes any row that matches, and MySQL's order doesn't tell rows apart that begin alike.
        alike = any(name in statement for statement in account.statements for name in (r"sh\op", "my_shop%"))
        if self.database.is_tidb or alike:
            # Where each of several rows lacks something else, what is named is what isn't certain.
            too_much = any(missing[schema] and not missing[schema] & refused[schema] for schema in refused)
        else:
            too_much = any(missing[schema] - refused[schema] for schema in refused)
        # Where settings aren't known, each way in which they may stand can lack another privilege.
        if answer["verdict"] not in (server, "unknown") or (too_much and what != "without settings"):
            self.wrong.append((what, account.statements, self.database.grants(self.database.login(account.user)), answer, refused))

    def refused(self, account):
        session = self.database.login(account.user)
        return session, {schema: self.database.refused(session, schema) for schema in (*ASKED, CONTROL)}

    def account(self, account):
        account.make()
        session, refused = self.refused(account)
        beside = self.database.refused(session, BYSTANDER)
        answer = self.database.judge(session, "target", ASKED)
        self.compare(account, answer, refused, "verdict")
        # Who is told less may say less, and never the contrary.
        self.compare(account, self.database.judge(session, "target", ASKED, settings=False), refused, "without settings")
        self.single_tables(account, session, refused)
        if answer["verdict"] == "lacking":
            self.cure(account, answer, beside)

    def single_tables(self, account, session, refused):
        """The same asked of one table of each schema."""
        tables = [f"{schema}.t" for schema in ASKED]
        refused = {CONTROL: refused[CONTROL], **{schema: self.database.refused_on_schema(session, schema) for schema in ASKED},
                   **{f"{schema}.t": self.database.refused_on_table(session, schema, "t") for schema in ASKED}}
        self.compare(account, self.database.judge(session, "target", tables, of="--tables"), refused, "single tables")

    def cure(self, account, answer, beside):
        """Executes what is printed until it is enough; what a role gives shows once it is active."""
        for _ in range(3):
            if not answer["grant"]:
                self.counts["cure", "none printed"] += 1
                return
            self.database.run(*answer["grant"])
            session, refused = self.refused(account)
            before, answer = answer, self.database.judge(session, "target", ASKED)
            self.compare(account, answer, refused, "after the cure")
            if answer["verdict"] == "enough":
                self.counts["cure", "enough"] += 1
                # Roles give what they give, a row of the account's own may reach farther than its name says, and one
                # that is revoked may have hidden another.
                reaching = any(line.startswith(("SET DEFAULT ROLE", "REVOKE")) or " ON `my_shop`.* " in line for line in before["grant"])
                now = self.database.refused(session, BYSTANDER)
                if not reaching and beside - now:
                    self.wrong.append(("gives more elsewhere", account.statements, before, beside - now))
                return
            beside = self.database.refused(session, BYSTANDER)
        self.wrong.append(("no cure", account.statements, answer))


@all_of(["mysql", "mysql-partial-revokes", "mariadb", "tidb"])
def random_accounts(bench, name):
    database = Database(bench, name.split("-")[0])
    partial_revokes = name.endswith("partial-revokes")
    dice = random.Random(SEED)
    comparison = Comparison(database)
    with database.schemas(*ASKED, BYSTANDER, CONTROL, partial_revokes=partial_revokes):
        for number in range(ACCOUNTS):
            comparison.account(Account(dice, database, number, partial_revokes))
    for what in ("verdict", "without settings", "single tables", "after the cure", "cure"):
        counts = {said: count for (about, said), count in sorted(comparison.counts.items()) if about == what}
        print(f"  {what}: " + ", ".join(f"{count} {said}" for said, count in counts.items()))
    assert not comparison.wrong, f"{len(comparison.wrong)} wrong, the first: " + "\n".join(map(str, comparison.wrong[0]))
    for verdict in ("enough", "lacking"):
        assert comparison.counts["verdict", verdict] * 15 > ACCOUNTS, comparison.counts
    assert comparison.counts["verdict", "unknown"] * 4 < ACCOUNTS, comparison.counts
