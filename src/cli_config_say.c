/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp config: what its sub-commands say alike.
 */
#include "cli_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cli_client.h"
#include "cli_say.h"
#include "cli_service.h"
#include "limits.h"
#include "screen_text.h"
#include "settings_remarks.h"

#include "banned.h"

#define REMARKS_BYTES 65536

int
config_print_json(cJSON *value)
{
	return cli_print_json(value) ? EXIT_SUCCESS
	                             : cli_complain("out of memory");
}

void
config_complain_key(const char *key)
{
	CLEANUP_BUF struct buf shown = BUF_INIT(4 * CONFIG_VALUE_SHOWN + 8);
	const struct setting *near = settings_nearest(key);

	screen_text_cut(&shown, key, CONFIG_VALUE_SHOWN);
	if (near != NULL)
		(void)cli_complain("unknown key %s: did you mean %s?",
		    buf_str(&shown), near->name);
	else
		(void)cli_complain(
		    "unknown key %s: see ccp config help", buf_str(&shown));
}

const struct setting *
config_row(const char *key)
{
	const struct setting *row = settings_find(key);

	if (row == NULL)
		config_complain_key(key);
	return row;
}

void
config_complain_lines(const struct buf *lines)
{
	const char *at, *end;

	for (at = buf_str(lines); (end = strchr(at, '\n')) != NULL;
	     at = end + 1)
		(void)cli_complain("%.*s", (int)(end - at), at);
}

void
config_say_remarks(const char *path)
{
	CLEANUP_BUF struct buf lines = BUF_INIT(REMARKS_BYTES);

	settings_remarks(path, &lines);
	config_complain_lines(&lines);
}

/* --- of a value that is stored ------------------------------------------ */

bool
config_is(const struct setting *row, const char *name)
{
	return strcmp(row->name, name) == 0;
}

bool
config_is_place(const struct setting *row)
{
	return config_is(row, "HOST") || config_is(row, "PORT");
}

void
config_say_weak_keys(const char *api_key, const char *api_keys)
{
	const struct settings s = {.api_key = api_key, .api_keys = api_keys};
	CLEANUP_BUF struct buf lines = BUF_INIT(LIMIT_API_KEYS_BYTES);

	settings_weak_keys(&s, &lines);
	config_complain_lines(&lines);
}

void
config_say_weak(const struct setting *row, const char *path)
{
	struct settings s;
	char err[512];

	/* As a service sees it, whose environment is another one. */
	if (settings_load(&s, path, (char *const[]){NULL}, err, sizeof err) ==
	    -1) {
		(void)cli_complain("%s", err);
		return;
	}
	if ((config_is(row, "HOST") || config_is(row, "API_KEY") ||
		config_is(row, "API_KEYS")) &&
	    settings_default_key(&s) && client_hosts_reachable(s.host))
		(void)cli_complain(
		    "other machines can reach %.64s (HOST), so ccp does not "
		    "start before API_KEY is one of your own",
		    s.host);
	settings_free(&s);
}

bool
config_place_changed(const struct config_job *j)
{
	CLEANUP_BUF struct buf said = BUF_INIT(REMARKS_BYTES);
	char *const nothing[] = {NULL}; /* a service has none of ours */
	struct settings s;
	char err[512];
	bool ok;

	/* What is wrong in the file elsewhere has been said. */
	if (settings_load(&s, j->path, nothing, err, sizeof err) == -1)
		return true;
	ok = service_follow(&s, &said);
	settings_free(&s);
	(void)fputs(buf_str(&said), ok ? stdout : stderr);
	if (said.len == 0)
		(void)printf("A \"ccp start\" that runs listens there after a "
			     "HUP signal\n");
	return ok;
}
