/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Members of the objects in a request, and what is wrong with one.
 */
#ifndef CCP_OPENAI_MEMBER_H
#define CCP_OPENAI_MEMBER_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "api_error.h"

/* What is wrong with an object: a path below it, "" or with a dot before
 * each name, and two static texts. */
struct member_fault {
	const char *member;
	const char *code;    /* NULL: out of memory */
	const char *problem; /* "is missing" */
};

/* Sets *fault.  Returns -1, for an analyser to see. */
static inline int
member_refuse(struct member_fault *fault, const char *member, const char *code,
    const char *problem)
{
	*fault = (struct member_fault){
	    .member = member, .code = code, .problem = problem};
	return -1;
}

static inline int
member_no_memory(struct member_fault *fault)
{
	return member_refuse(fault, "", NULL, "out of memory");
}

/* The error that a fault of the object at a path in the request is: "tools[0]"
 * and ".type".  Returns -1. */
int member_error(
    struct api_error *err, const char *where, const struct member_fault *fault);

/* The member at the end of a path, NULL where it is absent or null.  No object
 * has a name twice: json_twice() has looked. */
const cJSON *openai_member(const cJSON *object, const char *path);

/* The same for an object; 0, or -1 with *fault. */
int openai_optional_object(const cJSON *object, const char *path,
    const cJSON **ret, struct member_fault *fault);

/* The same for a string that must be there, or may be missing (NULL). */
int openai_string(const cJSON *object, const char *path, const char **ret,
    struct member_fault *fault);
int openai_optional_string(const cJSON *object, const char *path,
    const char **ret, struct member_fault *fault);

/* True or false, if it is there. */
int openai_check_bool(
    const cJSON *object, const char *path, struct member_fault *fault);

#endif
