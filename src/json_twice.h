/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names that an object has twice.  RFC 8259 (4) leaves open which of the two
 * counts: cJSON takes the first, JavaScript the last, so what is checked here
 * and what is meant there would be two things.  Pure.
 */
#ifndef CCP_JSON_TWICE_H
#define CCP_JSON_TWICE_H

#include <cjson/cJSON.h>

#include "buf.h"

enum json_twice { JSON_TWICE_NONE, JSON_TWICE_FOUND, JSON_TWICE_NO_MEMORY };

/* Looks at the object or array and all below it; the tree is no deeper than
 * LIMIT_JSON_DEPTH.  FOUND: appends where the second one is,
 * "messages[0].role". */
enum json_twice json_twice(const cJSON *root, struct buf *where);

#endif
