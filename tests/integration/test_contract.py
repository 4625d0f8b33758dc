"""Sentences about the command line that no other file holds: what a strict reader of the manual would try."""

from acts import Holder
from kit import *


@test
def host_is_the_first_namespace():
    """Seen from inside of another one, too, and where pid 1 may not be asked about its own."""
    with scene("listen,port=8080") as (ns, _):
        rows = ns.rows("ports", "-N", "all")
        same([r["port"] for r in rows], [8080], "ports here")
        check(rows[0]["netns_name"] != "host", "this namespace is called host")
        elsewhere = ns.json("-N", "host", "--view", "sockets", "-a", "-xtu")["sockets"]
        check(ns.inode not in {r["netns"] for r in elsewhere}, "-N host shows this namespace")


@test
def unmeasured_is_null():
    with scene("syn-sent,to=192.0.2.1,port=81") as (ns, _):
        row, = ns.rows("connections", "state=syn-sent")
        same((row["rtt_ms"], row["rttvar_ms"], row["minrtt_ms"]), (None, None, None), "round trip times")
        same(ns.rows("connections", "rtt_ms<1000"), [], "rows that have one")
        same(len(ns.rows("connections", "rtt_ms=none")), 1, "rows that have none")


@test
def columns_of_another_view():
    with Netns() as ns:
        for name, view in (("state", "connections"), ("cmdline", "processes")):
            r = ns.sockeye("list", "--columns", name)
            same(r.returncode, 2, "exit code")
            check(f"--view {view}".encode() in r.stderr, f"stderr {r.stderr!r}")
        r = ns.sockeye("list", "--columns", "stat")
        same(r.stderr.decode(), 'sockeye: --columns: ports has no "stat"; did you mean state? (view connections)\n',
             "a column near that of another view")
        r = ns.sockeye("list", "rx_rate")
        same((r.returncode, r.stderr.decode()), (2, """sockeye: filter: "rx_rate" alone matches nothing; did the shell take the ">"?
    quote it: 'rx_rate>1M', or write: rx_rate gt 1M
"""), "a field that lost its sign")


@test
def interfaces_have_names():
    code = """
listen(6100).setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
u.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
u.bind(("::", 6101))
keep = listen(6102)
p = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
p.bind(("lo", 2048))
"""
    code = code.replace("listen(6100).set", "l = listen(6100)\nl.set")
    with Netns() as ns, contextlib.closing(Holder(ns, code + "ready()\nidle()\n")):
        rows = {r["lport"]: r for r in ns.rows("sockets", "-a", "port=6100-6102")}
        same({k: r["iface"] for k, r in rows.items()}, {6100: "lo", 6101: "lo", 6102: None}, "iface")
        same([r["iface"] for r in ns.rows("sockets", "-0a")], ["lo"], "iface of a packet socket")
        same(sorted(r["port"] for r in ns.rows("ports", "iface=lo")), [6100, 6101], "ports with iface=lo")
        text = ns.sockeye("list", "-H", "--columns", "port,address").stdout.decode().splitlines()
        same([line.split() for line in text],
             [["6100", "127.0.0.1%lo"], ["6101", "*%lo"], ["6102", "127.0.0.1"]], "addresses")


@test
def udp_ends_without_its_server_asked_for():
    """The bound socket is no connected one, yet it says who called whom."""
    with scene("udp-connected,port=5302") as (ns, factory):
        for args in (["-u"], ["udp", "state=established", "--view", "sockets"], ["-ua"]):
            row, = [r for r in ns.json(*args)["sockets"] if r["state"] == "established"]
            same((row["direction"], row["peer_process"], row["peer_pid"]), ("out", "factory", factory.pid),
                 f"direction and peer with {args}")


@test
def ports_of_a_process_name_their_protocol():
    with scene("listen,port=7000", "udp,port=7001", "udplite,port=7002", "mptcp,port=7003") as (ns, _):
        row, = ns.rows("processes", "process=factory")
        same(row["ports"], ["7000/tcp", "7001/udp", "7002/udplite", "7003/mptcp"], "ports")
        text = ns.sockeye("list", "-H", "--view", "processes", "--columns", "listens").stdout.decode()
        same(text.split(), ["7000", "7001u", "7002ul", "7003m"], "LISTENS ON")


@test
def more_and_fewer_columns_of_data():
    """+a,-b changes what the format has by itself: every key where programs read."""
    with scene("listen,port=8080") as (ns, _):
        whole = list(ns.rows("ports")[0])
        got = list(ns.rows("ports", "--columns", "-owners,-findings")[0])
        same(got, [k for k in whole if k not in ("owners", "findings")], "keys without two")
        got = list(ns.rows("ports", "--columns", "+queue")[0])
        same(got, whole + ["queue"], "keys and one more")
        lines = ns.sockeye("list", "--csv", "--columns", "-pid").stdout.decode().split("\r\n")
        same((len(lines), lines[-1]), (3, ""), "lines of CSV, each with CR and LF")
        head = lines[0].split(",")
        same(head, [k for k in whole if k != "pid"], "columns of CSV")
        text = ns.sockeye("list", "--columns", "-pid").stdout.decode().splitlines()[0].split()
        check("PID" not in text and "CONNS" in text and "INODE" not in text, f"text {text}")
