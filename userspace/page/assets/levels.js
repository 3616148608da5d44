// The levels that energy is told by: what each is called, where the snapshot has it, and what its workloads are called.

const groupsOf = (level) => (snapshot) => snapshot.groups.filter((group) => group.level === level);
const label = (name) => (group) => group.labels[name];

const LEVELS = [
  { key: "pod", title: "Pods", list: (s) => s.pods, name: podName, detail: () => "" },
  { key: "namespace", title: "Namespaces", list: groupsOf("namespace"), name: label("namespace"), detail: () => "" },
  {
    key: "owner",
    title: "Owners",
    list: groupsOf("owner"),
    name: ({ labels }) => `${labels.namespace}/${labels.name}`,
    detail: ({ labels }) => labels.kind,
  },
  { key: "program", title: "Programs", list: groupsOf("program"), name: label("program"), detail: () => "" },
  { key: "vm", title: "VMs", list: (s) => s.vms, name: (vm) => vm.vm_name || vm.vm_id, detail: (vm) => `${vm.hypervisor} ${vm.vm_id}` },
  {
    key: "container",
    title: "Containers",
    list: (s) => s.containers,
    name: (c) => c.container_name || c.container_id.slice(0, 12),
    detail: (c) => `${c.runtime} ${c.container_id.slice(0, 12)}`,
  },
  { key: "unit", title: "Units", list: groupsOf("unit"), name: label("unit"), detail: () => "" },
  {
    key: "user",
    title: "Users",
    list: groupsOf("user"),
    name: ({ labels }) => labels.user || labels.uid,
    detail: ({ labels }) => `uid ${labels.uid}`,
  },
  {
    key: "job",
    title: "Jobs",
    list: groupsOf("job"),
    name: ({ labels }) => labels.job,
    detail: ({ labels }) => `${labels.scheduler}, ${labels.user}`,
  },
  { key: "process", title: "Processes", list: (s) => s.processes, name: (p) => p.comm || String(p.pid), detail: (p) => `${p.pid} ${p.exe}` },
];

function podName(pod) {
  return pod.pod_name ? `${pod.pod_namespace}/${pod.pod_name}` : pod.pod_id;
}

export const levelOf = (key) => LEVELS.find((level) => level.key === key);

// All that are small enough to be asked for at any time.
export const ALL_BUT_PROCESSES = LEVELS.map(({ key }) => key).filter((key) => key !== "process");

// Those that have anything on this node. Processes there are always.
export const levelsIn = (snapshot) => LEVELS.filter((level) => level.key === "process" || level.list(snapshot).length > 0);

// A level's workloads with their figures of each zone.
export function itemsOf(snapshot, key) {
  const level = levelOf(key);
  return level.list(snapshot).map((workload) => ({
    name: level.name(workload),
    pastName: pastOf(key) && pastName(workload),
    detail: level.detail(workload),
    ended: workload.state === "terminated",
    cpuTime: workload.cpu_time_ns,
    zones: workload.zones,
    workload,
  }));
}

// The level that the exporter keeps a past of; null for one that it keeps none of.
export const pastOf = (key) => (key === "process" ? null : key);

// What a workload is called in the past.
function pastName({ labels, pod_id: pod, pod_name: name, pod_namespace: space, ...rest }) {
  if (labels) return Object.values(labels).filter(Boolean).join("/");
  if (rest.container_id !== undefined) return rest.container_name || rest.container_id;
  if (rest.vm_id !== undefined) return rest.vm_name || rest.vm_id;
  return name ? [space, name].filter(Boolean).join("/") : pod;
}

// By zone, what is in none of a level's workloads: {energy_uj, power_uw, pending_uj}, or nothing where nobody keeps it.
export function restOf(snapshot, key, zone) {
  if (key !== "process") return snapshot.rests.find((rest) => rest.level === key && rest.zone === zone);
  const rest = snapshot.unlisted_processes.find((one) => one.zone === zone);
  return rest && { ...rest, pending_uj: 0 };
}

export const primaryZone = (snapshot) => snapshot.zones.findIndex(({ zone }) => zone === snapshot.primary_zone);
