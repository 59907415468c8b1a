/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Defaults < file < environment: for each row of the table one of the three is
 * picked, checked and stored.
 */
#include "settings.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api_keys.h"
#include "buf.h"
#include "cleanup.h"
#include "io.h"
#include "json_text.h"
#include "limits.h"
#include "settings_models.h"

#include "banned.h"

#define VALUE_SHOWN 64 /* bytes of a wrong value in a message */

struct loading {
	struct settings *s;
	char *const *env;
	const char *base; /* of the file's path */
	char *text;       /* of the file, NULL: none */
	cJSON *root;      /* the same, parsed */
	struct buf texts; /* all values that are texts, each with a NUL */
	struct buf words; /* MODELS */
	struct buf keys;  /* API_KEYS */
	char *err;
	size_t errlen;
};

/* Where a value comes from, for messages. */
struct origin {
	const char *value;
	const cJSON *json; /* instead of value, where it is no scalar */
	const char *where; /* " in the environment", "" */
	size_t line;       /* of the file, 0: not known, or not from there */
	bool file;
};

static int
out_of_memory(struct loading *l)
{
	(void)snprintf(l->err, l->errlen, "out of memory");
	return -1;
}

/* Which line of the file has the key; 0 where it is not found as it is
 * written in the table.  A quote inside a JSON string has a backslash before
 * it, so no value looks like a key. */
static size_t
line_of_key(const struct loading *l, const char *name)
{
	char quoted[64];
	const char *at = l->text, *p;
	size_t line = 1;

	(void)snprintf(quoted, sizeof quoted, "\"%s\"", name);
	while ((at = strstr(at, quoted)) != NULL) {
		at += strlen(quoted);
		if (at[strspn(at, " \t\r\n")] == ':')
			break;
	}
	if (at == NULL)
		return 0;
	for (p = l->text; p < at; p++)
		line += *p == '\n';
	return line;
}

/* The message: where, what (not of a secret), and how it must be. */
static int
refuse(struct loading *l, const struct setting *row, const struct origin *o,
    const char *must)
{
	char head[128] = "", value[VALUE_SHOWN + 2] = "";

	if (o->file && o->line > 0)
		(void)snprintf(
		    head, sizeof head, "%.64s line %zu: ", l->base, o->line);
	else if (o->file)
		(void)snprintf(head, sizeof head, "%.64s: ", l->base);
	if (o->value[0] != '\0' && !row->secret)
		(void)snprintf(
		    value, sizeof value, "=%.*s", VALUE_SHOWN, o->value);
	(void)snprintf(l->err, l->errlen, "%s%s%s%s: must %s", head, row->name,
	    value, o->where, must);
	return -1;
}

static int
check_choice(struct loading *l, const struct setting *row, struct origin *o)
{
	struct buf must = BUF_INIT(256);
	const char *const *c;

	for (c = row->choices; *c != NULL; c++) {
		if (strcasecmp(*c, o->value) == 0) {
			o->value = *c;
			return 0;
		}
	}
	buf_addstr(&must, "be one of ");
	for (c = row->choices; *c != NULL; c++)
		buf_addf(&must, "%s%s", c == row->choices ? "" : ", ", *c);
	(void)refuse(l, row, o, buf_str(&must));
	buf_free(&must);
	return -1;
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7F;
}

static int
check_text(struct loading *l, const struct setting *row, const struct origin *o)
{
	size_t len = strlen(o->value);
	size_t max = row->max > 0 ? (size_t)row->max : LIMIT_SETTING_BYTES;
	char must[128];
	const char *p;

	if (len < (size_t)row->min)
		return refuse(l, row, o, "not be empty");
	if (len > max) {
		(void)snprintf(
		    must, sizeof must, "not be longer than %zu bytes", max);
		return refuse(l, row, o, must);
	}
	for (p = o->value; *p != '\0'; p++) {
		if (is_control(*p))
			return refuse(
			    l, row, o, "not contain control characters");
		if (row->chars == NULL || is_alnum(*p))
			continue;
		if (p != o->value && strchr(row->chars, *p) != NULL)
			continue;
		(void)snprintf(must, sizeof must,
		    "hold only letters, digits and %s, a letter or digit first",
		    row->chars);
		return refuse(l, row, o, must);
	}
	return 0;
}

static int
check_number(struct loading *l, const struct setting *row,
    const struct origin *o, long *ret)
{
	size_t len = strlen(o->value);
	char must[64];

	/* Ten digits fit every range of the table; a long that they do not fit
	 * is its largest one. */
	if (len > 0 && len <= 10 && strspn(o->value, "0123456789") == len) {
		*ret = strtol(o->value, NULL, 10);
		if (*ret >= row->min && *ret <= row->max)
			return 0;
	}
	(void)snprintf(must, sizeof must, "be a number from %ld to %ld",
	    row->min, row->max);
	return refuse(l, row, o, must);
}

/* "10mb": what a unit is worth; 0: it is none. */
static long
unit_of(const char *text)
{
	static const struct {
		const char *name;
		long bytes;
	} units[] = {{"", 1}, {"b", 1}, {"k", 1024}, {"kb", 1024},
	    {"m", 1024 * 1024}, {"mb", 1024 * 1024}, {"g", 1024 * 1024 * 1024},
	    {"gb", 1024 * 1024 * 1024}};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcasecmp(text, units[i].name) == 0)
			return units[i].bytes;
	}
	return 0;
}

static int
check_size(struct loading *l, const struct setting *row, const struct origin *o,
    long *ret)
{
	size_t digits = strspn(o->value, "0123456789");
	long unit = unit_of(o->value + digits + strspn(o->value + digits, " "));
	char must[128];

	if (digits > 0 && digits <= 10 && unit > 0) {
		*ret = strtol(o->value, NULL, 10);
		if (*ret >= (row->min + unit - 1) / unit &&
		    *ret <= row->max / unit) {
			*ret *= unit;
			return 0;
		}
	}
	(void)snprintf(must, sizeof must,
	    "be a size from %ldkb to %ldmb, as in 512kb or 10mb",
	    row->min / 1024, row->max / (1024 * 1024));
	return refuse(l, row, o, must);
}

typedef bool
read_text(struct buf *to, const char *text, char must[SETTINGS_MUST_BYTES]);
typedef bool
read_json(struct buf *to, const cJSON *value, char must[SETTINGS_MUST_BYTES]);

/* The value becomes what these functions make of it. */
static int
check_structure(struct loading *l, const struct setting *row, struct origin *o,
    struct buf *to, read_text *text, read_json *json)
{
	char must[SETTINGS_MUST_BYTES];
	bool ok;

	buf_clear(to);
	ok = o->json != NULL ? json(to, o->json, must)
	                     : text(to, o->value, must);
	if (!ok)
		return refuse(l, row, o, must);
	o->value = buf_str(to);
	return 0;
}

static int
check(struct loading *l, const struct setting *row, struct origin *o,
    long *ret_number)
{
	switch (row->kind) {
	case SETTING_NUMBER:
		return check_number(l, row, o, ret_number);
	case SETTING_SIZE:
		return check_size(l, row, o, ret_number);
	case SETTING_CHOICE:
		return check_choice(l, row, o);
	case SETTING_MODELS:
		return check_structure(l, row, o, &l->words,
		    settings_models_text, settings_models_json);
	case SETTING_KEYS:
		return check_structure(
		    l, row, o, &l->keys, api_keys_text, api_keys_json);
	case SETTING_TEXT:
		break;
	}
	return check_text(l, row, o);
}

static bool
takes_json(const struct setting *row, const cJSON *item)
{
	if (cJSON_IsObject(item))
		return row->kind == SETTING_MODELS || row->kind == SETTING_KEYS;
	return cJSON_IsArray(item) && row->kind == SETTING_MODELS;
}

/* A member of the file as text; digits is room for it. */
static int
value_text(struct loading *l, const struct setting *row, const cJSON *item,
    struct origin *o, char digits[32])
{
	double d = item->valuedouble;

	if (cJSON_IsString(item)) {
		o->value = item->valuestring;
	} else if (cJSON_IsBool(item)) {
		o->value = cJSON_IsTrue(item) ? "true" : "false";
	} else if (cJSON_IsNumber(item) && d > -1e15 && d < 1e15 &&
		   d == (double)(long long)d) {
		(void)snprintf(digits, 32, "%lld", (long long)d);
		o->value = digits;
	} else if (takes_json(row, item)) {
		o->json = item;
	} else {
		return refuse(l, row, o, "be a text in quotes");
	}
	return 0;
}

/* The file's value of a row, if it has one. */
static int
from_file(struct loading *l, const struct setting *row, struct origin *o,
    char digits[32])
{
	const cJSON *item, *found = NULL;

	if (l->root == NULL)
		return 0;
	cJSON_ArrayForEach(item, l->root)
	{
		if (strcmp(item->string, row->name) != 0)
			continue;
		*o = (struct origin){.value = "", .where = "", .file = true};
		o->line = line_of_key(l, row->name);
		if (found != NULL)
			return refuse(l, row, o, "not be given twice");
		found = item;
	}
	return found != NULL ? value_text(l, row, found, o, digits) : 0;
}

static bool
is_number(const struct setting *row)
{
	return row->kind == SETTING_NUMBER || row->kind == SETTING_SIZE;
}

/* The environment wins, but a wrong value in the file is told all the same.
 * A text is only put into l->texts, at *ret_text: the buffer may still move. */
static int
load_row(struct loading *l, const struct setting *row, size_t *ret_text)
{
	struct origin o = {.value = row->fallback, .where = ""};
	const char *value = settings_getenv(l->env, row->name);
	char digits[32];
	long number = 0;

	if (from_file(l, row, &o, digits) == -1 ||
	    check(l, row, &o, &number) == -1)
		return -1;
	if (value != NULL && value[0] != '\0') {
		o = (struct origin){
		    .value = value, .where = " in the environment"};
		if (check(l, row, &o, &number) == -1)
			return -1;
	}
	if (is_number(row)) {
		memcpy((char *)l->s + row->offset, &number, sizeof number);
		return 0;
	}
	*ret_text = l->texts.len;
	if (!buf_add(&l->texts, o.value, strlen(o.value) + 1))
		return out_of_memory(l);
	return 0;
}

static int
load_rows(struct loading *l)
{
	size_t at[SETTINGS_MAX] = {0}, i;
	const struct setting *row;
	const char *text;

	for (i = 0, row = settings_table; row->name != NULL; i++, row++) {
		if (i == SETTINGS_MAX)
			abort();
		if (load_row(l, row, &at[i]) == -1)
			return -1;
	}
	l->s->owned = buf_steal(&l->texts);
	if (l->s->owned == NULL)
		return out_of_memory(l);
	for (i = 0, row = settings_table; row->name != NULL; i++, row++) {
		if (is_number(row))
			continue;
		text = l->s->owned + at[i];
		memcpy((char *)l->s + row->offset, &text, sizeof text);
	}
	return 0;
}

static int
read_file(struct loading *l, const char *path)
{
	struct json_text_error e;
	size_t len;

	l->text = io_read_file(path, LIMIT_CONFIG_BYTES, &len);
	if (l->text == NULL && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (l->text == NULL) {
		(void)snprintf(
		    l->err, l->errlen, "%s: %s", l->base, strerror(errno));
		return -1;
	}
	if (!json_text_check(l->text, len, &e)) {
		(void)snprintf(l->err, l->errlen, "%s line %zu: %s", l->base,
		    e.line, e.what);
		return -1;
	}
	l->root = cJSON_ParseWithLengthOpts(l->text, len, NULL, false);
	if (l->root == NULL)
		return out_of_memory(l);
	if (!cJSON_IsObject(l->root)) {
		(void)snprintf(l->err, l->errlen,
		    "%s line 1: must be a JSON object", l->base);
		return -1;
	}
	return 0;
}

int
settings_load(struct settings *s, const char *file, char *const *env, char *err,
    size_t errlen)
{
	struct loading l = {.s = s, .env = env, .err = err, .errlen = errlen};
	const char *slash = file != NULL ? strrchr(file, '/') : NULL;
	int r = 0;

	memset(s, 0, sizeof *s);
	buf_init(&l.texts,
	    SETTINGS_MAX * (LIMIT_SETTING_BYTES + 1) + LIMIT_API_KEYS_BYTES);
	buf_init(&l.words, LIMIT_SETTING_BYTES);
	buf_init(&l.keys, LIMIT_API_KEYS_BYTES);
	l.base = slash != NULL ? slash + 1 : file;
	if (file != NULL)
		r = read_file(&l, file);
	if (r == 0)
		r = load_rows(&l);
	buf_free(&l.texts);
	buf_free(&l.words);
	buf_free(&l.keys);
	cJSON_Delete(l.root);
	free(l.text);
	return r;
}

void
settings_free(struct settings *s)
{
	free(s->owned);
	memset(s, 0, sizeof *s);
}

char *
settings_path(char *const *env)
{
	const char *home = settings_getenv(env, "HOME");
	struct buf path = BUF_INIT(LIMIT_SETTING_BYTES);

	if (home == NULL || home[0] == '\0')
		return NULL;
	buf_addf(&path, "%s/.ccp/config.json", home);
	return buf_steal(&path);
}

const char *
settings_getenv(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env != NULL; env++) {
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	}
	return NULL;
}
