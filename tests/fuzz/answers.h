/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An HTTP client that trusts nothing: what came back, held against what was
 * asked.  It ends the run where an answer is not one, is another one's, or comes
 * twice.
 */
#ifndef CCP_TESTS_FUZZ_ANSWERS_H
#define CCP_TESTS_FUZZ_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

#include "requests.h"

/* cut: the client may have missed some of it. */
void answers_check(
    const struct requests *asked, const char *got, size_t len, bool cut);

#endif
