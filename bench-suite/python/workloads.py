"""What the pools are asked to do. Each public method is a round, and has the name by which the suite asks for it."""

import os
import resource
import time
from collections import Counter
from time import perf_counter_ns as now

import cpu
import tasks
from costs import Costs

# From Python's documentation of ProcessPoolExecutor.
NUMBERS = [112272535095293, 112582705942171, 112272535095293, 115280095190773, 115797848077099, 1099726899285419]


class Bench(Costs):
    """The questions of the mission: work for the processor, who runs what, how long a worker lives, what waiting costs."""

    _kept = None

    def mandelbrot(self):
        """As many rows as units, of as many points; the parameter is the limit of steps."""
        work = [(self.units, self.parameter, row) for row in range(self.units)]
        return self._whole(lambda: sum(self.pool.map(tasks.mandelbrot_row, work)))

    def primes(self):
        """The numbers of Python's documentation, again and again."""
        numbers = [NUMBERS[index % len(NUMBERS)] for index in range(self.units)]
        return self._whole(lambda: sum(self.pool.map(tasks.is_prime, numbers)))

    def sha256(self):
        """As many files as units, of so many bytes as the parameter says; the workers read them."""
        files = self._files()
        return self._whole(lambda: sum(self.pool.map(tasks.digest_of_file, files)) % 2**64)

    def _files(self):
        files = [os.path.join(self.directory, str(number)) for number in range(self.units)]
        if not os.path.exists(files[-1]):
            for number, path in enumerate(files):
                with open(path, "wb") as file:
                    file.write(content(number, self.parameter))
        return files

    def sleep(self):
        """Tasks 5, 4, 3, 2, 1 and again, which sleep so many times the parameter's microseconds, on a new pool: how many of
        them the busiest worker runs."""
        numbers = [5 - index % 5 for index in range(self.units)]
        pool, start, ran = self.make(self.workers), time.monotonic_ns(), []

        def all_of_them():
            ran.extend(pool.one_by_one(tasks.sleep_and_tell, [(number, self.parameter) for number in numbers]))
            return sum(number for number, *_ in ran)

        round = self._whole(all_of_them)
        pool.close()
        round["value"] = float(max(Counter(worker for _, worker, *_ in ran).values()))
        round["timeline"] = [
            {"worker": worker, "task": str(number), "start_us": (begin - start) / 1e3, "end_us": (end - start) / 1e3}
            for number, worker, begin, end in ran
        ]
        return round

    def census(self):
        """How many workers of a new pool run the units, each submitted when the one before has come back."""
        return self._census(lambda pool: [pool.call(tasks.worker_name, None) for _ in range(self.units)])

    def census_at_once(self):
        """The same, all submitted and then all waited for."""
        return self._census(lambda pool: pool.one_by_one(tasks.worker_name, [None] * self.units))

    def _census(self, ask):
        pool, names = self.make(self.workers), []
        round = self._whole(lambda: names.extend(ask(pool)) or len(names))
        pool.close()
        round["value"] = float(len(set(names)))
        return round

    def life(self):
        """A pool from nothing to its end, with one task after the other."""

        def life():
            pool = self.make(self.workers)
            answer = sum(pool.call(tasks.tiny, number) for number in range(self.units))
            pool.close()
            return answer

        return self._whole(life)

    def pending(self):
        """By how many bytes this process grows for a task that waits. Nothing is given back until the end."""
        if self._kept is None:
            self._kept = [self._close_gate()]
        before = resident()
        start = now()
        self._kept += [self.pool.submit(tasks.tiny, number) for number in range(self.units)]
        wall = now() - start
        return {"wall": wall, "value": (resident() - before) / self.units, "cpu": None, "answer": self.units}

    def idle(self):
        """Microseconds of CPU time per second of a pool that has nothing to do, for the parameter's milliseconds."""
        self.pool.one_by_one(tasks.tiny, range(self.workers))
        time.sleep(0.05)  # what the calls left behind
        # To look after the others takes time itself, which isn't counted.
        others, own, start = cpu.others(), time.process_time_ns(), now()
        time.sleep(self.parameter / 1e3)
        wall, used = now() - start, time.process_time_ns() - own
        used += cpu.others() - others
        return {"wall": wall, "value": used / 1e3 / (wall / 1e9), "cpu": None, "answer": self.units}


def content(file, length):
    """Byte i of a file is (31 i + 7 file) modulo 256."""
    period = bytes((index * 31 + file * 7) & 0xFF for index in range(256))
    return (period * (length // 256 + 1))[:length]


def resident():
    """Bytes of memory that this process has in use."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
