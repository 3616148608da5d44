#!/usr/bin/env python3
"""document.py [CHART CONFIGURATION]: writes what is said of the chart's values in more than one place, from one: in
values.schema.json the descriptions, which are the comments of values.yaml, and the keys of config, which are those of
docs/configuration.md; in README.md the table of values. The types and examples of the schema are written by hand."""

import json
import os
import re
import sys

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = 120
BEGIN, END = "<!-- values: made by deploy/helm/document.py -->\n", "<!-- end of values -->\n"


def comments(text):
    """The comment above each key of values.yaml, by the key's path."""
    found, stack, comment = {}, [], []
    for line in text.splitlines():
        if said := re.fullmatch(r" *# (.*)", line):
            comment.append(said[1])
        elif key := re.match(r"( *)([\w./-]+):(?: |$)", line):
            stack[len(key[1]) // 2 :] = [key[2]]
            found[tuple(stack)] = " ".join(comment)
            comment = []
        else:
            comment = []
    return found


def keys(values, path=()):
    """Each path in a tree of values with what is there, sections before what is in them."""
    for key, value in values.items():
        yield (*path, key), value
        if isinstance(value, dict):
            yield from keys(value, (*path, key))


def config_schema(manual):
    """The schema of config: each key in docs/configuration.md, with its type there. The last table's have none."""
    root = section()
    for row in re.findall(r"^\| `([\w.-]+)` \|(.*)\|$", manual, re.MULTILINE):
        *folders, name = row[0].split(".")
        cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", row[1])]
        node = root
        for folder in folders:
            node = node["properties"].setdefault(folder, section())
        node["properties"][name] = {} if len(cells) == 1 else typed(cells[1], cells[-1])
    return root


def section():
    return {"type": "object", "additionalProperties": False, "properties": {}}


def typed(value, description):
    if value == "true or false":
        found = {"type": "boolean"}
    elif value == "list of sections":
        found = {"type": "array", "items": {"type": "object"}}
    elif value.startswith("list of "):
        found = {"type": "array", "items": {"type": "string"}}
    elif value == "NUMBER":
        found = {"type": "integer"}
    elif value in ("JOULES", "WATTS"):
        found = {"type": "number", "minimum": 0}
    elif "|" in value:
        found = {"enum": value.split("|")}
    else:
        found = {"type": "string"}
    return {"description": description, **found}


def describe(schema, said):
    """Puts comments into the schema's nodes."""
    for path, comment in said.items():
        node = schema
        for key in path:
            node = node["properties"][key]
        described = {"description": comment, **{key: value for key, value in node.items() if key != "description"}}
        node.clear()
        node.update(described)


def written(value, indent=0, before=0):
    """JSON in which what fits on a line is on one."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + before + len(line) < COLUMNS or not isinstance(value, (dict, list)) or not value:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {written(one, indent + 2, len(key) + 4)}" for key, one in value.items()]
        return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(inner + written(one, indent + 2) for one in value) + "\n" + " " * indent + "]"


def table(values, said):
    rows = ["| value | default | |", "|---|---|---|"]
    for path, value in keys(values):
        default = "" if isinstance(value, dict) and value else f"`{json.dumps(value)}`"
        name = ".".join(key.replace(".", r"\.") for key in path)
        rows.append(f"| `{name}` | {default} | {said[path]} |")
    return "\n".join(rows) + "\n"


def documents(chart, configuration):
    """What values.schema.json and README.md should be, by their names."""
    with open(f"{chart}/values.yaml") as file:
        text = file.read()
    with open(configuration) as file:
        manual = file.read()
    with open(f"{chart}/values.schema.json") as file:
        schema = json.load(file)
    with open(f"{chart}/README.md") as file:
        before, rest = file.read().split(BEGIN)
    said = comments(text)
    schema["properties"]["config"] = config_schema(manual)
    describe(schema, said)
    readme = before + BEGIN + table(yaml.safe_load(text), said) + END + rest.split(END)[1]
    return {"values.schema.json": written(schema) + "\n", "README.md": readme}


def main():
    chart, configuration = sys.argv[1:] or (f"{HERE}/brahe", f"{HERE}/../../docs/configuration.md")
    for name, text in documents(chart, configuration).items():
        with open(f"{chart}/{name}", "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
