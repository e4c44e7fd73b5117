"""Who lives where in the lab: hosts of the real kinds, their addresses and ports, the servers behind them."""

PASSWORD = "Lab-Pa55word-of-dms"
SCHEMA = "orders"
RESOLVER = "10.51.0.2"  # The second address of the VPC, as AmazonProvidedDNS has it.
AWS_PORT = 5000
TIDB_CLOUD_PORT = 5001
# The key of TiDB Cloud's API.
PUBLIC_KEY, PRIVATE_KEY = "LABKEY01", "Lab-private-key-of-the-api"
PREFIX = "2vJqXfR7mKd3sWz"
CLUSTER = "k7q2wz1dxmpa"

STARTER = "gateway01.us-east-1.prod.aws.tidbcloud.com"
STARTER_PRIVATE = "gateway01-privatelink.us-east-1.prod.aws.tidbcloud.com"
DEDICATED = f"tidb.{CLUSTER}.clusters.tidb-cloud.com"
DEDICATED_PRIVATE = f"privatelink-19318841.{CLUSTER}.clusters.tidb-cloud.com"
DEDICATED_PEERED = f"private-tidb.{CLUSTER}.clusters.tidb-cloud.com"
RDS = "orders.c8xqk2m0vj1z.us-east-1.rds.amazonaws.com"
MARIA = "orders-maria.c8xqk2m0vj1z.us-east-1.rds.amazonaws.com"
REAL = f"tidb.9hreal00tdb.clusters.tidb-cloud.com"

ADDRESSES = {
    STARTER: ["44.210.0.50", "44.210.0.51"],
    STARTER_PRIVATE: ["10.51.11.40", "10.51.12.40"],
    DEDICATED: ["44.211.0.60"],
    DEDICATED_PRIVATE: ["10.51.11.41", "10.51.12.41"],
    DEDICATED_PEERED: ["10.250.1.20"],
    RDS: ["10.51.21.30"],
    MARIA: ["10.51.21.31"],
    REAL: ["44.212.0.70"],
}
TIDB_CLOUD_VPC = "10.250.0.0/16"

# What the gateway resolves through: a name of the load balancer's, as AWS's own names do.
CHAINS = {STARTER: ["gateway01-nlb.us-east-1.prod.aws.tidbcloud.com", "k8s-gateway-0a1b2c3d.elb.us-east-1.amazonaws.com"]}

# Servers that misbehave, one a way, each a cluster of Dedicated's kind.
BAD = {
    "silent": {"kind": "silent"},
    "plain": {"kind": "plain"},
    "garbage": {"kind": "garbage"},
    "web": {"kind": "web"},
    "cut": {"kind": "cut"},
    "stuck": {"kind": "stuck"},
    "tls13": {"kind": "tidb", "only": "1.3"},
    "tls12": {"kind": "tidb", "only": "1.2"},
    "wrong-ca": {"kind": "tidb", "identity": "wrong-ca"},
    "wrong-root": {"kind": "tidb", "identity": "wrong-root"},
    "expired": {"kind": "tidb", "identity": "expired"},
    "not-yet-valid": {"kind": "tidb", "identity": "not-yet-valid"},
    "wrong-host": {"kind": "tidb", "identity": "wrong-host"},
    "address-only": {"kind": "tidb", "identity": "address-only"},
    "self-signed": {"kind": "tidb", "identity": "self-signed"},
    "missing-intermediate": {"kind": "tidb", "identity": "missing-intermediate"},
    "poor": {"kind": "tidb", "poor": True},
}


def bad_host(name):
    return f"tidb.bad{name.replace('-', '')}.clusters.tidb-cloud.com"


# Where the Dedicated cluster's host has a server of TLS 1.2 with this suite alone.
CBC_PORT, CBC = 4001, "ECDHE-ECDSA-AES256-SHA384"
# Nobody listens at the one, nothing answers from the other.
REFUSED, DROPPED = bad_host("refused"), bad_host("dropped")
BAD_ADDRESSES = {bad_host(name): [f"44.219.0.{place + 10}"] for place, name in enumerate(BAD)}
BAD_ADDRESSES |= {REFUSED: ["44.219.0.1"], DROPPED: ["44.218.0.1"]}
# Names that the DNS itself makes trouble of.
NO_NAME, SILENT_NAME, BROKEN_NAME = bad_host("noname"), bad_host("mute"), bad_host("dns")
# A private endpoint's host that nothing serves, since private DNS is off.
NO_PRIVATE_NAME = "privatelink-19305678.n0dns2vabcd.clusters.tidb-cloud.com"


def databases():
    """The hosts of the databases on AWS's side."""
    return [RDS, MARIA]


def clusters():
    """Every other host that a certificate must be good for."""
    return [DEDICATED, *[one for one in ADDRESSES if one not in (DEDICATED, *databases())], *BAD_ADDRESSES]


def local_addresses():
    """Every address that this machine answers from; `DROPPED` isn't one."""
    named = {**ADDRESSES, **BAD_ADDRESSES}
    return [RESOLVER, *(address for host, listed in named.items() if host != DROPPED for address in listed)]


def grants(user):
    """What DMS needs of a target, as TiDB 8.5.4 was recorded to show it."""
    return [f"GRANT USAGE ON *.* TO '{user}'@'%'",
            f"GRANT ALL PRIVILEGES ON `awsdms_control`.* TO '{user}'@'%'",
            "GRANT SELECT,INSERT,UPDATE,DELETE,CREATE,DROP,CREATE TEMPORARY TABLES,ALTER,INDEX ON "
            f"`{SCHEMA}`.* TO '{user}'@'%'"]


def account(user):
    return {user: {"password": PASSWORD, "grants": grants(user)}}


def servers():
    """The stand-ins and the misbehaving, for servers.py."""
    starter = {"kind": "tidb", "port": 4000, "require_tls": True, "prefix": PREFIX, "schemas": [SCHEMA],
               "version": "8.0.11-TiDB-v8.5.4-serverless", "accounts": account(f"{PREFIX}.dms")}
    private = {**starter, "require_tls": False}
    dedicated = {"kind": "tidb", "port": 4000, "schemas": [SCHEMA], "accounts": account("dms")}
    listed = [
        {"name": "starter", "addresses": ADDRESSES[STARTER], **starter},
        {"name": "starter-private", "addresses": ADDRESSES[STARTER_PRIVATE], **private},
        {"name": "dedicated", **dedicated, "addresses": [
            *ADDRESSES[DEDICATED], *ADDRESSES[DEDICATED_PRIVATE], *ADDRESSES[DEDICATED_PEERED]]},
    ]
    # A port of its own instead of a name of its own: every name stands in the certificate that the patients hold.
    listed.append({"name": "cbc", **dedicated, "port": CBC_PORT, "addresses": ADDRESSES[DEDICATED], "only": "1.2",
                   "ciphers": CBC})
    for name, how in BAD.items():
        one = {"name": name, "port": 4000, "addresses": BAD_ADDRESSES[bad_host(name)], "schemas": [SCHEMA],
               "accounts": account("dms"), **how}
        if one.pop("poor", False):
            one["accounts"]["dms"]["grants"] = ["GRANT USAGE ON *.* TO 'dms'@'%'",
                                                f"GRANT SELECT ON `{SCHEMA}`.* TO 'dms'@'%'"]
            one["variables"] = {"local_infile": "OFF"}
        listed.append(one)
    return listed


def source_sql():
    """What the databases on AWS's side are set up with, as source or as target; one statement a line."""
    return "".join(f"{line};\n" for line in (
        f"CREATE DATABASE {SCHEMA}",
        f"CREATE TABLE {SCHEMA}.orders (id INT PRIMARY KEY, item VARCHAR(40))",
        f"CREATE USER 'dms'@'%' IDENTIFIED BY '{PASSWORD}'",
        f"GRANT ALL ON {SCHEMA}.* TO 'dms'@'%'",
        "GRANT ALL ON awsdms_control.* TO 'dms'@'%'",
        "GRANT REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO 'dms'@'%'",
        # RDS keeps its own settings in a table; mysql.rds_set_configuration writes it.
        "CREATE TABLE mysql.rds_configuration (name VARCHAR(100) PRIMARY KEY, value VARCHAR(100), description VARCHAR(300))",
        "INSERT INTO mysql.rds_configuration VALUES ('binlog retention hours', '48', 'binlog retention hours')",
        "GRANT SELECT ON mysql.rds_configuration TO 'dms'@'%'",
        "SET GLOBAL local_infile = ON",
        "SET GLOBAL net_read_timeout = 300",
        "SET GLOBAL net_write_timeout = 300"))
