/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files in which the real CLI keeps its sessions: one JSON object per
 * line, each with a uuid and the parentUuid of the line before it.  A file
 * holds branches; the active one ends with the newest line.
 */
#ifndef CCP_DEMO_TRANSCRIPT_H
#define CCP_DEMO_TRANSCRIPT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "buf.h"

struct demo_line {
	const char *type; /* "user", "assistant" */
	const char *uuid;
	const char *parent;  /* "": it is the first */
	const char *session; /* id */
	const char *version;
	const char *message; /* JSON text */
	bool api_error;      /* a later turn does not see it */
};

/* The file of a session of the working directory, with the directories that it
 * is in.  NULL where there is no place for it.  The caller frees it. */
char *demo_transcript_path(const char *session);

/* Makes the directories that the file is in. */
void demo_transcript_place(const char *path);

void demo_transcript_add(struct buf *to, const struct demo_line *line);

/* The lines of the active branch; NULL if the file is not there or has none.
 * The caller deletes them. */
cJSON *demo_transcript_read(const char *path);

/* Drops what is behind the assistant line of that uuid; false if the branch
 * has no such line. */
bool demo_transcript_cut(cJSON *lines, const char *uuid);

#endif
