/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service_journal.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "json_text.h"

#include "banned.h"

static const char *
member(const cJSON *entry, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static void
read_entry(struct service_log *log, const char *line, size_t len)
{
	struct json_text_error e;
	const char *priority;
	long long micro;
	cJSON *entry;

	if (!json_text_check(line, len, &e))
		return;
	entry = cJSON_ParseWithLength(line, len);
	priority = member(entry, "PRIORITY");
	micro = strtoll(member(entry, "__REALTIME_TIMESTAMP"), NULL, 10);
	service_log_line(log, member(entry, "MESSAGE"),
	    (time_t)(micro / 1000000),
	    priority[0] == '\0' ? 6 : (int)strtol(priority, NULL, 10));
	cJSON_Delete(entry);
}

/* By the identifier: asked by unit the journal misses processes that have
 * ended at once. */
static void
ask(struct service *s, struct service_log *ret, const char *count,
    const char *priority)
{
	CLEANUP_FREE char *uid =
	    service_text("_UID=%lu", (unsigned long)s->uid);
	const char *line;
	size_t len;

	if (uid == NULL ||
	    !SERVICE_RUN(s, "journalctl", s->system ? "--system" : "--user",
		"-q", "--no-pager", "-r", "-o", "json",
		"--output-fields=MESSAGE,PRIORITY", "-t", "ccp", "-n", count,
		"-p", priority, uid))
		return;
	for (line = buf_str(&s->out); *line != '\0';
	     line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		read_entry(ret, line, len);
	}
}

void
journal_log(struct service *s, struct service_log *ret)
{
	char count[16];

	memset(ret, 0, sizeof(*ret));
	ask(s, ret, "3", "err");
	(void)snprintf(count, sizeof(count), "%d", LIMIT_SERVICE_LINES);
	ask(s, ret, count, "info..info");
}
