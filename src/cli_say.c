/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"

#include "banned.h"

int
cli_complain(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("ccp: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return EXIT_FAILURE;
}

bool
cli_print_json(cJSON *value)
{
	CLEANUP_FREE char *text = value == NULL ? NULL : cJSON_Print(value);

	cJSON_Delete(value);
	if (text != NULL)
		(void)printf("%s\n", text);
	return text != NULL;
}
