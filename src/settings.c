/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "limits.h"
#include "settings_words.h"

#include "banned.h"

#define FIELD(member) .offset = offsetof(struct settings, member)

#define LIST(...)     ((const char *const[]){__VA_ARGS__, NULL})

#define MS_MIN        1000
#define MS_MAX        86400000

const struct setting settings_table[] = {
    {
	.name = "API_KEY",
	.fallback = SETTINGS_DEFAULT_KEY,
	.kind = SETTING_TEXT,
	.min = 1,
	.secret = true,
	.help = "the bearer key that clients must send",
	FIELD(api_key),
    },
    {
	.name = "API_KEYS",
	.fallback = "",
	.kind = SETTING_KEYS,
	.secret = true,
	.help = "further keys, each with a name and perhaps a directory: a "
		"JSON object",
	FIELD(api_keys),
    },
    {
	.name = "PORT",
	.fallback = "8888",
	.kind = SETTING_NUMBER,
	.min = 0,
	.max = 65535,
	.help = "the TCP port to listen on; 0 takes any free one",
	FIELD(port),
    },
    {
	.name = "HOST",
	.fallback = "127.0.0.1",
	.kind = SETTING_TEXT,
	.min = 1,
	.words = &settings_addresses,
	.help = "the addresses to listen on, separated by commas; "
		"unix:/path is a local socket",
	FIELD(host),
    },
    {
	.name = "CORS_ORIGIN",
	.fallback = "*",
	.kind = SETTING_TEXT,
	.words = &settings_origins,
	.help = "the web origin whose pages may use ccp; * is any, but only "
		"loopback ones as long as API_KEY is the default",
	FIELD(cors_origin),
    },
    {
	.name = "ALLOWED_HOSTS",
	.fallback = "",
	.kind = SETTING_TEXT,
	.words = &settings_hosts,
	.help = "further host names that requests may be addressed to, "
		"separated by commas",
	FIELD(allowed_hosts),
    },
    {
	.name = "CLAUDE_PATH",
	.fallback = "claude",
	.kind = SETTING_TEXT,
	.min = 1,
	.help = "the Claude Code program, a path or a name to be found",
	FIELD(claude_path),
    },
    {
	.name = "CLAUDE_WORKING_DIR",
	.fallback = "",
	.kind = SETTING_TEXT,
	.help = "the directory Claude works in; empty is the current one, "
		"for a service the home directory",
	FIELD(claude_working_dir),
    },
    {
	.name = "ASK_WORKING_DIR",
	.fallback = "auto",
	.kind = SETTING_CHOICE,
	.choices = LIST("auto", "always", "never"),
	.help = "when a new conversation is asked for its directory",
	FIELD(ask_working_dir),
    },
    {
	.name = "ALLOWED_DIRS",
	.fallback = "",
	.kind = SETTING_TEXT,
	.help = "the directories that a conversation may choose, with what is "
		"below them, separated by colons; empty is any",
	FIELD(allowed_dirs),
    },
    {
	.name = "CLAUDE_MODE",
	.fallback = "agent",
	.kind = SETTING_CHOICE,
	.choices = LIST("agent", "model"),
	.help = "what Claude is for a request that does not say: an agent in "
		"a directory of this machine, or a model without tools",
	FIELD(claude_mode),
    },
    {
	.name = "CLAUDE_PERMISSION_MODE",
	.fallback = "default",
	.kind = SETTING_CHOICE,
	.choices = LIST("default", "plan", "acceptEdits", "dontAsk", "auto",
	    "bypassPermissions"),
	.help = "what Claude may do without being permitted first",
	FIELD(claude_permission_mode),
    },
    {
	.name = "CLAUDE_MAX_TURNS",
	.fallback = "25",
	.kind = SETTING_NUMBER,
	.min = 1,
	.max = 1000,
	.help = "the most turns Claude takes to answer one request",
	FIELD(claude_max_turns),
    },
    {
	.name = "CLAUDE_MAX_PROCESSES",
	.fallback = "0",
	.kind = SETTING_NUMBER,
	.min = 0,
	.max = 1000,
	.help = "the most Claude processes of yours that run at once; 0 is "
		"twice the number of cores",
	FIELD(claude_max_processes),
    },
    {
	.name = "CLAUDE_TIMEOUT_MS",
	.fallback = "300000",
	.kind = SETTING_NUMBER,
	.min = MS_MIN,
	.max = MS_MAX,
	.help = "milliseconds until a request is given up as a whole",
	FIELD(claude_timeout_ms),
    },
    {
	.name = "CLAUDE_IDLE_TIMEOUT_MS",
	.fallback = "120000",
	.kind = SETTING_NUMBER,
	.min = MS_MIN,
	.max = MS_MAX,
	.help = "milliseconds without a sign of life until it is given up",
	FIELD(claude_idle_timeout_ms),
    },
    {
	.name = "CLAUDE_LINGER_MS",
	.fallback = "120000",
	.kind = SETTING_NUMBER,
	.min = 0,
	.max = MS_MAX,
	.help = "milliseconds that a Claude process waits behind its answer "
		"for what follows in the conversation; 0: it does not",
	FIELD(claude_linger_ms),
    },
    {
	.name = "CLAUDE_MAX_WARM",
	.fallback = "2",
	.kind = SETTING_NUMBER,
	.min = 0,
	.max = LIMIT_WARM,
	.help = "the most Claude processes of yours that wait so at once",
	FIELD(claude_max_warm),
    },
    {
	.name = "CLAUDE_SPARE",
	.fallback = "auto",
	.kind = SETTING_CHOICE,
	.choices = LIST("auto", "0", "1"),
	.help = "whether behind a request another Claude process is started "
		"for the next conversation; auto: under ccp start",
	FIELD(claude_spare),
    },
    {
	.name = "SESSION_TTL_MS",
	.fallback = "3600000",
	.kind = SETTING_NUMBER,
	.min = MS_MIN,
	.max = INT32_MAX,
	.help = "milliseconds that a conversation is remembered after its "
		"last answer",
	FIELD(session_ttl_ms),
    },
    {
	.name = "SESSION_FILE",
	.fallback = "",
	.kind = SETTING_TEXT,
	.help = "where conversations are remembered; empty is the runtime "
		"directory, which is gone after a reboot",
	FIELD(session_file),
    },
    {
	.name = "CLAUDE_ENV",
	.fallback = "",
	.kind = SETTING_TEXT,
	.words = &settings_variables,
	.help = "names of further environment variables that Claude gets, "
		"separated by commas",
	FIELD(claude_env),
    },
    {
	.name = "CLAUDE_UMASK",
	.fallback = "077",
	.kind = SETTING_CHOICE,
	.choices = LIST("077", "027", "022", "007", "002"),
	.help = "what others may not do with the files that Claude makes: "
		"077 leaves them nothing, 022 lets them read",
	FIELD(claude_umask),
    },
    {
	.name = "SYSTEM_PROMPT_MODE",
	.fallback = "replace",
	.kind = SETTING_CHOICE,
	.choices = LIST("replace", "append"),
	.help = "whether a request's system text replaces Claude Code's own "
		"system prompt or is appended to it",
	FIELD(system_prompt_mode),
    },
    {
	.name = "DEFAULT_MODEL",
	.fallback = "claude-sonnet-4-5-20250929",
	.kind = SETTING_TEXT,
	.min = 1,
	.max = LIMIT_MODEL_BYTES,
	.chars = "._:@/[]-",
	.help = "the model of a request that names none, an alias or an id",
	FIELD(default_model),
    },
    {
	.name = "MODELS",
	.fallback = "",
	.kind = SETTING_MODELS,
	.help = "aliases and further names of models: alias=name pairs, "
		"separated by commas, or a JSON object",
	FIELD(models),
    },
    {
	.name = "MAX_CONNECTIONS",
	.fallback = "256",
	.kind = SETTING_NUMBER,
	.min = 1,
	.max = 10000,
	.help = "the most connections that are served at once",
	FIELD(max_connections),
    },
    {
	.name = "LOG_LEVEL",
	.fallback = "info",
	.kind = SETTING_CHOICE,
	.choices = LIST("error", "warn", "info", "debug"),
	.help = "the least important messages that are logged",
	FIELD(log_level),
    },
    {
	.name = "LOG_FORMAT",
	.fallback = "text",
	.kind = SETTING_CHOICE,
	.choices = LIST("text", "json"),
	.help = "how a line of the log is written",
	FIELD(log_format),
    },
    {
	.name = "LOG_FILE",
	.fallback = "",
	.kind = SETTING_TEXT,
	.help = "a file that is logged to as well; empty is none",
	FIELD(log_file),
    },
    {
	.name = "LOG_MAX_SIZE",
	.fallback = "10mb",
	.kind = SETTING_SIZE,
	.min = 1024,
	.max = 1024 * 1024 * 1024,
	.help = "the size at which LOG_FILE is set aside and begun anew, as "
		"in 512kb or 10mb",
	FIELD(log_max_size),
    },
    {
	.name = "LOG_MAX_FILES",
	.fallback = "5",
	.kind = SETTING_NUMBER,
	.min = 0,
	.max = 100,
	.help = "how many files of LOG_FILE that were set aside are kept",
	FIELD(log_max_files),
    },
    {
	.name = "USAGE_LEDGER",
	.fallback = "on",
	.kind = SETTING_CHOICE,
	.choices = LIST("on", "off"),
	.help = "whether the size and cost of each request are noted, for "
		"ccp usage",
	FIELD(usage_ledger),
    },
    {.name = NULL},
};

const struct setting *
settings_find(const char *name)
{
	const struct setting *row;

	for (row = settings_table; row->name != NULL; row++) {
		if (strcasecmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

bool
settings_default_key(const struct settings *s)
{
	return strcmp(s->api_key, SETTINGS_DEFAULT_KEY) == 0 &&
	       s->api_keys[0] == '\0';
}

bool
settings_must(char must[SETTINGS_MUST_BYTES], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(must, SETTINGS_MUST_BYTES, fmt, ap);
	va_end(ap);
	return false;
}
