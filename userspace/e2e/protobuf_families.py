"""Prometheus' protocol buffers as protoc reads them."""

import os
import re
import subprocess

PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../exporter/testdata/families.proto")
TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
TOKEN = re.compile(r'\s*(?:(\w+)(?:: ("(?:[^"\\]|\\.)*"|\S+)| (\{))|(\}))')
ESCAPE = re.compile(rb"\\([0-7]{1,3}|x[0-9a-fA-F]+|.)", re.DOTALL)


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def as_one_message(stream):
    """The families, each with the key of a repeated field before its length."""
    out, at = [], 0
    while at < len(stream):
        size, begin = varint(stream, at)
        if begin + size > len(stream):
            raise ValueError("a length beyond the end")
        out.append(b"\x0a" + stream[at : begin + size])
        at = begin + size
    return b"".join(out)


def unquoted(text):
    def of(match):
        code = match.group(1)
        if code[:1].isdigit():
            return bytes([int(code, 8)])
        if code[:1] == b"x":
            return bytes([int(code[1:], 16)])
        return {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(code, code)

    return ESCAPE.sub(of, text[1:-1].encode()).decode()  # strict: what is no UTF-8 is an error


def parse(text):
    """protoc's text: each message as a dict of lists."""
    root, stack, at = {}, [], 0
    message = root
    while match := TOKEN.match(text, at):
        at = match.end()
        name, value, opens, closes = match.groups()
        if closes:
            message = stack.pop()
        elif opens:
            stack.append(message)
            inner = {}
            message.setdefault(name, []).append(inner)
            message = inner
        else:
            message.setdefault(name, []).append(unquoted(value) if value.startswith('"') else value)
    if text[at:].strip():
        raise ValueError(f"not understood: {text[at:at+80]}")
    return root


def decoded(stream):
    command = ["protoc", f"--proto_path={os.path.dirname(PROTO)}", "--decode=io.prometheus.client.Families", PROTO]
    out = subprocess.run(command, input=as_one_message(stream), check=True, stdout=subprocess.PIPE).stdout
    if re.search(rb"^ *\d+[:{ ]", out, re.MULTILINE):
        raise ValueError("a field that is not known")
    return parse(out.decode()).get("family", [])


def one(message, name, default="0"):
    values = message.get(name, [default])
    if len(values) != 1:
        raise ValueError(f"{name} {len(values)} times")
    return values[0]


def as_text(stream):
    """Its counters and gauges as the text format has them, to nine decimals."""
    lines = []
    for family in decoded(stream):
        name, kind = one(family, "name"), one(family, "type", "COUNTER").lower()
        if kind == "histogram":
            continue
        lines.append(f"# TYPE {name} {kind}")
        for metric in family["metric"]:
            labels = ",".join(f'{one(label, "name")}="{escaped(one(label, "value", ""))}"' for label in metric["label"])
            lines.append(f"{name}{{{labels}}} {float(one(one(metric, kind), 'value')):.9f}")
    return "\n".join(lines) + "\n"


def escaped(value):
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
