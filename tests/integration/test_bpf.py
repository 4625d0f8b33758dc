"""Owners by BPF are those that /proc has: every kind of holder, looked for both ways."""

from kit import *

KINDS = ["thread-table,port=7101", "leader-exit,port=7102", "in-flight,port=7104", "forked,port=7106,n=3",
         "dup,port=7107,n=2", "listen,port=7108", "listen,port=7109,child=1", "udp,port=7110", "unaccepted,port=7111",
         "pair,port=7112", "bound,port=7113", "listen,port=7114,uid=65534", "listeners,n=50"]
OWN = ("owner_reason", "pid", "process", "user", "uid", "unit", "container", "cgroup", "owners", "owners_n")


def by(way, ns, *args):
    """What the program says when it may only go that way."""
    r = ns.sockeye("list", "--json", *args, env=clean_env(SOCKEYE_OWNERS=way))
    check(r.returncode in (0, 1), f"exit {r.returncode}: {r.stderr.decode(errors='replace')}")
    return json.loads(r.stdout)


def method(whole):
    return [l for l in whole["limits"] if l["what"] == "owner-scan"]


def need_bpf():
    need_root()
    r = subprocess.run([SOCKEYE, "--version"], capture_output=True, text=True, env=clean_env())
    if "by BPF" not in r.stdout:
        raise Skip(r.stdout.splitlines()[1])


def owners_of(whole, ns):
    return {r["cookie"]: {k: r[k] for k in OWN} for r in whole["sockets"] if r["netns"] == ns.inode}


def same_both_ways(ns, factory, *args):
    proc, bpf = by("proc", ns, "--view", "sockets", "-a", *args), by("bpf", ns, "--view", "sockets", "-a", *args)
    same([l["reason"] for l in method(bpf)], ["bpf"], "how it was looked for")
    same(method(proc), [], "how it was looked for")
    a, b = owners_of(proc, ns), owners_of(bpf, ns)
    lost = {s["cookie"] for s in factory.sockets} - (set(a) & set(b))
    same(lost, set(), "sockets of the factory that are missing")
    for cookie in set(a) & set(b):  # the program has sockets of its own, other ones each time
        if a[cookie]["owner_reason"] != "not-permitted":
            same(b[cookie], a[cookie], f"{cookie} by BPF, and by /proc")
        else:  # BPF may know an owner that even root may not read; but it must not say that there is none
            check(b[cookie]["owner_reason"] in (None, "not-permitted"), f"by /proc {a[cookie]}, by BPF {b[cookie]}")
    return b, bpf


@test
def every_kind_of_holder():
    need_bpf()
    with scene(*KINDS) as (ns, factory):
        found, whole = same_both_ways(ns, factory)
        rows = {r["lport"]: r for r in whole["sockets"] if r["netns"] == ns.inode and r["state"] in ("listening", "unconn")}
        # not only the same, but right
        for port in (7101, 7102, 7108, 7109, 7110, 7114):
            made = factory.one(lport=port)
            same([(o["pid"], o["fd"]) for o in rows[port]["owners"]], [(made["pid"], made["fd"])], f"owners of {port}")
        same(len(rows[7106]["owners"]), 4, "forked")
        same(len({o["pid"] for o in rows[7106]["owners"]}), 4, "forked")
        same([o["pid"] for o in rows[7107]["owners"]], [factory.of(lport=7107)[0]["pid"]] * 3, "dup")
        same((rows[7104]["owners"], rows[7104]["owner_reason"]), ([], "no-fd"), "under way")
        check(len(found) > 60, f"{len(found)} sockets")


@test
def registered_with_io_uring():
    need_bpf()
    with Netns() as ns:
        try:
            factory = ns.factory("uring-file,port=7103")
        except Failure as e:
            raise Skip(str(e))
        with factory:
            _, whole = same_both_ways(ns, factory)
            row = [r for r in whole["sockets"] if r["lport"] == 7103 and r["netns"] == ns.inode][0]
            same([(o["pid"], o["fd"]) for o in row["owners"]], [(factory.one(lport=7103)["pid"], None)], "owner")


@test
def other_families():
    need_bpf()
    with scene("listen,port=7120") as (ns, factory):
        same_both_ways(ns, factory, "-x", "-w", "-0", "-t", "-u")


@test
def refused_in_a_pid_namespace():
    need_bpf()
    with scene("listen,port=7121") as (ns, _):
        for how in (["-p", "-f", "--mount-proc"], ["-p", "-f"]):
            r = ns.run(["unshare", *how, SOCKEYE, "list", "--json"], env=clean_env(SOCKEYE_OWNERS="bpf"))
            same([l["reason"] for l in method(json.loads(r.stdout))], ["other-pidns"], f"{how}: {r.stderr!r}")
            r = ns.run(["unshare", *how, SOCKEYE, "--version"])
            check(b"from /proc" in r.stdout and b"PID" in r.stdout, f"--version: {r.stdout!r}")


@test
def refused_without_capabilities():
    need_bpf()
    need("setpriv")
    with scene("listen,port=7122") as (ns, factory):
        made = factory.one(lport=7122)
        for lacking in ("-bpf,-sys_admin", "-perfmon,-sys_admin"):
            r = ns.run(["setpriv", f"--bounding-set={lacking}", f"--inh-caps=-all", SOCKEYE, *HERE, "list", "--json",
                        "port=7122"], env=clean_env(SOCKEYE_OWNERS="bpf"))
            if r.returncode > 1:
                raise Skip(r.stderr.decode(errors="replace").strip())
            whole = json.loads(r.stdout)
            same([l["reason"] for l in method(whole)], ["not-permitted"], lacking)
            same([(o["pid"], o["fd"]) for o in whole["ports"][0]["owners"]], [(made["pid"], made["fd"])], "owners")


@test
def two_capabilities_suffice():
    """CAP_BPF and CAP_PERFMON see what /proc tells only to root, and go on seeing it."""
    need_bpf()
    need("setpriv")
    with scene("listen,port=7140") as (ns, factory), tempfile.TemporaryDirectory(prefix="sockeye-test-") as place:
        made = factory.one(lport=7140)
        os.chmod(place, 0o755)
        program = shutil.copy(SOCKEYE, place)
        two = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+bpf,+perfmon",
               "--ambient-caps=+bpf,+perfmon", "env", "HOME=/", program]
        r = ns.run([*two, *HERE, "list", "--json", "port=7140"])
        if b"setpriv" in r.stderr:
            raise Skip(r.stderr.decode(errors="replace").strip())
        whole = json.loads(r.stdout)
        same([l["reason"] for l in method(whole)], ["bpf"], "how it was looked for")
        same([(o["pid"], o["fd"]) for o in whole["ports"][0]["owners"]], [(made["pid"], made["fd"])], "owners")
        with Tmux(" ".join([*ns.enter, *two, *HERE, "-d", "0.2"]), 80, 24) as screen:
            screen.shows(r"7140 tcp +\S+ +factory")
            with ns.factory("listen,port=7141"):
                screen.shows(r"7141 tcp +\S+ +factory")
                check(re.search(r"7140 tcp +\S+ +factory", screen.screen()), screen.screen())


@test
def without_the_library():
    """Where libbpf is not installed the program starts, and finds owners in /proc."""
    need_bpf()
    found = re.search(r"libbpf[.]so[.]1 .*=> (\S+)", subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True,
                                                                   text=True).stdout)
    if not found:
        raise Skip("ldconfig does not tell where libbpf is")
    hide = f"mount --bind /dev/null {os.path.realpath(found.group(1))} && exec \"$@\""
    with scene("listen,port=7150") as (ns, factory):
        made = factory.one(lport=7150)
        r = ns.run(["unshare", "-m", "sh", "-c", hide, "sh", SOCKEYE, *HERE, "list", "--json", "port=7150"],
                   env=clean_env(SOCKEYE_OWNERS="bpf"))
        if b"mount" in r.stderr:
            raise Skip(r.stderr.decode(errors="replace").strip())
        whole = json.loads(r.stdout)
        same([l["reason"] for l in method(whole)], ["no-library"], "how it was looked for")
        same([(o["pid"], o["fd"]) for o in whole["ports"][0]["owners"]], [(made["pid"], made["fd"])], "owners")
        r = ns.run(["unshare", "-m", "sh", "-c", hide, "sh", SOCKEYE, "--version"])
        check(b"libbpf is not installed" in r.stdout, f"--version: {r.stdout!r}")


@test
def many_descriptors_choose():
    """Unasked, by their number; and SOCKEYE_OWNERS=proc forbids it."""
    need_bpf()
    with scene("listeners,n=8000") as (ns, _):
        r = ns.sockeye("list", "--json", "port=1")
        same([l["reason"] for l in method(json.loads(r.stdout))], ["bpf"], "with 8,000 sockets")
        same(method(by("proc", ns, "port=1")), [], "with SOCKEYE_OWNERS=proc")


@test
def found_later_in_the_dashboard():
    """A look by BPF first, and then what comes and goes."""
    need_bpf()
    with scene("listen,port=7130,child=1") as (ns, first), \
            dashboard(ns, "-d", "0.3", env={"SOCKEYE_OWNERS": "bpf"}) as screen:
        screen.shows(r"7130 tcp +\S+ +factory")
        with ns.factory("listen,port=7131", "thread-table,port=7132"):
            screen.shows(r"7131 tcp +\S+ +factory")
            screen.shows(r"7132 tcp +\S+ +factory")
        os.kill(first.one(lport=7130)["pid"], signal.SIGKILL)
        screen.hides(r"7130 tcp")
