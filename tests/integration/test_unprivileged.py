"""Without privileges: every socket is there, hidden owners are said to be hidden."""

from kit import *

SCENE = ["listen,port=8080", "pair,port=9000,n=2", "time-wait,port=9040", "unaccepted,port=9010", "udp,port=5300",
         "bound,port=7050", f"listen,port=8081,uid={NOBODY}"]


def rows(ns, program, view, *args):
    r = ns.run([*program, "list", "--json", "--view", view, *args])
    same(r.returncode, 0, f"exit code ({r.stderr!r})")
    whole = json.loads(r.stdout)
    return whole["limits"], [r for r in whole[view] if r.get("netns", ns.inode) == ns.inode]


@test
def rows_are_the_same():
    with scene(*SCENE) as (ns, _), as_nobody() as nobody:
        _, mine = rows(ns, [SOCKEYE, *HERE], "sockets", "-tua")
        limits, theirs = rows(ns, [*nobody, *HERE], "sockets", "-tua")

        def bare(found):
            return sorted((r["proto"], r["state"], r["local"], r["remote"] or "", r["cookie"], r["inode"] or 0,
                           r["uid"] if r["uid"] is not None else -1) for r in found)

        same(bare(theirs), bare(mine), "rows of nobody")


@test
def says_what_is_hidden():
    with scene(*SCENE) as (ns, factory), as_nobody() as nobody:
        limits, ports = rows(ns, [*nobody, *HERE], "ports")
        check([l for l in limits if l["what"] == "owners" and l["reason"] == "not-permitted" and l["text"]],
              f"limits {limits}")
        by_port = {r["port"]: r for r in ports}
        same((by_port[8080]["owner_reason"], by_port[8080]["pid"]), ("not-permitted", None), "a port of root")
        own = factory.one(lport=8081)["pid"]
        same((by_port[8081]["owner_reason"], by_port[8081]["pid"]), (None, own), "a port of its own")
        _, ports = rows(ns, [SOCKEYE, *HERE], "ports")
        same({r["owner_reason"] for r in ports if r["port"] != 9040}, {None}, "reasons that root is given")


@test
def dashboard_says_so():
    with scene(*SCENE) as (ns, _), as_nobody() as nobody:
        with Tmux(" ".join([*ns.enter, *nobody, *HERE])) as tmux:
            tmux.shows(r"^\s*8080\b.*not permitted")
            tmux.shows(r"hidden")
            tmux.keys("q")
            tmux.shows("END:0")


@test
def killing_is_refused():
    with scene("listen,port=8080,child=1,comm=rootish", f"listen,port=8081,uid={NOBODY},comm=mine") as (ns, factory):
        with as_nobody() as nobody, Tmux(" ".join([*ns.enter, *nobody, *HERE])) as tmux:
            tmux.shows(r"^..\s*8081\b.*mine")
            tmux.keys("K")
            tmux.shows(r"(?i)not permitted|hidden|no owner")
            tmux.keys("Enter", "Escape", "Escape")
            check(alive(factory.one(lport=8080)["pid"]), "a process of root died")
            tmux.keys("/")
            tmux.type("port=8081")
            tmux.keys("Enter")
            tmux.hides(r"8080")
            tmux.keys("K")
            tmux.shows(r"(?s)Kill.*mine")
            tmux.keys("Enter")
            until(lambda: not alive(factory.one(lport=8081)["pid"]), "its own process ends")
