"""The dashboard in a real terminal (tmux): what it shows, where the keys lead, sizes, locales."""

from kit import *

SCENE = ["listen,port=8080,child=1,comm=web", "pair,port=9000,n=3", "udp,port=5300", "close-wait,port=9020",
         "listen,port=7040,comm=hostile"]


def filtered(tmux, text):
    tmux.keys("/")
    tmux.type(text)
    tmux.keys("Enter")


@test
def shows_ports_at_any_size():
    with scene(*SCENE) as (ns, _):
        for width, height in ((80, 24), (120, 40), (140, 40), (40, 10)):
            with dashboard(ns, width=width, height=height) as tmux:
                screen = tmux.shows(r"^\s*8080\b.*\bweb\b")
                check("9000" in screen, f"no 9000 at {width}x{height}:\n{screen}")
                check(re.search(r"PORT.*PROCESS.*PID", screen), f"no head at {width}x{height}:\n{screen}")
                for line in screen.splitlines():
                    check(len(line) <= width, f"{len(line)} cells at {width}x{height}: {line!r}")
                check("\\e[31m" in screen or width == 40, f"the hostile name is not made visible:\n{screen}")
                tmux.keys("q")
                tmux.shows("END:0")


@test
def views():
    with scene(*SCENE) as (ns, _):
        with dashboard(ns) as tmux:
            tmux.shows(r"^\s*8080\b")
            tmux.keys("2")
            tmux.shows(r"PROTO\s+STATE.*REMOTE")
            tmux.shows(r"estab.*9000")
            tmux.keys("3")
            tmux.shows(r"PROCESS.*PID.*LISTENS ON")
            tmux.shows(r"factory.*9000")
            tmux.keys("1")
            tmux.shows(r"PORT.*PROTO.*ADDRESS")


@test
def drill_and_back():
    with scene(*SCENE) as (ns, _):
        with dashboard(ns) as tmux:
            filtered(tmux, "port=8080")
            tmux.shows(r"1-1 of 1")  # before the first frame there is nothing to open
            tmux.hides(r"^\s*9020")
            tmux.keys("Enter")
            tmux.shows(r"Ports . 8080/tcp")
            tmux.keys("Escape")
            tmux.shows(r"\[1 Ports\]|1 Ports")
            tmux.hides(r"Ports . 8080/tcp")
            tmux.keys("3")
            tmux.shows(r"LISTENS ON")
            tmux.shows(r"^..web\b")
            tmux.keys("Enter")
            tmux.shows(r"Processes . ")
            tmux.keys("q")
            tmux.shows(r"LISTENS ON")
            tmux.hides(r"Processes . ")


@test
def connection_page():
    with scene("pair,port=9000") as (ns, _):
        with dashboard(ns) as tmux:
            tmux.keys("2")
            tmux.shows(r"^..tcp\s+estab.*9000")
            tmux.keys("Enter")
            screen = tmux.shows(r"Connections . tcp")
            check("established" in screen, f"no state:\n{screen}")
            tmux.keys("Escape")
            tmux.shows(r"PROTO\s+STATE")


@test
def live_filter():
    with scene(*SCENE) as (ns, _):
        with dashboard(ns) as tmux:
            tmux.shows(r"^\s*9020")
            tmux.keys("/")
            tmux.type("proto=udp")
            tmux.hides(r"^\s*9020")  # before Enter
            tmux.shows(r"^\s*5300 udp")
            tmux.keys("Escape")
            tmux.shows(r"^\s*9020")
            filtered(tmux, "nosuchname")
            tmux.shows(r"(?i)no row matches")
            tmux.keys("Escape")
            tmux.shows(r"^\s*9020")
            filtered(tmux, "proces=x")
            tmux.shows(r"process")


@test
def filter_from_the_command_line():
    with scene(*SCENE) as (ns, _):
        with dashboard(ns, "port=8080") as tmux:
            screen = tmux.shows(r"^\s*8080")
            check("9020" not in screen, f"9020 in spite of the filter:\n{screen}")


@test
def help_screen():
    with scene("listen,port=8080") as (ns, _):
        with dashboard(ns) as tmux:
            tmux.keys("?")
            screen = tmux.shows(r"MOVE")
            for word in ("kill", "filter", "quit"):
                check(word in screen, f"help without {word}:\n{screen}")
            tmux.keys("Escape")
            tmux.shows(r"^\s*8080")
            tmux.keys("h")
            tmux.shows(r"MOVE")


@test
def new_and_gone():
    """A port that appears and disappears while one looks."""
    with scene("listen,port=8080") as (ns, _):
        with dashboard(ns) as tmux:
            tmux.shows(r"^\s*8080")
            with ns.factory("listen,port=8088"):
                tmux.shows(r"^\+\s*8088")
            tmux.shows(r"^-\s*8088")
            tmux.hides(r"8088")


@test
def sort_menu_and_reverse():
    with scene("listen,port=8080", "listen,port=8081", "listen,port=8082") as (ns, _):
        with dashboard(ns) as tmux:
            tmux.shows(r"8080(.|\n)*8082")
            tmux.keys("r")
            tmux.shows(r"8082(.|\n)*8080")
            tmux.keys("s")
            tmux.shows(r"(?i)sort")
            tmux.keys("Escape", "r")
            tmux.shows(r"8080(.|\n)*8082")


@test
def rates():
    """Traffic shows as a rate on its port, its connections and its process; other rows stay at nought."""
    with scene("busy,port=9000,n=2,send=5000", "pair,port=9001,child=1,comm=idle") as (ns, _):
        with dashboard(ns, width=120) as tmux:
            screen = tmux.shows(r"^..\s*9000 tcp.*factory.*\d\d?\d?k\s")
            row = [line for line in screen.splitlines() if re.match(r"..\s*9001 tcp", line)][0]
            check(not re.search(r"\d[kM]\b", row), f"a rate without traffic: {row}")
            tmux.keys("2")
            screen = tmux.shows(r"127\.0\.0\.1:9000.*\d\d?\d?k\s")
            check(screen.splitlines()[3].find("9000") > 0, f"the busiest connection is not on top:\n{screen}")
            tmux.keys("3")
            tmux.shows(r"^..factory.*\d\d?\d?k\s")


@test
def pause():
    with scene("listen,port=8080") as (ns, _):
        with dashboard(ns) as tmux:
            tmux.shows(r"^\s*8080")
            tmux.keys("p")
            tmux.shows(r"PAUSED")
            with ns.factory("listen,port=8088"):
                time.sleep(2.2)
                check("8088" not in tmux.screen(), "a paused screen changes")
                tmux.keys("p")
                tmux.shows(r"8088")


@test
def resize():
    with scene(*SCENE) as (ns, _):
        with dashboard(ns) as tmux:
            tmux.shows(r"^\s*8080")
            for width, height in ((140, 40), (40, 10), (19, 4), (1, 1), (200, 50), (80, 24)):
                tmux.resize(width, height)
                if width >= 40:
                    tmux.shows(r"^\s*8080\b.*web")
                elif width > 1:
                    tmux.shows(r"(?i)small")
            for step in range(40):  # a storm
                tmux.resize(20 + step * 3 % 100, 5 + step % 30)
            tmux.resize(80, 24)
            tmux.shows(r"^\s*8080\b.*web")
            tmux.keys("q")
            tmux.shows("END:0")


@test
def selection_stays():
    """Rows that come and go above do not move the selection to another row."""
    with scene("listen,port=8000", "listen,port=8080") as (ns, _):
        with dashboard(ns) as tmux:
            tmux.shows(r"8080")
            tmux.keys("Down")
            with ns.factory("listen,port=7000", "listen,port=7001"):
                tmux.shows(r"7001")
                tmux.keys("Enter")
                tmux.shows(r"Ports . 8080/tcp")


@test
def plain_terminals():
    """Without colour, without UTF-8, without either."""
    with scene("listen,port=8080", "listen,port=7040,comm=hostile") as (ns, _):
        with dashboard(ns, env={"NO_COLOR": "1"}) as tmux:
            tmux.shows(r"^\s*8080")
            colours = re.findall(r"\033\[[0-9;]*m", tmux.screen(escapes=True))
            wrong = [c for c in colours if re.search(r"[\[;](3[0-8]|4[0-8]|9\d|10[0-7])[;m]", c)]
            same(wrong, [], "colours in spite of NO_COLOR")
        for args, env in ((["--ascii"], {}), ([], {"LC_ALL": "C"})):
            with Tmux(" ".join([*ns.enter, "env", *[f"{k}={v}" for k, v in env.items()], SOCKEYE, *HERE, *args])) as tmux:
                screen = tmux.shows(r"^\s*8080")
                foreign = sorted({c for c in screen if ord(c) > 126})
                same(foreign, [], f"characters beyond ASCII with {args or env}")
                tmux.keys("Enter")
                screen = tmux.shows(r"7040/tcp")
                same(sorted({c for c in screen if ord(c) > 126}), [], f"characters beyond ASCII on a page, {args or env}")


KEYS = [chr(c) for c in range(33, 127) if chr(c) not in "qQ;"] + [f"F{n}" for n in range(1, 10)]


def every_key(view, page):
    """Every printable key and the function keys but q and Q: none may end or hang the program."""
    with scene(*SCENE) as (ns, _):
        with dashboard(ns, "--read-only") as tmux:
            tmux.shows(r"^\s*8080")
            tmux.keys(view)
            for key in KEYS:
                if page:
                    tmux.tmux("send-keys", view, "Enter", key)
                    time.sleep(0.05)
                    tmux.keys("Escape", "Escape")
                else:
                    tmux.keys(key, "Escape")
                if key == "p" or key == "Z":
                    tmux.keys("p")
            tmux.keys("Escape", "Escape", "Escape", "Q")
            tmux.shows("END:0")


@test
def every_key_on_ports():
    every_key("1", False)


@test
def every_key_on_connections():
    every_key("2", False)


@test
def every_key_on_processes():
    every_key("3", False)


@test
def every_key_on_a_port():
    every_key("1", True)


@test
def every_key_on_a_connection():
    every_key("2", True)


@test
def every_key_on_a_process():
    every_key("3", True)
