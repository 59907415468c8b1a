/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "health.h"

#include "cleanup.h"

#include "banned.h"

void
health_serve(struct exchange *x)
{
	CLEANUP_BUF struct buf json = BUF_INIT(64);

	buf_addstr(&json, "{\"status\":\"ok\"}");
	exchange_json(x, 200, &json);
}
