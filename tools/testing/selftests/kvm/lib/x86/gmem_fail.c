// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gmem_fail.h"
#include "gmem_populate.h"
#include "test_util.h"

#define DEBUGFS		"/sys/kernel/debug/"

void gmem_fail_init(void)
{
	gmem_write_file(DEBUGFS "failslab/verbose", "0");
	gmem_write_file(DEBUGFS "failslab/ignore-gfp-wait", "N");
	gmem_write_file(DEBUGFS "fail_page_alloc/verbose", "0");
	gmem_write_file(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	gmem_write_file(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	gmem_write_file(DEBUGFS "fail_page_alloc/min-order", "0");
}

int gmem_fail_begin(int n)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR), len;
	char text[16];

	len = snprintf(text, sizeof(text), "%d", n);
	TEST_ASSERT(fd >= 0 && write(fd, text, len) == len, "fail-nth: %s", strerror(errno));
	return fd;
}

bool gmem_fail_end(int fd)
{
	char text[16] = {};

	TEST_ASSERT(pread(fd, text, sizeof(text) - 1, 0) > 0, "fail-nth: %s", strerror(errno));
	TEST_ASSERT(pwrite(fd, "0", 1, 0) == 1, "fail-nth: %s", strerror(errno));
	close(fd);
	return !atoi(text);
}
