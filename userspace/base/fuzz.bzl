"""Targets for libFuzzer, which are tests as well."""

load("@rules_cc//cc:defs.bzl", "cc_test")

def fuzz_test(name, srcs, deps, data = []):
    """A test that gives each file of corpus/NAME once to LLVMFuzzerTestOneInput.

    With --config=fuzz it is libFuzzer's program in its place; scripts/fuzz builds and runs those.

    Args:
      name: the target's name, and its corpus' folder.
      srcs: where LLVMFuzzerTestOneInput is.
      deps: what it needs; //userspace/base:fuzz_input is there.
      data: files that it reads.
    """
    cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        args = [native.package_name() + "/corpus/" + name],
        data = data + native.glob(["corpus/%s/*" % name]),
        linkopts = select({
            "//userspace/base:fuzzing": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = ["fuzz"],
        deps = deps + ["//userspace/base:fuzz_input"] + select({
            "//userspace/base:fuzzing": [],
            "//conditions:default": ["//userspace/base:corpus_main"],
        }),
    )
