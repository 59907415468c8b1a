/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Work that goes on after an endpoint's function has returned: it has
 * descriptors and deadlines of its own and is stepped by the poll loop.  A
 * task may outlive its response (Claude is still to be stopped); the loop
 * frees it once it is done.
 */
#ifndef CCP_TASK_H
#define CCP_TASK_H

#include <stdbool.h>

#include "api_error.h"
#include "pollset.h"

struct task;

struct task_ops {
	void (*poll)(const struct task *t, struct pollset *ps);
	void (*step)(struct task *t, const struct pollset *ps);
	/* Nobody wants the answer any more. */
	void (*cancel)(struct task *t);
	/* Ends the answer, which is not finished, with an error. */
	void (*abort)(struct task *t, const struct api_error *e);
	bool (*done)(const struct task *t);
	void (*free)(struct task *t);
};

/* The first member of every kind of task. */
struct task {
	const struct task_ops *ops;
};

#endif
