"""Registers the lab's tests, and runs them."""
import sys
import time
import traceback

from trial import Bench, Skipped

TESTS = []


def test(function, *given):
    name = "-".join([function.__name__.replace("_", "-"), *[str(one) for one in given]])
    TESTS.append((name, function, given))
    return function


def all_of(names):
    """Registers a test once for each name."""
    def keep(function):
        for name in names:
            test(function, name)
        return function
    return keep


def main():
    """Runs the tests whose names hold one of the words on the command line, or all."""
    chosen = sys.argv[1:]
    bench = Bench()
    passed, failed, skipped = 0, [], []
    for name, function, given in TESTS:
        if chosen and not any(word in name for word in chosen):
            continue
        began = time.monotonic()
        try:
            function(bench, *given)
            mistakes = bench.cloud.lab("GET", "mistakes")["mistakes"]
            assert not mistakes, f"the lab's own mistakes: {mistakes}"
            passed += 1
            print(f"ok {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Skipped as reason:
            skipped.append((name, reason))
        except Exception as error:
            failed.append(name)
            print(f"FAILED {name} ({time.monotonic() - began:.1f} s)\n{error}", flush=True)
            if not isinstance(error, AssertionError):
                traceback.print_exc()
        bench.cloud.lab("DELETE", "faults")
        bench.cloud.lab("POST", "delay", milliseconds=0)
        bench.cloud.lab("POST", "iam", enforce=False)
    for name, reason in skipped:
        print(f"skipped: {name}: {reason}")
    if failed:
        print("failed: " + ", ".join(failed))
    print(f"lab: {passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0
