"""The CPU time of this process and all its descendants. Linux only, as the suite is."""

import os
import resource
import time


def family():
    """Nanoseconds until now, this process included."""
    return others() + time.process_time_ns()


def others():
    """Nanoseconds of the descendants; those of a direct child are kept when it ends."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = sum(map(of_process, descendants(os.getpid())))
    return living + int((ended.ru_utime + ended.ru_stime) * 1e9)


def of_process(number):
    try:
        # What clock_getcpuclockid(3) computes: the clock of all threads of another process.
        return time.clock_gettime_ns(~number << 3 | 2)
    except OSError:
        return 0  # it has just ended


def descendants(number):
    for child in children(number):
        yield child
        yield from descendants(child)


def children(number):
    """Each thread of a process has children of its own."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{number}/task"):
            with open(f"/proc/{number}/task/{thread}/children") as file:
                found += map(int, file.read().split())
    except OSError:
        pass  # it, or a thread of it, has just ended
    return found
