/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sys/stat.h>

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "../../src/memory.h"
#include "aid.h"
#include "suites.h"

#include "banned.h"

/* What the files say */

static char machine[PATH_MAX], member[PATH_MAX], groups[PATH_MAX];
static const struct memory_files files = {
    .machine = machine, .member = member, .groups = groups};

static void
set_machine(const char *text)
{
	(void)aid_make_file("meminfo", text, 0600);
}

static void
set_member(const char *text)
{
	(void)aid_make_file("cgroup", text, 0600);
}

static void
set_group(
    const char *name, const char *max, const char *current, const char *stat)
{
	static const char *const names[] = {
	    "memory.max", "memory.current", "memory.stat"};
	const char *const texts[] = {max, current, stat};
	char path[256];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", name, names[i]);
		if (texts[i] != NULL)
			(void)aid_make_file(path, texts[i], 0600);
	}
}

static void
path_in(char ret[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(ret, PATH_MAX, "%s/%s", dir, name);

	ck_assert_int_lt(n, PATH_MAX);
}

static void
make_group(const char *name)
{
	char path[PATH_MAX];

	path_in(path, aid_dir(), name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

/* A machine with enough, and a group in another one. */
static void
set_up(void)
{
	const char *dir = aid_make_dir();

	path_in(machine, dir, "meminfo");
	path_in(member, dir, "cgroup");
	path_in(groups, dir, "groups");
	make_group("groups");
	make_group("groups/slice");
	make_group("groups/slice/unit");
	set_machine("MemTotal:       1000 kB\n"
		    "MemFree:          10 kB\n"
		    "MemAvailable:    500 kB\n");
	set_member("0::/slice/unit\n");
}

START_TEST(the_machine_has_so_much_left)
{
	ck_assert(!memory_short_by(&files, 50));
	ck_assert(memory_short_by(&files, 51));
}
END_TEST

/* That is the kernel's word where there is less than it wants to keep. */
START_TEST(the_machine_has_nothing_left)
{
	set_machine("MemTotal: 1000 kB\nMemAvailable: 0 kB\n");
	ck_assert(memory_short_by(&files, 1));
}
END_TEST

/* Of a group with a limit of 1024000, so many bytes are in use. */
#define LIMIT "1024000\n"
#define ALL   "1024000\n"
#define FOUR  "819200\n" /* fifths */
#define STAT  "anon 819200\ninactive_file 0\n"

static void
expect_a_fifth(void)
{
	ck_assert(!memory_short_by(&files, 20));
	ck_assert(memory_short_by(&files, 21));
}

START_TEST(a_group_has_so_much_left)
{
	set_group("groups/slice/unit", LIMIT, FOUR, STAT);
	expect_a_fifth();
}
END_TEST

START_TEST(so_has_one_around_it)
{
	set_group("groups/slice/unit", "max\n", FOUR, STAT);
	set_group("groups/slice", LIMIT, FOUR, STAT);
	expect_a_fifth();
}
END_TEST

/* A container has its own limit at the top of what it sees. */
START_TEST(so_has_the_outermost)
{
	set_member("12:memory:/old\n0::/\n");
	set_group("groups", LIMIT, FOUR, STAT);
	expect_a_fifth();
}
END_TEST

/* memory.high, beyond which a group stands still. */
START_TEST(the_lower_limit_counts)
{
	set_group("groups/slice/unit", "max\n", FOUR, STAT);
	(void)aid_make_file("groups/slice/unit/memory.high", LIMIT, 0600);
	expect_a_fifth();
	set_group("groups/slice/unit", "102400000\n", FOUR, STAT);
	expect_a_fifth();
	set_group("groups/slice/unit", LIMIT, FOUR, STAT);
	(void)aid_make_file(
	    "groups/slice/unit/memory.high", "102400000\n", 0600);
	expect_a_fifth();
}
END_TEST

START_TEST(what_can_be_given_back_is_left)
{
	set_machine("MemTotal: 1000 kB\nMemAvailable: 1000 kB\n");
	set_group("groups/slice/unit", LIMIT, ALL,
	    "anon 204800\ninactive_anon 1\nactive_anon 1\n"
	    "inactive_file 204800\nactive_file 409600\n"
	    "slab_reclaimable 204800\nslab_unreclaimable 1\n");
	ck_assert(!memory_short_by(&files, 80));
	ck_assert(memory_short_by(&files, 81));
}
END_TEST

/* The kernel adds both up at different moments. */
START_TEST(more_may_be_given_back_than_is_in_use)
{
	set_group(
	    "groups/slice/unit", LIMIT, ALL, "anon 1\ninactive_file 2048000\n");
	ck_assert(!memory_short_by(&files, 50));
}
END_TEST

/* A limit may be set below what is in use already. */
START_TEST(more_than_the_limit_leaves_nothing)
{
	set_group("groups/slice/unit", LIMIT, "4096000\n",
	    "anon 4096000\ninactive_file 0\n");
	ck_assert(memory_short_by(&files, 1));
	ck_assert(!memory_short_by(&files, 0));
}
END_TEST

START_TEST(a_group_without_a_limit_has_all)
{
	set_group("groups/slice/unit", "max\n", ALL, STAT);
	set_group("groups/slice", NULL, ALL, STAT);
	ck_assert(!memory_short_by(&files, 50));
}
END_TEST

/* Its name begins outside of what is seen here. */
START_TEST(a_group_out_of_sight_is_not_looked_for)
{
	make_group("slice");
	make_group("slice/unit");
	set_group("slice/unit", LIMIT, ALL, STAT);
	set_group("slice", LIMIT, ALL, STAT);
	set_member("0::/../slice/unit\n");
	ck_assert(!memory_short_by(&files, 50));
	set_member("0::/..\n");
	set_group(".", LIMIT, ALL, STAT);
	ck_assert(!memory_short_by(&files, 50));
	/* Two dots make a name as good as any other. */
	make_group("groups/..slice");
	set_group("groups/..slice", LIMIT, ALL, STAT);
	set_member("0::/..slice\n");
	ck_assert(memory_short_by(&files, 1));
}
END_TEST

START_TEST(what_the_machine_does_not_tell_is_not_short)
{
	set_machine("MemTotal: 1000 kB\n");
	ck_assert(!memory_short_by(&files, 100));
	set_machine("MemAvailable: 0 kB\n");
	ck_assert(!memory_short_by(&files, 100));
	set_machine("");
	ck_assert(!memory_short_by(&files, 100));
}
END_TEST

START_TEST(what_a_group_does_not_tell_is_not_short)
{
	set_machine("");
	set_group("groups/slice/unit", LIMIT, NULL, NULL);
	ck_assert(!memory_short_by(&files, 100));
	set_group("groups/slice/unit", LIMIT, ALL, NULL);
	ck_assert(!memory_short_by(&files, 100));
	set_group("groups/slice/unit", LIMIT, ALL, "anon 1024000\n");
	ck_assert(!memory_short_by(&files, 100));
	set_group("groups/slice/unit", LIMIT, ALL, STAT);
	ck_assert(memory_short_by(&files, 100));
	set_member("");
	ck_assert(!memory_short_by(&files, 100));
	set_member("0::\n");
	ck_assert(!memory_short_by(&files, 100));
	set_member("4:memory:/slice/unit\n");
	ck_assert(!memory_short_by(&files, 100));
	set_member("0::/nowhere");
	ck_assert(!memory_short_by(&files, 100));
}
END_TEST

/* Of this system */

#ifdef CCP_LINUX
/* How much of all memory is to be had, in percent. */
static unsigned
percent_left(void)
{
	unsigned long long all = 0, left = 0, value;
	char name[64], line[256];
	FILE *f = fopen("/proc/meminfo", "re");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%63[^:]: %llu", name, &value) != 2)
			continue;
		if (strcmp(name, "MemTotal") == 0)
			all = value;
		if (strcmp(name, "MemAvailable") == 0)
			left = value;
	}
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_uint_gt(all, 0);
	ck_assert_uint_gt(left, 0);
	return (unsigned)(left * 100 / all);
}

/* Other programs take memory meanwhile, and give it back: one of many looks
 * sees no more than a percent of that. */
START_TEST(what_is_left_is_told)
{
	const struct memory_files here = {
	    .machine = "/proc/meminfo", .member = "", .groups = ""};
	int64_t patience = 0;
	unsigned left;

	do {
		ck_assert(aid_patient(&patience));
		left = percent_left();
	} while (memory_short_by(&here, left > 1 ? left - 1 : 0) ||
		 !memory_short_by(&here, left + 2));
}
END_TEST

START_TEST(more_than_all_is_never_left)
{
	ck_assert(memory_short(101));
}
END_TEST
#endif

START_TEST(nothing_is_always_left)
{
	ck_assert(!memory_short(0));
}
END_TEST

Suite *
suite_memory(void)
{
	Suite *s = suite_create("memory");
	TCase *told = tcase_create("told"), *here = tcase_create("here");

	tcase_add_checked_fixture(told, set_up, aid_remove_dir);
	tcase_add_test(told, the_machine_has_so_much_left);
	tcase_add_test(told, the_machine_has_nothing_left);
	tcase_add_test(told, a_group_has_so_much_left);
	tcase_add_test(told, so_has_one_around_it);
	tcase_add_test(told, so_has_the_outermost);
	tcase_add_test(told, the_lower_limit_counts);
	tcase_add_test(told, what_can_be_given_back_is_left);
	tcase_add_test(told, more_may_be_given_back_than_is_in_use);
	tcase_add_test(told, more_than_the_limit_leaves_nothing);
	tcase_add_test(told, a_group_without_a_limit_has_all);
	tcase_add_test(told, a_group_out_of_sight_is_not_looked_for);
	tcase_add_test(told, what_the_machine_does_not_tell_is_not_short);
	tcase_add_test(told, what_a_group_does_not_tell_is_not_short);
	suite_add_tcase(s, told);
	tcase_add_test(here, nothing_is_always_left);
#ifdef CCP_LINUX
	tcase_add_test(here, what_is_left_is_told);
	tcase_add_test(here, more_than_all_is_never_left);
#endif
	suite_add_tcase(s, here);
	return s;
}
