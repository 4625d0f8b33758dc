"""Killing a holder from the dashboard: the right process, only that one, and what is said afterwards."""

from acts import *


def open_dialog(tmux, port, name="victim"):
    tmux.shows(rf"^..\s*{port}\b.*{name}")  # the owner too, which a busy machine finds a look later
    tmux.keys("/")
    tmux.type(f"port={port}")
    tmux.keys("Enter")
    tmux.hides(r"▏")
    tmux.shows(rf"^..\s*{port}\b.*{name}")
    tmux.keys("K")
    return tmux.shows(r"Kill the holder")


@test
def frees_the_port():
    with victims("listen,port=8080,child=1,comm=victim", "listen,port=8081,child=1,comm=other") as (ns, factory):
        victim, other = factory.one(lport=8080)["pid"], factory.one(lport=8081)["pid"]
        with dashboard(ns) as tmux:
            screen = open_dialog(tmux, 8080)
            check(f"victim {victim}" in screen, f"the dialog does not name victim {victim}:\n{screen}")
            check("send TERM to victim" in screen, f"the dialog does not say what Enter does:\n{screen}")
            check(alive(victim), "the dialog alone killed it")
            tmux.keys("Enter")
            until(lambda: not alive(victim), "the victim ends")
            tmux.shows(r"8080/tcp is free")
            check(alive(other), "the other one died")
            check(alive(factory.pid), "the factory died")
            tmux.keys("Escape", "q")
            tmux.shows("END:0")


@test
def at_once_after_the_start():
    """K as the first key: by the time one reads the dialog it knows the holder."""
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
        victim = factory.one(lport=8080)["pid"]
        for _ in range(3):
            with dashboard(ns) as tmux:
                tmux.shows(r"^..\s*8080\b")
                tmux.keys("K")
                tmux.shows(rf"(?s)Kill.*victim {victim}")
                tmux.keys("Escape", "Q")
                tmux.shows("END:0")


@test
def escape_sends_nothing():
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
        victim = factory.one(lport=8080)["pid"]
        with dashboard(ns) as tmux:
            for key in ("Escape", "n", "q"):
                open_dialog(tmux, 8080)
                tmux.keys(key)
                tmux.hides(r"Kill the holder")
                tmux.keys("Escape")
            tmux.keys("q")
            tmux.shows("END:0")
            check(alive(victim), "killed in spite of Esc, n or q")


@test
def chosen_signal():
    """9 picks KILL, which ends what ignores TERM."""
    with victims("listen,port=8080,stubborn=1,comm=victim") as (ns, factory):
        victim = factory.one(lport=8080)["pid"]
        with dashboard(ns) as tmux:
            open_dialog(tmux, 8080)
            tmux.keys("Enter")
            tmux.shows(r"still held|ignores TERM", patience=30)
            check(alive(victim), "a process that ignores TERM died of it")
            tmux.keys("Escape")
            tmux.hides(r"still held")
            tmux.keys("Escape")
            open_dialog(tmux, 8080)
            tmux.keys("9")
            tmux.shows(r"send KILL to victim")
            tmux.keys("Enter")
            until(lambda: not alive(victim), "the victim ends")
            tmux.shows(r"8080/tcp is free")


@test
def taken_again():
    with victims("listen,port=8080,respawn=1,comm=phoenix") as (ns, factory):
        victim = factory.one(lport=8080)["pid"]
        with dashboard(ns) as tmux:
            open_dialog(tmux, 8080, "phoenix")
            tmux.keys("Enter")
            until(lambda: not alive(victim), "the victim ends")
            screen = tmux.shows(r"taken again")
            again = re.search(r"taken again: phoenix (\d+)|taken again[^\n]*?(\d+)", screen)
            check(again and str(victim) not in again.group(0), f"by whom?\n{screen}")


@test
def typed_ahead_is_discarded():
    """Keys that were typed before the dialog was drawn do not answer it."""
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
        victim = factory.one(lport=8080)["pid"]
        with Pty([*ns.enter, SOCKEYE, *HERE]) as terminal:
            terminal.read_until(rb"8080")
            os.write(terminal.fd, b"K\r\r\ryy")
            terminal.read_until(rb"Kill the holder")
            time.sleep(1.5)
            check(alive(victim), "typed-ahead keys killed it")
            os.write(terminal.fd, b"\033")
            time.sleep(0.3)
            os.write(terminal.fd, b"Q")
            same(terminal.wait(), 0, "exit code")


@test
def pasted_text_is_no_answer():
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
        victim = factory.one(lport=8080)["pid"]
        with Pty([*ns.enter, SOCKEYE, *HERE]) as terminal:
            terminal.read_until(rb"8080")
            os.write(terminal.fd, b"\033[200~K\ry\r\033[201~")
            time.sleep(1)
            os.write(terminal.fd, b"K")
            terminal.read_until(rb"Kill the holder")
            time.sleep(0.5)
            os.write(terminal.fd, b"\033[200~\ry\r\033[201~")
            time.sleep(1)
            check(alive(victim), "pasted text killed it")


@test
def process_view():
    with victims("listen,port=8080,child=1,comm=victim", "listen,port=8081,child=1,comm=other") as (ns, factory):
        victim, other = factory.one(lport=8080)["pid"], factory.one(lport=8081)["pid"]
        with dashboard(ns) as tmux:
            tmux.keys("3", "/")
            tmux.type("process=victim")
            tmux.keys("Enter")
            tmux.hides("bystander|other")
            tmux.shows(r"^..victim")
            tmux.keys("F9")
            tmux.shows(rf"(?s)Kill.*victim {victim}")
            tmux.keys("Enter")
            until(lambda: not alive(victim), "the victim ends")
            check(alive(other), "the other one died")


@test
def tagged_rows():
    with victims("listen,port=8080,child=1,comm=one", "listen,port=8081,child=1,comm=two",
               "listen,port=8082,child=1,comm=three") as (ns, factory):
        pids = [factory.one(lport=port)["pid"] for port in (8080, 8081, 8082)]
        with dashboard(ns) as tmux:
            tmux.shows(r"8080\b.*one(.|\n)*8081\b.*two(.|\n)*8082\b.*three")
            tmux.keys("Space", "Space", "K")
            tmux.shows(r"Kill")
            tmux.shows(rf"(?s)one {pids[0]}.*two {pids[1]}")
            tmux.keys("Enter")
            until(lambda: not alive(pids[0]) and not alive(pids[1]), "both tagged ones end")
            check(alive(pids[2]), "the third, which was not tagged, died")


@test
def shared_holders():
    """All who hold it are named; with all of them gone the port is free."""
    with victims("listen,port=8081", "forked,port=8080,n=2,child=1,comm=pool") as (ns, factory):
        pids = sorted({s["pid"] for s in factory.of(lport=8080)})
        same(len(pids), 3, "holders")
        with dashboard(ns) as tmux:
            screen = open_dialog(tmux, 8080, "pool")
            for pid in pids:
                check(str(pid) in screen, f"holder {pid} is not named:\n{screen}")
            tmux.keys("Enter")
            until(lambda: not any(alive(pid) for pid in pids), "all holders end")
            tmux.shows(r"8080/tcp is free")


@test
def own_session_is_refused():
    """The process that carries the dashboard is no target."""
    program = ("import socket, subprocess, sys; s = socket.create_server(('127.0.0.1', 8080)); "
               "subprocess.run(sys.argv[1:])")
    with victims("listen,port=8081") as (ns, _):
        command = " ".join([*ns.enter, sys.executable, "-c", f'"{program}"', SOCKEYE, *HERE])
        with Tmux(command) as tmux:
            tmux.shows(r"^..\s*8080\b.*python")
            tmux.keys("K")
            tmux.shows(r"(?i)refused|carries this session")
            tmux.keys("Enter", "Escape", "Escape")
            tmux.shows(r"^..\s*8080")
            tmux.keys("Q")
            tmux.shows("END:0")


@test
def read_only():
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
        with dashboard(ns, "--read-only") as tmux:
            tmux.shows(r"^..\s*8080")
            tmux.keys("K")
            tmux.shows(r"(?i)read.only")
            tmux.keys("Enter")
            time.sleep(0.5)
            check(alive(factory.one(lport=8080)["pid"]), "killed in spite of --read-only")
