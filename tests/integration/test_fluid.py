"""100,000 sockets in the dashboard: whatever it is asked for, it works in small pieces and looks at the keys between them."""

from kit import *

SOCKETS = 100000
LOAD = os.path.join(BUILD, "tests/bench/bench-load")


@contextlib.contextmanager
def crowd(ns):
    if not os.access(LOAD, os.X_OK):
        raise Skip("no bench-load in this build")
    load = subprocess.Popen(ns.enter + [LOAD, "-n", str(SOCKETS), "-p", "20"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        if load.stdout.readline() != b"ready\n":
            raise Skip(f"{SOCKETS} sockets cannot be made: {load.stderr.read().decode(errors='replace').strip()}")
        yield
    finally:
        load.stdin.close()
        load.wait(60)


def need_plain_build():
    with open(SOCKEYE, "rb") as f:
        if b"__asan_init" in f.read():
            raise Skip("sanitizers are not about speed")


def cost_of_a_list(ns):
    """Processor time of printing all of them once, in ms: what this machine takes for much work in one piece."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    same(ns.sockeye("list", "-tan", "--csv", stdout=subprocess.DEVNULL).returncode, 0, "list")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


@test
def keys_among_many_rows():
    need_plain_build()
    with Netns() as ns, crowd(ns), tempfile.TemporaryDirectory() as place:
        whole = cost_of_a_list(ns)
        pieces = os.path.join(place, "pieces")
        with Pty([*ns.enter, SOCKEYE, *HERE], env={"SOCKEYE_PIECES": pieces}) as terminal:

            def press(keys, pattern=None):
                terminal.output = b""
                os.write(terminal.fd, keys)
                if pattern:
                    terminal.read_until(pattern, 60)

            terminal.read_until(rb"20000", 60)
            press(b"2", rb"\[2 Connections\]")
            for key in (b"j", b"\x06", b"G", b"k", b"g", b".", b"r", b"\x02"):
                press(key, rb".")
            # Views that show nothing yet, every column in turn, rows gathered, folded and open.
            for key in (b"3", b"1", b"2", *[b"<"] * 8, b"j", *[b">"] * 4, b"r", b"b", b"j", b"j", b"\r", b"*", b"r", b"*",
                        b"b", b"g", b"\r", b"g", b"m", b"v", b"j", b"v", b"v"):
                press(key, rb".")
            # Values counted in the prompt, the nearest one of none, a page with many connections and back.
            press(b"/process=", rb"bench-load *\x1b[^ ]*[\d,]+|bench-load.*1\d\d,\d\d\d")
            press(b"nobody", rb"No row matches")
            press(b"\x1b", rb".")
            press(b"1/:20000\r\r", rb"HELD BY")  # Enter waits for what the filter finds
            press(b"\x1b", rb".")
            press(b"\x1b2", rb"\[2 Connections\]")
            press(b"/", rb".")
            for c in b"127.1.0.1":  # each echoed, while rows are filtered by the one before
                press(bytes([c]), rb".")
            press(b"\x1b", rb".")
            press(b"/127.1.0.4 established\r", rb"1-\d+ of ")  # the number itself may stand there already
            press(b"\x1b", rb".")

            # Rows go to a file beside the keys.
            press(f"e\x15{place}/all.json\r".encode(), rb"writing ")
            os.write(terminal.fd, b"j")
            terminal.read_until(rb"written to", 60)
            with open(f"{place}/all.json", encoding="utf-8") as f:
                rows = len(json.load(f)["connections"])
            check(rows >= SOCKETS, f"{rows} rows in the file")
            press(f"e\x15{place}/none.json\r\x1b".encode(), rb"is not written")
            check(not os.path.exists(f"{place}/none.json"), "what was stopped is still there")
            # Left while a file is being written: it is not half there.
            press(f"e\x15{place}/half.json\r\x03".encode())
            same(terminal.wait(60), 0, "exit code")
            check(not os.path.exists(f"{place}/half.json"), "half a file")
        with open(pieces) as f:
            said = json.load(f)
        check(said["pieces"] > 50, f"only {said['pieces']} pieces of work")
        limit = max(8, whole / 50)  # of a slow or busy machine
        check(said["longest_ms"] <= limit,
              f"{said['longest_ms']} ms without a look at the keys (a list takes {whole:.0f} ms): {said['long']}")
