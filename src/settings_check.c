/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api_keys.h"
#include "limits.h"
#include "settings_models.h"
#include "settings_words.h"

#include "banned.h"

#define KB (1024)
#define MB (1024 * 1024)
#define GB (1024 * 1024 * 1024)

/* --- what is allowed --------------------------------------------------- */

static void
allowed_choices(const struct setting *row, char allowed[SETTINGS_MUST_BYTES])
{
	struct buf list = BUF_INIT(SETTINGS_MUST_BYTES - 1);
	const char *const *c;

	buf_addstr(&list, "one of ");
	for (c = row->choices; *c != NULL; c++)
		buf_addf(&list, "%s%s", c == row->choices ? "" : ", ", *c);
	(void)settings_must(allowed, "%s", buf_str(&list));
	buf_free(&list);
}

void
setting_allowed(const struct setting *row, char allowed[SETTINGS_MUST_BYTES])
{
	allowed[0] = '\0';
	switch (row->kind) {
	case SETTING_CHOICE:
		allowed_choices(row, allowed);
		break;
	case SETTING_NUMBER:
		(void)settings_must(
		    allowed, "a number from %ld to %ld", row->min, row->max);
		break;
	case SETTING_SIZE:
		(void)settings_must(allowed,
		    "a size from %ldkb to %ldmb, as in 512kb or 10mb",
		    row->min / KB, row->max / MB);
		break;
	case SETTING_MODELS:
		(void)settings_must(allowed,
		    "alias=name pairs and names, separated by commas, or JSON");
		break;
	case SETTING_KEYS:
		(void)settings_must(allowed, "a JSON object of keys and names");
		break;
	case SETTING_TEXT:
		if (row->chars != NULL)
			(void)settings_must(allowed,
			    "letters, digits and %s, a letter or digit first",
			    row->chars);
		else if (row->words != NULL)
			(void)settings_must(allowed, "%s", row->words->allowed);
		break;
	}
}

bool
setting_is_number(const struct setting *row)
{
	return row->kind == SETTING_NUMBER || row->kind == SETTING_SIZE;
}

/* --- one kind after another -------------------------------------------- */

/* "must be" what is allowed. */
static bool
must_be_allowed(const struct setting *row, char must[SETTINGS_MUST_BYTES])
{
	char allowed[SETTINGS_MUST_BYTES];

	setting_allowed(row, allowed);
	return settings_must(
	    must, "be %.*s", SETTINGS_MUST_BYTES - (int)sizeof("be "), allowed);
}

static bool
check_choice(const struct setting *row, struct setting_value *v,
    char must[SETTINGS_MUST_BYTES])
{
	const char *const *c;

	for (c = row->choices; *c != NULL; c++) {
		if (strcasecmp(*c, v->text) == 0) {
			v->text = *c;
			return true;
		}
	}
	return must_be_allowed(row, must);
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

static bool
check_text(const struct setting *row, const struct setting_value *v,
    char must[SETTINGS_MUST_BYTES])
{
	size_t max = row->max > 0 ? (size_t)row->max : LIMIT_SETTING_BYTES;
	size_t len = strlen(v->text);
	const char *p;

	if (len < (size_t)row->min)
		return settings_must(must, "not be empty");
	if (len > max)
		return settings_must(must, "not be longer than %zu bytes", max);
	for (p = v->text; *p != '\0'; p++) {
		if (is_control(*p))
			return settings_must(
			    must, "not contain control characters");
		if (row->chars == NULL || is_alnum(*p) ||
		    (p != v->text && strchr(row->chars, *p) != NULL))
			continue;
		return settings_must(must,
		    "hold only letters, digits and %s, a letter or digit first",
		    row->chars);
	}
	return row->words == NULL ||
	       settings_words_check(row->words, v->text, must);
}

/* Ten digits fit every range of the table; a long that they do not fit is its
 * largest one. */
static bool
read_digits(const char *text, size_t len, long *ret)
{
	if (len == 0 || len > 10)
		return false;
	*ret = strtol(text, NULL, 10);
	return true;
}

static bool
check_number(const struct setting *row, struct setting_value *v,
    char must[SETTINGS_MUST_BYTES])
{
	size_t len = strlen(v->text);
	long n;

	if (strspn(v->text, "0123456789") < len ||
	    !read_digits(v->text, len, &n) || n < row->min || n > row->max)
		return must_be_allowed(row, must);
	v->number = n;
	return true;
}

/* "10mb": what a unit is worth; 0: it is none. */
static long
unit_of(const char *text)
{
	static const struct {
		const char *name;
		long bytes;
	} units[] = {{"", 1}, {"b", 1}, {"k", KB}, {"kb", KB}, {"m", MB},
	    {"mb", MB}, {"g", GB}, {"gb", GB}};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcasecmp(text, units[i].name) == 0)
			return units[i].bytes;
	}
	return 0;
}

static bool
check_size(const struct setting *row, struct setting_value *v,
    char must[SETTINGS_MUST_BYTES])
{
	size_t digits = strspn(v->text, "0123456789");
	long unit = unit_of(v->text + digits + strspn(v->text + digits, " "));
	long n;

	if (unit == 0 || !read_digits(v->text, digits, &n) ||
	    n < (row->min + unit - 1) / unit || n > row->max / unit)
		return must_be_allowed(row, must);
	v->number = n * unit;
	return true;
}

typedef bool
read_text(struct buf *to, const char *text, char must[SETTINGS_MUST_BYTES]);
typedef bool
read_json(struct buf *to, const cJSON *value, char must[SETTINGS_MUST_BYTES]);

/* The value becomes what these functions make of it. */
static bool
check_structure(struct setting_value *v, struct buf *room, size_t max,
    read_text *text, read_json *json, char must[SETTINGS_MUST_BYTES])
{
	struct buf made = BUF_INIT(max);
	bool ok = v->json != NULL ? json(&made, v->json, must)
	                          : text(&made, v->text, must);

	if (!ok) {
		buf_free(&made);
		return false;
	}
	buf_free(room);
	*room = made;
	v->text = buf_str(room);
	v->json = NULL;
	return true;
}

bool
setting_check(const struct setting *row, struct setting_value *v,
    struct buf *room, char must[SETTINGS_MUST_BYTES])
{
	switch (row->kind) {
	case SETTING_NUMBER:
		return check_number(row, v, must);
	case SETTING_SIZE:
		return check_size(row, v, must);
	case SETTING_CHOICE:
		return check_choice(row, v, must);
	case SETTING_MODELS:
		return check_structure(v, room, LIMIT_SETTING_BYTES,
		    settings_models_text, settings_models_json, must);
	case SETTING_KEYS:
		return check_structure(v, room, LIMIT_API_KEYS_BYTES,
		    api_keys_text, api_keys_json, must);
	case SETTING_TEXT:
		break;
	}
	return check_text(row, v, must);
}

/* --- out of the file --------------------------------------------------- */

static bool
takes_json(const struct setting *row, const cJSON *item)
{
	if (cJSON_IsObject(item))
		return row->kind == SETTING_MODELS || row->kind == SETTING_KEYS;
	return cJSON_IsArray(item) && row->kind == SETTING_MODELS;
}

bool
setting_of_json(const struct setting *row, const cJSON *member,
    struct setting_value *ret, char must[SETTINGS_MUST_BYTES])
{
	double d = member->valuedouble;

	*ret = (struct setting_value){.text = ""};
	if (cJSON_IsString(member)) {
		ret->text = member->valuestring;
	} else if (cJSON_IsBool(member)) {
		ret->text = cJSON_IsTrue(member) ? "true" : "false";
	} else if (cJSON_IsNumber(member) && d > -1e15 && d < 1e15 &&
		   d == (double)(long long)d) {
		(void)snprintf(
		    ret->digits, sizeof ret->digits, "%lld", (long long)d);
		ret->text = ret->digits;
	} else if (takes_json(row, member)) {
		ret->json = member;
	} else {
		return settings_must(must, "be a text in quotes");
	}
	return true;
}
