"""The mouse, pastes, readline's keys and keys that mean nothing: as bytes from a terminal."""

from kit import *

SCENE = ["listen,port=8080", "listen,port=8081", "listen,port=8082", "pair,port=9000,n=30"]


def press(tmux, y, x, times=1, button=0):
    """Cells count from 1, as terminals do."""
    tmux.type("".join(f"\x1b[<{button};{x};{y}M" + ("" if button >= 64 else f"\x1b[<{button};{x};{y}m")
                      for _ in range(times)))


def selected(tmux):
    """The line that is shown in reverse below the heads."""
    for line in tmux.screen(escapes=True).splitlines()[3:]:
        if re.search(r"\x1b\[[0-9;]*7m", line):
            return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", line).split())
    return None


def row_of(tmux, pattern):
    for y, line in enumerate(tmux.screen().splitlines()):
        if re.search(pattern, line):
            return y + 1
    raise Failure(f"no /{pattern}/")


@test
def mouse():
    with scene(*SCENE) as (ns, _), dashboard(ns) as tmux:
        tmux.shows(r"8082 tcp")
        press(tmux, row_of(tmux, r"8082 tcp"), 10)
        until(lambda: (selected(tmux) or "").startswith("8082 "), lambda: f"8082 selected: {selected(tmux)}")
        press(tmux, 3, tmux.screen().splitlines()[2].index("CONNS") + 2)
        tmux.shows(r"CONNS▾")
        press(tmux, 3, tmux.screen().splitlines()[2].index("CONNS") + 2)
        tmux.shows(r"CONNS▴")
        press(tmux, 2, tmux.screen().splitlines()[1].index("2 Connections") + 3)
        tmux.shows(r"\[2 Connections\]")
        tmux.keys("Home")
        before = selected(tmux)
        press(tmux, 10, 10, button=65, times=4)
        until(lambda: selected(tmux) not in (before, None), "the wheel moves on")
        press(tmux, 10, 10, button=64, times=4)
        until(lambda: selected(tmux) == before, "the wheel moves back")
        press(tmux, 2, 2)
        tmux.shows(r"\[1 Ports\]")
        press(tmux, row_of(tmux, r"8080 tcp"), 10, times=2)
        tmux.shows(r"Ports › 8080/tcp")


@test
def findings_in_the_header():
    with scene("listen,port=8080", "unaccepted,port=9010,backlog=1,n=2") as (ns, _), dashboard(ns) as tmux:
        header = tmux.shows(r"^.* !\d+ ").splitlines()[0]
        press(tmux, 1, header.index("!") + 1)
        tmux.shows(r"! findings only")
        tmux.hides(r" 8080 tcp")


@test
def no_mouse():
    with scene("listen,port=8080") as (ns, _):
        with dashboard(ns, "--no-mouse") as tmux:
            same(tmux.tmux("display-message", "-p", "#{mouse_any_flag}").strip(), "0", "mouse asked for")
        with dashboard(ns) as tmux:
            same(tmux.tmux("display-message", "-p", "#{mouse_any_flag}").strip(), "1", "mouse asked for")


@test
def pasted():
    """Into a prompt a paste is text, its newlines included; in a table it is no keys."""
    with scene(*SCENE) as (ns, _), dashboard(ns) as tmux:
        tmux.type("\x1b[200~Kq8\n\x1b[201~")
        tmux.shows(r"pasted text was not taken as keys")
        tmux.shows(r"\[1 Ports\]")
        tmux.type("/")
        tmux.type("\x1b[200~lport=8081\ntcp\n\x1b[201~")
        tmux.shows(r"^/ lport=8081 tcp\b.* 1 of 4")
        tmux.keys("Enter")
        tmux.shows(r"1-1 of 1")


@test
def readline_keys():
    with scene(*SCENE) as (ns, _), dashboard(ns) as tmux:
        tmux.type("/tcp port=9000")
        tmux.keys("C-w")
        tmux.type("8080")
        tmux.shows(r"^/ tcp 8080")
        tmux.keys("C-a")
        tmux.type("not ")
        tmux.shows(r"^/ not tcp 8080")
        tmux.keys("C-k")
        tmux.shows(r"^/ not *(\S| {3})")
        tmux.keys("C-u")
        tmux.type("8081x")
        tmux.keys("C-e", "BSpace", "Enter")
        tmux.shows(r"1-1 of 1")
        # What was typed before comes back, and Esc leaves the filter as it was.
        tmux.type("/")
        tmux.keys("C-u")
        tmux.type("udp")
        tmux.keys("Escape")
        tmux.shows(r"1-1 of 1")
        tmux.type("/")
        tmux.keys("C-u", "Up")
        tmux.shows(r"^/ 8081")


@test
def unbound_keys_say_so():
    with scene("listen,port=8080") as (ns, _), dashboard(ns) as tmux:
        for key, text in (("F7", "no nice value here"), ("8", "`:` finds a port"), ("0", "`:` finds a port"),
                          ("i", "`/` filters"), ("o", "`s` sorts"), ("M", "`s` lists what can be sorted"),
                          ("z", "this key does nothing here"), ("F12", "this key does nothing here"),
                          ("X", "this key does nothing here")):
            tmux.keys(key)
            tmux.shows(re.escape(key) + ".*" + re.escape(text))


@test
def a_mark():
    with scene("listen,port=8080") as (ns, _), dashboard(ns, "-d", "0.2") as tmux:
        tmux.shows(r"8080 tcp")
        tmux.keys("m")
        tmux.shows(r"marked \d\d:\d\d:\d\d: rows with \+ are new")
        tmux.shows(r"\+0 since \d\d:\d\d:\d\d")
        with ns.factory("listen,port=8090"):
            tmux.shows(r"\+1 since ")
            tmux.shows(r"^\+.* 8090 tcp")
            time.sleep(3.5)  # no longer new by itself
            tmux.shows(r"^\+.* 8090 tcp")
        tmux.shows(r"\+0 since ")
        tmux.type(":8090")
        tmux.keys("Enter")
        tmux.shows(r"Nothing holds 8090.*")
        tmux.shows(r"Last: factory \d+, \S+ ago")
        tmux.keys("Escape", "Escape")
        tmux.hides(r" since ")
