"""Turns meson's testlog.json into result lines, and writes what failing tests said into the logs:

    meson_results.py testlog.json BUILD LOGS"""

import json
import os
import re
import sys

path, build, logs = sys.argv[1:]
seen = 0
for line in open(path, encoding="utf-8", errors="replace"):
    test = json.loads(line)
    m = re.match(r"(?:(\S+) - )?(?:sockeye:)?(?:(\S+) / )?(.*)", test["name"])
    suite = (m.group(1) or m.group(2) or "test").split(":")[-1].replace("+", "/")
    name = f"{suite}/{m.group(3).split(':')[-1]}/{build}"
    seen += 1
    if test["result"] in ("OK", "EXPECTEDFAIL"):
        print(f"ok {name}")
    elif test["result"] == "SKIP":
        print(f"SKIP {name} (it says so)")
    else:
        log = os.path.join(logs, name.replace("/", "-") + ".log")
        text = test.get("stdout", "") + test.get("stderr", "")
        with open(log, "w", encoding="utf-8") as f:
            f.write(text)
        wrong = [w for w in text.splitlines() if re.search(r"ERROR: |runtime error|\[  FAILED  \]|[Ee]xpected", w)]
        reason = test["result"].lower() if test["result"] != "FAIL" else f"exit {test['returncode']}"
        print(f"FAIL {name} ({reason}{': ' + wrong[0].strip() if wrong else ''})")
        print("    --- end of " + log)
        for said in text.splitlines()[-40:]:
            print("    " + said)
if not seen:
    print(f"FAIL {build} (meson ran no tests)")
