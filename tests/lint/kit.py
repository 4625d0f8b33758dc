"""What both files of lints share: skipping with a reason, and running the lints that were asked for."""

import shutil
import sys


class Skip(Exception):
    pass


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Skip(f"no {tool}")


def main(prefix, lints):
    """Runs all, or those whose name contains one of the words of the command line. A lint gives a line for each
    fault it finds. Prints ok, FAIL or SKIP for each; does not return."""
    failed = 0
    for lint in lints:
        name = f"{prefix}/{lint.__name__}"
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        try:
            found = list(lint() or ())
        except Skip as reason:
            print(f"SKIP {name} ({reason})", flush=True)
            continue
        except Exception as e:  # a lint that breaks holds nothing
            found = [f"{type(e).__name__}: {e}"]
        if found:
            failed += 1
            print(f"FAIL {name} ({len(found)}: {found[0]})", flush=True)
            print("\n".join("    " + line for line in found), file=sys.stderr, flush=True)
        else:
            print(f"ok {name}", flush=True)
    sys.exit(1 if failed else 0)
