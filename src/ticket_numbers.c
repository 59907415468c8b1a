/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ticket_numbers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

/* Twenty digits are enough for 64 bits. */
#define LINE       "%020lu %020lu\n"
#define LINE_BYTES 42
#define LINES      2

/* 0 where it says no number, or is half of one and half of another. */
static unsigned long
number_in(const char *line)
{
	char *end, *last;
	unsigned long once, again;

	errno = 0;
	once = strtoul(line, &end, 10);
	again = strtoul(end, &last, 10);
	if (errno != 0 || last - line != LINE_BYTES - 1 || once != again ||
	    once + 1 == 0)
		return 0;
	return once;
}

void
ticket_numbers_read(int file, struct ticket_numbers *ret)
{
	char text[LINES * LINE_BYTES + 1] = "";

	memset(ret, 0, sizeof(*ret));
	(void)!pread(file, text, sizeof(text) - 1, 0);
	ret->done = number_in(text + LINE_BYTES);
	text[LINE_BYTES] = '\0';
	ret->last = number_in(text);
	if (ret->last < ret->done)
		memset(ret, 0, sizeof(*ret));
}

static bool
put(int file, int line, unsigned long number)
{
	char text[LINE_BYTES + 1];

	(void)snprintf(text, sizeof(text), LINE, number, number);
	return pwrite(file, text, LINE_BYTES, (off_t)line * LINE_BYTES) ==
	       LINE_BYTES;
}

void
ticket_numbers_given(int file, unsigned long last)
{
	if (!put(file, 0, last))
		(void)!ftruncate(file, 0);
}

void
ticket_numbers_done(int file, unsigned long done)
{
	(void)put(file, 1, done);
}
