"""Certificates, right and wrong: what `tls` and the doctor say of each, with OpenSSL as the second judge of every chain."""
import datetime
import json
import os
import re
import shutil
import subprocess

import world
from runner import all_of, test
from trial import Skipped, against, needs

# What is said of each identity of the lab: the causes that `tls` names, and the doctor's root cause.
# A lone certificate may lack its intermediate, or stand under another CA: both are said, and it is one cause.
EITHER = {"incomplete-chain", "wrong-ca"}
IDENTITIES = {
    "right": (set(), None),
    "wrong-ca": (EITHER, "tls/dms-certificate"),
    "wrong-root": ({"wrong-ca"}, "tls/dms-certificate"),
    "expired": ({"expired"}, "tls/validity"),
    "not-yet-valid": ({"not-yet-valid"}, "tls/validity"),
    "wrong-host": ({"hostname"}, "tls/host-name"),
    "address-only": ({"hostname"}, "tls/host-name"),
    "self-signed": ({"self-signed"}, "tls/chain-trusted"),
    "missing-intermediate": (EITHER, "tls/dms-certificate"),
    "leaf-as-ca": ({"bad-ca"}, "tls/dms-certificate"),
    "tls13": ({"protocol"}, "tls/protocol"),
}
# Days from today at which each chain is judged as well; the one of `not-yet-valid` is good in 45 days.
DAYS = (-45, 0, 45, 2000)
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def s_client(host, *options, port=4000):
    """All that OpenSSL prints of a handshake."""
    done = subprocess.run(["openssl", "s_client", "-starttls", "mysql", "-showcerts", *options, "-connect", f"{host}:{port}"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
    return done.stdout


def openssl_accepts(folder, chain, host, authority, at):
    """Whether OpenSSL, with this CA alone, would take the chain for this host at this time."""
    for name, text in (("leaf.pem", chain[0]), ("chain.pem", "".join(chain))):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    done = subprocess.run(
        ["openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", authority, "-untrusted", os.path.join(folder, "chain.pem"),
         "-verify_hostname", host, "-attime", str(int(at.timestamp())), os.path.join(folder, "leaf.pem")],
        capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def judged(bench, shown, host, authority, *arguments):
    """What `tls` says of OpenSSL's output: its verdict, and the codes of the causes."""
    done, _ = bench.run("tls", "-", "--host", host, "--ca", authority, "--json", *arguments, stdin=shown)
    assert done.returncode in (0, 1), f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    trust = json.loads(done.stdout)
    assert (trust["verdict"], done.returncode) in (("trusted", 0), ("refused", 1)), done.stdout
    assert not trust["causes"] or trust["verdict"] == "refused", done.stdout
    return trust["verdict"], {cause["code"] for cause in trust["causes"]}


@all_of(IDENTITIES)
def certificate(bench, how):
    needs(bench, "tls/")
    if not shutil.which("openssl"):
        raise Skipped("openssl is missing")
    causes, root_cause = IDENTITIES[how]
    file = "leaf-as-ca.pem" if how == "leaf-as-ca" else "ca.pem"
    authority = os.path.join(bench.certificates, file)
    host = bench.lab["names"]["bad"].get(how, bench.lab["names"]["dedicated"])

    shown = s_client(host)
    if how == "tls13":
        # Over TLS 1.3 the same certificates are good; that 1.2 is refused only another handshake tells.
        assert judged(bench, shown, host, authority) == ("trusted", set())
        assert judged(bench, s_client(host, "-tls1_2"), host, authority) == ("refused", causes)
    else:
        assert judged(bench, shown, host, authority) == ("refused" if causes else "trusted", causes)
    agrees(bench, shown, host, authority)

    differently = {"authority": file} if how == "leaf-as-ca" else {}
    run = against(bench, host, **differently)
    wanted = {root_cause} if root_cause else set()
    assert run.causes == wanted, f"{run.causes} instead of {wanted}\n{run.described()}"
    assert run.code == (1 if root_cause else 0), run.described()
    # Another CA is asked for where it would let somebody in, and only there.
    asks = any(gap["unlock"] == {"flag": "--ca"} for row in run.rows for gap in row["gaps"])
    assert asks == (root_cause in ("tls/dms-certificate", "tls/chain-trusted")), run.described()
    if causes == EITHER:
        assert "Import the right CA; where it is the right one already, let the server send" in " ".join(run.out.split()), run.out


def agrees(bench, shown, host, authority):
    """OpenSSL takes a chain at a time, and for a host, if and only if it is trusted."""
    chain = CERTIFICATE.findall(shown)
    assert chain, shown
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    for days in DAYS:
        at = now + datetime.timedelta(days=days)
        for name in (host, world.RDS, "another.example"):
            verdict, codes = judged(bench, shown, name, authority, "--at", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
            accepted, words = openssl_accepts(bench.lab["folder"], chain, name, authority, at)
            assert accepted == (verdict == "trusted"), f"{name} in {days} days: {verdict} {codes}, and OpenSSL says {words}"


@test
def suites_of_cbc_alone(bench):
    """F-16, second half: such a server is seen as OpenSSL sees it, and what DMS makes of it no source says."""
    needs(bench, "tls/protocol")
    if not shutil.which("openssl"):
        raise Skipped("openssl is missing")
    host = bench.lab["names"]["dedicated"]
    assert f"Cipher is {world.CBC}" in s_client(host, "-tls1_2", port=world.CBC_PORT)
    assert "Cipher is (NONE)" in s_client(host, "-tls1_2", "-cipher", "AESGCM:CHACHA20", port=world.CBC_PORT)

    run = against(bench, host, arguments=["--tidb-port", str(world.CBC_PORT)])
    row, = [row for row in run.rows if row["check"] == "tls/protocol" and row["subject"]["kind"] == "target"]
    said = [gap["reason"] for gap in row["gaps"]]
    assert row["outcome"] == "unknown" and "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" in said[0], said
    # The port is another than the endpoint's, which is found; what isn't known is no cause.
    assert "dms/host-and-port" in run.causes and "tls/protocol" not in run.causes, run.described()
