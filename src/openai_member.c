/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_member.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

int
member_error(
    struct api_error *err, const char *where, const struct member_fault *fault)
{
	char path[sizeof err->param];

	if (fault->code == NULL) {
		api_error_set(err, 500, "server_error", NULL, "Out of memory.");
		return -1;
	}
	(void)snprintf(path, sizeof path, "%s%s", where, fault->member);
	api_error_param(err, path, fault->code, "%s %s.", path, fault->problem);
	return -1;
}

const cJSON *
openai_member(const cJSON *object, const char *path)
{
	const cJSON *item =
	    cJSON_GetObjectItemCaseSensitive(object, strrchr(path, '.') + 1);

	return cJSON_IsNull(item) ? NULL : item;
}

int
openai_optional_object(const cJSON *object, const char *path, const cJSON **ret,
    struct member_fault *fault)
{
	*ret = openai_member(object, path);
	if (*ret == NULL || cJSON_IsObject(*ret))
		return 0;
	return member_refuse(fault, path, "invalid_type", "must be an object");
}

int
openai_optional_string(const cJSON *object, const char *path, const char **ret,
    struct member_fault *fault)
{
	const cJSON *item = openai_member(object, path);

	*ret = NULL;
	if (item == NULL)
		return 0;
	if (!cJSON_IsString(item))
		return member_refuse(
		    fault, path, "invalid_type", "must be a string");
	*ret = item->valuestring;
	return 0;
}

int
openai_string(const cJSON *object, const char *path, const char **ret,
    struct member_fault *fault)
{
	if (openai_optional_string(object, path, ret, fault) == -1)
		return -1;
	if (*ret == NULL)
		return member_refuse(
		    fault, path, "missing_required_parameter", "is missing");
	return 0;
}

int
openai_check_bool(
    const cJSON *object, const char *path, struct member_fault *fault)
{
	const cJSON *item = openai_member(object, path);

	if (item == NULL || cJSON_IsBool(item))
		return 0;
	return member_refuse(
	    fault, path, "invalid_type", "must be true or false");
}
