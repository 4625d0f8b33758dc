"""Every socket of a namespace, compared with ss row by row in both directions, and with what the factory knows
where ss is silent."""

from kit import *

EVERYTHING = [
    "listen,port=8080", "listen,port=8081,addr=::1", "listen,port=8082,addr=::", "listen,port=8083,addr=::,v6only=1",
    "pair,port=9000,n=3,send=5", "pair,port=9001,addr=::1,n=2", "unaccepted,port=9010,n=2", "close-wait,port=9020",
    "fin-wait-2,port=9030", "time-wait,port=9040,n=2", "syn-recv,port=9050", "syn-sent", "udp,port=5300",
    "udp,port=5301,addr=::1,send=2", "udp,port=5302,addr=::", "udp-connected,port=5310",
    "udp-connected,port=5311,addr=::1", "forked,port=7000,n=2", "dup,port=7010", "reuseport,port=7020,n=3",
    "listen,port=7030,uid=1234", "listen,port=7040,comm=hostile", "bound,port=7050", "bound,port=7051,addr=::1",
]


def by_cookie(rows):
    found = {}
    for row in rows:
        check(re.fullmatch(r"0x[0-9a-f]+", row["cookie"] or ""), f"cookie {row['cookie']!r}")
        cookie = f"0x{int(row['cookie'], 16):x}"
        check(cookie not in found, f"cookie {cookie} twice: {row}")
        found[cookie] = row
    return found


def compare(ours, theirs):
    """One row of sockeye with one of ss; gives what differs."""
    wrong = []

    def expect(key, value):
        if ours[key] != value:
            wrong.append(f"{key} {ours[key]!r}, ss says {value!r}")

    expect("proto", theirs["proto"])
    expect("state", theirs["state"])
    expect("lport", theirs["lport"])
    expect("rport", theirs["rport"])
    if ip(ours["laddr"]) != ip(theirs["laddr"]):
        wrong.append(f"laddr {ours['laddr']}, ss says {theirs['laddr']}")
    if theirs["rport"] is None:
        expect("raddr", None)
    elif ours["raddr"] is None or ip(ours["raddr"]) != ip(theirs["raddr"]):
        wrong.append(f"raddr {ours['raddr']}, ss says {theirs['raddr']}")
    if theirs["state"] == "listening":
        expect("recvq", None)
        expect("sendq", None)
        expect("backlog", theirs["recvq"])
        expect("backlog_max", theirs["sendq"])
    else:
        expect("recvq", theirs["recvq"])
        expect("sendq", theirs["sendq"])
    expect("inode", theirs["inode"])
    if theirs["state"] in ("time-wait", "syn-recv"):  # ss prints what the kernel makes up
        expect("uid", None)
    elif theirs["inode"]:
        expect("uid", theirs["uid"])
    owners = sorted((o["pid"], o["fd"]) for o in ours["owners"] if not o["former"])
    if owners != theirs["owners"]:
        wrong.append(f"owners {owners}, ss says {theirs['owners']}")
    return wrong


@test
def rows_equal_ss():
    with scene(*EVERYTHING) as (ns, _):
        theirs = ss_rows(ns)
        ours = by_cookie(ns.rows("sockets", "-tua"))
        wrong = []
        for cookie, row in theirs.items():
            if cookie not in ours:
                wrong.append(f"ss alone shows {cookie} {row}")
            else:
                wrong += [f"{row['proto']} {row['state']} {row['laddr']}:{row['lport']} {cookie}: {text}"
                          for text in compare(ours[cookie], row)]
        for cookie, row in ours.items():
            if cookie not in theirs and row["state"] != "bound":  # ss 6.1 does not ask for those
                wrong.append(f"sockeye alone shows {cookie} {row}")
        check(len(theirs) > 40, f"ss shows {len(theirs)} sockets only")
        check(not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong))


@test
def rows_equal_factory():
    """What was opened is shown, with cookie, state, owner."""
    with scene(*EVERYTHING) as (ns, factory):
        ours = by_cookie(ns.rows("sockets", "-tua"))
        for made in factory.sockets:
            row = ours.get(made["cookie"])
            check(row, f"missing: {made}")
            for key in ("proto", "state", "lport", "inode"):
                same(row[key], made[key], f"{key} of {made}")
            if made["fd"] is not None:
                check((made["pid"], made["fd"]) in [(o["pid"], o["fd"]) for o in row["owners"] if not o["former"]],
                      f"owners {row['owners']}, opened by {made}")


@test
def bound_without_listening():
    with scene("bound,port=7050", "bound,port=7051,addr=::1") as (ns, factory):
        for made in factory.sockets:
            row = by_cookie(ns.rows("sockets", "-tua")).get(made["cookie"])
            check(row, f"missing: {made}")
            same(row["state"], "bound", "state")
            same(row["pid"], factory.pid, "pid")
        ports = {r["port"]: r for r in ns.rows("ports")}
        same(sorted(ports), [7050, 7051], "ports")


@test
def owner_reasons():
    with scene("unaccepted,port=9010", "fin-wait-2,port=9030", "time-wait,port=9040", "syn-recv,port=9050",
               "listen,port=8080") as (ns, factory):
        rows = ns.rows("sockets", "-tua")

        def reason(**wanted):
            found = [r for r in rows if all(r[k] == v for k, v in wanted.items())]
            same(len(found), 1, f"rows with {wanted}")
            if found[0]["owner_reason"]:
                same(found[0]["pid"], None, f"pid of {wanted}")
                same([o for o in found[0]["owners"] if not o["former"]], [], f"owners of {wanted}")
            return found[0]["owner_reason"]

        same(reason(lport=9010, state="established"), "unaccepted", "reason")
        same(reason(rport=9030, state="fin-wait-2"), "orphan", "reason")
        same(reason(rport=9040, state="time-wait"), "time-wait", "reason")
        same(reason(lport=9050, state="syn-recv"), "syn-recv", "reason")
        same(reason(lport=8080, state="listening"), None, "reason")


@test
def several_owners():
    with scene("forked,port=7000,n=2", "dup,port=7010,n=1", "reuseport,port=7020,n=3") as (ns, factory):
        rows = ns.rows("sockets", "-tua")

        def owners(row):
            return sorted((o["pid"], o["fd"]) for o in row["owners"])

        shared = [r for r in rows if r["lport"] == 7000]
        same(len(shared), 1, "rows of the shared listener")
        same(owners(shared[0]), sorted((s["pid"], s["fd"]) for s in factory.of(lport=7000)), "owners")
        same(shared[0]["pid"], factory.pid, "the oldest owner")
        twice = [r for r in rows if r["lport"] == 7010]
        same(owners(twice[0]), sorted((s["pid"], s["fd"]) for s in factory.of(lport=7010)), "descriptors")
        group = [r for r in rows if r["lport"] == 7020]
        same(len(group), 3, "rows of the group")
        ports = {r["port"]: r for r in ns.rows("ports")}
        same(len(ports), 3, "ports")
        same(sorted(o["pid"] for o in ports[7020]["owners"]), sorted(s["pid"] for s in factory.of(lport=7020)),
             "owners of the port")


@test
def directions():
    with scene("pair,port=9000", "syn-sent", "udp-connected,port=5310") as (ns, _):
        rows = ns.rows("sockets", "-tua")
        found = {(r["lport"] == 9000, r["rport"] == 9000): r["direction"] for r in rows if r["state"] == "established"
                 and r["proto"] == "tcp"}
        same(found.get((True, False)), "in", "direction of the accepted end")
        same(found.get((False, True)), "out", "direction of the connecting end")
        same([r["direction"] for r in rows if r["state"] == "syn-sent"], ["out"], "direction of the attempt")


@test
def port_rows():
    """v4, v6 and the connections over them are one row; client ports are none."""
    with scene("pair,port=9000,n=3", "listen,port=9000,addr=::1", "udp,port=9000", "close-wait,port=9020,n=2",
               "time-wait,port=9040") as (ns, factory):
        ports = {(r["port"], r["proto"]): r for r in ns.rows("ports")}
        same(sorted(ports), [(9000, "tcp"), (9000, "udp"), (9020, "tcp"), (9040, "tcp")], "port rows")
        same(ports[9000, "tcp"]["conns"], 3, "conns of 9000")
        same(ports[9020, "tcp"]["conns"], 2, "conns of 9020")
        same(ports[9040, "tcp"]["conns"], 0, "conns of 9040: time-wait does not count")
        same(sorted(ports[9000, "tcp"]["addresses"]), ["127.0.0.1", "::1"], "addresses of 9000")
        same(ports[9000, "tcp"]["scope"], "loopback", "scope")
        same(ports[9000, "tcp"]["backlog_max"], 16, "backlog_max")
        same(ports[9000, "udp"]["backlog_max"], None, "backlog_max of a UDP port")
        same(ports[9020, "tcp"]["states"].get("close-wait"), 2, "states of 9020")
        same(ports[9000, "tcp"]["pid"], factory.pid, "pid")


@test
def process_rows():
    with scene("pair,port=9000,n=3", "listen,port=8080,child=1", "close-wait,port=9020") as (ns, factory):
        rows = {r["pid"]: r for r in ns.rows("processes")}
        row = rows.get(factory.pid)
        check(row, f"no process {factory.pid} in {sorted(rows)}")
        same(row["process"], "factory", "process")
        same(row["uid"], 0, "uid")
        same(row["conns"], 8, "conns")
        same(row["close_wait"], 1, "close_wait")
        child = factory.one(lport=8080)["pid"]
        check(child in rows, f"no process {child}")
        same(rows[child]["conns"], 0, "conns of the child")
        with open(f"/proc/{factory.pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
        check(words[1].decode() in (row["cmdline"] or ""), f"cmdline {row['cmdline']!r}")
        same(row["exe"], os.readlink(f"/proc/{factory.pid}/exe"), "exe")


@test
def filter_recounts():
    """A filter picks sockets; every view counts over those."""
    with scene("pair,port=9000,n=3", "pair,port=9001,n=2", "close-wait,port=9000,addr=::1") as (ns, factory):
        ports = {r["port"]: r for r in ns.rows("ports", "state=close-wait")}
        same({p: r["conns"] for p, r in ports.items()}, {9000: 1}, "ports with close-wait")
        rows = ns.rows("connections", "port=9001")
        same(len(rows), 4, "connections of 9001: both ends")
        rows = ns.rows("connections", "lport=9001")
        same(len(rows), 2, "connections with local port 9001")
        rows = ns.rows("processes", "port=9001")
        same([(r["pid"], r["conns"]) for r in rows], [(factory.pid, 4)], "processes over 9001")
        rows = ns.rows("processes", "process=nosuchprocess")
        same(rows, [], "processes of another name")


@test
def many_sockets():
    with scene("many,n=400") as (ns, factory):
        ours = by_cookie(ns.rows("sockets", "-tua"))
        same(len(ours), 1200, "sockets")
        same(sorted(ours), sorted({s["cookie"] for s in factory.sockets}), "cookies")
        same({r["pid"] for r in ours.values()}, {factory.pid}, "pids")


@test
def nothing_at_all():
    with Netns() as ns:
        r = ns.sockeye("list", "--json", "--view", "sockets", "-tua")
        same(r.returncode, 1, f"exit code ({r.stderr!r})")
        same(json.loads(r.stdout)["sockets"], [], "rows")
