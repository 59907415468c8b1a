/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "program_run.h"
#include "programs.h"

#include "banned.h"

extern char **environ;

#define MOST_WORDS 16

/* Where administrators' programs are, whatever PATH says. */
static const char system_path[] = "/usr/bin:/bin:/usr/sbin:/sbin";

char *
service_text(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : text;
}

char *
service_directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return NULL;
	return service_text("%.*s", (int)(slash - path), path);
}

bool
service_fail(struct service *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(s->err, sizeof(s->err), fmt, ap);
	va_end(ap);
	return false;
}

static char *
find(const char *name)
{
	const char *path = settings_getenv(environ, "PATH");
	char *found = program_on_path(name, path == NULL ? "" : path);

	return found != NULL ? found : program_on_path(name, system_path);
}

/* "systemctl --user start ccp.socket: what it says" */
static bool
tell_failure(struct service *s, const char *const *words, const char *said,
    const struct program_result *r)
{
	CLEANUP_BUF struct buf b = BUF_INIT(sizeof(s->err));
	size_t i, len = strcspn(said, "\n");

	for (i = 0; i < 4 && words[i] != NULL; i++)
		buf_addf(&b, "%s%s", i == 0 ? "" : " ", words[i]);
	if (r->error != 0)
		buf_addf(&b, ": %s", strerror(r->error));
	else if (r->late)
		buf_addf(&b, " did not end");
	else if (len > 0)
		buf_addf(&b, ": %.*s", (int)len, said);
	else
		buf_addf(&b, " failed");
	return service_fail(s, "%s", buf_str(&b));
}

bool
service_run(struct service *s, const char *const *words)
{
	CLEANUP_BUF struct buf err = BUF_INIT(LIMIT_PROGRAM_BYTES);
	CLEANUP_FREE char *path = find(words[0]);
	char *argv[MOST_WORDS] = {path};
	struct program_result r;
	size_t i;

	buf_clear(&s->out);
	if (path == NULL)
		return service_fail(s, "%s was not found", words[0]);
	for (i = 1; i + 1 < MOST_WORDS && words[i] != NULL; i++)
		memcpy(&argv[i], &words[i], sizeof(argv[i]));
	if (program_run(argv, environ, LIMIT_SERVICE_MS, &s->out, &err, &r))
		return true;
	return tell_failure(s, words, buf_str(&err), &r);
}

void
service_pause(void)
{
	const struct timespec t = {0, LIMIT_SERVICE_LOOK_MS * 1000000L};

	(void)nanosleep(&t, NULL);
}
