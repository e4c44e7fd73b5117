"""Law 9 with everything running: a password shows in no report, no facts and no line, whatever goes right or wrong."""
import json
import os
import pty
import select
import tempfile
import termios
import time

import world
from runner import all_of, test

# No format writes letters and digits differently, so the mark shows however the rest is escaped.
MARK = "Planted7c1f"
PLANTED = MARK + "<&>\"'%]]>"


def looked(bench, *arguments, **environment):
    """A run of the doctor with every log on, and all that it leaves: both outputs, each format, the facts."""
    with tempfile.TemporaryDirectory(dir=bench.lab["folder"]) as folder:
        kept = [os.path.join(folder, name) for name in ("facts.json", "report.xml")]
        run = bench.doctor(*arguments, "--save-facts", kept[0], "--report", f"junit={kept[1]}", RUST_LOG="trace", **environment)
        left = run.out + run.err + (run.text or "")
        for file in kept:
            with open(file) as text:
                left += text.read()
    return run, left


def silent(bench, left):
    for secret in (MARK, bench.lab["password"]):
        place = left.find(secret)
        assert place < 0, f"…{left[max(0, place - 200):place + len(secret)]}"


def login(run):
    return {row["outcome"] for row in run.rows if row["check"] == "mysql/login" and row["outcome"] != "not_applicable"}


@test
def no_password_of_an_answer_is_anywhere(bench):
    planted = bench.plant("dedicated-nat-instance")
    bench.cloud.lab("POST", "password", password=PLANTED)
    run, left = looked(bench, *planted["arguments"])
    assert run.code == 0 and login(run) == {"pass"}, run.described()
    silent(bench, left)


@all_of(["environment", "file"])
def no_wrong_password_is_anywhere(bench, place):
    planted = bench.plant("starter-nat-instance", tested=False)
    given, environment = [], {"TIDB_DMS_TARGET_PASSWORD": PLANTED}
    if place == "file":
        file = os.path.join(bench.lab["folder"], "password")
        with open(file, "w") as text:
            text.write(f"{PLANTED}\n")
        given, environment = ["--target-password-file", file], {"TIDB_DMS_TARGET_PASSWORD": None}
    run, left = looked(bench, *planted["arguments"], *given, **environment)
    # It was tried, and refused.
    assert "error 1045" in left and login(run) == {"pass", "unknown"}, run.described()
    silent(bench, left)


@all_of(["plain", "garbage", "cut", "wrong-ca", "poor"])
def no_password_is_anywhere_against(bench, how):
    """Servers that misbehave, and one that lets in and grants too little."""
    planted = bench.plant("dedicated-nat-instance", host=bench.lab["names"]["bad"][how], tested=False)
    run, left = looked(bench, *planted["arguments"])
    assert run.code in (1, 3), run.described()
    silent(bench, left)


SECRETS = {
    "right": lambda host: {"username": f"{world.PREFIX}.dms", "password": world.PASSWORD, "host": host, "port": 4000},
    "wrong": lambda host: {"username": f"{world.PREFIX}.dms", "password": PLANTED, "host": host, "port": 4000},
    "no-json": lambda host: PLANTED,
    "no-object": lambda host: ["password", PLANTED],
    "denied": lambda host: {"username": "dms", "password": PLANTED, "host": host, "port": 4000},
}


@all_of(SECRETS)
def no_secret_is_anywhere(bench, kind):
    planted = bench.plant("starter-nat-instance", tested=False)
    content = SECRETS[kind](planted["host"])
    text = content if isinstance(content, str) else json.dumps(content)
    bench.cloud.secretsmanager.create_secret(Name="tidb", SecretString=text)
    if kind == "denied":
        bench.cloud.lab("POST", "faults", action="secretsmanager:GetSecretValue", kind="denied")
    run, left = looked(bench, *planted["arguments"], "--target-secret", "tidb", TIDB_DMS_TARGET_PASSWORD="of another day")
    assert "secretsmanager:GetSecretValue" in run.asked, run.asked
    assert (login(run) == {"pass"}) == (kind == "right"), run.described()
    silent(bench, left)


@test
def no_typed_password_is_anywhere(bench):
    """On a terminal, where it must not be echoed either."""
    facts = os.path.join(bench.lab["folder"], "typed.json")
    host = bench.lab["names"]["dedicated"]
    ca = os.path.join(bench.certificates, "ca.pem")
    for typed in (bench.lab["password"], PLANTED):
        process, terminal = pty.fork()
        if process == 0:
            os.execve(bench.program, [bench.program, "probe", host, "--user", "dms", "--as", "target", "--ca", ca, "--save-facts", facts],
                      {**bench.environment(), "RUST_LOG": "trace"})
        shown, sent, end = b"", False, time.monotonic() + 30
        while time.monotonic() < end:
            # A person is slower than this: the prompt is there a moment before the echo is off.
            if not sent and b"Password" in shown and not termios.tcgetattr(terminal)[3] & termios.ECHO:
                os.write(terminal, typed.encode() + b"\n")
                sent = True
            if not select.select([terminal], [], [], 0.01)[0]:
                continue
            try:
                shown += os.read(terminal, 4096)
            except OSError:
                break
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0 and sent, shown
        with open(facts) as file:
            saved = file.read()
        # The right one gets in, the wrong one doesn't: both were sent.
        assert ("accepted" in saved, "1045" in saved) == (typed != PLANTED, typed == PLANTED), saved
        silent(bench, saved + shown.decode())
