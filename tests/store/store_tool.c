/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many processes, crashes and faults for the session store; see the table at
 * the end for what it can do.  Every value says by its key what it must be, so
 * whoever reads it can tell.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "faults.h"
#include "session_record.h"
#include "session_store.h"

#define EVER       INT64_MAX
#define NOW        1790000000
#define KEY_BYTES  32
#define HANG_S     90 /* no process takes that long */
#define WRITERS    4
#define SOME_KILLS 20 /* between two looks */

static const char *path;

static _Noreturn void
fail(const char *what)
{
	(void)fprintf(stderr, "store_tool: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- values ------------------------------------------------------------ */

static size_t
make_key(char key[KEY_BYTES], const char *name, long i)
{
	return (size_t)snprintf(key, KEY_BYTES, "c%s-%ld", name, i);
}

/* 60 to 260 bytes, as records are. */
static size_t
make_value(char value[512], const char *key, size_t keylen)
{
	size_t len = 60, i;

	for (i = 0; i < keylen; i++)
		len += (unsigned char)key[i] * (i + 7) % 29;
	len = len > 260 ? 260 : len;
	for (i = 0; i < len; i++)
		value[i] = key[i % keylen];
	return len;
}

static bool
is_value(const void *key, size_t keylen, const void *value, size_t len)
{
	char want[512];

	return make_value(want, key, keylen) == len &&
	       memcmp(want, value, len) == 0;
}

static enum store_result
put(struct session_store *st, const char *name, long i)
{
	char key[KEY_BYTES], value[512];
	size_t keylen = make_key(key, name, i);
	size_t len = make_value(value, key, keylen);

	return store_put(st, key, keylen, value, len, EVER, NOW);
}

/* A wrong value ends the process. */
static enum store_result
get(struct session_store *st, const char *name, long i)
{
	struct buf b = BUF_INIT(1024);
	char key[KEY_BYTES];
	size_t keylen = make_key(key, name, i);
	enum store_result r = store_get(st, key, keylen, NOW, &b);

	if (r == STORE_OK && !is_value(key, keylen, buf_str(&b), b.len))
		fail("a wrong value");
	buf_free(&b);
	return r;
}

static struct session_store *
begin(void)
{
	struct session_store *st;

	if (store_begin(&st, path, true) != STORE_OK)
		fail("store_begin");
	return st;
}

/* --- processes --------------------------------------------------------- */

/* One that is killed if it hangs. */
static pid_t
start(void (*body)(long), long arg)
{
	pid_t pid = fork();

	if (pid == -1)
		fail("fork");
	if (pid == 0) {

		body(arg);
		_exit(0);
	}
	return pid;
}

/* The wait status; a process that hangs is ended, and the test with it. */
static int
finish(pid_t pid)
{
	int64_t give_up = now_us() + (int64_t)HANG_S * 1000000;
	int status, wait_ms = 0;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		if (now_us() > give_up)
			break;
		(void)poll(NULL, 0, wait_ms);
		wait_ms = 1;
	}
	(void)kill(pid, SIGKILL);
	errno = ETIMEDOUT;
	fail("a process hangs");
}

static bool
see_right(void *arg, const void *key, size_t keylen, const void *value,
    size_t len, int64_t expires)
{
	(void)expires;
	if (!is_value(key, keylen, value, len))
		fail("a wrong value in the store");
	++*(long *)arg;
	return true;
}

/* All that is there is right, and the store works. */
static void
look_at_it(long arg)
{
	struct session_store *st = begin();
	long n = 0;

	(void)arg;
	if (store_each(st, NOW, see_right, &n) != STORE_OK)
		fail("store_each");
	store_end(st);
	st = begin();
	if (put(st, "look", 1) != STORE_OK)
		fail("store_put");
	store_end(st);
	st = begin();
	if (get(st, "look", 1) != STORE_OK)
		fail("what was put is not there");
	store_end(st);
}

static void
look(void)
{
	if (finish(start(look_at_it, 0)) != 0)
		fail("the store does not work");
}

static bool
exists(const char *suffix)
{
	char name[PATH_MAX];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0;
}

static void
remove_all(void)
{
	static const char *const suffixes[] = {"", ".lock", ".bad", ".new"};
	char name[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)remove(name);
	}
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
print_times(const char *what, int64_t *us, size_t n)
{
	qsort(us, n, sizeof(*us), by_size);
	(void)printf("%s: p50 %.2f ms, p99 %.2f ms, max %.2f ms\n", what,
	    (double)us[n / 2] / 1000, (double)us[n * 99 / 100] / 1000,
	    (double)us[n - 1] / 1000);
}

/* --- crowd: many at once ----------------------------------------------- */

static int64_t *times; /* shared */
static long each_stores;

/* On a disk that is slow the others may take longer than a handler waits, and
 * then it does without.  Here it asks once more, and that is in its time. */
static struct session_store *
begin_in_crowd(void)
{
	struct session_store *st;
	enum store_result r;

	do {
		r = store_begin(&st, path, true);
	} while (r == STORE_BUSY);
	if (r != STORE_OK)
		fail("store_begin");
	return st;
}

static void
crowd_member(long who)
{
	struct session_store *st;
	char name[24];
	int64_t before;
	long i;

	(void)snprintf(name, sizeof(name), "%ld", who);
	for (i = 0; i < each_stores; i++) {
		before = now_us();
		st = begin_in_crowd();
		if (put(st, name, i) != STORE_OK)
			fail("store_put");
		store_end(st);
		times[who * each_stores + i] = now_us() - before;
	}
}

static void
run_crowd(long members, long stores)
{
	size_t n = (size_t)(members * stores), lost = 0;
	pid_t *pids = calloc((size_t)members, sizeof(*pids));
	struct session_store *st;
	char name[24];
	long i, k;
	int bad = 0;

	times = mmap(NULL, n * sizeof(*times), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pids == NULL || times == MAP_FAILED)
		fail("memory");
	each_stores = stores;
	for (i = 0; i < members; i++)
		pids[i] = start(crowd_member, i);
	for (i = 0; i < members; i++)
		bad += finish(pids[i]) != 0;
	free(pids);
	st = begin();
	for (i = 0; i < members; i++) {
		(void)snprintf(name, sizeof(name), "%ld", i);
		for (k = 0; k < stores; k++)
			lost += get(st, name, k) != STORE_OK;
	}
	store_end(st);
	print_times("a store", times, n);
	(void)printf("stores %zu lost %zu failed processes %d\n", n, lost, bad);
	if (bad > 0 || lost > 0 || exists(".bad"))
		exit(1);
}

/* --- kill: at random moments ------------------------------------------- */

static void
write_for_ever(long seed)
{
	char name[24];
	struct session_store *st;
	long i;

	(void)snprintf(name, sizeof(name), "w%ld", seed % 8);
	for (i = 0;; i++) {
		st = begin();
		if (put(st, name, (i + seed) % 20000) == STORE_UNUSABLE)
			fail("store_put");
		(void)get(st, name, (i * 7 + seed) % 20000);
		if (i % 16 == 15 && store_delete(st, "cw0-1", 5) != STORE_OK)
			fail("store_delete");
		store_end(st);
	}
}

static void
run_kill(long kills, long seed)
{
	pid_t pids[WRITERS] = {0};
	long n, put_aside = 0;
	char bad[PATH_MAX];
	size_t k;
	int status;

	(void)snprintf(bad, sizeof(bad), "%s.bad", path);
	srandom((unsigned)seed);
	for (n = 0; n < kills; n++) {
		for (k = 0; k < WRITERS; k++) {
			if (pids[k] == 0)
				pids[k] = start(write_for_ever, random());
		}
		(void)usleep((useconds_t)(random() % 6000));
		k = (size_t)random() % WRITERS;
		(void)kill(pids[k], SIGKILL);
		if (waitpid(pids[k], &status, 0) != pids[k] ||
		    !WIFSIGNALED(status))
			fail("a writer has failed");
		pids[k] = 0;
		if (n % SOME_KILLS == SOME_KILLS - 1) {
			look();
			put_aside += remove(bad) == 0;
		}
	}
	for (k = 0; k < WRITERS; k++) {
		if (pids[k] != 0)
			(void)kill(pids[k], SIGKILL);
	}
	while (waitpid(-1, &status, 0) > 0)
		continue;
	look();
	(void)printf(
	    "killed %ld wrong 0, looks with damage %ld\n", kills, put_aside);
}

/* --- fault: at every call ---------------------------------------------- */

static enum fault fault_kind;
static int fault_error;
static long *ret_calls; /* shared */
static bool from_empty;

/* What an operation may say while its calls fail.  GDBM does not always know
 * the errno, and then it is EIO. */
static void
allow(enum store_result r, const char *what)
{
	if (r == STORE_OK || r == STORE_ABSENT)
		return;
	if (r == STORE_UNUSABLE && fault_error != 0 &&
	    (errno == fault_error || errno == EIO))
		return;
	(void)fprintf(stderr, "result %d, ", (int)r);
	fail(what);
}

static void
use(long i)
{
	struct session_store *st;
	enum store_result r = store_begin(&st, path, true);
	size_t removed;
	long k;

	allow(r, "store_begin");
	if (r != STORE_OK)
		return;
	for (k = 0; k < 3; k++)
		allow(put(st, "u", i * 3 + k), "store_put");
	allow(put(st, "u", i * 3), "store_put again");
	allow(get(st, "u", i * 3), "store_get");
	allow(store_delete(st, "cu-1", 4), "store_delete");
	if (i == 2 && from_empty) /* it copies all that is there */
		allow(store_prune(st, NOW, &removed), "store_prune");
	store_end(st);
}

/* The splitting of a bucket is among it. */
static void
fault_scene(long at)
{
	long i;

	faults_set(fault_kind, fault_error, at);
	for (i = 0; i < 4; i++)
		use(i);
	*ret_calls = faults_calls();
}

static void
prepare_scene(void)
{
	struct session_store *st;
	long i;

	remove_all();
	if (from_empty)
		return;
	st = begin();
	for (i = 0; i < 160; i++) {
		if (put(st, "old", i) != STORE_OK)
			fail("store_put");
	}
	store_end(st);
}

static long
run_faults(const char *what, enum fault kind, int error)
{
	bool deadly = kind == FAULT_KILL || kind == FAULT_TORN;
	long at, most, put_aside = 0;
	int status;

	fault_error = error;
	fault_kind = FAULT_NONE;
	prepare_scene();
	if (finish(start(fault_scene, 0)) != 0)
		fail("the scene without faults");
	most = *ret_calls;
	fault_kind = kind;
	for (at = 1; at <= most; at++) {
		prepare_scene();
		status = finish(start(fault_scene, at));
		if (deadly ? WIFEXITED(status) && WEXITSTATUS(status) != 0
			   : status != 0) {
			(void)fprintf(
			    stderr, "%s at %ld: status %d\n", what, at, status);
			fail("an operation with faults");
		}
		look();
		put_aside += exists(".bad");
	}
	(void)printf("%s, %s: %ld places, %ld times put aside\n", what,
	    from_empty ? "empty store" : "store in use", most, put_aside);
	return most;
}

static void
run_all_faults(long empty, long none)
{
	(void)none;
	if (!faults_work()) {
		(void)printf("no faults on this system\n");
		return;
	}
	from_empty = empty != 0;
	ret_calls = mmap(NULL, sizeof(*ret_calls), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ret_calls == MAP_FAILED)
		fail("memory");
	run_faults("crash", FAULT_KILL, 0);
	run_faults("crash in a write", FAULT_TORN, 0);
	run_faults("ENOSPC once", FAULT_ONCE, ENOSPC);
	run_faults("ENOSPC for good", FAULT_FULL, ENOSPC);
	run_faults("EIO once", FAULT_ONCE, EIO);
	run_faults("EIO for good", FAULT_STAYS, EIO);
	run_faults("EROFS once", FAULT_ONCE, EROFS);
	run_faults("EROFS for good", FAULT_STAYS, EROFS);
}

/* --- damage: wrong bytes anywhere ---------------------------------------- */

#define DAMAGE_VALUES 400 /* several buckets */

static char *sound;
static size_t sound_len;

static void
read_sound(void)
{
	FILE *f = fopen(path, "rbe");
	struct stat st;

	if (f == NULL || fstat(fileno(f), &st) == -1)
		fail(path);
	sound_len = (size_t)st.st_size;
	sound = malloc(sound_len);
	if (sound == NULL || fread(sound, 1, sound_len, f) != sound_len)
		fail(path);
	(void)fclose(f);
}

/* A few wrong bits, zeros or ones, or a piece of the file at another place. */
static void
spoil(char *bytes)
{
	long n = 1 + random() % 6, len;
	size_t at, from;

	for (; n > 0; n--) {
		at = (size_t)random() % (random() % 2 == 0 ? sound_len : 8192);
		len = 1L << random() % 12;
		if (at + (size_t)len > sound_len)
			len = 1;
		from = (size_t)random() % (sound_len - (size_t)len);
		switch (random() % 5) {
		case 0:
			memset(bytes + at, 0, (size_t)len);
			break;
		case 1:
			memset(bytes + at, 0xFF, (size_t)len);
			break;
		case 2:
			memcpy(bytes + at, sound + from, (size_t)len);
			break;
		default:
			bytes[at] = (char)(bytes[at] ^ (1 << random() % 8));
			break;
		}
	}
}

static void
use_damaged(long seed)
{
	struct session_store *st = begin();
	size_t removed;
	long i, n = 0;

	for (i = 0; i < DAMAGE_VALUES; i += 1 + seed % 7)
		(void)get(st, "d", i);
	for (i = 0; i < 60; i++) {
		if (put(st, i % 2 == 0 ? "d" : "n", (i * 31 + seed) % 500) !=
		    STORE_OK)
			fail("store_put");
		if (i % 5 == 0 && store_delete(st, "cd-5", 4) != STORE_OK)
			fail("store_delete");
	}
	store_end(st);
	st = begin();
	if (store_each(st, NOW, see_right, &n) != STORE_OK ||
	    store_prune(st, NOW, &removed) != STORE_OK)
		fail("a walk");
	store_end(st);
}

static void
run_damage(long rounds, long seed)
{
	struct session_store *st = begin();
	long i, put_aside = 0;
	char *bytes;
	FILE *f;

	for (i = 0; i < DAMAGE_VALUES; i++) {
		if (put(st, "d", i) != STORE_OK)
			fail("store_put");
	}
	store_end(st);
	read_sound();
	bytes = malloc(sound_len);
	if (bytes == NULL)
		fail("memory");
	for (i = 0; i < rounds; i++) {
		srandom((unsigned)(seed + i));
		memcpy(bytes, sound, sound_len);
		spoil(bytes);
		f = fopen(path, "wbe");
		if (f == NULL || fwrite(bytes, 1, sound_len, f) != sound_len ||
		    fclose(f) == EOF)
			fail(path);
		if (finish(start(use_damaged, seed + i)) != 0) {
			(void)fprintf(stderr, "seed %ld\n", seed + i);
			fail("a damaged store");
		}
		look();
		put_aside += exists(".bad");
		remove_all();
		st = begin(); /* its mark */
		store_end(st);
	}
	free(bytes);
	free(sound);
	(void)printf("damaged %ld put aside %ld wrong 0\n", rounds, put_aside);
}

/* --- full: a disk without room ------------------------------------------ */

/* Each put works, or says that the disk is full. */
static void
run_full(long puts, long start_at)
{
	long i, done = 0, refused = 0;
	struct session_store *st;
	enum store_result r;

	for (i = 0; i < puts; i++) {
		r = store_begin(&st, path, true);
		if (r == STORE_OK) {
			r = put(st, "f", start_at + i);
			store_end(st);
		}
		if (r == STORE_UNUSABLE && errno == ENOSPC)
			refused++;
		else if (r == STORE_OK)
			done++;
		else
			fail("neither done nor refused");
	}
	(void)printf("done %ld refused %ld\n", done, refused);
}

/* --- bench ------------------------------------------------------------- */

static void
bench(long records, long rounds)
{
	int64_t *us = calloc((size_t)rounds, sizeof(*us)), before = now_us();
	struct session_store *st = begin();
	size_t n;
	long i;

	if (us == NULL)
		fail("memory");
	for (i = 0; i < records; i++) {
		if (put(st, "b", i) != STORE_OK)
			fail("store_put");
	}
	store_end(st);
	(void)printf("%ld records, made in %.1f s\n", records,
	    (double)(now_us() - before) / 1e6);
	for (n = 0; n < (size_t)rounds; n++) {
		i = random() % records;
		before = now_us();
		st = begin();
		if (get(st, "b", i) != STORE_OK)
			fail("store_get");
		store_end(st);
		us[n] = now_us() - before;
	}
	print_times("  lookup", us, n);
	for (n = 0; n < (size_t)rounds; n++) {
		before = now_us();
		st = begin();
		if (put(st, "n", (long)n) != STORE_OK)
			fail("store_put");
		store_end(st);
		us[n] = now_us() - before;
	}
	print_times("  store", us, n);
	free(us);
}

/* --- sessions, for the tests of "ccp session" --------------------------- */

static void
put_context(struct session_store *st, const char *session, long i, bool pending,
    int64_t expires, int64_t now)
{
	unsigned char digest[SESSION_DIGEST_BYTES] = {0};
	struct session_context c = {.pending = pending};
	struct buf b = BUF_INIT(1024);
	char key[SESSION_KEY_BYTES];
	size_t keylen;

	(void)snprintf(c.session, sizeof(c.session), "%s", session);
	(void)snprintf(c.uuid, sizeof(c.uuid), "%s", session);
	memcpy(digest, session, SESSION_DIGEST_BYTES - sizeof(i));
	memcpy(digest + sizeof(digest) - sizeof(i), &i, sizeof(i));
	keylen = session_context_key(key, digest);
	session_context_encode(&b, &c);
	if (store_put(st, key, keylen, buf_str(&b), b.len, expires, now) !=
	    STORE_OK)
		fail("store_put");
	buf_free(&b);
}

/* ID CWD TITLE TURNS CREATED USED EXPIRES CONTEXTS: the last of its contexts
 * is pending. */
static int
put_session(char **args)
{
	struct session_state s = {.cwd = args[1],
	    .turns = (uint32_t)strtoul(args[3], NULL, 10),
	    .created = strtoll(args[4], NULL, 10),
	    .used = strtoll(args[5], NULL, 10)};
	int64_t expires = strtoll(args[6], NULL, 10), now = time(NULL);
	long contexts = strtol(args[7], NULL, 10), i;
	struct buf b = BUF_INIT(8192);
	struct session_store *st = begin();
	char key[SESSION_KEY_BYTES];
	size_t keylen = session_state_key(key, args[0]);

	(void)snprintf(s.session, sizeof(s.session), "%s", args[0]);
	(void)snprintf(s.head, sizeof(s.head), "%s", args[0]);
	(void)snprintf(s.key_name, sizeof(s.key_name), "laptop");
	session_title(s.title, args[2]);
	session_state_encode(&b, &s);
	if (store_put(st, key, keylen, buf_str(&b), b.len, expires, now) !=
	    STORE_OK)
		fail("store_put");
	for (i = 0; i < contexts; i++)
		put_context(st, args[0], i, i == contexts - 1, expires, now);
	store_end(st);
	buf_free(&b);
	return 0;
}

static const struct {
	const char *name, *arguments;
	void (*run)(long, long);
} verbs[] = {
    {"crowd", "PROCESSES STORES: each its own values, all at once", run_crowd},
    {"kill", "KILLS SEED: of writers, at random moments", run_kill},
    {"faults", "EMPTY 0: at every call that changes a file", run_all_faults},
    {"damage", "ROUNDS SEED: wrong bytes anywhere", run_damage},
    {"full", "PUTS FIRST: on a disk that is or becomes full", run_full},
    {"bench", "RECORDS ROUNDS", bench},
};

int
main(int argc, char **argv)
{
	size_t i;

	if (argc == 11 && strcmp(argv[1], "session") == 0) {
		path = argv[2];
		return put_session(argv + 3);
	}
	for (i = 0; argc == 5 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		path = argv[2];
		verbs[i].run(
		    strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
		return 0;
	}
	(void)fprintf(stderr, "usage: store_tool VERB PATH ...\n");
	return 2;
}
