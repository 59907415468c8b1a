# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutations of src, each a way in or a way to break it, and what catches it.

M(name, file, old, new, tests, why): old stands exactly once in the file; tests
are names as tests/lib/named.py reads them, of scripts and unit suites, and each
of them has to fail.  Files of src that end in .c only.  A test that needs more
than some seconds is no good here.
"""

MUTATIONS = []


class Mutation:
    def __init__(self, *row):
        (self.name, self.file, self.old, self.new, self.tests,
         self.why) = row


def M(*row):  # pylint: disable=invalid-name
    MUTATIONS.append(Mutation(*row))


# --- HTTP: what is ambiguous opens the door to smuggled requests -------------

M("both lengths", "src/http_framing.c",
  "	if (codings > 0 && lengths > 0)\n		return 400;\n", "",
  ["unit http_framing: what_is_ambiguous_is_refused",
   "test_http_length.py: Transfer-Encoding and Content-Length"],
  "Transfer-Encoding and Content-Length: two readers see two requests")

M("two Content-Length", "src/http_framing.c",
  "	return n == 1 ? found : NULL;", "	return found;",
  ["test_http_length.py: two lengths",
   "test_http_length.py: the same length twice"],
  "two Content-Length fields: the last one would win")

M("Content-Length overflow", "src/http_framing.c",
  "		if (length > (UINT64_MAX - digit) / 10)\n"
  "			return 400;\n", "",
  ["unit http_framing: what_is_ambiguous_is_refused"],
  "2^64 + 5 would be 5")

M("chunked not last", "src/http_framing.c",
  "head->minor == 0 || !last || chunked != 1", "head->minor == 0",
  ["unit http_framing: what_is_ambiguous_is_refused"],
  "a body whose end nobody knows")

M("bare LF", "src/http_parse.c",
  "	if (left(c) > 0 && c->at[0] != '\\r')\n		return -400;\n",
  "	if (left(c) > 0 && c->at[0] == '\\n') {\n"
  "		c->at++;\n		return PARSED;\n	}\n"
  "	if (left(c) > 0 && c->at[0] != '\\r')\n		return -400;\n",
  ["unit http_parse: what_is_malformed_is_refused",
   "test_http.py: a field line that ends in LF alone"],
  "a line end that others do not take for one")

M("obs-fold", "src/http_parse.c",
  "	if (n == 0 || c->at[n] != ':')\n		return -400;\n"
  "	field->name",
  "	if (c->at[n] != ':') {\n"
  "		n += http_char_span(c->at + n, left(c) - n, HTTP_CHAR_VALUE);\n"
  "		field->name = field->value = http_slice(\"\", 0);\n"
  "		c->at += n;\n		return take_crlf(c);\n	}\n"
  "	field->name",
  ["unit http_parse: what_is_malformed_is_refused",
   "test_http_fields.py: a folded line"],
  "a line without a name, or folded, would pass")

M("head bytes", "src/http_parse.c",
  "	return r == HTTP_MORE && len >= LIMIT_HEAD_BYTES ? -431 : r;",
  "	return r;",
  ["unit http_parse: an_endless_head_is_refused_at_the_limit"],
  "a head without end")

M("head fields", "src/http_parse.c",
  "head->nfields == LIMIT_HEAD_FIELDS", "head->nfields == 4096",
  ["unit http_parse: fields_are_counted"],
  "fields beyond the array that holds them")

M("Host needed", "src/http_framing.c",
  "n > 1 || (n == 0 && head->minor > 0)", "n > 1",
  ["unit http_framing: what_is_ambiguous_is_refused"],
  "HTTP/1.1 without Host: nobody could say what was asked for")

M("chunk size overflow", "src/http_body.c",
  "	if (++b->digits > SIZE_DIGITS_MAX)\n		return -400;\n", "",
  ["unit http_body: what_is_malformed_is_refused"],
  "a size of 17 digits would wrap around")

M("chunked body", "src/http_body.c",
  "	return b->left > b->max - b->total ? -413 : DATA;",
  "	return DATA;",
  ["unit http_body: content_is_counted_over_all_chunks"],
  "chunks without end")

M("body length", "src/http_body.c",
  "	if (b->left > max) {\n", "	if (false) {\n",
  ["unit http_body: a_length_over_the_limit_is_refused",
   "test_http_length.py: 413 before the body comes"],
  "a body without bound")

M("chunk extension", "src/http_body.c",
  "b->line > LIMIT_CHUNK_LINE_BYTES && b->state <= SIZE_LF", "false",
  ["unit http_body: a_long_chunk_line_is_refused"],
  "an extension without end")

M("deadline of a head", "src/http_conn_io.c",
  "	if (c->phase == IDLE)\n		http_conn_enter(c, HEAD, LIMIT_HEAD_MS);",
  "	if (c->phase == IDLE || c->phase == HEAD)\n"
  "		http_conn_enter(c, HEAD, LIMIT_HEAD_MS);",
  ["unit http_conn_time: a_head_has_one_running_deadline"],
  "a byte now and then would keep a connection for ever")

M("deadline of a body", "src/http_conn.c",
  "	} else if (c->now >= c->deadline) {\n		refuse(c, 408);",
  "	} else if (false) {\n		refuse(c, 408);",
  ["unit http_conn_time: a_body_has_one_running_deadline"],
  "a body that never comes would keep a connection for ever")

M("stalled client", "src/http_conn_io.c",
  "	if (!is_over(c) && c->now >= c->stall)\n		http_conn_lost(c);\n",
  "",
  ["unit http_conn_time: a_client_that_takes_nothing_is_gone",
   "unit http_conn_time: a_client_that_takes_too_little_is_gone"],
  "who reads nothing would keep Claude")

M("queue to a slow client", "src/chat_task.c",
  "http_conn_backlog(c->frame.x->conn) < LIMIT_OUT_SOFT_BYTES", "true",
  ["test_demo.py: Claude waits for a client that does not read"],
  "Claude is read on: the handler grows to its hard bound")

M("request id", "src/exchange.c",
  "		if (s.at[i] == '\\0' || strchr(good, s.at[i]) == NULL)\n"
  "			return false;\n", "",
  ["unit exchange", "test_http_ends.py: X-Request-Id is made"],
  "what the client says would be echoed into a field and the log")

M("client that leaves", "src/http_conn_io.c",
  "	if (in & (FIN_EVENT | LOST_EVENTS))", "	if (in & LOST_EVENTS)",
  ["unit http_conn_ends: a_fin_within_a_stream_is_the_end_of_it"],
  "Claude would work on for nobody")

M("length of a turn", "src/chat_run.c",
  "	if (now >= r->deadline)\n", "	if (false)\n",
  ["test_demo.py: too long a turn that has begun ends"],
  "a turn without end would keep its place")

# --- JSON --------------------------------------------------------------------

M("JSON depth", "src/json_text.c",
  "	if (s->depth == LIMIT_JSON_DEPTH)\n"
  "		return fail(s, s->pos, \"nested too deeply\");\n", "",
  ["unit json_text: depth_is_limited"],
  "brackets beyond the bits that hold them, and cJSON's recursion")

M("JSON values", "src/json_text.c",
  "c >= 0 && ++s->values > LIMIT_JSON_VALUES", "false",
  ["unit json_text: values_are_counted"],
  "32 MiB of [0,0,... cost cJSON more than a GB")

M("JSON NUL", "src/json_text.c",
  "	if (unit != 0 && (unit < 0xD800 || unit > 0xDFFF)) {",
  "	if (unit < 0xD800 || unit > 0xDFFF) {",
  ["unit json_text: bad_texts"],
  "\\u0000 cuts a text off without a word")

M("JSON UTF-8", "src/json_text.c",
  "	if (n == 0)\n		return scan_bad_bytes(s,\n"
  "		    utf8_maximal_subpart(s->text + s->pos, s->len - s->pos),\n"
  "		    \"invalid UTF-8\");\n",
  "	if (n == 0)\n		n = 1;\n",
  ["unit json_text: bad_texts"],
  "bytes that are no text would go on")

# --- who may ask -------------------------------------------------------------

M("Host", "src/access.c",
  "	    !host_allowed(x->settings, host))", "	    false)",
  ["unit access: hosts", "test_access.py: Host: evil.example is refused"],
  "DNS rebinding: a page whose name has come to mean this machine")

M("Host suffix", "src/access.c",
  "	return address_loopback_name(name.at, name.len) ||\n"
  "	       address_literal(name.at, name.len) || in_list(name, s->host)",
  "	return (name.len >= 9 && strncasecmp(name.at, \"localhost\", 9) == 0) "
  "||\n"
  "	       address_literal(name.at, name.len) || in_list(name, s->host)",
  ["unit access: hosts",
   "test_access.py: Host: localhost.evil.example is refused"],
  "a name that only begins like a good one")

M("Origin", "src/access.c",
  "	if (origins > 1 || !origin_allowed(x->settings, origin->value))",
  "	if (false)",
  ["unit access: with_the_default_key_only_loopback_origins",
   "test_access.py: an opaque origin is refused",
   "test_access.py: with the default key https://page.example is refused"],
  "any page that is open in a browser could ask")

M("Origin null", "src/access.c",
  "		return !http_slice_is(origin, \"null\");", "		return true;",
  ["unit access: with_an_own_key_cors_origin_decides",
   "test_access.py: an opaque origin is refused"],
  "sandboxed frames and files call themselves null")

M("content type", "src/serve.c",
  "	if (!is_json(head)) {", "	if (false) {",
  ["test_http_fields.py: 415 for 'text/plain'",
   "test_http_fields.py: 415 without a type"],
  "a form of any page can send text/plain without being asked")

M("names of a preflight", "src/access.c",
  "		if (s.at[i] == '\\0' || strchr(good, s.at[i]) == NULL)\n"
  "			return false;\n", "",
  ["unit access: odd_names_are_not_echoed"],
  "what the page says would be echoed into a field")

M("no key", "src/serve.c",
  "(route->needs_key && !access_key(&s->x, head, e))",
  "(false && !access_key(&s->x, head, e))",
  ["test_access.py: 401 without a key", "test_access.py: 401 for a wrong key"],
  "the check of the key left out")

M("key compare", "src/api_keys.c",
  "	return memeql_sec(a, b, sizeof a) != 0;",
  "	return memeql_sec(a, b, 0) != 0;",
  ["unit api_keys: the_same_key", "test_access.py: 401 for a wrong key"],
  "any key would be the right one")

M("key prefix", "src/api_keys.c",
  "	digest_of(key, strlen(key), b);\n",
  "	digest_of(key, len < strlen(key) ? len : strlen(key), b);\n",
  ["unit api_keys: the_same_key",
   "test_access.py: 401 for a wrong key"],
  "the beginning of a key would do")

M("digest of a key", "src/api_keys.c",
  "memeql_sec(hex, want, HEX_DIGITS) != 0",
  "memeql_sec(hex, want, HEX_DIGITS - 1) != 0",
  ["unit api_keys: every_digit_counts"],
  "a part of a digest would do")

M("default key elsewhere", "src/access.c",
  "	    (x->reachable || !is_ours(x->settings, http_host(head))))",
  "	    !is_ours(x->settings, http_host(head)))",
  ["unit access: the_default_key_counts_on_loopback_only"],
  "everybody knows it")

M("default key, other name", "src/access.c",
  "	    (x->reachable || !is_ours(x->settings, http_host(head))))",
  "	    x->reachable)",
  ["unit access: the_default_key_counts_under_names_of_loopback_only",
   "test_access.py: the default key under another name"],
  "a proxy or tunnel on loopback would open it to others")

M("wrong keys", "src/wrong_key.c",
  "LIMIT_WRONG_KEY_MS", "0", ["test_access.py: that late"],
  "a key could be guessed as fast as the machine is")

M("default key, other HOST", "src/cli_setup.c",
  "		if (!settings_default_key(s) ||", "		if (true ||",
  ["test_start.py: an address of other machines is refused"],
  "ccp start would offer it to other machines")

M("default key beside others", "src/access.c",
  "		only = only && settings_default_key(s);\n",
  "		only = only && true;\n",
  ["unit access: beside_others_the_default_key_opens_nothing"],
  "who sets API_KEYS means that nothing else opens")

M("local socket", "src/local_socket.c",
  "	mask = umask(0177);", "	mask = umask(0);",
  ["test_start.py: a local socket answers its owner alone"],
  "other users of the machine could connect")

# --- the text of a request stays text ----------------------------------------

M("blank block", "src/claude_lines.c",
  "	buf_addch(to, ',');\n	add_text_block(to, \" \");\n", "",
  ["unit claude_lines: a_user_line_ends_in_a_blank_block",
   "test_demo.py: client text is inert"],
  "the CLI expands @file and /command in the last block")

M("model name", "src/model_names.c",
  "len <= LIMIT_MODEL_BYTES && name[0] != '-' &&",
  "len <= LIMIT_MODEL_BYTES &&",
  ["unit model_names: valid_names",
   "test_demo.py: a model name that could be an option is refused"],
  "a name that begins with - is an option of the CLI")

M("model name, letters", "src/model_names.c",
  "	       strspn(name, allowed) == len;", "	       true;",
  ["unit model_names: valid_names"],
  "only what was checked letter by letter is an argument")

M("model name, asked for", "src/openai_params.c",
  "	if (!model_name_valid(v->valuestring))", "	if (false)",
  ["test_demo.py: a model name that could be an option is refused"],
  "the check would be there, and nobody would ask for it")

M("session id", "src/session_record.c",
  "	if (!session_id_valid(to))\n		r->at = NULL;\n", "",
  ["unit session_record: test_wrong_id_in_a_record"],
  "what stands in the store becomes an argument of the CLI")

M("ALLOWED_DIRS unasked", "src/work_dir.c",
  "	if (!allowed(path, rules))", "	if (false)",
  ["unit work_dir", "test_directory.py: ALLOWED_DIRS bounds"],
  "a conversation or a header could name any directory")

M("ALLOWED_DIRS", "src/work_dir.c",
  "	return strncmp(path, dir, len) == 0 &&\n"
  "	       (path[len] == '/' || path[len] == '\\0');",
  "	return strncmp(path, dir, len) == 0;",
  ["unit work_dir"],
  "/srv/private is not below /srv/priv")

# --- conversations do not meet -----------------------------------------------

M("exact answer", "src/claude_args.c",
  "	     words_add(&w, \"--resume-session-at\") && words_add(&w, "
  "from->at) &&\n", "",
  ["unit claude_args: a_session_reaches_argv"],
  "the CLI would show the model whatever stands at the end of the session")

M("head of a session", "src/session.c",
  "	bool head = known && strcmp(state.head, c->uuid) == 0 && !state.dirty;",
  "	bool head = known && !state.dirty;",
  ["unit session: an_earlier_answer_is_a_fork"],
  "two branches in one session")

M("cut-off turn", "src/session.c",
  "strcmp(state.head, c->uuid) == 0 && !state.dirty;",
  "strcmp(state.head, c->uuid) == 0;",
  ["unit session: a_turn_that_was_cut_off_leads_to_a_copy"],
  "half a line of a killed CLI would be appended to")

M("pending answer", "src/session.c",
  "	if (found && !c.pending)\n		take(s, st, &c);\n"
  "	else if (found)",
  "	if (found)\n		take(s, st, &c);\n	else if (found)",
  ["unit session: nor_is_one_of_a_session_that_is_known"],
  "an answer that the CLI never saved")

M("claim", "src/session.c",
  "	s->plan = head && claim(s, s->id) ? SESSION_RESUME : SESSION_FORK;",
  "	s->plan = head ? SESSION_RESUME : SESSION_FORK;",
  ["unit session: of_two_at_once_one_forks"],
  "two requests in one session at once")

M("key name in the digest", "src/session_key.c",
  "	add_text(k, cwd);\n	add_text(k, key_name);\n",
  "	add_text(k, cwd);\n",
  ["unit session_key: place_and_key_count"],
  "one person's session would be found by another's key")

M("directory in the digest", "src/session_key.c",
  "	add_text(k, cwd);\n	add_text(k, key_name);\n",
  "	add_text(k, key_name);\n",
  ["unit session_key: place_and_key_count"],
  "a conversation would go on in another directory")

# --- what is kept ------------------------------------------------------------

M("lock of the store", "src/store_lock.c",
  "		if (!lock_wait(fd, LOCK_EX, ms))\n			return fail(fd);\n", "",
  ["unit session_store: a_held_lock_is_waited_for_and_given_up"],
  "two writers at once damage it")

M("checksum", "src/store_value.c",
  "	if (memcmp(sum, head + SUM_AT, sizeof(sum)) != 0)\n"
  "		return false;\n", "",
  ["unit store_value: one_wrong_bit"],
  "a damaged value would be believed")

M("head of the store", "src/store_file.c",
  "	return h.block > (int32_t)sizeof(h)",
  "	return true || h.block > (int32_t)sizeof(h)",
  ["unit session_store_damage/damage: an_end_beyond_every_disk"],
  "GDBM would fill the disk, or overrun its memory")

M("mode of the store", "src/store_lock.c",
  "	    path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, "
  "0600);",
  "	    path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, "
  "0666);",
  ["unit session_store: files_are_private"],
  "others could read what was talked about")

M("mode of LOG_FILE", "src/log_file.c",
  "open(path, flags, 0600)", "open(path, flags, 0666)",
  ["unit log_file: directories_and_file_are_private"],
  "others could read it")

M("LOG_FILE through a link", "src/log_file.c",
  "(O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK", "(O_CLOEXEC | O_NONBLOCK",
  ["unit log_file: what_is_no_file_of_its_own_is_refused"],
  "a link in a shared directory would have ccp write to any file")

M("directory of others", "src/private_dir.c",
  "st.st_uid == getuid() && (st.st_mode & 077) == 0",
  "st.st_uid == getuid()",
  ["test_limits.py: a runtime directory of somebody else is not used"],
  "others could take the places and the store away")

M("secret in a message", "src/settings_load.c",
  "o->value.text[0] != '\\0' && !row->secret",
  "o->value.text[0] != '\\0'",
  ["unit settings"],
  "a key that is wrong in the file would be shown in the log")

M("masked keys", "src/cli_config_show.c",
  "	else if (row->secret && strcmp(v->text, row->fallback) != 0)",
  "	else if (false)",
  ["test_config.py: get masks keys",
   "test_config.py: list: the whole screen"],
  "ccp config list is what people show when they ask for help")

M("words of Claude", "src/chat_run_events.c",
  "	if (!r->turn.begun) {", "	if (true) {",
  ["test_logs.py: what Claude says on stderr is logged"],
  "its last words may hold some of the conversation")

M("control characters", "src/log_text.c",
  "		if (n > 0 && !is_control(text, n)) {", "		if (n > 0) {",
  ["unit log_text"],
  "a client could forge lines of the log, and move a terminal")

# --- the child ---------------------------------------------------------------

M("environment", "src/claude_args.c",
  "	return matches_any(name, allowed) || in_words(name, more);",
  "	return true;",
  ["unit claude_args: all_else_stays_behind",
   "test_demo.py: the child gets the allowed variables and no others"],
  "whatever is exported where ccp starts would be Claude's")

M("own keys", "src/claude_args.c",
  "	if (own_key(name) || matches_any(name, refused))",
  "	if (matches_any(name, refused))",
  ["unit claude_args: some_pass_not_even_by_claude_env"],
  "CLAUDE_ENV=API_KEY would give the key to what the model runs")

M("umask of the child", "src/child.c",
  "	(void)umask(spec->umask == 0 ? PRIVATE : spec->umask);\n", "",
  ["unit child: files_are_private"],
  "what Claude writes would be for everybody to read")

M("descriptors", "src/child.c",
  "	close_from(first);\n", "",
  ["unit child: all_other_descriptors_are_closed"],
  "Claude would hold the client's connection and the store")

M("death of the parent", "src/child.c",
  "sig != 0 && prctl(PR_SET_PDEATHSIG, sig) == -1",
  "sig != 0 && false",
  ["unit child: a_child_dies_with_its_parent"],
  "a handler that is killed would leave Claude at work")

M("death of the handler", "src/claude.c",
  "	    .parent_death_signal = SIGKILL,\n", "",
  ["test_demo.py: a handler that is killed takes Claude with it"],
  "the same, where nobody asks for it")

M("orphans", "src/handler.c",
  "	(void)proc_subreaper();\n", "",
  ["test_demo.py: the client leaves one with an orphan"],
  "what Claude's tools started would go to init")

M("sweep", "src/claude_guard.c",
  "	if (alone() && proc_sweep(resting, nresting) > 0 &&\n"
  "	    clock_ms() < g->give_up) {",
  "	if (false) {",
  ["unit claude_guard: a_session_left_behind_is_swept",
   "test_demo.py: the client leaves one with a background process"],
  "commands of Claude's tools have sessions of their own")

M("KILL", "src/claude_guard.c",
  "		child_signal(g->pid, SIGKILL);\n"
  "		enter(g, GUARD_KILLING, LIMIT_STOP_KILL_MS);\n", "",
  ["test_demo.py: the client leaves one that ignores TERM"],
  "who ignores TERM would stay")

M("line of the CLI", "src/claude_transport.c",
  "	buf_init(&t->line, LIMIT_CLAUDE_LINE_BYTES);",
  "	buf_init(&t->line, 4u * LIMIT_CLAUDE_LINE_BYTES);",
  ["unit claude_transport: a_line_over_the_limit_breaks_it"],
  "a line without end")

M("tools of the CLI", "src/claude_transport.c",
  "	if (t->tools == NULL ||\n"
  "	    !claude_mcp_answer(&t->queue, request, t->tools))",
  "	if (t->tools != NULL &&\n"
  "	    !claude_mcp_answer(&t->queue, request, t->tools))",
  ["unit claude_transport: what_the_cli_asks_for_is_refused"],
  "a permission that nobody answers: the CLI would wait for ever")

M("places", "src/slots.c",
  "	return flock(fd, LOCK_EX | LOCK_NB) == 0;", "	return true;",
  ["unit slots: places_are_taken_and_given_back"],
  "CLAUDE_MAX_PROCESSES and MAX_CONNECTIONS would bound nothing")

M("queue for places", "src/slots.c",
  "	if (t.all >= s->queue)\n		return SLOTS_FULL;\n", "",
  ["unit slots: a_full_queue_refuses"],
  "requests without number would wait")

M("errno of what could not start", "src/child.c",
  "		*r->shared = e;", "		(void)e;",
  ["unit child: exec_failures_are_told"],
  "a program that is missing would be one that has ended")

M("signals that are reset", "src/signals.c",
  "		    now.sa_handler != SIG_DFL)",
  "		    now.sa_handler == SIG_IGN)",
  ["unit signals: reset_of_settled_ones_leaves_defaults"],
  "a signal between fork and exec would be taken for one of ccp start's")

M("signals that were blocked", "src/signals.c",
  "	if (sigprocmask(SIG_UNBLOCK, &ours, NULL) == -1)\n"
  "		return -1;\n", "",
  ["unit signals: what_was_blocked_is_told"],
  "the end of Claude, and a stop, would never be seen")

M("waking who waits", "src/tickets.c",
  "	return pid > 1 && kill((pid_t)pid, SIGURG) == 0;", "	return pid > 1;",
  ["unit slots: who_goes_wakes_the_next"],
  "who waits would only look now and then")

M("numbers of tickets", "src/slots.c",
  "	if (n.last < t.behind)\n		n.last = t.behind;",
  "	n.last = t.behind;",
  ["unit slots: a_number_does_not_come_again"],
  "who gives back a place would wake another than the first")

M("the next one far away", "src/tickets.c",
  "	if (after != 0 && wake_near(queue, after))\n		return;",
  "	if (after != 0) {\n		(void)wake_near(queue, after);\n"
  "		return;\n	}",
  ["unit slots: the_next_is_found_near_and_far"],
  "behind a few who gave up nobody would be woken")

M("the next one near", "src/tickets.c",
  "	if (after != 0 && wake_near(queue, after))", "	if (after == 1)",
  ["unit slots: who_is_near_is_woken_without_a_look_at_the_others"],
  "each that goes would read the whole queue")

M("numbers that begin again", "src/slots.c",
  "	if (n.last == 0)\n		ticket_numbers_done(",
  "	if (false)\n		ticket_numbers_done(",
  ["unit slots: numbers_that_begin_again_are_not_done"],
  "who waits would be passed over, and nobody woken")

M("a number not written", "src/ticket_numbers.c",
  "	if (!put(file, 0, last))", "	(void)put(file, 0, last);\n	if (false)",
  ["unit slots: a_number_that_cannot_be_written_comes_once"],
  "on a full disk more would run than may")

M("another place that is free", "src/slots.c",
  "	return fd != -1 && tickets_held(fd);",
  "	return true;",
  ["unit slots: who_takes_one_of_two_places_wakes_the_next"],
  "a place would be free for up to a second while somebody waits")

M("numbers half written", "src/ticket_numbers.c",
  "|| once != again ||", "||",
  ["unit ticket_numbers: half_a_write_says_nothing"],
  "who waits would be passed over")

M("who has left takes no room", "src/slots.c",
  "	if (n->last == 0 || (s->ticket == -1 && t->all >= s->queue) ||",
  "	if (n->last == 0 ||",
  ["unit slots: those_who_have_left_take_no_room"],
  "a queue would be full of those who are gone")

M("a word is its line's", "src/claude_event.c",
  "	if (e->in_line) {", "	if (e->in_line && e->session != NULL) {",
  ["unit claude_event: a_line_like_the_last_is_what_it_would_be"],
  "each word would free what it does not own")

M("where a word ends", "src/claude_delta.c",
  "	line[last] = '\\0';\n", "",
  ["unit claude_event: a_line_like_the_last_is_what_it_would_be"],
  "each word would bring the rest of its line")

M("what stands in JSON as it is", "src/json_plain.c",
  "			return i + at;",
  "			return i + STEP - 1;",
  ["unit json_plain: every_byte_at_every_place"],
  "quotes and control bytes would get into answers")

M("a line that has begun", "src/claude_transport.c",
  "	return fits ? LIMIT_READ_BYTES - begun : LIMIT_READ_BYTES;",
  "	return fits ? LIMIT_READ_BYTES : LIMIT_READ_BYTES;",
  ["unit claude_transport: a_line_that_has_begun_doubles_no_buffer"],
  "each stream would take 64 KB more")

M("words alone rest", "src/claude_transport.c",
  "	    type != CLAUDE_TOOL_INPUT)\n		t->reads = 0;",
  "	    type != CLAUDE_TOOL_INPUT)\n		;",
  ["unit claude_transport: what_is_no_word_is_read_at_once"],
  "the end of a fast answer would come later")

M("MAX_CONNECTIONS", "src/handler.c",
  "	if (!counted && !take_place(&place, &settings)) {", "	if (false) {",
  ["test_limits.py: MAX_CONNECTIONS holds"],
  "under systemd nobody else counts")

# --- processes that wait ------------------------------------------------------

M("warm: another system text", "src/warm_key.c",
  "	add_text(&sha, needs->with->system);\n", "",
  ["test_warm.py: nor does who brings another system text"],
  "a request would go on under the instructions of another one")

M("warm: another key", "src/warm_key.c",
  "	add_text(&sha, needs->settings->api_key);\n", "",
  ["test_warm.py: nor does another API key"],
  "what a key that was taken back had begun would wait for others")

M("warm: another conversation", "src/warm_key.c",
  "	add_bytes(&sha, context, SESSION_DIGEST_BYTES);\n", "",
  ["test_warm.py: a conversation after a cold answer"],
  "whoever comes next would see what was said there")

M("warm: token", "src/keeper_lend.c",
  "	       memeql_sec(h->token, w->token, sizeof(h->token)) != 0;",
  "	       true;",
  ["test_warm.py: who does not know the token"],
  "who can connect could take a process")

M("warm: its time", "src/keeper.c",
  "	else if (clock_ms() >= w->expires)", "	else if (k->closed)",
  ["test_warm.py: it outlives its connection, and then goes by itself, agent"],
  "processes would wait for ever")

M("warm: a lack of memory", "src/keeper.c",
  "	if (other || memory_short(LIMIT_WARM_FREE_PERCENT)) {",
  "	if (other) {",
  ["test_warm_memory.py: where the machine's gets short"],
  "what waits would have the system kill what works")

M("warm: a lack of memory, at once", "src/keeper.c",
  "	} else if (memory_short(LIMIT_WARM_FREE_PERCENT)) {",
  "	} else if (false) {",
  ["test_warm_memory.py: with little left of the machine's nothing is kept"],
  "each answer would leave a process for five seconds")

M("warm: a lack of memory, spare", "src/chat_warm_leave.c",
  "	if (there_is(w, key) || memory_short(LIMIT_WARM_FREE_PERCENT))",
  "	if (there_is(w, key))",
  ["test_warm_memory.py: with little left of the machine's no spare"],
  "each answer would start one more process in vain")

M("warm: caches are no lack of memory", "src/memory.c",
  "	used -= cache < used ? cache : used;\n", "",
  ["test_warm_memory.py: a control group's cache of files",
   "unit memory/told: what_can_be_given_back_is_left"],
  "in a container nothing would be kept once files have been read")

M("warm: a container's memory", "src/memory.c",
  "	} while (last != NULL && strlen(group) >= root);",
  "	} while (false);",
  ["unit memory/told: so_has_one_around_it"],
  "a limit is seldom that of the innermost group")

M("warm: compaction", "src/chat_run_events.c",
  "	return e->type == CLAUDE_COMPACTING || e->type == CLAUDE_BAD_LINE ||",
  "	return e->type == CLAUDE_BAD_LINE ||",
  ["test_warm.py: one that puts a summary in the conversation's place"],
  "the model would see a summary where the client has a conversation")

M("warm: a last look", "src/chat_run.c",
  "		if (!chat_warm_rests(&r->warm)) {", "		if (false) {",
  ["test_warm.py: one that has said something before it is told"],
  "what Claude says by itself would be an answer's beginning")

M("warm: no place to start up", "src/claude_place.c",
  "	if (r == SLOTS_TAKEN && starts && p->starting.place == -1)",
  "	if (r == SLOTS_TAKEN && p->starting.place == -1)",
  ["test_warm.py: who goes on waits for no place to start up"],
  "beside others that start warm would be as slow as cold")

M("warm: one is spare", "src/keeper.c",
  "	return spare ? 1 : (size_t)k->settings->claude_max_warm;",
  "	return (size_t)k->settings->claude_max_warm;",
  ["unit keeper: of_spare_ones_there_is_one"],
  "spare ones would be as many as conversations")

M("warm: how much is kept", "src/keeper.c",
  "	return keeper_on(k) && n < LIMIT_WARM_KEPT;",
  "	return keeper_on(k);",
  ["unit keeper: those_that_do_not_end_count"],
  "a keeper would run out of its pollset and abort")

M("warm: what a lent one has started", "src/keeper_lend.c",
  "	guard_rest(&w->claude->guard, false);\n", "",
  ["unit keeper: it_is_lent_and_comes_back"],
  "one process's end would take the commands of another at work")

M("a failed look at the queue", "src/slots.c",
  "	if (r == SLOTS_ERROR) {", "	if (false) {",
  ["unit slots: who_fails_leaves_the_queue"],
  "others would wait for who does not wait")

M("warm: no descriptors", "src/keeper_lend.c",
  "		k->deaf_until = clock_ms() + LIMIT_WARM_DEAF_MS;",
  "		k->deaf_until = 0;",
  ["unit keeper: a_keeper_without_descriptors_waits"],
  "a keeper would use a whole processor while none is free")

M("warm: the end comes first", "src/chat_run.c",
  "	if (chat_warm_settled(&r->warm))\n		run_let_out(r);",
  "	(void)chat_warm_settled(&r->warm);\n	run_let_out(r);",
  ["test_warm.py: where its keeper stands still the end of an answer waits"],
  "who goes on at once, on another connection, would wait for a new process")

M("a word like the last: its bytes", "src/claude_delta.c",
  "	ret_string->len = json_text_string("
  "ret_string->text, at->len - len + 1);",
  "	const char *q = memchr(ret_string->text + 1, '\"', at->len - len);\n\n"
  "	ret_string->len =\n"
  "	    q == NULL ? 0 : (size_t)(q - ret_string->text) + 1;",
  ["unit claude_event: a_line_like_the_last_is_what_it_would_be"],
  "bytes that are no UTF-8 would go to the client")

M("a word like the last: its end", "src/claude_delta.c",
  "&last) || at.len != 2 ||\n	    at.text[1] != '}')", "&last))",
  ["unit claude_event: a_line_like_the_last_is_what_it_would_be"],
  "members behind it would count for nothing")

M("warm: a summary is kept", "src/chat_run_events.c",
  "	if (r->turn.compacted)\n"
  "		return chat_warm_send_home(\n"
  "		    &r->warm, r->claude, &r->session, cost);\n", "",
  ["test_warm.py: one that has summed up the conversation"],
  "what comes next would be told to who has forgotten half of it")

M("warm: words wait for the keeper", "src/chat_run_events.c",
  "	return e->type == CLAUDE_RESULT ||\n"
  "	       (r->f->as_model && (e->type == CLAUDE_MESSAGE_DELTA ||\n"
  "				      e->type == CLAUDE_TOOL_CALL));",
  "	return e->type == CLAUDE_RESULT && r != NULL;",
  ["test_warm.py: where its keeper stands still"],
  "a client would get a call as late as a keeper that hangs lets it")

M("warm: two read one pipe", "src/keeper.c",
  "		if (w->claude->guard.ended || k->closed)\n"
  "			transport_end_output(&w->claude->transport);\n", "",
  ["unit keeper: a_lease_that_ends_early"],
  "an answer would have holes, or lose its end")
