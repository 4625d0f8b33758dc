"""--read-only and the setting: nothing is done, and the rights for it are given up in every thread."""

from acts import *

CAP_KILL, CAP_NET_ADMIN = 5, 12
GIVEN_UP = 1 << CAP_KILL | 1 << CAP_NET_ADMIN
SETTING = "[general]\nread_only = yes\n"


def capabilities(pid):
    """{thread: {set: bits}} of a process."""
    found = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/status", encoding="ascii", errors="replace") as f:
            found[tid] = {k: int(v, 16) for k, v in re.findall(r"^Cap(Inh|Prm|Eff|Bnd|Amb):\t([0-9a-f]+)$", f.read(), re.M)}
    return found


def given_up(pid):
    """How many threads, none of which may have the rights or get them back."""
    threads = capabilities(pid)
    for tid, sets in threads.items():
        same(len(sets), 5, "sets of capabilities")
        for name, bits in sets.items():
            check(not bits & GIVEN_UP, f"thread {tid} has {bits & GIVEN_UP:#x} in Cap{name}")
    return len(threads)


def the_dashboard(tmux):
    pid = tmux.pid()
    return until(lambda: [p for p in [pid, *children_named(pid, "sockeye")]
                          if os.path.basename(os.readlink(f"/proc/{p}/exe")) == "sockeye"], "the dashboard")[-1]


@test
def every_thread_gives_them_up():
    check(capabilities(os.getpid())[str(os.getpid())]["Eff"] & GIVEN_UP == GIVEN_UP, "the test itself lacks them")
    with scene("listen,port=8080") as (ns, _):
        for args, threads in (([], False), (["--read-only"], True)):
            with dashboard(ns, *args) as tmux:
                tmux.shows(r"^\s*8080\b")
                pid = the_dashboard(tmux)
                if threads:
                    check(given_up(pid) >= 2, "main and the sampler at least")
                    tmux.shows("READ-ONLY")
                else:
                    check(all(s["Eff"] & GIVEN_UP for s in capabilities(pid).values()), "without it they are there")
        waiting = subprocess.Popen([*ns.enter, SOCKEYE, "wait", "--read-only", ":9999"], env=clean_env())
        try:
            until(lambda: os.path.basename(os.readlink(f"/proc/{waiting.pid}/exe")) == "sockeye", "the wait")
            until(lambda: not capabilities(waiting.pid)[str(waiting.pid)]["Eff"] & GIVEN_UP, "what wait gives up")
            given_up(waiting.pid)
        finally:
            waiting.kill()
            waiting.wait()


@test
def owners_are_still_seen():
    with scene("listen,port=8080") as (ns, factory):
        rows = ns.rows("ports", "--read-only", "port=8080")
        same([r["pid"] for r in rows], [factory.pid], "the owner")


@test
def commands_are_refused():
    with victims("listen,port=8080", "pair,port=9000") as (ns, factory), home(SETTING) as (d, _):
        for env, args, why in ((clean_env(), ["--read-only"], "--read-only"),
                               (clean_env(XDG_CONFIG_HOME=d), [], "read_only in the settings")):
            if not args:
                need_inih(d)
            for command, deed in ((["kill", "--yes", ":8080"], "nothing is signalled"),
                                  (["kill", "--dry-run", ":8080"], "nothing is signalled"),
                                  (["close", "--yes", ":9000"], "nothing is closed"),
                                  (["-K", ":9000"], "nothing is closed")):
                r = ns.sockeye(*command, *args, env=env)
                same((r.returncode, r.stdout, r.stderr.decode()), (3, b"", f"sockeye: refused: {why}: {deed}\n"),
                     f"{command} {args}")
        check(alive(factory.one(lport=8080)["pid"]), "it was signalled")
        same(len(ns.rows("connections", "port=9000")), 2, "both ends of the connection")


@test
def a_setting():
    with home(SETTING) as (d, path), victims("listen,port=8080") as (ns, factory):
        need_inih(d)
        with dashboard(ns, env={"XDG_CONFIG_HOME": d}) as tmux:
            tmux.shows(r"^\s*8080\b")
            given_up(the_dashboard(tmux))
            tmux.shows("READ-ONLY")
            tmux.keys("K")
            tmux.shows(r"READ-ONLY: nothing is signalled in this session")
        # An error further down, or in the value itself, does not give the rights back.
        for text in (SETTING + "[keys]\nkill = F99\n", "[general]\nread_only = ja\n"):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            r = ns.sockeye("kill", "--yes", ":8080", env=clean_env(XDG_CONFIG_HOME=d))
            same((r.returncode, r.stdout), (3, b""), f"kill with {text!r}: {r.stderr}")
        check(alive(factory.one(lport=8080)["pid"]), "it was signalled")
        with open(path, "w", encoding="utf-8") as f:
            f.write("[general]\nread_only = no\n")
        r = ns.sockeye("kill", "--dry-run", ":8080", env=clean_env(XDG_CONFIG_HOME=d))
        same(r.returncode, 0, f"kill with read_only = no: {r.stderr}")
