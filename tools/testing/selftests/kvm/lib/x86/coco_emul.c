// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_util.h"
#include "coco_emul.h"

#define COCO_EMUL_DIR	"/sys/kernel/debug/coco_emul/"

static int open_file(const char *file, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), COCO_EMUL_DIR "%s", file);
	return open(path, flags);
}

char *coco_emul_read(const char *file)
{
	size_t size = 65536, len = 0;
	char *buf = malloc(size);
	ssize_t ret;
	int fd;

	fd = open_file(file, O_RDONLY);
	TEST_ASSERT(fd >= 0, COCO_EMUL_DIR "%s: %s", file, strerror(errno));

	while ((ret = read(fd, buf + len, size - len - 1)) > 0) {
		len += ret;
		if (size - len < 4096) {
			size *= 2;
			buf = realloc(buf, size);
			TEST_ASSERT(buf, "No memory");
		}
	}
	TEST_ASSERT(!ret, COCO_EMUL_DIR "%s: %s", file, strerror(errno));
	buf[len] = '\0';
	close(fd);
	return buf;
}

bool coco_emul_is(const char *name)
{
	int fd = open_file("host", O_RDONLY);
	bool same;
	char *host;

	if (fd < 0)
		return false;
	close(fd);

	host = coco_emul_read("host");
	host[strcspn(host, "\n")] = '\0';
	same = !strcmp(host, name);
	free(host);
	return same;
}

uint64_t coco_emul_value(const char *file, const char *name)
{
	char *buf = coco_emul_read(file), *line, *save = NULL;
	size_t len = strlen(name);
	uint64_t value;

	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, name, len) || line[len] != ' ')
			continue;

		value = strtoull(line + len, NULL, 0);
		free(buf);
		return value;
	}

	TEST_FAIL(COCO_EMUL_DIR "%s has no line \"%s\"", file, name);
	return 0;
}

uint64_t coco_emul_count(const char *name)
{
	return coco_emul_value("counters", name);
}

void coco_emul_write(const char *file, const char *text)
{
	int fd = open_file(file, O_WRONLY);

	TEST_ASSERT(fd >= 0 && write(fd, text, strlen(text)) == strlen(text),
		    COCO_EMUL_DIR "%s: \"%s\": %s", file, text, strerror(errno));
	close(fd);
}

void coco_emul_inject(const char *name, uint64_t n, uint64_t status)
{
	char text[128];

	snprintf(text, sizeof(text), "%s %lu 0x%lx", name, n, status);
	coco_emul_write("inject", text);
}

bool coco_emul_inject_is_pending(void)
{
	char *pending = coco_emul_read("inject");
	bool ret = *pending;

	free(pending);
	return ret;
}

void coco_emul_inject_clear(void)
{
	coco_emul_write("inject", "clear");
}
