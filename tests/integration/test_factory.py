"""One test for each row of the socket factory: protocol, state, owner or reason and namespace of what it opened, in JSON
and on the dashboard, both from outside of the namespace."""

from kit import *
from test_netns import Named

TCP, UDP = ("tcp",), ("udp",)
ROWS = [  # kind, what is asked for, the protocols to look at, and how many rows those have
    ("listen", "port=8080", TCP, 1), ("bound", "port=8080", TCP, 1), ("pair", "port=8080,n=2", TCP, 5),
    ("busy", "port=8080,n=1,send=100", TCP, 3), ("unaccepted", "port=8080,n=2", TCP, 5),
    ("close-wait", "port=8080,n=1", TCP, 3), ("fin-wait-2", "port=8080", TCP, 3), ("time-wait", "port=8080", TCP, 2),
    ("syn-recv", "port=8080", TCP, 3), ("syn-sent", "", TCP, 1), ("udp", "port=5300", UDP, 1),
    ("udp-connected", "port=5300", UDP, 2), ("forked", "port=8080,n=2", TCP, 1), ("dup", "port=8080", TCP, 1),
    ("reuseport", "port=8080,n=3", TCP, 3), ("many", "n=5", TCP, 15), ("unix", "addr=@factory,n=2", ("unix",), 5),
    ("unix-seqpacket", "addr=@factory", ("unix",), 3), ("unix-unaccepted", "addr=@factory,n=2", ("unix",), 3),
    ("unix-dgram", "addr=@factory,n=2", ("unix",), 3), ("socketpair", "", ("unix",), 2), ("packet", "", ("packet",), 1),
    ("netlink", "", ("netlink",), None), ("raw", "", ("raw",), 1), ("ping", "port=77", ("icmp",), 1),
    ("udplite", "port=5300", ("udplite",), 1), ("mptcp", "port=8080,n=1", ("mptcp", "tcp"), None),
    ("mptcp-unaccepted", "port=8080,n=1", ("mptcp", "tcp"), None), ("sctp", "port=8080,n=1", ("sctp",), 3),
    ("vsock", "port=70000", ("vsock",), 1), ("thread-table", "port=8080", TCP, 1), ("leader-exit", "port=8080", TCP, 1),
    ("uring-file", "port=8080", TCP, 1), ("uring-pair", "port=8080", TCP, 3), ("in-flight", "port=8080", TCP, 1),
    ("listeners", "n=4", TCP, 4),
]
# Why nobody holds what the factory has no descriptor of, by kind and state; what is not here has an owner.
REASONS = {
    ("unaccepted", "established"): "unaccepted", ("fin-wait-2", "fin-wait-2"): "orphan",
    ("time-wait", "time-wait"): "time-wait", ("syn-recv", "syn-recv"): "syn-recv",
    ("unix-unaccepted", "established"): "unaccepted", ("mptcp-unaccepted", "established"): "unaccepted",
    ("in-flight", "listening"): "no-fd",
}
CELLS = {"no-fd": "no fd", "not-permitted": "not permitted"}
BRIEF = {"udplite": "udpl", "packet": "pack", "netlink": "nlink"}


def opened(ns, request):
    try:
        return ns.factory(request)
    except Failure as e:
        if re.search(r"not supported|io_uring|vsock|No such device", str(e)):
            raise Skip(f"not on this kernel: {str(e).split(': ', 1)[1]}; fixtures stand for it")
        raise


def check_json(kind, factory, rows, ns, hidden):
    """Every socket the factory told of is there, and every row is one it told of or has the reason expected."""
    unclaimed = list(rows)
    for made in factory.sockets:
        found = [r for r in rows if r["proto"] == made["proto"] and r["state"] == made["state"] and
                 (r["inode"] == made["inode"] if made["inode"] else r["cookie"] == made["cookie"])]
        same(len(found), 1, f"rows of {made}")
        if found[0] in unclaimed:
            unclaimed.remove(found[0])
        reason = REASONS.get((kind, made["state"])) if made["fd"] is None else None
        if reason == "no-fd" and hidden:  # by somebody else's process, of which nobody can tell
            reason = found[0]["owner_reason"]
            check(reason in ("no-fd", "not-permitted"), f"reason {reason} of {made}")
        same(found[0]["owner_reason"], reason, f"reason of {made}")
        present = [(o["pid"], o["fd"]) for o in found[0]["owners"] if not o["former"]]
        if reason:
            same(present, [], f"owners of {made}")
        else:
            check((made["pid"], made["fd"]) in present, f"owners {present} of {made}")
    for row in unclaimed:  # the kernel's own netlink sockets, subflows, ends that nobody has accepted
        same(row["owner_reason"], "kernel" if row["proto"] == "netlink" else
             None if row["pid"] == factory.pid else REASONS.get((kind, row["state"])), f"reason of {row}")
        check(row["owner_reason"] or kind == "mptcp" or kind == "mptcp-unaccepted", f"whose is {row}")
    for row in rows:
        same((row["netns"], row["netns_name"]), (ns.inode, ns.name), f"namespace of {row}")


def lines_of(screen, name):
    """What stands in the lines of the table: protocol, state, namespace (a long one is cut), process or reason, pid."""
    found = []
    for line in screen.splitlines()[3:-1]:
        cells = re.match(r"..(\S+) +(\S+) +(\S+) +(‹[^›]+›|\S+(?: ×\d+)?)(?: +(\d+)(?= |$))?", line)
        if cells:
            proto, state, netns, who, pid = cells.groups()
            whole = netns.endswith("…") and name.startswith(netns[:-1]) and len(netns) > 8
            found.append((proto, state, name if whole else netns, who, pid))
    return sorted(found, key=str)


def expected_lines(rows):
    def who(row):
        holders = len({o["pid"] for o in row["owners"] if not o["former"]})
        return (row["process"] + (f" ×{holders}" if holders > 1 else "") if row["pid"]
                else f"‹{CELLS.get(row['owner_reason'], row['owner_reason'])}›")

    return sorted(((BRIEF.get(r["proto"], r["proto"]), r["state"], r["netns_name"],
                    who(r), str(r["pid"]) if r["pid"] else None) for r in rows), key=str)


@contextlib.contextmanager
def routed(ns):
    """192.0.2.0/24 leads to where nobody answers."""
    ns.run(["ip", "route", "add", "192.0.2.0/24", "dev", "lo"])
    yield


def check_row(kind, settings, protos, count):
    words = ["-N", None, f"proto={','.join(protos)}", "laddr!~sock_diag"]  # that is ourselves
    request = ",".join(filter(None, [kind, settings]))
    with Named("f") as ns, Netns() as outside, routed(ns), opened(ns, request) as factory:
        words[1] = ns.name
        r = outside.run([SOCKEYE, "list", "--json", "--view", "sockets", "-a", *words])
        whole = json.loads(r.stdout)
        missing = {x["what"] for x in whole["limits"] if x["reason"] == "not-supported"}
        if missing & set(protos):
            same((r.returncode, whole["sockets"]), (1, []), "what is listed without a handler")
            raise Skip(f"this kernel does not list {', '.join(missing & set(protos))} sockets; fixtures stand for it")
        same(r.returncode, 0, f"exit code ({r.stderr!r})")
        rows = whole["sockets"]
        if count is not None:
            same(len(rows), count, f"rows {[(x['proto'], x['state']) for x in rows]}")
        hidden = any((x["what"], x["reason"]) == ("owners", "not-permitted") for x in whole["limits"])
        check_json(kind, factory, rows, ns, hidden)
        command = " ".join([*outside.enter, SOCKEYE, "-a", "--view", "connections", "--columns",
                            "proto,state,netns,process,pid,local", "--sort", "proto", *words[:2],
                            *(f"'{w}'" for w in words[2:])])
        with Tmux(command, 110, 40) as tmux:
            tmux.shows(r"PROTO.*STATE +NETNS +PROCESS")
            wanted, got = expected_lines(rows), None

            def probe():
                nonlocal got
                got = lines_of(tmux.screen(), ns.name)
                return got == wanted

            until(probe, lambda: f"the lines {wanted}, only {got} on\n{tmux.screen()}")
            check(f"ns:{ns.name}" in tmux.screen(), f"line 1 names the namespace:\n{tmux.screen()}")


def one(row):
    def function():
        check_row(*row)

    function.__name__ = row[0].replace("-", "_")
    return function


TESTS[:] = [t for t in TESTS if t.__module__ == __name__]  # those of the module that Named comes from are its own
for ROW in ROWS:
    test(one(ROW))


@test
def every_kind_has_a_row():
    r = subprocess.run([FACTORY], capture_output=True, timeout=PATIENCE)
    kinds = {line.split()[0] for line in r.stderr.decode().splitlines()[1:]}
    same(kinds - {row[0] for row in ROWS}, set(), "kinds without a test")
