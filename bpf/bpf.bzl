"""BPF objects and their skeletons."""

load("@rules_cc//cc:defs.bzl", "cc_library")

# clang's name of the architecture, and Debian's folders of its kernel headers: its own machine's, and the cross compiler's.
_ARCH_FLAGS = {
    "@platforms//cpu:aarch64": "-D__TARGET_ARCH_arm64 -idirafter /usr/include/aarch64-linux-gnu -idirafter /usr/aarch64-linux-gnu/include ",
    "@platforms//cpu:x86_64": "-D__TARGET_ARCH_x86 -idirafter /usr/include/x86_64-linux-gnu ",
}

def bpf_skeleton(name, src, hdrs = [], deps_hdrs = [], defines = [], **kwargs):
    """Compiles `src` to NAME.bpf.o and offers it to C++ as NAME.skel.h.

    Args:
      name: the skeleton's name; its C type is struct NAME_bpf.
      src: the .bpf.c file.
      hdrs: headers that both sides include, each with a cc_library of its name.
      deps_hdrs: headers that only the BPF side includes.
      defines: NAME=VALUE, for the BPF side.
      **kwargs: passed to the cc_library.
    """
    native.genrule(
        name = name + "_object",
        srcs = [src, "//third_party:bpf_headers"] + hdrs + deps_hdrs,
        outs = [name + ".bpf.o"],
        # The folder that it happens to be built in stays out of the program's BTF, and so of the binary.
        cmd = "$(location //third_party:clang) -g -ffile-prefix-map=$$PWD=. -O2 -mcpu=v3 -target bpf " +
              "-Wall -Wextra -Wno-unused-parameter -Werror " + "".join(["-D%s " % define for define in defines]) +
              select(_ARCH_FLAGS) + "-I. -c $(location %s) -o $@" % src,
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
