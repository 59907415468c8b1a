/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io.h"

#include "banned.h"

void
demo_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(1);
}

void
demo_write(struct buf *b)
{
	if (!buf_ok(b))
		demo_die("out of memory");
	(void)io_write_all(STDOUT_FILENO, buf_str(b), b->len);
	buf_free(b);
}
