/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo_out.h"
#include "io.h"
#include "json_text.h"
#include "limits.h"

#include "banned.h"

void
demo_record_line(const struct demo *d, const char *line, size_t len)
{
	struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);

	if (d->record < 0)
		return;
	buf_addstr(&b, "{\"stdin\":");
	json_text_quote(&b, line, len);
	buf_addstr(&b, "}\n");
	(void)io_write_all(d->record, buf_str(&b), b.len);
	buf_free(&b);
}

static void
add_strings(struct buf *b, char *const *v)
{
	const char *comma = "";

	buf_addch(b, '[');
	for (; *v != NULL; v++, comma = ",") {
		buf_addstr(b, comma);
		json_text_quote_str(b, *v);
	}
	buf_addch(b, ']');
}

void
demo_record_open(struct demo *d, char *const *argv, char *const *env)
{
	struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);
	const char *path = getenv("CCP_DEMO_RECORD");
	char cwd[4096];

	d->record = -1;
	if (path == NULL)
		return;
	d->record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (d->record < 0)
		demo_die("%s: %s", path, strerror(errno));
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		cwd[0] = '\0';
	buf_addstr(&b, "{\"argv\":");
	add_strings(&b, argv);
	buf_addstr(&b, ",\"environ\":");
	add_strings(&b, env);
	buf_addstr(&b, ",\"cwd\":");
	json_text_quote_str(&b, cwd);
	buf_addf(&b, ",\"pid\":%ld}\n", (long)getpid());
	(void)io_write_all(d->record, buf_str(&b), b.len);
	buf_free(&b);
}

void
demo_record_started(const struct demo *d)
{
	struct buf b = BUF_INIT(LIMIT_LOG_LINE_BYTES);

	if (d->record >= 0) {
		buf_addf(&b, "{\"started\":%ld}\n", (long)getpid());
		(void)io_write_all(d->record, buf_str(&b), b.len);
	}
	buf_free(&b);
}
