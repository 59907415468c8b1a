/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a fuzz target is made of: its one function, and a condition that ends
 * the run with a message where it does not hold.
 */
#ifndef CCP_TESTS_FUZZ_REQUIRE_H
#define CCP_TESTS_FUZZ_REQUIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                     \
	do {                                                                   \
		if (!(condition)) {                                            \
			(void)fprintf(stderr, "%s:%d: %s does not hold\n",     \
			    __FILE__, __LINE__, #condition);                   \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
