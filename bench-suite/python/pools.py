"""Python's pools, each with the same few methods. What isn't installed is named by `Missing`."""

import concurrent.futures
import importlib
import importlib.metadata
import multiprocessing
import sys

MODULES = ["loky", "pebble"]


class Missing(Exception):
    """Why a pool isn't there."""


def find(name):
    """What makes the pool of this name, from a number of workers."""
    if name == FREE_THREADED and not free():
        raise Missing("this interpreter has a GIL")
    make = POOLS[name]
    if make.module and version(make.module) is None:
        raise Missing(f"there is no module {make.module}: pip install {make.module}")
    return make


def version(module):
    """`None` where it isn't installed."""
    try:
        return importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        return None


def free():
    """Whether threads run Python code at the same time in this interpreter."""
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


class Executor:
    """concurrent.futures.ProcessPoolExecutor, and whatever has its methods."""

    module = None
    # What a task raises that is lost with its worker, where the pool itself goes on.
    lost = ()

    def __init__(self, workers):
        self.pool = self.made(workers)

    def made(self, workers):
        return concurrent.futures.ProcessPoolExecutor(workers)

    def submit(self, function, argument):
        return self.pool.submit(function, argument)

    def result(self, ticket):
        return ticket.result()

    def submit_with(self, function, argument, then):
        """Calls `then` as soon as there is a result."""
        self.submit(function, argument).add_done_callback(lambda ticket: then())

    def call(self, function, argument):
        return self.result(self.submit(function, argument))

    def one_by_one(self, function, items):
        tickets = [self.submit(function, item) for item in items]
        return [self.result(ticket) for ticket in tickets]

    def map(self, function, items, chunk_size=None):
        """In chunks of the pool's own choice if they have no size."""
        size = {"chunksize": chunk_size} if chunk_size else {}
        return self.pool.map(function, items, **size)

    def close(self):
        self.pool.shutdown(cancel_futures=True)


class Threads(Executor):
    """concurrent.futures.ThreadPoolExecutor."""

    def made(self, workers):
        return concurrent.futures.ThreadPoolExecutor(workers)


class Loky(Executor):
    """loky.get_reusable_executor."""

    module = "loky"

    def made(self, workers):
        # Its workers end after ten idle seconds if nobody says otherwise.
        return importlib.import_module("loky").get_reusable_executor(workers, timeout=600)

    def close(self):
        self.pool.shutdown(kill_workers=True)


class Pool(Executor):
    """multiprocessing.Pool."""

    def made(self, workers):
        return multiprocessing.Pool(workers)

    def submit(self, function, argument):
        return self.pool.apply_async(function, (argument,))

    def submit_with(self, function, argument, then):
        self.pool.apply_async(function, (argument,), callback=lambda result: then())

    def result(self, ticket):
        return ticket.get()

    def one_by_one(self, function, items):
        return self.pool.map(function, items, chunksize=1)

    def close(self):
        self.pool.terminate()
        self.pool.join()


class Pebble(Executor):
    """pebble.ProcessPool."""

    module = "pebble"

    def __init__(self, workers):
        super().__init__(workers)
        self.lost = importlib.import_module("pebble").ProcessExpired

    def made(self, workers):
        return importlib.import_module("pebble").ProcessPool(workers)

    def submit(self, function, argument):
        return self.pool.schedule(function, args=(argument,))

    def map(self, function, items, chunk_size=None):
        return super().map(function, items, chunk_size).result()

    def close(self):
        self.pool.stop()
        self.pool.join()


FREE_THREADED = "ThreadPoolExecutor, free-threaded"

POOLS = {
    "ThreadPoolExecutor": Threads,
    FREE_THREADED: Threads,
    "ProcessPoolExecutor": Executor,
    "multiprocessing.Pool": Pool,
    "loky": Loky,
    "pebble.ProcessPool": Pebble,
}
