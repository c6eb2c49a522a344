"""What the workloads have in common: how a round is timed, and what is kept from one to the next."""

import os
import tempfile
from time import perf_counter_ns as now

import cpu
import tasks


class Round:
    """What each workload needs: a pool that is kept from round to round, a directory, a gate, and the clocks."""

    def __init__(self, make, workers, units, parameter):
        self.make, self.workers, self.units, self.parameter = make, workers, units, parameter
        self._pool = self._directory = self._gate = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        # Who is interrupted waits for no worker: those were interrupted too, in the middle of anything.
        if kind is not KeyboardInterrupt:
            self._open_gate()
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

    @property
    def directory(self):
        """It is gone in the end."""
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="bench-suite-")
        return self._directory.name

    def _close_gate(self):
        """A task that holds a worker until the gate is opened."""
        self._gate = os.path.join(self.directory, "gate")
        if not os.path.exists(self._gate):
            os.mkfifo(self._gate)
        return self.pool.submit(tasks.wait_at, self._gate)

    def _open_gate(self):
        """Waits until somebody has come to it."""
        if self._gate is not None:
            open(self._gate, "w").close()
        self._gate = None

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
