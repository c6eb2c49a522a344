"""What a pool costs: a task, an item, a payload, a start, a crash."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from time import perf_counter_ns as now

import cpu
import tasks
from rounds import Round

PAGE = 4096


class Costs(Round):
    """Each public method is a round."""

    _gap = _payload = None

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


    def submit_busy(self):
        """The submits alone, to a worker that waits at a gate; what comes back is collected afterwards."""
        keeper, tickets = self._close_gate(), []
        submit, keep = self.pool.submit, tickets.append

        def submits():
            for _ in range(self.units):
                keep(submit(tasks.tiny, 0))

        round = self._whole(submits)
        self._open_gate()
        self.pool.result(keeper)
        return {**round, "answer": sum(map(self.pool.result, tickets))}

    def submit_idle(self):
        """Each submit by itself, to a worker that has been idle for the parameter's microseconds."""

        def submit(_):
            time.sleep(self.parameter / 1e6)
            start = now()
            ticket = self.pool.submit(tasks.tiny, 6)
            taken = now() - start
            assert self.pool.result(ticket) == 7
            return taken

        return self._each(submit)

    def map(self):
        """The parameter is the size of a chunk; 0 leaves it to the pool."""
        return self._whole(lambda: sum(self.pool.map(tasks.following, range(self.units), self.parameter)))

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
