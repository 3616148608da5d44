"""BPF objects and their skeletons."""

load("@rules_cc//cc:defs.bzl", "cc_library")

# clang's name of the architecture, and Debian's folder of its kernel headers.
_ARCH_FLAGS = {
    "@platforms//cpu:aarch64": "-D__TARGET_ARCH_arm64 -idirafter /usr/include/aarch64-linux-gnu",
    "@platforms//cpu:x86_64": "-D__TARGET_ARCH_x86 -idirafter /usr/include/x86_64-linux-gnu",
}

# The same for aarch64 where this machine is another one.
_CROSS_FLAGS = "-D__TARGET_ARCH_arm64 -idirafter /usr/aarch64-linux-gnu/include "

def bpf_skeleton(name, src, hdrs = [], deps_hdrs = [], defines = [], **kwargs):
    """Compiles `src` to NAME.bpf.o and offers it to C++ as NAME.skel.h; for aarch64, to NAME.aarch64.bpf.o.

    Args:
      name: the skeleton's name; its C type is struct NAME_bpf.
      src: the .bpf.c file.
      hdrs: headers that both sides include, each with a cc_library of its name.
      deps_hdrs: headers that only the BPF side includes.
      defines: NAME=VALUE, for the BPF side.
      **kwargs: passed to the cc_library.
    """
    for out, arch_flags in (
        (name + ".bpf.o", select({cpu: flags + " " for cpu, flags in _ARCH_FLAGS.items()})),
        (name + ".aarch64.bpf.o", _CROSS_FLAGS),
    ):
        native.genrule(
            name = out.replace(".bpf.o", "_object"),
            srcs = [src, "//third_party:bpf_headers"] + hdrs + deps_hdrs,
            outs = [out],
            # The folder that it happens to be built in stays out of the program's BTF, and so of the binary.
            cmd = "$(location //third_party:clang) -g -ffile-prefix-map=$$PWD=. -O2 -mcpu=v3 -target bpf " +
                  "-Wall -Wextra -Wno-unused-parameter -Werror " + "".join(["-D%s " % define for define in defines]) + arch_flags + "-I. -c $(location %s) -o $@" % src,
            tools = ["//third_party:clang"],
            visibility = kwargs.get("visibility"),
        )
    native.genrule(
        name = name + "_skeleton",
        srcs = [name + ".bpf.o"],
        outs = [name + ".skel.h"],
        # The skeleton needs the types of the program's variables.
        cmd = "(%s$(location //third_party:bpftool) gen skeleton $< name %s_bpf) > $@" % (
            "".join(["echo '#include \"%s/%s\"'; " % (native.package_name(), hdr) for hdr in hdrs]),
            name,
        ),
        tools = ["//third_party:bpftool"],
    )
    cc_library(
        name = name,
        hdrs = [name + ".skel.h"],
        deps = [":" + hdr[:-len(".h")] for hdr in hdrs] + ["//third_party:bpf"],
        **kwargs
    )
