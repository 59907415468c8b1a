/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "keeper_lend.h"

#include <nettle/memops.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "log.h"
#include "version.h"
#include "warm_wire.h"

#include "banned.h"

/* Offering */

static bool
listen_for(struct keeper *k)
{
	char dir[PATH_MAX], why[256];
	int n;

	if (k->listener != -1)
		return true;
	if (clock_ms() < k->mute_until)
		return false;
	if (k->dir == -1)
		k->dir = warm_dir_open(k->env, true);
	if (k->dir == -1 || !warm_dir_path(dir, sizeof(dir), k->env))
		return false;
	n = snprintf(k->path, sizeof(k->path), "%.*s/%ld.sock",
	    (int)sizeof(k->path), dir, (long)getpid());
	if (n <= 0 || (size_t)n >= sizeof(k->path))
		return false;
	k->listener = local_socket_open(k->path, &k->socket, why, sizeof(why));
	if (k->listener != -1) {
		(void)io_end_own(k->listener);
		return true;
	}
	if (!k->told)
		log_warn("warm processes cannot be lent: %s", why);
	k->told = true;
	k->mute_until = clock_ms() + LIMIT_WARM_MUTE_MS;
	return false;
}

void
lend_offer(struct keeper *k, struct warm *w)
{
	struct warm_record r = {.keeper = (long)getpid(),
	    .claude = (long)w->claude->guard.pid,
	    .model = w->model,
	    .spare = w->spare};

	if (!listen_for(k))
		return;
	memcpy(r.key, w->key, sizeof(r.key));
	(void)snprintf(r.name, sizeof(r.name), "%s", w->name);
	if (session_id_valid(w->claude->transport.session))
		memcpy(
		    r.session, w->claude->transport.session, sizeof(r.session));
	w->record = warm_record_put(k->dir, &r);
	memcpy(w->id, r.id, sizeof(w->id));
	memcpy(w->token, r.token, sizeof(w->token));
}

void
lend_withdraw(struct keeper *k, struct warm *w)
{
	if (w->record >= 0)
		warm_record_remove(k->dir, w->id, w->record);
	w->record = -1;
	w->id[0] = '\0';
}

void
lend_dismiss(struct keeper *k, const struct warm_record *r)
{
	int fd = warm_call(k->env, r, WARM_LEAVE);

	if (fd != -1)
		(void)close(fd);
}

void
lend_close(struct keeper *k)
{
	while (k->naskers > 0)
		(void)close(k->askers[--k->naskers].fd);
	if (k->listener != -1) {
		local_socket_remove(k->path, &k->socket);
		(void)close(k->listener);
	}
	if (k->dir != -1)
		(void)close(k->dir);
	k->listener = k->dir = -1;
}

/* Lending */

static bool
hello_ok(const struct warm_hello *h, const struct warm *w)
{
	return h->magic == WARM_MAGIC &&
	       warm_text_ok(h->version, sizeof(h->version)) &&
	       strcmp(h->version, CCP_VERSION) == 0 && w->record >= 0 &&
	       memcmp(h->id, w->id, sizeof(h->id)) == 0 &&
	       memeql_sec(h->token, w->token, sizeof(h->token)) != 0;
}

static struct warm *
wanted(struct keeper *k, const struct warm_hello *h)
{
	struct warm *w = k->list;

	while (w != NULL && !hello_ok(h, w))
		w = w->next;
	return w;
}

/* Its descriptors leave beside the message, and stay here, too. */
static bool
hand_out(struct keeper *k, struct warm *w, int fd)
{
	const struct claude_transport *t = &w->claude->transport;
	const int fds[WARM_FDS] = {t->in.fd, t->out.fd, t->err.fd};
	struct warm_state s = {.magic = WARM_MAGIC, .cost_usd = w->cost_usd};

	if (t->err.fd < 0)
		return false;
	s.calls = t->calls;
	s.parked = t->parked;
	memcpy(s.session, t->session, sizeof(s.session));
	memcpy(s.uuid, t->last_uuid, sizeof(s.uuid));
	lend_withdraw(k, w);
	if (!warm_send(fd, &s, sizeof(s), fds, WARM_FDS)) {
		lend_offer(k, w);
		return false;
	}
	w->lease = fd;
	/* At work, and no longer what a sweep goes around. */
	guard_rest(&w->claude->guard, false);
	return true;
}

enum answer { REFUSED, LENT, LATER };

/* LENT: the descriptor is a lease's now. */
static enum answer
answer(struct keeper *k, int fd, const struct warm_hello *h)
{
	struct warm *w = wanted(k, h);

	if (w != NULL && h->wish == WARM_BORROW) {
		if (!transport_ready(&w->claude->transport))
			return LATER;
		return hand_out(k, w, fd) ? LENT : REFUSED;
	}
	if (w != NULL && h->wish == WARM_LEAVE)
		w->expires = clock_ms(); /* with the next step */
	return REFUSED;
}

static void
accept_one(struct keeper *k)
{
	int fd = accept(k->listener, NULL, NULL);

	/* Without descriptors or memory he who asks stays in the queue. */
	if (fd == -1 && errno != EAGAIN && errno != EINTR)
		k->deaf_until = clock_ms() + LIMIT_WARM_DEAF_MS;
	if (fd == -1)
		return;
	if (k->naskers == LIMIT_WARM_ASKERS || !warm_peer_ok(fd)) {
		(void)close(fd);
		return;
	}
	(void)io_end_own(fd);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	k->askers[k->naskers++] = (struct keeper_asker){
	    .fd = fd, .deadline = clock_ms() + LIMIT_WARM_ASK_MS};
}

/* Who has said what he wants has nothing to add but that he is gone. */
static enum warm_result
hear(struct keeper_asker *a, const struct pollset *ps)
{
	enum warm_result r = WARM_GOT;
	size_t none = 0;

	if (a->said && pollset_got(ps, a->fd) != 0)
		return WARM_GONE;
	if (!a->said)
		r = warm_receive(
		    a->fd, &a->hello, sizeof(a->hello), NULL, &none);
	a->said = r == WARM_GOT;
	return r;
}

/* False: it is done with. */
static bool
listen_to(struct keeper *k, struct keeper_asker *a, const struct pollset *ps)
{
	enum warm_result r = hear(a, ps);
	enum answer done = r == WARM_WAIT ? LATER : REFUSED;

	if (r == WARM_GOT)
		done = answer(k, a->fd, &a->hello);
	if (done == LATER && clock_ms() < a->deadline)
		return true;
	if (done != LENT)
		(void)close(a->fd);
	return false;
}

void
lend_serve(struct keeper *k, const struct pollset *ps)
{
	size_t i = 0;

	if (k->listener != -1 && pollset_got(ps, k->listener) != 0)
		accept_one(k);
	while (i < k->naskers) {
		if (listen_to(k, &k->askers[i], ps))
			i++;
		else
			k->askers[i] = k->askers[--k->naskers];
	}
}

void
lend_poll(const struct keeper *k, struct pollset *ps)
{
	size_t i;

	if (clock_ms() < k->deaf_until)
		pollset_until(ps, k->deaf_until);
	else
		pollset_want(ps, k->listener, POLLIN);
	for (i = 0; i < k->naskers; i++) {
		pollset_want(ps, k->askers[i].fd, POLLIN);
		pollset_until(ps, k->askers[i].deadline);
	}
}

/* Getting it back */

static bool
back_ok(const struct warm_back *b)
{
	const struct session_answer *a = &b->answer;

	return b->magic == WARM_MAGIC && claude_calls_valid(&b->calls) &&
	       warm_text_ok(b->key, sizeof(b->key)) &&
	       warm_text_ok(b->session, sizeof(b->session)) &&
	       warm_text_ok(b->uuid, sizeof(b->uuid)) &&
	       warm_text_ok(a->id, sizeof(a->id)) &&
	       warm_text_ok(a->at, sizeof(a->at)) &&
	       warm_text_ok(a->title, sizeof(a->title)) &&
	       warm_text_ok(a->system, sizeof(a->system));
}

static void
take_back(struct keeper *k, struct warm *w, const struct warm_back *b)
{
	struct claude_transport *t = &w->claude->transport;
	int lease = w->lease;

	w->lease = -1;
	guard_rest(&w->claude->guard, true);
	w->spare &= strcmp(w->key, b->key) == 0; /* it was told nothing */
	memcpy(w->key, b->key, sizeof(w->key));
	memcpy(t->session, b->session, sizeof(t->session));
	memcpy(t->last_uuid, b->uuid, sizeof(t->last_uuid));
	t->calls = b->calls;
	t->parked = t->busy = b->parked != 0;
	w->cost_usd = b->cost_usd;
	w->expires = clock_ms() + k->settings->claude_linger_ms;
	if (b->pending && session_id_valid(b->answer.id) &&
	    session_id_valid(b->answer.at))
		warm_save(w, &b->answer);
	if (k->closed || w->key[0] == '\0')
		w->expires = clock_ms();
	else
		lend_offer(k, w);
	/* Only now: its end tells the borrower that it can be had again. */
	(void)close(lease);
}

bool
lend_step(struct keeper *k, struct warm *w, const struct pollset *ps)
{
	struct warm_back back;
	size_t n = 1;
	int claim = -1;

	if (pollset_got(ps, w->lease) == 0)
		return true;
	switch (warm_receive(w->lease, &back, sizeof(back), &claim, &n)) {
	case WARM_WAIT:
		return true;
	case WARM_GOT:
		if (n == 1)
			warm_claim(w, claim);
		if (!back_ok(&back))
			return false;
		take_back(k, w, &back);
		return true;
	case WARM_GONE:
		break;
	}
	return false;
}
