"""Every protocol but TCP and UDP: what the factory opened is what JSON and the dashboard show, with state, owner,
namespace and other end; compared with ss where ss knows the thing. What this kernel cannot do is in its limits."""

from kit import *

NO_SOCK_DIAG = os.path.join(BUILD, "tests/tools/no_sock_diag")
KINDS = [
    "unix,addr=@sockeye-test,n=2", "unix-seqpacket,addr=PATH", "unix-unaccepted,addr=@a~b,n=2",
    "unix-dgram,addr=@dgram,n=2", "socketpair", "packet", "packet,port=0x88cc", "netlink", "netlink", "netlink,port=16",
    "raw", "raw,addr=::1", "ping,port=77", "ping,addr=::1,port=78", "udplite,port=5000", "udplite,port=5001,addr=::1",
    "mptcp,port=8080,n=3,send=3", "mptcp,port=8090,addr=::1,n=1", "mptcp-unaccepted,port=8081,n=1",
]


@contextlib.contextmanager
def everything():
    """A namespace with one of each; factory.path is where the seqpacket listener is."""
    with tempfile.TemporaryDirectory(prefix="sockeye-") as directory:
        path = os.path.join(directory, "s")
        with scene(*[k.replace("PATH", path) for k in KINDS]) as (ns, factory):
            factory.path = path
            yield ns, factory


def sockets(ns, *args):
    return ns.rows("sockets", "-a", *args)


def shown(name):
    """A factory's unix name as JSON has it: `~` was a NUL."""
    return name.replace("~", "\\u0000").encode().decode("unicode_escape") if name and name[0] == "@" else name


@test
def rows_equal_factory():
    with everything() as (ns, factory):
        rows = sockets(ns)
        for made in factory.sockets:
            same_inode = [r for r in rows if r["inode"] == made["inode"] and r["proto"] == made["proto"]]
            same(len(same_inode), 1, f"rows of {made}")
            row = same_inode[0]
            same(row["state"], made["state"], f"state of {made}")
            same(row["netns"], ns.inode, f"netns of {made}")
            same(row["owner_reason"], None, f"owner_reason of {made}")
            check((made["pid"], made["fd"]) in [(o["pid"], o["fd"]) for o in row["owners"]],
                  f"owners {row['owners']} of {made}")
            if made["laddr"] is not None or made["proto"] in ("unix",):
                same(row["laddr"], shown(made["laddr"]), f"laddr of {made}")
            if made["proto"] not in ("raw", "icmp"):
                same(row["lport"], made["lport"], f"lport of {made}")
            if made["proto"] == "unix" and made["raddr"]:
                same(row["raddr"], shown(made["raddr"]), f"raddr of {made}")
            # The kernel gives raw and ICMP ones no cookie in /proc, and accepted MPTCP ones their listener's.
            if made["proto"] in ("unix", "packet", "netlink", "udplite"):
                same(row["cookie"], made["cookie"], f"cookie of {made}")


@test
def families_and_protocols():
    with everything() as (ns, _):
        rows = sockets(ns)
        pairs = {(r["proto"], r["family"]) for r in rows}
        for pair in [("unix", "unix"), ("packet", "packet"), ("netlink", "netlink"), ("raw", "ipv4"), ("raw", "ipv6"),
                     ("icmp", "ipv4"), ("icmp", "ipv6"), ("udplite", "ipv4"), ("udplite", "ipv6"), ("mptcp", "ipv4"),
                     ("mptcp", "ipv6"), ("tcp", "ipv4")]:
            check(pair in pairs, f"no {pair}")
        for row in rows:
            if row["family"] in ("unix", "packet", "netlink"):
                for key in ("rx_rate", "rtt_ms", "cwnd", "scope", "class", "service", "timer", "v6only", "mark"):
                    same(row[key], None, f"{key} of {row['proto']}")
            if row["proto"] != "netlink" and row["family"] in ("unix", "packet"):
                same(row["lport"], None, f"lport of {row['proto']}")
        kernel = [r for r in rows if r["proto"] == "netlink" and r["lport"] == 0]
        check(kernel, "no netlink socket of the kernel's")
        same({r["owner_reason"] for r in kernel}, {"kernel"}, "reason of the kernel's netlink sockets")


def ss_lines(ns, *args):
    need("ss")
    r = ns.run(["ss", "-H", "-O", "-a", "-n", "-e", "-p", *args])
    same(r.returncode, 0, f"ss {args}")
    lines = r.stdout.decode("utf-8", "replace").splitlines()
    for line in lines:
        yield line, sorted((int(p), int(f)) for p, f in re.findall(r"pid=(\d+),fd=(\d+)", line))


def owners(row):
    return sorted((o["pid"], o["fd"]) for o in row["owners"] if not o["former"])


@test
def unix_equals_ss():
    with everything() as (ns, factory):
        ours = {r["inode"]: r for r in sockets(ns, "unix")}
        inode_of = {r["cookie"]: r["inode"] for r in ours.values()}
        theirs = 0
        for line, held in ss_lines(ns, "-x"):
            netid, state, recvq, sendq = line.split()[:4]
            local, inode = line.split()[4:6]
            theirs += 1
            row = ours.pop(int(inode), None)
            check(row, f"ss alone shows {line}")
            same(row["state"], SS_STATES[state], f"state of {line}")
            if state == "LISTEN":
                same((row["backlog"], row["backlog_max"]), (int(recvq), int(sendq)), f"queue of {line}")
            else:
                same((row["recvq"], row["sendq"]), (int(recvq), int(sendq)), f"queues of {line}")
            # ss prints a NUL within an abstract name as another @
            same((row["laddr"] or "*").replace("\0", "@"), local, f"name of {line}")
            same(owners(row), held, f"owners of {line}")
        same(list(ours.values()), [], "rows that sockeye alone shows")
        check(theirs >= 15, f"ss shows {theirs} only")
        same(len(inode_of), theirs, "cookies")


@test
def packet_netlink_raw_equal_ss():
    with everything() as (ns, factory):
        rows = sockets(ns)
        types = {"*": "all", "[35020]": "0x88cc"}
        theirs = sorted((types[line.split()[4].rsplit(":", 1)[0]], int(line.split()[2]), tuple(held))
                        for line, held in ss_lines(ns, "-0"))
        same(sorted((r["laddr"], r["recvq"], tuple(owners(r))) for r in rows if r["proto"] == "packet"), theirs,
             "packet sockets")
        names = {0: "route", 4: "sock_diag", 6: "xfrm", 9: "audit", 10: "fib_lookup", 11: "connector", 12: "netfilter",
                 15: "kobject_uevent", 16: "generic"}
        theirs = set()
        for line, _ in ss_lines(ns, "-f", "netlink"):
            number, port = line.split()[3].rsplit(":", 1)
            name = names.get(int(number), number)
            theirs.add((name, int(port) % 2**32 if name != "sock_diag" else None))  # there are ss and sockeye themselves
        ours = {(r["laddr"], r["lport"] if r["laddr"] != "sock_diag" else None) for r in rows if r["proto"] == "netlink"}
        same(sorted(ours, key=str), sorted(theirs, key=str), "netlink sockets")
        theirs = sorted(line.split()[3] for line, _ in ss_lines(ns, "-w"))
        r = ns.sockeye("list", "-wa", "-H", "--tsv", "--columns", "proto,laddr", "proto=raw", f"netns={ns.inode}")
        same(sorted(x.split("\t")[1] for x in r.stdout.decode().splitlines()), ["127.0.0.1", "::1"], "raw sockets")
        same(len(theirs), 2, f"raw sockets of ss: {theirs}")


@test
def mptcp_equals_ss():
    with everything() as (ns, factory):
        ours = {(r["local"], r["remote"]): r for r in sockets(ns, "mptcp")}
        for line, held in ss_lines(ns, "-M"):
            state, recvq, sendq, local, remote = line.split()[:5]
            row = ours.pop((local, None if remote.endswith(":*") else remote), None)
            check(row, f"ss alone shows {line}")
            same(row["state"], SS_STATES[state], f"state of {line}")
            ino = re.search(r"ino:(\d+)", line)
            same(row["inode"], int(ino.group(1)) or None if ino else None, f"inode of {line}")
        same(list(ours), [], "rows that sockeye alone shows")


@test
def mptcp_counts_once():
    with everything() as (ns, factory):
        ports = {(r["port"], r["proto"]): r for r in ns.rows("ports") if r["port"] in (8080, 8081, 8090)}
        same(sorted(ports), [(8080, "mptcp"), (8081, "mptcp"), (8090, "mptcp")], "port rows")
        same(ports[8080, "mptcp"]["conns"], 3, "conns of 8080")
        same(ports[8080, "mptcp"]["addresses"], ["127.0.0.1"], "addresses")
        same(ports[8080, "mptcp"]["service"], "http-alt", "service")
        same(ports[8081, "mptcp"]["conns"], 1, "conns of 8081")
        same((ports[8081, "mptcp"]["backlog"], ports[8081, "mptcp"]["backlog_max"]), (1, 16), "queue of 8081")
        same(ports[8080, "mptcp"]["states"].get("listening"), 1, "listeners of 8080")
        process = [r for r in ns.rows("processes") if r["pid"] == factory.pid]
        same(len(process), 1, "processes")
        same(process[0]["conns"], 3 * 2 + 1 * 2 + 1, "conns of the process: both ends of each, one end unaccepted")
        same(ns.rows("ports", "proto=mptcp", "port=8080")[0]["conns"], 3, "conns with proto=mptcp")
        same(ns.rows("ports", "proto=tcp", "port=8080")[0]["conns"], 3, "conns with proto=tcp: subflows alone")
        rows = sockets(ns, "port=8080", "mptcp")
        same({r["rtt_ms"] for r in rows}, {None}, "rtt_ms: the subflows have it")
        unaccepted = [r for r in sockets(ns, "lport=8081", "state=established")]
        same({(r["proto"], r["owner_reason"]) for r in unaccepted}, {("mptcp", "unaccepted"), ("tcp", "unaccepted")},
             "the connection nobody accepted")


@test
def mptcp_after_a_look():
    """Once a listener's cookie was asked for, the kernel gives it to every connection accepted from it."""
    with scene("mptcp,port=8080,n=0") as (ns, _):
        sockets(ns)
        with ns.factory("mptcp,port=8085,n=2") as more:
            code = ("import socket,sys\n"
                    "s=[socket.socket(2,1,262) for _ in range(3)]\n"
                    "[x.connect(('127.0.0.1',8080)) for x in s]\n"
                    "print('up',flush=True)\n"
                    "sys.stdin.read()\n")
            client = subprocess.Popen(ns.enter + [sys.executable, "-c", code], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, env=clean_env())
            try:
                same(client.stdout.readline(), b"up\n", "the client")
                rows = sockets(ns, "mptcp", "port=8080")
                same(len([r for r in rows if r["lport"] == 8080 and r["state"] == "established"]), 3, "server's ends")
                same(len([r for r in rows if r["rport"] == 8080]), 3, "clients' ends")
                same(len(sockets(ns, "mptcp", f"lport=8085", "state=established")), 2, "of the other listener")
            finally:
                client.stdin.close()
                client.wait(PATIENCE)


@test
def unix_peers():
    """Both ends know each other, across processes and namespaces; who waits is the listener's business."""
    with everything() as (ns, factory), socket_client(factory.path) as client:
        mine = os.fstat(client.fileno()).st_ino
        whole = ns.json("-N", "all", "--view", "sockets", "-a", "unix")["sockets"]
        row = [r for r in whole if r["inode"] == mine]
        same(len(row), 1, "rows of the client in another namespace")
        same(row[0]["peer_pid"], factory.pid, "peer_pid of one that waits: the listener's owner")
        same(row[0]["raddr"], factory.path, "its raddr")
        listener = [r for r in whole if r["laddr"] == factory.path and r["state"] == "listening"][0]
        same(listener["backlog"], 1, "backlog of the listener")
        same(listener["peer_pid"], None, "peer_pid of the listener")
        rows = {r["inode"]: r for r in sockets(ns, "unix")}
        for made in factory.of(proto="unix", state="established"):
            if made["laddr"] != "@dgram":  # many talk to it, it talks to none
                same(rows[made["inode"]]["peer_process"], "factory", f"peer_process of {made}")
        server = factory.one(proto="unix", laddr="@dgram")
        same(rows[server["inode"]]["peer_pid"], None, "peer_pid of a datagram server")


@contextlib.contextmanager
def socket_client(path):
    import socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect(path)
        yield s


@test
def hostile_names():
    name = b"\0sockeye-\x1b[31m\n\xe2\x80\xae\xff\0=1+1"
    with Netns() as ns:
        code = f"import socket,sys; s=socket.socket(1,1); s.bind({name!r}); s.listen(); print('up',flush=True); sys.stdin.read()"
        holder = subprocess.Popen(ns.enter + [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  env=clean_env())
        try:
            same(holder.stdout.readline(), b"up\n", "the holder")
            for args in (["-xl"], ["-xl", "--csv"], ["-xl", "--json"]):
                r = ns.sockeye("list", *args)
                same(r.returncode, 0, f"exit code of {args}")
                check(b"\x1b" not in r.stdout and b"\0" not in r.stdout, f"raw bytes in {r.stdout!r}")
                if args == ["-xl"]:
                    check("\u202e".encode() not in r.stdout and b"\xff" not in r.stdout, f"raw bytes in {r.stdout!r}")
            same([x["laddr"] for x in sockets(ns, "unix")], ["@sockeye-\x1b[31m\n\u202e\ufffd\0=1+1"], "laddr in JSON")
        finally:
            holder.stdin.close()
            holder.wait(PATIENCE)


@test
def letters():
    with everything() as (ns, _):
        def protos(*args):
            r = ns.json(*args)
            view = [k for k in r if k in ("ports", "sockets")][0]
            return view, {x["proto"] for x in r[view] if x["netns"] == ns.inode}

        same(protos("-xa"), ("sockets", {"unix"}), "-xa")
        same(protos("-xl"), ("sockets", {"unix"}), "-xl")
        same(protos("-wa"), ("sockets", {"raw", "icmp"}), "-wa")
        same(protos("-0"), ("sockets", {"packet"}), "-0")
        same(protos("-tx0a")[1], {"tcp", "unix", "packet"}, "-tx0a")
        same(protos("-xla")[1], {"unix"}, "-xla")
        view, found = protos("-a")
        same(view, "sockets", "view of -a")
        check({"unix", "packet", "netlink", "raw", "icmp", "udplite", "mptcp", "tcp"} <= found, f"-a shows {found}")
        same({r["state"] for r in [x for x in ns.json("-x")["sockets"] if x["netns"] == ns.inode]}, {"established"}, "-x")
        same({r["proto"] for r in ns.rows("ports")}, {"udplite", "mptcp"}, "protocols of ports")
        same({r["proto"] for r in ns.rows("connections")}, {"mptcp", "tcp"}, "protocols of connections")
        same({r["proto"] for r in ns.rows("connections", "proto=unix")}, {"unix"}, "connections with proto=unix")
        same({r["proto"] for r in ns.rows("connections", "family=unix")}, {"unix"}, "connections with family=unix")


@test
def filters():
    with everything() as (ns, factory):
        same(len(sockets(ns, "unix", "laddr=@sockeye-test")), 3, "a listener and what it accepted")
        same(len(sockets(ns, "unix", "raddr=@sockeye-test")), 2, "those who connected")
        same(len(sockets(ns, "unix", f"laddr={factory.path}", "state=listening")), 1, "a path")
        same(len(sockets(ns, "unix", "sockeye-test")), len([s for s in factory.of(proto="unix")
             if "sockeye-test" in (s["laddr"] or "") + (s["raddr"] or "")]), "a word finds names at either end")
        same({r["laddr"] for r in sockets(ns, "netlink", "laddr~^gen")}, {"generic"}, "a pattern")
        same([r["proto"] for r in sockets(ns, "packet", "laddr~88cc")], ["packet"], "an ethertype")
        ids = [s["lport"] for s in factory.of(proto="netlink", laddr="route")]
        check(len(ids) == 2 and max(ids) > 65535, f"port ids {ids}")  # of two of one process the second is made up
        for number in ids:
            same([r["lport"] for r in sockets(ns, "netlink", f"lport={number}", "laddr~^route$")], [number], "a port id")


@test
def other_namespaces():
    """Seen from the host as well: files and sockets of that namespace, not of the caller's."""
    with everything() as (ns, factory):
        r = subprocess.run([SOCKEYE, "list", "--json", "--view", "sockets",
                            "proto=raw,icmp,packet,unix,mptcp,udplite"], capture_output=True, timeout=60, env=clean_env())
        rows = [x for x in json.loads(r.stdout)["sockets"] if x["netns"] == ns.inode]
        ours = sockets(ns, "proto=raw,icmp,packet,unix,mptcp,udplite")
        same(sorted((x["proto"], x["inode"] or 0) for x in rows), sorted((x["proto"], x["inode"] or 0) for x in ours),
             "sockets as seen from the host")
        check(len(rows) > 25, f"{len(rows)} only")


@test
def limits():
    with everything() as (ns, _):
        def said(*args):
            return {(x["what"], x["reason"]) for x in ns.json("--view", "sockets", "-a", *args)["limits"]}

        with open("/proc/net/protocols") as f:
            known = {line.split()[0] for line in f}
        if "SCTP" not in known:
            check(("sctp", "not-supported") in said("proto=sctp"), f"limits {said('proto=sctp')}")
            check(("sctp", "not-supported") not in said("proto=tcp"), "sctp is told of where nobody asked")
            print(f"    this kernel has no SCTP: its rows are tested on fixtures (unit/collect/protocols)")
        if ("vsock", "not-supported") in said("proto=vsock"):
            print(f"    this kernel has no vsock_diag: its rows are tested on fixtures")
        if ("raw", "from-proc") in said("proto=raw"):
            print(f"    this kernel has no raw_diag: raw sockets come from /proc/net, its rows are tested on fixtures")
        # who may not be read, and which way owners were searched, depends on the machine
        same({x for x in said("proto=unix,packet,netlink,mptcp,udplite,icmp") if x[0] not in ("owners", "owner-scan")},
             set(), "other limits")
        r = ns.sockeye("list", "--view", "sockets", "proto=sctp")
        same(r.returncode, 1, "exit code: nothing matched, nothing failed")


@test
def without_sock_diag():
    with scene("listen,port=8080", "listen,port=8081,addr=::1", "pair,port=9000,n=2", "udp,port=5300", "time-wait,port=9040",
               "unaccepted,port=9010", "listen,port=7030,uid=1234", "udp-connected,port=5310", "raw") as (ns, factory):
        def json_of(*args):
            r = ns.run([NO_SOCK_DIAG, SOCKEYE, "list", *HERE, "--json", *args])
            if r.returncode == 77:
                raise Skip("no seccomp")
            check(r.returncode in (0, 1), f"exit {r.returncode}: {r.stderr!r}")
            return json.loads(r.stdout)

        whole = json_of("--view", "sockets", "-a")
        check(("sock_diag", "from-proc") in {(x["what"], x["reason"]) for x in whole["limits"]}, f"{whole['limits']}")
        rows = [r for r in whole["sockets"] if r["netns"] == ns.inode]
        for made in factory.sockets:
            found = [r for r in rows if (r["proto"], r["lport"], r["rport"]) ==
                     (made["proto"], made["lport"] if made["proto"] != "raw" else None, made["rport"])]
            same(len(found), 1, f"rows of {made}")
            row = found[0]
            same(row["state"], made["state"], f"state of {made}")
            same(row["cookie"], None, "cookie")
            same(row["rtt_ms"], None, "rtt_ms")
            if made["fd"] is not None:
                same(row["inode"], made["inode"], f"inode of {made}")
                check((made["pid"], made["fd"]) in owners(row), f"owners of {made}: {row['owners']}")
            if row["state"] == "listening":
                same(row["backlog_max"], None, "backlog_max: /proc does not tell it")
        same([r["owner_reason"] for r in rows if r["state"] == "time-wait"], ["time-wait"], "reason of time-wait")
        same([r["owner_reason"] for r in rows if r["lport"] == 9010 and r["state"] == "established"], ["unaccepted"],
             "reason of what nobody accepted")
        ports = {r["port"]: r for r in json_of()["ports"] if r["netns"] == ns.inode}
        same(sorted(ports), [5300, 5310, 7030, 8080, 8081, 9000, 9010, 9040], "ports")
        same((ports[9000]["conns"], ports[9010]["backlog"], ports[9000]["backlog_max"]), (2, 1, None), "counts")
        same(ports[7030]["uid"], 1234, "uid")


@test
def limits_on_the_dashboard():
    """What this kernel cannot tell is said once at the start, and not again."""
    with scene("listen,port=8080", "pair,port=9000,n=2", "unaccepted,port=9010") as (ns, factory):
        r = ns.run([NO_SOCK_DIAG, SOCKEYE, "--version"])
        if r.returncode == 77:
            raise Skip("no seccomp")
        command = " ".join([*ns.enter, NO_SOCK_DIAG, SOCKEYE, *HERE, "-d", "0.3"])
        with Tmux(command) as tmux:
            tmux.shows(r"There is no sock_diag here: TCP and UDP come from /proc/net")
            screen = tmux.screen()
            check(re.search(r"8080 +tcp .*factory", screen) and re.search(r"9010 +tcp .*factory", screen),
                  f"ports and owners:\n{screen}")
            tmux.hides("no sock_diag")
            end = time.monotonic() + 3
            while time.monotonic() < end:
                check("sock_diag" not in tmux.screen(), f"said twice:\n{tmux.screen()}")
                time.sleep(0.2)
        missing = [x["what"] for x in ns.json()["limits"] if x["reason"] == "not-supported"]
        if missing:
            with dashboard(ns) as tmux:
                screen = tmux.shows(r"This kernel lists no .* sockets: protocol not supported\.")
                check(all(word.upper() in screen.upper() for word in missing), f"{missing} in\n{screen}")
                tmux.hides("protocol not supported")


@test
def on_the_dashboard():
    with everything() as (ns, factory):
        with dashboard(ns, f"netns={ns.inode}") as tmux:
            screen = tmux.shows(r"8080 +mptcp")
            check(re.search(r"5000 +udpl", screen), f"no UDP-Lite port on\n{screen}")
            check("unix" not in screen, f"unix sockets among the ports:\n{screen}")
        for word, pattern in (("unix", r"unix .*sockeye-test.*factory"), ("mptcp", r"mptcp +estab")):
            command = " ".join([*ns.enter, SOCKEYE, "--view", "connections", f"netns={ns.inode}", word])
            with Tmux(command, width=160) as tmux:
                tmux.shows(pattern)
        with open("/proc/net/protocols") as f:
            sctp = any(line.split()[0] == "SCTP" for line in f)
        if not sctp:
            with dashboard(ns, "sctp") as tmux:
                tmux.shows(r"This kernel has no SCTP sockets \(protocol not supported\)\. Nothing to show")
                tmux.shows(r"Esc shows all")
