"""Compiles libraries for aarch64 on any machine, by Debian's cross compiler."""

_Objects = provider("Object files for aarch64 of a target and all that it depends on.", fields = ["files"])

_FLAGS = ["-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror"]

def _compile(target, ctx, source):
    headers = target[CcInfo].compilation_context
    own_headers = [file for file in ctx.rule.files.srcs if file.extension == "h"]
    object = ctx.actions.declare_file("_aarch64/%s/%s.o" % (ctx.label.name, source.basename))
    arguments = ctx.actions.args()
    arguments.add_all(_FLAGS)
    arguments.add_all(headers.quote_includes, before_each = "-iquote")
    arguments.add_all(headers.includes, before_each = "-I")
    arguments.add_all(headers.system_includes, before_each = "-isystem")

    # For the headers of libraries that are the same for each architecture. The others lie in folders of their own.
    arguments.add_all(["-idirafter", "/usr/include"])
    arguments.add_all(["-c", source, "-o", object])
    ctx.actions.run(
        executable = ctx.executable._compiler,
        arguments = [arguments],
        inputs = depset([source] + own_headers, transitive = [headers.headers]),
        outputs = [object],
        mnemonic = "CompileForAarch64",
        progress_message = "Compiling %s for aarch64" % source.short_path,
    )
    return object

def _objects_of(target, ctx):
    deps = [dep[_Objects].files for dep in getattr(ctx.rule.attr, "deps", []) if _Objects in dep]
    own = []
    if ctx.rule.kind in ("cc_library", "cc_binary") and not target.label.workspace_name:
        own = [_compile(target, ctx, source) for source in ctx.rule.files.srcs if source.extension == "cc"]
    return [_Objects(files = depset(own, transitive = deps))]

_objects = aspect(
    implementation = _objects_of,
    attr_aspects = ["deps"],
    attrs = {
        "_compiler": attr.label(
            default = "//third_party:aarch64_gcc",
            allow_single_file = True,
            executable = True,
            cfg = "host",
        ),
    },
)

def _aarch64_objects_of(ctx):
    files = depset(transitive = [dep[_Objects].files for dep in ctx.attr.deps])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

aarch64_objects = rule(
    implementation = _aarch64_objects_of,
    doc = "The object files of `deps` and of all of this project that they depend on.",
    attrs = {"deps": attr.label_list(aspects = [_objects], mandatory = True)},
)
