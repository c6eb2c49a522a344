"""What the pools are asked to do, and how it is timed. The names are those of the suite's Rust workloads."""

import os
import signal
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from time import perf_counter_ns as now

import cpu
import tasks
from lives import Lives

PAGE = 4096

# From Python's documentation of ProcessPoolExecutor.
NUMBERS = [112272535095293, 112582705942171, 112272535095293, 115280095190773, 115797848077099, 1099726899285419]


class Bench(Lives):
    """A pool, kept from round to round, and how much it is asked to do. Each public method is a round."""

    def __init__(self, make, workers, units, parameter):
        self.make, self.workers, self.units, self.parameter = make, workers, units, parameter
        self._pool = self._payload = self._directory = self._gap = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        # Who is interrupted waits for no worker: those were interrupted too, in the middle of anything.
        if kind is not KeyboardInterrupt:
            self._let_go()
            self._close()
        if self._directory is not None:
            self._directory.cleanup()

    @property
    def pool(self):
        if self._pool is None:
            self._pool = self.make(self.workers)
        return self._pool

    def _close(self):
        if self._pool is not None:
            self._pool.close()
        self._pool = None

    def _whole(self, work):
        """The figure is the time per unit of all of it."""
        used = cpu.family()
        start = now()
        answer = work()
        wall = now() - start
        used = cpu.family() - used
        return {"wall": wall, "value": wall / self.units, "cpu": used / self.units, "answer": answer}

    def _each(self, work):
        """The figure is the median of the units, which `work` times itself."""
        used = cpu.family()
        times = [work(number) for number in range(self.units)]
        return self._timed(times, cpu.family() - used)

    def _timed(self, times, used):
        median = float(sorted(times)[len(times) // 2])
        return {
            "wall": sum(times), "value": median, "cpu": used / self.units, "units": times, "answer": len(times),
        }

    # Tasks and items

    def round_trip(self):
        """The parameter is the gap between two trips, in microseconds."""
        gap = self.parameter / 1e6

        def trip(number):
            if gap:
                time.sleep(gap)
            start = now()
            assert self.pool.call(tasks.identity, number) == number
            return now() - start

        return self._each(trip)

    def burst(self):
        """All submitted, then all collected, by as many threads as the parameter says; each has its share."""
        pool, share = self.pool, self.units // self.parameter

        def submit_and_collect(first):
            return sum(pool.one_by_one(tasks.tiny, range(first, first + share)))

        if self.parameter == 1:
            return self._whole(lambda: submit_and_collect(0))
        with ThreadPoolExecutor(self.parameter) as threads:
            list(threads.map(time.sleep, [0.01] * self.parameter))  # they are there before the clock starts
            return self._whole(lambda: sum(threads.map(submit_and_collect, range(0, self.units, share))))

    def open_loop(self):
        """Tasks that are due evenly spaced, the parameter's so many a second; or, where it is at most 100, at so many
        percent of what the pool can do. Each takes from when it was due."""
        if self._gap is None:
            self._gap = 1e9 / self.parameter if self.parameter > 100 else self._capacity() * 100 / self.parameter
        used = cpu.family()
        latencies = self._scheduled(self._gap)
        return self._timed(latencies, cpu.family() - used)

    def _capacity(self):
        """Nanoseconds per task of a burst: the middle one of three, after one that warms up."""
        return sorted(max(self._scheduled(0)) / self.units for _ in range(4))[1]

    def _scheduled(self, gap):
        latencies, done = [], threading.Event()

        def arrived(due):
            latencies.append(now() - due)
            if len(latencies) == self.units:
                done.set()

        start = now()
        for number in range(self.units):
            due = start + int(number * gap)
            while (left := due - now()) > 0:
                time.sleep((left - 150_000) / 1e9 if left > 150_000 else 0)
            self.pool.submit_with(tasks.tiny, number, lambda due=due: arrived(due))
        done.wait()
        return latencies


    def submit(self):
        """The submits alone; what comes back is collected afterwards."""
        tickets = []
        submit, keep = self.pool.submit, tickets.append

        def submits():
            for number in range(self.units):
                keep(submit(tasks.tiny, number))

        round = self._whole(submits)
        round["answer"] = sum(map(self.pool.result, tickets))
        return round

    def map(self):
        """The parameter is the size of a chunk; 0 leaves it to the pool."""
        return self._whole(lambda: sum(self.pool.map(tasks.following, range(self.units), self.parameter)))

    # Payloads

    @property
    def payload(self):
        """Nobody can compress it."""
        if self._payload is None:
            page = os.urandom(min(PAGE, self.parameter))
            self._payload = page * (self.parameter // len(page))
        return self._payload

    def echo(self):
        """The parameter is the size of the payload. Each page of the result is looked at."""

        def echo(_):
            payload = self.payload
            start = now()
            result = self.pool.call(tasks.identity, payload)
            max(result[::PAGE])
            taken = now() - start
            assert len(result) == len(payload)
            return taken

        return self._each(echo)

    def again(self):
        """The same payload, whose size is the parameter, to each task; small results."""
        payload = self.payload

        def all_of_them():
            results = self.pool.one_by_one(tasks.look, [payload] * self.units)
            assert all(result == tasks.look(payload) for result in results)
            return len(results)

        return self._whole(all_of_them)

    # CPU work

    def mandelbrot(self):
        """As many rows as units, of as many points; the parameter is the limit of steps."""
        work = [(self.units, self.parameter, row) for row in range(self.units)]

        def image():
            rows = self.pool.map(tasks.mandelbrot_row, work)
            return sum((x + 1) * steps for row in rows for x, steps in enumerate(row))

        return self._whole(image)

    def primes(self):
        """The numbers of Python's documentation, again and again."""
        numbers = [NUMBERS[index % len(NUMBERS)] for index in range(self.units)]
        return self._whole(lambda: sum(self.pool.map(tasks.is_prime, numbers)))

    def sha256(self):
        """As many files as units, of so many bytes as the parameter says; the workers read them."""
        files = self._files()
        return self._whole(lambda: sum(self.pool.map(tasks.digest_of_file, files)) % 2**64)

    def _files(self):
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="bench-suite-")
            for number in range(self.units):
                with open(os.path.join(self._directory.name, f"{number:06}"), "wb") as file:
                    file.write(content(number, self.parameter))
        return sorted(entry.path for entry in os.scandir(self._directory.name))

    def idle(self):
        """Microseconds of CPU time per second of a pool that has nothing to do, for the parameter's milliseconds."""
        self.pool.one_by_one(tasks.tiny, range(self.workers))
        time.sleep(0.05)  # what the calls left behind
        used, start = cpu.family(), now()
        time.sleep(self.parameter / 1e3)
        wall, used = now() - start, cpu.family() - used
        return {"wall": wall, "value": used / 1e3 / (wall / 1e9), "cpu": None, "answer": self.units}

    # Beginnings and ends

    def start(self):
        """From nothing to as many results as the parameter says."""

        def start(_):
            start = now()
            pool = self.make(self.workers)
            pool.one_by_one(tasks.tiny, range(self.parameter))
            taken = now() - start
            pool.close()
            return taken

        return self._each(start)

    def crash(self):
        """From the kill of the only worker to the next result; a pool that is broken for good is made anew."""

        def crash(_):
            os.kill(self.pool.call(tasks.process_number, None), signal.SIGKILL)
            start = now()
            while True:
                try:
                    self.pool.call(tasks.identity, 1)
                    return now() - start
                except BrokenProcessPool:
                    self._close()
                except self.pool.lost:
                    pass

        return self._each(crash)


def content(file, length):
    """Byte i of a file is (31 i + 7 file) modulo 256."""
    period = bytes((index * 31 + file * 7) & 0xFF for index in range(256))
    return (period * (length // 256 + 1))[:length]
