"""What runs in the workers."""

import hashlib
import math
import multiprocessing
import os
import threading
import time
from array import array


def identity(value):
    return value


def tiny(number):
    return number ^ 1


def following(number):
    return number + 1


def look(payload):
    return len(payload) ^ payload[-1]


def process_number(_):
    return os.getpid()


def worker_name(_=None):
    """A thread by its name, a process by its number."""
    is_thread = threading.current_thread() is not threading.main_thread() and multiprocessing.parent_process() is None
    return threading.current_thread().name if is_thread else str(os.getpid())


def mandelbrot_row(work):
    """How many steps each point of a row of the square image takes: size, limit, row."""
    size, limit, row = work
    scale = 2.5 / size
    imaginary = row * scale - 1.25
    steps = array("H")
    for column in range(size):
        real = column * scale - 2.0
        x = y = 0.0
        taken = limit
        for step in range(limit):
            xx, yy = x * x, y * y
            if xx + yy > 4.0:
                taken = step
                break
            x, y = xx - yy + real, 2.0 * x * y + imaginary
        steps.append(taken)
    return steps


def is_prime(n):
    """From the example of ProcessPoolExecutor in Python's documentation."""
    if n < 2:
        return False
    if n == 2:
        return True
    if n % 2 == 0:
        return False

    sqrt_n = int(math.floor(math.sqrt(n)))
    for i in range(3, sqrt_n + 1, 2):
        if n % i == 0:
            return False
    return True


def digest_of_file(path):
    """The first 8 bytes of the SHA-256, as a number."""
    with open(path, "rb") as file:
        return int.from_bytes(hashlib.sha256(file.read()).digest()[:8], "little")


def sleep_and_tell(work):
    """Sleeps n times so many microseconds: who did it, from when to when, and ten times n."""
    n, microseconds = work
    start = time.monotonic_ns()
    if microseconds:
        time.sleep(n * microseconds / 1e6)
    return worker_name(), start, time.monotonic_ns(), n * 10


def wait_at(gate):
    """Waits until somebody opens the named pipe to write."""
    open(gate).close()
    return 0
