"""The program against the lab: all tests, in one go.

    TIDB_DMS=target/debug/tidb-dms tests/lab/run $(tests/lab/aws/python) tests/lab/test.py [WORD…]

TIDB_DMS names the program; words on the command line choose tests by name. TIDB_DMS_LONG=1 also denies each action in
each topology (about an hour), and makes ten times as many random accounts and names. `tests/run` runs the two parts side
by side, each in a lab of its own.

The last line says how many passed, failed and were skipped; the skipped are named before it.
"""
import sys

import aws_tests  # noqa: F401, registers its tests.
import ends_tests  # noqa: F401, registers its tests.
import runner

if __name__ == "__main__":
    sys.exit(runner.main())
