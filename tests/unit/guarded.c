/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guarded.h"

#include <sys/mman.h>

#include <check.h>
#include <string.h>
#include <unistd.h>

void
guarded_open(struct guarded *g, size_t max)
{
	g->page = (size_t)sysconf(_SC_PAGESIZE);
	g->room = (max + g->page - 1) / g->page * g->page;
	g->map = mmap(NULL, g->room + g->page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON, -1, 0);
	ck_assert_ptr_ne(g->map, MAP_FAILED);
	ck_assert_int_eq(mprotect(g->map + g->room, g->page, PROT_NONE), 0);
}

void
guarded_close(struct guarded *g)
{
	ck_assert_int_eq(munmap(g->map, g->room + g->page), 0);
}

const char *
guarded_copy(struct guarded *g, const char *text, size_t len)
{
	ck_assert_uint_le(len, g->room);
	memcpy(g->map + g->room - len, text, len);
	return g->map + g->room - len;
}
