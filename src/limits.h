/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every limit of ccp in one place.  Units are in the names: BYTES, MS, or a
 * plain count.
 */
#ifndef CCP_LIMITS_H
#define CCP_LIMITS_H

/* HTTP, what a client may send */
#define LIMIT_HEAD_BYTES       32768 /* request line and fields together */
#define LIMIT_HEAD_FIELDS      100
#define LIMIT_TARGET_BYTES     8192
#define LIMIT_BODY_BYTES       (32u * 1024 * 1024)
#define LIMIT_CHUNK_LINE_BYTES 1024  /* chunk size, extensions, CRLF */
#define LIMIT_CHUNK_EXT_BYTES  16384 /* extensions of all chunks of a body */
#define LIMIT_TRAILER_BYTES    8192
#define LIMIT_REQUEST_ID_BYTES 128
#define LIMIT_READ_BYTES       65536 /* one read from any descriptor */

/* HTTP, how long each phase may last: one running deadline each */
#define LIMIT_HEAD_MS         10000
#define LIMIT_BODY_MS         60000
#define LIMIT_KEEPALIVE_MS    60000
#define LIMIT_WRITE_STALL_MS  30000 /* within it the client takes all ... */
#define LIMIT_WRITE_MIN_BYTES 16384 /* ... or this much */
#define LIMIT_LINGER_MS       2000 /* after a refusal: let the client read it */
#define LIMIT_LINGER_BYTES    (2 * LIMIT_BODY_BYTES)

/* A wrong key: each is answered late, and the last one ends its connection */
#define LIMIT_WRONG_KEY_MS 750
#define LIMIT_WRONG_KEYS   3
#define LIMIT_GOOD_KEY     16 /* characters of a key that cannot be guessed */

/* HTTP, what is queued towards a client */
#define LIMIT_SOCKET_BYTES   65536 /* by the system */
#define LIMIT_OUT_BYTES      (64u * 1024 * 1024)
#define LIMIT_OUT_SOFT_BYTES (1u * 1024 * 1024) /* above: stop reading Claude */

/* JSON texts */
#define LIMIT_JSON_DEPTH        128
#define LIMIT_JSON_VALUES       200000
#define LIMIT_JSON_KEY_BYTES    1024
#define LIMIT_JSON_NUMBER_BYTES 63 /* cJSON 1.7.15 reads no more of one */

/* A chat request */
#define LIMIT_MESSAGES        10000
#define LIMIT_MODEL_BYTES     128
#define LIMIT_MAX_TOKENS      10000000
#define LIMIT_MEDIA           100 /* images and files of a request: Claude's */
#define LIMIT_MEDIA_BYTES     (20u * 1024 * 1024) /* of one, decoded */
#define LIMIT_URL_BYTES       8192
#define LIMIT_FILE_NAME_BYTES 255
#define LIMIT_TOOLS           128
#define LIMIT_TOOLS_BYTES     (4u * 1024 * 1024) /* names, words and schemas */
#define LIMIT_TOOL_NAME_BYTES 64
#define LIMIT_CALLS           10000 /* of tools, in the messages */
#define LIMIT_STOPS           16
#define LIMIT_STOP_BYTES      1024 /* of one */
#define LIMIT_ANSWERS         8    /* to one request: n */
/* Below this many tokens an answer leaves no room for thinking: the API wants
 * a budget of at least 1024 and smaller than the maximum. */
#define LIMIT_THINKING_TOKENS 4096

/* The client's tools, before Claude */
#define LIMIT_PARKED_CALLS      32   /* that one process waits for */
#define LIMIT_TOOL_DESCRIPTION  2000 /* characters: the CLI cuts at 2048 */
#define LIMIT_MCP_VERSION_BYTES 64
#define LIMIT_MCP_ID_BYTES      256
#define LIMIT_EXTRA_BODY_BYTES  65536 /* an environment variable: 131072 */

/* Claude's pipes */
#define LIMIT_CLAUDE_LINE_BYTES    (64u * 1024 * 1024)
#define LIMIT_CLAUDE_STENCIL_BYTES 256 /* of a word's line around its text */
#define LIMIT_CLAUDE_STDIN_BYTES   (80u * 1024 * 1024)
#define LIMIT_CLAUDE_STDERR_BYTES  4096 /* the tail kept for the log */
#define LIMIT_CLAUDE_READS         2    /* of words, in a millisecond */
#define LIMIT_CLAUDE_GRACE_MS      500  /* from the end of stdout to its exit */
#define LIMIT_ANSWER_BYTES         (32u * 1024 * 1024)
#define LIMIT_ERROR_TEXT_BYTES     2048

/* Claims of sessions, where each is a file */
#define LIMIT_CLAIM_KEPT_S 3600 /* one of an hour ago is removed */

/* Warm Claude processes */
#define LIMIT_WARM              16 /* of one handler: CLAUDE_MAX_WARM */
#define LIMIT_WARM_KEPT         24 /* and those it has lent, or stops */
#define LIMIT_WARM_RECORDS      64 /* of a user, looked at */
#define LIMIT_WARM_RECORD_BYTES 1024
#define LIMIT_WARM_ASKERS       8    /* that have not said yet what they want */
#define LIMIT_WARM_ASK_MS       1000 /* its keeper lends it, takes it back */
#define LIMIT_WARM_MUTE_MS      10000 /* behind a socket that failed */
#define LIMIT_WARM_DEAF_MS      200   /* behind an accept() that failed */
#define LIMIT_WARM_SOON_MS      5     /* how often it is looked for meanwhile */
#define LIMIT_WARM_TAKEN_MS     5000  /* until it goes to its API (25 ms) */
#define LIMIT_WARM_SPARE_MS     30000 /* the same of one that may be starting up */
#define LIMIT_WARM_SAVE_MS      2000 /* until its answer is saved (70 ms) */
#define LIMIT_WARM_SAVE_LOOK_MS 20   /* how often it is looked for */
/* The result of a tool, told to who waits for it: the CLI shortens long ones. */
#define LIMIT_WARM_RESULT_BYTES 32768
#define LIMIT_WARM_SAVING       4    /* answers that are not yet saved */
#define LIMIT_WARM_LOOK_MS      5000 /* at memory and configuration */
#define LIMIT_WARM_FREE_PERCENT 10   /* of memory: below it nothing is kept */

#define LIMIT_DEMO_AFTER_MS     300 /* the stand-in, when it speaks by itself */

/* Stopping a Claude process, phase by phase */
#define LIMIT_STOP_INTERRUPT_MS   200
#define LIMIT_STOP_EXIT_MS        2000 /* stdin closed after a finished turn */
#define LIMIT_STOP_TERM_MS        1000
#define LIMIT_STOP_KILL_MS        1000
#define LIMIT_STOP_SWEEP_MS       2000
#define LIMIT_STOP_SWEEP_ROUND_MS 10
#define LIMIT_ORPHANS             128 /* remembered, where they do not come to us */
#define LIMIT_PROCESSES           65536 /* looked through, should they never end */
#define LIMIT_FD_GUESS            4096 /* closed one by one, where no call closes all */

/* A program that the ccp command runs and waits for */
#define LIMIT_PROGRAM_STEP_MS 20 /* how often its end is looked for */
#define LIMIT_PROGRAM_MS      10000
#define LIMIT_PROGRAM_BYTES   65536 /* of what it prints */

/* What the ccp command asks its own server */
#define LIMIT_CLIENT_BYTES    (1u * 1024 * 1024) /* of an answer */
#define LIMIT_CLIENT_PROBE_MS 3000               /* for GET /health */
#define LIMIT_CLIENT_EXTRA_MS 5000               /* beyond CLAUDE_TIMEOUT_MS */

/* ccp service */
#define LIMIT_SERVICE_MS      30000 /* a call of systemctl or launchctl */
#define LIMIT_SERVICE_STOP_MS 20000 /* until no handler is left */
#define LIMIT_SERVICE_LOOK_MS 100   /* how often it is looked */
#define LIMIT_SERVICE_RETRIES 10    /* of launchctl bootstrap */
#define LIMIT_SERVICE_LINES   60    /* of the log, for the last request */
#define LIMIT_UNIT_BYTES      65536

/* What a client is told while Claude says nothing */
#define LIMIT_HOLD_BACK_MS   10000 /* the status may wait this long */
#define LIMIT_SSE_COMMENT_MS 10000

/* ccp start */
#define LIMIT_SHUTDOWN_MS       10000 /* for requests under way */
#define LIMIT_SHUTDOWN_TERM_MS  5000  /* more than the phases of a stop */
#define LIMIT_LISTEN_BACKLOG    4096  /* who finds it full tries again in 1 s */
#define LIMIT_ACCEPT_TELL_MS    60000 /* that none can be accepted */
#define LIMIT_ACCEPT_PAUSE_MS   100   /* behind an accept() that failed */
#define LIMIT_SHUTDOWN_SWEEP_MS 20    /* how often it is looked who is left */
#define LIMIT_PROCESS_TREE      4096  /* processes below one handler */

/* Claude processes of a user, over all handlers */
#define LIMIT_SLOTS_FIRST_MS  50    /* how often the first that waits looks */
#define LIMIT_SLOTS_BEHIND_MS 1000  /* the same for each of the others */
#define LIMIT_SLOTS_LOCK_MS   2     /* another one looks just now */
#define LIMIT_SLOTS_LOCKED    5     /* how often that is doubled */
#define LIMIT_SLOTS_ASKED     4     /* places that are looked at for another */
#define LIMIT_TICKETS_NEAR    8     /* tried before all are looked through */
#define LIMIT_QUEUE           64    /* requests that wait */
#define LIMIT_QUEUE_MS        60000 /* how long one of them does */
#define LIMIT_QUEUE_RETRY_S   10    /* Retry-After of a refused one */

/* The session store */
#define LIMIT_STORE_LOCK_MS      2000 /* waiting for another handler */
#define LIMIT_STORE_SWEEP        8    /* values looked at with each new one */
#define LIMIT_STORE_KEY_BYTES    256
#define LIMIT_STORE_VALUE_BYTES  65536
#define LIMIT_STORE_GROWTH_BYTES (16 * 1024 * 1024)  /* at one store */
#define LIMIT_ORIGINAL_BYTES     (16u * 1024 * 1024) /* its file of sessions */
#define LIMIT_TRANSCRIPT_BYTES   (64u * 1024 * 1024) /* of the CLI, read */
#define LIMIT_TRANSCRIPT_TAIL    (1u * 1024 * 1024) /* looked at for an answer */
#define LIMIT_SESSION_WAIT_MS    2000 /* for an answer to be saved */
#define LIMIT_SESSION_RETRY_MS   10   /* how often it is looked for */

/* The ledger of usage */
#define LIMIT_LEDGER_LINE_BYTES 4096  /* a longer one is damaged */
#define LIMIT_USAGE_GROUPS      10000 /* what is more goes into one group */

/* The log */
#define LIMIT_LOG_LINE_BYTES 4096
#define LIMIT_LOG_PATH_BYTES 4096
#define LIMIT_LOG_GONE       1000 /* files that others set aside meanwhile */
#define LIMIT_LOG_FILES      100  /* that were set aside */
#define LIMIT_LOG_LOCK_MS    1000 /* another process writes just now */
#define LIMIT_LOG_FOLLOW_MS  200  /* how often ccp logs -f looks */

/* Files and sockets that several processes use */
#define LIMIT_POLL_FDS           128 /* one turn of the loop waits for */
#define LIMIT_LOCK_AGAIN_MS      10 /* a signal that came just before the wait */
#define LIMIT_SOCKET_LOCK_ROUNDS 50 /* a directory of sockets is locked */
#define LIMIT_SOCKET_LOCK_MS     10 /* each of them */
#define LIMIT_FILE_GONE          16 /* somebody keeps removing it */

/* Configuration */
#define LIMIT_CONFIG_BYTES   262144
#define LIMIT_CONFIG_LOCK_MS 10000 /* waiting for another ccp config */
#define LIMIT_SETTING_BYTES  4096
#define LIMIT_API_KEYS_BYTES 65536 /* of API_KEYS as it is kept */
#define LIMIT_KEYS           64
#define LIMIT_KEY_NAME_BYTES 63
#define LIMIT_MODELS         256 /* words of MODELS */
#define LIMIT_MODEL_STEPS    8   /* from alias to alias */

#endif
