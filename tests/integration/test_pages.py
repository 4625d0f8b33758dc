"""Pages of the dashboard in a real terminal: what they say of real sockets, and `w`, which tries a real bind."""

from kit import *


def filtered(tmux, text):
    tmux.keys("/")
    tmux.type(text)
    tmux.keys("Enter")


@test
def why_a_bind_would_fail():
    with scene("listen,port=8080,child=1,comm=web") as (ns, _):
        with dashboard(ns) as tmux:
            filtered(tmux, "port=8080")
            tmux.shows(r"^\s*8080\b.*\bweb\b")
            tmux.keys("w")
            screen = tmux.shows(r"8080/tcp is taken.*EADDRINUSE")
            check("Ports › why not 8080/tcp" in screen, f"no such page:\n{screen}")
            check(re.search(r"held by\s+web", screen), f"nobody holds it:\n{screen}")
            screen = tmux.shows(r"HELD BY 1")
            check(re.search(r"next free\s+8081", screen), f"8081 is not offered:\n{screen}")
            check("a real bind()" in re.sub(r"\s+", " ", screen), f"it was not tried:\n{screen}")
            tmux.keys("Enter")  # the process that holds it
            tmux.shows(r"LISTENS ON 1")
            tmux.keys("Escape")
            tmux.shows(r"8080/tcp is taken")
            tmux.keys("Escape")
            tmux.shows(r"PORT.*PROTO.*ADDRESS")


@test
def why_of_a_port_nobody_has():
    with scene("listen,port=8080") as (ns, _):
        with dashboard(ns) as tmux:
            tmux.shows(r"^\s*8080\b")
            tmux.keys(":")
            tmux.type("9999")
            tmux.keys("Enter")
            tmux.shows(r"Nothing holds 9999")
            tmux.keys("w")
            screen = tmux.shows(r"9999/tcp is free")
            check("9999/udp is free." in screen, f"nothing about udp:\n{screen}")
            # Bound while the page is open: the key asks again.
            with ns.factory("listen,port=9999"):
                tmux.keys("w")
                tmux.shows(r"9999/tcp is taken")


@test
def why_in_another_namespace():
    need_root()
    with scene("listen,port=8080") as (ns, _), scene("listen,port=7171,comm=inner") as (_, _):
        with dashboard(ns, "-N", "all", "port=7171") as tmux:
            tmux.shows(r"^\S\s+7171\b.*inner")
            tmux.keys("w")
            screen = tmux.shows(r"7171/tcp is taken")
            check(re.search(r"held by\s+inner", screen), f"not looked at where it is:\n{screen}")
