/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_style.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "screen_text.h"
#include "settings.h"

#include "banned.h"

#define COLUMNS       80
#define NARROWEST     20 /* columns for words */
#define WRAPPED_BYTES 65536

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

/* Characters of clean UTF-8, and no more than most; *at is behind them. */
static int
print_word(const char **at, int most)
{
	int n = 0;

	for (; **at != ' ' && **at != '\0'; (*at)++) {
		if (((unsigned char)**at & 0xC0) != 0x80 && n++ == most)
			return most;
		(void)putchar(**at);
	}
	return n;
}

static int
word_width(const char *at)
{
	int n = 0;

	for (; *at != ' ' && *at != '\0'; at++)
		n += ((unsigned char)*at & 0xC0) != 0x80;
	return n;
}

void
style_wrap(const char *text, int indent)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(WRAPPED_BYTES);
	int columns = style_columns(stdout), at = indent;
	const char *word;

	if (columns < indent + NARROWEST)
		columns = indent + NARROWEST;
	screen_text_add(&clean, text);
	word = buf_str(&clean);
	while (*(word += strspn(word, " ")) != '\0') {
		if (at > indent && at + 1 + word_width(word) > columns) {
			(void)printf("\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			(void)putchar(' ');
			at++;
		}
		at += print_word(&word, columns - at);
		if (*word != ' ' && *word != '\0')
			at = columns; /* the rest of it goes below */
	}
	(void)putchar('\n');
}

bool
style_utf8(void)
{
	return setlocale(LC_CTYPE, "") != NULL &&
	       strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
