"""What becomes of workers and of those who wait for them. A mixin: it needs a `Bench`'s pool and clocks."""

import os
import tempfile
import time
from time import perf_counter_ns as now

import tasks


class Gate:
    """A named pipe: who opens it to read waits until somebody has it open to write."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="bench-suite-")
        self.path = os.path.join(self._directory.name, "gate")
        os.mkfifo(self.path)

    def open(self):
        """Whoever waits, and will wait, goes on. To open a pipe for both never blocks."""
        self._opened = os.open(self.path, os.O_RDWR)

    def close(self):
        os.close(self._opened)
        self._directory.cleanup()


class Lives:
    def sleepers(self):
        """On a new pool, tasks 5, 4, 3, 2, 1 and again, which sleep so many times the parameter's microseconds, or not at
        all. The figure is how many the busiest worker ran, and the timeline says who ran which when."""
        self._close()
        pool = self.pool
        work = [(5 - index % 5, self.parameter) for index in range(self.units)]
        start = time.monotonic_ns()
        ran = pool.one_by_one(tasks.sleep_and_tell, work)
        wall = time.monotonic_ns() - start
        workers = [worker for worker, *_ in ran]
        timeline = [
            {"worker": worker, "task": str(n), "start_us": (begin - start) / 1e3, "end_us": (end - start) / 1e3}
            for (n, _), (worker, begin, end, _) in zip(work, ran)
        ]
        busiest = float(max(map(workers.count, set(workers))))
        answer = sum(answer for *_, answer in ran)
        return {"wall": wall, "value": busiest, "cpu": None, "timeline": timeline, "answer": answer}

    def distinct(self):
        """How many workers of a new pool run the units, each submitted when the one before has come back."""
        return self._census(lambda pool: [pool.call(tasks.worker_name, None) for _ in range(self.units)])

    def distinct_at_once(self):
        """The same, all submitted before the first is waited for."""
        return self._census(lambda pool: pool.one_by_one(tasks.worker_name, range(self.units)))

    def _census(self, work):
        self._close()
        pool = self.pool
        start = now()
        workers = work(pool)
        wall = now() - start
        return {"wall": wall, "value": float(len(set(workers))), "cpu": None, "answer": len(workers)}

    def life(self):
        """A pool from its beginning to its end, with the units one after the other in between."""

        def life():
            pool = self.make(self.workers)
            answer = sum(pool.call(tasks.tiny, number) for number in range(self.units))
            pool.close()
            return answer

        return self._whole(life)

    def submit_busy(self):
        """The submits alone, to a worker that waits at a gate."""
        gate, tickets, pool = Gate(), [], self.pool
        keeper = pool.submit(tasks.wait_at, gate.path)
        submit, keep = pool.submit, tickets.append

        def submits():
            for number in range(self.units):
                keep(submit(tasks.tiny, 0))

        round = self._whole(submits)
        gate.open()
        round["answer"] = pool.result(keeper) + sum(map(pool.result, tickets))
        gate.close()
        return round

    def submit_idle(self):
        """Each submit by itself, to a worker that has been idle for the parameter's microseconds."""
        pool = self.pool

        def submit(_):
            time.sleep(self.parameter / 1e6)
            start = now()
            ticket = pool.submit(tasks.tiny, 6)
            taken = now() - start
            assert pool.result(ticket) == 7
            return taken

        return self._each(submit)

    def pending(self):
        """By how many bytes so many more tasks that wait make the process grow, each. They wait until it ends."""
        pool = self.pool
        if not hasattr(self, "_waiting"):
            self._gate, self._waiting = Gate(), []
            self._keeper = pool.submit(tasks.wait_at, self._gate.path)
        start, before = now(), resident()
        self._waiting += [pool.submit(tasks.tiny, number) for number in range(self.units)]
        grown = resident() - before
        return {"wall": now() - start, "value": grown / self.units, "cpu": None, "answer": self.units}

    def _let_go(self):
        """Lets those go on who wait for the end, so that the pool can be closed."""
        if hasattr(self, "_waiting"):
            self._gate.open()
            for ticket in self._waiting:
                self.pool.result(ticket)
            self._gate.close()


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
