"""Compiles this project's part of a target in another way than its builds do: for another machine, or to be looked at by
the linker."""

_Objects = provider("Object files of a target and all that it depends on.", fields = ["files"])

def _headers_of(target, ctx):
    if CcInfo in target:
        return target[CcInfo].compilation_context

    # A binary tells nothing of headers.
    deps = [dep[CcInfo].compilation_context for dep in ctx.rule.attr.deps]
    return cc_common.merge_compilation_contexts(compilation_contexts = deps)

def _compile(target, ctx, source):
    headers = _headers_of(target, ctx)
    own_headers = [file for file in ctx.rule.files.srcs if file.extension == "h"]
    object = ctx.actions.declare_file("_%s/%s/%s.o" % (ctx.attr._kind, ctx.label.name, source.basename))
    arguments = ctx.actions.args()
    arguments.add("-std=c++20")
    arguments.add_all(ctx.attr._flags)
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
        mnemonic = "CompileObject",
        progress_message = "Compiling %s (%s)" % (source.short_path, ctx.attr._kind),
    )
    return object

def _objects_of(target, ctx):
    deps = [dep[_Objects].files for dep in getattr(ctx.rule.attr, "deps", []) if _Objects in dep]
    own = []
    if ctx.rule.kind in ("cc_library", "cc_binary") and not target.label.workspace_name:
        own = [_compile(target, ctx, source) for source in ctx.rule.files.srcs if source.extension == "cc"]
    return [_Objects(files = depset(own, transitive = deps))]

def _aspect(kind, compiler, flags):
    return aspect(
        implementation = _objects_of,
        attr_aspects = ["deps"],
        attrs = {
            "_compiler": attr.label(
                default = compiler,
                allow_single_file = True,
                executable = True,
                cfg = "host",
            ),
            "_flags": attr.string_list(default = flags),
            "_kind": attr.string(default = kind),
        },
    )

def _rule(aspect, doc):
    return rule(
        implementation = _all_objects_of,
        doc = doc,
        attrs = {"deps": attr.label_list(aspects = [aspect], mandatory = True)},
    )

def _all_objects_of(ctx):
    files = depset(transitive = [dep[_Objects].files for dep in ctx.attr.deps])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

_aarch64 = _aspect("aarch64", "//third_party:aarch64_gcc", ["-O1", "-Wall", "-Wextra", "-Werror"])
aarch64_objects = _rule(
    _aarch64,
    "The object files of `deps` and of all of this project that they depend on, for aarch64 on any machine.",
)

# No code: what the linker needs for its own optimization, and all types with it.
_link_time = _aspect("link_time", "//third_party:gcc", ["-O0", "-flto"])
link_time_objects = _rule(
    _link_time,
    "The object files of `deps` and of all of this project that they depend on, as the linker's own optimizer reads them.",
)
