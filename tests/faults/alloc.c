/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp-handler with an allocation that fails, linked in the place of the C
 * library's: libraries use it, too.  CCP_TEST_ALLOC in the environment is the
 * number of the allocation, counted from main(); with a "+" all behind it fail
 * as well.  "leak" instead leaks one, for who looks for that.  How many there
 * were stands on stderr at the end.
 */
#include <stdio.h>
#include <stdlib.h>

#if defined(__GLIBC__)

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OF_SANITIZER
#endif
#endif
#if defined(OF_SANITIZER) || defined(__SANITIZE_ADDRESS__)
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *old, size_t size);

static long at, seen;
static bool stays, counting;

static bool
fails(void)
{
	if (!counting)
		return false;
	seen++;
	if (seen != at && !(stays && seen > at))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : REAL(malloc)(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : REAL(calloc)(n, size);
}

void *
realloc(void *old, size_t size)
{
	return fails() ? NULL : REAL(realloc)(old, size);
}

static void
tell(void)
{
	counting = false;
	(void)fprintf(stderr, "allocations %ld\n", seen);
}

__attribute__((noinline)) static void
leak(void)
{
	char *volatile lost = malloc(77);

	lost = NULL;
	(void)lost;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *which = getenv("CCP_TEST_ALLOC");

	if (which == NULL)
		return;
	if (strcmp(which, "leak") == 0)
		leak();
	at = strtol(which, NULL, 10);
	stays = at > 0 && strchr(which, '+') != NULL;
	(void)atexit(tell);
	counting = true;
}

#endif
