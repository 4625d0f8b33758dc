"""What the bench measures: one method a load, one row a figure."""

import os
import random
import re
import resource
import socket
import statistics
import subprocess
import time

from measure import HERE, Dashboard, Load, cpu_of, have, in_turn, quantile, rss_of

NAMES = ("idle", "files", "many", "dashboard", "wait", "memory", "growth", "time_wait", "reuseport", "churn", "namespaces")
SS_COLUMNS = "state,recvq,sendq,laddr,lport,raddr,rport,owners"


def rss_that_stays(dashboard):
    """The median of what it is at any moment of several looks."""
    rss = []
    for _ in range(20):
        dashboard.read(0.3)
        rss.append(rss_of(dashboard.pid))
    return statistics.median(rss)


class Bench:
    def __init__(self, o):
        self.o = o
        self.tools = os.path.join(o.build, "tests", "bench")
        self.program = os.path.join(o.build, "sockeye")
        self.rows = []

    # ---- figures ----

    def say(self, load, what, value, unit, base=None, base_name="", target=None):
        """target: ("≤", 1.25) of the ratio where there is one, else of the value."""
        ratio = value / base if base else None
        judged = value if ratio is None else ratio
        met = None if not target else judged <= target[1] if target[0] == "≤" else judged >= target[1]
        self.rows.append({"load": load, "what": what, "value": round(value, 3), "unit": unit, "base": base_name or None,
                          "ratio": round(ratio, 3) if ratio else None, "target": target and f"{target[0]} {target[1]:g}",
                          "met": met})
        shown = f"{ratio:8.2f} × {base_name}" if ratio else ""
        aim = f"{target[0]} {target[1]:g} {'met' if met else 'MISSED'}" if target else ""
        if self.o.json != "-":
            print(f"{load:<27} {what:<38} {value:>10.2f} {unit:<6} {shown:<36} {aim}", flush=True)

    def skip(self, load, what, why):
        self.rows.append({"load": load, "what": what, "skipped": why})
        if self.o.json != "-":
            print(f"{load:<27} {what:<38} {'-':>10} ({why})", flush=True)

    def both(self, load, what, cost, base=None, base_name="", target=None):
        """Wall and processor time; the target is of the wall."""
        self.say(load, what, cost.wall, "ms", base and base.wall, base_name, target)
        self.say(load, what + ", processor", cost.cpu, "ms", base and base.cpu, base_name)

    # ---- tools ----

    def load(self, *args):
        return Load(self.tools, *args)

    def tcp(self, n):
        """n TCP sockets in 50 processes; in more of them where the limit of descriptors wants it."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        most = 1 << 20 if most == resource.RLIM_INFINITY else most
        procs = max(50, -(-n // (most // 2)))
        return f"{n:,} tcp, {procs} processes", self.load("-n", n, "-p", procs)

    def words(self, name, *args):
        out = subprocess.run([os.path.join(self.tools, name), *map(str, args)], stdout=subprocess.PIPE, text=True,
                             check=True).stdout.split()
        return {out[i]: float(out[i + 1]) for i in range(0, len(out) - 1, 2)}

    def bare(self, what, ext=0):
        def run(cost):
            w = self.words("bench-bare", what, 1, ext)
            cost.add(w["wall"], w["cpu"])
        return run

    def bpf_works(self):
        return not subprocess.run([os.path.join(self.tools, "bench-bpf"), "1"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL).returncode

    def bare_bpf(self, cost):
        """A scan, and loading the program before it."""
        w = self.words("bench-bpf", 1)
        cost.add(w["load"] + w["scan"], w["load_cpu"] + w["scan_cpu"])

    def cold(self, load, what, ours, dump, scan):
        """A list against the dump and the owner scan of the method that it used."""
        self.say(load, what, ours.wall, "ms", dump.wall + scan.wall, "bare dump + scan", ("≤", 1.3))
        self.say(load, "the same, processor", ours.cpu, "ms", dump.cpu + scan.cpu, "bare dump + scan")

    def tick(self, what="tick", ticks=11):
        def run(cost):
            w = self.words("bench-tick", what, ticks)
            cost.add(w["tick"], w["cpu"])
            cost.said = w
        return run

    def list(self, *args):
        return [self.program, "list", *HERE, *args]

    def warm(self, load, target=None):
        c = in_turn(self.o.rounds, tick=self.tick(), dump=self.bare("tick", 74))
        way = "BPF" if c["tick"].said["by_bpf"] else "/proc"
        self.both(load, f"warm tick, owners by {way}", c["tick"], c["dump"], "bare dump", target)
        return c

    # ---- loads ----

    def idle(self):
        load = "300 sockets, 300 processes"
        with self.load("-n", 300, "-p", 300):
            d = Dashboard([self.program, *HERE])
            d.wait_for(b"Ports")
            d.read(65)  # by then ages count in minutes, and the graphs of 60 s are full
            used, seconds = cpu_of(d.pid), 10
            sent = d.read(seconds)
            self.say(load, "dashboard at 1 s, processor", (cpu_of(d.pid) - used) / seconds * 100, "%", target=("≤", 0.5))
            self.say(load, "to the terminal", sent, "bytes", target=("≤", 0))
            d.close()
            self.say(load, "processor a tick", self.words("bench-tick", "tick", 20)["cpu"], "ms")

    def files(self):
        load = "300 processes × 300 files"
        with self.load("-n", 2100, "-p", 300, "-f", 300):
            commands = {"ours": self.list("-tlnp"), "proc": ["env", "SOCKEYE_OWNERS=proc", *self.list("-tlnp")],
                        "ss": ["ss", "-tlnp"]}
            if have("lsof"):
                commands["lsof"] = ["lsof", "-nP", "-iTCP"]
            c = in_turn(self.o.rounds, scan=self.bare("scan"), **commands)
            self.both(load, "list -tlnp, owners by /proc", c["proc"], c["scan"], "bare owner scan")
            self.say(load, "ss -tlnp", c["ss"].wall, "ms", c["proc"].wall, "list -tlnp, /proc", ("≥", 1))
            if self.bpf_works():
                self.say(load, "ss -tlnp", c["ss"].wall, "ms", c["ours"].wall, "list -tlnp, BPF", ("≥", 5))
            for tool in ("lsof",) if "lsof" in c else ():
                self.say(load, tool, c[tool].wall, "ms", c["ours"].wall, "list -tlnp")
            self.warm(load)
            self.syscalls(load)

    def syscalls(self, load):
        """Of a warm tick, by what more ticks add."""
        if not have("strace"):
            return self.skip(load, "system calls a warm tick", "no strace")

        ticks, first = 12, 3  # what the first two do is not warm
        p = subprocess.run(["strace", "-f", "-q", os.path.join(self.tools, "bench-tick"), "tick", str(ticks)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        tick, calls, links = 0, 0, 0
        for line in p.stderr.splitlines():
            tick += "getppid()" in line
            if tick >= first and "(" in line and "resumed>" not in line:
                calls += 1
                links += "readlink" in line
        self.say(load, "system calls a warm tick", calls / (ticks - first + 1), "calls")
        self.say(load, "of them, links read", links / (ticks - first + 1), "calls", target=("≤", 20))

    def many(self):
        n = self.o.sockets
        load, made = self.tcp(n)
        csv = self.list("-tan", "--csv", "--columns", SS_COLUMNS)
        with made:
            self.warm(load, ("≤", 1.25))
            runs = {"csv": csv, "dump": self.bare("tcp"), "scan": self.bare("scan"),
                    "proc": ["env", "SOCKEYE_OWNERS=proc", *csv]}
            bpf = self.bpf_works()
            if bpf:
                runs["bpf"] = self.bare_bpf
            # A ratio of three figures of a few dozen ms each: more of them.
            c = in_turn(3 * self.o.rounds, **runs)
            form = in_turn(self.o.rounds, csv=csv, json=self.list("-tan", "--json", "--columns", SS_COLUMNS),
                           every=self.list("-tan", "--json"), table=self.list("-tan"))
            self.say(load, "bare dump", c["dump"].wall, "ms")
            self.say(load, "bare owner scan, /proc", c["scan"].wall, "ms")
            self.cold(load, "list -tan --csv, owners by /proc", c["proc"], c["dump"], c["scan"])
            if bpf:
                self.say(load, "bare owner scan, BPF, with its load", c["bpf"].wall, "ms")
                self.cold(load, "list -tan --csv, owners by BPF", c["csv"], c["dump"], c["bpf"])
            else:
                self.skip(load, "list -tan --csv, owners by BPF", "BPF cannot be used here")
            self.say(load, "the same, peak memory", c["csv"].peak * 2**20 / n, "bytes a socket")
            self.say(load, "--json more than --csv", (form["json"].cpu - form["csv"].cpu) * 1e3 / n, "µs a row", target=("≤", 2))
            self.say(load, "--json with every key, more", (form["every"].cpu - form["csv"].cpu) * 1e3 / n, "µs a row")
            self.say(load, "list -tan, as text", form["table"].wall, "ms")
            self.say(load, "LISTEN-only look", self.words("bench-tick", "listen", 20)["tick"], "ms", target=("≤", 0.5))
            for cmd in (["ss", "-tanp"], ["ss", "-tan"], ["netstat", "-tanp"], ["lsof", "-nP", "-iTCP"],
                        ["lsfd", "-Q", "TYPE =~ 'TCP.*'"]):
                if not have(cmd[0]):
                    self.skip(load, " ".join(cmd), f"no {cmd[0]}")
                    continue
                ours = {"proc": ["env", "SOCKEYE_OWNERS=proc", *csv]}
                if bpf and cmd == ["ss", "-tanp"]:
                    ours["bpf"] = csv
                t = in_turn(1, theirs=cmd, **ours)
                self.say(load, " ".join(cmd), t["theirs"].wall, "ms", t["proc"].wall, "list --csv, /proc",
                         ("≥", 9) if cmd == ["ss", "-tanp"] else None)
                if "bpf" in ours:
                    self.say(load, " ".join(cmd), t["theirs"].wall, "ms", t["bpf"].wall, "list --csv, BPF", ("≥", 20))

    def dashboard(self):
        """Keys in a terminal while looks go on."""
        n = self.o.sockets
        load, made = self.tcp(n)
        empty = self.rss_alone()
        with made:
            d = Dashboard([self.program, *HERE])
            d.wait_for(b"Ports")
            d.read(3)
            took = {"moving": self.keys(d, b"2", [b"j", b"j", b"k", b"\x06", b"\x02"]),
                    "sorting": self.keys(d, b"g", [b"r", b">", b"r", b"<"]),
                    "filtering": self.keys(d, b"/", [bytes([c]) for c in b"127.1.0.1"] + [b"\x7f"] * 9)}
            d.key(b"\x1b")
            for what, ms in took.items():
                self.say(load, f"key to screen, {what}, p50", quantile(ms, 0.5), "ms")
                self.say(load, f"key to screen, {what}, p99", quantile(ms, 0.99), "ms", target=("≤", 16.7))
            d.read(4)
            used, seconds = cpu_of(d.pid), 12
            sent = d.read(seconds)
            self.say(load, "dashboard left alone, processor", (cpu_of(d.pid) - used) / seconds * 100, "%")
            self.say(load, "to the terminal", sent / seconds, "bytes/s")
            self.say(load, "dashboard's memory", (rss_that_stays(d) - empty) / n, "bytes a socket", target=("≤", 512))
            said = d.close()
            if said:
                self.say(load, "longest piece of work on main", said["longest_ms"], "ms", target=("≤", 8))
                self.say(load, "pieces over 8 ms", said["over_8ms"], f"of {said['pieces']}", target=("≤", 0))
            else:
                self.skip(load, "longest piece of work on main", "the program does not tell")

    def rss_alone(self):
        d = Dashboard([self.program, *HERE])
        d.wait_for(b"Ports")
        d.read(3)
        rss = rss_of(d.pid)
        d.close()
        return rss

    def keys(self, d, first, keys):
        d.key(first)
        d.read(1)
        ms = []
        for i in range(max(len(keys), self.o.keys // 3)):
            time.sleep(random.uniform(0.01, 0.12))  # at any moment of a look
            took = d.key(keys[i % len(keys)])
            if took is not None:
                ms.append(took)
        return ms

    def wait(self):
        n = self.o.sockets
        load, made = self.tcp(n)
        with made:
            for gone in (False, True):
                late, share = [], []
                for i in range(self.o.rounds):
                    with socket.socket() as s:
                        s.bind(("127.0.0.1", 21000 + i))
                        if gone:
                            s.listen()
                        p = subprocess.Popen([self.program, "wait", str(21000 + i)] + ["--gone"] * gone,
                                             stdout=subprocess.DEVNULL)
                        time.sleep(0.7)  # it looks by now
                        used = cpu_of(p.pid)
                        time.sleep(2 + random.uniform(0, 0.02))  # at any moment between two looks
                        share.append((cpu_of(p.pid) - used) / 2 * 100)
                        start = time.perf_counter()
                        if gone:
                            s.close()
                        else:
                            s.listen()
                        p.wait()
                        late.append((time.perf_counter() - start) * 1e3)
                what = "wait --gone" if gone else "wait"
                self.say(load, f"{what} sees it after", statistics.median(late), "ms", target=("≤", 50))
                self.say(load, f"{what}, the worst of {len(late)}", max(late), "ms", target=("≤", 50))
                self.say(load, f"{what}, processor meanwhile", statistics.mean(share), "%", target=("≤", 1))

    def memory(self):
        n, ticks = self.o.sockets, max(self.o.ticks, 40)
        load, made = self.tcp(n)
        empty = self.words("bench-tick", "tick", 20)["rss_kib"]
        alone = self.rss_alone()
        with made:
            w = self.words("bench-tick", "tick", ticks)
            self.say(load, f"memory after {ticks} ticks", (w["rss_kib"] - empty) * 1024 / w["sockets"], "bytes a socket",
                     target=("≤", 512))
            early = min(100, ticks // 2)
            self.say(load, f"growth from tick {early} to {ticks}", (w["rss_kib"] / w["rss_early_kib"] - 1) * 100, "%",
                     target=("≤", 1))
            d = Dashboard([self.program, *HERE])
            d.wait_for(b"Ports")
            d.read(8)
            for what, keys in (("connections", [b"2"]), ("their order held", [b"j"]), ("at the last of them", [b"G"])):
                for k in keys:
                    d.key(k)
                self.say(load, f"dashboard's memory, {what}", (rss_that_stays(d) - alone) / n, "bytes a socket",
                         target=("≤", 512))
            d.close()

    def growth(self):
        """Ten times the sockets: does a tick stay as near to the bare dump?"""
        ratios = {}
        for n in (self.o.sockets // 10, self.o.sockets):
            load, made = self.tcp(n)
            with made:
                c = self.warm(load)
                ratios[n] = c["tick"].wall / c["dump"].wall
        few, many = sorted(ratios)
        self.say(f"{few:,} → {many:,}", "ratio to the bare dump grows by", ratios[many], "×", ratios[few], f"that at {few:,}",
                 ("≤", 1.3))

    def time_wait(self):
        with self.load("-p", 10, "-w", 20000):
            self.warm("20,000 time-wait")

    def reuseport(self):
        with self.load("-r", 3000):
            self.warm("3,000 SO_REUSEPORT")

    def churn(self):
        """Afterwards what is left must be what ss sees."""
        load, seconds = "churn 5,000/s", self.o.churn_minutes * 60
        with self.load("-n", 2000, "-p", 20):
            churning = self.load("-c", 5000, "-a", 100).__enter__()
            self.warm(load)
            d = Dashboard([self.program, *HERE, "--view", "connections"])
            d.wait_for(b"Connections")
            d.read(2)
            used, sent = cpu_of(d.pid), d.read(10)
            self.say(load, "dashboard at 1 s, processor", (cpu_of(d.pid) - used) * 10, "%")
            self.say(load, "to the terminal", sent / 10, "bytes a tick")
            d.close()
            p = subprocess.Popen([os.path.join(self.tools, "bench-tick"), "cookies", "100"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
            time.sleep(seconds)
            churning.__exit__()
            time.sleep(2)
            ours, _ = p.communicate("")
            ss = subprocess.run(["ss", "-Htane"], stdout=subprocess.PIPE, text=True, check=True).stdout
            ours, theirs = set(ours.split()), set(re.findall(r"\bsk:([0-9a-f]+)", ss))
            self.say(load, f"after {seconds / 60:g} min: cookies ss has too", len(ours & theirs), "of", len(theirs), "all of ss",
                     ("≥", 1))
            self.say(load, "and that ss has not", len(ours - theirs), "rows", target=("≤", 0))

    def namespaces(self):
        for n in (100, 200):
            load = f"{n} idle namespaces"
            with self.load("-p", n, "-s"):
                d = Dashboard([self.program])
                d.wait_for(b"Ports")
                d.read(6)
                used, seconds = cpu_of(d.pid), 10
                d.read(seconds)
                self.say(load, "dashboard at 1 s, processor", (cpu_of(d.pid) - used) / seconds * 100, "%",
                         target=("≤", 3) if n == 200 else None)
                d.close()
