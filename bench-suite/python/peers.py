"""Python's pools, measured by themselves: `peers.py POOL WORKLOAD WORKERS UNITS PARAMETER`.

The first line of the output says whether the pool is there. Then each line on standard input asks for one round, and the
answer is a line of JSON, all of it in nanoseconds: the wall time, the figure (mostly the time per unit), the CPU time per
unit, the workers' included, what each unit took where they are timed one by one, and what the round computed. The first
round is thrown away by who asks: it makes the pool. At the end of the input the pool is closed.

    peers.py        says and does what it is asked to
    pools.py        the pools, each with the same few methods
    workloads.py    what they are asked to do: the questions of the mission; costs.py: what a pool costs
    rounds.py       how that is timed
    tasks.py        the functions that run in the workers
    cpu.py          the CPU time of a process and its descendants
"""

import json
import os
import platform
import sys

import pools
from workloads import Bench


def versions():
    print(f"{platform.python_implementation()} {platform.python_version()}{' free-threaded' if pools.free() else ''}")
    for module in pools.MODULES:
        version = pools.version(module)
        if version:
            print(f"{module} {version}")


def say(what):
    print(json.dumps(what), flush=True)


def main():
    if sys.argv[1:] == ["versions"]:
        return versions()
    pool, workload, *numbers = sys.argv[1:]
    try:
        make = pools.find(pool)
    except pools.Missing as missing:
        return say({"Missing": str(missing)})
    with Bench(make, *map(int, numbers)) as bench:
        say("Ready")
        for _ in sys.stdin:
            say(getattr(bench, workload)())


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(130)
