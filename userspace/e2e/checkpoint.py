"""A checkpoint file as userspace/checkpoint has it on disk, for tests that damage or change it."""

import struct
import zlib

HEADER = struct.Struct("=8sIIQQ")  # magic, format, check, sequence, length
SLOTS = 3
LAYOUT, BOOT_ID, MONOTONIC_NS, BOOKS = 1, 2, 4, 16  # of state.proto


def _slots(path):
    """Where each slot begins, its header's fields and its value, the latest first; and all that the file has."""
    with open(path, "rb") as file:
        content = bytearray(file.read())
    size = len(content) // SLOTS
    slots = []
    for begin in range(0, len(content), size):
        fields = HEADER.unpack_from(content, begin)
        if fields[0] == b"BraheCP\n":
            value = bytes(content[begin + HEADER.size : begin + HEADER.size + fields[4]])
            slots.append((begin, fields, value))
    return sorted(slots, key=lambda slot: -slot[1][3]), content


def _put(content, begin, fields, value):
    magic, kind, _, sequence, _ = fields
    check = zlib.crc32(value, zlib.crc32(HEADER.pack(magic, kind, 0, sequence, len(value))))
    HEADER.pack_into(content, begin, magic, kind, check, sequence, len(value))
    content[begin + HEADER.size : begin + HEADER.size + len(value)] = value


def _write(path, content):
    with open(path, "r+b") as file:
        file.write(content)


def damage(path, slots):
    """Changes a byte in the value of these slots, the latest of which is 0."""
    there, content = _slots(path)
    for begin, _, value in there[slots]:
        content[begin + HEADER.size + len(value) // 2] ^= 0x10
    _write(path, content)


def set_format(path, number):
    slots, content = _slots(path)
    for begin, (magic, _, *rest), value in slots:
        _put(content, begin, (magic, number, *rest), value)
    _write(path, content)


def _varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _read_varint(data, at):
    number, shift = 0, 0
    while True:
        byte = data[at]
        number, shift, at = number | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return number, at


def fields_of(message):
    """field -> value of a message of numbers and bytes."""
    fields, at = {}, 0
    while at < len(message):
        key, at = _read_varint(message, at)
        number, at = _read_varint(message, at)
        fields[key >> 3] = message[at : at + number] if key & 7 == 2 else number
        at += number if key & 7 == 2 else 0
    return fields


def change(path, of):
    """Changes the fields of each value to `of` them, which keeps the length of the value."""
    slots, content = _slots(path)
    for begin, header, value in slots:
        message = b""
        for field, data in of(fields_of(value)).items():
            is_bytes = isinstance(data, bytes)
            message += _varint(field << 3 | (2 if is_bytes else 0)) + _varint(len(data) if is_bytes else data)
            message += data if is_bytes else b""
        _put(content, begin, header, message)
    _write(path, content)
