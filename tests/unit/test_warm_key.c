/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "warm_key.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "suites.h"

#include "banned.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char see[] = "see", hear[] = "hear", text[] = "text", none[] = "",
	    object[] = "{\"type\":\"object\"}", other[] = "{}";
static struct chat_tool tools[2];
static struct chat_request request;
static struct settings settings;
static struct stat program;
static struct claude_initialize with;
static struct warm_needs needs;
static unsigned char context[SESSION_DIGEST_BYTES];
static bool parked;

/* The needs that the others differ from. */
static void
set_up(void)
{
	size_t i;

	tools[0] = (struct chat_tool){.name = see, .schema = object};
	tools[1] = (struct chat_tool){.name = hear, .schema = object};
	request = (struct chat_request){.tools = tools, .ntools = 2};
	memset(&settings, 0, sizeof(settings));
	settings.api_key = "key";
	settings.api_keys = "";
	memset(&program, 0, sizeof(program));
	program.st_dev = 1;
	program.st_ino = 2;
	program.st_size = 3;
	program.st_mtime = 4;
	with = (struct claude_initialize){.system = "be brief", .tools = true};
	needs = (struct warm_needs){.fingerprint = "f",
	    .program = &program,
	    .settings = &settings,
	    .with = &with,
	    .tools = &request};
	for (i = 0; i < sizeof(context); i++)
		context[i] = (unsigned char)i;
	parked = false;
}

static void
make(char key[WARM_KEY_BYTES])
{
	struct warm_kin kin;

	memset(key, 'x', WARM_KEY_BYTES);
	warm_kin_make(&kin, &needs);
	warm_key_make(key, &kin, context, parked);
	ck_assert_uint_eq(strspn(key, "0123456789abcdef"), WARM_KEY_BYTES - 1);
	ck_assert_int_eq(key[WARM_KEY_BYTES - 1], '\0');
}

/* Each makes one part another one. */

static void
launch(void)
{
	needs.fingerprint = "g";
}

static void
device(void)
{
	program.st_dev++;
}

static void
inode(void)
{
	program.st_ino++;
}

static void
size(void)
{
	program.st_size++;
}

static void
changed(void)
{
	program.st_mtime++;
}

static void
changed_soon(void)
{
#ifdef __APPLE__
	program.st_mtimespec.tv_nsec++;
#else
	program.st_mtim.tv_nsec++;
#endif
}

static void
api_key(void)
{
	settings.api_key = "other";
}

static void
no_api_key(void)
{
	settings.api_key = NULL;
}

static void
empty_api_key(void)
{
	settings.api_key = "";
}

static void
api_keys(void)
{
	settings.api_keys = "laptop key";
}

static void
no_api_keys(void)
{
	settings.api_keys = NULL;
}

static void
key_is_in_keys(void)
{
	settings.api_key = "";
	settings.api_keys = "key";
}

/* Two texts, one of which begins where the other ends. */
static void
border(void)
{
	settings.api_key = "a";
	settings.api_keys = "b+c";
}

static void
other_border(void)
{
	settings.api_key = "a+b";
	settings.api_keys = "c";
}

static void
system_text(void)
{
	with.system = "be long";
}

static void
no_system(void)
{
	with.system = NULL;
}

static void
empty_system(void)
{
	with.system = "";
}

static void
appended(void)
{
	with.append = true;
}

static void
schema(void)
{
	with.schema = "{}";
}

static void
empty_schema(void)
{
	with.schema = "";
}

static void
no_tools(void)
{
	with.tools = false;
}

static void
fewer_tools(void)
{
	request.ntools = 1;
}

static void
other_tools_first(void)
{
	tools[0].name = hear;
	tools[1].name = see;
}

static void
tool_description(void)
{
	tools[1].description = text;
}

static void
empty_description(void)
{
	tools[1].description = none;
}

static void
tool_schema(void)
{
	tools[1].schema = other;
}

/* What was one tool's is another's. */
static void
moved_description(void)
{
	tools[0].description = text;
}

static void
conversation(void)
{
	context[SESSION_DIGEST_BYTES - 1]++;
}

static void
first_byte_of_it(void)
{
	context[0]++;
}

static void
waiting(void)
{
	parked = true;
}

static void (*const changes[])(void) = {launch, device, inode, size, changed,
    changed_soon, api_key, no_api_key, empty_api_key, api_keys, no_api_keys,
    key_is_in_keys, border, other_border, system_text, no_system, empty_system,
    appended, schema, empty_schema, no_tools, fewer_tools, other_tools_first,
    tool_description, empty_description, tool_schema, moved_description,
    conversation, first_byte_of_it, waiting};

START_TEST(every_part_makes_another_key)
{
	char keys[COUNT(changes) + 1][WARM_KEY_BYTES];
	size_t i, j;

	make(keys[COUNT(changes)]);
	for (i = 0; i < COUNT(changes); i++) {
		set_up();
		changes[i]();
		make(keys[i]);
	}
	for (i = 0; i <= COUNT(changes); i++) {
		for (j = 0; j < i; j++)
			ck_assert_msg(strcmp(keys[i], keys[j]) != 0,
			    "change %zu is as %zu", i, j);
	}
}
END_TEST

/* Whatever memory it is read from. */
START_TEST(the_same_is_the_same)
{
	char a[WARM_KEY_BYTES], b[WARM_KEY_BYTES], copy[] = "be brief";

	make(a);
	set_up();
	with.system = copy;
	program.st_mode = 0755; /* no part of it */
	program.st_nlink = 7;
	settings.claude_timeout_ms = 1;
	make(b);
	ck_assert_str_eq(a, b);
}
END_TEST

/* Tools that it is not given, as those of a spare process, are not of it. */
START_TEST(without_tools_the_requests_do_not_count)
{
	char a[WARM_KEY_BYTES], b[WARM_KEY_BYTES];

	with.tools = false;
	make(a);
	needs.tools = NULL;
	make(b);
	ck_assert_str_eq(a, b);
}
END_TEST

Suite *
suite_warm_key(void)
{
	Suite *s = suite_create("warm_key");
	TCase *tc = tcase_create("warm_key");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, every_part_makes_another_key);
	tcase_add_test(tc, the_same_is_the_same);
	tcase_add_test(tc, without_tools_the_requests_do_not_count);
	suite_add_tcase(s, tc);
	return s;
}
