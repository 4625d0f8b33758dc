#!/usr/bin/env python3
"""Nothing that a user can name is missing anywhere: every column, key, option, command, view, field, finding and
setting stands in the man page, in --help, in the completions, in the README and in the JSON Schema, as far as it
belongs there; and all of these are well-formed.

    SOCKEYE_BUILD=build-tests/gcc tests/lint/docs.py [word…]"""

import functools
import json
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
SOCKEYE = os.path.join(BUILD, "sockeye")


def run(*argv, **kw):
    env = {**os.environ, "XDG_CONFIG_HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    return subprocess.run(argv, capture_output=True, text=True, errors="replace", cwd=ROOT, env=env,
                          stdin=subprocess.DEVNULL, timeout=60, **kw)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


@functools.cache
def built(name):
    path = os.path.join(BUILD, name)
    if not os.path.exists(path):
        raise Skip(f"no {name} in the build directory")
    return read(path)


@functools.cache
def rows():
    """The program's tables: what there is to be documented."""
    tool = os.path.join(BUILD, "tests/tools/tables")
    if not os.path.exists(tool) or not os.path.exists(SOCKEYE):
        raise Skip("no tables or no sockeye in the build directory")
    text = run(tool).stdout + run(SOCKEYE, "--docs", "table").stdout
    return [line.split("\t") for line in text.splitlines()]


def of(kind):
    found = [r[1:] for r in rows() if r[0] == kind]
    if len(found) < 3:
        raise RuntimeError(f"{len(found)} {kind}s only")
    return found


@functools.cache
def man():
    """The man page as text without its markup."""
    text = built("sockeye.1")
    text = re.sub(r"\\f[BIPR]", "", text)
    for code, means in (("\\-", "-"), ("\\(ha", "^"), ("\\(ti", "~"), ("\\(ga", "`"), ("\\e", "\\"), ("\\(dq", '"'),
                        ("\\&", "")):
        text = text.replace(code, means)
    return text


def part(heading):
    """What stands below a heading of the man page."""
    m = re.search(rf"^\.S[HS] {re.escape(heading)}\n(.*?)(?=^\.SH |\Z)", man(), re.M | re.S)
    if not m:
        raise RuntimeError(f"no part {heading} in the man page")
    return m.group(1)


def man_columns():
    text = part("COLUMNS")
    for _, key, _, words in of("column"):
        if not re.search(rf"^\.TP\n{re.escape(key)}\b", text, re.M):
            yield f"column {key}"
        if words not in text:
            yield f"help of column {key}"


def man_keys():
    text = part("KEYS")
    for action, keys, words in of("binding"):
        if f"\n{keys}\n{words} ({action})\n" not in re.sub(r"^\\?&", "", text, flags=re.M):
            yield f"action {action} ({keys})"


def man_options():
    text = part("OPTIONS")
    for command, letter, name, arg, words in of("option"):
        line = (f"-{letter}, " if letter else "") + f"--{name}" + (f" {arg}" if arg else "")
        if not re.search(rf"^\.TP\n{re.escape(line)}\n{re.escape(words)}\.\n\(.*\b{command or 'dashboard'}\b", text,
                         re.M):
            yield f"{command or 'dashboard'}: {line}"


def man_names():
    for kind, heading in (("view", "VIEWS"), ("finding", "FINDINGS")):
        for row in of(kind):
            if not re.search(rf"^{re.escape(row[0])}\n", part(heading), re.M):
                yield f"{kind} {row[0]}"
    for name, _ in of("command"):
        if name and not re.search(rf"^{name}\n", part("COMMANDS"), re.M):
            yield f"command {name}"
        if name and f".B sockeye {name}\n" not in part("SYNOPSIS"):
            yield f"command {name} in the synopsis"


def man_fields():
    """What completion offers as a field is in the manual: the two are made from one list."""
    fields = re.findall(r"'(\w+)='", built("sockeye.fish"))
    if len(fields) < 50:
        yield f"{len(fields)} fields only"
    text = part("Fields")
    for field in fields:
        if not re.search(rf"^{field}( \(of the row in [^()]*\))?\n", text, re.M):
            yield f"field {field}"


def man_settings():
    r = run(SOCKEYE, "--print-config")
    sections = re.findall(r"^#? ?\[(\w+)", r.stdout, re.M)
    if r.returncode or len(set(sections)) < 5:
        yield f"--print-config: exit {r.returncode}, sections {sections}"
    text = part("CONFIGURATION")
    for section in set(sections):
        if not re.search(rf"^\.SS \[{section}", text, re.M):
            yield f"section [{section}]"
    for key in re.findall(r"^(\w+) = ", r.stdout.split("[columns]")[0], re.M):
        if not re.search(rf"^\.TP\n{key}\n", text, re.M):
            yield f"setting {key}"


def settings_are_all():
    text = run(SOCKEYE, "--print-config").stdout
    for action, keys, words in of("binding"):
        if f"\n{action} = {keys}\n" not in text:
            yield f"--print-config has no line {action} = {keys}"
        if f"# {words}\n" not in text:
            yield f"--print-config does not say what {action} is: {words}"


def help_options():
    for command, _ in of("command"):
        r = run(SOCKEYE, *filter(None, [command]), "--help")
        if r.returncode:
            yield f"{command} --help: exit {r.returncode}"
        for c, letter, name, arg, words in of("option"):
            line = (f"-{letter}, " if letter else "") + f"--{name}" + (f" {arg}" if arg else "")
            if c == command and not re.search(rf"^ +{re.escape(line)} +{re.escape(words)}$", r.stdout, re.M):
                yield f"{command} --help: {line}"


def completions():
    texts = {"bash": built("sockeye.bash"), "zsh": built("_sockeye"), "fish": built("sockeye.fish")}
    for command, _ in of("command"):
        for shell, text in texts.items():
            if command and not re.search(rf"\b{command}\b", text):
                yield f"{shell}: command {command}"
    for command, letter, name, _, _ in of("option"):
        bash = re.search(rf"^\t\t\"{command}\"\)\n\t\t\tCOMPREPLY=\(\$\(compgen -W \"(.*)\" -- ", texts["bash"], re.M)
        zsh = re.search(rf"^\t'{command}'\)\n\t\toptions=\((.*?)\n\t\t;;", texts["zsh"], re.M | re.S)
        if not bash or f"--{name}" not in bash.group(1).split() or (letter and f"-{letter}" not in bash.group(1).split()):
            yield f"bash: {command} --{name}"
        if not zsh or f"'--{name}[" not in zsh.group(1) or (letter and f"'-{letter}[" not in zsh.group(1)):
            yield f"zsh: {command} --{name}"
        where = rf"__fish_seen_subcommand_from[^;']*\b{command}\b" if command else "not __fish_seen_subcommand_from"
        if not re.search(rf"^complete -c sockeye -n '[^']*{where}[^']*'{f' -s {letter}' if letter else ''} -l {name} ",
                         texts["fish"], re.M):
            yield f"fish: {command} --{name}"
    for row in of("view"):
        for shell, text in texts.items():
            if not re.search(rf"\b{row[0]}\b", text):
                yield f"{shell}: view {row[0]}"


def readme():
    text = read(os.path.join(ROOT, "README.md"))
    for command, _ in of("command"):
        if command and not re.search(rf"sockeye {command}\b", text):
            yield f"command {command}"
    for _, letter, name, _, _ in of("option"):
        if not re.search(rf"--{re.escape(name)}(?![\w-])", text):
            yield f"--{name}"
        if letter and not re.search(rf"`[^`]*-\w*{letter}[^`]*`", text):
            yield f"-{letter}"
    table = text.split("\n## Keys\n")[1].split("\n## ")[0]
    for action, keys, _ in of("binding"):
        for key in keys.split():
            shown = "|".join((re.escape(f"`{key}`"), re.escape(f"`{key} "), re.escape(f" {key}`"),
                              re.escape(f" {key} ")))
            if not re.search(shown, table) and not (re.fullmatch("[1-9]", key) and "`1`" in table):
                yield f"key {key} ({action})"


def schema():
    with open(os.path.join(ROOT, "assets/sockeye-1.schema.json"), encoding="utf-8") as f:
        defs = json.load(f)["$defs"]
    for kind, name in (("sockets", "socket"), ("ports", "port"), ("processes", "process")):
        keys = {r[1] for r in of("column") if r[0] == kind}
        for key, p in defs[name]["properties"].items():
            if key not in keys:
                yield f"{name}: {key} is no column"
            if not p.get("description"):
                yield f"{name}: {key} has no description"
        if defs[name]["required"] != list(defs[name]["properties"]):
            yield f"{name}: not every key is required"


def man_is_wellformed():
    built("sockeye.1")
    need("mandoc")
    for line in run("mandoc", "-T", "lint", "-W", "warning", os.path.join(BUILD, "sockeye.1")).stdout.splitlines():
        yield line
    for name in re.findall(r"@[A-Z]+@", built("sockeye.1")):
        yield f"{name} is still there"


def shells():
    tried = 0
    for shell, name in (("bash", "sockeye.bash"), ("zsh", "_sockeye"), ("fish", "sockeye.fish")):
        built(name)
        if not shutil.which(shell):
            continue
        tried += 1
        r = run(shell, "-n", os.path.join(BUILD, name))
        if r.returncode or r.stderr:
            yield f"{shell}: {r.stderr.strip()}"
    if not tried:
        raise Skip("no shell")


LINTS = [man_columns, man_keys, man_options, man_names, man_fields, man_settings, settings_are_all, help_options,
         completions, readme, schema, man_is_wellformed, shells]

kit.main("lint/docs", LINTS)
