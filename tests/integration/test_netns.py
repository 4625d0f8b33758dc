"""Network namespaces: rows of several are kept apart and named, -N chooses, nothing is kept alive."""

from kit import *


class Named(Netns):
    """A namespace made by `ip netns add`, with a name that nobody else has."""

    count = 0

    def __init__(self, name="db"):
        need_root()
        need("ip")
        Named.count += 1
        self.name = f"st-{os.getpid()}-{Named.count}-{name}"
        r = subprocess.run(["ip", "netns", "add", self.name], capture_output=True, timeout=PATIENCE)
        if r.returncode:
            raise Skip("no network namespace: " + r.stderr.decode(errors="replace").strip())
        self.path = f"/run/netns/{self.name}"
        self.inode = os.stat(self.path).st_ino
        self.enter = ["nsenter", f"--net={self.path}", "--"]
        self.run(["ip", "link", "set", "lo", "up"])

    def delete(self):
        return subprocess.run(["ip", "netns", "del", self.name], capture_output=True, timeout=PATIENCE).returncode

    def close(self):
        self.delete()


def listed(*args, view="ports", program=None, code=0):
    """What the program lists, started in the test's own namespace."""
    r = subprocess.run([*(program or [SOCKEYE]), "list", "--json", "--view", view, *args], capture_output=True,
                       stdin=subprocess.DEVNULL, env=clean_env(), timeout=60)
    same(r.returncode, code, f"exit code ({r.stderr!r})")
    whole = json.loads(r.stdout)
    return whole["limits"], whole[view]


def refusal(*args):
    """What is said about a wrong -N."""
    r = subprocess.run([SOCKEYE, "list", *args], capture_output=True, stdin=subprocess.DEVNULL, env=clean_env(),
                       timeout=60)
    same((r.returncode, r.stdout), (2, b""), f"exit code and output ({r.stderr!r})")
    return r.stderr.decode()


@test
def equal_ports_are_kept_apart():
    with Named("a") as a, Named("b") as b, a.factory("listen,port=8080", "pair,port=9000,n=2") as fa, \
            b.factory("listen,port=8080") as fb:
        _, ports = listed()
        for ns, factory, conns in ((a, fa, 4), (b, fb, 0)):
            here = [p for p in ports if p["netns"] == ns.inode]
            by_port = {p["port"]: p for p in here}
            same(sorted(by_port), [8080, 9000] if conns else [8080], f"ports in {ns.name}")
            same({p["netns_name"] for p in here}, {ns.name}, "netns_name")
            same(by_port[8080]["pid"], factory.one(lport=8080, state="listening")["pid"], "pid")
        _, connections = listed(view="connections")
        same(len([c for c in connections if c["netns"] == a.inode and c["state"] == "established"]), 4,
             "connections of the one with the pair")
        same([c for c in connections if c["netns"] == b.inode], [], "connections of the other")
        _, sockets = listed("-a", view="sockets")
        for ns in (a, b):
            cookies = sorted(s["cookie"] for s in sockets if s["netns"] == ns.inode and s["proto"] == "tcp")
            same(cookies, sorted(ss_rows(ns)), f"cookies in {ns.name}, against ss")


@test
def chosen_by_any_name():
    with Named("one") as a, Named("two") as b, a.factory("listen,port=8080") as fa, b.factory("listen,port=8081"):
        pid = fa.one(lport=8080)["pid"]
        for word in (a.name, a.path, str(pid), str(a.inode), f"/proc/{pid}/ns/net"):
            _, ports = listed("-N", word)
            same([(p["netns"], p["port"]) for p in ports], [(a.inode, 8080)], f"ports with -N {word}")
        _, ports = listed("-N", "all")
        check({a.inode, b.inode} <= {p["netns"] for p in ports}, "-N all has both")
        _, ports = listed("-N", "host", ":8080,8081", code=1)
        same(ports, [], "-N host has neither")
        _, ports = listed("-N", b.name, ":8080", code=1)
        same(ports, [], "the other's port")


@test
def a_wrong_name_says_what_there_is():
    with Named("shop") as a:
        check(f'no network namespace "{a.name}x"; did you mean {a.name}?' in refusal("-N", a.name + "x"), "near name")
        said = refusal("-N", "nothing-like-any-of-them")
        check("there are host, " in said or "there is host" in said, said)
        check("no process 4194304" in refusal("-N", "4194304"), "pid")
        check("/etc/passwd is no network namespace" in refusal("-N", "/etc/passwd"), "path of another file")
        check("cannot open /run/netns/" in refusal("-N", f"/run/netns/{a.name}-x"), "path of nothing")
        check("\x1b" not in refusal("-N", "\x1b[31mred"), "foreign bytes are made safe")


@test
def named_by_its_process():
    """A namespace that nobody named: what was started in it says what it is."""
    with Netns() as ns, ns.factory("listen,port=8080,comm=shopd"):
        _, ports = listed("netns=" + str(ns.inode))
        same({p["netns_name"] for p in ports}, {"cat"}, "the first process, which keeps it")


@test
def dashboard_marks_foreign_rows():
    with Named("mark") as ns, ns.factory("listen,port=8123,comm=far"), Netns() as here, \
            here.factory("listen,port=8124,comm=near"):
        with Tmux(" ".join([*here.enter, SOCKEYE, "port=8123-8124"]), 140, 30) as tmux:
            screen = tmux.shows(r"^⊂ *8123 .*far")
            check(f"in network namespace {ns.name}" in screen, f"the detail names it:\n{screen}")
            tmux.keys("v")
            tmux.shows(r"NETNS")
            screen = tmux.shows(rf"^⊂ *8123 .*{ns.name[:6]}.*far")
            check(re.search(r"^ +8124 .*near", screen, re.M), f"own rows are not marked:\n{screen}")
        with Tmux(" ".join([*here.enter, SOCKEYE, "-N", ns.name]), 140, 30) as tmux:
            tmux.shows(r"8123 .*far")
            tmux.keys("v")
            screen = tmux.shows(r"SERVICE +ADDRESS")
            check("8124" not in screen, f"-N shows the chosen one alone:\n{screen}")
            check("NETNS" not in screen, f"one namespace needs no column:\n{screen}")


@test
def nothing_is_kept_alive():
    """`ip netns del` while the dashboard looks: the namespace and its device go."""
    with Netns() as outside, Named("end") as ns:
        link = f"st{os.getpid() % 100000}v"
        r = outside.run(["ip", "link", "add", link, "type", "veth", "peer", "name", "inside", "netns", ns.path])
        if r.returncode:
            raise Skip("no veth: " + r.stderr.decode(errors="replace").strip())

        def there():
            return outside.run(["ip", "link", "show", link]).returncode == 0

        check(there(), "the veth is there")
        with ns.factory("listen,port=8125,comm=gone") as factory:
            with Tmux(" ".join([*outside.enter, SOCKEYE, "port=8125"]), 140, 30) as tmux:
                tmux.shows(r"8125 .*gone")
                factory.close()
                same(ns.delete(), 0, "ip netns del")
                until(lambda: not there(), f"{link} goes", 3)
                tmux.hides(r"^.. *8125")
                check(alive(tmux.pid()), "the dashboard lives")


@test
def slow_looks_keep_nothing_alive_either():
    with Netns() as outside, Named("slow") as ns, ns.factory("listen,port=8126,comm=gone") as factory:
        link = f"st{os.getpid() % 100000}w"
        r = outside.run(["ip", "link", "add", link, "type", "veth", "peer", "name", "inside", "netns", ns.path])
        if r.returncode:
            raise Skip("no veth: " + r.stderr.decode(errors="replace").strip())
        with Tmux(" ".join([*outside.enter, SOCKEYE, "--interval", "60s", "port=8126"]), 140, 30) as tmux:
            tmux.shows(r"8126 .*gone")
            factory.close()
            same(ns.delete(), 0, "ip netns del")
            until(lambda: outside.run(["ip", "link", "show", link]).returncode, f"{link} goes", 3)


@test
def a_stopped_dashboard_keeps_nothing_alive():
    """^Z: what cannot let go while it is stopped has let go before, and looks everywhere again afterwards."""
    need("bash")
    with Netns() as outside, Named("stop") as ns, Named("stay") as stay, stay.factory("listen,port=8128,comm=stays"), \
            ns.factory("listen,port=8127,comm=gone") as factory:
        link = f"st{os.getpid() % 100000}x"
        r = outside.run(["ip", "link", "add", link, "type", "veth", "peer", "name", "inside", "netns", ns.path])
        if r.returncode:
            raise Skip("no veth: " + r.stderr.decode(errors="replace").strip())
        with Tmux("exec env PS1='prompt:' bash --norc --noprofile -i", 140, 30, keep=False) as tmux:
            tmux.shows("prompt:")
            tmux.type(" ".join([*outside.enter, SOCKEYE, "port=8127-8128"]))
            tmux.keys("Enter")
            tmux.shows(r"8127 .*gone(.|\n)*8128 .*stays")
            tmux.keys("C-z")
            tmux.shows(r"Stopped")
            factory.close()
            same(ns.delete(), 0, "ip netns del")
            until(lambda: outside.run(["ip", "link", "show", link]).returncode, f"{link} goes", 3)
            tmux.type("fg")
            tmux.keys("Enter")
            tmux.shows(r"8128 .*stays")
            tmux.hides(r"^.. *8127")
            check(re.search(r"^⊂ *8128", tmux.screen(), re.M), f"it looks into the other one again:\n{tmux.screen()}")
            tmux.keys("q")


@test
def without_privileges_the_own_one():
    with Named("shut") as ns, ns.factory("listen,port=8080"), as_nobody() as program:
        limits, ports = listed(program=program, code=0 if listed("-N", "host")[1] else 1)
        same([p for p in ports if p["netns"] == ns.inode], [], "ports of the other namespace")
        said = [l for l in limits if l["what"] == "netns"]
        same([l["reason"] for l in said], ["not-permitted"], "limits about namespaces")
        check(re.search(r"^\d+ other network namespaces? may not be entered", said[0]["text"]), said[0]["text"])
        r = subprocess.run([*program, "list", "-N", ns.name], capture_output=True, env=clean_env(), timeout=60)
        same(r.returncode, 2, "exit code of -N")
        check(b"may not be entered" in r.stderr, f"said: {r.stderr!r}")
