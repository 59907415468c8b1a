/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_style.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "settings.h"

#include "banned.h"

#define COLUMNS 80

static bool coloured;

bool
style_open(FILE *to, char *const *env)
{
	const char *none = settings_getenv(env, "NO_COLOR");
	const char *term = settings_getenv(env, "TERM");

	coloured = isatty(fileno(to)) == 1 &&
	           (none == NULL || none[0] == '\0') && term != NULL &&
	           term[0] != '\0' && strcmp(term, "dumb") != 0;
	return coloured;
}

const char *
style(enum style s)
{
	if (!coloured)
		return "";
	switch (s) {
	case STYLE_PLAIN:
		break;
	case STYLE_BOLD:
		return "\033[1m";
	case STYLE_DIM:
		return "\033[2m";
	case STYLE_GOOD:
		return "\033[32m";
	case STYLE_WARN:
		return "\033[33m";
	case STYLE_BAD:
		return "\033[31m";
	}
	return "\033[0m";
}

int
style_columns(FILE *to)
{
	struct winsize size = {0};

	if (ioctl(fileno(to), TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return COLUMNS;
	return size.ws_col;
}

bool
style_utf8(void)
{
	return setlocale(LC_CTYPE, "") != NULL &&
	       strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
