"""Makes calls of bpf(2), bare of libbpf: bpf_calls.py CALL=NAME... prints what came of them, in order, in one line
("ok", or the errno's name). Calls:

load=NAME              loads a raw tracepoint program
filter=NAME, iter=NAME loads a socket filter, a program that looks like an iterator
call-ID=NAME           loads a raw tracepoint program that calls the helper of this number
map=NAME               makes a map, which has an entry
attach=, link=         attaches the last program that was loaded, by the old and the new call
thread-attach=         like attach=, in a thread
lookup=, batch=        reads the last map that was made, one entry or all at a time
"""

import ctypes
import errno
import platform
import struct
import sys
import threading

SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, MAP_LOOKUP_BATCH = 0, 1, 2, 24
PROG_LOAD, RAW_TRACEPOINT_OPEN, LINK_CREATE = 5, 17, 28
TYPE_HASH = 1
TYPE_SOCKET_FILTER, TYPE_RAW_TRACEPOINT, TYPE_TRACING, TRACE_ITER = 1, 17, 26, 28
LIBC = ctypes.CDLL(None, use_errno=True)
KEPT = []  # buffers that the kernel has been given the addresses of


def pointer(content):
    KEPT.append(ctypes.create_string_buffer(content, len(content)))
    return ctypes.addressof(KEPT[-1])


def bpf(command, attributes):
    """A file descriptor or 0; an OSError where the kernel refuses."""
    result = LIBC.syscall(SYS_BPF, command, ctypes.create_string_buffer(attributes, 128), 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    return result


def instruction(code, registers=0, offset=0, value=0):
    return struct.pack("<BBhi", code, registers, offset, value)


def program(name, helper=None, kind=TYPE_RAW_TRACEPOINT, attach_type=0):
    code = b""
    if helper is not None:
        # helper(stack - 8, 8, context): also what probe_read and its like want
        code += instruction(0x7A, 10, -8) + instruction(0xBF, 0x1 | 10 << 4) + instruction(0x07, 1, 0, -8)
        code += instruction(0xB7, 2, 0, 8) + instruction(0xBF, 0x3 | 10 << 4) + instruction(0x85, 0, 0, helper)
    code += instruction(0xB7) + instruction(0x95)  # return 0
    head = struct.pack("<IIQQIIQII", kind, len(code) // 8, pointer(code), pointer(b"GPL\0"), 0, 0, 0, 0, 0)
    return bpf(PROG_LOAD, head + struct.pack("<16sII", name.encode()[:15], 0, attach_type))


def new_map(name):
    fd = bpf(MAP_CREATE, struct.pack("<IIIIIII16s", TYPE_HASH, 4, 4, 1, 0, 0, 0, name.encode()[:15]))
    bpf(MAP_UPDATE, struct.pack("<IxxxxQQQ", fd, pointer(b"keys"), pointer(b"here"), 0))
    return fd


def in_thread(call):
    failures = []

    def run():
        try:
            call()
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


class Caller:
    def __init__(self):
        self.program = self.map = None

    def call(self, call, name):
        if call == "load":
            self.program = program(name)
        elif call == "filter":
            program(name, kind=TYPE_SOCKET_FILTER)
        elif call == "iter":
            program(name, kind=TYPE_TRACING, attach_type=TRACE_ITER)
        elif call.startswith("call-"):
            program(name, helper=int(call.removeprefix("call-")))
        elif call == "map":
            self.map = new_map(name)
        elif call == "attach":
            bpf(RAW_TRACEPOINT_OPEN, struct.pack("<QI", pointer(b"sched_process_exec\0"), self.program))
        elif call == "thread-attach":
            in_thread(lambda: self.call("attach", name))
        elif call == "link":
            bpf(LINK_CREATE, struct.pack("<IIII", self.program, 0, 0, 0))
        elif call == "lookup":
            bpf(MAP_LOOKUP, struct.pack("<IxxxxQQQ", self.map, pointer(b"keys"), pointer(b"room"), 0))
        elif call == "batch":
            out, keys, values = (pointer(bytes(64)) for _ in range(3))
            bpf(MAP_LOOKUP_BATCH, struct.pack("<QQQQIIQQ", 0, out, keys, values, 1, self.map, 0, 0))
        else:
            sys.exit(f"no such call: {call}")


def main():
    caller = Caller()
    for argument in sys.argv[1:]:
        call, _, name = argument.partition("=")
        try:
            caller.call(call, name)
            print("ok", end=" ")
        except OSError as error:
            print(errno.errorcode[error.errno], end=" ")
    print()


if __name__ == "__main__":
    main()
