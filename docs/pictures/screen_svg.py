"""Draws what stands on a terminal, letter by letter, as SVG."""

import html
import re

WIDTH, HEIGHT, MARGIN = 8.4, 18, 20  # of a letter of 14 px, and around all
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m")
COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
STYLE = """
.screen { fill: #161b22; stroke: #57606a }
text { fill: #d0d7de; font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
.bold { font-weight: bold; fill: #f0f6fc }
.dim { fill: #8b949e }
.red { fill: #ff7b72 }
.green { fill: #7ee787 }
.yellow { fill: #e3b341 }
.blue { fill: #79c0ff }
.magenta { fill: #d2a8ff }
.cyan { fill: #76e3ea }
.black { fill: #161b22 }
.bar { fill: #d0d7de }
.on-green { fill: #7ee787 }
.on-cyan { fill: #76e3ea }
.on-blue { fill: #79c0ff }
.on-yellow { fill: #e3b341 }
"""


def changed(classes, codes):
    """The classes of text after a sequence "select graphic rendition" (ECMA-48, 8.3.117)."""
    classes = set(classes)
    for code in (int(word or 0) for word in codes.split(";")):
        if code == 0:
            classes.clear()
        elif code in (1, 2, 7):
            classes.add({1: "bold", 2: "dim", 7: "reverse"}[code])
        elif code == 22:
            classes -= {"bold", "dim"}
        elif code == 27:
            classes.discard("reverse")
        elif 30 <= code <= 37 or code == 39:
            classes -= set(COLOURS)
            if code != 39:
                classes.add(COLOURS[code - 30])
        elif 40 <= code <= 47 or code == 49:
            classes -= {f"on-{colour}" for colour in COLOURS}
            if code != 49:
                classes.add(f"on-{COLOURS[code - 40]}")
        else:
            raise ValueError(f"nothing is known of the sequence {codes!r}")
    return frozenset(classes)


def runs_of(line, classes):
    """[(text, classes)] of a line that begins with `classes`, and those that it ends with."""
    runs = []
    parts = SEQUENCE.split(line)
    for number, part in enumerate(parts):
        if number % 2:
            classes = changed(classes, part)
        elif part:
            runs.append((part, classes))
    return runs, classes


def picture(screen, title, maker, columns):
    """`screen`: lines as tmux has them, with sequences for colours; `maker`: who made it, for those who read the file."""
    lines = screen.rstrip("\n").split("\n")
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    drawn = []
    classes = frozenset()
    for number, line in enumerate(lines):
        runs, classes = runs_of(line, classes)
        column = 0
        for text, shown in runs:
            x, y = MARGIN + column * WIDTH, MARGIN + number * HEIGHT
            length = f'textLength="{len(text) * WIDTH:.1f}"'
            bar = next((name for name in shown if name.startswith("on-")), "bar" if "reverse" in shown else "")
            if bar:
                drawn.append(f'<rect class="{bar}" x="{x:.1f}" y="{y}" width="{len(text) * WIDTH:.1f}" height="{HEIGHT}"/>')
                shown = {"black"}
            kind = f' class="{" ".join(sorted(shown))}"' if shown else ""
            if text.strip():  # of spaces that stand together most viewers would show one
                drawn.append(f'<text{kind} x="{x:.1f}" y="{y + 14}" {length}>{html.escape(text.replace(" ", chr(0xA0)))}</text>')
            column += len(text)
    size = f'width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">
<title>{html.escape(title)}</title>
<!-- {html.escape(maker)} -->
<style>{STYLE}</style>
<rect class="screen" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="8"/>
{chr(10).join(drawn)}
</svg>
"""
