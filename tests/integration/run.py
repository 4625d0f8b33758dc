#!/usr/bin/env python3
"""Runs the integration tests, all or those whose name contains one of the words given:

    SOCKEYE_BUILD=build-tests/gcc tests/integration/run.py [word…]

Several at once (SOCKEYE_TEST_JOBS, 4): most of a test is waiting for a screen."""

import functools
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import acts  # noqa: E402
import kit  # noqa: E402

# Here, and where a kill was run, nothing passes without bystanders who were looked after.
BYSTANDERS = ("test_kill.py", "test_kill_cmd.py", "test_kill_faults.py")



def with_bystanders(function, always):
    @functools.wraps(function)
    def run():
        watched, kills = acts.Bystanders.watched, kit.Netns.kills
        function()
        if always or kit.Netns.kills > kills:
            kit.check(acts.Bystanders.watched > watched, "no bystander was looked after")

    return run


words = sys.argv[1:]
prefix = "integration"
if words[:1] == ["--prefix"]:  # to tell a second run of the same tests apart
    prefix += "-" + words[1]
    words = words[2:]
try:
    subprocess.run([kit.SOCKEYE, "--version"], capture_output=True, check=True, timeout=kit.PATIENCE)
except (OSError, subprocess.SubprocessError) as e:
    print(f"FAIL {prefix} (the program does not run: {e})")
    sys.exit(1)

tests = []
for file in sorted(os.listdir(here)):
    if file.startswith("test_") and file.endswith(".py"):
        kit.TESTS.clear()
        importlib.import_module(file[:-3])
        tests += [(f"{prefix}/{file[5:-3]}/{f.__name__}", with_bystanders(f, file in BYSTANDERS)) for f in kit.TESTS]
tests = [(name, f) for name, f in tests if not words or any(word in name for word in words)]

taken = multiprocessing.Value("i", 0)


def work():
    """Takes the next test until there is none; the exit code of the process it runs in is 1 after a failure."""
    good = True
    while True:
        with taken.get_lock():
            at, taken.value = taken.value, taken.value + 1
        if at >= len(tests):
            os._exit(0 if good else 1)
        good = kit.run_one(*tests[at]) and good


# Ended from outside, the processes still end what they started: the exception passes through every `with`.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
workers = []
for _ in range(min(int(os.environ.get("SOCKEYE_TEST_JOBS", "4")), len(tests))):
    pid = os.fork()
    if pid == 0:
        work()
    workers.append(pid)
failed = False
try:
    for pid in workers:
        failed = os.waitpid(pid, 0)[1] != 0 or failed
except BaseException:
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    for pid in workers:
        os.waitpid(pid, 0)
    raise
sys.exit(1 if failed else 0)
