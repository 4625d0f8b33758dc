#!/usr/bin/env python3
"""Runs the integration tests, all or those whose name contains one of the words given:

    SOCKEYE_BUILD=build-tests/gcc tests/integration/run.py [word…]"""

import importlib
import os
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import kit  # noqa: E402

words = sys.argv[1:]
prefix = "integration"
if words[:1] == ["--prefix"]:  # to tell a second run of the same tests apart
    prefix += "-" + words[1]
    words = words[2:]
failed = 0
for file in sorted(os.listdir(here)):
    if file.startswith("test_") and file.endswith(".py"):
        kit.TESTS.clear()
        importlib.import_module(file[:-3])
        failed += kit.run_all(f"{prefix}/{file[5:-3]}", words)
sys.exit(1 if failed else 0)
