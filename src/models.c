/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models.h"

#include "cleanup.h"
#include "model_names.h"
#include "openai_response.h"

#include "banned.h"

#define LIST_BYTES 65536

void
models_serve(struct exchange *x)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIST_BYTES);
	size_t n;
	const char *const *names = model_names(&n);

	openai_model_list(&json, names, n);
	exchange_json(x, 200, &json);
}
