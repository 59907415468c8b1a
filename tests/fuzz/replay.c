/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a fuzz target over files, without libFuzzer and with every compiler:
 * those given, or those of the directory of CCP_SRC/tests/fuzz/corpus that
 * the program is named after (replay_NAME).  Prints TAP; an input that breaks
 * a promise ends the program.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "require.h"

#define INPUT_MAX      (8u << 20)
#define PATH_MAX_BYTES 4096

static bool
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data, *exact;
	size_t n;

	if (f == NULL)
		return false;
	data = malloc(INPUT_MAX);
	REQUIRE(data != NULL);
	n = fread(data, 1, INPUT_MAX, f);
	REQUIRE(n < INPUT_MAX && !ferror(f));
	(void)fclose(f);
	/* Of its own size, so that a sanitizer sees reads behind it. */
	exact = malloc(n > 0 ? n : 1);
	REQUIRE(exact != NULL);
	memcpy(exact, data, n);
	free(data);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return true;
}

static bool
report(const char *path, int number)
{
	bool ok = run_file(path);

	(void)printf("%s %d - %s\n", ok ? "ok" : "not ok", number, path);
	if (!ok)
		(void)printf("# %s\n", strerror(errno));
	(void)fflush(stdout);
	return ok;
}

static bool
run_files(char *const *paths, int n)
{
	bool good = true;
	int i;

	(void)printf("1..%d\n", n);
	for (i = 0; i < n; i++)
		good = report(paths[i], i + 1) && good;
	return good;
}

static int
not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool
run_directory(const char *dir)
{
	struct dirent **entries = NULL;
	bool good = true;
	int i, n = -1;

	if (chdir(dir) == 0)
		n = scandir(".", &entries, not_hidden, alphasort);
	if (n <= 0) {
		(void)printf("Bail out! no inputs in %s\n", dir);
		return false;
	}
	(void)printf("1..%d\n", n);
	for (i = 0; i < n; i++) {
		good = report(entries[i]->d_name, i + 1) && good;
		free(entries[i]);
	}
	free(entries);
	return good;
}

/* "dir/replay_NAME" is NAME's. */
static const char *
target_name(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *base = slash != NULL ? slash + 1 : program;

	return strncmp(base, "replay_", 7) == 0 ? base + 7 : base;
}

int
main(int argc, char **argv)
{
	const char *top = getenv("CCP_SRC");
	char dir[PATH_MAX_BYTES];

	if (argc > 1)
		return run_files(argv + 1, argc - 1) ? 0 : 1;
	(void)snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s",
	    top != NULL ? top : ".", target_name(argv[0]));
	return run_directory(dir) ? 0 : 1;
}
