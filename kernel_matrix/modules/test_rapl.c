// SPDX-License-Identifier: GPL-2.0
/*
 * RAPL for tests: a powercap tree like the one of intel_rapl_msr, whose energy is what a test says. Touches no
 * hardware. Its counters move in units and wrap as the hardware's do: to 0 after max_energy_range_uj, which is one unit
 * less than the modulus.
 *
 * insmod test_rapl.ko zones=package-0,package-0/dram,package-1 [unit_uj=61] [range_uj=262143328850]
 *
 * A zone's power is 0 at first. One command at a time is written to /sys/module/test_rapl/parameters/command:
 *   power ZONE MILLIWATTS    its energy rises from now on
 *   step ZONE MICROJOULES    its energy rises by that at once
 *   range ZONE MICROJOULES   another max_energy_range_uj
 *   error ZONE ERRNO         energy_uj cannot be read; 0: it can again. (powercap turns any errno into EINVAL.)
 *   delay ZONE MILLISECONDS  how long reading energy_uj takes
 *   remove ZONE              it vanishes, with the zones below it
 *   add ZONE                 it is there again; the zones below it are to be added one by one
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/powercap.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#define MAX_ZONES 32

struct test_zone {
	struct powercap_zone powercap;
	struct completion released;
	char path[48];
	struct test_zone *parent;
	bool present;
	int error;
	unsigned int delay_ms;
	spinlock_t lock; /* of what is below */
	u64 energy_uj;	 /* since the start; never wraps */
	u64 rest_pj;
	u64 counted_ns; /* CLOCK_MONOTONIC; energy_uj is of this instant */
	u64 power_mw;
	u64 range_uj;
};

static struct test_zone all_zones[MAX_ZONES];
static int zone_count;
static struct powercap_control_type *control_type;
static DEFINE_MUTEX(configuration);

static char *zones = "package-0,package-0/core,package-0/dram";
module_param(zones, charp, 0444);
static unsigned int unit_uj = 61;
module_param(unit_uj, uint, 0444);
static unsigned long range_uj = 262143328850UL;
module_param(range_uj, ulong, 0444);

static struct test_zone *zone_of(struct powercap_zone *powercap)
{
	return container_of(powercap, struct test_zone, powercap);
}

static void count_energy(struct test_zone *zone)
{
	u64 now = ktime_get_ns(), pj;

	lockdep_assert_held(&zone->lock);
	pj = (now - zone->counted_ns) * zone->power_mw + zone->rest_pj; /* mW * ns = pJ */
	zone->counted_ns = now;
	zone->energy_uj += div64_u64_rem(pj, 1000000, &zone->rest_pj);
}

static int get_energy(struct powercap_zone *powercap, u64 *energy)
{
	struct test_zone *zone = zone_of(powercap);
	u64 ticks, modulus, raw;

	msleep(READ_ONCE(zone->delay_ms));
	if (READ_ONCE(zone->error))
		return -READ_ONCE(zone->error);
	spin_lock(&zone->lock);
	count_energy(zone);
	ticks = div_u64(zone->energy_uj, unit_uj);
	modulus = div_u64(zone->range_uj, unit_uj) + 1;
	spin_unlock(&zone->lock);
	div64_u64_rem(ticks, modulus, &raw);
	*energy = raw * unit_uj;
	return 0;
}

static int get_range(struct powercap_zone *powercap, u64 *range)
{
	*range = READ_ONCE(zone_of(powercap)->range_uj);
	return 0;
}

static int get_enable(struct powercap_zone *powercap, bool *mode)
{
	*mode = true;
	return 0;
}

static int set_enable(struct powercap_zone *powercap, bool mode)
{
	return -EPERM;
}

static int release(struct powercap_zone *powercap)
{
	complete(&zone_of(powercap)->released);
	return 0;
}

static const struct powercap_zone_ops zone_ops = {
    .get_energy_uj = get_energy,
    .get_max_energy_range_uj = get_range,
    .get_enable = get_enable,
    .set_enable = set_enable,
    .release = release,
};

/* powercap wants a constraint of each zone. */
static int get_limit(struct powercap_zone *powercap, int constraint, u64 *value)
{
	*value = 100000000;
	return 0;
}

static int set_limit(struct powercap_zone *powercap, int constraint, u64 value)
{
	return -EPERM;
}

static const char *get_constraint_name(struct powercap_zone *powercap, int constraint)
{
	return "long_term";
}

static const struct powercap_zone_constraint_ops constraint_ops = {
    .get_power_limit_uw = get_limit,
    .set_power_limit_uw = set_limit,
    .get_time_window_us = get_limit,
    .set_time_window_us = set_limit,
    .get_name = get_constraint_name,
};

static struct test_zone *find_zone(const char *path)
{
	int i;

	for (i = 0; i < zone_count; i++)
		if (!strcmp(all_zones[i].path, path))
			return &all_zones[i];
	return NULL;
}

static int add_zone(struct test_zone *zone)
{
	const char *slash = strrchr(zone->path, '/');
	struct powercap_zone *added;

	if (zone->present || (zone->parent && !zone->parent->present))
		return -EINVAL;
	init_completion(&zone->released);
	memset(&zone->powercap, 0, sizeof(zone->powercap));
	added = powercap_register_zone(&zone->powercap, control_type, slash ? slash + 1 : zone->path,
				       zone->parent ? &zone->parent->powercap : NULL, &zone_ops, 1, &constraint_ops);
	if (IS_ERR(added))
		return PTR_ERR(added);
	zone->present = true;
	return 0;
}

static void remove_zone(struct test_zone *zone)
{
	int i;

	if (!zone->present)
		return;
	for (i = 0; i < zone_count; i++)
		if (all_zones[i].parent == zone)
			remove_zone(&all_zones[i]);
	zone->present = false;
	powercap_unregister_zone(control_type, &zone->powercap);
	wait_for_completion(&zone->released);
}

static int make_zone(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct test_zone *zone = &all_zones[zone_count];
	int error;

	if (zone_count == MAX_ZONES || strscpy(zone->path, path, sizeof(zone->path)) < 0)
		return -EINVAL;
	if (slash) {
		zone->path[slash - path] = 0;
		zone->parent = find_zone(zone->path);
		zone->path[slash - path] = '/';
		if (!zone->parent)
			return -EINVAL;
	}
	spin_lock_init(&zone->lock);
	zone->counted_ns = ktime_get_ns();
	zone->range_uj = range_uj;
	error = add_zone(zone);
	if (!error)
		zone_count++;
	return error;
}

static int set_number(struct test_zone *zone, const char *verb, u64 number)
{
	int error = 0;

	spin_lock(&zone->lock);
	count_energy(zone);
	if (!strcmp(verb, "power"))
		zone->power_mw = number;
	else if (!strcmp(verb, "step"))
		zone->energy_uj += number;
	else if (!strcmp(verb, "range"))
		zone->range_uj = number;
	else if (!strcmp(verb, "error"))
		zone->error = number;
	else if (!strcmp(verb, "delay"))
		zone->delay_ms = number;
	else
		error = -EINVAL;
	spin_unlock(&zone->lock);
	return error;
}

static int set_command(const char *text, const struct kernel_param *parameter)
{
	unsigned long long number;
	char verb[16], path[48];
	struct test_zone *zone;
	int words, error = 0;

	words = sscanf(text, "%15s %47s %llu", verb, path, &number);
	mutex_lock(&configuration);
	zone = words < 2 ? NULL : find_zone(path);
	if (!zone)
		error = -EINVAL;
	else if (!strcmp(verb, "add"))
		error = add_zone(zone);
	else if (!strcmp(verb, "remove"))
		remove_zone(zone);
	else
		error = words == 3 ? set_number(zone, verb, number) : -EINVAL;
	mutex_unlock(&configuration);
	return error;
}

static const struct kernel_param_ops command_ops = {.set = set_command};
module_param_cb(command, &command_ops, NULL, 0200);

static void remove_all(void)
{
	int i;

	for (i = 0; i < zone_count; i++)
		remove_zone(&all_zones[i]);
	powercap_unregister_control_type(control_type);
}

static int __init test_rapl_init(void)
{
	char *list, *rest, *path;
	int error = 0;

	if (!unit_uj)
		return -EINVAL;
	list = kstrdup(zones, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	control_type = powercap_register_control_type(NULL, "intel-rapl", NULL);
	if (IS_ERR(control_type)) {
		kfree(list);
		return PTR_ERR(control_type);
	}
	rest = list;
	while (!error && (path = strsep(&rest, ",")))
		error = make_zone(path);
	kfree(list);
	if (error)
		remove_all();
	return error;
}

static void __exit test_rapl_exit(void)
{
	remove_all();
}

module_init(test_rapl_init);
module_exit(test_rapl_exit);
MODULE_DESCRIPTION("RAPL zones whose energy a test decides");
MODULE_LICENSE("GPL");
