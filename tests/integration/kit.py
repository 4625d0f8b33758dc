"""What the integration tests share: a network namespace of their own, the socket factory, the program under
test, ss to compare with, a terminal to run the dashboard in, and the lines that say how a test went.

Nothing here survives the run: the namespace lives as long as a process that waits on a pipe from this one, the
factory dies with its stdin, and every tmux server has a socket name of its own and is killed."""

import contextlib
import csv
import fcntl
import io
import ipaddress
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

BUILD = os.environ.get("SOCKEYE_BUILD", "")
SOCKEYE = os.path.join(BUILD, "sockeye")
FACTORY = os.path.join(BUILD, "tests/tools/factory")
# The machine that runs the tests has other namespaces, whose sockets are not the test's.
HERE = ["-N", "/proc/self/ns/net"]
OWN_NETNS_ANYWAY = ("wait", "explain", "kill", "close")  # these commands look nowhere else
PATIENCE = 15  # seconds until something that should happen counts as not happening


class Skip(Exception):
    """Raised by a test that cannot run here; the text is the reason."""


class Failure(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failure(text)


def same(got, expected, what):
    if got != expected:
        raise Failure(f"{what}: {got!r}, expected {expected!r}")


NOBODY = 65534


@contextlib.contextmanager
def as_nobody():
    """The words before a program that make it nobody's, and the program where anybody can run it."""
    need("setpriv")
    with tempfile.TemporaryDirectory(prefix="sockeye-test-") as place:
        os.chmod(place, 0o755)
        program = shutil.copy(SOCKEYE, place)
        os.chmod(program, 0o755)
        yield ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "env", "HOME=/", program]


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Skip(f"no {tool}")


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


def until(probe, what, patience=PATIENCE):
    """Asks again and again until probe() is true and gives what it said."""
    end = time.monotonic() + patience
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failure(f"never: {what() if callable(what) else what}")
        time.sleep(0.05)


def clean_env(**more):
    """An environment in which nothing of the caller's decides how the program looks."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("NO_COLOR", "COLUMNS", "LINES", "TMUX", "TMUX_PANE", "TERMINFO", "LANG")
           and not k.startswith("LC_")}
    env["LC_ALL"] = "C.UTF-8"
    env["TERM"] = "xterm-256color"
    env["XDG_CONFIG_HOME"] = "/dev/null"  # no settings, and none can be kept
    env.update(more)
    return {k: v for k, v in env.items() if v is not None}


def here(args):
    """The options that keep a run with these arguments in the namespace it is started in."""
    return [] if "-N" in args or args[:1] and args[0] in OWN_NETNS_ANYWAY else HERE


class Netns:
    """A network namespace with lo up. 192.0.2.0/24 is routed to where nobody answers."""

    kills = 0  # commands run here that may have signalled somebody

    def __init__(self):
        need_root()
        need("unshare", "nsenter", "ip")
        script = "ip link set lo up && ip route add 192.0.2.0/24 dev lo && echo up && exec cat"
        self.keeper = subprocess.Popen(["unshare", "-n", "sh", "-c", script], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.keeper.stdout.readline() != b"up\n":
            self.close()
            raise Skip("no network namespace: " + self.keeper.stderr.read().decode(errors="replace").strip())
        self.path = f"/proc/{self.keeper.pid}/ns/net"
        self.inode = os.stat(self.path).st_ino
        self.enter = ["nsenter", f"--net={self.path}", "--"]

    def run(self, argv, **kw):
        kw.setdefault("env", clean_env())
        kw.setdefault("timeout", 60)
        Netns.kills += "kill" in argv and "--yes" in argv
        if "stdin" not in kw and "input" not in kw:
            kw["stdin"] = subprocess.DEVNULL
        if "stdout" not in kw:
            kw["capture_output"] = True
        return subprocess.run(self.enter + list(argv), **kw)

    def sockeye(self, *args, **kw):
        return self.run([SOCKEYE, *here(args), *args], **kw)

    def json(self, *args, **kw):
        """The object that `sockeye list --json` gave, which must be well-formed."""
        r = self.sockeye("list", "--json", *args, **kw)
        check(r.returncode in (0, 1), f"list --json {args}: exit {r.returncode}: {r.stderr.decode(errors='replace')}")
        return json.loads(r.stdout.decode("utf-8"), parse_constant=lambda c: (_ for _ in ()).throw(Failure(c)))

    def rows(self, view, *args, **kw):
        """The rows of a view that are in this namespace."""
        rows = self.json("--view", view, *args, **kw)[view]
        return [r for r in rows if "netns" not in r or r["netns"] == self.inode]

    def factory(self, *requests):
        return Factory(self, requests)

    def close(self):
        with contextlib.suppress(OSError):
            self.keeper.stdin.close()
        self.keeper.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Factory:
    """A running factory; .sockets are its lines, in order."""

    def __init__(self, ns, requests):
        self.process = subprocess.Popen(ns.enter + [FACTORY, *requests], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_env())
        self.sockets = []
        for line in self.process.stdout:
            said = json.loads(line)
            if said.get("ready"):
                self.pid = said["pid"]
                return
            self.sockets.append(said)
        error = self.process.stderr.read().decode(errors="replace").strip()
        self.close()
        raise Failure(f"factory {' '.join(requests)}: {error}")

    def of(self, **wanted):
        return [s for s in self.sockets if all(s[k] == v for k, v in wanted.items())]

    def one(self, **wanted):
        found = self.of(**wanted)
        same(len(found), 1, f"factory sockets with {wanted}")
        return found[0]

    def close(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def scene(*requests):
    """A namespace with these sockets in it."""
    with Netns() as ns, ns.factory(*requests) as factory:
        yield ns, factory


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False


# ss, as rows of the same words that sockeye uses.

SS_STATES = {
    "LISTEN": "listening", "ESTAB": "established", "SYN-SENT": "syn-sent", "SYN-RECV": "syn-recv",
    "FIN-WAIT-1": "fin-wait-1", "FIN-WAIT-2": "fin-wait-2", "TIME-WAIT": "time-wait", "CLOSE-WAIT": "close-wait",
    "LAST-ACK": "last-ack", "CLOSING": "closing", "UNCONN": "unconn",
}


def ss_address(text):
    address, port = text.rsplit(":", 1)
    address = address.strip("[]").split("%")[0]
    if address == "*":  # a v6 socket that takes v4 as well
        address = "::"
    return address, None if port == "*" else int(port)


def ss_rows(ns):
    """What `ss -tuanpe` says, by cookie."""
    need("ss")
    r = ns.run(["ss", "-H", "-O", "-tuanpe"])
    same(r.returncode, 0, "ss")
    rows = {}
    for line in r.stdout.decode("utf-8", "replace").splitlines():
        words = line.split()
        proto, state, recvq, sendq, local, remote = words[:6]
        rest = " ".join(words[6:])
        laddr, lport = ss_address(local)
        raddr, rport = ss_address(remote)

        def number(key, base=10):
            m = re.search(r"\b" + key + r":([0-9a-f]+)", rest)
            return int(m.group(1), base) if m else None

        cookie = f"0x{number('sk', 16):x}"
        check(cookie not in rows, f"ss shows cookie {cookie} twice")
        rows[cookie] = {
            "proto": proto, "state": SS_STATES[state], "recvq": int(recvq), "sendq": int(sendq),
            "laddr": laddr, "lport": lport, "raddr": raddr, "rport": rport,
            "inode": number("ino") or None, "uid": number("uid") or 0,
            "owners": sorted((int(p), int(f)) for p, f in re.findall(r"pid=(\d+),fd=(\d+)", rest)),
        }
    return rows


def ip(text):
    return ipaddress.ip_address(text.split("%")[0])


# The dashboard in a terminal.

class Tmux:
    """A terminal of a given size in a tmux server of its own, with one shell command in it."""

    count = 0

    def __init__(self, command, width=80, height=24, env=None, keep=True):
        need("tmux")
        Tmux.count += 1
        self.socket = f"sockeye-test-{os.getpid()}-{Tmux.count}"
        if keep:  # the screen stays when the command has ended
            command += "; echo END:$?; exec cat"
        environment = clean_env(**(env or {}))
        environment.pop("TERM", None)
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            conf.write("set -g default-terminal tmux-256color\nset -g status off\nset -sg escape-time 0\n"
                       "set -g default-shell /bin/sh\nset -g remain-on-exit on\n")
            conf.flush()
            self.tmux("-f", conf.name, "new-session", "-d", "-x", str(width), "-y", str(height), command,
                      env=environment)

    def tmux(self, *args, env=None):
        r = subprocess.run(["tmux", "-L", self.socket, *args], capture_output=True, timeout=PATIENCE,
                           env=env or clean_env())
        check(r.returncode == 0, f"tmux {args[0]}: {r.stderr.decode(errors='replace')}")
        return r.stdout.decode("utf-8", "replace")

    def keys(self, *keys):
        """One key after the other, each with the time to be told apart from an escape sequence."""
        for key in keys:
            self.tmux("send-keys", key)
            time.sleep(0.05)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def screen(self, escapes=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if escapes else []))

    def pid(self):
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def shows(self, pattern, patience=PATIENCE):
        """Waits until the screen matches and gives it."""
        last = ""

        def probe():
            nonlocal last
            last = self.screen()
            found = re.search(pattern, last, re.M)
            check(found or "END:" not in last, f"it ended without /{pattern}/; the screen is:\n{last}")
            return last if found else None

        return until(probe, lambda: f"/{pattern}/ on the screen, which is:\n{last}", patience)

    def hides(self, pattern, patience=PATIENCE):
        last = ""

        def probe():
            nonlocal last
            last = self.screen()
            return None if re.search(pattern, last, re.M) else last + "\n"

        return until(probe, lambda: f"the screen without /{pattern}/, which is:\n{last}", patience)

    def close(self):
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], capture_output=True, timeout=PATIENCE)
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(os.environ.get("TMUX_TMPDIR", "/tmp"), f"tmux-{os.getuid()}", self.socket))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def dashboard(ns, *args, width=80, height=24, env=None):
    """The dashboard in the namespace, once it has drawn itself."""
    command = " ".join([*ns.enter, SOCKEYE, *here(args), *args])
    with Tmux(command, width, height, env) as tmux:
        tmux.shows(r"Ports")
        yield tmux


@contextlib.contextmanager
def home(config=None):
    """A place for the configuration; gives its path."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "sockeye/config")
        if config is not None:
            os.mkdir(os.path.dirname(path))
            with open(path, "w", encoding="utf-8") as f:
                f.write(config)
        yield d, path


def need_inih(d):
    """A build without inih reads no settings."""
    with open(os.path.join(d, "probe"), "w"):
        os.makedirs(os.path.join(d, "x/sockeye"), exist_ok=True)
        with open(os.path.join(d, "x/sockeye/config"), "w") as f:
            f.write("[general]\nview = ports\n")
    r = subprocess.run([SOCKEYE, "--print-config"], capture_output=True, text=True, timeout=PATIENCE,
                       env=clean_env(XDG_CONFIG_HOME=os.path.join(d, "x")))
    if "without inih" in r.stderr:
        raise Skip("built without inih")


def children_named(pid, name):
    """Pids below this one with that comm, deepest last."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as f:
                head, tail = f.read().rsplit(b")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        parent = int(tail.split()[1])
        comm = head.split(b"(", 1)[1].decode(errors="replace")
        if parent == pid:
            if comm == name:
                found.append(int(entry))
            found += children_named(int(entry), name)
    return found


class Pty:
    """A bare terminal with a command in it, for what tmux cannot do: take the terminal away."""

    def __init__(self, argv, width=80, height=24, ignore_hup=False, env=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                if ignore_hup:
                    signal.signal(signal.SIGHUP, signal.SIG_IGN)
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
                environment = clean_env(**(env or {}))
                os.execvpe(argv[0], argv, environment)
            finally:
                os._exit(127)
        self.output = b""
        self.status = None
        self.usage = None

    def read_until(self, pattern, patience=PATIENCE):
        os.set_blocking(self.fd, False)

        def probe():
            with contextlib.suppress(BlockingIOError, OSError):
                while True:
                    piece = os.read(self.fd, 65536)
                    if not piece:
                        break
                    self.output += piece
            return re.search(pattern, self.output)

        until(probe, lambda: f"{pattern!r} in the output {self.output[-2000:]!r}", patience)

    def hang_up(self):
        os.close(self.fd)
        self.fd = -1

    def wait(self, patience=PATIENCE):
        def probe():
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.status, self.usage = status, usage
            return pid

        until(probe, f"pid {self.pid} ends", patience)
        return os.waitstatus_to_exitcode(self.status)

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# Running tests.

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def run_one(name, function):
    """Runs a test and prints its line; what it has to say about a failure goes to stderr in one piece."""
    try:
        function()
        line = f"ok {name}"
    except Skip as reason:
        line = f"SKIP {name} ({reason})"
    except Exception as e:  # a test that breaks has failed
        text = str(e) or type(e).__name__
        line = f"FAIL {name} ({text.splitlines()[0]})"
        if isinstance(e, Failure):
            frames = [f for f in traceback.extract_tb(e.__traceback__) if f.name == function.__name__]
            where = f"\nat {frames[-1].filename}:{frames[-1].lineno}: {frames[-1].line}" if frames else ""
        else:
            text, where = traceback.format_exc(), ""
        sys.stderr.write(f"{name}:\n    " + "\n    ".join((text + where).splitlines()) + "\n")
        sys.stderr.flush()
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return not line.startswith("FAIL")
