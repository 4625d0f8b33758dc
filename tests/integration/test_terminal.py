"""The terminal afterwards: as it was, however the program ended; and the program when the terminal ends."""

from kit import *


@contextlib.contextmanager
def in_a_shell(ns):
    """A dashboard between two looks at the terminal's settings; gives tmux, the pid and where they are."""
    with tempfile.TemporaryDirectory(prefix="sockeye-test-") as place:
        command = (f"stty -g >{place}/before; {' '.join(ns.enter)} {' '.join([SOCKEYE, *HERE])}; echo $? >{place}/code; "
                   f"stty -g >{place}/after")
        with Tmux(command) as tmux:
            tmux.shows(r"^\s*8080")
            pids = children_named(tmux.pid(), "sockeye")
            same(len(pids), 1, "programs running")
            yield tmux, pids[0], place


def read(*path):
    with open(os.path.join(*path)) as f:
        return f.read().strip()


def check_restored(tmux, place):
    tmux.shows("END:")
    same(read(place, "after"), read(place, "before"), "stty")
    flags = tmux.tmux("display-message", "-p",
                      "alternate #{alternate_on} mouse #{mouse_any_flag} keypad #{keypad_flag} cursor #{cursor_flag}")
    same(flags.strip(), "alternate 0 mouse 0 keypad 0 cursor 1", "the terminal's modes")


def ends_by(signal_number, codes):
    with scene("listen,port=8080") as (ns, _):
        with in_a_shell(ns) as (tmux, pid, place):
            os.kill(pid, signal_number)
            check_restored(tmux, place)
            check(int(read(place, "code")) in codes, f"exit code {read(place, 'code')}, expected one of {codes}")
            until(lambda: not alive(pid), "the program ends")


@test
def after_q():
    with scene("listen,port=8080") as (ns, _):
        with in_a_shell(ns) as (tmux, _, place):
            tmux.keys("q")
            check_restored(tmux, place)
            same(read(place, "code"), "0", "exit code")


@test
def after_ctrl_c():
    with scene("listen,port=8080") as (ns, _):
        with in_a_shell(ns) as (tmux, pid, place):
            tmux.keys("C-c")
            check_restored(tmux, place)


@test
def after_sigint():
    ends_by(signal.SIGINT, (0, 130))


@test
def after_sigterm():
    ends_by(signal.SIGTERM, (0, 143))


@test
def after_sighup():
    ends_by(signal.SIGHUP, (0, 129))


@test
def after_sigsegv():
    ends_by(signal.SIGSEGV, (139,))


@test
def after_sigabrt():
    ends_by(signal.SIGABRT, (134,))


@contextlib.contextmanager
def job_control(ns):
    need("bash")
    with Tmux("exec env PS1='prompt:' bash --norc --noprofile -i", keep=False) as tmux:
        tmux.shows("prompt:")
        with tempfile.TemporaryDirectory(prefix="sockeye-test-") as place:
            tmux.type(f"stty -g >{place}/before; {' '.join(ns.enter)} {' '.join([SOCKEYE, *HERE])}")
            tmux.keys("Enter")
            tmux.shows(r"^\s*8080")
            yield tmux, place


@test
def suspend_and_back():
    with scene("listen,port=8080") as (ns, _):
        with job_control(ns) as (tmux, place):
            for _ in range(2):
                tmux.keys("C-z")
                tmux.shows(r"Stopped")
                tmux.type(f"clear; stty -g >{place}/after; echo looked")
                tmux.keys("Enter")
                tmux.shows(r"^looked")
                same(read(place, "after").split(":")[:4], read(place, "before").split(":")[:4], "stty while stopped")
                tmux.type("fg")
                tmux.keys("Enter")
                tmux.shows(r"\[1 Ports\](.|\n)*^\s*8080")
            tmux.keys("q")
            tmux.shows(r"prompt:\s*$")


@test
def stopped_by_another():
    """SIGSTOP gives no warning and the shell changes the terminal; it has to be put right on return."""
    with scene("listen,port=8080") as (ns, _):
        with job_control(ns) as (tmux, _):
            pid = children_named(tmux.pid(), "sockeye")[0]
            os.kill(pid, signal.SIGSTOP)
            tmux.shows(r"Stopped")
            tmux.type("fg")
            tmux.keys("Enter")
            tmux.shows(r"\[1 Ports\](.|\n)*^\s*8080")
            tmux.keys("2")
            tmux.shows(r"\[2 Connections\]")
            tmux.keys("q")
            tmux.shows(r"prompt:\s*$")


def hung_up(ignore_hup):
    with scene("listen,port=8080") as (ns, _):
        with Pty([*ns.enter, SOCKEYE, *HERE], ignore_hup=ignore_hup) as terminal:
            terminal.read_until(rb"8080")
            terminal.hang_up()
            terminal.wait()
            used = terminal.usage.ru_utime + terminal.usage.ru_stime
            check(used < 2, f"{used:.1f} s of processor time: it span on a dead terminal")


@test
def terminal_gone():
    hung_up(False)


@test
def terminal_gone_and_hangup_ignored():
    hung_up(True)


@test
def stdin_is_no_terminal():
    with scene("listen,port=8080") as (ns, _):
        with Pty(["sh", "-c", f"{' '.join(ns.enter)} {' '.join([SOCKEYE, *HERE])} </dev/null"]) as terminal:
            terminal.read_until(rb"8080")
            os.write(terminal.fd, b"q")
            same(terminal.wait(), 0, "exit code")


@test
def terminals_that_cannot():
    """TERM=dumb, unset or unknown: one line that says so, and the list."""
    with scene("listen,port=8080") as (ns, _):
        for term in ("dumb", None, "", "nonsense-term"):
            with Pty([*ns.enter, SOCKEYE, *HERE], env={"TERM": term}) as terminal:
                terminal.read_until(rb"8080[^\n]*\n")
                same(terminal.wait(), 0, f"exit code with TERM={term}")
                with contextlib.suppress(Failure):
                    terminal.read_until(rb"TERM", 1)
                text = terminal.output.decode()
                check(re.search(r"TERM|terminal", text), f"no word about the terminal with TERM={term}: {text!r}")
                check("\033" not in text, f"escapes with TERM={term}: {text!r}")


@test
def no_bytes_when_idle():
    """A screen on which nothing changes costs the terminal nothing."""
    with scene("listen,port=8080") as (ns, _):
        with Pty([*ns.enter, SOCKEYE, *HERE]) as terminal:
            terminal.read_until(rb"8080")
            os.write(terminal.fd, b"p")
            terminal.read_until(rb"PAUSED")
            os.write(terminal.fd, b"p")
            time.sleep(5)  # rows stop being new, messages end
            terminal.read_until(rb".")
            before = len(terminal.output)
            time.sleep(4)
            with contextlib.suppress(BlockingIOError):
                terminal.output += os.read(terminal.fd, 65536)
            more = terminal.output[before:]
            check(len(more) < 400, f"{len(more)} bytes in 4 s for nothing: {more[:300]!r}")
