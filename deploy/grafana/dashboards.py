#!/usr/bin/env python3
"""Writes Brahe's dashboards for Grafana: dashboards.py FOLDER.

The JSON files beside this program are what it makes. Change this one, run it, and commit both.
"""

import json
import os
import sys

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WINDOW = "$__rate_interval"
ZONE_NOTE = " Only the energy of the chosen zone: zones contain one another and must not be added up blindly."
RULES_NOTE = " Needs the recording rules of deploy/prometheus/rules.yaml."
SHORT_NOTE = " What lives for less than two scrapes is missing here."

# What selects series on the dashboards that have these variables.
CLUSTER = 'cluster=~"$cluster"'
NODE = f'{CLUSTER}, node_name=~"$node"'
NAMESPACE = f'{CLUSTER}, pod_namespace=~"$namespace"'
WORKLOAD = f'{NAMESPACE}, owner_kind=~"$kind", owner_name=~"$workload"'
POD = f'{NAMESPACE}, pod_name=~"$pod"'
CONTAINER = f'{NODE}, container_id=~"$container"'
PROCESS = f'{NODE}, comm=~"$comm"'
VM = f'{NODE}, vm_id=~"$vm"'


def zone_of(selector):
    return f'{selector}, zone="$zone"'


ZONE = zone_of(CLUSTER)
NODE_ZONE = zone_of(NODE)
REGULAR = f'{NODE_ZONE}, type="regular"'


def rate(counter, selector, window=WINDOW):
    return f"rate({counter}{{{selector}}}[{window}])"


def energy(counter, selector):
    return f"increase({counter}{{{selector}}}[$__range])"


def minutes(record, selector):
    """What a recording rule of each minute has in the dashboard's time."""
    return f"sum_over_time({record}{{{selector}}}[$__range])"


# Panels. Each takes (width, height) of Grafana's 24 columns.


def target(expression, ref, legend="__auto", table=False):
    query = {"datasource": SOURCE, "refId": ref, "expr": expression, "editorMode": "code", "legendFormat": legend}
    return query | ({"format": "table", "instant": True, "range": False} if table else {"format": "time_series", "range": True})


def panel(kind, size, title, description, targets, options, unit, custom=None, overrides=(), **defaults):
    field = {"unit": unit, **defaults} | ({"custom": custom} if custom is not None else {})
    return {
        "type": kind, "title": title, "description": description, "datasource": SOURCE, "targets": targets,
        "gridPos": {"w": size[0], "h": size[1]}, "options": options,
        "fieldConfig": {"defaults": field, "overrides": list(overrides)},
    }


def stat(title, description, unit, expression, size=(4, 4), **defaults):
    query = target(expression, "A") | {"instant": True, "range": False}
    options = {
        "colorMode": "value", "graphMode": "none", "justifyMode": "auto", "textMode": "auto", "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "percentChangeColorMode": "standard", "showPercentChange": False, "wideLayout": True,
    }
    thresholds = {"mode": "absolute", "steps": [{"color": "text", "value": None}]}
    return panel("stat", size, title, description, [query], options, unit, **{"thresholds": thresholds, "noValue": "-", **defaults})


def faults(title, description, unit, expression, size=(4, 4)):
    """A figure that should be 0."""
    steps = [{"color": "green", "value": None}, {"color": "red", "value": 1e-9}]
    return stat(title, description, unit, expression, size, thresholds={"mode": "absolute", "steps": steps})


def graph(title, description, unit, *queries, stacked=False, size=(12, 8)):
    """queries: (expression, legend)."""
    custom = {
        "drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 25 if stacked else 8,
        "showPoints": "never", "spanNulls": False, "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    options = {
        "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "calcs": ["mean", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    targets = [target(expression, chr(ord("A") + i), legend) for i, (expression, legend) in enumerate(queries)]
    return panel("timeseries", size, title, description, targets, options, unit, custom, min=0)


def table(title, description, labels, columns, links={}, size=(24, 9)):
    """labels: {label: header}; columns: (header, unit, expression); links: {header: path of dashboard and variables}."""
    targets = [target(expression, chr(ord("A") + i), table=True) for i, (_, _, expression) in enumerate(columns)]
    values = ["Value"] if len(columns) == 1 else [f"Value #{query['refId']}" for query in targets]
    names = dict(labels) | {value: header for value, (header, _, _) in zip(values, columns)}
    organize = {
        "excludeByName": {"Time": True}, "includeByName": {}, "renameByName": names,
        "indexByName": {name: index for index, name in enumerate(names)},
    }
    overrides = [
        {"matcher": {"id": "byName", "options": header}, "properties": [{"id": "unit", "value": unit}]}
        for header, unit, _ in columns
    ] + [
        {"matcher": {"id": "byName", "options": header}, "properties": [{"id": "links", "value": [{
            "title": "Show", "url": f"/d/{path}&${{__url_time_range}}&${{datasource:queryparam}}&${{cluster:queryparam}}"}]}]}
        for header, path in links.items()
    ]
    options = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0, "sortBy": [{"displayName": columns[0][0], "desc": True}]}
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": True}
    made = panel("table", size, title, description, targets, options, "short", custom, overrides)
    return made | {"transformations": [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}]}


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def field(header):
    """A cell of the row whose link is followed."""
    return f'${{__data.fields["{header}"]:percentencode}}'


# Variables.


def variable(name, label, query, everything=True, regex="", current=None):
    chosen = {"text": "All", "value": "$__all"} if everything else {"text": current or "", "value": current or ""}
    many = {"includeAll": True, "multi": True, "allValue": ".*"} if everything else {"includeAll": False, "multi": False}
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "refresh": 2, "sort": 1, "regex": regex,
        "query": {"query": query, "refId": name}, "current": chosen, "options": [], "hide": 0, **many,
    }


DATASOURCE = {
    "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "regex": "", "refresh": 1,
    "current": {"text": "", "value": ""}, "options": [], "hide": 0, "includeAll": False, "multi": False,
}
CLUSTERS = variable("cluster", "Cluster", "label_values(kepler_node_cpu_joules_total, cluster)")
ZONES = variable("zone", "Zone", f"label_values(kepler_node_cpu_joules_total{{{CLUSTER}}}, zone)", False, current="package")


def nodes(everything=True):
    return variable("node", "Node", f"label_values(kepler_node_cpu_joules_total{{{CLUSTER}}}, node_name)", everything)


def namespaces(everything=True):
    query = f"label_values(kepler_pod_cpu_joules_total{{{CLUSTER}}}, pod_namespace)"
    return variable("namespace", "Namespace", query, everything)


def named(metric, selector, id_label, name_label):
    """(query, regex) of a variable that shows names and stands for ids."""
    query = f"query_result(group by ({id_label}, {name_label}) ({metric}{{{selector}}}))"
    return query, f'/{id_label}="(?<value>[^"]+)"(?:, *{name_label}="(?<text>[^"]+)")?/'


def place(panels):
    """Puts panels one after the other into rows of 24 columns."""
    x = y = height = 0
    for number, one in enumerate(panels):
        size = one["gridPos"]
        if x + size["w"] > 24:
            x, y, height = 0, y + height, 0
        one["id"] = number + 1
        one["gridPos"] = {"x": x, "y": y, **size}
        x, height = x + size["w"], max(height, size["h"])
    return panels


def dashboard(uid, title, description, variables, panels):
    return {
        "uid": uid, "title": f"Brahe / {title}", "description": description, "tags": ["brahe"], "schemaVersion": 39,
        "editable": True, "graphTooltip": 1, "refresh": "30s", "timezone": "", "time": {"from": "now-1h", "to": "now"},
        "annotations": {"list": []}, "templating": {"list": [DATASOURCE, CLUSTERS, *variables]},
        "links": [{
            "type": "dashboards", "title": "Brahe", "tags": ["brahe"], "asDropdown": True, "icon": "external link",
            "includeVars": True, "keepTime": True, "targetBlank": False, "tooltip": "The other dashboards of Brahe", "url": "",
        }],
        "panels": place(panels),
    }


# Where a cell leads. Variables that keep their value go along by the dashboard's own link.
TO_NODE = f'brahe-node?var-node={field("Node")}&${{zone:queryparam}}'
TO_NAMESPACE = f'brahe-namespace?var-namespace={field("Namespace")}&${{zone:queryparam}}'
TO_WORKLOAD = (
    f'brahe-workload?var-namespace={field("Namespace")}&var-kind={field("Kind")}&var-workload={field("Workload")}&${{zone:queryparam}}'
)
TO_POD = f'brahe-pod?var-namespace={field("Namespace")}&var-pod={field("Pod")}&${{zone:queryparam}}'
TO_CONTAINER = f'brahe-container?var-node={field("Node")}&var-container={field("Container id")}&${{zone:queryparam}}'
TO_PROCESS = f'brahe-process?var-node={field("Node")}&var-comm={field("Name")}&${{zone:queryparam}}'
TO_VM = f'brahe-vm?var-node={field("Node")}&var-vm={field("VM id")}&${{zone:queryparam}}'

NODES_J, ACTIVE_J, IDLE_J = (f"kepler_node_cpu_{part}joules_total" for part in ("", "active_", "idle_"))
PODS_J, CONTAINERS_J, PROCESSES_J, VMS_J = (f"kepler_{level}_cpu_joules_total" for level in ("pod", "container", "process", "vm"))


def bills(level, selector):
    """Energy, carbon and cost of the dashboard's time, by rules of one level: three stat panels."""
    names = (
        ("Energy", "kwatth", "brahe_energy_kwh", "no rules",
         "What the grid delivered: all zones that may be added up, times the data centre's overhead."),
        ("Carbon", "massg", "brahe_carbon_grams", "not set",
         "CO2 equivalent of it, by brahe:grid_carbon_intensity:gco2e_per_kwh, which you set in the rules."),
        ("Cost", "short", "brahe_cost", "not set",
         "What it costs in your currency, by brahe:electricity_price:per_kwh, which you set in the rules."),
    )
    return [
        stat(title, text + RULES_NOTE, unit, f"sum({minutes(f'{level}:{name}:increase1m', selector)})", noValue=without)
        for title, unit, name, without, text in names
    ]


def bill_columns(level, labels, selector):
    return [
        (header, unit, f"sum by ({labels}) ({minutes(f'{level}:{name}:increase1m', selector)})")
        for header, unit, name in (
            ("Energy, all zones", "kwatth", "brahe_energy_kwh"), ("Carbon", "massg", "brahe_carbon_grams"), ("Cost", "short", "brahe_cost"),
        )
    ]


def watts_and_joules(by, counter, selector, top=""):
    power, joules = f"sum by ({by}) ({rate(counter, selector)})", f"sum by ({by}) ({energy(counter, selector)})"
    return [
        ("Power", "watt", f"topk({top}, {power})" if top else power), ("Energy", "joule", f"topk({top}, {joules})" if top else joules),
    ]


def pods_table(selector, description, size=(24, 9)):
    return table(
        "Pods", description + ZONE_NOTE + SHORT_NOTE.removesuffix(".") + "; the workload's dashboard has it.",
        {"pod_namespace": "Namespace", "pod_name": "Pod", "node_name": "Node"},
        watts_and_joules("pod_namespace, pod_name, node_name", PODS_J, selector),
        {"Namespace": TO_NAMESPACE, "Pod": TO_POD, "Node": TO_NODE}, size,
    )


def containers_table(counter, size=(24, 9)):
    """counter: the counter's series in braces and parentheses as they are to be, for rate() and increase()."""
    by = "container_name, container_id, runtime, node_name"
    return table(
        "Containers", "Power at the moment and energy in the dashboard's time." + ZONE_NOTE + SHORT_NOTE,
        {"container_name": "Container", "container_id": "Container id", "runtime": "Runtime", "node_name": "Node"},
        [("Power", "watt", f"sum by ({by}) ({counter('rate', WINDOW)})"), ("Energy", "joule", f"sum by ({by}) ({counter('increase', '$__range')})")],
        {"Container": TO_CONTAINER, "Container id": TO_CONTAINER, "Node": TO_NODE}, size,
    )


def processes_table(selector, size=(24, 9)):
    return table(
        "Processes", "The 30 with the most power or energy." + ZONE_NOTE + SHORT_NOTE,
        {"comm": "Name", "pid": "PID", "exe": "Program", "type": "Type", "container_id": "Container id", "vm_id": "VM id", "node_name": "Node"},
        watts_and_joules("comm, pid, exe, type, container_id, vm_id, node_name", PROCESSES_J, selector, top="30"),
        {"Name": TO_PROCESS, "Container id": TO_CONTAINER, "VM id": TO_VM, "Node": TO_NODE}, size,
    )


def vms_table(selector, size=(24, 9)):
    return table(
        "Virtual machines", "Power at the moment and energy in the dashboard's time." + ZONE_NOTE + SHORT_NOTE,
        {"vm_name": "VM", "vm_id": "VM id", "hypervisor": "Hypervisor", "node_name": "Node"},
        watts_and_joules("vm_name, vm_id, hypervisor, node_name", VMS_J, selector),
        {"VM": TO_VM, "VM id": TO_VM, "Node": TO_NODE}, size,
    )


def overview():
    return dashboard("brahe-overview", "Overview", "Power, energy, carbon and cost of the cluster, its nodes and namespaces.", [ZONES], [
        stat("Power", "Mean power of the last minute, of each node the zones that may be added up." + RULES_NOTE, "watt",
             f"sum(cluster:kepler_node_cpu_watts:avg1m{{{CLUSTER}}})"),
        stat("Power in the zone", "All nodes together." + ZONE_NOTE, "watt", f"sum({rate(NODES_J, ZONE)})"),
        stat("Nodes", "Nodes that tell of energy.", "short", f"count(group by (cluster, node_name) ({NODES_J}{{{CLUSTER}}}))"),
        *bills("cluster", CLUSTER),
        graph("Power by node", "Active and idle power." + ZONE_NOTE, "watt",
              (f"sum by (node_name) ({rate(NODES_J, ZONE)})", "{{node_name}}"), stacked=True),
        graph("Power by namespace", "Active power of pods. What no pod has is the idle power and that of the rest of each node." + ZONE_NOTE,
              "watt", (f"sum by (pod_namespace) ({rate(PODS_J, ZONE)})", "{{pod_namespace}}"), stacked=True),
        graph("Active and idle power", "Active is the power for the time in which CPUs were busy; idle is the rest, which no workload has." + ZONE_NOTE,
              "watt", (f"sum({rate(ACTIVE_J, ZONE)})", "active"), (f"sum({rate(IDLE_J, ZONE)})", "idle"), stacked=True),
        graph("Power by zone", "One zone contains another: psys all, package core and uncore. Not stacked for that reason.", "watt",
              (f"sum by (zone) ({rate(NODES_J, CLUSTER)})", "{{zone}}")),
        table("Namespaces", "Power in the zone; energy, carbon and cost of the dashboard's time by the recording rules." + RULES_NOTE,
              {"pod_namespace": "Namespace"},
              [("Power", "watt", f"sum by (pod_namespace) ({rate(PODS_J, ZONE)})"), *bill_columns("namespace", "pod_namespace", CLUSTER)],
              {"Namespace": TO_NAMESPACE}, size=(12, 10)),
        table("Nodes", "Power and busy share; energy, carbon and cost of the dashboard's time by the recording rules." + RULES_NOTE,
              {"node_name": "Node"},
              [("Power", "watt", f"sum by (node_name) ({rate(NODES_J, ZONE)})"),
               ("Busy", "percentunit", f"sum by (node_name) (kepler_node_cpu_usage_ratio{{{CLUSTER}}})"),
               *bill_columns("node", "node_name", CLUSTER)],
              {"Node": TO_NODE}, size=(12, 10)),
    ])


def node():
    return dashboard("brahe-node", "Node", "One node: its zones and sockets, active and idle power, and what runs there.", [nodes(False), ZONES], [
        stat("Power", "Of the zone." + ZONE_NOTE, "watt", f"sum({rate(NODES_J, NODE_ZONE)})"),
        stat("Active", "The part of it for the time in which CPUs were busy." + ZONE_NOTE, "watt", f"sum({rate(ACTIVE_J, NODE_ZONE)})"),
        stat("Idle", "The part for the time in which they were idle." + ZONE_NOTE, "watt", f"sum({rate(IDLE_J, NODE_ZONE)})"),
        stat("Busy", "Busy share of all CPUs in the last epoch.", "percentunit", f"avg(kepler_node_cpu_usage_ratio{{{NODE}}})"),
        *bills("node", NODE)[:2],
        graph("Power by zone", "One zone contains another: psys all, package core and uncore. Not stacked for that reason.", "watt",
              (f"sum by (zone) ({rate(NODES_J, NODE)})", "{{zone}}")),
        graph("Active and idle power", "Of the zone." + ZONE_NOTE, "watt",
              (f"sum({rate(ACTIVE_J, NODE_ZONE)})", "active"), (f"sum({rate(IDLE_J, NODE_ZONE)})", "idle"), stacked=True),
        graph("Power by socket", "Each socket's own counter; empty for Kepler's metrics, which have the sum alone." + ZONE_NOTE, "watt",
              (f"sum by (socket) ({rate('brahe_socket_cpu_joules_total', NODE_ZONE)})", "socket {{socket}}"), stacked=True),
        graph("Whose the active power is", "Pods, virtual machines, other listed processes, and what no listed process has." + ZONE_NOTE, "watt",
              (f"sum({rate(PODS_J, NODE_ZONE)})", "pods"), (f"sum({rate(VMS_J, NODE_ZONE)})", "virtual machines"),
              (f"sum({rate(PROCESSES_J, REGULAR)})", "other processes"),
              (f"sum({rate('brahe_process_unlisted_joules_total', NODE_ZONE)})", "unlisted")),
        pods_table(NODE_ZONE, "Power at the moment and energy in the dashboard's time."),
        containers_table(lambda function, window: f"{function}({CONTAINERS_J}{{{NODE_ZONE}}}[{window}])"),
        vms_table(NODE_ZONE),
        processes_table(NODE_ZONE),
    ])


def namespace():
    return dashboard("brahe-namespace", "Namespace", "The workloads and pods of a namespace.", [namespaces(), ZONES], [
        stat("Power", "Active power of its pods." + ZONE_NOTE, "watt", f"sum({rate(PODS_J, zone_of(NAMESPACE))})"),
        stat("Pods", "Pods that run or have ended in the last minutes.", "short", f"count(group by (cluster, pod_id) ({PODS_J}{{{NAMESPACE}}}))"),
        *bills("namespace", NAMESPACE),
        stat("Share", "Of the active energy of all nodes in the last minutes." + ZONE_NOTE, "percentunit",
             f'sum({rate(PODS_J, zone_of(NAMESPACE))}) / sum({rate(ACTIVE_J, ZONE)})'),
        graph("Power by workload", "Deployments and other owners of pods, each minute's mean." + ZONE_NOTE + RULES_NOTE, "watt",
              (f"sum by (owner_kind, owner_name) (owner_zone:kepler_pod_cpu_joules:increase1m{{{zone_of(NAMESPACE)}}}) / 60",
               "{{owner_kind}} {{owner_name}}"), stacked=True),
        graph("Power by pod", "The 20 pods with the most." + ZONE_NOTE, "watt",
              (f"topk(20, sum by (pod_namespace, pod_name) ({rate(PODS_J, zone_of(NAMESPACE))}))", "{{pod_name}}"), stacked=True),
        table("Workloads", "Energy, carbon and cost of the dashboard's time; short pods count in full." + RULES_NOTE,
              {"pod_namespace": "Namespace", "owner_kind": "Kind", "owner_name": "Workload"},
              [("Power, all zones", "watt", f"sum by (pod_namespace, owner_kind, owner_name) (owner:kepler_pod_cpu_watts:avg1m{{{NAMESPACE}}})"),
               *bill_columns("owner", "pod_namespace, owner_kind, owner_name", NAMESPACE)],
              {"Namespace": TO_NAMESPACE, "Workload": TO_WORKLOAD}),
        pods_table(zone_of(NAMESPACE), "Power at the moment and energy in the dashboard's time."),
    ])


def workload():
    owners = "owner:kepler_pod_cpu_joules:increase1m"
    of = zone_of(WORKLOAD)
    return dashboard("brahe-workload", "Workload", "One Deployment, StatefulSet, DaemonSet, CronJob or other owner of pods.", [
        namespaces(), variable("kind", "Kind", f"label_values({owners}{{{NAMESPACE}}}, owner_kind)"),
        variable("workload", "Workload", f'label_values({owners}{{{NAMESPACE}, owner_kind=~"$kind"}}, owner_name)'), ZONES,
    ], [
        stat("Power", "Mean power of the last minute, all zones that may be added up." + RULES_NOTE, "watt",
             f"sum(owner:kepler_pod_cpu_watts:avg1m{{{WORKLOAD}}})"),
        stat("Pods", "Pods that run or have ended in the last minutes." + RULES_NOTE, "short", f"count(pod:kepler_pod_cpu_joules:increase1m{{{WORKLOAD}}})"),
        *bills("owner", WORKLOAD),
        graph("Power by zone", "Each minute's mean. One zone contains another: not stacked for that reason." + RULES_NOTE, "watt",
              (f"sum by (zone) (owner_zone:kepler_pod_cpu_joules:increase1m{{{WORKLOAD}}}) / 60", "{{zone}}")),
        graph("Power by pod", "Each minute's mean." + ZONE_NOTE + RULES_NOTE, "watt",
              (f"sum by (pod_name) (pod_zone:kepler_pod_cpu_joules:increase1m{{{of}}}) / 60", "{{pod_name}}"), stacked=True),
        table("Pods", "Power of the last minute, and energy of the dashboard's time in which short pods count in full." + ZONE_NOTE + RULES_NOTE,
              {"pod_namespace": "Namespace", "pod_name": "Pod", "node_name": "Node"},
              [("Energy", "joule", f"sum by (pod_namespace, pod_name, node_name) ({minutes('pod_zone:kepler_pod_cpu_joules:increase1m', of)})"),
               ("Power", "watt", f"sum by (pod_namespace, pod_name, node_name) (pod_zone:kepler_pod_cpu_joules:increase1m{{{of}}}) / 60")],
              {"Namespace": TO_NAMESPACE, "Pod": TO_POD, "Node": TO_NODE}),
    ])


def pod():
    of = zone_of(POD)
    names = f"* on (cluster, node_name, pod_id) group_left () group by (cluster, node_name, pod_id) ({PODS_J}{{{POD}}})"

    def containers(function, window):
        return f"{function}({CONTAINERS_J}{{{ZONE}}}[{window}]) {names}"

    cores = f"rate(kepler_container_cpu_seconds_total{{{CLUSTER}}}[{WINDOW}]) {names}"
    query = f"label_values({PODS_J}{{{NAMESPACE}}}, pod_name)"
    return dashboard("brahe-pod", "Pod", "A pod and its containers.", [namespaces(), variable("pod", "Pod", query), ZONES], [
        stat("Power", "Active power." + ZONE_NOTE, "watt", f"sum({rate(PODS_J, of)})"),
        stat("Energy", "In the dashboard's time." + ZONE_NOTE + SHORT_NOTE, "joule", f"sum({energy(PODS_J, of)})"),
        stat("CPU time", "CPU seconds for each second.", "short", f"sum({cores})"),
        stat("Power of a CPU second", "Joules for each second of CPU time: what time costs where it ran." + ZONE_NOTE, "joule",
             f"sum({rate(PODS_J, of)}) / sum({cores})"),
        graph("Power by zone", "One zone contains another: not stacked for that reason.", "watt", (f"sum by (zone) ({rate(PODS_J, POD)})", "{{zone}}")),
        graph("Power by container", "A container without a name has not been told of yet; POD is the one that holds the pod's namespaces." + ZONE_NOTE,
              "watt", (f"sum by (container_name) ({containers('rate', WINDOW)})", "{{container_name}}"), stacked=True),
        graph("CPU time by container", "CPU seconds for each second.", "short", (f"sum by (container_name) ({cores})", "{{container_name}}"), stacked=True),
        graph("Energy so far", "The counters themselves, since the exporter's start." + ZONE_NOTE, "joule",
              (f"sum by (pod_name) ({PODS_J}{{{of}}})", "{{pod_name}}")),
        containers_table(containers),
        pods_table(of, "Power at the moment and energy in the dashboard's time."),
    ])


def container():
    of = zone_of(CONTAINER)
    query, regex = named(CONTAINERS_J, NODE, "container_id", "container_name")
    return dashboard("brahe-container", "Container", "Containers of any runtime, in Kubernetes or not, and their processes.", [
        nodes(), variable("container", "Container", query, regex=regex), ZONES,
    ], [
        stat("Power", "Active power." + ZONE_NOTE, "watt", f"sum({rate(CONTAINERS_J, of)})"),
        stat("Energy", "In the dashboard's time." + ZONE_NOTE + SHORT_NOTE, "joule", f"sum({energy(CONTAINERS_J, of)})"),
        stat("CPU time", "CPU seconds for each second.", "short", f"sum({rate('kepler_container_cpu_seconds_total', CONTAINER)})"),
        stat("Containers", "That run or have ended in the last minutes.", "short", f"count(group by (node_name, container_id) ({CONTAINERS_J}{{{CONTAINER}}}))"),
        graph("Power by container", "The 20 with the most." + ZONE_NOTE, "watt",
              (f"topk(20, sum by (container_name, container_id) ({rate(CONTAINERS_J, of)}))", "{{container_name}} {{container_id}}"), stacked=True),
        graph("Power by runtime", "Docker, containerd, CRI-O, podman and others." + ZONE_NOTE, "watt",
              (f"sum by (runtime) ({rate(CONTAINERS_J, of)})", "{{runtime}}"), stacked=True),
        containers_table(lambda function, window: f"{function}({CONTAINERS_J}{{{of}}}[{window}])"),
        table("Processes in containers", "The 30 with the most power or energy." + ZONE_NOTE + SHORT_NOTE,
              {"comm": "Name", "pid": "PID", "exe": "Program", "container_id": "Container id", "node_name": "Node"},
              watts_and_joules("comm, pid, exe, container_id, node_name", PROCESSES_J, of + ', container_id!=""', top="30"),
              {"Name": TO_PROCESS, "Node": TO_NODE}),
    ])


def process():
    of = zone_of(PROCESS)
    query = f"label_values({PROCESSES_J}{{{NODE}}}, comm)"
    return dashboard("brahe-process", "Process", "Processes by name, also those that have ended in the last minutes.", [
        nodes(), variable("comm", "Name", query), ZONES,
    ], [
        stat("Power", "Active power of the chosen processes." + ZONE_NOTE, "watt", f"sum({rate(PROCESSES_J, of)})"),
        stat("Energy", "In the dashboard's time." + ZONE_NOTE + SHORT_NOTE, "joule", f"sum({energy(PROCESSES_J, of)})"),
        stat("CPU time", "CPU seconds for each second.", "short", f"sum({rate('kepler_process_cpu_seconds_total', PROCESS)})"),
        stat("Unlisted power", "Of processes that are not listed (any more), and of time that belongs to nobody." + ZONE_NOTE, "watt",
             f"sum({rate('brahe_process_unlisted_joules_total', NODE_ZONE)})"),
        graph("Power by name", "The 15 names with the most." + ZONE_NOTE, "watt",
              (f"topk(15, sum by (comm) ({rate(PROCESSES_J, of)}))", "{{comm}}"), stacked=True),
        graph("Power by type", "Regular, in a container, or of a virtual machine." + ZONE_NOTE, "watt",
              (f"sum by (type) ({rate(PROCESSES_J, of)})", "{{type}}"), stacked=True),
        processes_table(of),
    ])


def vm():
    of = zone_of(VM)
    query, regex = named(VMS_J, NODE, "vm_id", "vm_name")
    return dashboard("brahe-vm", "Virtual machine", "Virtual machines by the processes that run them.", [
        nodes(), variable("vm", "VM", query, regex=regex), ZONES,
    ], [
        stat("Power", "Active power." + ZONE_NOTE, "watt", f"sum({rate(VMS_J, of)})"),
        stat("Energy", "In the dashboard's time." + ZONE_NOTE + SHORT_NOTE, "joule", f"sum({energy(VMS_J, of)})"),
        stat("Virtual machines", "That run or have ended in the last minutes.", "short", f"count(group by (node_name, vm_id) ({VMS_J}{{{VM}}}))"),
        graph("Power by virtual machine", "Their vCPUs, emulation and vhost threads." + ZONE_NOTE, "watt",
              (f"sum by (vm_name, vm_id) ({rate(VMS_J, of)})", "{{vm_name}} {{vm_id}}"), stacked=True),
        graph("Power by zone", "One zone contains another: not stacked for that reason.", "watt", (f"sum by (zone) ({rate(VMS_J, VM)})", "{{zone}}")),
        vms_table(of),
        table("Processes", "Those that run the virtual machines." + ZONE_NOTE,
              {"comm": "Name", "pid": "PID", "exe": "Program", "vm_id": "VM id", "node_name": "Node"},
              watts_and_joules("comm, pid, exe, vm_id, node_name", PROCESSES_J, of + ', vm_id!=""'),
              {"Name": TO_PROCESS, "Node": TO_NODE}),
    ])


def per_epoch(histogram, quantile):
    return f"histogram_quantile({quantile}, sum by (le) ({rate(histogram + '_bucket', NODE)}))"


def itself():
    cores = "on (job, instance) group_left () count by (job, instance) (kepler_node_cpu_info)"
    books = f"sum by (job, instance, node_name, zone) ({PROCESSES_J}{{{NODE}}})"
    return dashboard("brahe-self", "Brahe itself", "Whether the books balance, what Brahe costs, what it cannot do and what went wrong.", [nodes()], [
        row("At a glance"),
        stat("Exporters", "That answer.", "short", f"count(brahe_cpu_time_source_info{{{NODE}}})"),
        faults("Alerts", "Of deploy/prometheus/alerts.yaml that are firing.", "short", 'count(ALERTS{alertname=~"Brahe.+", alertstate="firing"}) or vector(0)'),
        faults("Nodes with estimates", "Nodes whose energy is not measured.", "short",
               f'count(count by (node_name) (brahe_energy_source_info{{{NODE}, measured="false"}})) or vector(0)'),
        faults("Nodes that count from /proc", "There work that ends between two looks is charged to nobody.", "short",
               f'count(brahe_cpu_time_source_info{{{NODE}, source="procfs"}}) or vector(0)'),
        faults("Sensors that stand still", "Zones whose counter does not move though CPUs work.", "short", f"sum(brahe_energy_zone_still{{{NODE}}})"),
        faults("Features lost", "Things that kernels refuse.", "short", f'count(brahe_bpf_feature{{{NODE}, state="off"}}) or vector(0)'),
        table("Sources", "Where energy and CPU time come from.", {"node_name": "Node", "zone": "Zone", "source": "Source", "measured": "Measured"},
              [("Energy", "short", f"group by (node_name, zone, source, measured) (brahe_energy_source_info{{{NODE}}})"),
               ("CPU time", "short", f"group by (node_name, source) (brahe_cpu_time_source_info{{{NODE}}})")], size=(12, 7)),
        table("Versions", "What runs where.", {"instance": "Instance", "version": "Version", "revision": "Revision"},
              [("Exporters", "short", "count by (instance, version, revision) (brahe_build_info)")], size=(12, 7)),
        row("Books"),
        graph("Energy that is not in the books", "Active energy less listed and unlisted processes, in one scrape: 0 but for the rounding of sums.", "joule",
              (f"max by (zone) (abs({ACTIVE_J}{{{NODE}}} - on (job, instance, node_name, zone) brahe_process_unlisted_joules_total - on (job, instance, node_name, zone) {books}))",
               "{{zone}}")),
        graph("Time that is not in the books", "Busy and idle time against the capacity of all CPUs.", "percentunit",
              (f"{rate('brahe_conservation_error_seconds_total', NODE)} / {cores}", "{{node_name}}")),
        graph("Time that nobody is charged with", "Of all CPU time. Lost is what no BPF map had room for.", "percentunit",
              (f"{rate('brahe_unassigned_cpu_seconds_total', NODE)} / {cores}", "unassigned, {{node_name}}"),
              (f"{rate('brahe_lost_cpu_seconds_total', NODE)} / {cores}", "lost, {{node_name}}")),
        graph("Unlisted power", "Of processes that are not listed (any more), and of time that belongs to nobody.", "watt",
              (f"sum by (node_name, zone) ({rate('brahe_process_unlisted_joules_total', NODE)})", "{{zone}}, {{node_name}}")),
        row("Cost"),
        graph("CPU time of the exporter", "Seconds for each second.", "percentunit",
              (f"{rate('process_cpu_seconds_total', NODE)} and on (job, instance) brahe_build_info", "{{node_name}}")),
        graph("Memory", "Resident memory of the exporter.", "bytes",
              (f"process_resident_memory_bytes{{{NODE}}} and on (job, instance) brahe_build_info", "{{node_name}}")),
        graph("Time in BPF programs", "Counts while the sysctl kernel.bpf_stats_enabled is 1, which itself costs time.", "percentunit",
              (f"sum by (program) ({rate('brahe_bpf_run_seconds_total', NODE)})", "{{program}}")),
        graph("Context switches", "That were seen in the kernel, for each second.", "short",
              (f"sum by (node_name) ({rate('brahe_bpf_switches_total', NODE)})", "{{node_name}}")),
        graph("Epochs and scrapes", "99 of 100 took less.", "s", (per_epoch("brahe_epoch_duration_seconds", 0.99), "epoch"),
              (per_epoch("brahe_scrape_duration_seconds", 0.99), "scrape")),
        graph("Series", "Samples in a scrape.", "short", ("scrape_samples_scraped and on (job, instance) brahe_build_info", "{{instance}}")),
        row("Instants"),
        graph("Delay of epochs", "How long after the due instant epochs were cut: 99 of 100, and the half.", "s",
              (per_epoch("brahe_epoch_delay_seconds", 0.99), "99 %"), (per_epoch("brahe_epoch_delay_seconds", 0.5), "50 %")),
        graph("Reading of counters", "How long after the cut (lag) and how far from each other (skew) energy counters were read: 99 of 100.", "s",
              (per_epoch("brahe_energy_read_lag_seconds", 0.99), "lag"), (per_epoch("brahe_energy_read_skew_seconds", 0.99), "skew")),
        row("Faults"),
        graph("Sensors", "Readings that failed, and steps that were impossible, for each second.", "short",
              (f"sum by (node_name, zone) ({rate('brahe_energy_read_errors_total', NODE)})", "errors, {{zone}}, {{node_name}}"),
              (f"sum by (node_name, zone) ({rate('brahe_energy_resets_total', NODE)})", "resets, {{zone}}, {{node_name}}")),
        graph("Events of the kernel", "For each second: dropped for want of room, missed and repaired, left out by recursion, cuts announced too late.", "short",
              (f"sum({rate('brahe_bpf_dropped_events_total', NODE)})", "dropped"), (f"sum({rate('brahe_bpf_repaired_events_total', NODE)})", "repaired"),
              (f"sum({rate('brahe_bpf_recursion_misses_total', NODE)})", "recursion"), (f"sum({rate('brahe_late_cuts_total', NODE)})", "late cuts")),
        graph("Room in BPF maps", "Records in use, of those that there are.", "percentunit",
              (f"brahe_bpf_map_entries{{{NODE}}} / on (job, instance, node_name, map) brahe_bpf_map_capacity", "{{map}}, {{node_name}}")),
        table("Features of the kernel", "What a lost one costs is in docs/kernel-features.md.", {"feature": "Feature", "state": "State"},
              [("Nodes", "short", f"count by (feature, state) (brahe_bpf_feature{{{NODE}}})")], size=(12, 8)),
        row("Kubernetes"),
        graph("Pods", "That Kubernetes told of last.", "short", (f"brahe_pods{{{NODE}}}", "{{node_name}}")),
        graph("Age", "Time since Kubernetes last told of the pods.", "s", (f"brahe_pods_age_seconds{{{NODE}}}", "{{node_name}}")),
        graph("Requests", "For each second, and those that failed, by cause.", "short",
              (f"sum({rate('brahe_pod_fetches_total', NODE)})", "all"), (f"sum by (cause) ({rate('brahe_pod_fetch_failures_total', NODE)})", "{{cause}}")),
        graph("Pods left out", "Told of in a form that cannot be used, too large, or too many.", "short",
              (f"sum by (node_name) ({rate('brahe_pods_left_out_total', NODE)})", "{{node_name}}")),
    ])


def all_dashboards():
    return [overview(), node(), namespace(), workload(), pod(), container(), process(), vm(), itself()]


def main():
    for one in all_dashboards():
        with open(os.path.join(sys.argv[1], one["uid"] + ".json"), "w", encoding="utf-8") as out:
            json.dump(one, out, indent=2)
            out.write("\n")


if __name__ == "__main__":
    main()
