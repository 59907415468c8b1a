/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tool_names.h"

#include <string.h>

#include "suites.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define TEN          "abcdefghij"
#define SIXTY        TEN TEN TEN TEN TEN TEN

static const struct {
	const char *name;
	bool valid;
} names[] = {
    {"a", true},
    {"get_weather", true},
    {"-", true},
    {"Bash", true},
    {"a.b-c_d9", true},
    {SIXTY "abcd", true},
    {SIXTY "abcde", false},
    {"", false},
    {"a b", false},
    {"a:0", false},
    {"\xC3\xA9", false},
    {"a\n", false},
};

START_TEST(names_the_client_may_use)
{
	ck_assert_msg(tool_name_valid(names[_i].name) == names[_i].valid,
	    "\"%s\"", names[_i].name);
}
END_TEST

/* A name the CLI leaves as it is stays; Claude's own names and the prefix are
 * no exception, as the prefix is put before all of them. */
static const char *const kept[] = {"a", "get_weather", "Bash", "Read",
    "StructuredOutput", "mcp__client__x", "a__b", "-x", SIXTY "abcd",
    "a__0123456789abcdef0123456", "a_0123456789abcdef01234567",
    "a__0123456789ABCDEF01234567"};

START_TEST(most_names_stay)
{
	char made[TOOL_NAME_BYTES];

	tool_name_make(made, kept[_i]);
	ck_assert_str_eq(made, kept[_i]);
}
END_TEST

static const struct {
	const char *name, *begin;
} marked[] = {
    {"a.b", "a_b__"},
    {"a.b.c", "a_b_c__"},
    {".", "___"},
    {"functions.x:0", "functions_x_0__"},
    {"\xC3\xA9", "____"},
    {"", "__"},
    {"a__0123456789abcdef01234567", "a__0123456789abcdef01234567__"},
    {SIXTY "abc.", SIXTY "abc___"},
    {SIXTY SIXTY, SIXTY "abcd__"},
};

START_TEST(others_are_marked)
{
	char made[TOOL_NAME_BYTES], again[TOOL_NAME_BYTES];
	size_t len = strlen(marked[_i].begin), i;

	tool_name_make(made, marked[_i].name);
	ck_assert_uint_eq(strlen(made), len + 24);
	ck_assert(strncmp(made, marked[_i].begin, len) == 0);
	ck_assert_uint_eq(strspn(made + len, "0123456789abcdef"), 24);
	ck_assert_uint_le(strlen(TOOL_PREFIX) + strlen(made), 128);
	for (i = 0; made[i] != '\0'; i++)
		ck_assert_ptr_nonnull(strchr("abcdefghijklmnopqrstuvwxyz"
					     "0123456789_",
		    made[i]));
	tool_name_make(again, marked[_i].name);
	ck_assert_str_eq(again, made);
}
END_TEST

/* Known, as it must not change while conversations go on. */
START_TEST(the_mark_is_the_digest)
{
	char made[TOOL_NAME_BYTES];

	tool_name_make(made, "a.b");
	ck_assert_str_eq(made, "a_b__2e7336dc8eba87ef472df568");
}
END_TEST

/* All of these would be "a_b" or one another's marked name. */
START_TEST(no_two_names_collide)
{
	char names_[][TOOL_NAME_BYTES] = {"a_b", "a.b", "a:b", "a b", "", "",
	    SIXTY "abcde", SIXTY "abcdf", SIXTY "abcd"};
	char made[COUNT(names_)][TOOL_NAME_BYTES];
	int i, j;

	/* What a marked name is, is another's name. */
	tool_name_make(names_[4], "a.b");
	tool_name_make(names_[5], names_[4]);
	for (i = 0; i < COUNT(names_); i++)
		tool_name_make(made[i], names_[i]);
	for (i = 0; i < COUNT(names_); i++) {
		for (j = 0; j < i; j++)
			ck_assert_str_ne(made[i], made[j]);
	}
}
END_TEST

START_TEST(a_call_finds_its_tool)
{
	char called[sizeof TOOL_PREFIX + TOOL_NAME_BYTES];
	char dot[] = "a.b", line[] = "a_b", bash[] = "Bash",
	     longest[] = SIXTY "a.b.";
	struct chat_tool tools[] = {
	    {.name = dot}, {.name = line}, {.name = bash}, {.name = longest}};
	struct chat_request r = {.tools = tools, .ntools = COUNT(tools)};
	size_t i;

	memcpy(called, TOOL_PREFIX, sizeof TOOL_PREFIX);
	for (i = 0; i < r.ntools; i++) {
		tool_name_make(called + sizeof TOOL_PREFIX - 1, tools[i].name);
		ck_assert_ptr_eq(tool_name_find(&r, called), &tools[i]);
	}
	ck_assert_ptr_null(tool_name_find(&r, "Bash"));
	ck_assert_ptr_null(tool_name_find(&r, "mcp__other__Bash"));
	ck_assert_ptr_null(tool_name_find(&r, TOOL_PREFIX "a.b"));
	ck_assert_ptr_null(tool_name_find(&r, TOOL_PREFIX "Bas"));
	ck_assert_ptr_null(tool_name_find(&r, TOOL_PREFIX));
	ck_assert_ptr_null(tool_name_find(&r, ""));
}
END_TEST

Suite *
suite_tool_names(void)
{
	Suite *s = suite_create("tool_names");
	TCase *t = tcase_create("tool_names");

	tcase_add_loop_test(t, names_the_client_may_use, 0, COUNT(names));
	tcase_add_loop_test(t, most_names_stay, 0, COUNT(kept));
	tcase_add_loop_test(t, others_are_marked, 0, COUNT(marked));
	tcase_add_test(t, the_mark_is_the_digest);
	tcase_add_test(t, no_two_names_collide);
	tcase_add_test(t, a_call_finds_its_tool);
	suite_add_tcase(s, t);
	return s;
}
