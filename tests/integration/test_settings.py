"""Settings, clipboard and export: what the dashboard takes from its user and what it hands out."""

import base64
import shlex

from kit import *

SCENE = ["listen,port=8080,comm=web", "listen,port=8081", "pair,port=9000,n=2", "close-wait,port=9020"]


@test
def settings_in_force():
    config = ("[general]\nview = stuck\ninterval = 250ms\n[keys]\nquit = F6\n[columns]\nports = port,pid\n"
              "[view stuck]\nfilter = state=close-wait\n")
    with home(config) as (d, _), scene(*SCENE) as (ns, _):
        need_inih(d)
        with dashboard(ns, env={"XDG_CONFIG_HOME": d}) as tmux:
            screen = tmux.shows(r"\[4 stuck\]")
            tmux.shows(r"close-w.*9020")
            check("9000" not in tmux.screen(), f"more than the view's own:\n{tmux.screen()}")
            tmux.shows(r"\.2s\s*$|\.3s\s*$")
            tmux.keys("1")
            screen = tmux.shows(r"^\s*8080\b")
            check("PROCESS" not in screen, f"columns of the configuration are not in force:\n{screen}")
            tmux.keys("F6")
            tmux.shows("END:0")


@test
def settings_of_the_command_line_win():
    with home("[general]\nview = connections\n") as (d, _), scene(*SCENE) as (ns, _):
        need_inih(d)
        with dashboard(ns, "--view", "processes", env={"XDG_CONFIG_HOME": d}) as tmux:
            tmux.shows(r"\[3 Processes\]")


@test
def settings_wrong():
    with home("[general]\nview = connections\n\n[keys]\nkill = F99\n") as (d, path), scene(*SCENE) as (ns, _):
        need_inih(d)
        r = ns.sockeye("--print-config", env=clean_env(XDG_CONFIG_HOME=d))
        same(r.returncode, 2, "exit code")
        check(f"{path}:5: kill: no key \"F99\"" in r.stderr.decode(), f"stderr {r.stderr}")
        with dashboard(ns, width=140, env={"XDG_CONFIG_HOME": d}) as tmux:
            tmux.shows(r"sockeye/config:5: kill: no key \"F99\"; expected")
            tmux.shows(r"\[1 Ports\]")  # what is built in
            tmux.keys("q")
            tmux.shows(r"sockeye: .*:5: kill: no key")


@test
def settings_that_take_a_key_away():
    with home("[keys]\nsort_menu = t\n") as (d, path), scene(*SCENE) as (ns, _):
        need_inih(d)
        r = ns.sockeye("--print-config", env=clean_env(XDG_CONFIG_HOME=d))
        same(r.returncode, 0, "exit code")
        check(b"\ntoggle_tcp = none ; t is sort_menu's now: toggle_tcp has no key\n" in r.stdout, r.stdout)
        with dashboard(ns, env={"XDG_CONFIG_HOME": d}) as tmux:
            tmux.shows(r"t is sort_menu's now: toggle_tcp has no key")
        # What is printed can be read, and says the same again.
        with open(path, "wb") as f:
            f.write(r.stdout)
        again = ns.sockeye("--print-config", env=clean_env(XDG_CONFIG_HOME=d))
        same(again.returncode, 0, "exit code of what was printed")
        same(again.stdout, re.sub(rb" ; t is .*", b"", r.stdout), "printed again")
    with home("[keys]\nsort_menu = t\ntag = t\n") as (d, path), scene(*SCENE) as (ns, _):
        r = ns.sockeye("--print-config", env=clean_env(XDG_CONFIG_HOME=d))
        same(r.returncode, 2, "exit code")
        check(f"{path}:3: tag: the key t is given to both sort_menu and tag" in r.stderr.decode(), r.stderr)
        check(b": has an error; what follows is built in\n" in r.stdout, r.stdout[:200])


@test
def settings_kept():
    with home() as (d, path), scene(*SCENE) as (ns, _):
        need_inih(d)
        with dashboard(ns, env={"XDG_CONFIG_HOME": d}) as tmux:
            tmux.shows(r"^\s*8080\b")
            tmux.keys("r", "+", "W")
            tmux.shows(r"kept in .*sockeye/config")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        same(text, "[general]\ninterval = 2s\nview = ports\n\n[sort]\nports = -port\n", "what was kept")
        same(os.stat(path).st_mode & 0o777, 0o600, "mode")
        with dashboard(ns, env={"XDG_CONFIG_HOME": d}) as tmux:
            tmux.shows(r"2s\s*$")
            screen = tmux.shows(r"^\s*8080\b")
            check(screen.index(" 9020 ") < screen.index(" 8080 "), f"not in the order that was kept:\n{screen}")


@test
def settings_print_and_read():
    with home("[general]\ninterval = 3s\n[keys]\nkill = F8\n") as (d, path):
        need_inih(d)
        env = clean_env(XDG_CONFIG_HOME=d)
        first = subprocess.run([SOCKEYE, "--print-config"], capture_output=True, text=True, env=env, timeout=PATIENCE)
        same(first.returncode, 0, "exit code")
        check("\ninterval = 3s\n" in first.stdout and "\nkill = F8\n" in first.stdout, first.stdout)
        with open(path, "w", encoding="utf-8") as f:
            f.write(first.stdout)
        again = subprocess.run([SOCKEYE, "--print-config"], capture_output=True, text=True, env=env, timeout=PATIENCE)
        same(again.stdout, first.stdout, "the printed configuration, read and printed again")


@test
def export_formats():
    with scene(*SCENE) as (ns, _), tempfile.TemporaryDirectory() as d:
        with dashboard(ns) as tmux:
            tmux.shows(r"^\s*8080\b")
            for end in ("json", "csv", "tsv", "ndjson", "txt"):
                tmux.keys("e", "C-u")
                tmux.type(f"{d}/ports.{end}")
                tmux.keys("Enter")
                tmux.shows(rf"rows? written to .*ports\.{end}")
            with open(f"{d}/ports.json", encoding="utf-8") as f:
                whole = json.load(f)
            check(8080 in [p["port"] for p in whole["ports"]], "no port 8080 in the JSON")
            with open(f"{d}/ports.csv", encoding="utf-8") as f:
                rows = list(csv.DictReader(f))
            check("8080" in [r["port"] for r in rows], "no port 8080 in the CSV")
            check("process" in rows[0] and "owners" not in rows[0], f"columns {list(rows[0])}")
            # There already: only after a yes, and whole or not at all.
            tmux.keys("/")
            tmux.type("port=8081")
            tmux.keys("Enter", "e", "C-u")
            tmux.type(f"{d}/ports.csv")
            tmux.keys("Enter")
            tmux.shows("is there already")
            tmux.keys("n", "Escape")
            with open(f"{d}/ports.csv", encoding="utf-8") as f:
                same(len(list(csv.DictReader(f))), len(rows), "rows after a no")
            tmux.keys("e", "C-u")
            tmux.type(f"{d}/ports.csv")
            tmux.keys("Enter", "y")
            tmux.shows("1 row written")
            with open(f"{d}/ports.csv", encoding="utf-8") as f:
                same([r["port"] for r in csv.DictReader(f)], ["8081"], "rows after a yes")
            same(sorted(os.listdir(d)), sorted(f"ports.{e}" for e in ("json", "csv", "tsv", "ndjson", "txt")), "files")


@test
def export_that_fails():
    with scene(*SCENE) as (ns, _), tempfile.TemporaryDirectory() as d:
        os.symlink("/dev/full", f"{d}/full.csv")
        os.mkfifo(f"{d}/fifo.csv")
        with dashboard(ns) as tmux:
            tmux.shows(r"^\s*8080\b")
            for name, said in ((f"{d}/none/x.csv", f"there is no directory {d}/none"),
                               (f"{d}/full.csv/x.csv", f"{d}/full.csv/x.csv: Not a directory"), (f"{d}/fifo.csv", "regular file"),
                               (f"{d}/full.csv", "regular file"), (f"{d}/x", "the name says the format")):
                tmux.keys("e", "C-u")
                tmux.type(name)
                tmux.keys("Enter")
                if "regular" in said:
                    tmux.shows("is there already")
                    tmux.keys("y")
                tmux.shows(said)
                tmux.keys("Escape")


@test
def clipboard():
    """OSC 52 as the terminal gets it, and the copied command prints what was on the screen."""
    with scene(*SCENE) as (ns, _):
        with dashboard(ns) as tmux:
            tmux.tmux("set", "-g", "set-clipboard", "on")
            tmux.shows(r"^\s*8080\b")
            tmux.keys("2", "/")
            tmux.type("state=close-wait")
            tmux.keys("Enter", "Y")
            tmux.shows("copied")
            until(lambda: "sockeye list" in tmux.tmux("show-buffer"), "a buffer in tmux")
            command = tmux.tmux("show-buffer").strip()
            words = shlex.split(command)
            same(words[:4] + words[-1:], ["sockeye", "list", "--view", "connections", "state=close-wait"], "the command")
            same(words[4:-1], HERE, "the namespace in it")
            r = ns.run([SOCKEYE, *words[1:]])
            same(r.returncode, 0, f"exit code of {command}")
            check(b"9020" in r.stdout, f"{command} printed {r.stdout}")
            tmux.keys("y")
            until(lambda: "close-wait" in tmux.tmux("show-buffer"), "the row in the buffer")


@test
def clipboard_bytes():
    with scene(*SCENE) as (ns, _):
        with Pty([*ns.enter, SOCKEYE, *HERE]) as terminal:
            terminal.read_until(rb"8080")
            os.write(terminal.fd, b"Y")
            terminal.read_until(rb"\x1b\]52;c;[A-Za-z0-9+/=]+\x07")
            code = re.search(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", terminal.output).group(1)
            same(shlex.split(base64.b64decode(code).decode())[:4], ["sockeye", "list", "--view", "ports"],
                 "text for the clipboard")
