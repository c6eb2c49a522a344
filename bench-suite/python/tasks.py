"""What runs in the workers."""

import hashlib
import math
import multiprocessing
import os
import threading
import time


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
    is_process = multiprocessing.parent_process() is not None
    return f"process {os.getpid()}" if is_process else threading.current_thread().name


def wait_at(gate):
    """Until somebody opens the gate, a named pipe, to write."""
    open(gate).close()


def mandelbrot_row(work):
    """The checksum of the steps that the points of a row of the square image take: size, limit, row."""
    size, limit, row = work
    scale = 2.5 / size
    imaginary = row * scale - 1.25
    checksum = 0
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
        checksum += (column + 1) * taken
    return checksum


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
    """Sleeps so many times a number of microseconds: the task's number, who ran it, from when to when."""
    number, microseconds = work
    begin, worker = time.monotonic_ns(), worker_name()
    if microseconds:
        time.sleep(number * microseconds / 1e6)
    return number, worker, begin, time.monotonic_ns()
