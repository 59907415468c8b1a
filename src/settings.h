/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration: defaults < ~/.ccp/config.json < environment, read anew
 * for every connection, constant from then on.
 *
 * One table (settings.c) holds every key: name, default, kind, allowed
 * values or range, one line of help, secret or not.  Help, listing, the man
 * page and validation come from it.  (The file is not called config.h, which
 * is autoconf's.)
 */
#ifndef CCP_SETTINGS_H
#define CCP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#define SETTINGS_DEFAULT_KEY "CCP_API_KEY"

enum setting_kind {
	SETTING_TEXT,   /* const char *, never NULL; "" when empty */
	SETTING_CHOICE, /* const char *, one of choices */
	SETTING_NUMBER, /* long, min..max */
	SETTING_SIZE,   /* long, bytes, min..max; as text with kb, mb, gb */
	SETTING_MODELS, /* const char *, as model_names.h reads it */
	SETTING_KEYS,   /* const char *, as api_keys.h reads it */
};

#define SETTINGS_MUST_BYTES 256 /* the rest of "KEY must ..." */
#define SETTINGS_MAX        64  /* rows of the table at most */

struct settings {
	const char *api_key;
	const char *api_keys; /* lines, see api_keys.h; "": none */
	long port;
	const char *host;
	const char *cors_origin;
	const char *allowed_hosts; /* names, separated by comma or space */
	const char *claude_path;
	const char *claude_working_dir;
	const char *ask_working_dir; /* auto, always, never */
	const char *allowed_dirs;    /* separated by colon or comma; "": all */
	const char *claude_mode;     /* agent, model */
	const char *claude_permission_mode;
	long claude_max_turns;
	long claude_max_processes; /* 0: twice the cores of ours */
	long claude_timeout_ms;
	long claude_idle_timeout_ms;
	long claude_linger_ms; /* 0: no process outlives its turn */
	long claude_max_warm;
	const char *claude_spare; /* auto, 0, 1 */
	long session_ttl_ms;
	const char *session_file; /* "": in the runtime directory */
	const char *claude_env;   /* names of further variables for the child */
	const char *claude_umask; /* of the child, octal */
	const char *system_prompt_mode; /* replace, append */
	const char *default_model;
	const char *models; /* words NAME or ALIAS=NAME, one space between */
	long max_connections;
	const char *log_level;
	const char *log_format; /* text, json */
	const char *log_file;   /* "": none; ~/ is HOME */
	long log_max_size;
	long log_max_files;
	const char *usage_ledger; /* on, off */
	char *owned;              /* storage behind the texts; internal */
};

struct setting_words;

struct setting {
	const char *name; /* "API_KEY": in the file and in the environment */
	const char *fallback; /* default, as text */
	enum setting_kind kind;
	const char *const *choices; /* NULL-terminated; SETTING_CHOICE */
	/* SETTING_NUMBER, SETTING_SIZE: the range.  SETTING_TEXT: bytes, max 0 stands for
	 * LIMIT_SETTING_BYTES. */
	long min, max;
	/* SETTING_TEXT: what it may hold besides letters and digits, one of
	 * which begins it; NULL: anything but control characters. */
	const char *chars;
	/* SETTING_TEXT: the words of a list, see settings_words.h; or NULL. */
	const struct setting_words *words;
	bool secret;
	const char *help;
	size_t offset; /* of the field in struct settings; internal */
};

/* The table, ended by a row with name NULL. */
extern const struct setting settings_table[];

/* The row of a key in any case, or NULL. */
const struct setting *settings_find(const char *name);

/*
 * Reads everything into *s.  file: the path of config.json, NULL for none; a
 * file that does not exist is as good as an empty one.  Its keys are in upper
 * case; unknown ones are ignored, a known one given twice is refused; a value
 * may be a JSON string, a whole number or a boolean, of MODELS an object or
 * an array too, and of API_KEYS an object.  env: the environment,
 * NULL-terminated; an empty variable counts as unset.  A choice is recognised
 * in any case.
 * On failure -1 and a message for a person in err ("config.json line 3: ...",
 * "CLAUDE_MAX_TURNS=x in the environment: must be a number from 1 to 1000"),
 * never with a secret's value.  On success the caller frees *s with
 * settings_free().
 */
int settings_load(struct settings *s, const char *file, char *const *env,
    char *err, size_t errlen);
void settings_free(struct settings *s);

/* HOME/.ccp/config.json as a malloc'ed string; NULL where HOME is unset or
 * memory is out. */
char *settings_path(char *const *env);

/* The value of a variable in env, or NULL. */
const char *settings_getenv(char *const *env, const char *name);

/* Writes the rest of "KEY must ..." and is always false, so that a check can
 * return it. */
bool settings_must(char must[SETTINGS_MUST_BYTES], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Is the well-known key the one that opens?  Not where API_KEYS names others. */
bool settings_default_key(const struct settings *s);

#endif
