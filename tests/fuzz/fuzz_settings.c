/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promise of settings.h: every value that comes out is one the table
 * allows, and a failure has a message.  The input is the file, then after a
 * byte FF variables of the environment, each ended by a NUL.
 */
#include "settings.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "api_keys.h"
#include "model_names.h"
#include "require.h"

#define VARIABLES 16

static char path[] = "/tmp/ccp-fuzz-settings-XXXXXX";
static int file = -1;

static void
remove_file(void)
{
	(void)unlink(path);
}

static void
write_file(const uint8_t *data, size_t size)
{
	if (file == -1) {
		file = mkstemp(path);
		REQUIRE(file != -1);
		REQUIRE(atexit(remove_file) == 0);
	}
	REQUIRE(ftruncate(file, 0) == 0);
	REQUIRE(pwrite(file, data, size, 0) == (ssize_t)size);
}

static void
check_text(const struct setting *row, const char *text)
{
	const char *const *choice = row->choices;
	const char *p;

	REQUIRE(text != NULL);
	REQUIRE(strlen(text) >= (size_t)row->min);
	REQUIRE(strlen(text) <= LIMIT_SETTING_BYTES);
	for (p = text; *p != '\0'; p++)
		REQUIRE((unsigned char)*p >= 0x20 && *p != 0x7F);
	if (row->kind == SETTING_CHOICE) {
		while (*choice != NULL && strcmp(*choice, text) != 0)
			choice++;
		REQUIRE(*choice != NULL);
	}
}

static void
check_keys(const char *lines)
{
	struct api_key key;

	while (*lines != '\0') {
		REQUIRE(api_keys_next(&lines, &key));
		REQUIRE(key.name[0] != '\0');
		REQUIRE(key.directory[0] == '\0' || key.directory[0] == '/' ||
			key.directory[0] == '~');
	}
}

static void
check_models(const char *words)
{
	static struct model_list list;
	size_t i, words_seen = 0;

	model_list_read(&list, words);
	for (; *words != '\0'; words++)
		words_seen += *words == ' ' || words[1] == '\0';
	REQUIRE(list.n == words_seen + MODELS_OF_OURS);
	for (i = 0; i < list.n; i++) {
		const struct model *m = &list.models[i];
		const char *last = model_resolve(&list, m->name);

		REQUIRE(model_name_valid(m->name));
		REQUIRE(model_name_valid(last));
		REQUIRE(model_alias(&list, last) == NULL);
	}
}

static void
check_settings(const struct settings *s)
{
	const struct setting *row;

	for (row = settings_table; row->name != NULL; row++) {
		const char *field = (const char *)s + row->offset;
		const char *text;
		long number;

		if (row->kind == SETTING_NUMBER || row->kind == SETTING_SIZE) {
			memcpy(&number, field, sizeof number);
			REQUIRE(number >= row->min && number <= row->max);
		} else {
			memcpy(&text, field, sizeof text);
			if (row->kind == SETTING_KEYS) {
				check_keys(text);
				continue;
			}
			check_text(row, text);
			if (row->kind == SETTING_MODELS)
				check_models(text);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *mark = size > 0 ? memchr(data, 0xFF, size) : NULL;
	size_t len = mark != NULL ? (size_t)(mark - data) : size, n = 0;
	size_t rest = mark != NULL ? size - len - 1 : 0;
	char *variables = malloc(rest + 1), *p;
	char *env[VARIABLES + 1];
	struct settings s;
	char err[256];

	REQUIRE(variables != NULL);
	if (mark != NULL)
		memcpy(variables, mark + 1, rest);
	variables[rest] = '\0';
	for (p = variables; p < variables + rest && n < VARIABLES;
	     p += strlen(p) + 1)
		env[n++] = p;
	env[n] = NULL;
	write_file(data, len);
	memset(err, 'x', sizeof err);
	if (settings_load(&s, path, env, err, sizeof err) == 0) {
		check_settings(&s);
		settings_free(&s);
	} else {
		REQUIRE(memchr(err, '\0', sizeof err) != NULL);
		REQUIRE(err[0] != '\0');
	}
	free(variables);
	return 0;
}
