// SPDX-License-Identifier: GPL-2.0
/*
 * The RAPL PMU for tests: a perf PMU called "power" with the events, units and cpumask of the kernel's own, whose power
 * is what a test says. Touches no hardware. Not to be loaded beside the kernel's rapl module.
 *
 * insmod test_power.ko [mw=CORES,PKG,RAM,GPU,PSYS]: milliwatts of each event, on every package.
 */
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/perf_event.h>
#include <linux/topology.h>

enum { CORES, PKG, RAM, GPU, PSYS, EVENTS };

static unsigned long mw[EVENTS] = {20000, 50000, 10000, 5000, 80000};
module_param_array(mw, ulong, NULL, 0444);

static struct pmu power_pmu;

/* Counts of 2^-32 J since boot; event N has the config N + 1. */
static u64 count_of(u64 config)
{
	u64 uj = div64_u64(div_u64(ktime_get_ns(), 1000) * mw[config - 1], 1000);
	u64 rest_uj, joules = div64_u64_rem(uj, 1000000, &rest_uj);

	return (joules << 32) + div_u64(rest_uj << 32, 1000000);
}

static void power_read(struct perf_event *event)
{
	u64 now = count_of(event->attr.config);

	local64_add(now - local64_xchg(&event->hw.prev_count, now), &event->count);
}

static void power_start(struct perf_event *event, int flags)
{
	local64_set(&event->hw.prev_count, count_of(event->attr.config));
	event->hw.state = 0;
}

static void power_stop(struct perf_event *event, int flags)
{
	if (event->hw.state & PERF_HES_STOPPED)
		return;
	power_read(event);
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
}

static int power_add(struct perf_event *event, int flags)
{
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
	if (flags & PERF_EF_START)
		power_start(event, flags);
	return 0;
}

static void power_del(struct perf_event *event, int flags)
{
	power_stop(event, flags);
}

static int power_event_init(struct perf_event *event)
{
	if (event->attr.type != power_pmu.type)
		return -ENOENT;
	if (event->attr.sample_period || event->cpu < 0 || event->attr.config < 1 || event->attr.config > EVENTS)
		return -EINVAL;
	return 0;
}

/* One CPU of each package. */
static ssize_t cpumask_show(struct device *device, struct device_attribute *attribute, char *page)
{
	int cpu, other, length = 0;

	for_each_online_cpu (cpu) {
		bool first = true;

		for_each_online_cpu (other)
			if (other < cpu && topology_physical_package_id(other) == topology_physical_package_id(cpu))
				first = false;
		if (first)
			length += sysfs_emit_at(page, length, length ? ",%d" : "%d", cpu);
	}
	return length + sysfs_emit_at(page, length, "\n");
}
static DEVICE_ATTR_RO(cpumask);
static struct attribute *cpumask_attrs[] = {&dev_attr_cpumask.attr, NULL};
static const struct attribute_group cpumask_group = {.attrs = cpumask_attrs};

PMU_FORMAT_ATTR(event, "config:0-7");
static struct attribute *format_attrs[] = {&format_attr_event.attr, NULL};
static const struct attribute_group format_group = {.name = "format", .attrs = format_attrs};

#define POWER_FILE(id, file, content)                                                                                  \
	static struct perf_pmu_events_attr id = {                                                                      \
	    .attr = {.attr = {.name = file, .mode = 0444}, .show = perf_event_sysfs_show},                             \
	    .event_str = content,                                                                                      \
	}
#define POWER_EVENT(id, file, code)                                                                                    \
	POWER_FILE(id##_event, file, "event=" code);                                                                   \
	POWER_FILE(id##_unit, file ".unit", "Joules");                                                                 \
	POWER_FILE(id##_scale, file ".scale", "2.3283064365386962890625e-10")
#define POWER_ATTRS(id) &id##_event.attr.attr, &id##_unit.attr.attr, &id##_scale.attr.attr

POWER_EVENT(cores, "energy-cores", "0x01");
POWER_EVENT(pkg, "energy-pkg", "0x02");
POWER_EVENT(ram, "energy-ram", "0x03");
POWER_EVENT(gpu, "energy-gpu", "0x04");
POWER_EVENT(psys, "energy-psys", "0x05");
static struct attribute *event_attrs[] = {
    POWER_ATTRS(cores), POWER_ATTRS(pkg), POWER_ATTRS(ram), POWER_ATTRS(gpu), POWER_ATTRS(psys), NULL,
};
static const struct attribute_group event_group = {.name = "events", .attrs = event_attrs};

static const struct attribute_group *groups[] = {&cpumask_group, &format_group, &event_group, NULL};

static struct pmu power_pmu = {
    .module = THIS_MODULE,
    .attr_groups = groups,
    .task_ctx_nr = perf_invalid_context,
    .event_init = power_event_init,
    .add = power_add,
    .del = power_del,
    .start = power_start,
    .stop = power_stop,
    .read = power_read,
    .capabilities = PERF_PMU_CAP_NO_EXCLUDE,
};

static int __init test_power_init(void)
{
	return perf_pmu_register(&power_pmu, "power", -1);
}

static void __exit test_power_exit(void)
{
	perf_pmu_unregister(&power_pmu);
}

module_init(test_power_init);
module_exit(test_power_exit);
MODULE_DESCRIPTION("A perf PMU of power whose figures a test decides");
MODULE_LICENSE("GPL");
