"""Compiles this project's part of a target to be looked at by the linker's own optimizer."""

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
    object = ctx.actions.declare_file("_link_time/%s/%s.o" % (ctx.label.name, source.basename))
    arguments = ctx.actions.args()

    # No code: what the linker needs for its own optimization, and all types with it.
    arguments.add_all(["-std=c++20", "-O0", "-flto"])
    arguments.add_all(headers.quote_includes, before_each = "-iquote")
    arguments.add_all(headers.includes, before_each = "-I")
    arguments.add_all(headers.system_includes, before_each = "-isystem")
    arguments.add_all(["-c", source, "-o", object])
    ctx.actions.run(
        executable = ctx.executable._compiler,
        arguments = [arguments],
        inputs = depset([source] + own_headers, transitive = [headers.headers]),
        outputs = [object],
        mnemonic = "CompileObject",
        progress_message = "Compiling %s (link_time)" % source.short_path,
    )
    return object

def _objects_of(target, ctx):
    deps = [dep[_Objects].files for dep in getattr(ctx.rule.attr, "deps", []) if _Objects in dep]
    own = []
    if ctx.rule.kind in ("cc_library", "cc_binary") and not target.label.workspace_name:
        own = [_compile(target, ctx, source) for source in ctx.rule.files.srcs if source.extension == "cc"]
    return [_Objects(files = depset(own, transitive = deps))]

_link_time = aspect(
    implementation = _objects_of,
    attr_aspects = ["deps"],
    attrs = {
        "_compiler": attr.label(
            default = "//third_party:gcc",
            allow_single_file = True,
            executable = True,
            cfg = "host",
        ),
    },
)

def _all_objects_of(ctx):
    files = depset(transitive = [dep[_Objects].files for dep in ctx.attr.deps])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

link_time_objects = rule(
    implementation = _all_objects_of,
    doc = "The object files of `deps` and of all of this project that they depend on, as the linker's own optimizer reads them.",
    attrs = {"deps": attr.label_list(aspects = [_link_time], mandatory = True)},
)
