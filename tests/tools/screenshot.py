#!/usr/bin/env python3
"""Makes the README's picture: the real dashboard on real sockets, run in a network namespace of its own in tmux,
its screen (tmux capture-pane -e) written as an SVG.

    sudo SOCKEYE_BUILD=build-tests/gcc tests/tools/screenshot.py assets/dashboard.svg

The sockets are the factory's: invented names on invented ports, so that a picture shows nobody's machine."""

import html
import os
import re
import sys
import time
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from kit import Tmux, Netns, SOCKEYE  # noqa: E402

WIDTH, HEIGHT = 96, 18
CELL_W, CELL_H, PAD = 8.4, 18, 12
BASIC = ["#2e3436", "#ef5350", "#7bc96f", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4"]
BRIGHT = ["#7f848e", "#ff6e6e", "#98e08c", "#ffd68a", "#82c4ff", "#dd9bef", "#7fdce6", "#ffffff"]
FRONT, BACK = "#c8ccd4", "#1b1f26"
SCENE = [
    "listen,port=22,comm=sshd,backlog=128", "busy,port=443,addr=0.0.0.0,n=12,send=9000,comm=nginx,backlog=511",
    "udp,port=53,comm=resolver", "busy,port=5432,n=4,send=1700,comm=postgres,backlog=244",
    "unaccepted,port=8080,n=9,comm=node,backlog=8", "busy,port=6379,n=2,send=120,comm=redis-server,backlog=511",
    "close-wait,port=9000,n=2,comm=api", "reuseport,port=8443,n=3,child=1,comm=envoy", "udp,port=123,comm=chronyd",
    "bound,port=8081,comm=python3", "listen,port=9100,comm=node_exporter,backlog=4096",
]


def colour(code, rest):
    """Takes 38;5;N or 38;2;R;G;B apart."""
    if rest and rest[0] == 5:
        n = rest[1]
        if n < 16:
            return (BASIC + BRIGHT)[n], rest[2:]
        if n < 232:
            n -= 16
            return "#%02x%02x%02x" % tuple(0 if v == 0 else 55 + 40 * v for v in (n // 36, n // 6 % 6, n % 6)), rest[2:]
        return "#%02x%02x%02x" % ((8 + 10 * (n - 232),) * 3), rest[2:]
    return "#%02x%02x%02x" % tuple(rest[1:4]), rest[4:]


def runs(line):
    """(column, text, style) pieces of a line with escapes; style is carried by the caller's dict."""
    style, at = {}, 0
    for escape, text in re.findall(r"\033\[([0-9;]*)m|([^\033]+)", line.replace("\033(B", "").replace("\x0f", "")):
        if text:
            yield at, text, dict(style)
            at += sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)
            continue
        codes = [int(c or 0) for c in escape.split(";")] if escape else [0]
        while codes:
            c, codes = codes[0], codes[1:]
            if c == 0:
                style = {}
            elif c in (1, 2, 7):
                style[{1: "bold", 2: "dim", 7: "reverse"}[c]] = True
            elif c == 22:
                style.pop("bold", None), style.pop("dim", None)
            elif c == 27:
                style.pop("reverse", None)
            elif 30 <= c <= 37 or 90 <= c <= 97:
                style["front"] = BASIC[c - 30] if c < 90 else BRIGHT[c - 90]
            elif 40 <= c <= 47:
                style["back"] = BASIC[c - 40]
            elif c in (38, 48):
                style["front" if c == 38 else "back"], codes = colour(c, codes)
            elif c in (39, 49):
                style.pop("front" if c == 39 else "back", None)


def svg(screen):
    w, h = WIDTH * CELL_W + 2 * PAD, HEIGHT * CELL_H + 2 * PAD
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0f}" height="{h:.0f}" viewBox="0 0 {w:.0f} {h:.0f}">',
           f'<rect width="100%" height="100%" rx="6" fill="{BACK}"/>',
           '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">']
    for y, line in enumerate(screen.split("\n")[:HEIGHT]):
        for at, text, style in runs(line):
            front, back = style.get("front", FRONT), style.get("back", BACK)
            if style.get("reverse"):
                front, back = back, front
            x, top, width = PAD + at * CELL_W, PAD + y * CELL_H, len(text) * CELL_W
            if back != BACK:
                out.append(f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{CELL_H}" fill="{back}"/>')
            more = ' font-weight="bold"' if style.get("bold") else ""
            more += ' opacity="0.6"' if style.get("dim") else ""
            for word in re.finditer(r"\S+(?: \S+)*", text):  # each where it belongs, whatever the reader's font
                x = PAD + (at + word.start()) * CELL_W
                out.append(f'<text x="{x:.1f}" y="{top + 14}" fill="{front}" '
                           f'textLength="{len(word.group()) * CELL_W:.1f}" lengthAdjust="spacingAndGlyphs"{more}>'
                           f'{html.escape(word.group())}</text>')
    return "\n".join(out + ["</g>", "</svg>", ""])


with Netns() as ns:
    with ns.factory(*SCENE):
        command = " ".join([*ns.enter, "unshare", "--uts", "sh", "-c", f"'hostname web-1 && exec {SOCKEYE}'"])
        with Tmux(command, WIDTH, HEIGHT) as tmux:
            tmux.shows(r"^.\s*8080")
            time.sleep(6)  # rows stop being new, rates are known
            tmux.keys("Down", "Down", "Down")
            time.sleep(1.5)
            screen = tmux.screen(escapes=True)
            print(tmux.screen())
if len(sys.argv) > 1:
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        f.write(svg(screen))
