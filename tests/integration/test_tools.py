"""What ss, lsof and lsfd see of each row of the socket factory: all of it must be in sockeye's list, with the owner they
name. The table in the README is what comes out here."""

from kit import *
from test_factory import ROWS, opened, routed

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../README.md")
SEEN = ("no", "socket", "owner")  # nothing; that there is one; and which process has it
TESTED_WITH = {"ss": r"iproute2-6\.1", "lsof": r"revision: 4\.95", "lsfd": r"2\.38"}
TITLES = {  # of the README's rows: what the factory calls them
    "TCP, UDP: listening, bound to, connected": ("listen", "pair", "udp", "udp-connected"),
    "TCP bound, not listening": ("bound",), "not accepted yet": ("unaccepted",), "orphan of a closed descriptor": ("fin-wait-2",),
    "time-wait": ("time-wait",), "syn-recv": ("syn-recv",), "held by several processes": ("forked", "reuseport"),
    "held by a thread's own table": ("thread-table",), "its first thread has ended": ("leader-exit",),
    "registered with an io_uring": ("uring-file",), "sent and not received": ("in-flight",),
    "unix": ("unix", "unix-seqpacket", "unix-dgram", "unix-unaccepted", "socketpair"),
    "UDP-Lite": ("udplite",), "MPTCP": ("mptcp",), "raw": ("raw",), "ICMP (ping)": ("ping",), "packet": ("packet",),
    "netlink": ("netlink",),
}


def ss_sees(ns, made, _):
    """By inode, cookie or port id: ss names its columns by family."""
    seen = {}
    lines = []
    for option in (["-A", "all"], ["-M"]):
        r = ns.run(["ss", "-H", "-O", "-a", "-n", "-e", "-p", *option])
        lines += r.stdout.decode("utf-8", "replace").splitlines()
    r = ns.run(["ss", "-H", "-O", "-a", "-e", "-p", "-f", "netlink"])  # with -n it leaves the process out
    lines += ["nl " + line for line in r.stdout.decode("utf-8", "replace").splitlines()]
    for i, s in enumerate(made):
        owner = f"pid={s['pid']},fd={s['fd']})"
        marks = [rf"\bsk:{s['cookie'][2:]}\b"]
        if s["inode"]:
            marks += [rf"\bino:{s['inode']}\b", rf"^u_\w+ .* {s['inode']} .* \* "]
        if s["proto"] == "unix":
            marks = [rf"^u_\w+ +\S+ +\d+ +\d+ +\S+ {s['inode']} "]
        if s["proto"] == "netlink":
            marks = [rf"^nl .*:(?:[^ ]*/)?{s['lport'] - 2**32 if s['lport'] >= 2**31 else s['lport']} "]
        if s["proto"] == "raw":
            marks = [rf"^raw .*{re.escape(owner)}"]
        found = [l for l in lines if any(re.search(m, l) for m in marks)]
        # of netlink sockets ss writes the process behind the port id
        named = any(owner in l or (s["proto"] == "netlink" and f"/{s['pid']}" in l) for l in found)
        seen[i] = "owner" if named and s["fd"] is not None else "socket" if found else "no"
    return seen


def lsof_sees(ns, made, pids):
    """As `lsof -i -U`, of these processes alone: in two, because its -a would ask for sockets that are both."""
    held, pid, fd, text = set(), None, None, ""
    for kind in ("-i", "-U"):
        text += ns.run(["lsof", "-nP", "-w", kind, "-a", "-p", ",".join(map(str, pids)), "-F", "pft"]).stdout.decode()
    for line in text.splitlines():
        if line[0] == "p":
            pid = int(line[1:])
        elif line[0] == "f":
            fd = int(line[1:]) if line[1:].isdigit() else None
        elif line[0] == "t" and line[1:] in ("IPv4", "IPv6", "unix"):
            held.add((pid, fd))
    return {i: "owner" if (s["pid"], s["fd"]) in held else "no" for i, s in enumerate(made)}


def lsfd_sees(ns, made, pids):
    """A process's descriptors, whatever they lead to; what has none it cannot know."""
    r = ns.run(["lsfd", "--json", "-o", "PID,FD,INODE,TYPE", "-p", ",".join(map(str, pids))])
    same(r.returncode, 0, f"lsfd ({r.stderr!r})")
    rows = json.loads(r.stdout)["lsfd"] if r.stdout.strip() else []
    held = {(int(x["pid"]), int(x["fd"]), int(x["inode"])) for x in rows if x["fd"] is not None and x["inode"]}
    return {i: "owner" if (s["pid"], s["fd"], s["inode"]) in held else "no" for i, s in enumerate(made)}


TOOLS = {"ss": ss_sees, "lsof": lsof_sees, "lsfd": lsfd_sees}


def sockeye_sees(ns, made, _):
    rows = ns.rows("sockets", "-a")
    seen = {}
    for i, s in enumerate(made):
        found = [r for r in rows if r["proto"] == s["proto"] and r["state"] == s["state"] and
                 (r["inode"] == s["inode"] if s["inode"] else r["cookie"] == s["cookie"])]
        same(len(found), 1, f"rows of {s}")
        owners = [(o["pid"], o["fd"]) for o in found[0]["owners"] if not o["former"]]
        check(owners or found[0]["owner_reason"], f"neither owner nor reason: {found[0]}")
        seen[i] = "owner" if (s["pid"], s["fd"]) in owners else "socket"
    return seen


def least(seen):
    return SEEN[min(SEEN.index(x) for x in seen.values())]


def unaccepted_too(ns, kind, made):
    """Ends that the factory does not tell of, because it has no descriptor of them: by their cookie."""
    if kind not in ("unaccepted", "syn-recv"):
        return made
    return [{"proto": r["proto"], "state": r["state"], "inode": r["inode"], "cookie": r["cookie"], "pid": None, "fd": None}
            for r in ns.rows("sockets", "-a", f"proto={made[0]['proto']}") if r["owner_reason"] == kind]


def compare(title, kinds):
    """What each tool sees of all sockets of these kinds, the least of it; sockeye must see as much of each."""
    need(*TOOLS)
    result = {tool: "owner" for tool in TOOLS}
    for kind in kinds:
        settings = next(row[1] for row in ROWS if row[0] == kind)
        with Netns() as ns, routed(ns), opened(ns, ",".join(filter(None, [kind, settings]))) as factory:
            made = unaccepted_too(ns, kind, factory.sockets)
            # of connections in several states that which the kind is named for
            made = [s for s in made if s["state"] == kind] or made
            pids = sorted({s["pid"] for s in factory.sockets} | {factory.pid})
            ours = sockeye_sees(ns, made, pids)
            for tool, sees in TOOLS.items():
                theirs = sees(ns, made, pids)
                for i, s in enumerate(made):
                    check(SEEN.index(ours[i]) >= SEEN.index(theirs[i]), f"{tool} sees more of {s}: {theirs[i]}")
                result[tool] = least({0: result[tool], 1: least(theirs)})
    return result


def cell(seen):
    return {"no": "–", "socket": "without owner", "owner": "yes"}[seen]


def in_readme(title, result):
    with open(README) as f:
        line = next((l for l in f if l.startswith(f"| {title} |")), None)
    check(line, f"no row \"{title}\" in the README's table")
    versions = {"ss": ["ss", "-V"], "lsof": ["lsof", "-v"], "lsfd": ["lsfd", "-V"]}
    told = [c.strip() for c in line.strip().strip("|").split("|")][2:]
    for (tool, seen), text in zip(result.items(), told):
        r = subprocess.run(versions[tool], capture_output=True, timeout=PATIENCE)
        if re.search(TESTED_WITH[tool], (r.stdout + r.stderr).decode(errors="replace")):
            same(text, cell(seen), f"README on {tool} and \"{title}\"")


def one(title, kinds):
    def function():
        in_readme(title, compare(title, kinds))

    function.__name__ = re.sub(r"\W+", "_", title).strip("_").lower()
    return function


TESTS[:] = []
for TITLE, KINDS in TITLES.items():
    test(one(TITLE, KINDS))
