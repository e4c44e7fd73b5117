"""Random names in grants, as patterns on a real MySQL, MariaDB and TiDB: which schemas they reach.

A difference is a wrong verdict. TIDB_DMS_LONG=1 tries ten times as many. The seed is fixed, so a failure comes again.
"""
import os
import random

from database import Database, quoted
from runner import all_of

PATTERNS = 150 * (10 if os.environ.get("TIDB_DMS_LONG") else 1)
SEED = 20261129
# Letters of both cases, of one byte and of two; characters that a pattern reads as wildcards.
SCHEMAS = ["shop", "my_shop", "MyShop", "schön_1", "schop", "a%b"]
# What may stand where a name has a character; a lone backslash meets whatever comes next.
PIECES = ["_", "%", "%", "%", "\\", "__", "_%", "%_", "\\_", "\\%", "s", "ö", "O", ""]


def pattern(dice):
    """A schema's name with some of its characters changed, so that a match isn't a rare thing."""
    name = list(dice.choice(SCHEMAS))
    for place in dice.sample(range(len(name)), dice.randint(0, 2)):
        changes = [*PIECES, name[place].swapcase(), "\\" + name[place]]
        name[place] = dice.choice(changes)
    # Two backslashes in a row are what a client makes of one.
    return "".join(name).replace("\\\\", "\\") or "%"


def said(answer, schema):
    if any(one["on"] == schema for one in answer["missing"]):
        return "lacking"
    return "unknown" if any(one["about"] == schema for one in answer["gaps"]) else "enough"


@all_of(["mysql", "mariadb", "tidb"])
def random_patterns(bench, name):
    database = Database(bench, name)
    dice, counts, wrong = random.Random(SEED), {"enough": 0, "lacking": 0, "unknown": 0}, []
    with database.schemas(*SCHEMAS):
        database.run("CREATE USER 'matched'@'%'")
        session = database.login("matched")
        for row in sorted({pattern(dice) for _ in range(PATTERNS)}):
            database.run(f"GRANT SELECT ON {quoted(row)}.* TO 'matched'@'%'")
            answer = database.judge(session, "source", SCHEMAS)
            for schema in SCHEMAS:
                verdict = said(answer, schema)
                counts[verdict] += 1
                server = "lacking" if database.denied(session, f"SELECT * FROM {quoted(schema)}.t", "SELECT") else "enough"
                if verdict not in (server, "unknown"):
                    wrong.append(f"{row} on {schema}: {verdict}, and the server says {server}")
            database.run(f"REVOKE SELECT ON {quoted(row)}.* FROM 'matched'@'%'")
    print("  " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:20])
    tried = sum(counts.values())
    assert counts["enough"] * 20 > tried and counts["lacking"] * 2 > tried and counts["unknown"] * 10 < tried, counts
