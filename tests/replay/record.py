#!/usr/bin/python3
"""Record what a build does: record.py PROGRAM [CASE…]

PROGRAM is heartbeat-consumer in the build folder of the version whose behaviour is to be kept; README.md explains how to
build it. Without a CASE all are recorded.
"""

import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))


def main(program, names):
    """Record the cases with these names, or all."""
    os.environ["HEARTBEAT_CONSUMER"] = program
    for name in names or replay.case_names():
        home = tempfile.mkdtemp(prefix="heartbeat-record-")
        try:
            record = replay.play(replay.read_case(name), home)
        finally:
            shutil.rmtree(home)
        replay.write_record(name, record)
        print(f"{name}: {len(record)} entries", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    # needs the path above
    from bench import replay
    main(os.path.abspath(sys.argv[1]), sys.argv[2:])
