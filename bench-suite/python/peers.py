"""CPython's process pools, measured by themselves: `peers.py POOL WORKLOAD WORKERS UNITS PARAMETER`.

The first line of the output says whether the pool is there. Then each line on standard input asks for one round, and the
answer is a line of JSON, all of it in nanoseconds: the wall time, the time per unit, the CPU time per unit where it is
counted, what each unit took where they are timed one by one, and what the round computed. The pool is warm: the first round
is thrown away by who asks. At the end of the input the pool is closed.
"""

import json
import multiprocessing
import os
import platform
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from time import perf_counter_ns as now

PAGE = 4096


def identity(value):
    return value


def tiny(number):
    return number ^ 1


def following(number):
    return number + 1


def look(payload):
    return len(payload) ^ payload[-1]


class Executor:
    """concurrent.futures.ProcessPoolExecutor."""

    def __init__(self, workers):
        self.pool = ProcessPoolExecutor(workers)

    def call(self, function, argument):
        return self.pool.submit(function, argument).result()

    def one_by_one(self, function, items):
        futures = [self.pool.submit(function, item) for item in items]
        return [future.result() for future in futures]

    def map(self, function, items, chunk_size):
        return self.pool.map(function, items, chunksize=chunk_size)

    def close(self):
        self.pool.shutdown()


class Pool:
    """multiprocessing.Pool."""

    def __init__(self, workers):
        self.pool = multiprocessing.Pool(workers)

    def call(self, function, argument):
        return self.pool.apply(function, (argument,))

    def one_by_one(self, function, items):
        return self.pool.map(function, items, chunksize=1)

    def map(self, function, items, chunk_size):
        return self.pool.map(function, items, chunksize=chunk_size)

    def close(self):
        self.pool.terminate()
        self.pool.join()


POOLS = {"multiprocessing.Pool": Pool, "ProcessPoolExecutor": Executor}


class Bench:
    def __init__(self, make, workers, units, parameter):
        self.make, self.workers, self.units, self.parameter = make, workers, units, parameter
        self.kept_pool = None
        self.payload = None

    @property
    def pool(self):
        if self.kept_pool is None:
            self.kept_pool = self.make(self.workers)
        return self.kept_pool

    def whole(self, work):
        start = now()
        answer = work()
        wall = now() - start
        return {"wall": wall, "value": wall / self.units, "cpu": None, "answer": answer}

    def each(self, work):
        times = sorted(work(number) for number in range(self.units))
        median = float(times[len(times) // 2])
        return {"wall": sum(times), "value": median, "cpu": None, "units": times, "answer": len(times)}

    def round_trip(self):
        """The parameter is the gap between two trips, in microseconds."""
        gap = self.parameter / 1e6

        def trip(number):
            if gap:
                time.sleep(gap)
            start = now()
            assert self.pool.call(identity, number) == number
            return now() - start

        return self.each(trip)

    def burst(self):
        return self.whole(lambda: sum(self.pool.one_by_one(tiny, range(self.units))))

    def map(self):
        """The parameter is the size of a chunk."""
        return self.whole(lambda: sum(self.pool.map(following, range(self.units), self.parameter)))

    def bytes(self):
        if self.payload is None:
            self.payload = os.urandom(PAGE) * (self.parameter // PAGE)
        return self.payload

    def echo(self):
        """The parameter is the size of the payload. Each page of the result is looked at."""

        def echo(_):
            payload = self.bytes()
            start = now()
            result = self.pool.call(identity, payload)
            max(result[::PAGE])
            taken = now() - start
            assert len(result) == len(payload)
            return taken

        return self.each(echo)

    def again(self):
        """The same payload, whose size is the parameter, to each task; small results."""
        payload = self.bytes()

        def all_of_them():
            results = self.pool.one_by_one(look, [payload] * self.units)
            assert all(result == look(payload) for result in results)
            return len(results)

        return self.whole(all_of_them)

    def start(self):
        """From nothing to as many results as the parameter says."""

        def start(_):
            start = now()
            pool = self.make(self.workers)
            pool.one_by_one(tiny, range(self.parameter))
            taken = now() - start
            pool.close()
            return taken

        return self.each(start)

    def crash(self):
        """From the kill of the only worker to the next result; a broken executor is made anew."""

        def crash(_):
            os.kill(self.pool.call(process_number, None), signal.SIGKILL)
            start = now()
            while True:
                try:
                    self.pool.call(identity, 1)
                    return now() - start
                except BrokenProcessPool:
                    self.pool.close()
                    self.kept_pool = None

        return self.each(crash)


def process_number(_):
    return os.getpid()


def versions():
    print(f"{platform.python_implementation()} {platform.python_version()}")


def main():
    if sys.argv[1:] == ["versions"]:
        return versions()
    pool, workload, *numbers = sys.argv[1:]
    bench = Bench(POOLS[pool], *map(int, numbers))
    print(json.dumps("Ready"), flush=True)
    for _ in sys.stdin:
        print(json.dumps(getattr(bench, workload)()), flush=True)
    if bench.kept_pool is not None:
        bench.kept_pool.close()


if __name__ == "__main__":
    main()
