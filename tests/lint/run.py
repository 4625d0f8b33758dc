#!/usr/bin/env python3
"""The rules of the house that a compiler does not hold: who may include and call what, that everything a user
can name is documented, formatting, sizes. Runs all lints, or those whose name contains one of the words given:

    SOCKEYE_BUILD=build-tests/gcc tests/lint/run.py [word…]"""

import concurrent.futures
import functools
import glob
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: E402
from kit import Skip, need  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("SOCKEYE_BUILD", os.path.join(ROOT, "build")))
TOP = {"meson.build", "meson_options.txt", "README.md", "LICENSE"}
LINES_MAX = 600
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", '-DSOCKEYE_VERSION="0"', "-Iinclude", "-Itests/tools"]

# Names that a layer's library may need from outside.
NOT_BELOW_APP = re.compile(r"^_*(printf|vprintf|puts|putchar|perror|exit|_exit|quick_exit|abort|assert_fail|"
                           r"err|errx|warn|warnx|verr|vwarn|system|popen)(_chk)?$|^stdout$")
ALLOWED = {"base": {"exit", "_exit"}}  # die()
# Mutable state outside term, each with the reason why it may be.
STATE_ALLOWED = {
    "base": {"hook", "die_hook"},  # what die() calls to restore the terminal
}
CURSES_LAYERS, MNL_LAYERS = {"term"}, {"collect", "action"}
LOADERS = re.compile(r"^_*dl(m?open|v?sym|close|error)$")  # libraries found at run time: libbpf, by bpf

# What has no place in the published tree: paths and papers of the workplace it was written in. Written so that
# these lines do not match themselves.
FOREIGN = re.compile(r"(?<![\w.-])/wor[k]\b|\bshare[d]/(DESIGN|UX|KERNEL|issues)|farm[-]studio|\bissue [0-9]+\b|"
                     r"\b(DESIGN|KERNEL|UX)[.]md|\b(DESIGN|KERNEL|UX) (§|[A-Z][0-9])")


def run(argv, **kw):
    return subprocess.run(argv, capture_output=True, text=True, errors="replace", cwd=ROOT, **kw)


def need_build(*paths):
    for path in paths:
        if not os.path.exists(os.path.join(BUILD, path)):
            raise Skip(f"no {path} in the build directory")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def tree():
    """The files of the project: what git has or would take."""
    r = run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard"])
    if r.returncode == 0:
        files = r.stdout.splitlines()
    else:  # a tarball
        files = [os.path.relpath(os.path.join(d, f), ROOT) for d, _, names in os.walk(ROOT) for f in names]
        files = [f for f in files if not f.startswith(("build", ".git/"))]
    return sorted(f for f in files if os.path.isfile(os.path.join(ROOT, f)) and "__pycache__" not in f)


def sources():
    return [f for f in tree() if f.endswith((".c", ".h"))]


def layers():
    """The table in meson.build: layer -> the layers whose doors it may open."""
    found = {}
    for name, on in re.findall(r"^\s*'(\w+)': \{'on': \[([^\]]*)\]", read("meson.build"), re.M):
        found[name] = set(re.findall(r"'(\w+)'", on)) | {name}
    if len(found) < 8:
        raise RuntimeError("the table of layers in meson.build was not understood")
    return found


def layer_of(path):
    m = re.match(r"(?:src|include/sockeye)/(\w+)/", path)
    return m.group(1) if m else None


def include_directions():
    table = layers()
    for path in sources():
        layer = layer_of(path)
        if layer not in table:  # app and tests may open every door
            continue
        own = os.path.dirname(path)
        for number, line in enumerate(read(path).splitlines(), 1):
            m = re.match(r"\s*#\s*include\s+([\"<])([^\">]+)", line)
            if not m:
                continue
            name = m.group(2)
            door = re.match(r"sockeye/(\w+)/", name)
            if door:
                if door.group(1) not in table[layer]:
                    yield f"{path}:{number}: {layer} may not include {name}"
                elif not os.path.exists(os.path.join(ROOT, "include", name)):
                    yield f"{path}:{number}: no such header {name}"
            elif m.group(1) == '"' and not os.path.exists(os.path.join(ROOT, own, name)):
                yield f"{path}:{number}: {name} is neither a door nor beside this file"
            if re.search(r"curses|\bterm\.h$", name) and not door and layer not in CURSES_LAYERS and m.group(1) == "<":
                yield f"{path}:{number}: {name} outside term"
            if name.startswith("libmnl") and layer not in MNL_LAYERS:
                yield f"{path}:{number}: {name} outside {' and '.join(sorted(MNL_LAYERS))}"
            if re.match(r"(linux/)?bpf|bpf/", name) and layer != "bpf":
                yield f"{path}:{number}: {name} outside bpf"


def library(layer):
    path = os.path.join(BUILD, f"libsockeye-{layer}.a")
    if not os.path.exists(path):
        raise Skip(f"no {os.path.basename(path)} in the build directory")
    return path


@functools.cache
def exported_by(package):
    """Names that the shared libraries of a package export."""
    need("pkg-config")
    places = run(["pkg-config", "--variable=libdir", package]).stdout.split() + ["/usr/lib/*", "/lib/*"]
    names = set()
    for word in run(["pkg-config", "--libs", package]).stdout.split():
        for path in {p for d in places for p in glob.glob(f"{d}/lib{word[2:]}.so*") if word.startswith("-l")}:
            text = run(["nm", "-D", "--defined-only", path]).stdout  # empty for linker scripts
            names |= {line.split()[-1].split("@")[0] for line in text.splitlines()}
    return names


def symbols():
    need("nm")
    curses = exported_by("ncursesw")
    if "initscr" not in curses and "wmove" not in curses:
        raise Skip("the names of the curses library were not found")
    for layer in layers():
        path = library(layer)
        defined = {line.split()[-1] for line in run(["nm", "--defined-only", path]).stdout.splitlines()
                   if len(line.split()) == 3}
        for line in run(["nm", "-u", path]).stdout.splitlines():
            words = line.split()
            if len(words) != 2:
                continue
            name = words[1].split("@")[0]
            if name in defined:
                continue
            if name.startswith("mnl_") and layer not in MNL_LAYERS:
                yield f"{layer} calls {name}"
            if name in curses and layer not in CURSES_LAYERS:
                yield f"{layer} calls {name} of curses"
            if re.match(r"(lib)?bpf_", name) and layer != "bpf":
                yield f"{layer} calls {name}"
            if LOADERS.match(name) and layer != "bpf":
                yield f"{layer} calls {name}: only bpf loads a library"
            if layer == "bpf" and re.match(r"(lib)?bpf_", name):
                yield f"{layer} calls {name}, which would tie the program to libbpf: it is to be looked up by name"
            if NOT_BELOW_APP.match(name) and name not in ALLOWED.get(layer, ()):
                yield f"{layer} uses {name}: below app nothing prints or exits"


def optional_libraries():
    """What is used only when it is there must not be needed to start."""
    need("readelf")
    need_build("sockeye")
    needed = re.findall(r"NEEDED.*\[(.+)\]", run(["readelf", "-d", os.path.join(BUILD, "sockeye")]).stdout)
    if not any(name.startswith("libmnl") for name in needed):
        yield f"the libraries of the program were not understood: {needed}"
    for name in needed:
        if re.match(r"lib(bpf|elf|z)[.]", name):
            yield f"the program needs {name} to start"


def no_mutable_state():
    """Data that can change belongs to whoever calls; only term keeps a terminal of its own."""
    need("objdump")
    for layer in layers():
        if layer == "term":
            continue
        for line in run(["objdump", "-t", library(layer)]).stdout.splitlines():
            m = re.match(r"[0-9a-f]+ .{7} (\.data|\.bss|\*COM\*|\.tbss|\.tdata)(\.\S+)?\t[0-9a-f]+ +(?:\.hidden )?(\S+)$", line)
            if not m or (m.group(2) or "").startswith(".rel.ro") or m.group(3).startswith("."):
                continue
            name = m.group(3).split(".")[0]
            if name not in STATE_ALLOWED.get(layer, ()):
                yield f"{layer} keeps {name} in {m.group(1)}"


def headers_alone():
    """Every header compiles when it is the only one."""
    compiler = shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
    if not compiler:
        raise Skip("no compiler")
    headers = [f for f in sources() if f.endswith(".h")]

    def compile_one(path):
        r = run([compiler, *FLAGS, f"-I{os.path.dirname(path)}", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
                 "-fsyntax-only", "-x", "c", "-"], input=f'#include "{path}"\n')
        return None if r.returncode == 0 else f"{path}: {r.stderr.strip().splitlines()[0] if r.stderr else 'fails'}"

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield from filter(None, pool.map(compile_one, headers))
    for path in headers:
        if "#pragma once" not in read(path):
            yield f"{path}: no #pragma once"


def formatting():
    need("clang-format")
    files = sources()
    r = run(["clang-format", "--dry-run", "-Werror", *files])
    yield from sorted({line.split(":")[0] + ": not as clang-format writes it" for line in r.stderr.splitlines()
                       if "error:" in line})


def sizes():
    for path in tree():
        if path.endswith((".c", ".h", ".py", ".build")) or path in ("tests/run", "assets/setup"):
            n = len(read(path).splitlines())
            if n > LINES_MAX:
                yield f"{path}: {n} lines, more than {LINES_MAX}"


def top_level():
    for path in tree():
        if "/" not in path and path not in TOP and not path.startswith("."):
            yield f"{path}: not one of {', '.join(sorted(TOP))}, src, include, tests, assets"


def unfinished():
    for path in tree():
        if path.endswith((".c", ".h", ".py", ".md", ".build", ".sh")):
            for number, line in enumerate(read(path).splitlines(), 1):
                if re.search(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b", line):
                    yield f"{path}:{number}: {line.strip()}"


def foreign_words():
    for path in tree():
        if path.startswith("tests/data/") or path.endswith((".png", ".bin", ".pcap")):
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            m = FOREIGN.search(line)
            if m:
                yield f"{path}:{number}: {m.group(0)}"


def first_sentence():
    """A .c file of the program opens with a comment that says what it does."""
    for path in sources():
        if path.endswith(".c") and path.startswith("src/") and not read(path).startswith("/*"):
            yield f"{path}: does not open with a sentence"


def tables():
    need_build("tests/tools/tables", "sockeye")
    r = run([os.path.join(BUILD, "tests/tools/tables")])
    if r.returncode != 0:
        raise RuntimeError(f"tables: exit {r.returncode}: {r.stderr}")
    return [line.split("\t") for line in r.stdout.splitlines()]


def documented_columns():
    rows = [r for r in tables() if r[0] == "column"]
    if len(rows) < 60:
        yield f"{len(rows)} columns only"
    helped = {}
    for _, kind, key, title, text in rows:
        if len(text) < 4:
            yield f"{kind}: {key} has no help"
        if (kind, key) in helped:
            yield f"{kind}: {key} stands twice"
        helped[kind, key] = text
    for view, kind in (("ports", "ports"), ("sockets", "sockets"), ("processes", "processes")):
        r = run([os.path.join(BUILD, "sockeye"), "list", "--help-columns", "--view", view], stdin=subprocess.DEVNULL)
        if r.returncode != 0:
            yield f"list --help-columns --view {view}: exit {r.returncode}: {r.stderr.strip()}"
        words = set(r.stdout.replace(",", " ").split())
        for _, k, key, _, _ in rows:
            if k == kind and key not in words:
                yield f"list --help-columns --view {view} does not tell {key}"


def documented_bindings():
    rows = [r for r in tables() if r[0] == "binding"]
    if len(rows) < 20:
        yield f"{len(rows)} bindings only"
    actions, keys = set(), {}
    readme = read("README.md")
    for _, action, key_list, text in rows:
        if not text:
            yield f"{action} has no help"
        if not key_list:
            yield f"{action} has no key"
        if action in actions:
            yield f"{action} stands twice"
        actions.add(action)
        for key in key_list.split():
            keys.setdefault(key, []).append(action)
        if not any(key in readme for key in key_list.split()):
            yield f"{action} ({key_list}) is not in README.md"


def documented_views_and_findings():
    for row in tables():
        if row[0] in ("view", "finding") and len(row[-1]) < 4:
            yield f"{row[0]} {row[1]} has no help"


def documented_options():
    need_build("sockeye")
    options = set()
    for words in (["--help"], ["list", "--help"]):
        r = run([os.path.join(BUILD, "sockeye"), *words], stdin=subprocess.DEVNULL)
        found = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", r.stdout))
        if r.returncode != 0 or len(found) < 5:
            yield f"{' '.join(words)}: exit {r.returncode}, {len(found)} options"
        options |= found
    texts = read("README.md") + "".join(read(f) for f in tree() if f.startswith("assets/") and ".1" in f)
    for option in sorted(options):
        if not re.search(re.escape(option) + r"(?![\w-])", texts):
            yield f"{option} of --help is in neither README.md nor the man page"


LINTS = [include_directions, symbols, optional_libraries, no_mutable_state, headers_alone, formatting, sizes, top_level,
         unfinished, foreign_words, first_sentence, documented_columns, documented_bindings,
         documented_views_and_findings, documented_options]

kit.main("lint", LINTS)
