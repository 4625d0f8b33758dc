"""sockeye close, and x in the dashboard: the connection goes, its process stays, nothing else is touched."""

from acts import *

PAIR = """
l = listen(8080)
c = [socket.create_connection(("127.0.0.1", 8080)) for _ in range(2)]
s = [l.accept()[0] for _ in range(2)]
ready()
print(*(x.getsockname()[1] for x in c), flush=True)
for line in sys.stdin:
    said = []
    for x in c + s:
        try:
            x.setblocking(False)
            said.append(str(len(x.recv(1))))
        except BlockingIOError:
            said.append("open")
        except OSError as e:
            said.append(e.strerror)
    print(*(w.replace(" ", "-") for w in said), flush=True)
"""


class Pair(Holder):
    """Two connections to a listener of the same process. state(): client, client, server, server."""

    def __init__(self, ns, before=()):
        super().__init__(ns, PAIR, before)
        self.ports = [int(w) for w in self.line().split()]

    def state(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return self.line().split()


@test
def one_of_two():
    with Netns() as ns, Pair(ns) as pair:
        text = run(ns, "close", "--yes", f"lport={pair.ports[0]}", code=0)
        has(text, "Closing 1 connection:", f"tcp 127.0.0.1:{pair.ports[0]} → 127.0.0.1:8080   established",
            f"python3 {pair.pid} lives on and gets ECONNABORTED", "   closed")
        same(pair.state(), ["Software-caused-connection-abort", "open", "Connection-reset-by-peer", "open"],
             "what the four ends see")
        check(not pair.ended(), "the process died")
        same(len(ns.rows("ports", "port=8080", *HERE)), 1, "listeners")
        has(run(ns, "close", "--yes", f"lport={pair.ports[0]}", code=1), "no connection matches")


@test
def both_ends_here():
    """Each connection is there twice: one end takes the other along, and only its program is asked about."""
    with Netns() as ns, Pair(ns) as pair:
        text = run(ns, "close", "--yes", f":{pair.ports[0]}", code=0)
        has(text, "Closing 1 connection:", f"tcp 127.0.0.1:8080 ← 127.0.0.1:{pair.ports[0]}   closed")
        same(pair.state(), ["Connection-reset-by-peer", "open", "Software-caused-connection-abort", "open"],
             "what the four ends see")


@test
def asks_first():
    with Netns() as ns, Pair(ns) as pair:
        one = f"lport={pair.ports[0]}"
        has(run(ns, "close", one, code=3), "no terminal to ask on")
        has(run(ns, "close", "--dry-run", one, code=0), "Would close 1 connection:", "Nothing was closed.")
        text, code = answered(ns, ["close", one], rb"\[y/N\]", b"n\n")
        same(code, 3, "exit code after n")
        same(pair.state(), ["open"] * 4, "ends after no")
        text, code = answered(ns, ["close", one], rb"\[y/N\]", b"y\n", typed_ahead=b"")
        same(code, 0, "exit code after y")
        has(text, "Close 1 connection? [y/N]", "closed")


@test
def usage():
    with Netns() as ns:
        has(run(ns, "close", code=2), "close needs a filter that says which connections")
        has(run(ns, "close", "--yes", ":8080", code=1), "no connection matches :8080")


@test
def refuses_what_frees_nothing():
    with scene("listen,port=8080", "udp,port=5300", "bound,port=7050") as (ns, _):
        text = run(ns, "close", "--yes", ":8080", code=3)
        has(text, "refused: tcp 127.0.0.1:8080 is a listener: closing it would not free the port. Nothing was closed.",
            "instead: sockeye kill tcp :8080")
        has(run(ns, "close", "--yes", ":5300", code=3), "udp 127.0.0.1:5300 has no peer")
        has(run(ns, "close", "--yes", ":7050", code=3), "is only bound")
        same(sorted(r["port"] for r in ns.rows("ports", *HERE)), [5300, 7050, 8080], "ports afterwards")


@test
def what_the_kernel_cannot_close():
    """MPTCP as a whole, and connections that nothing tells from others: nothing is done, and it is said why."""
    with Netns() as ns:
        try:
            factory = ns.factory("mptcp,port=7000")
        except Failure as e:
            raise Skip(str(e))
        with factory:
            has(run(ns, "close", "--yes", "mptcp", ":7000", code=3), "refused: the kernel closes no MPTCP connection as a whole",
                "Nothing was closed.", "instead: close its tcp subflows")
            same(len(ns.rows("connections", "mptcp", "port=7000", *HERE)), 2, "both ends")
    no_sock_diag = os.path.join(BUILD, "tests/tools/no_sock_diag")
    with Netns() as ns, Pair(ns) as pair:
        text = run(ns, "close", "--yes", f"lport={pair.ports[0]}", code=3, program=[no_sock_diag, SOCKEYE])
        has(text, "was read from /proc/net, without the cookie by which the kernel would know", "Nothing was closed.")
        same(pair.state(), ["open"] * 4, "the ends")


@test
def without_a_state_connected_ones_only():
    """The listener matches too, but no state was named: it is not meant."""
    with Netns() as ns, Pair(ns) as pair:
        text = run(ns, "close", "--yes", ":8080", code=0)
        has_not(text, "listener")
        same({w for w in pair.state()} & {"open"}, set(), "ends that are still open")
        has(run(ns, "close", "--yes", "state=listening", ":8080", code=3), "is a listener")


@test
def time_wait_and_unaccepted():
    with scene("time-wait,port=9040,n=2", "unaccepted,port=9010,n=2", "fin-wait-2,port=9020") as (ns, factory):
        has(run(ns, "close", "--yes", "--all", "state=time-wait", ":9040", code=0), "closed")
        same([r for r in ns.rows("sockets", "-a", "state=time-wait", *HERE)], [], "time-wait rows afterwards")
        text = run(ns, "close", "--yes", "lport=9010", code=0)
        has(text, "no process has accepted it")
        check(alive(factory.pid), "the factory died")


@test
def datagrams():
    with scene("udp-connected,port=5300") as (ns, factory):
        text = run(ns, "close", "--yes", "udp", code=0)
        has(text, "it has no peer any more")
        same([r for r in ns.rows("sockets", "-a", "udp", "state=established", *HERE)], [], "connected datagram sockets")


@test
def several_ports_need_all():
    with Netns() as ns, Pair(ns) as pair:
        with Holder(ns, "l = listen(8081); c = socket.create_connection(('127.0.0.1', 8081)); ready(); idle()"):
            has(run(ns, "close", "--yes", "@127.0.0.1", code=3), "refused: this reaches 2 ports", "add --all")
            same(pair.state(), ["open"] * 4, "ends after the refusal")
            run(ns, "close", "--yes", "--all", "@127.0.0.1", code=0)


@test
def without_the_right():
    """One's own connections are shut down, others' are not permitted."""
    with Netns() as ns, as_nobody() as nobody, Pair(ns) as roots:
        before = nobody[:nobody.index("env")]
        text = run(ns, "close", "--yes", f"lport={roots.ports[0]}", code=3, program=nobody)
        has(text, "not permitted: it takes CAP_NET_ADMIN", "try: sudo sockeye close")
        same(roots.state(), ["open"] * 4, "root's ends")
        roots.close()
        own = ("l = listen(8090)\nc = socket.create_connection(('127.0.0.1', 8090))\ns = l.accept()[0]\n"
               "ready()\nprint(c.getsockname()[1], flush=True)\n"
               "print(s.recv(1), flush=True)\ns.close()\nidle()")
        with Holder(ns, own, before) as holder:
            port = holder.line()
            text = run(ns, "close", "--yes", f"lport={port}", code=0, program=nobody)
            has(text, "closed, shut down by both ends")
            same(holder.line(), "b''", "what the other end read")
            check(not holder.ended(), "the process died")


@test
def other_namespaces():
    with Netns() as ns, Pair(ns) as pair, Netns() as elsewhere:
        run(elsewhere, "close", "--yes", f"lport={pair.ports[0]}", code=1)
        same(pair.state(), ["open"] * 4, "ends after a close elsewhere")
        text = run(elsewhere, "close", "--yes", "-N", str(pair.pid), f"lport={pair.ports[0]}", code=0)
        has(text, "closed")
        same(pair.state()[1::2], ["open", "open"], "the other connection")


@test
def in_the_dashboard():
    with Netns() as ns, Pair(ns) as pair:
        with dashboard(ns, *HERE, "--view", "connections") as tmux:
            tmux.keys("/")
            tmux.type(f"lport={pair.ports[0]}")
            tmux.keys("Enter")
            tmux.shows(rf":{pair.ports[0]}\b.*python3")
            tmux.keys("x")
            screen = tmux.shows(r"Enter close\s+Esc no")
            check(f"python3 {pair.pid} lives on" in screen.replace("\n", ""), f"what it means is missing:\n{screen}")
            tmux.keys("Escape")
            tmux.hides("Enter close")
            same(pair.state(), ["open"] * 4, "ends after Esc")
            tmux.keys("x")
            tmux.shows(r"Enter close\s+Esc no")
            tmux.keys("Enter")
            tmux.shows(r": closed")
            same(pair.state()[1::2], ["open", "open"], "the other connection")
            tmux.keys("Escape", "Q")
            screen = tmux.shows("END:0")
            check(re.search(rf"^\d\d:\d\d:\d\d close tcp 127.0.0.1:{pair.ports[0]} . 127.0.0.1:8080: closed$", screen, re.M),
                  f"no log line:\n{screen}")


@test
def read_only():
    with Netns() as ns, Pair(ns) as pair:
        with dashboard(ns, *HERE, "--view", "connections", "--read-only") as tmux:
            tmux.shows(r"python3")
            tmux.keys("x")
            tmux.shows(r"READ-ONLY: nothing is closed")
            tmux.keys("Enter")
            time.sleep(0.3)
            same(pair.state(), ["open"] * 4, "ends")
