/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claude_lines.h"
#include "claude_mcp.h"
#include "clock.h"
#include "limits.h"

#include "banned.h"

static void
end_close(struct io_end *end)
{
	if (end->fd >= 0)
		(void)close(end->fd);
	end->fd = -1;
}

void
transport_open(struct claude_transport *t, int in, int out, int err,
    const char *fingerprint)
{
	memset(t, 0, sizeof(*t));
	t->in = io_end_own(in);
	t->out = io_end_own(out);
	t->err = io_end_own(err);
	buf_init(&t->queue, LIMIT_CLAUDE_STDIN_BYTES);
	buf_init(&t->line, LIMIT_CLAUDE_LINE_BYTES);
	buf_init(&t->tail, 2 * LIMIT_CLAUDE_STDERR_BYTES);
	(void)snprintf(
	    t->fingerprint, sizeof(t->fingerprint), "%s", fingerprint);
	t->heard = clock_ms();
	t->ended = CLOCK_NEVER;
	t->word.known = t->session;
}

void
transport_close(struct claude_transport *t)
{
	end_close(&t->in);
	end_close(&t->out);
	end_close(&t->err);
	buf_free(&t->queue);
	buf_free(&t->line);
	buf_free(&t->tail);
}

static void
flush(struct claude_transport *t)
{
	ssize_t n;

	if (!buf_ok(&t->queue))
		t->broken = "out of memory or too much to say";
	while (t->in.fd >= 0 && t->queue.len > 0) {
		n = io_write(&t->in, buf_str(&t->queue), t->queue.len);
		if (n == IO_FAILED) /* it reads no more; its output says why */
			end_close(&t->in);
		if (n <= 0)
			return;
		buf_consume(&t->queue, (size_t)n);
	}
}

/* Queues messages up to the next one that has to be acknowledged. */
static void
say_more(struct claude_transport *t)
{
	const struct chat_request *r = t->saying;
	const struct chat_message *m;

	while (r != NULL && t->said < r->nmessages && !t->awaiting_ack) {
		m = &r->messages[t->said++];
		if (m->role == CHAT_ASSISTANT) {
			claude_line_assistant(&t->queue, m, t->saying_model);
			continue;
		}
		t->busy = t->said == r->nmessages;
		t->awaiting_ack = !t->busy;
		claude_line_user(&t->queue, m, t->busy);
	}
	if (t->busy)
		t->saying = NULL;
	flush(t);
}

/* The API wants the user to begin.  CLI 2.1.197 saw to that with a reminder of
 * its own; 2.1.330 does not any more. */
static void
say_opening(struct claude_transport *t)
{
	char text[] = CLAUDE_OPENING;
	struct chat_part part = {.text = text};
	struct chat_message opening = {
	    .role = CHAT_USER, .parts = &part, .nparts = 1};

	claude_line_user(&t->queue, &opening, false);
	t->awaiting_ack = true;
}

void
transport_say(struct claude_transport *t, const struct chat_request *r,
    size_t first, const struct claude_initialize *with, const char *model)
{
	if (with->system != NULL || with->tools || with->schema != NULL)
		claude_line_initialize(&t->queue, "ccp-initialize", with);
	t->heard = clock_ms();
	t->tools = with->tools ? r : NULL;
	t->saying = r;
	t->saying_model = model;
	t->said = first;
	if (r->messages[first].role == CHAT_ASSISTANT)
		say_opening(t);
	say_more(t);
}

void
transport_go_on(struct claude_transport *t, const struct chat_request *r,
    size_t first, bool tools)
{
	t->tools = tools ? r : NULL;
	t->saying = r;
	t->said = first;
	t->heard = clock_ms();
	say_more(t);
}

void
transport_park(struct claude_transport *t)
{
	t->parked = true;
}

void
transport_unpark(struct claude_transport *t, const struct chat_request *r,
    const struct chat_message *results)
{
	t->parked = false;
	t->busy = true;
	t->tools = r;
	t->heard = clock_ms();
	claude_calls_answer(&t->queue, &t->calls, results);
	flush(t);
}

/* A parked one may be reading a call. */
bool
transport_rested(const struct claude_transport *t)
{
	bool idle = !t->busy && !t->awaiting_ack && t->saying == NULL &&
	            t->line.len == 0;

	if (t->parked)
		idle = t->calls.lost == 0;
	return idle && t->queue.len == 0 && t->broken == NULL &&
	       t->in.fd >= 0 && t->out.fd >= 0;
}

bool
transport_ready(const struct claude_transport *t)
{
	return transport_rested(t) && t->line.len == 0 &&
	       (!t->parked || claude_calls_whole(&t->calls));
}

void
transport_interrupt(struct claude_transport *t)
{
	t->saying = NULL;
	claude_line_interrupt(&t->queue, "ccp-interrupt");
	flush(t);
}

void
transport_end_input(struct claude_transport *t)
{
	t->saying = NULL;
	end_close(&t->in);
}

int64_t
transport_rests_until(const struct claude_transport *t)
{
	if (t->reads < LIMIT_CLAUDE_READS || clock_ms() > t->tick)
		return 0;
	return t->tick + 1;
}

void
transport_poll(
    const struct claude_transport *t, struct pollset *ps, bool read_output)
{
	int64_t resting = transport_rests_until(t);

	if (t->queue.len > 0)
		pollset_want(ps, t->in.fd, POLLOUT);
	if (read_output && resting != 0)
		pollset_until(ps, resting);
	else if (read_output && t->broken == NULL)
		pollset_want(ps, t->out.fd, POLLIN);
	pollset_want(ps, t->err.fd, POLLIN);
}

void
transport_end_output(struct claude_transport *t)
{
	end_close(&t->out);
	t->ended = clock_ms();
}

static void
count_read(struct claude_transport *t)
{
	t->heard = clock_ms();
	if (t->heard != t->tick)
		t->reads = 0;
	t->tick = t->heard;
	t->unheard = true;
}

/* Behind the begun line that a read which fills the buffer ends with, the next one
 * is that much shorter: else the buffer would be copied to twice the memory. */
static size_t
read_size(size_t begun)
{
	bool fits = begun < LIMIT_READ_BYTES / 2;

	return fits ? LIMIT_READ_BYTES - begun : LIMIT_READ_BYTES;
}

static void
read_stdout(struct claude_transport *t)
{
	size_t room;
	char *to = buf_reserve(&t->line, read_size(t->line.len), &room);
	ssize_t n;

	if (room == 0) {
		t->broken = "a line is too long";
		return;
	}
	n = io_read(&t->out, to, room);
	if (n == IO_AGAIN)
		return;
	if (n <= 0) {
		transport_end_output(t);
		return;
	}
	buf_commit(&t->line, (size_t)n);
	count_read(t);
}

/* Keeps the last LIMIT_CLAUDE_STDERR_BYTES. */
static void
read_stderr(struct claude_transport *t)
{
	char some[LIMIT_CLAUDE_STDERR_BYTES];
	ssize_t n = io_read(&t->err, some, sizeof(some));

	if (n == IO_AGAIN)
		return;
	if (n <= 0) {
		end_close(&t->err);
		return;
	}
	buf_add(&t->tail, some, (size_t)n);
	if (t->tail.len > LIMIT_CLAUDE_STDERR_BYTES)
		buf_consume(&t->tail, t->tail.len - LIMIT_CLAUDE_STDERR_BYTES);
}

void
transport_step(struct claude_transport *t, const struct pollset *ps)
{
	flush(t);
	/* Who did not listen cannot tell silence. */
	if (t->out.fd >= 0 && !pollset_has(ps, t->out.fd))
		t->heard = clock_ms();
	if (pollset_got(ps, t->out.fd) != 0)
		read_stdout(t);
	if (pollset_got(ps, t->err.fd) != 0)
		read_stderr(t);
}

static void
remember(char *to, size_t size, const char *value)
{
	/* A session comes with every word. */
	if (value != NULL && strcmp(to, value) != 0 && strlen(value) < size)
		(void)snprintf(to, size, "%s", value);
}

/* The client's tools are all that ccp offers the CLI.  It does not go on before
 * it has an answer. */
static void
answer(struct claude_transport *t, struct claude_event *request)
{
	if (request->id == NULL || t->in.fd < 0)
		return;
	if (claude_mcp_is_call(request) && (t->parked || t->tools != NULL)) {
		request->type = CLAUDE_TOOL_CALL;
		claude_calls_ask(&t->calls, request);
		return;
	}
	if (t->tools == NULL ||
	    !claude_mcp_answer(&t->queue, request, t->tools))
		claude_line_refusal(&t->queue, request->id);
	flush(t);
}

/* Was the last read one of words? */
static void
note_words(struct claude_transport *t, enum claude_event_type type)
{
	if (type != CLAUDE_TEXT && type != CLAUDE_THINKING &&
	    type != CLAUDE_TOOL_INPUT)
		t->reads = 0;
	else if (t->unheard)
		t->reads++;
	t->unheard = false;
}

/* What the event tells about the conversation. */
static void
note(struct claude_transport *t, struct claude_event *e)
{
	note_words(t, e->type);
	remember(t->session, sizeof(t->session), e->session);
	if (e->type == CLAUDE_ASSISTANT && !e->synthetic && !e->nested)
		remember(t->last_uuid, sizeof(t->last_uuid), e->uuid);
	if (e->type == CLAUDE_MESSAGE_START && !e->nested)
		claude_calls_clear(&t->calls);
	if (e->type == CLAUDE_TOOL_START && !e->nested)
		claude_calls_use(&t->calls, e);
	if (e->type == CLAUDE_CONTROL_REQUEST)
		answer(t, e);
	if (e->type != CLAUDE_RESULT)
		return;
	/* A resumed session begins so where a command went on behind its last
	 * turn and was ended with the CLI. */
	if (e->own) {
		e->type = CLAUDE_OTHER;
		return;
	}
	if (t->awaiting_ack && !e->is_error) {
		e->type = CLAUDE_OTHER; /* an acknowledgement, no result */
		t->awaiting_ack = false;
		say_more(t);
	} else {
		t->awaiting_ack = false;
		t->busy = false;
	}
}

/* The length of the next line without its end, or -1; *ret_skip is how much
 * to drop with it. */
static ssize_t
line_length(struct claude_transport *t, size_t *ret_skip)
{
	const char *start = buf_str(&t->line);
	const char *end =
	    memchr(start + t->scanned, '\n', t->line.len - t->scanned);

	if (end != NULL) {
		*ret_skip = (size_t)(end - start) + 1;
		return end - start;
	}
	t->scanned = t->line.len;
	if (t->out.fd >= 0 || t->line.len == 0)
		return -1;
	*ret_skip = t->line.len; /* the last one, without a line end */
	return (ssize_t)t->line.len;
}

bool
transport_next(struct claude_transport *t, struct claude_event *ret)
{
	ssize_t len;
	size_t skip;

	if (t->broken != NULL)
		return false;
	len = line_length(t, &skip);
	if (len < 0)
		return false;
	claude_event_parse(
	    t->line.mem + t->line.off, (size_t)len, &t->word, ret);
	buf_consume(&t->line, skip);
	t->scanned = 0;
	note(t, ret);
	return true;
}

bool
transport_silent(const struct claude_transport *t)
{
	return t->broken != NULL || (t->out.fd < 0 && t->line.len == 0);
}
