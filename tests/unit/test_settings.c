/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "buf.h"
#include "model_names.h"
#include "settings_check.h"
#include "suites.h"

static char dir[] = "/tmp/ccp-settings-XXXXXX";
static char path[sizeof dir + 16];
static char err[512];
static char *no_env[] = {NULL};

static void
make_dir(void)
{
	memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/config.json", dir);
	memset(err, 'x', sizeof err);
	err[sizeof err - 1] = '\0';
}

static void
remove_dir(void)
{
	(void)unlink(path);
	(void)rmdir(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
write_file(const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

/* One variable of the environment, or none. */
static int
load(struct settings *s, const char *text, const char *variable)
{
	char copy[8192];
	char *env[] = {copy, NULL};

	if (text != NULL)
		write_file(text, strlen(text));
	if (variable == NULL)
		return settings_load(s, path, no_env, err, sizeof err);
	(void)snprintf(copy, sizeof copy, "%s", variable);
	return settings_load(s, path, env, err, sizeof err);
}

static void
load_ok(struct settings *s, const char *text, const char *variable)
{
	ck_assert_msg(load(s, text, variable) == 0, "%s", err);
}

START_TEST(table_is_sound)
{
	const struct setting *row, *other;
	const char *p;
	size_t n = 0;

	for (row = settings_table; row->name != NULL; row++, n++) {
		for (p = row->name; *p != '\0'; p++)
			ck_assert((*p >= 'A' && *p <= 'Z') || *p == '_');
		ck_assert_uint_gt(strlen(row->help), 10);
		ck_assert_ptr_nonnull(row->fallback);
		ck_assert_int_eq(
		    row->choices != NULL, row->kind == SETTING_CHOICE);
		for (other = settings_table; other != row; other++) {
			ck_assert_str_ne(row->name, other->name);
			ck_assert_uint_ne(row->offset, other->offset);
		}
	}
	ck_assert_uint_le(n, SETTINGS_MAX);
}
END_TEST

/* A check would change nothing: they are taken without one. */
START_TEST(defaults_are_as_checked)
{
	char must[SETTINGS_MUST_BYTES];
	const struct setting *row;
	struct buf room = BUF_INIT(0);

	for (row = settings_table; row->name != NULL; row++) {
		struct setting_value v = {.text = row->fallback};

		buf_free(&room);
		ck_assert_msg(
		    setting_check(row, &v, &room, must), "%s", row->name);
		ck_assert_str_eq(v.text, row->fallback);
	}
	buf_free(&room);
}
END_TEST

START_TEST(find_is_in_any_case)
{
	ck_assert_str_eq(settings_find("port")->name, "PORT");
	ck_assert_str_eq(
	    settings_find("Claude_Max_Turns")->name, "CLAUDE_MAX_TURNS");
	ck_assert_ptr_null(settings_find("PORTS"));
	ck_assert_ptr_null(settings_find(""));
	ck_assert(settings_find("API_KEY")->secret);
}
END_TEST

START_TEST(defaults)
{
	struct settings s;
	const char *file = _i == 0 ? NULL : path; /* which does not exist */

	ck_assert_int_eq(settings_load(&s, file, no_env, err, sizeof err), 0);
	ck_assert_str_eq(s.api_key, "CCP_API_KEY");
	ck_assert(settings_default_key(&s));
	ck_assert_int_eq(s.port, 8888);
	ck_assert_str_eq(s.host, "127.0.0.1");
	ck_assert_str_eq(s.cors_origin, "*");
	ck_assert_str_eq(s.allowed_hosts, "");
	ck_assert_str_eq(s.claude_path, "claude");
	ck_assert_str_eq(s.claude_working_dir, "");
	ck_assert_str_eq(s.ask_working_dir, "auto");
	ck_assert_str_eq(s.allowed_dirs, "");
	ck_assert_str_eq(s.api_keys, "");
	ck_assert_str_eq(s.claude_permission_mode, "default");
	ck_assert_int_eq(s.claude_max_turns, 25);
	ck_assert_int_eq(s.claude_timeout_ms, 300000);
	ck_assert_int_eq(s.claude_idle_timeout_ms, 120000);
	ck_assert_str_eq(s.claude_env, "");
	ck_assert_str_eq(s.system_prompt_mode, "replace");
	ck_assert_str_eq(s.default_model, "claude-sonnet-4-5-20250929");
	ck_assert_str_eq(s.models, "");
	ck_assert_int_eq(s.max_connections, 256);
	ck_assert_str_eq(s.log_level, "info");
	settings_free(&s);
	ck_assert_ptr_null(s.owned);
}
END_TEST

START_TEST(file_wins_over_defaults)
{
	struct settings s;

	load_ok(&s,
	    "{\"PORT\": 1234, \"CLAUDE_MAX_TURNS\": \"7\","
	    " \"API_KEY\": true, \"HOST\": \"::1\", \"CLAUDE_PATH\": 42,"
	    " \"CLAUDE_WORKING_DIR\": \"/a dir/\\u00e9\","
	    " \"LOG_LEVEL\": \"DEBUG\"}",
	    NULL);
	ck_assert_int_eq(s.port, 1234);
	ck_assert_int_eq(s.claude_max_turns, 7);
	ck_assert_str_eq(s.api_key, "true");
	ck_assert(!settings_default_key(&s));
	ck_assert_str_eq(s.host, "::1");
	ck_assert_str_eq(s.claude_path, "42");
	ck_assert_str_eq(s.claude_working_dir, "/a dir/\xC3\xA9");
	ck_assert_str_eq(s.log_level, "debug"); /* as the table spells it */
	ck_assert_str_eq(s.ask_working_dir, "auto");
	settings_free(&s);
}
END_TEST

START_TEST(environment_wins_over_file)
{
	static const char file[] = "{\"PORT\": 1234, \"HOST\": \"h\"}";
	struct settings s;

	load_ok(&s, file, "PORT=4321");
	ck_assert_int_eq(s.port, 4321);
	ck_assert_str_eq(s.host, "h");
	settings_free(&s);
	load_ok(&s, file, "PORT="); /* empty is unset */
	ck_assert_int_eq(s.port, 1234);
	settings_free(&s);
	load_ok(&s, file, "port=4321"); /* another variable */
	ck_assert_int_eq(s.port, 1234);
	settings_free(&s);
	load_ok(&s, file, "PORTS=4321");
	ck_assert_int_eq(s.port, 1234);
	settings_free(&s);
}
END_TEST

/* What an older program stored is readable as it is. */
START_TEST(unknown_keys_are_ignored)
{
	struct settings s;

	load_ok(&s,
	    "{\n  \"PORT\": \"3000\",\n  \"LOG_MAX_SIZE\": \"10mb\",\n"
	    "  \"port\": \"x\",\n  \"nested\": {\"PORT\": [1, null]},\n"
	    "  \"x\": null, \"x\": 1\n}\n",
	    NULL);
	ck_assert_int_eq(s.port, 3000);
	settings_free(&s);
}
END_TEST

static const struct {
	const char *text, *env, *want;
} wrong[] = {
    {"", NULL, "config.json line 1: unexpected end of the text"},
    {"{\n\"PORT\": 1,\n}", NULL,
	"config.json line 3: a key in quotes was expected"},
    {"{\"PORT\": 1}\n\n}", NULL,
	"config.json line 3: something follows the value"},
    {"[]", NULL, "config.json line 1: must be a JSON object"},
    {"{\n\"PORT\": \"x\"}", NULL,
	"config.json line 2: PORT=x: must be a number from 0 to 65535"},
    {"{\"PORT\": 65536}", NULL,
	"config.json line 1: PORT=65536: must be a number from 0 to "
	"65535"},
    {"{\"PORT\": -1}", NULL,
	"config.json line 1: PORT=-1: must be a number from 0 to 65535"},
    {"{\"PORT\": true}", NULL,
	"config.json line 1: PORT=true: must be a number from 0 to "
	"65535"},
    {"{\"PORT\": 1.5}", NULL,
	"config.json line 1: PORT: must be a text in quotes"},
    {"{\"API_KEY\": 12345678901234567890}", NULL,
	"config.json line 1: API_KEY: must be a text in quotes"},
    {"{\n\n\"HOST\" \n : null}", NULL,
	"config.json line 3: HOST: must be a text in quotes"},
    {"{\"HOST\": [\"h\"]}", NULL,
	"config.json line 1: HOST: must be a text in quotes"},
    {"{\"HOST\": \"\"}", NULL, "config.json line 1: HOST: must not be empty"},
    {"{\"PORT\": 1,\n\"PORT\": 1}", NULL,
	"config.json line 2: PORT: must not be given twice"},
    {"{\"\\u0050ORT\": \"x\"}", NULL,
	"config.json line 1: PORT=x: must be a number from 0 to 65535"},
    {"{\"X\":\"\\\"PORT\\\":\",\n\"PORT\":\"y\"}", NULL,
	"config.json line 2: PORT=y: must be a number from 0 to 65535"},
    {"{\"LOG_LEVEL\": \"loud\"}", NULL,
	"config.json line 1: LOG_LEVEL=loud: must be one of error, warn, "
	"info, debug"},
    {"{\"PORT\": \"x\"}", "PORT=80",
	"config.json line 1: PORT=x: must be a number from 0 to 65535"},
    {"{}", "CLAUDE_MAX_TURNS=x",
	"CLAUDE_MAX_TURNS=x in the environment: must be a number from 1 "
	"to 1000"},
    {"{}", "CLAUDE_MAX_TURNS=0",
	"CLAUDE_MAX_TURNS=0 in the environment: must be a number from 1 "
	"to 1000"},
    {"{}", "CLAUDE_MAX_TURNS= 5",
	"CLAUDE_MAX_TURNS= 5 in the environment: must be a number from 1 "
	"to 1000"},
    {"{}", "PORT=99999999999999999999",
	"PORT=99999999999999999999 in the environment: must be a number "
	"from 0 to 65535"},
    {"{}", "CLAUDE_TIMEOUT_MS=999",
	"CLAUDE_TIMEOUT_MS=999 in the environment: must be a number from "
	"1000 to 86400000"},
    {"{}", "CLAUDE_PERMISSION_MODE=yolo",
	"CLAUDE_PERMISSION_MODE=yolo in the environment: must be one of "
	"default, plan, acceptEdits, dontAsk, auto, bypassPermissions"},
    {"{}", "DEFAULT_MODEL=--help",
	"DEFAULT_MODEL=--help in the environment: must hold only "
	"letters, digits and ._:@/[]-, a letter or digit first"},
    {"{}", "DEFAULT_MODEL=a b",
	"DEFAULT_MODEL=a b in the environment: must hold only "
	"letters, digits and ._:@/[]-, a letter or digit first"},
    {"{}", "HOST=a\nb",
	"HOST=a\nb in the environment: must not contain control "
	"characters"},
    {"{\"API_KEY\": \"hush\\n\"}", NULL,
	"config.json line 1: API_KEY: must not contain control "
	"characters"},
    {"{}", "API_KEY=hush\x7F",
	"API_KEY in the environment: must not contain control "
	"characters"},
    {"{\"API_KEY\": \"\"}", NULL,
	"config.json line 1: API_KEY: must not be empty"},
    {"{}", "MODELS=a=b a=c",
	"MODELS=a=b a=c in the environment: must not give \"a\" twice"},
    {"{}", "MODELS={\"a\":",
	"MODELS={\"a\": in the environment: must be valid JSON: unexpected "
	"end of the text"},
    {"{\n\"MODELS\": {\"a\": 1}}", NULL,
	"config.json line 2: MODELS: must hold only texts in quotes"},
    {"{\"MODELS\": \"a=b=c\"}", NULL,
	"config.json line 1: MODELS=a=b=c: must hold alias=name pairs and "
	"names, of at most 128 letters, digits and ._:@/[]-, which \"b=c\" is "
	"not"},
    {"{\"MODELS\": null}", NULL,
	"config.json line 1: MODELS: must be a text in quotes"},
    {"{\"MODELS\": {\"a\": \"\"}}", "MODELS=fine",
	"config.json line 1: MODELS: must hold alias=name pairs and names, "
	"of at most 128 letters, digits and ._:@/[]-, which \"\" is not"},
    {"{\n\"API_KEYS\": [\"hush\"]}", NULL,
	"config.json line 2: API_KEYS: must be a text in quotes"},
    {"{\"API_KEYS\": {\"hush\": {\"name\": \"hu sh\"}}}", NULL,
	"config.json line 1: API_KEYS: must have names of 1 to 63 letters, "
	"digits and ._- (key 1)"},
    {"{\"API_KEYS\": {\"hush\": 1}}", "API_KEYS={\"a\": \"b\"}",
	"config.json line 1: API_KEYS: must have a name or an object for each "
	"key (key 1)"},
    {"{}", "API_KEYS=hush",
	"API_KEYS in the environment: must be valid JSON: a value was "
	"expected"},
    {"{\"HOST\": \"999.1.1.1\"}", "HOST=::1",
	"config.json line 1: HOST=999.1.1.1: must be IP addresses, host names "
	"and unix:/absolute/path, separated by commas, and \"999.1.1.1\" is "
	"none of them"},
    {"{}", "CORS_ORIGIN=foo",
	"CORS_ORIGIN=foo in the environment: must be * alone, or origins like "
	"https://example.org:8443, separated by commas, and \"foo\" is none of "
	"them"},
    {"{\"ALLOWED_HOSTS\": \"@@ ??\"}", NULL,
	"config.json line 1: ALLOWED_HOSTS=@@ ??: must be host names, without "
	"a port, separated by commas, and \"@@\" is none of them"},
    {"{}", "CLAUDE_ENV=a=b",
	"CLAUDE_ENV=a=b in the environment: must be names of letters, digits "
	"and _, separated by commas, and \"a=b\" is none of them"},
    {"{\"HOST\": {\"a\": \"b\"}}", NULL,
	"config.json line 1: HOST: must be a text in quotes"},
};

START_TEST(wrong_values_are_told)
{
	struct settings s;

	ck_assert_int_eq(load(&s, wrong[_i].text, wrong[_i].env), -1);
	ck_assert_str_eq(err, wrong[_i].want);
}
END_TEST

/* printf k | sha256sum */
#define K "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"

START_TEST(api_keys_in_every_form)
{
	static const struct {
		const char *file, *env;
	} forms[] = {
	    {"{\"API_KEYS\": {\"sha256:" K "\": \"n\"}}", NULL},
	    {"{\"API_KEYS\": {\"k\": \"n\"}}", NULL},
	    {"{\"API_KEYS\": {\"k\": {\"name\": \"n\"}}}", NULL},
	    {"{\"API_KEYS\": \"{\\\"k\\\": \\\"n\\\"}\"}", NULL},
	    {"{}", "API_KEYS={\"k\": \"n\"}"},
	    {"{\"API_KEYS\": {\"a\": \"b\"}}", "API_KEYS={\"k\": \"n\"}"},
	};
	struct settings s;
	size_t i;

	for (i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		load_ok(&s, forms[i].file, forms[i].env);
		ck_assert_str_eq(s.api_keys, i == 0 ? K " n \n" : K " !n \n");
		ck_assert(!settings_default_key(&s));
		settings_free(&s);
	}
}
END_TEST

START_TEST(models_in_every_form)
{
	static const struct {
		const char *file, *env, *want;
	} forms[] = {
	    {"{\"MODELS\": \"a=b, c\"}", NULL, "a=b c"},
	    {"{\"MODELS\": {\"a\": \"b\", \"c\": \"d\"}}", NULL, "a=b c=d"},
	    {"{\"MODELS\": [\"a\", \"b\"]}", NULL, "a b"},
	    {"{\"MODELS\": \"[\\\"a\\\"]\"}", NULL, "a"},
	    {"{\"MODELS\": 5}", NULL, "5"},
	    {"{\"MODELS\": \"\"}", NULL, ""},
	    {"{\"MODELS\": [\"a\"]}", "MODELS=x=y,z", "x=y z"},
	    {"{}", "MODELS={\"x\": \"y\"}", "x=y"},
	};
	struct settings s;
	size_t i;

	for (i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		load_ok(&s, forms[i].file, forms[i].env);
		ck_assert_str_eq(s.models, forms[i].want);
		settings_free(&s);
	}
}
END_TEST

START_TEST(long_values_are_refused)
{
	char variable[LIMIT_SETTING_BYTES + 100];
	struct settings s;

	memset(variable, 'x', sizeof variable);
	memcpy(variable, "LOG_FILE=", 9);
	variable[9 + LIMIT_SETTING_BYTES] = '\0';
	load_ok(&s, "{}", variable);
	ck_assert_uint_eq(strlen(s.log_file), LIMIT_SETTING_BYTES);
	settings_free(&s);
	variable[9 + LIMIT_SETTING_BYTES] = 'x';
	variable[10 + LIMIT_SETTING_BYTES] = '\0';
	ck_assert_int_eq(load(&s, "{}", variable), -1);
	ck_assert_ptr_nonnull(strstr(err, "not be longer than 4096 bytes"));
	ck_assert_uint_lt(strlen(err), 200);
}
END_TEST

START_TEST(unreadable_files_are_told)
{
	struct settings s;
	char *big;

	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(load(&s, NULL, NULL), -1);
	ck_assert_str_eq(err, "config.json: Is a directory");
	ck_assert_int_eq(rmdir(path), 0);
	big = malloc(LIMIT_CONFIG_BYTES + 1);
	ck_assert_ptr_nonnull(big);
	memset(big, ' ', LIMIT_CONFIG_BYTES + 1);
	memcpy(big, "{}", 2);
	write_file(big, LIMIT_CONFIG_BYTES);
	load_ok(&s, NULL, NULL);
	settings_free(&s);
	write_file(big, LIMIT_CONFIG_BYTES + 1);
	ck_assert_int_eq(load(&s, NULL, NULL), -1);
	ck_assert_str_eq(err, "config.json: File too large");
	free(big);
}
END_TEST

START_TEST(messages_fit_their_buffer)
{
	char small[16];
	struct settings s;

	write_file("{\"PORT\":\"x\"}", 12);
	memset(small, 'x', sizeof small);
	ck_assert_int_eq(settings_load(&s, path, no_env, small, 10), -1);
	ck_assert_str_eq(small, "config.js");
	ck_assert_int_eq(small[10], 'x');
}
END_TEST

/* Layer 1 cannot ask model_names.c, so that its own rule must agree. */
START_TEST(models_are_valid_names)
{
	static const char *const names[] = {"opus", "claude-opus-4-6", "us.x:0",
	    "a[1m]", "a@b/c_d", "a b", "-p", "a\"b", "a;b", "\xC3\xA9"};
	char variable[64];
	struct settings s;
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		int r;

		(void)snprintf(
		    variable, sizeof variable, "DEFAULT_MODEL=%s", names[i]);
		r = load(&s, "{}", variable);
		ck_assert_int_eq(r == 0, model_name_valid(names[i]));
		if (r == 0)
			settings_free(&s);
	}
}
END_TEST

START_TEST(path_is_below_home)
{
	char home[] = "HOME=/home/u", empty[] = "HOME=";
	char *env[] = {home, NULL}, *env_empty[] = {empty, NULL};
	char *p = settings_path(env);

	ck_assert_str_eq(p, "/home/u/.ccp/config.json");
	free(p);
	ck_assert_ptr_null(settings_path(env_empty));
	ck_assert_ptr_null(settings_path(no_env));
}
END_TEST

START_TEST(getenv_looks_at_whole_names)
{
	char ab[] = "AB=1", a[] = "A=2", none[] = "B";
	char *env[] = {ab, a, none, NULL};

	ck_assert_str_eq(settings_getenv(env, "A"), "2");
	ck_assert_str_eq(settings_getenv(env, "AB"), "1");
	ck_assert_ptr_null(settings_getenv(env, "B"));
}
END_TEST

Suite *
suite_settings(void)
{
	Suite *s = suite_create("settings");
	TCase *t = tcase_create("settings");

	tcase_add_checked_fixture(t, make_dir, remove_dir);
	tcase_add_test(t, table_is_sound);
	tcase_add_test(t, defaults_are_as_checked);
	tcase_add_test(t, find_is_in_any_case);
	tcase_add_loop_test(t, defaults, 0, 2);
	tcase_add_test(t, file_wins_over_defaults);
	tcase_add_test(t, environment_wins_over_file);
	tcase_add_test(t, unknown_keys_are_ignored);
	tcase_add_loop_test(
	    t, wrong_values_are_told, 0, (int)(sizeof wrong / sizeof wrong[0]));
	tcase_add_test(t, api_keys_in_every_form);
	tcase_add_test(t, models_in_every_form);
	tcase_add_test(t, long_values_are_refused);
	tcase_add_test(t, unreadable_files_are_told);
	tcase_add_test(t, messages_fit_their_buffer);
	tcase_add_test(t, models_are_valid_names);
	tcase_add_test(t, path_is_below_home);
	tcase_add_test(t, getenv_looks_at_whole_names);
	suite_add_tcase(s, t);
	return s;
}
