"""The parts of a Markdown file that tests look at."""

import re
from typing import NamedTuple

_FENCE = re.compile(r"^( *)```(.*)$")


class Block(NamedTuple):
    """A fenced block. `language` and `mark` are the first and the second word behind the fence, as in "sh host"."""

    line: int
    language: str
    mark: str
    text: str


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def blocks(text):
    """All fenced blocks, without the indentation of their fence."""
    found, opened = [], None
    for number, line in enumerate(text.split("\n"), 1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            language, _, mark = fence.group(2).strip().partition(" ")
            opened = (number, language, mark, len(fence.group(1)), [])
        elif opened is not None and fence and not fence.group(2):
            start, language, mark, _, lines = opened
            found.append(Block(start, language, mark, "\n".join(lines) + "\n"))
            opened = None
        elif opened is not None:
            opened[4].append(line[opened[3] :])
    if opened is not None:
        raise ValueError(f"line {opened[0]}: a block that does not end")
    return found


def marked(text, mark):
    return [block for block in blocks(text) if block.mark == mark]


def prose(text):
    """The text with its fenced blocks blanked."""
    inside, lines = False, []
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        lines.append("" if inside or fence else line)
        if fence:
            inside = not inside
    return "\n".join(lines)


def code_spans(text):
    """What stands between backticks in prose."""
    return re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", prose(text))


def anchors(text):
    """The names by which headings can be linked to, as forges make them."""
    found = {}
    for heading in re.findall(r"^#+ +(.+?)\s*$", prose(text), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found[name] = found.get(name, -1) + 1
        if found[name]:
            found[f"{name}-{found[name]}"] = 0
    return set(found)


def links(text):
    """The targets of links and pictures."""
    plain = re.sub(r"`[^`\n]*`", lambda code: code.group().replace("(", "").replace("]", ""), prose(text))
    return re.findall(r"\]\(([^)\s]+)\)", plain)
