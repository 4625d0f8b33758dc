"""What the bench measures with: loads, commands and the processor time they take, a terminal with the dashboard in it."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import subprocess
import tempfile
import termios
import time

TICK = os.sysconf("SC_CLK_TCK")
HERE = ["-N", "/proc/self/ns/net"]  # the others look nowhere else either


def settle():
    """Until nothing is left of the load before: what it closed last stays in time-wait for a minute, and whoever walks
    the kernel's table walks over that, in every namespace."""
    for _ in range(75):
        with open("/proc/net/sockstat") as f:
            if re.search(r"^TCP: inuse 0 .* tw 0 ", f.read(), re.M):
                return
        time.sleep(1)


class Load:
    """Processes that hold sockets; gone with the `with` block."""

    def __init__(self, tools, *args):
        self.cmd = [os.path.join(tools, "bench-load"), *map(str, args)]

    def __enter__(self):
        self.p = subprocess.Popen(self.cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.p.stdout.readline() != b"ready\n":
            raise SystemExit("bench: the load could not be made: " + " ".join(self.cmd))
        return self

    def __exit__(self, *exc):
        self.p.stdin.close()
        self.p.wait()
        self.p.stdout.close()


class Cost:
    """Medians of several runs, in ms; peak in MiB."""

    def __init__(self):
        self.walls, self.cpus, self.peak = [], [], 0

    def add(self, wall, cpu, peak=0):
        self.walls.append(wall)
        self.cpus.append(cpu)
        self.peak = max(self.peak, peak)

    wall = property(lambda self: statistics.median(self.walls))
    cpu = property(lambda self: statistics.median(self.cpus))


def run_once(cmd, cost):
    start = time.perf_counter()
    p = subprocess.Popen(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(p.pid, 0)
    p.returncode = 0
    cost.add((time.perf_counter() - start) * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss / 1024)


def in_turn(rounds, **what):
    """Each of these (a command, or a function that adds to a cost) once a round, one after the other, so that what else
    goes on in the machine meets all of them alike."""
    costs = {name: Cost() for name in what}
    for _ in range(rounds):
        for name, one in what.items():
            one(costs[name]) if callable(one) else run_once(one, costs[name])
    return costs


def have(*tools):
    return [t for t in tools if shutil.which(t)]


def cpu_of(pid):
    """Processor time that a process has used so far, in seconds."""
    with open(f"/proc/{pid}/stat") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICK


def rss_of(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:  # statm's counters may be some hundred KiB off
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("Rss:"))


class Dashboard:
    """The dashboard in a terminal of its own; what it writes is read at once and counted."""

    def __init__(self, argv, width=160, height=50):
        self.place = tempfile.TemporaryDirectory(prefix="sockeye-bench-")
        self.pieces = os.path.join(self.place.name, "pieces")
        self.bytes, self.tail = 0, b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8", XDG_CONFIG_HOME="/dev/null",
                              SOCKEYE_PIECES=self.pieces)
            os.execv(argv[0], argv)
        os.set_blocking(self.fd, False)

    def read(self, seconds):
        """What comes within this time, at least one piece if any does. Gives the number of bytes."""
        before, end = self.bytes, time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                return self.bytes - before
            try:
                piece = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                continue
            except OSError:  # it has ended
                time.sleep(max(0, end - time.monotonic()))
                return self.bytes - before
            self.bytes += len(piece)
            self.tail = (self.tail + piece)[-1 << 16:]

    def wait_for(self, text, patience=60):
        end = time.monotonic() + patience
        while text not in self.tail:
            if time.monotonic() > end:
                raise SystemExit(f"bench: the dashboard never showed {text!r}")
            self.read(0.2)

    def key(self, key):
        """Milliseconds from the key to what it changes on the screen; None: nothing within 2 s."""
        self.read(0.002)  # what was on its way
        start = time.perf_counter()
        os.write(self.fd, key)
        ready, _, _ = select.select([self.fd], [], [], 2)
        took = (time.perf_counter() - start) * 1e3
        return took if ready else None

    def close(self):
        """Quits. Gives what the program says about its main loop."""
        with contextlib.suppress(OSError):
            os.write(self.fd, b"\x03")
        end = time.monotonic() + 10
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            self.read(0.05)
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        said = {}
        with contextlib.suppress(OSError, ValueError), open(self.pieces) as f:
            said = json.load(f)
        self.place.cleanup()
        return said


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * q))]
