"""A C++ toolchain for arm64 on any machine: Debian's cross compiler, with a folder of pinned arm64 packages to link with.
Only --config=arm64 asks for it, and only then are these fetched."""

def _arm64_toolchain(ctx):
    for attribute in ("_lock", "_packages", "_sysroot"):
        ctx.path(getattr(ctx.attr, attribute))  # what the folder is made by
    made = ctx.execute([ctx.path(ctx.attr._sysroot)], timeout = 1800)
    if made.return_code != 0:
        fail(made.stderr)
    if made.stderr:
        print(made.stderr)  # buildifier: disable=print
    ctx.template("BUILD.bazel", ctx.attr._build_file, {"%{sysroot}": made.stdout.strip()}, executable = False)

arm64_toolchain = repository_rule(
    implementation = _arm64_toolchain,
    environ = [
        "HOME",
        "XDG_CACHE_HOME",
    ],
    local = True,
    attrs = {
        "_build_file": attr.label(default = "//third_party:arm64.BUILD"),
        "_lock": attr.label(default = "//kernel_matrix:packages.lock"),
        "_packages": attr.label(default = "//kernel_matrix:packages.py"),
        "_sysroot": attr.label(default = "//kernel_matrix:sysroot.py"),
    },
)
