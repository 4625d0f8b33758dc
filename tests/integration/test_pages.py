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


def opened(tmux, view, text):
    """The page of the one row that a filter leaves in a view."""
    tmux.keys(view)
    filtered(tmux, text)
    tmux.shows(r"1-1 of 1")
    tmux.keys("Enter")


@test
def process_page():
    with scene("listen,port=8080", "close-wait,port=9020,n=3", "unix,addr=@sockeye-page") as (ns, factory):
        with dashboard(ns, width=120, height=40) as tmux:
            opened(tmux, "3", f"pid={factory.pid}")
            screen = tmux.shows(r"^ factory +%d" % factory.pid)
            screen = tmux.shows(r"parents\s+\S")
            same(re.search(r"exe +(\S+)", screen).group(1), os.path.realpath(FACTORY), "exe")
            same(re.search(r"cwd +(\S+)", screen).group(1), os.getcwd(), "cwd")
            with open(f"/proc/{factory.pid}/status") as f:
                threads = re.search(r"Threads:\s+(\d+)", f.read()).group(1)
            check(f"threads {threads}" in screen, f"threads:\n{screen}")
            check(re.search(r"LISTENS ON \d", screen), f"listens on nothing:\n{screen}")
            check(re.search(r"^ +8080 tcp", screen, re.M), f"no 8080:\n{screen}")
            screen = tmux.shows(r"OTHER \d")
            check("@sockeye-page" in screen, f"no unix socket:\n{screen}")


@test
def replaced_program():
    with Netns() as ns, tempfile.TemporaryDirectory() as place:
        program = os.path.join(place, "gone")
        shutil.copy(shutil.which("python3"), program)
        code = "import socket,sys\ns=socket.create_server(('127.0.0.1',7070))\nprint(1,flush=True)\nsys.stdin.read()"
        home = {"PYTHONHOME": sys.base_prefix, "LD_LIBRARY_PATH": os.path.join(sys.base_prefix, "lib")}
        server = subprocess.Popen(ns.enter + [program, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=clean_env(**home))
        try:
            if server.stdout.readline() != b"1\n":
                raise Skip("a copied interpreter does not run here: " + server.stderr.read().decode(errors="replace"))
            os.unlink(program)
            with dashboard(ns) as tmux:
                opened(tmux, "3", "port=7070")
                screen = tmux.shows(r"\(deleted\)")
                check("replaced or removed" in screen, f"that is not said:\n{screen}")
        finally:
            server.stdin.close()
            server.wait(PATIENCE)


@test
def connection_page_has_both_ends():
    with scene("pair,port=9000,comm=server") as (ns, factory):
        with dashboard(ns, width=80, height=40) as tmux:
            tmux.keys("2")
            filtered(tmux, "lport=9000")
            tmux.shows(r"1-1 of 1")
            tmux.keys("Enter")
            screen = tmux.shows(r"THIS END +OTHER END")
            left = re.search(r"address +127\.0\.0\.1:9000\b.*?(127\.0\.0\.1:\d+)", screen)
            check(left, f"no addresses beside each other:\n{screen}")
            check("on this machine" in screen, f"the other end is here:\n{screen}")
            check(re.search(r"HISTORY +\d\d:\d\d:\d\d", screen), f"no history:\n{screen}")
            check(re.search(r"rtt +\d", screen), f"no rtt:\n{screen}")
            tmux.keys("Down", "Down", "Enter")  # past the process to the other end
            tmux.shows(r"address +" + re.escape(left.group(1)))


@test
def port_page_names_who_is_stopped():
    with Netns() as ns:
        code = ("import os,signal,socket,sys,time\n"
                "s=socket.socket()\ns.bind(('127.0.0.1',7171))\ns.listen(1)\n"
                "c=[]\nfor i in range(6):\n k=socket.socket()\n k.setblocking(False)\n k.connect_ex(('127.0.0.1',7171))\n"
                " c.append(k)\n"
                "p=os.fork()\nif not p:\n [k.close() for k in c]\n time.sleep(1000)\n"
                "s.close()\nos.kill(p,signal.SIGSTOP)\nprint(p,flush=True)\nsys.stdin.read()\nos.kill(p,signal.SIGKILL)")
        server = subprocess.Popen(ns.enter + ["python3", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  env=clean_env())
        try:
            stopped = int(server.stdout.readline())
            with dashboard(ns) as tmux:
                opened(tmux, "1", "port=7171")
                screen = tmux.shows(r"accept queue full")
                check(f"{stopped} is stopped (T)" in screen, f"nobody is named:\n{screen}")
                tmux.shows(r"longest wait \S+")
        finally:
            server.stdin.close()
            server.wait(PATIENCE)


@test
def pages_at_every_size():
    with scene("listen,port=8080,child=1,comm=hostile", "pair,port=9000", "close-wait,port=9020") as (ns, _):
        for width, height in ((80, 24), (120, 40), (140, 40), (40, 10)):
            with dashboard(ns, width=width, height=height) as tmux:
                tmux.shows(r"8080\b")
                for view in "123":
                    tmux.keys(view)
                    tmux.shows(r"\[%s" % view)
                    tmux.keys("Enter")
                    screen = tmux.shows(r"›")
                    for line in screen.splitlines():
                        check(len(line) <= width, f"{len(line)} cells at {width}x{height}: {line!r}")
                    tmux.keys("Tab", "Tab", "Down", "End", "Home", "Escape")
                tmux.keys("q", "q")
                tmux.shows("END:0")


@test
def connection_page_tells_what_is_not_kept():
    """What is asked of the shown connection alone comes with the page, and with the pane beside the table."""
    with scene("pair,port=9000,comm=server") as (ns, factory):
        for width in (80, 140):
            with dashboard(ns, "-d", "60", width=width, height=40) as tmux:
                tmux.keys("2")
                filtered(tmux, "lport=9000")
                tmux.shows(r"1-1 of 1|1 connection|:9000")
                if width == 80:
                    tmux.keys("Enter")
                # Long before the next look.
                tmux.shows(r"options .*\bwscale \d+/\d+")
                screen = tmux.shows(r"path mtu [\d,]+")
                check("mss" in screen, f"no mss:\n{screen}")


@test
def connection_page_while_paused():
    with scene("pair,port=9000,n=2") as (ns, _):
        with dashboard(ns, height=40) as tmux:
            tmux.keys("2")
            filtered(tmux, "lport=9000")
            tmux.shows(r"1-2 of 2")
            tmux.keys("p")
            tmux.shows(r"PAUSED")
            for key in "Home", "Down":
                tmux.keys(key, "Enter")
                tmux.shows(r"path mtu [\d,]+")
                tmux.keys("Escape")
                tmux.shows(r"\[2 ")


@test
def connection_page_in_another_namespace():
    need_root()
    with scene("listen,port=8080") as (ns, _), scene("pair,port=7171,comm=inner") as (_, _):
        with dashboard(ns, "-N", "all", height=40) as tmux:
            tmux.keys("2")
            filtered(tmux, "lport=7171")
            tmux.shows(r"1-1 of 1")
            tmux.keys("Enter")
            tmux.shows(r"path mtu [\d,]+")


@test
def connection_page_follows_it_into_time_wait():
    with Netns() as ns:
        code = ("import socket,sys\ns=socket.create_server(('127.0.0.1',7373))\nc=socket.create_connection(('127.0.0.1',7373))\n"
                "a=s.accept()[0]\nprint(1,flush=True)\nsys.stdin.readline()\nc.close()\nprint(2,flush=True)\n"
                "sys.stdin.readline()\na.close()\nsys.stdin.read()")
        end = subprocess.Popen(ns.enter + ["python3", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=clean_env())
        try:
            end.stdout.readline()
            with dashboard(ns, "-d", "200ms", height=40) as tmux:
                tmux.keys("2")
                filtered(tmux, "rport=7373")
                tmux.shows(r"1-1 of 1")
                tmux.keys("Enter")
                tmux.shows(r"^ established")
                end.stdin.write(b"\n")
                end.stdin.flush()
                tmux.shows(r"^ fin-wait-2")
                end.stdin.write(b"\n")
                end.stdin.flush()
                tmux.shows(r"^ time-wait")
                screen = tmux.shows(r"HISTORY .*time-wait")
                words = re.findall(r"\d\d:\d\d:\d\d ([\w-]+)", re.sub(r"\s+", " ", screen[screen.index("HISTORY"):]))
                same(words[:2], ["time-wait", "fin-wait-2"], f"states, newest first:\n{screen}")
        finally:
            end.stdin.close()
            end.wait(PATIENCE)


def listening(ns, port, backlog):
    """A program that listens, and two who wait to be accepted."""
    code = (f"import socket,sys\ns=socket.socket()\ns.bind(('127.0.0.1',{port}))\ns.listen({backlog})\n"
            f"c=[socket.create_connection(('127.0.0.1',{port})) for i in range(2)]\nprint(1,flush=True)\nsys.stdin.read()")
    server = subprocess.Popen(ns.enter + ["python3", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=clean_env())
    server.stdout.readline()
    return server


@test
def port_page_tells_what_set_the_limit():
    with Netns() as ns:
        ns.run(["sh", "-c", "echo 3 >/proc/sys/net/core/somaxconn"])
        servers = [listening(ns, 7001, 2), listening(ns, 7002, 1000)]
        try:
            with dashboard(ns, width=100, height=30) as tmux:
                opened(tmux, "1", "port=7001")
                tmux.shows(r"limit +2 is what python3\S* asked for \(somaxconn 3\)")
                tmux.keys("Escape")
                tmux.shows(r"1-1 of 1")
                tmux.keys("Escape")
                tmux.shows(r"^..? +7002")
                opened(tmux, "1", "port=7002")
                tmux.shows(r"limit +3 is somaxconn; python3\S* asked for that or more")
                # Read anew in every look.
                ns.run(["sh", "-c", "echo 2 >/proc/sys/net/core/somaxconn"])
                tmux.shows(r"limit +3 is from before: somaxconn is 2 by now")
        finally:
            for server in servers:
                server.stdin.close()
                server.wait(PATIENCE)


@test
def connection_page_tells_how_often_it_is_tried():
    with Netns() as ns:
        ns.run(["sh", "-c", "echo 9 >/proc/sys/net/ipv4/tcp_retries2"])
        ns.run(["ip", "address", "add", "198.51.100.1/32", "dev", "lo"])
        code = ("import socket,sys\ns=socket.create_server(('198.51.100.1',7474))\n"
                "c=socket.create_connection(('198.51.100.1',7474))\na=s.accept()[0]\nprint(1,flush=True)\n"
                "sys.stdin.readline()\nc.send(b'x'*1000)\nsys.stdin.read()")
        end = subprocess.Popen(ns.enter + ["python3", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=clean_env())
        try:
            end.stdout.readline()
            ns.run(["ip", "address", "del", "198.51.100.1/32", "dev", "lo"])  # nobody answers from now on
            ns.run(["ip", "route", "add", "blackhole", "198.51.100.1/32"])
            end.stdin.write(b"\n")
            end.stdin.flush()
            with dashboard(ns, "-d", "200ms", width=100, height=40) as tmux:
                tmux.keys("2")
                filtered(tmux, "rport=7474")
                tmux.shows(r"1-1 of 1")
                tmux.keys("Enter")
                screen = tmux.shows(r"TIMER +(retransmit|window probe) in \S+, try \d of 9")
                check("try 1 " not in screen, f"the first one sent again is the second try:\n{screen}")
        finally:
            end.stdin.close()
            end.wait(PATIENCE)


OTHERS = """
import socket, sys
t = socket.create_server(('127.0.0.1', 7575))
n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
n.bind((0, 1 | 0x40))
u = socket.socket(socket.AF_UNIX)
u.bind(sys.argv[1])
u.listen(3)
p = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
print(n.getsockname()[0], flush=True)
sys.stdin.readline()
u.close()
sys.stdin.read()
"""


@test
def process_page_other_sockets():
    with Netns() as ns, tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "others.sock")
        program = subprocess.Popen(ns.enter + ["python3", "-c", OTHERS, path], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, env=clean_env())
        try:
            port_id = int(program.stdout.readline())
            with dashboard(ns, width=120, height=40) as tmux:
                opened(tmux, "3", f"pid={program.pid}")
                screen = tmux.shows(r"OTHER 3")
                for kind, name, state in (("unix", re.escape(path), "listening"), ("packet", "arp", "unconn"),
                                          ("netlink", f"route:{port_id}", "unconn")):
                    check(re.search(rf"^ +{kind} +{name} +{state}\b", screen, re.M), f"no {kind} socket:\n{screen}")
                # What it lets go of is not there any more.
                program.stdin.write(b"\n")
                program.stdin.flush()
                screen = tmux.shows(r"OTHER 2")
                check(path not in screen, f"it is closed:\n{screen}")
        finally:
            program.stdin.close()
            program.wait(PATIENCE)
