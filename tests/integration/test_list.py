"""`sockeye list`: formats, keys, options, exit codes, the shape of the text."""

from kit import *

KEYS = {
    "sockets": """netns netns_name proto family state local laddr lport remote raddr rport iface scope class service
        direction owner owner_reason owners owners_n pid process user uid unit container cgroup inode cookie recvq
        sendq eof_read backlog backlog_max backlog_peak rcvbuf sndbuf drops rx_bytes tx_bytes rx_rate tx_rate rtt_ms
        rttvar_ms minrtt_ms cwnd ssthresh mss retrans retrans_total lost cc timer timer_s idle_s age_s seen_s
        state_age_s v6only mark peer_process peer_pid forwards findings as_of_s""".split(),
    "ports": """netns netns_name proto port service class scope addresses owners owners_n owner owner_reason pid
        process user uid unit container forwards conns states backlog backlog_max backlog_peak drops rx_rate tx_rate
        age_s seen_s findings""".split(),
    "processes": """pid process user uid unit container exe cmdline start ports conns close_wait peers fds fds_max
        rx_rate tx_rate age_s findings""".split(),
}
KEYS["connections"] = KEYS["sockets"]
SCENE = ["listen,port=8080", "listen,port=8081,addr=::", "pair,port=9000,n=2", "udp,port=5300", "time-wait,port=9040",
         "unaccepted,port=9010", "listen,port=7040,comm=hostile", "bound,port=7050"]


@test
def json_keys():
    with scene(*SCENE) as (ns, _):
        for view, keys in KEYS.items():
            whole = ns.json("--view", view)
            same(whole["schema"], "sockeye/1", "schema")
            for key in ("host", "time", "kernel", "limits"):
                check(key in whole, f"{view}: no {key}")
            check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", whole["time"]), f"time {whole['time']}")
            check(whole[view], f"no {view}")
            for row in whole[view]:
                missing = [k for k in keys if k not in row]
                more = [k for k in row if k not in keys]
                check(not missing, f"{view}: keys missing: {' '.join(missing)}")
                check(not more, f"{view}: keys nobody promised: {' '.join(more)}")


@test
def a_column_alone():
    """What one column alone makes the program leave out is nothing that this column is made of."""
    keys = ["remote", "direction", "scope", "service", "owner_reason", "owners", "process", "unit", "recvq",
            "backlog", "peer_process", "peer_pid", "forwards", "findings"]
    steady = [s for s in SCENE if not s.startswith("time-wait")]
    with scene(*steady, "pair,port=9050,n=3") as (ns, _):
        def cells(columns):
            r = ns.sockeye("list", "--view", "sockets", "--csv", "--sort", "cookie", "--columns", columns,
                           "proto=tcp,udp")
            same(r.returncode, 0, f"exit code with --columns {columns}")
            return list(csv.DictReader(io.StringIO(r.stdout.decode())))

        everything = cells(",".join(["cookie", *keys]))
        check(any(r["peer_pid"] for r in everything), "no row with a known other end")
        for key in keys:
            same([r[key] for r in cells(f"cookie,{key}")], [r[key] for r in everything], f"{key} alone")


@test
def json_types():
    with scene(*SCENE) as (ns, factory):
        port = [r for r in ns.rows("ports") if r["port"] == 8080][0]
        same(port["addresses"], ["127.0.0.1"], "addresses")
        same(type(port["states"]), dict, "type of states")
        same(type(port["findings"]), list, "type of findings")
        same(port["process"], "factory", "process")
        same(port["owners_n"], 1, "owners_n")
        owner = port["owners"][0]
        same(sorted(owner), sorted(["pid", "fd", "process", "user", "exe", "cmdline", "start", "former"]),
             "keys of an owner")
        same((owner["pid"], owner["former"]), (factory.pid, False), "owner")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", owner["start"]), f"start {owner['start']}")
        same(port["rx_rate"], None, "rx_rate: one look knows none")
        row = [r for r in ns.rows("connections", "lport=9000") if r["lport"] == 9000][0]
        same(row["local"], f"127.0.0.1:9000", "local")
        check(isinstance(row["rtt_ms"], (int, float)), f"rtt_ms {row['rtt_ms']!r}")
        check(isinstance(row["cwnd"], int), f"cwnd {row['cwnd']!r}")
        same(row["family"], "ipv4", "family")
        same(row["netns"], ns.inode, "netns")


@test
def ndjson():
    with scene(*SCENE) as (ns, _):
        for view in KEYS:
            r = ns.sockeye("list", "--ndjson", "--view", view)
            same(r.returncode, 0, "exit code")
            lines = r.stdout.decode().splitlines()
            head = json.loads(lines[0])
            same(head["schema"], "sockeye/1", "schema")
            check(view not in head, "rows in the first line")
            rows = [json.loads(line) for line in lines[1:]]
            check(rows, f"no {view}")
            for row in rows:
                same(sorted(row), sorted(KEYS[view]), f"keys of {view}")


def table(r, delimiter):
    same(r.returncode, 0, f"exit code ({r.stderr!r})")
    rows = list(csv.reader(io.StringIO(r.stdout.decode("utf-8"), newline=""), delimiter=delimiter, strict=True))
    for row in rows:
        same(len(row), len(rows[0]), f"cells of {row}")
    return rows


@test
def csv_and_columns():
    with scene(*SCENE) as (ns, factory):
        rows = table(ns.sockeye("list", "--csv"), ",")
        check("port" in rows[0] and "process" in rows[0], f"head {rows[0]}")
        at = rows[0].index("port")
        same(sorted(r[at] for r in rows[1:]), sorted("8080 8081 9000 5300 9040 9010 7040 7050".split()), "ports")
        rows = table(ns.sockeye("list", "--csv", "--columns", "port,pid,process", "port=8080"), ",")
        same(rows, [["port", "pid", "process"], ["8080", str(factory.pid), "factory"]], "chosen columns")
        rows = table(ns.sockeye("list", "--tsv", "--columns", "pid,port", "port=8080"), "\t")
        same(rows, [["pid", "port"], [str(factory.pid), "8080"]], "tsv")
        rows = table(ns.sockeye("list", "--csv", "-H", "--columns", "port", "port=8080"), ",")
        same(rows, [["8080"]], "without a head")


@test
def sort():
    with scene("listen,port=8082", "listen,port=8080", "udp,port=8081", "pair,port=9000,n=2") as (ns, _):
        def ports(*args):
            return [r["port"] for r in ns.rows("ports", *args)]

        same(ports(), [8080, 8081, 8082, 9000], "default order")
        same(ports("--sort", "-port"), [9000, 8082, 8081, 8080], "--sort -port")
        same(ports("--sort", "proto,-port"), [9000, 8082, 8080, 8081], "--sort proto,-port")
        same(ports("--sort", "-conns")[0], 9000, "--sort -conns")


@test
def letters():
    with scene(*SCENE) as (ns, _):
        def shown(*args):
            return sorted({(r["proto"], r["port"]) for r in ns.rows("ports", *args)})

        def whole(*args):
            return ns.json(*args)

        same([k for k in whole("-tln") if k in KEYS], ["ports"], "view of -tln")
        same([k for k in whole("-tan") if k in KEYS], ["sockets"], "view of -tan")
        same({r["proto"] for r in whole("-tan")["sockets"]}, {"tcp"}, "protocols of -t")
        same({r["proto"] for r in whole("-uan")["sockets"]}, {"udp"}, "protocols of -u")
        same({r["state"] for r in whole("-tn")["sockets"]} & {"listening", "bound"}, set(), "states of -tn")
        check("listening" in {r["state"] for r in whole("-tan")["sockets"]}, "-a leaves listeners out")
        same({r["proto"] for r in whole("-tlnp")["ports"]}, {"tcp"}, "protocols of -tlnp")
        same({r["port"] for r in whole("-uln")["ports"]}, {5300}, "ports of -uln")
        same({r["family"] for r in whole("-ta4")["sockets"]}, {"ipv4"}, "families of -4")
        same({r["family"] for r in whole("-ta6")["sockets"]}, {"ipv6"}, "families of -6")


@test
def filters():
    with scene(*SCENE) as (ns, factory):
        def ports(*args):
            return sorted(r["port"] for r in ns.rows("ports", *args))

        same(ports("8080"), [8080], "a bare number")
        same(ports(":8080"), [8080], "with a colon")
        same(ports("port=8080"), [8080], "port=")
        same(ports("port=8080,8081"), [8080, 8081], "a list")
        same(ports("port=8000-8100"), [8080, 8081], "a range")
        same(ports("port>=9000"), [9000, 9010, 9040], "at least")
        same(ports("udp"), [5300], "a protocol")
        same(ports("proto!=tcp"), [5300], "not equal")
        same(ports("process=factory", "port<8000", "proto=tcp"), [7050], "terms together")
        same(ports(f"pid={factory.pid}", "port=8080"), [8080], "pid")
        same(ports("factory", "8081"), [8081], "a word")


@test
def exit_codes():
    with scene("listen,port=8080") as (ns, _):
        def run(*args):
            r = ns.sockeye(*args)
            return r.returncode, r.stdout.decode(), r.stderr.decode()

        same(run("list")[0], 0, "found")
        code, out, err = run("list", "port=9999")
        same(code, 1, "nothing matched")
        for args, words in (
            (["list", "proces=x"], ["proces", "process"]), (["list", "--columns", "nonsense"], ["nonsense"]),
            (["list", "--sort", "nonsense"], ["nonsense"]), (["list", "--view", "nonsense"], ["nonsense"]),
            (["list", "--nonsense"], ["nonsense"]), (["list", "port>"], ["port"]), (["lst"], ["lst", "list"]),
        ):
            code, out, err = run(*args)
            same(code, 2, f"exit code of {args}")
            same(out, "", f"stdout of {args}")
            check(err.startswith("sockeye: "), f"stderr of {args}: {err!r}")
            for word in words:
                check(word in err, f"{args}: {word!r} is not in {err!r}")


@test
def version_and_help():
    with Netns() as ns:
        r = ns.sockeye("--version")
        same(r.returncode, 0, "exit code of --version")
        check(re.match(rb"sockeye \d+\.\d+", r.stdout), f"--version: {r.stdout!r}")
        for args, words in ((["--help"], (b"list", b"--view", b"--ascii", b"--interval")),
                            (["list", "--help"], (b"--json", b"--view", b"--columns", b"--sort"))):
            r = ns.sockeye(*args)
            same(r.returncode, 0, f"exit code of {args}")
            for word in words:
                check(word in r.stdout, f"{args} has no {word!r}")
        r = ns.sockeye("list", "--help-columns")
        same(r.returncode, 0, "exit code of --help-columns")
        for line in (rb"  port +port at either end", rb"  fwmark +as mark", rb"  age_s +AGE"):
            check(re.search(rb"^" + line, r.stdout, re.M), f"--help-columns has no {line!r}")


PRINTING = [["list", "--view", v, f] for v in KEYS for f in ("--json", "--csv", "--ndjson", "--tsv")] + [
    ["list", "--summary"], ["list", "--summary", "--json"], ["list", "--help-columns"], ["--help"], ["list", "--help"],
    ["--version"], ["--print-config"], ["kill", "--dry-run", ":8080"], ["close", "--dry-run", ":9000"],
    ["explain", "8080"], ["explain", "--json", "8080"], ["explain", "--free", "8080"]]


@test
def nobody_reads():
    """Whatever prints ends in silence when its reader is gone, and with a message when the disk is full."""
    with scene("listen,port=8080", "pair,port=9000") as (ns, _):
        for words in PRINTING:
            read, write = os.pipe()
            os.close(read)
            r = ns.run([SOCKEYE, *words], stdout=write, stderr=subprocess.PIPE)
            os.close(write)
            check(r.returncode in (141, -signal.SIGPIPE), f"exit code {r.returncode} of {words} without a reader")
            same(r.stderr, b"", f"stderr of {words} without a reader")
            with open("/dev/full", "wb") as full:
                r = ns.run([SOCKEYE, *words], stdout=full, stderr=subprocess.PIPE)
            same(r.returncode, 2, f"exit code of {words} on a full disk")
            check(b"No space left" in r.stderr, f"stderr of {words} on a full disk {r.stderr!r}")


@test
def broken_pipe():
    with scene("many,n=50") as (ns, _):
        for form in ([], ["--json"], ["--csv"], ["--ndjson"]):
            read, write = os.pipe()
            os.close(read)
            r = ns.run([SOCKEYE, *HERE, "list", *form], stdout=write, stderr=subprocess.PIPE)
            os.close(write)
            check(r.returncode in (141, -signal.SIGPIPE), f"exit code {r.returncode} of list {form}")
            same(r.stderr, b"", "stderr")


@test
def full_disk():
    with scene("listen,port=8080") as (ns, _):
        for form in ([], ["--json"], ["--csv"], ["--ndjson"]):
            with open("/dev/full", "wb") as full:
                r = ns.run([SOCKEYE, *HERE, "list", *form], stdout=full, stderr=subprocess.PIPE)
            same(r.returncode, 2, f"exit code of list {form}")
            check(b"No space left" in r.stderr, f"stderr {r.stderr!r}")
        for words in (["--help"], ["--version"], ["kill", "--help"], ["list", "--help-columns"], ["--print-config"]):
            with open("/dev/full", "wb") as full:
                r = ns.run([SOCKEYE, *words], stdout=full, stderr=subprocess.PIPE)
            same(r.returncode, 2, f"exit code of {words}")
            check(b"No space left" in r.stderr, f"stderr {r.stderr!r}")


def popen(ns, words):
    return subprocess.Popen(ns.enter + words, env=clean_env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


@test
def many_rows_fail():
    """What several threads write ends as what one does: the reader has enough, the disk is full, somebody has no time."""
    with scene("many,n=5000") as (ns, _):
        for form in (["--json"], ["--csv"], ["--ndjson"]):
            words = [SOCKEYE, *HERE, "list", "-tan", *form]
            p = popen(ns, words)
            check(len(p.stdout.read(100000)) == 100000, "less than was to be read")
            p.stdout.close()
            same((p.wait(timeout=60), p.stderr.read()), (141, b""), f"exit code and stderr of {form} without a reader")
            with open("/dev/full", "wb") as full:
                r = ns.run(words, stdout=full, stderr=subprocess.PIPE)
            same((r.returncode, r.stderr), (2, b"sockeye: cannot write: No space left on device\n"), f"of {form}")
            p = popen(ns, words)
            check(len(p.stdout.read(1)) == 1, "nothing to be read")
            p.send_signal(signal.SIGINT)
            same((p.wait(timeout=60), p.stderr.read()), (-signal.SIGINT, b""), f"of {form} after ^C")


@test
def dump_fails():
    """That rows are missing is said where nothing else would tell; that there are none is not claimed."""
    fail = [os.path.join(BUILD, "tests/tools/fail_call"), "recvmsg", "EIO", SOCKEYE, *HERE, "list", "-t"]
    text = b"The kernel would not list tcp sockets: Input/output error."
    with scene("listen,port=8080") as (ns, _):
        for form in ([], ["--csv"], ["--tsv"]):
            r = ns.run([*fail, *form], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            same((r.returncode, r.stderr), (2, b"sockeye: " + text + b"\n"), f"of list -t {form}")
        r = ns.run([*fail, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        same((r.returncode, r.stderr, text in r.stdout), (2, b"", True), "of list -t --json")


@test
def text_in_a_pipe():
    with scene(*SCENE) as (ns, factory):
        r = ns.sockeye("list")
        same((r.returncode, r.stderr), (0, b""), "exit code and stderr")
        lines = r.stdout.decode().splitlines()
        head = lines[0].split()
        for title in ("PORT", "PROTO", "ADDRESS", "PROCESS", "PID", "UNIT", "CONNS", "QUEUE", "DROPS"):
            check(title in head, f"no {title} in {lines[0]!r}")
        for title in ("RX/s", "TX/s", "ACTIVITY", "AGE"):
            check(title not in head, f"{title} in a list, which looks once")
        same(len(lines), 9, "lines")
        same([int(line.split()[0]) for line in lines[1:]], sorted(int(line.split()[0]) for line in lines[1:]), "order")
        row = [line for line in lines if line.split()[0] == "9000"][0].split()
        check(str(factory.pid) in row and "factory" in row and "tcp" in row, f"row {row}")
        check("\033" not in r.stdout.decode(), "an escape in a pipe")
        r = ns.sockeye("list", "-H", "port=8080")
        same(len(r.stdout.decode().splitlines()), 1, "lines without a head")


@test
def text_on_a_terminal():
    with scene(*SCENE) as (ns, _):
        for width in (80, 132, 40):
            with Pty([*ns.enter, SOCKEYE, *HERE, "list"], width=width) as terminal:
                terminal.read_until(rb"7050[^\n]*\n(.|\n)*9040[^\n]*\n")
                same(terminal.wait(), 0, "exit code")
                lines = terminal.output.decode().replace("\r", "").splitlines()
                check(lines[0].lstrip().startswith("PORT"), f"head {lines[0]!r}")
                for line in lines[:9]:
                    check(len(line) <= width, f"{len(line)} cells of {width}: {line!r}")


@test
def hostile_names():
    """A process named with an escape, a newline, a bracket and a broken byte."""
    with scene("listen,port=7040,comm=hostile", "listen,port=7041") as (ns, factory):
        pid = factory.one(lport=7040)["pid"]
        r = ns.sockeye("list")
        same(len(r.stdout.splitlines()), 3, "lines")
        check(b"\033" not in r.stdout and b"\xff" not in r.stdout, f"raw bytes in {r.stdout!r}")
        row = [r for r in ns.rows("ports") if r["port"] == 7040][0]
        same(row["pid"], pid, "pid")
        same(row["process"], "a)\033[31m\n\ufffd) Z", "process in JSON")
        r = ns.sockeye("list", "--json")
        check(b"\033" not in r.stdout and b"\xff" not in r.stdout, "raw bytes in JSON")
        r.stdout.decode("utf-8")
        rows = table(ns.sockeye("list", "--csv", "--columns", "port,process", "port=7040"), ",")
        same(len(rows), 2, "rows of CSV")
        check("\033" not in rows[1][1] and "\n" not in rows[1][1], f"raw bytes in CSV: {rows[1][1]!r}")


@test
def no_terminal_means_list():
    with scene("listen,port=8080") as (ns, _):
        r = ns.sockeye()
        same(r.returncode, 0, f"exit code ({r.stderr!r})")
        check(re.search(rb"^ *8080 tcp", r.stdout, re.M), f"stdout {r.stdout!r}")
