/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_version.h"

#include "suites.h"

START_TEST(older)
{
	static const struct {
		const char *version, *than;
	} cases[] = {
	    {"2.0.0", "2.1.153"},
	    {"2.1.152", "2.1.153"},
	    {"2.1.99", "2.1.153"},
	    {"1.99.999", "2.0.0"},
	    {"0.0.0", "0.0.1"},
	    {"2.1.9-beta.1", "2.1.10"},
	    {"2.1.9 (Claude Code)", "2.1.10"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(
		    claude_version_older(cases[i].version, cases[i].than), "%s",
		    cases[i].version);
		ck_assert_msg(
		    !claude_version_older(cases[i].than, cases[i].version),
		    "%s", cases[i].than);
	}
}
END_TEST

START_TEST(not_older)
{
	static const char *const versions[] = {"2.1.153", "2.1.153-beta",
	    "2.1.154", "2.1.1000", "2.2.0", "3.0.0", "10.0.0"};
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		ck_assert_msg(!claude_version_older(versions[i], "2.1.153"),
		    "%s", versions[i]);
}
END_TEST

/* Nothing is held against what cannot be read. */
START_TEST(no_version)
{
	static const char *const versions[] = {"", "2", "2.0", "2.0.", "2..0",
	    ".0.0", "v2.0.0", " 2.0.0", "2.-1.0", "2.+1.0", "2026-01",
	    "99999999999999999999999.0.0"};
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		ck_assert_msg(!claude_version_older(versions[i], "2.1.153"),
		    "%s", versions[i]);
		ck_assert(!claude_version_older("0.0.0", versions[i]));
	}
}
END_TEST

START_TEST(the_least_is_a_version)
{
	ck_assert(claude_version_older("2.0.0", CLAUDE_VERSION_LEAST));
	ck_assert(!claude_version_older("2.1.197", CLAUDE_VERSION_LEAST));
}
END_TEST

Suite *
suite_claude_version(void)
{
	Suite *s = suite_create("claude_version");
	TCase *tc = tcase_create("version");

	tcase_add_test(tc, older);
	tcase_add_test(tc, not_older);
	tcase_add_test(tc, no_version);
	tcase_add_test(tc, the_least_is_a_version);
	suite_add_tcase(s, tc);
	return s;
}
