"""The filter language on real sockets: what the kernel leaves out, and what ss says to the same question."""

from kit import *

SCENE = ["listen,port=8080", "listen,port=8081,addr=::", "pair,port=9000,n=3", "pair,port=9001,addr=::1,n=2", "pair,port=9002,addr=::ffff:127.0.0.1,n=2",
         "pair,port=9100,n=2", "time-wait,port=9040", "unaccepted,port=9010", "close-wait,port=9050", "udp,port=5300",
         "bound,port=7050"]

ENDS = ["family=ipv4", "family=ipv6", "family!=ipv4", "family=ipv6 state=connected", "family=ipv6 not @::/0",
        "family=ipv6 port>9000", "not family=ipv4", "family=ipv4,ipv6",
        ":9000", "lport=9000-9100", "rport=9000,9040", "port!=9000", "not :9000", "lport>9000", "rport<=9010",
        "rport lt 9001", "@127.0.0.0/8", "@::1", "laddr=::1 rport>1", "src 127.0.0.1:9000", "dst :9000 or dst :9001",
        "dst [::1]:9001", "sport = :9000 or dport = :9100", "( sport ge :9040 and sport le :9050 )", "addr=10.0.0.0/8",
        ":9000 state=established", ":9000,9040 state=time-wait", "exclude established :9010", "raddr=none",
        "raddr=127.0.0.1,::1 lport=9050", "laddr!=127.0.0.1", "local=127.0.0.1:9010 process=factory",
        "(:9000 or :9001) not @::1", "(:9000 or :9001) and not (sport = :9000 or sport = :9001)"]


def lasting(r):
    """The rows that do not end by themselves."""
    return sorted(x for x in r.stdout.decode().splitlines() if "time-wait" not in x and "fin-wait-2" not in x)


@test
def pushed_and_not_pushed_are_equal():
    """The same question again with a term that only user space can judge and that no socket answers."""
    with scene(*SCENE) as (ns, _):
        some = 0
        waiting = [ns.sockeye("list", "--csv", "--view", "sockets", "--columns", "state,local,remote", text).stdout
                   for text in (":9040 state=time-wait", "(:9040 or inode=4294967295) state=time-wait")]
        same(waiting[0], waiting[1], "time-wait")
        check(b"time-wait" in waiting[0], waiting[0])
        views = [("connections", "proto,state,local,remote,pid"), ("ports", "proto,port,conns,addresses"),
                 ("processes", "process,conns")]
        for i, text in enumerate(ENDS):
            for view, columns in views[:1] + views[1 + i % 2:2 + i % 2]:
                ask = ["list", "--csv", "--view", view, "--columns", columns]
                pushed = ns.sockeye(*ask, text)
                plain = ns.sockeye(*ask, f"({text}) or inode=4294967295")
                check(pushed.returncode in (0, 1), f"{text}: {pushed.stderr}")
                same(lasting(pushed), lasting(plain), f"{view}: {text}")
                some += len(lasting(pushed)) - 1
        rows = [ns.sockeye("list", "--csv", "--view", "ports", "--columns", "port,conns", text).stdout
                for text in (":9000 conns>1", "(:9000 or inode=4294967295) conns>1")]
        same(rows[0], rows[1], "recounted")
        same(rows[0].splitlines(), [b"port,conns", b"9000,3"], "port 9000, counted over what was picked")
        check(some > 120, f"{some} rows in all")


@test
def the_kernel_is_asked_for_the_ends():
    """That something is left out can be seen in what comes: with strace, if it is there."""
    need("strace")
    with scene("pair,port=9000,n=200", "pair,port=9001,n=1") as (ns, _):
        def received(text):
            r = ns.run(["strace", "-f", "-qq", "-e", "trace=recvmsg", SOCKEYE, *HERE, "list", "--csv", "--view",
                        "connections", "--columns", "local,remote", text])
            check(r.returncode == 0, r.stderr.decode(errors="replace"))
            return sum(int(n) for n in re.findall(rb"= (\d+)$", r.stderr, re.M))

        narrow, wide = received("lport=9001"), received("lport=9001 or inode=4294967295")
        check(narrow * 5 < wide, f"{narrow} bytes with the ends, {wide} without")


@test
def what_cannot_match_says_why():
    with scene("listen,port=8080", "listen,port=9090") as (ns, _):
        for form in ([], ["--json"], ["--csv"]):
            r = ns.sockeye("list", *form, ":8080", ":9090")
            same((r.returncode, r.stderr.decode()),
                 (1, "sockeye: no socket has both ports 8080 and 9090; for either use :8080,9090\n"), f"{form}")
        r = ns.sockeye("list", "--csv", "--columns", "port", ":8080,9090")
        same((r.returncode, r.stdout, r.stderr), (0, b"port\r\n8080\r\n9090\r\n", b""), "either")
        for words in (["state=listening"], ["bound"], ["state=listening", ":8080"]):
            r = ns.sockeye("list", "--view", "connections", "--json", *words)
            same((r.returncode, r.stderr.decode()),
                 (1, "sockeye: connections are neither listening nor bound; for those use --view sockets\n"), f"{words}")
        r = ns.sockeye("list", "--csv", "fds>3")
        same((r.returncode, r.stderr), (1, b"sockeye: ports have no fds; --view processes\n"), "a number of other rows")
        same(ns.sockeye("list", "--csv", "--view", "processes", "fds>3").returncode, 0, "the number in its view")
        same(ns.sockeye("list", "--csv", "fds>3 or :8080").returncode, 0, "or something else")
        same(ns.sockeye("list", "--view", "connections", "-a", "state=listening").returncode, 0, "with -a")
        r = ns.sockeye("list", "--csv", "process=nobody", ":8080")
        same((r.returncode, r.stderr), (1, b""), "empty without a contradiction")


# What ss and sockeye must agree on, as typed for either. Bound TCP sockets are none of ss's, and a port that is not
# there is 0 to ss: no lower bound without an upper one.
AGREED = ["sport = :9000", "dport = :9000", "sport eq :9000", "sport = 9000", "dport == :9000", "sport geq :9050",
          "sport >= :9050", "sport gt :9050", "( sport = :9000 or dport = :9100 )", "src 127.0.0.1:9000",
          "dst 127.0.0.1:9000", "dst [::1]:9001", "src [::1]", "dst 127.0.0.0/8", "dst = 127.0.0.1", "src :9000",
          "sport = :9000 or sport = :9001", "sport = :9000 | dport = :9001", "dst 127.0.0.1 and sport = :9000",
          "dst 127.0.0.1 && sport = :9000", "dst 127.0.0.1 sport = :9000", "sport = :http-alt",
          "state established", "state listening", "state close-wait", "state time-wait", "state connected",
          "state established state close-wait", "state established state listening dport = :9000",
          "exclude listening exclude established", "state established ( dport = :9000 or sport = :9100 )",
          "state listening not sport = :8080", "state established ! ( sport = :9000 or dport = :9000 )",
          "state synchronized dport neq :9000", "src *", "dst *", "src *:9000", "dst * sport = :9000", "src 127.0.0.1:*",
          "src inet:127.0.0.1 sport = :9000", "dport = :9000 autobound",
          "state listening sport = :9000 not autobound", "state listening src *", "sport = :8080 autobound", "dev = lo", "dev != lo dport = :9000"]


@test
def as_ss_has_it():
    need("ss")
    with scene(*[s for s in SCENE if not s.startswith("bound")]) as (ns, _):
        some = 0
        for text in AGREED:
            ss = ns.run(["ss", "-HOnta", *text.split()])
            same(ss.returncode, 0, f"ss {text}: {ss.stderr!r}")
            ours = ns.sockeye("list", "-ta", "-H", "--tsv", "--columns", "laddr,lport,raddr,rport", *text.split())
            check(ours.returncode in (0, 1), f"{text}: {ours.stderr!r}")
            theirs = []
            for line in ss.stdout.decode().splitlines():
                (la, lp), (ra, rp) = (ss_address(word) for word in line.split()[-2:])  # it leaves a lone state out
                theirs.append((la, str(lp or ""), "" if rp is None else ra, "" if rp is None else str(rp)))
            got = [tuple(line.split("\t")) for line in ours.stdout.decode().splitlines()]
            same(sorted(got), sorted(theirs), text)
            some += len(got)
        check(some > 150, f"{some} rows in all")
